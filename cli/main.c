/* beluga: talk to language models from a shell. */
#include "args.h"
#include "cassette.h"
#include "commands/command.h"
#include "exit.h"
#include "observe.h"
#include "output.h"

/* The first command runs where none is named. */
static const cli_command *const commands[] = {
    &cmd_prompt,    &cmd_chat,   &cmd_batch,      &cmd_embed, &cmd_similar, &cmd_count,  &cmd_logs,
    &cmd_providers, &cmd_models, &cmd_health,     &cmd_check, &cmd_trace,   &cmd_config, &cmd_keys,
    &cmd_aliases,   &cmd_new,    &cmd_completion, &cmd_help,  &cmd_version, NULL,
};

static int run(cli_args *args)
{
    if (args->version) return cmd_version.run(args);
    if (args->help) return cmd_help.run(args);
    return args->command->run(args);
}

int main(int argc, char **argv)
{
    cli_args args;
    int rc = args_parse(&args, commands, argc, argv);
    out_init(&args);
    if (rc == 0) rc = args_check(&args);
    if (rc == 0) rc = out_finish(cassette_finish(&args, run(&args)));
    rc = observe_end(&args, rc);
    args_free(&args);
    return rc;
}
