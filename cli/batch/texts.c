#include "batch/texts.h"

#include "batch/why.h"
#include "protocol/read.h"

#include <beluga/error.h>

#include <stdlib.h>
#include <string.h>

static int fail(batch_item *item, const char *member, const char *what)
{
    batch_say_why(item->why, "%.40s: %.200s", member, what);
    return BELUGA_ERROR_INVALID_INPUT;
}

/* ---- the input ------------------------------------------------------------------------------- */

static int add_text(batch_item *item, const beluga_json *value)
{
    size_t length;
    const char *text = beluga_json_string(value, &length);
    if (!text) return fail(item, "input", "it must be a string or a list of strings");
    if (!length) return fail(item, "input", "a string in it is empty");
    item->texts[item->n_texts] = text;
    item->lengths[item->n_texts++] = length;
    return 0;
}

static int take_input(batch_item *item, const beluga_json *input)
{
    size_t n = beluga_json_is_array(input) ? beluga_json_count(input) : 1;
    int rc = 0;
    if (!n || n > BATCH_MAX_TEXTS)
        return fail(item, "input", "its list must have 1 to 10000 strings");
    item->texts = calloc(n, sizeof *item->texts);
    item->lengths = calloc(n, sizeof *item->lengths);
    if (!item->texts || !item->lengths) return BELUGA_ERROR_NO_MEMORY;
    if (!beluga_json_is_array(input)) return add_text(item, input);
    for (const beluga_json *v = beluga_json_first(input); v && !rc; v = beluga_json_next(input, v))
        rc = add_text(item, v);
    return rc;
}

/* ---- options --------------------------------------------------------------------------------- */

static int add(batch_item *item, beluga_option option)
{
    if (protocol_add_option(&item->request, option) == 0) return 0;
    return fail(item, "body", "it has too many members");
}

static int take_member(batch_item *item, const char *name, const beluga_json *value)
{
    const char *text = beluga_json_string(value, NULL);
    if (strcmp(name, "model") == 0 || strcmp(name, "input") == 0) return 0;
    if (strcmp(name, "dimensions") == 0 && beluga_json_is_number(value))
        return add(item, beluga_with_dimensions(beluga_json_int(value, 0)));
    if (strcmp(name, "user") == 0 && text) return add(item, beluga_with_user(text));
    if (strcmp(name, "encoding_format") == 0 && text && strcmp(text, "float") == 0) return 0;
    return fail(
        item, name,
        "it is not supported: use only input, dimensions, user and encoding_format \"float\"");
}

int batch_texts_parse(const beluga_json *body, batch_item *item)
{
    int rc = 0;
    if (!beluga_json_is_object(body)) return fail(item, "body", "it is missing or not an object");
    for (const beluga_json *v = beluga_json_first(body); v && !rc; v = beluga_json_next(body, v))
        if (!beluga_json_is_null(v)) rc = take_member(item, beluga_json_key(v, NULL), v);
    return rc ? rc : take_input(item, beluga_json_get(body, "input"));
}
