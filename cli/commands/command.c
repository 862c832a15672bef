#include "commands/command.h"

#include "base/text.h"

#include <string.h>

bool command_takes(const cli_command *command, size_t index)
{
    return (command->takes | ARG_ALWAYS) & (UINT64_C(1) << index);
}

const cli_command *command_find(const cli_command *const *commands, const char *name)
{
    for (; *commands; commands++)
        if (strcmp((*commands)->name, name) == 0) return *commands;
    return NULL;
}

/* A name in which every letter would have to change is not a misspelling. */
const cli_command *command_nearest(const cli_command *const *commands, const char *name,
                                   unsigned most)
{
    const cli_command *best = NULL;
    for (; *commands; commands++) {
        unsigned slips = beluga__text_distance(name, (*commands)->name, most);
        if (slips > most || slips >= strlen(name)) continue;
        best = *commands;
        if (slips == 0) break;
        most = slips - 1;
    }
    return best;
}
