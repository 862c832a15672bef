/* A prompt with fields, which are replaced by values of a line: "Translate to French: {{text}}". */
#ifndef BELUGA_CLI_BATCH_TEMPLATE_H
#define BELUGA_CLI_BATCH_TEMPLATE_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

#define BATCH_MAX_PLACES 256
#define BATCH_WHY_BYTES  256

typedef struct batch_piece {
    const char *text; /* borrowed from the template: plain text, or a field's name */
    size_t length;
    bool is_field;
} batch_piece;

typedef struct batch_template {
    batch_piece pieces[2 * BATCH_MAX_PLACES + 1];
    size_t count;
} batch_template;

/* Find the value of the field `name`. @return 1; 0 if there is none; -1 if memory runs out. */
typedef int (*batch_lookup_fn)(void *payload, const char *name, size_t name_length,
                               const char **text, size_t *length);

/* Read a template, which is borrowed. {{{{ stands for {{. @return 0, or -1 with the reason in
 * `why`. */
int batch_template_parse(batch_template *out, const char *text, char why[BATCH_WHY_BYTES]);

bool batch_template_has_field(const batch_template *t);

/* Append the filled-in template to `out`. @return 0; INVALID_INPUT with the reason in `why`;
 * NO_MEMORY.
 */
int batch_template_fill(const batch_template *t, batch_lookup_fn lookup, void *payload,
                        cli_text *out, char why[BATCH_WHY_BYTES]);

#endif
