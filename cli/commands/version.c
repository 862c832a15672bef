/* beluga version, or --version. */
#include "commands/command.h"
#include "exit.h"
#include "output.h"

#include <beluga/version.h>

#include <string.h>

/* Print the optional parts that this build contains, since commands behave differently without
 * them. */
static void print_parts(void)
{
    const char *parts = beluga_version_parts();
    out_printf("parts: %s\n", *parts ? parts : "none");
}

static int run(const cli_args *args)
{
    const char *library = beluga_version_string();
    (void)args;
    if (strcmp(library, BELUGA_VERSION_STRING) == 0)
        out_printf("beluga %s\n", library);
    else
        out_printf("beluga %s (library %s)\n", BELUGA_VERSION_STRING, library);
    print_parts();
    return CLI_EXIT_OK;
}

const cli_command cmd_version = {
    .name = "version",
    .operands = "",
    .summary = "Show the version.",
    .run = run,
    .details = "If the library has another version than the command, its version is shown, too. "
               "The optional parts that this build contains are also listed.",
};
