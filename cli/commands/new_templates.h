/* What `beluga new provider` writes: the files of cli/templates/, put into the program when it is
 * built. */
#ifndef BELUGA_CLI_COMMANDS_NEW_TEMPLATES_H
#define BELUGA_CLI_COMMANDS_NEW_TEMPLATES_H

#include <stddef.h>

/* In names and texts example-name stands for the provider's name, example_name for it in C, and
 * EXAMPLE_NAME for it in a variable of the environment. */
typedef struct template_file {
    const char *kind;         /* "full" or "http" */
    const char *path;         /* below the new folder */
    const char *const *lines; /* ended by NULL */
} template_file;

/* Ended by a NULL kind. */
extern const template_file template_files[];

#endif
