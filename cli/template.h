/* Templates: named prompts with their settings, in files of the folder `templates` beside the
 * configuration. */
#ifndef BELUGA_CLI_TEMPLATE_H
#define BELUGA_CLI_TEMPLATE_H

#include "args.h"
#include "text.h"

#include <beluga/provider/json.h>

#include <limits.h>
#include <stdbool.h>

/* Zero-initialise this struct. It owns the memory that the command line gets from the template. */
typedef struct cli_template {
    char path[PATH_MAX];
    char *json; /* owned (beluga_free) */
    beluga_json_doc *doc;
    const beluga_json *root;       /* an object whose members were checked */
    const beluga_json *parameters; /* {name: default or null}; NULL: none */
    cli_text prompt, system, options, schema;
    const char **items; /* owned; items of the lists that the template has extended */
} cli_template;

/* Write the path of the folder that contains the templates. @return 0, or an exit code after
 * reporting the error. */
int template_folder(const cli_args *args, char folder[PATH_MAX]);

/* Visit the names of the templates in the folder, in alphabetical order. @return 0, or an exit code
 * after reporting the error. */
int template_each(const cli_args *args, void (*visit)(void *payload, const char *name),
                  void *payload);

/* Find the path of a template by its name, or by a path with a slash. The file may be missing.
 * @return 0, or an exit code after reporting the error. */
int template_find(const cli_args *args, const char *name, char path[PATH_MAX]);

/* Find, read and check a template. @return 0, or an exit code after reporting the error. Free it in
 * either case. */
int template_read(const cli_args *args, const char *name, cli_template *t);
void template_free(cli_template *t);

/*
 * Read the template that the command line names, and add its settings to the command line, unless
 * the command line has its own.
 * @param t  Must live as long as the command line. @return 0, or an exit code after reporting the
 * error.
 */
int template_apply(cli_args *args, cli_template *t);

/* Put a text into `frame`, which is args.frame: in the place of {{input}}, or, if the frame has no
 * fields, after the frame and an empty line. If `frame` is NULL, the text stays unchanged.
 * @return 0, or an exit code after reporting the error. */
int template_put_into_frame(const char *frame, cli_text *text);

#endif
