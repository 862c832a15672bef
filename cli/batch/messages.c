#include "batch/messages.h"

#include "batch/why.h"

#include <beluga/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message that is being read, and its position in the list. */
typedef struct read_state {
    const beluga_json *list, *json;
    beluga_message *message;
    size_t index;
    char *why;
} read_state;

static int fail(read_state *r, const char *what, const char *word)
{
    batch_say_why(r->why, "message %zu: %s%.60s", r->index, what, word);
    return BELUGA_ERROR_INVALID_INPUT;
}

/* ---- content --------------------------------------------------------------------------------- */

static int add_address(read_state *r, beluga_part_kind kind, const char *url)
{
    if (!url) return fail(r, "a part of its content has no address", "");
    return beluga_message_add_url(r->message, kind, url, NULL);
}

/* Sound comes as base64 and a format, and becomes a data URL that holds both. */
static int add_audio(read_state *r, const beluga_json *audio)
{
    const char *format = beluga_json_get_string(audio, "format", NULL);
    const char *data = beluga_json_get_string(audio, "data", NULL);
    char *url = NULL;
    if (!format || !data) return fail(r, "input_audio needs data and format", "");
    if (asprintf(&url, "data:audio/%s;base64,%s", format, data) < 0) return BELUGA_ERROR_NO_MEMORY;
    int rc = add_address(r, BELUGA_PART_AUDIO, url);
    free(url);
    return rc;
}

/* A file is there with its bytes, as a data URL, or at its address. */
static int add_file(read_state *r, const beluga_json *file)
{
    const char *url = beluga_json_get_string(file, "file_data", NULL);
    if (!url) url = beluga_json_get_string(file, "file_url", NULL);
    return add_address(r, BELUGA_PART_FILE, url);
}

static int add_text(read_state *r, const beluga_json *text)
{
    size_t length;
    const char *bytes = beluga_json_string(text, &length);
    if (!bytes) return fail(r, "a text is not a string", "");
    return beluga_message_add_text(r->message, bytes, length);
}

static int add_part(read_state *r, const beluga_json *part)
{
    const char *type = beluga_json_get_string(part, "type", NULL);
    if (!type) return fail(r, "a part of its content has no type", "");
    if (strcmp(type, "text") == 0 || strcmp(type, "input_text") == 0 ||
        strcmp(type, "output_text") == 0)
        return add_text(r, beluga_json_get(part, "text"));
    if (strcmp(type, "image_url") == 0)
        return add_address(r, BELUGA_PART_IMAGE,
                           beluga_json_get_string(beluga_json_get(part, "image_url"), "url", NULL));
    if (strcmp(type, "input_image") == 0)
        return add_address(r, BELUGA_PART_IMAGE, beluga_json_get_string(part, "image_url", NULL));
    if (strcmp(type, "input_file") == 0) return add_file(r, part);
    if (strcmp(type, "input_audio") == 0) return add_audio(r, beluga_json_get(part, "input_audio"));
    if (strcmp(type, "file") == 0)
        return add_address(
            r, BELUGA_PART_FILE,
            beluga_json_get_string(beluga_json_get(part, "file"), "file_data", NULL));
    return fail(r, "there is no part of content of the type ", type);
}

static int add_content(read_state *r, bool needed)
{
    const beluga_json *content = beluga_json_get(r->json, "content");
    int rc = 0;
    if (beluga_json_is_string(content)) return add_text(r, content);
    if (!beluga_json_is_array(content))
        return needed ? fail(r, "its content is neither a text nor a list", "") : 0;
    for (const beluga_json *p = beluga_json_first(content); p && !rc;
         p = beluga_json_next(content, p))
        rc = add_part(r, p);
    return rc;
}

static int add_call(read_state *r, const beluga_json *call)
{
    size_t length;
    const beluga_json *function = beluga_json_get(call, "function");
    const char *id = beluga_json_get_string(call, "id", NULL);
    const char *name = beluga_json_get_string(function, "name", NULL);
    const char *arguments = beluga_json_get_string(function, "arguments", &length);
    if (!id || !name || !arguments)
        return fail(r, "a tool call needs an id and a function with name and arguments", "");
    return beluga_message_add_tool_call(r->message, id, name, arguments, length);
}

static int add_calls(read_state *r)
{
    const beluga_json *calls = beluga_json_get(r->json, "tool_calls");
    int rc = add_content(r, beluga_json_count(calls) == 0);
    for (const beluga_json *c = beluga_json_first(calls); c && !rc; c = beluga_json_next(calls, c))
        rc = add_call(r, c);
    return rc;
}

/* ---- messages -------------------------------------------------------------------------------- */

static beluga_role find_role(const char *name)
{
    static const struct {
        const char *name;
        beluga_role role;
    } roles[] = {{"system", BELUGA_ROLE_SYSTEM}, {"developer", BELUGA_ROLE_SYSTEM},
                 {"user", BELUGA_ROLE_HUMAN},    {"human", BELUGA_ROLE_HUMAN},
                 {"assistant", BELUGA_ROLE_AI},  {"ai", BELUGA_ROLE_AI}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i].name, name) == 0) return roles[i].role;
    return 0;
}

static int fill(read_state *r, const char *role)
{
    r->message = beluga_message_new(find_role(role));
    if (!r->message) return BELUGA_ERROR_NO_MEMORY;
    return strcmp(role, "assistant") == 0 ? add_calls(r) : add_content(r, true);
}

/* The result of a tool call; `id_name` and `text_name` are the members that have both. */
static int fill_tool(read_state *r, const char *id_name, const char *text_name)
{
    size_t length;
    const char *id = beluga_json_get_string(r->json, id_name, NULL);
    const char *text = beluga_json_get_string(r->json, text_name, &length);
    if (!id || !text) return fail(r, "a tool's result needs its text and ", id_name);
    r->message = beluga_tool_message_n(id, text, length);
    return r->message ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static bool is_item(const beluga_json *json, const char *type)
{
    const char *own = beluga_json_get_string(json, "type", NULL);
    return own && strcmp(own, type) == 0;
}

/* Calls that the model made together stand in items of their own, and become one message. */
static int fill_call_items(read_state *r)
{
    int rc = 0;
    r->message = beluga_message_new(BELUGA_ROLE_AI);
    if (!r->message) return BELUGA_ERROR_NO_MEMORY;
    while (rc == 0) {
        size_t length;
        const char *id = beluga_json_get_string(r->json, "call_id", NULL);
        const char *name = beluga_json_get_string(r->json, "name", NULL);
        const char *arguments = beluga_json_get_string(r->json, "arguments", &length);
        if (!id || !name || !arguments)
            return fail(r, "a function_call needs call_id, name and arguments", "");
        rc = beluga_message_add_tool_call(r->message, id, name, arguments, length);
        const beluga_json *next = beluga_json_next(r->list, r->json);
        if (!is_item(next, "function_call")) break;
        r->json = next;
        r->index++;
    }
    return rc;
}

static int read_message(read_state *r)
{
    const char *role = beluga_json_get_string(r->json, "role", NULL);
    if (is_item(r->json, "function_call")) return fill_call_items(r);
    if (is_item(r->json, "function_call_output")) return fill_tool(r, "call_id", "output");
    if (!role) return fail(r, "it has no role", "");
    if (strcmp(role, "tool") == 0) return fill_tool(r, "tool_call_id", "content");
    return find_role(role) ? fill(r, role) : fail(r, "there is no role ", role);
}

int batch_messages_parse(const beluga_json *list, beluga_messages *out,
                         char why[BATCH_WHY_MESSAGE_BYTES])
{
    read_state r = {.list = list, .why = why};
    int rc = 0;
    if (!beluga_json_is_array(list) || !beluga_json_count(list)) {
        snprintf(why, BATCH_WHY_MESSAGE_BYTES, "the messages are not a list, or an empty one");
        return BELUGA_ERROR_INVALID_INPUT;
    }
    for (r.json = beluga_json_first(list); r.json && !rc; r.json = beluga_json_next(list, r.json)) {
        r.message = NULL;
        rc = read_message(&r);
        if (rc == 0)
            rc = beluga_messages_add(out, r.message);
        else
            beluga_message_unref(r.message);
        r.index++;
    }
    if (rc && rc != BELUGA_ERROR_INVALID_INPUT && rc != BELUGA_ERROR_NO_MEMORY) {
        r.index--;
        return fail(&r, beluga_error_text(rc), "");
    }
    return rc;
}
