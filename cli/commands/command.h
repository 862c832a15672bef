/* A command: its help texts, the options that it takes, and its function. */
#ifndef BELUGA_CLI_COMMANDS_COMMAND_H
#define BELUGA_CLI_COMMANDS_COMMAND_H

#include "args.h"

typedef struct cli_command {
    const char *name;
    const char *operands; /* operands for the usage line, "" for none */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs for --help and the manual page, separated by blank lines */
    const char *words;    /* words that complete an operand, separated by spaces; NULL: none */
    const arg_set *takes; /* in addition to ARG_ALWAYS; NULL: none */
    size_t max_operands;
    bool lists_alone;    /* without an operand the command prints a list, and "list" as the only
                          * operand means the same */
    bool draws_progress; /* shows a progress line on stderr, which notes would disturb */
    int (*run)(const cli_args *args); /* @return exit code */
} cli_command;

#define COMMAND_ANY_OPERANDS ((size_t)-1)

extern const cli_command cmd_prompt, cmd_chat, cmd_batch, cmd_logs, cmd_providers, cmd_models,
    cmd_health, cmd_check, cmd_config, cmd_new, cmd_trace, cmd_completion, cmd_help, cmd_version,
    cmd_embed, cmd_similar, cmd_count, cmd_keys, cmd_aliases, cmd_tools, cmd_templates, cmd_serve;

bool command_takes(const cli_command *command, arg option);

/* The most letters that may differ in a misspelt name. */
#define COMMAND_MOST_SLIPS 2

/* Return the command with this name, or NULL if there is none. The list of commands ends with NULL.
 */
const cli_command *command_find(const cli_command *const *commands, const char *name);
/* Return the command that `word` was probably meant to name, or NULL. The word may be misspelt,
 * shortened, a plural, or another program's name for the command. */
const cli_command *command_meant(const cli_command *const *commands, const char *word);
/* Return whether `word` is one of the words that complete an operand of the command. */
bool command_has_word(const cli_command *command, const char *word);

#endif
