#include "batch/request.h"

#include "batch/messages.h"
#include "batch/why.h"

#include <beluga/error.h>
#include <beluga/tool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(batch_item *item, const char *member, const char *what)
{
    batch_say_why(item->why, "%.40s: %.200s", member, what);
    return BELUGA_ERROR_INVALID_INPUT;
}

static int add(batch_item *item, beluga_option option)
{
    if (item->n_options == sizeof item->options / sizeof item->options[0])
        return fail(item, "body", "it has too many options");
    item->options[item->n_options++] = option;
    return 0;
}

/* Copy a JSON value as a string that the item owns. */
static int copy_json(batch_item *item, const beluga_json *value, char **out)
{
    const char *text = beluga_json_text(item->doc, value, NULL);
    free(*out);
    *out = text ? strdup(text) : NULL;
    return *out ? 0 : BELUGA_ERROR_NO_MEMORY;
}

/* ---- members that are more than a value ------------------------------------------------------ */

static int take_stop(batch_item *item, const beluga_json *value)
{
    int rc = 0;
    if (beluga_json_is_string(value))
        return add(item, beluga_with_stop_sequence(beluga_json_string(value, NULL)));
    if (!beluga_json_is_array(value) || beluga_json_count(value) > BATCH_MAX_STOPS)
        return fail(item, "stop", "it is neither a text nor a list of at most 8");
    for (const beluga_json *v = beluga_json_first(value); v && !rc; v = beluga_json_next(value, v))
        rc = beluga_json_is_string(v)
                 ? add(item, beluga_with_stop_sequence(beluga_json_string(v, NULL)))
                 : fail(item, "stop", "one of the list is not a text");
    return rc;
}

static int take_format(batch_item *item, const beluga_json *value)
{
    const char *type = beluga_json_get_string(value, "type", NULL);
    const beluga_json *wrap = beluga_json_get(value, "json_schema");
    if (!wrap) wrap = value; /* Responses have its members here */
    const beluga_json *schema = beluga_json_get(wrap, "schema");
    const char *name = beluga_json_get_string(wrap, "name", NULL);
    if (type && strcmp(type, "text") == 0) return 0;
    if (type && strcmp(type, "json_object") == 0) return add(item, beluga_with_json_mode(true));
    if (!type || strcmp(type, "json_schema") != 0 || !beluga_json_is_object(schema))
        return fail(item, "response_format",
                    "it is none of text, json_object, and json_schema with a schema");
    int rc = copy_json(item, schema, &item->schema);
    if (rc == 0) rc = add(item, beluga_with_response_schema(item->schema));
    if (rc == 0 && name) rc = add(item, beluga_with_response_schema_name(name));
    const beluga_json *strict = beluga_json_get(wrap, "strict");
    if (rc == 0 && strict)
        rc = add(item, beluga_with_response_schema_strict(beluga_json_bool(strict, false)));
    return rc;
}

static int take_choice(batch_item *item, const beluga_json *value)
{
    const char *name = beluga_json_string(value, NULL);
    if (!name) name = beluga_json_get_string(beluga_json_get(value, "function"), "name", NULL);
    if (!name) name = beluga_json_get_string(value, "name", NULL);
    return name ? add(item, beluga_with_tool_choice(name))
                : fail(item, "tool_choice", "it names no tool");
}

static int make_tool(batch_item *item, const beluga_json *json, beluga_tool **out)
{
    beluga_error err;
    const beluga_json *function = beluga_json_get(json, "function");
    if (!function) function = json; /* Responses have its members here */
    const beluga_json *parameters = beluga_json_get(function, "parameters");
    const beluga_tool_definition definition = {
        .size = sizeof definition,
        .name = beluga_json_get_string(function, "name", NULL),
        .description = beluga_json_get_string(function, "description", NULL),
        .parameters = parameters ? beluga_json_text(item->doc, parameters, NULL) : NULL,
        .strict = beluga_json_bool(beluga_json_get(function, "strict"), false)};
    if (parameters && !definition.parameters) return BELUGA_ERROR_NO_MEMORY;
    int rc = beluga_tool_new(&definition, out, &err);
    return rc == 0 || rc == BELUGA_ERROR_NO_MEMORY ? rc : fail(item, "tools", err.message);
}

static int take_tools(const batch_plan *plan, batch_item *item, const beluga_json *list)
{
    beluga_tool *tools[BATCH_MAX_TOOLS];
    beluga_error err;
    size_t n = 0;
    int rc = 0;
    if (!beluga_json_is_array(list) || beluga_json_count(list) > BATCH_MAX_TOOLS)
        return fail(item, "tools", "it is not a list of at most 128");
    for (const beluga_json *t = beluga_json_first(list); t && !rc; t = beluga_json_next(list, t)) {
        rc = make_tool(item, t, &tools[n]);
        if (rc == 0) n++;
    }
    if (rc == 0 && plan->model) {
        rc = beluga_bind_tools(plan->model, tools, n, &item->model, &err);
        if (rc && rc != BELUGA_ERROR_NO_MEMORY) rc = fail(item, "tools", err.message);
    }
    while (n) beluga_tool_unref(tools[--n]);
    return rc;
}

/* ---- members --------------------------------------------------------------------------------- */

static int take_most(batch_item *item, const beluga_json *value)
{
    item->max_tokens = beluga_json_int(value, 0);
    return add(item, beluga_with_max_tokens(item->max_tokens));
}

static int take_one(batch_item *item, const beluga_json *value)
{
    return beluga_json_int(value, 0) == 1 ? 0 : fail(item, "n", "a line has one answer");
}

static int take_effort(batch_item *item, const beluga_json *value)
{
    char text[64];
    beluga_option option;
    const char *word = beluga_json_string(value, NULL);
    snprintf(text, sizeof text, "reasoning_effort=%s", word ? word : "");
    if (beluga_option_parse(text, &option, NULL) != 0)
        return fail(item, "reasoning_effort", "there is no such effort");
    return add(item, option);
}

/* Members of Responses that hold others, of which one is an option. */
static int take_inner(batch_item *item, const beluga_json *value, const char *outer,
                      const char *inner, int (*take)(batch_item *item, const beluga_json *value))
{
    int rc = 0;
    for (const beluga_json *v = beluga_json_first(value); v && !rc;
         v = beluga_json_next(value, v)) {
        const char *name = beluga_json_key(v, NULL);
        if (beluga_json_is_null(v)) continue;
        rc = name && strcmp(name, inner) == 0
                 ? take(item, v)
                 : fail(item, outer, "it has a member that is no option here");
    }
    return rc;
}

static int take_text(batch_item *item, const beluga_json *value)
{
    return take_inner(item, value, "text", "format", take_format);
}

static int take_reasoning(batch_item *item, const beluga_json *value)
{
    return take_inner(item, value, "reasoning", "effort", take_effort);
}

static int ignore(batch_item *item, const beluga_json *value)
{
    (void)item;
    (void)value;
    return 0;
}

#define NUMBER(name, make)                                                                 \
    static int take_##name(batch_item *item, const beluga_json *value)                     \
    {                                                                                      \
        if (!beluga_json_is_number(value)) return fail(item, #name, "it is not a number"); \
        return add(item, make);                                                            \
    }
NUMBER(temperature, beluga_with_temperature(beluga_json_double(value, 0)))
NUMBER(top_p, beluga_with_top_p(beluga_json_double(value, 0)))
NUMBER(frequency_penalty, beluga_with_frequency_penalty(beluga_json_double(value, 0)))
NUMBER(presence_penalty, beluga_with_presence_penalty(beluga_json_double(value, 0)))
NUMBER(seed, beluga_with_seed(beluga_json_int(value, 0)))
#undef NUMBER

static int take_user(batch_item *item, const beluga_json *value)
{
    const char *text = beluga_json_string(value, NULL);
    return text ? add(item, beluga_with_user(text)) : fail(item, "user", "it is not a text");
}

static int take_parallel(batch_item *item, const beluga_json *value)
{
    return add(item, beluga_with_parallel_tool_calls(beluga_json_bool(value, true)));
}

typedef struct request_member {
    const char *name;
    int (*take)(batch_item *item, const beluga_json *value);
} request_member;

static const request_member members[] = {
    {"model", ignore}, /* -m names the model, so that the same requests may go to another one */
    {"messages", ignore},
    {"tools", ignore}, /* read by a function of its own, see below */
    {"stream", ignore},
    {"stream_options", ignore},
    {"n", take_one},
    {"temperature", take_temperature},
    {"top_p", take_top_p},
    {"max_tokens", take_most},
    {"max_completion_tokens", take_most},
    {"frequency_penalty", take_frequency_penalty},
    {"presence_penalty", take_presence_penalty},
    {"stop", take_stop},
    {"seed", take_seed},
    {"tool_choice", take_choice},
    {"parallel_tool_calls", take_parallel},
    {"response_format", take_format},
    {"reasoning_effort", take_effort},
    {"user", take_user},
    /* of Responses */
    {"input", ignore},
    {"instructions", ignore},
    {"max_output_tokens", take_most},
    {"text", take_text},
    {"reasoning", take_reasoning},
};

static const request_member *find_member(const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i].name, name) == 0) return &members[i];
    return NULL;
}

static int put_extra(beluga_json_writer *w, batch_item *item, const char *name,
                     const beluga_json *value)
{
    size_t length;
    const char *text = beluga_json_text(item->doc, value, &length);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    beluga_json_put_raw(w, name, text, length);
    return 0;
}

static int take_members(batch_item *item, const beluga_json *body, beluga_json_writer *w)
{
    int rc = 0;
    for (const beluga_json *v = beluga_json_first(body); v && !rc; v = beluga_json_next(body, v)) {
        const char *name = beluga_json_key(v, NULL);
        const request_member *member = find_member(name);
        if (beluga_json_is_null(v)) continue;
        rc = member ? member->take(item, v) : put_extra(w, item, name, v);
    }
    return rc;
}

/* A member without an option of its own goes to the provider unchanged. */
static int keep_extra(batch_item *item, beluga_json_writer *w)
{
    const char *text;
    if (beluga_json_writer_text(w, &text, NULL) != 0) return BELUGA_ERROR_NO_MEMORY;
    if (strcmp(text, "{}") == 0) return 0;
    item->extra = strdup(text);
    return item->extra ? add(item, beluga_with_extra_body(item->extra)) : BELUGA_ERROR_NO_MEMORY;
}

/* The input of Responses is a text or a list of items; the instructions stand before it. */
static int take_input(batch_item *item, const beluga_json *body)
{
    size_t length;
    const beluga_json *input = beluga_json_get(body, "input");
    const char *instructions = beluga_json_get_string(body, "instructions", NULL);
    const char *text = beluga_json_string(input, &length);
    int rc = 0;
    if (instructions) rc = beluga_messages_add(item->messages, beluga_system_message(instructions));
    if (rc) return rc;
    if (!text) return batch_messages_parse(input, item->messages, item->why);
    if (!length) return fail(item, "input", "it is empty");
    return beluga_messages_add(item->messages, beluga_human_message_n(text, length));
}

static int take_chat(batch_item *item, const beluga_json *body)
{
    return batch_messages_parse(beluga_json_get(body, "messages"), item->messages, item->why);
}

int batch_request_parse(const batch_plan *plan, const beluga_json *body, batch_item *item)
{
    const beluga_json *tools = beluga_json_get(body, "tools");
    if (!beluga_json_is_object(body)) return fail(item, "body", "it is missing, or not an object");
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    beluga_json_begin_object(w, NULL);
    int rc = take_members(item, body, w);
    beluga_json_end_object(w);
    if (rc == 0) rc = keep_extra(item, w);
    beluga_json_writer_free(w);
    if (rc == 0 && tools && !beluga_json_is_null(tools)) rc = take_tools(plan, item, tools);
    if (rc == 0)
        rc = item->api == BATCH_API_RESPONSES ? take_input(item, body) : take_chat(item, body);
    return rc;
}
