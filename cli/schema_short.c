#include "schema_short.h"

#include <beluga/provider/json.h>

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* The maximum length of a field name; services refuse longer names. */
#define MAX_NAME_BYTES 64

/* A part of the text, borrowed. */
typedef struct span {
    const char *text;
    size_t length;
} span;

typedef struct field {
    span name, description;
    const char *type; /* of JSON Schema */
    bool list;
} field;

static const struct {
    const char *word, *type;
} types[] = {
    {"str", "string"},   {"string", "string"}, {"int", "integer"},  {"integer", "integer"},
    {"float", "number"}, {"number", "number"}, {"bool", "boolean"}, {"boolean", "boolean"},
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return isspace((unsigned char)c);
}

static span trim(span s)
{
    while (s.length && is_space(s.text[0])) s = (span){s.text + 1, s.length - 1};
    while (s.length && is_space(s.text[s.length - 1])) s.length--;
    return s;
}

static bool is(span s, const char *word)
{
    return s.length == strlen(word) && memcmp(s.text, word, s.length) == 0;
}

/* Split off the text before the first separator, or the whole text if it has none. */
static span take(span *rest, char separator)
{
    const char *end = memchr(rest->text, separator, rest->length);
    span piece = {rest->text, end ? (size_t)(end - rest->text) : rest->length};
    size_t taken = piece.length + (end ? 1 : 0);
    *rest = (span){rest->text + taken, rest->length - taken};
    return trim(piece);
}

/* Returns the length of a name: letters, digits, _ and -, and every character that is not ASCII. */
static size_t name_length(span s)
{
    size_t n = 0;
    while (n < s.length && (isalnum((unsigned char)s.text[n]) || strchr("_-", s.text[n]) ||
                            (unsigned char)s.text[n] >= 0x80))
        n++;
    return n;
}

static int shown(span s)
{
    return (int)(s.length < 60 ? s.length : 60);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static int read_type(span word, field *f, span whole, beluga_error *err)
{
    if (word.length >= 2 && memcmp(word.text + word.length - 2, "[]", 2) == 0) {
        f->list = true;
        word = trim((span){word.text, word.length - 2});
    }
    f->type = word.length ? NULL : "string";
    for (size_t i = 0; !f->type && i < sizeof types / sizeof *types; i++)
        if (is(word, types[i].word)) f->type = types[i].type;
    if (f->type) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "in the field \"%.*s\", \"%.*s\" is not a type: use str, int, float or "
                            "bool, and add [] for a list",
                            shown(whole), whole.text, shown(word), word.text);
}

static int read_field(span text, field *f, beluga_error *err)
{
    span rest = text, head = take(&rest, ':');
    size_t n = name_length(head);
    *f = (field){.name = {head.text, n}, .description = trim(rest)};
    if (n && n <= MAX_NAME_BYTES)
        return read_type(trim((span){head.text + n, head.length - n}), f, text, err);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "the field \"%.*s\" must begin with a name of letters, digits, _ and "
                            "-, of at most %d bytes",
                            shown(text), text.text, MAX_NAME_BYTES);
}

static int check_new(const field *fields, size_t n, const field *f, beluga_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (fields[i].name.length == f->name.length &&
            memcmp(fields[i].name.text, f->name.text, f->name.length) == 0)
            return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                    "the field \"%.*s\" occurs twice", shown(f->name),
                                    f->name.text);
    if (n < SCHEMA_MAX_FIELDS) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "there are more than %d fields",
                            SCHEMA_MAX_FIELDS);
}

static int read_fields(span text, field *fields, size_t *n, beluga_error *err)
{
    char separator = memchr(text.text, '\n', text.length) ? '\n' : ',';
    for (*n = 0; text.length;) {
        field f;
        span piece = take(&text, separator);
        if (!piece.length) continue;
        int rc = read_field(piece, &f, err);
        if (rc == 0) rc = check_new(fields, *n, &f, err);
        if (rc != 0) return rc;
        fields[(*n)++] = f;
    }
    if (*n) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "there are no fields");
}

/* ---- the schema ------------------------------------------------------------------------------ */

static void put_field(beluga_json_writer *w, const field *f)
{
    char name[MAX_NAME_BYTES + 1];
    memcpy(name, f->name.text, f->name.length);
    name[f->name.length] = '\0';
    beluga_json_begin_object(w, name);
    beluga_json_put_string(w, "type", f->list ? "array" : f->type);
    if (f->list) {
        beluga_json_begin_object(w, "items");
        beluga_json_put_string(w, "type", f->type);
        beluga_json_end_object(w);
    }
    if (f->description.length)
        beluga_json_put_string_n(w, "description", f->description.text, f->description.length);
    beluga_json_end_object(w);
}

static void put_object(beluga_json_writer *w, const char *key, const field *fields, size_t n)
{
    beluga_json_begin_object(w, key);
    beluga_json_put_string(w, "type", "object");
    beluga_json_begin_object(w, "properties");
    for (size_t i = 0; i < n; i++) put_field(w, &fields[i]);
    beluga_json_end_object(w);
    beluga_json_begin_array(w, "required");
    for (size_t i = 0; i < n; i++)
        beluga_json_put_string_n(w, NULL, fields[i].name.text, fields[i].name.length);
    beluga_json_end_array(w);
    beluga_json_put_bool(w, "additionalProperties", false);
    beluga_json_end_object(w);
}

/* Write a list as a member of an object, since services require an object as the answer. */
static void put_list(beluga_json_writer *w, const field *fields, size_t n)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "object");
    beluga_json_begin_object(w, "properties");
    beluga_json_begin_object(w, "items");
    beluga_json_put_string(w, "type", "array");
    put_object(w, "items", fields, n);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    beluga_json_begin_array(w, "required");
    beluga_json_put_string(w, NULL, "items");
    beluga_json_end_array(w);
    beluga_json_put_bool(w, "additionalProperties", false);
    beluga_json_end_object(w);
}

static int write_schema(const field *fields, size_t n, bool list, cli_text *json, beluga_error *err)
{
    const char *text;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    if (w && list)
        put_list(w, fields, n);
    else if (w)
        put_object(w, NULL, fields, n);
    int rc = w ? beluga_json_writer_text(w, &text, &length) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) rc = text_add(json, text, length);
    beluga_json_writer_free(w);
    if (rc == BELUGA_ERROR_INVALID_INPUT)
        return beluga_error_set(err, rc, "the fields are not valid UTF-8");
    return rc ? beluga_error_set(err, rc, "out of memory for the schema") : 0;
}

int schema_short_expand(const char *text, cli_text *json, beluga_error *err)
{
    field fields[SCHEMA_MAX_FIELDS];
    size_t n;
    span whole = trim((span){text, strlen(text)});
    bool list = whole.length && whole.text[0] == '[';
    if (list && (whole.length < 2 || whole.text[whole.length - 1] != ']'))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the list of fields begins with \"[\" but does not end with \"]\"");
    if (list) whole = trim((span){whole.text + 1, whole.length - 2});
    int rc = read_fields(whole, fields, &n, err);
    return rc ? rc : write_schema(fields, n, list, json, err);
}
