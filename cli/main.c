/* beluga: talk to language models from a shell. */
#include "args.h"
#include "cassette.h"
#include "commands/command.h"
#include "exit.h"
#include "observe.h"
#include "output.h"
#include "template.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* The first command is the default. */
static const cli_command *const commands[] = {
    &cmd_prompt, &cmd_chat,       &cmd_serve,  &cmd_batch,     &cmd_embed,   &cmd_similar,
    &cmd_count,  &cmd_tools,      &cmd_logs,   &cmd_providers, &cmd_models,  &cmd_health,
    &cmd_check,  &cmd_trace,      &cmd_config, &cmd_keys,      &cmd_aliases, &cmd_templates,
    &cmd_new,    &cmd_completion, &cmd_help,   &cmd_version,   NULL,
};

/*
 * Replace stdin, stdout or stderr if it is closed. Otherwise the next file that is opened would get
 * its number, and output would go into that file. The replacement can't be read (stdin) or written
 * (stdout, stderr), so that using it fails with EBADF, as for a closed descriptor.
 */
static int hold_standard_files(void)
{
    struct pollfd files[] = {{.fd = STDIN_FILENO}, {.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};
    if (poll(files, 3, 0) <= 0) return 0;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (files[fd].revents & POLLNVAL &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return -1;
    return 0;
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
    static cli_template template;
    if (hold_standard_files() != 0) return CLI_EXIT_OTHER;
    int rc = args_parse(&args, commands, argc, argv);
    out_init(&args);
    if (rc == 0) rc = args_check(&args);
    if (rc == 0) rc = template_apply(&args, &template);
    if (rc == 0) rc = out_finish(cassette_finish(&args, run(&args)));
    rc = observe_end(&args, rc);
    args_free(&args);
    template_free(&template);
    return rc;
}
