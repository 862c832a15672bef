/* Templates: named prompts with what belongs to them, files in the folder `templates` beside the
 * configuration. */
#ifndef BELUGA_CLI_TEMPLATE_H
#define BELUGA_CLI_TEMPLATE_H

#include "args.h"
#include "text.h"

#include <beluga/provider/json.h>

#include <limits.h>
#include <stdbool.h>

/* Zero-initialise this struct. What a command line got from a template is in its memory. */
typedef struct cli_template {
    char path[PATH_MAX];
    char *json; /* owned (beluga_free) */
    beluga_json_doc *doc;
    const beluga_json *root;       /* an object whose members were checked */
    const beluga_json *parameters; /* {name: default or null}; NULL: none */
    cli_text prompt, system, options, schema;
    const char **items; /* owned; items of the lists that were made longer */
} cli_template;

/* Write the folder of the templates. @return 0, or an exit code, reported. */
int template_folder(const cli_args *args, char folder[PATH_MAX]);

/* Visit the names of the templates in that folder, in their order. @return 0, or an exit code,
 * reported. */
int template_each(const cli_args *args, void (*visit)(void *payload, const char *name),
                  void *payload);

/* Find the file of a template, which may be missing: a name, or a path with a slash.
 * @return 0, or an exit code, reported. */
int template_find(const cli_args *args, const char *name, char path[PATH_MAX]);

/* Find, read and check a template. @return 0, or an exit code, reported. Free in either case. */
int template_read(const cli_args *args, const char *name, cli_template *t);
void template_free(cli_template *t);

/*
 * Read the template that the command line names, and put what it has into the command line, where
 * that does not say otherwise.
 * @param t  Keep it as long as the command line. @return 0, or an exit code, reported.
 */
int template_apply(cli_args *args, cli_template *t);

/* Put a text into the frame of the command line (args.frame; NULL: it stays as it is): in the place
 * of {{input}}, or behind an empty line. @return 0, or an exit code, reported. */
int template_put_into_frame(const char *frame, cli_text *text);

#endif
