/* beluga help: prints how commands are used, from the tables that the command line parser uses. */
#include "commands/command.h"
#include "commands/manual.h"
#include "exit.h"
#include "output.h"
#include "terminal/term.h"

#include <stdio.h>
#include <string.h>

#define OPTION_WIDTH 26

static void put_heading(const char *text)
{
    out_printf("\n");
    out_style(TERM_BOLD);
    out_printf("%s", text);
    out_style(TERM_PLAIN);
    out_printf("\n");
}

static void put_row(const char *term, const char *meaning, size_t width)
{
    int n = (int)width;
    if (strlen(term) + 2 >= width)
        out_printf("  %s\n%*s", term, n, "");
    else
        out_printf("  %-*s", n - 2, term);
    out_wrapped(meaning, width, width);
}

static void put_option(const arg_info *info)
{
    char term[64], letter[8] = "    ";
    if (info->letter) snprintf(letter, sizeof letter, "-%c, ", info->letter);
    if (info->type == ARG_TYPE_MAYBE)
        snprintf(term, sizeof term, "%s--%s[=%s]", letter, info->name, info->value);
    else
        snprintf(term, sizeof term, "%s--%s%s%s", letter, info->name, info->value ? " " : "",
                 info->value ? info->value : "");
    put_row(term, info->meaning, OPTION_WIDTH);
}

/* Groups of options, with the headings that help uses for commands with many options. */
static const struct option_group {
    const char *heading;
    const arg_set *options;
} groups[] = {
    {"Options of the question:",
     ARG_SET(ARG_MODEL, ARG_SYSTEM, ARG_OPTION, ARG_ATTACH, ARG_ATTACH_ANYWAY, ARG_CONTEXT,
             ARG_MAX_CONTEXT, ARG_TEMPLATE, ARG_PARAMETER, ARG_TOOL, ARG_ALLOW_TOOLS)},
    {"Options of the input:", ARG_SET(ARG_FORMAT, ARG_DELIMITER, ARG_NO_HEADER, ARG_PROMPT_COLUMN,
                                      ARG_ATTACH_COLUMN, ARG_LIMIT)},
    {"Options of the output:", ARG_SET(ARG_OUT, ARG_OUTPUT_FORMAT, ARG_ORDERED, ARG_ERRORS)},
    {"Options of the run:", ARG_SET(ARG_JOBS, ARG_RETRY_FAILED, ARG_DRY_RUN, ARG_BUDGET)},
    {"Options of the provider's batch API:",
     ARG_SET(ARG_PROVIDER_BATCH, ARG_WAIT, ARG_POLL, ARG_KEEP_FILES, ARG_CANCEL)},
    {"Options of many machines:",
     ARG_SET(ARG_QUEUE, ARG_KEEP_JOB, ARG_WORK, ARG_STAY, ARG_IDLE, ARG_STATUS, ARG_REMOVE)},
    {"Options of the answer:", ARG_SET(ARG_SCHEMA, ARG_EXTRACT, ARG_JSON, ARG_USAGE, ARG_STRICT,
                                       ARG_NO_STREAM, ARG_NO_RENDER, ARG_TIMEOUT)},
    {"Options of conversations and the log:", ARG_SET(ARG_CONTINUE, ARG_CID, ARG_NAME, ARG_NO_LOG)},
};
#define N_GROUPS (sizeof groups / sizeof *groups)
#define ALL      (N_GROUPS + 1)
/* The options of a command with at most this number of options are listed without headings. */
#define MOST_UNGROUPED 20

/* Returns the index of the option's group; N_GROUPS if it has none. */
static size_t group_of(arg option)
{
    size_t i = 0;
    while (i < N_GROUPS && !arg_set_has(groups[i].options, option)) i++;
    return i;
}

/* Print the options of a command that belong to a group, or all of them if the group is ALL. */
static void put_group(const cli_command *command, size_t group, const char *heading)
{
    bool begun = false;
    for (size_t i = 0; i < ARG_COUNT; i++) {
        if (!command_takes(command, i) || (group != ALL && group_of(i) != group)) continue;
        if (!begun) put_heading(heading);
        begun = true;
        put_option(&arg_infos[i]);
    }
}

static void put_options(const cli_command *command)
{
    size_t taken = 0;
    for (size_t i = 0; i < ARG_COUNT; i++) taken += command_takes(command, i);
    bool grouped = taken > MOST_UNGROUPED;
    for (size_t i = 0; grouped && i < N_GROUPS; i++) put_group(command, i, groups[i].heading);
    put_group(command, grouped ? N_GROUPS : ALL, grouped ? "Other options:" : "Options:");
}

/* Print the help of a command. The usage line shows that the name of the default command may be
 * left out. */
static void put_command(const cli_command *command, bool is_default)
{
    out_printf("Usage: beluga %s%s%s [OPTION...]%s%s\n\n", is_default ? "[" : "", command->name,
               is_default ? "]" : "", *command->operands ? " " : "", command->operands);
    out_wrapped(command->summary, 0, 0);
    out_printf("\n");
    out_wrapped(command->details, 0, 0);
    put_options(command);
}

static void put_exit_codes(void)
{
    const exit_info *info;
    put_heading("Exit codes:");
    for (unsigned i = 0; (info = exit_get_info(i)) != NULL; i++)
        put_row(info->digits, info->meaning, 7);
}

static void put_all(const cli_command *const *commands)
{
    out_printf("Usage: beluga [prompt] [OPTION...] [TEXT...]\n"
               "       beluga COMMAND [OPTION...] [OPERAND...]\n\n"
               "Talk to language models. Without a command, the texts and stdin are a prompt.\n");
    put_heading("Commands:");
    for (size_t i = 0; commands[i]; i++) put_row(commands[i]->name, commands[i]->summary, 14);
    put_options(commands[0]);
    put_exit_codes();
    put_heading("Examples:");
    for (const manual_row *row = manual_examples; row->term; row++) out_printf("  %s\n", row->term);
    out_printf("\nMore: beluga COMMAND --help, man beluga\n");
}

static int unknown(const cli_command *const *commands, const char *topic)
{
    const cli_command *near = command_meant(commands, topic);
    if (near)
        out_error("there is no command \"%s\"; did you mean %s?", topic, near->name);
    else
        out_error("there is no command \"%s\"; beluga help lists the commands", topic);
    return CLI_EXIT_USAGE;
}

static int run(const cli_args *args)
{
    const char *topic = args->operands.count ? args->operands.items[0] : NULL;
    const cli_command *command = NULL;
    if (args->man) {
        manual_print(args->commands);
        return CLI_EXIT_OK;
    }
    if (args->help) /* main.c also calls this for the --help of other commands */
        command = args->named ? args->command : NULL;
    else if (topic && !(command = command_find(args->commands, topic)))
        return unknown(args->commands, topic);
    if (command)
        put_command(command, command == args->commands[0]);
    else
        put_all(args->commands);
    return CLI_EXIT_OK;
}

const cli_command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .words = "prompt chat batch embed similar count logs providers models health check trace "
             "config keys "
             "aliases templates tools new completion help version",
    .summary = "Show how to use beluga or one of its commands.",
    .takes = ARG_SET(ARG_MAN),
    .max_operands = 1,
    .run = run,
    .details =
        "The help and the manual page are made from the same tables and have the same contents.",
};
