/* The files that `beluga new provider` writes: those of cli/templates/, which the build embeds in
 * the program. */
#ifndef BELUGA_CLI_COMMANDS_NEW_TEMPLATES_H
#define BELUGA_CLI_COMMANDS_NEW_TEMPLATES_H

#include <stddef.h>

/* In names and texts, example-name stands for the provider's name, example_name for the name in C,
 * and EXAMPLE_NAME for the name in an environment variable. */
typedef struct template_file {
    const char *kind;         /* "full" or "http" */
    const char *path;         /* path below the new folder */
    const char *const *lines; /* ended by NULL */
} template_file;

/* The array ends with a NULL kind. */
extern const template_file template_files[];

#endif
