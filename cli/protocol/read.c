#include "protocol/read.h"

#include <beluga/error.h>
#include <beluga/log.h>
#include <beluga/option.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STOPS 32

/* ---- mistakes -------------------------------------------------------------------------------- */

/* A text in a buffer of fixed size. If it does not fit, its end is left out. */
typedef struct short_text {
    char *bytes;
    size_t size, length;
} short_text;

static void add_words(short_text *text, const char *format, ...) BELUGA_PRINTF(2, 3);
static void add_words(short_text *text, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int n = vsnprintf(text->bytes + text->length, text->size - text->length, format, values);
    va_end(values);
    if (n > 0) text->length += (size_t)n;
    if (text->length >= text->size) text->length = text->size - 1;
}

static void add_place(short_text *text, const protocol_place *at, bool dotted)
{
    if (!at) return;
    add_place(text, at->outer, dotted);
    if (at->member)
        add_words(text, "%s%s", text->length ? "." : "", at->member);
    else
        add_words(text, dotted ? ".%zu" : "[%zu]", at->index);
}

int protocol_refuse(protocol_request *request, const protocol_place *at, const char *member,
                    const char *format, ...)
{
    char words[PROTOCOL_WHY_BYTES * 2], bytes[PROTOCOL_WHY_BYTES * 2];
    short_text text = {.bytes = bytes, .size = sizeof bytes};
    const protocol_place whole = {at, member, 0};
    va_list values;
    va_start(values, format);
    vsnprintf(words, sizeof words, format, values);
    va_end(values);
    add_place(&text, member ? &whole : at, request->protocol && request->protocol->dotted);
    add_words(&text, "%s%s", text.length ? ": " : "", words);
    beluga_text_to_line(bytes, text.length, request->why, sizeof request->why);
    return BELUGA_ERROR_INVALID_INPUT;
}

static bool is_dropped(const protocol_request *request, const char *name)
{
    size_t n = strlen(name);
    const char *at = request->dropped;
    while ((at = strstr(at, name))) {
        bool begins = at == request->dropped || at[-1] == ' ';
        if (begins && (at[n] == '\0' || at[n] == ',')) return true;
        at += n;
    }
    return false;
}

void protocol_drop(protocol_request *request, const char *name)
{
    char line[64];
    beluga_text_to_line(name, strlen(name), line, sizeof line);
    if (!*line || is_dropped(request, line)) return;
    size_t used = strlen(request->dropped), room = sizeof request->dropped - used;
    if (strlen(line) + 3 > room) return;
    snprintf(request->dropped + used, room, "%s%s", used ? ", " : "", line);
}

/* ---- values ---------------------------------------------------------------------------------- */

bool protocol_is_given(const beluga_json *value)
{
    return value && !beluga_json_is_null(value);
}

int protocol_get_text(protocol_request *request, const protocol_place *at,
                      const beluga_json *object, const char *member, const char **text,
                      size_t *length)
{
    const beluga_json *value = beluga_json_get(object, member);
    *text = beluga_json_string(value, length);
    if (*text || !protocol_is_given(value)) return 0;
    return protocol_refuse(request, at, member, "it must be a string");
}

int protocol_need_text(protocol_request *request, const protocol_place *at,
                       const beluga_json *object, const char *member, const char **text,
                       size_t *length)
{
    int rc = protocol_get_text(request, at, object, member, text, length);
    if (rc || *text) return rc;
    return protocol_refuse(request, at, member, "it is missing");
}

/* ---- members of the body --------------------------------------------------------------------- */

static const protocol_member *find_member(const protocol_member *members, size_t count,
                                          const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].name.length == length && memcmp(members[i].name.text, name, length) == 0)
            return &members[i];
    return NULL;
}

/* Put a member into request->extra. The first such member creates the writer. */
static int put_extra(protocol_request *request, beluga_json_writer **w, const char *name,
                     const beluga_json *value)
{
    size_t length;
    const char *text = beluga_json_text(request->doc, value, &length);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    if (!*w) {
        *w = beluga_json_writer_new();
        if (!*w) return BELUGA_ERROR_NO_MEMORY;
        beluga_json_begin_object(*w, NULL);
    }
    beluga_json_put_raw(*w, name, text, length);
    return 0;
}

static int keep_extra(protocol_request *request, beluga_json_writer *w)
{
    const char *text;
    beluga_json_end_object(w);
    int rc = beluga_json_writer_text(w, &text, NULL);
    if (rc) return rc;
    free(request->extra);
    request->extra = strdup(text);
    return request->extra ? 0 : BELUGA_ERROR_NO_MEMORY;
}

int protocol_take_members(protocol_request *request, const protocol_member *members, size_t count)
{
    beluga_json_writer *w = NULL;
    const beluga_json *body = request->body;
    int rc = 0;
    for (const beluga_json *v = beluga_json_first(body); v && !rc; v = beluga_json_next(body, v)) {
        size_t length;
        const char *name = beluga_json_key(v, &length);
        const protocol_member *member = find_member(members, count, name, length);
        if (beluga_json_is_null(v)) continue;
        rc = member ? member->take(request, member, v) : put_extra(request, &w, name, v);
    }
    if (w && !rc) rc = keep_extra(request, w);
    beluga_json_writer_free(w);
    return rc;
}

int protocol_add_option(protocol_request *request, beluga_option option)
{
    if (request->n_options == PROTOCOL_MAX_OPTIONS)
        return protocol_refuse(request, NULL, NULL, "the request has too many options");
    request->options[request->n_options++] = option;
    return 0;
}

static int take_number(protocol_request *request, const char *name, const beluga_option_info *info,
                       beluga_option *option, const beluga_json *value)
{
    double number = beluga_json_double(value, 0);
    if (!beluga_json_is_number(value))
        return protocol_refuse(request, NULL, name, "it must be a number");
    if (number < info->minimum || number > info->maximum)
        return protocol_refuse(request, NULL, name, "it must be between %.0f and %.0f",
                               info->minimum, info->maximum);
    if (info->type == BELUGA_OPTION_DOUBLE) {
        option->value.number = number;
        return 0;
    }
    option->value.integer = beluga_json_int(value, 0);
    if ((double)option->value.integer != number)
        return protocol_refuse(request, NULL, name, "it must be a whole number");
    return 0;
}

int protocol_take_option(protocol_request *request, const protocol_member *member,
                         const beluga_json *value)
{
    const char *name = member->name.text;
    const beluga_option_info *info = beluga_option_get_info(member->key);
    beluga_option option = {.key = (uint16_t)member->key, .type = (uint16_t)info->type};
    int rc = 0;
    if (info->type == BELUGA_OPTION_STRING) {
        option.value.string = beluga_json_string(value, &option.length);
        if (!option.value.string) rc = protocol_refuse(request, NULL, name, "it must be a string");
    } else if (info->type == BELUGA_OPTION_BOOL) {
        option.value.integer = beluga_json_bool(value, false);
        if (beluga_json_bool(value, false) != beluga_json_bool(value, true))
            rc = protocol_refuse(request, NULL, name, "it must be true or false");
    } else {
        rc = take_number(request, name, info, &option, value);
    }
    return rc ? rc : protocol_add_option(request, option);
}

int protocol_take_max_tokens(protocol_request *request, const protocol_member *member,
                             const beluga_json *value)
{
    const protocol_member limit = {member->name, NULL, BELUGA_OPTION_MAX_TOKENS};
    int rc = protocol_take_option(request, &limit, value);
    if (rc == 0) request->max_tokens = beluga_json_int(value, 0);
    return rc;
}

static int add_stop(protocol_request *request, const protocol_place *at, const beluga_json *value)
{
    const char *text = beluga_json_string(value, NULL);
    if (!text) return protocol_refuse(request, at, NULL, "it must be a string");
    return *text ? protocol_add_option(request, beluga_with_stop_sequence(text)) : 0;
}

int protocol_take_stops(protocol_request *request, const protocol_member *member,
                        const beluga_json *value)
{
    const protocol_place at = {NULL, member->name.text, 0};
    protocol_place item = {&at, NULL, 0};
    int rc = 0;
    if (beluga_json_is_string(value)) return add_stop(request, &at, value);
    if (!beluga_json_is_array(value) || beluga_json_count(value) > MAX_STOPS)
        return protocol_refuse(request, &at, NULL,
                               "it must be a string, or a list of at most %d strings", MAX_STOPS);
    for (const beluga_json *v = beluga_json_first(value); v && !rc;
         v = beluga_json_next(value, v)) {
        rc = add_stop(request, &item, v);
        item.index++;
    }
    return rc;
}

int protocol_take_ignored(protocol_request *request, const protocol_member *member,
                          const beluga_json *value)
{
    (void)request;
    (void)member;
    (void)value;
    return 0;
}

/* ---- members of members ---------------------------------------------------------------------- */

int protocol_read_effort(protocol_request *request, const protocol_place *at, const char *member,
                         const beluga_json *value)
{
    char text[64];
    beluga_option option;
    const char *word = beluga_json_string(value, NULL);
    snprintf(text, sizeof text, "reasoning_effort=%s", word ? word : "");
    if (!word || beluga_option_parse(text, &option, NULL) != 0)
        return protocol_refuse(request, at, member,
                               "it must be none, minimal, low, medium, high, xhigh or max");
    return protocol_add_option(request, option);
}

int protocol_set_schema(protocol_request *request, const beluga_json *schema)
{
    const char *text = beluga_json_text(request->doc, schema, NULL);
    free(request->schema);
    request->schema = text ? strdup(text) : NULL;
    if (!request->schema) return BELUGA_ERROR_NO_MEMORY;
    return protocol_add_option(request, beluga_with_response_schema(request->schema));
}

static int read_schema(protocol_request *request, const protocol_place *at,
                       const beluga_json *value)
{
    const char *name;
    const beluga_json *schema = beluga_json_get(value, "schema");
    const beluga_json *strict = beluga_json_get(value, "strict");
    if (!beluga_json_is_object(schema))
        return protocol_refuse(request, at, "schema", "it is missing or not an object");
    int rc = protocol_get_text(request, at, value, "name", &name, NULL);
    if (rc == 0) rc = protocol_set_schema(request, schema);
    if (rc == 0 && name) rc = protocol_add_option(request, beluga_with_response_schema_name(name));
    if (rc == 0 && protocol_is_given(strict))
        rc = protocol_add_option(
            request, beluga_with_response_schema_strict(beluga_json_bool(strict, false)));
    return rc;
}

int protocol_read_format(protocol_request *request, const protocol_place *at,
                         const beluga_json *value)
{
    const char *type = beluga_json_get_string(value, "type", NULL);
    const beluga_json *inner = beluga_json_get(value, "json_schema");
    const protocol_place in = {at, "json_schema", 0};
    if (type && strcmp(type, "text") == 0) return 0;
    if (type && strcmp(type, "json_object") == 0)
        return protocol_add_option(request, beluga_with_json_mode(true));
    if (type && strcmp(type, "json_schema") == 0)
        return inner ? read_schema(request, &in, inner) : read_schema(request, at, value);
    return protocol_refuse(request, at, "type", "it must be text, json_object or json_schema");
}
