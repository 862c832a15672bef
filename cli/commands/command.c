#include "commands/command.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

bool command_takes(const cli_command *command, arg option)
{
    if (arg_set_has(ARG_SET(ARG_ALWAYS), option)) return true;
    return command->takes && arg_set_has(command->takes, option);
}

const cli_command *command_find(const cli_command *const *commands, const char *name)
{
    for (; *commands; commands++)
        if (strcmp((*commands)->name, name) == 0) return *commands;
    return NULL;
}

/* How a word may differ from the name that was meant, from the smallest difference to the largest.
 */
enum { SAME, PREFIX, PLURAL, MISSPELT, ANOTHER = MISSPELT + COMMAND_MOST_SLIPS + 1 };
/* Minimum lengths of an abbreviated or misspelt name: shorter ones are too often other words. */
enum { MIN_PREFIX = 3, MIN_MISSPELT = 4, LONG_NAME = 9 };

/* A command's name has only letters. A word with another character, such as a question mark, is
 * part of a prompt. */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Returns whether two words have the same first letter, or the first two letters swapped. People
 * seldom misspell the first letter in another way. */
static bool begins_alike(const char *word, const char *name)
{
    bool swapped =
        beluga__lower(word[0]) == name[1] && word[0] && beluga__lower(word[1]) == name[0];
    return beluga__lower(word[0]) == name[0] || swapped;
}

static unsigned difference(const char *word, const char *name)
{
    size_t n = strlen(word), m = strlen(name);
    unsigned slips = beluga__text_distance(word, name, COMMAND_MOST_SLIPS);
    if (slips == 0) return SAME;
    if (n >= MIN_PREFIX && n < m && strncasecmp(word, name, n) == 0) return PREFIX;
    if (n == m + 1 && strncasecmp(word, name, m) == 0 && beluga__lower(word[m]) == 's')
        return PLURAL;
    unsigned most = m < LONG_NAME ? 1 : COMMAND_MOST_SLIPS;
    if (n >= MIN_MISSPELT && slips <= most && begins_alike(word, name)) return MISSPELT + slips;
    return ANOTHER;
}

/* Find a command by a name that other programs use. */
static const cli_command *find_foreign(const cli_command *const *commands, const char *word)
{
    static const char *const known[][2] = {
        {"auth", "keys"},       {"collections", "embed"}, {"configure", "config"},
        {"functions", "tools"}, {"history", "logs"},      {"login", "keys"},
        {"mcp", "tools"},       {"plugins", "providers"}, {"repl", "chat"},
        {"roles", "templates"}, {"sessions", "logs"},     {"settings", "config"},
        {"tokenize", "count"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i][0], word) == 0) return command_find(commands, known[i][1]);
    return NULL;
}

const cli_command *command_meant(const cli_command *const *commands, const char *word)
{
    const cli_command *best = find_foreign(commands, word);
    if (best || word[strspn(word, LETTERS)]) return best;
    for (unsigned least = ANOTHER; *commands; commands++) {
        unsigned found = difference(word, (*commands)->name);
        if (found >= least) continue;
        best = *commands;
        least = found;
    }
    return best;
}

bool command_has_word(const cli_command *command, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = command->words; at && *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length == n && memcmp(at, word, n) == 0) return true;
        at += length;
    }
    return false;
}
