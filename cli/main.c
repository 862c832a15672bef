/* beluga: talk to language models from a shell. */
#include <string.h>

#include "args.h"
#include "cassette.h"
#include "commands/command.h"
#include "exit.h"
#include "near.h"
#include "observe.h"
#include "output.h"

const cli_command *const commands[] = {
    &cmd_prompt, &cmd_chat,       &cmd_batch, &cmd_logs,    &cmd_providers,
    &cmd_models, &cmd_health,     &cmd_check, &cmd_trace,   &cmd_config,
    &cmd_new,    &cmd_completion, &cmd_help,  &cmd_version, NULL,
};

const cli_command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

const cli_command *command_nearest(const char *name, size_t most)
{
    const cli_command *best = NULL;
    for (size_t i = 0; commands[i]; i++) {
        size_t d = near_distance(name, commands[i]->name);
        if (d > most || d >= strlen(name)) continue;
        best = commands[i];
        if (d == 0) break;
        most = d - 1;
    }
    return best;
}

static int run(cli_args *args)
{
    if (args->version) return cmd_version.run(args);
    if (args->help) return cmd_help.run(args);
    return args->command->run(args);
}

int main(int argc, char **argv)
{
    cli_args args;
    int rc = args_parse(&args, argc, argv);
    out_init(&args);
    if (rc == 0) rc = args_check(&args);
    if (rc == 0) rc = out_finish(cassette_finish(&args, run(&args)));
    rc = observe_end(&args, rc);
    args_free(&args);
    return rc;
}
