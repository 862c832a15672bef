/* Reads a body of Responses. Its items become messages: all items of one answer of the model become
 * one message. */
#include "base/buf.h"
#include "base/limits.h"
#include "protocol/content.h"
#include "protocol/responses.h"
#include "protocol/tools.h"

#include <beluga/allocator.h>
#include <beluga/error.h>
#include <beluga/option.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The state of reading the items. */
typedef struct item_reader {
    protocol_request *request;
    protocol_place at;
    const beluga_json *json;
    beluga_message *answer; /* owned; the model's message, to which the next items may belong;
                             * NULL: none */
} item_reader;

static int get_text(item_reader *r, const char *member, const char **text, size_t *length)
{
    return protocol_get_text(r->request, &r->at, r->json, member, text, length);
}

static int need_text(item_reader *r, const char *member, const char **text, size_t *length)
{
    return protocol_need_text(r->request, &r->at, r->json, member, text, length);
}

/* ---- tools ----------------------------------------------------------------------------------- */

static const char custom_schema[] =
    "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
    "\"required\":[\"input\"],\"additionalProperties\":false}";

/* If a tool's input has a grammar, describe it in words, for models that only have functions. */
static int describe_custom(const beluga_json *tool, const char *description, char **out)
{
    const beluga_json *format = beluga_json_get(tool, "format");
    const char *syntax = beluga_json_get_string(format, "syntax", NULL);
    const char *grammar = beluga_json_get_string(format, "definition", NULL);
    int n = grammar ? asprintf(out, "%s%sThe input follows this %s grammar:\n%s", description,
                               *description ? "\n\n" : "", syntax ? syntax : "", grammar)
                    : asprintf(out, "%s", description);
    return n < 0 ? BELUGA_ERROR_NO_MEMORY : 0;
}

/* Read a custom tool, whose input is plain text. It becomes a function with one argument. */
static int read_custom(protocol_request *request, const protocol_place *at, const beluga_json *tool,
                       const char *space)
{
    protocol_tool made = {.name_space = space, .custom = true};
    const char *description;
    char *words = NULL;
    beluga_json_doc *schema = NULL;
    int rc = protocol_need_text(request, at, tool, "name", &made.name, NULL);
    if (rc == 0) rc = protocol_get_text(request, at, tool, "description", &description, NULL);
    if (rc == 0) rc = describe_custom(tool, description ? description : "", &words);
    if (rc == 0) rc = beluga_json_parse(custom_schema, sizeof custom_schema - 1, &schema, NULL);
    if (rc) {
        free(words);
        return rc;
    }
    made.description = words;
    made.parameters = beluga_json_doc_root(schema);
    rc = protocol_add_tool(request, at, &made);
    beluga_json_doc_free(schema);
    free(words);
    return rc;
}

/* Read a function. Some clients send it in the form of Chat Completions. */
static int read_function(protocol_request *request, const protocol_place *at,
                         const beluga_json *tool, const char *space)
{
    const beluga_json *inner = beluga_json_get(tool, "function");
    const protocol_place in = {at, "function", 0};
    if (beluga_json_is_object(inner)) return protocol_read_function(request, &in, inner, space);
    return protocol_read_function(request, at, tool, space);
}

/* Read a tool. Tools of other types run at OpenAI, and are dropped. */
static int read_single(protocol_request *request, const protocol_place *at, const beluga_json *tool,
                       const char *space)
{
    const char *type;
    int rc = protocol_need_text(request, at, tool, "type", &type, NULL);
    if (rc) return rc;
    if (strcmp(type, "function") == 0) return read_function(request, at, tool, space);
    if (strcmp(type, "custom") == 0) return read_custom(request, at, tool, space);
    protocol_drop(request, type);
    return 0;
}

static int read_space(protocol_request *request, const protocol_place *at, const beluga_json *space)
{
    const char *name;
    const beluga_json *tools = beluga_json_get(space, "tools");
    const protocol_place list = {at, "tools", 0};
    protocol_place item = {&list, NULL, 0};
    int rc = protocol_need_text(request, at, space, "name", &name, NULL);
    for (const beluga_json *v = beluga_json_first(tools); v && !rc;
         v = beluga_json_next(tools, v)) {
        rc = read_single(request, &item, v, name);
        item.index++;
    }
    return rc;
}

static int read_tools(protocol_request *request, const protocol_place *outer,
                      const beluga_json *tools)
{
    const protocol_place list = {outer, "tools", 0};
    protocol_place item = {&list, NULL, 0};
    int rc = 0;
    if (!protocol_is_given(tools)) return 0;
    if (!beluga_json_is_array(tools))
        return protocol_refuse(request, &list, NULL, "it must be a list");
    for (const beluga_json *v = beluga_json_first(tools); v && !rc;
         v = beluga_json_next(tools, v)) {
        const char *type = beluga_json_get_string(v, "type", NULL);
        rc = type && strcmp(type, "namespace") == 0 ? read_space(request, &item, v)
                                                    : read_single(request, &item, v, NULL);
        item.index++;
    }
    return rc;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* End the model's message, because an item that does not belong to it follows. */
static int end_answer(item_reader *r)
{
    beluga_message *answer = r->answer;
    r->answer = NULL;
    if (!answer) return 0;
    if (beluga_message_count(answer)) return protocol_add_message(r->request, &r->at, answer);
    beluga_message_unref(answer);
    return 0;
}

static int need_answer(item_reader *r)
{
    if (!r->answer) r->answer = beluga_message_new(BELUGA_ROLE_AI);
    return r->answer ? 0 : BELUGA_ERROR_NO_MEMORY;
}

/* Add a message after the model's message. The function takes over the reference. */
static int add(item_reader *r, beluga_message *message)
{
    int rc = message ? end_answer(r) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) return protocol_add_message(r->request, &r->at, message);
    beluga_message_unref(message);
    return rc;
}

static int read_said(item_reader *r)
{
    int rc = need_answer(r);
    return rc ? rc : protocol_add_content(r->request, &r->at, r->answer, r->json, "content");
}

static int read_content(item_reader *r, beluga_role role)
{
    beluga_message *message = beluga_message_new(role);
    int rc = message ? protocol_add_content(r->request, &r->at, message, r->json, "content")
                     : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) return add(r, message);
    beluga_message_unref(message);
    return rc;
}

static int read_message(item_reader *r)
{
    const char *role;
    int rc = need_text(r, "role", &role, NULL);
    if (rc) return rc;
    if (strcmp(role, "assistant") == 0) return read_said(r);
    if (strcmp(role, "user") == 0) return read_content(r, BELUGA_ROLE_HUMAN);
    if (strcmp(role, "system") == 0 || strcmp(role, "developer") == 0)
        return read_content(r, BELUGA_ROLE_SYSTEM);
    return protocol_refuse(r->request, &r->at, "role", "there is no role %.40s", role);
}

/* ---- calls and results ----------------------------------------------------------------------- */

static int add_call(item_reader *r, const protocol_call *call)
{
    int rc = need_answer(r);
    return rc ? rc : protocol_add_call(r->request, &r->at, r->answer, call);
}

static int read_call_names(item_reader *r, protocol_call *call)
{
    int rc = need_text(r, "call_id", &call->id, NULL);
    if (rc == 0) rc = need_text(r, "name", &call->name, NULL);
    if (rc == 0) rc = get_text(r, "namespace", &call->name_space, NULL);
    return rc;
}

static int read_call(item_reader *r)
{
    protocol_call call = {0};
    int rc = read_call_names(r, &call);
    if (rc == 0) rc = need_text(r, "arguments", &call.arguments, &call.length);
    return rc ? rc : add_call(r, &call);
}

static int add_custom_call(item_reader *r, protocol_call *call, const char *input, size_t length)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string_n(w, "input", input, length);
    beluga_json_end_object(w);
    int rc = beluga_json_writer_text(w, &call->arguments, &call->length);
    if (rc == 0) rc = add_call(r, call);
    beluga_json_writer_free(w);
    return rc;
}

static int read_custom_call(item_reader *r)
{
    protocol_call call = {0};
    const char *input;
    size_t length;
    int rc = read_call_names(r, &call);
    if (rc == 0) rc = need_text(r, "input", &input, &length);
    return rc ? rc : add_custom_call(r, &call, input, length);
}

/* Read a call of OpenAI's own shell tool. The result of the call is read like that of any other
 * tool. */
static int read_shell_call(item_reader *r)
{
    protocol_call call = {.name = "local_shell"};
    int rc = need_text(r, "call_id", &call.id, NULL);
    if (rc) return rc;
    call.arguments =
        beluga_json_text(r->request->doc, beluga_json_get(r->json, "action"), &call.length);
    return add_call(r, &call);
}

static int read_result(item_reader *r)
{
    const char *id;
    beluga_message *message;
    int rc = need_text(r, "call_id", &id, NULL);
    if (rc == 0) rc = protocol_make_result(r->request, &r->at, id, r->json, "output", &message);
    return rc ? rc : add(r, message);
}

/* ---- reasoning ------------------------------------------------------------------------------- */

/* Join the parts of a summary as paragraphs. */
static int join(beluga__buf *text, const beluga_json *list)
{
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v)) {
        size_t length = 0;
        const char *part = beluga_json_get_string(v, "text", &length);
        if (!part) continue;
        if (text->length) beluga__buf_puts(text, "\n\n");
        beluga__buf_append(text, part, length);
    }
    return text->status;
}

/* Find the signature of reasoning. If the encrypted content was not written by this program, it is
 * OpenAI's own. The library's signature then consists of "openai:", the item's id, and the content.
 */
static int find_signature(item_reader *r, beluga__buf *signature)
{
    const char *encrypted, *id;
    size_t length, mark = strlen(RESPONSES_SIGNED);
    int rc = get_text(r, "encrypted_content", &encrypted, &length);
    if (rc == 0) rc = get_text(r, "id", &id, NULL);
    if (rc || !encrypted || !length) return rc;
    if (length > mark && memcmp(encrypted, RESPONSES_SIGNED, mark) == 0)
        return beluga__buf_append(signature, encrypted + mark, length - mark);
    beluga__buf_printf(signature, "openai:%s:", id ? id : "");
    return beluga__buf_append(signature, encrypted, length);
}

/* Add a state (RESPONSES_STATE). `of` is the kind of the part before it to which it belongs;
 * BELUGA_PART_STATE: it becomes a part of its own. */
static int add_state(item_reader *r, uint32_t of, const char *text, size_t length)
{
    char provider[64];
    const char *colon = memchr(text, ':', length);
    size_t n = colon ? (size_t)(colon - text) : 0;
    if (!n || n >= sizeof provider)
        return protocol_refuse(r->request, &r->at, "encrypted_content",
                               "it was altered by the client");
    memcpy(provider, text, n);
    provider[n] = '\0';
    int rc = need_answer(r);
    if (rc) return rc;
    size_t parts = beluga_message_count(r->answer);
    const beluga_part *last = parts ? beluga_message_part(r->answer, parts - 1) : NULL;
    if (of == BELUGA_PART_STATE)
        rc = beluga_message_add_state(r->answer, provider, colon + 1, length - n - 1);
    else if (last && last->kind == of)
        rc = beluga_message_set_state(r->answer, provider, colon + 1, length - n - 1);
    if (rc != BELUGA_ERROR_INVALID_INPUT) return rc;
    return protocol_refuse(r->request, &r->at, "encrypted_content", "it was altered by the client");
}

static int read_thought(item_reader *r, beluga__buf *text, beluga__buf *signature)
{
    int rc = join(text, beluga_json_get(r->json, "summary"));
    if (rc == 0 && !text->length) rc = join(text, beluga_json_get(r->json, "content"));
    if (rc == 0) rc = find_signature(r, signature);
    if (rc || !(text->length + signature->length)) return rc;
    const char *state;
    uint32_t of = protocol_responses_read_state(signature->data, &state);
    if (of) return add_state(r, of, state, signature->length - (size_t)(state - signature->data));
    rc = need_answer(r);
    return rc ? rc
              : beluga_message_add_reasoning(r->answer, text->data, text->length,
                                             signature->length ? signature->data : NULL,
                                             signature->length);
}

static int read_reasoning(item_reader *r)
{
    beluga__buf text, signature;
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_PART_BYTES);
    beluga__buf_init(&signature, beluga_allocator_default(), BELUGA__MAX_PART_BYTES);
    int rc = read_thought(r, &text, &signature);
    beluga__buf_free(&text);
    beluga__buf_free(&signature);
    return rc;
}

/* ---- items ----------------------------------------------------------------------------------- */

static int refuse_reference(item_reader *r)
{
    return protocol_refuse(
        r->request, &r->at, "type",
        "beluga does not store items: send the item itself instead of a reference to it");
}

static int read_more_tools(item_reader *r)
{
    return read_tools(r->request, &r->at, beluga_json_get(r->json, "tools"));
}

typedef struct item_row {
    const char *type;
    int (*read)(item_reader *r);
} item_row;

static const item_row rows[] = {
    {"message", read_message},
    {"reasoning", read_reasoning},
    {"function_call", read_call},
    {"function_call_output", read_result},
    {"custom_tool_call", read_custom_call},
    {"custom_tool_call_output", read_result},
    {"local_shell_call", read_shell_call},
    {"additional_tools", read_more_tools},
    {"item_reference", refuse_reference},
};

/* Read an item. Items of other types come from OpenAI's own tools, and are dropped. */
static int read_item(item_reader *r)
{
    const char *type;
    int rc = get_text(r, "type", &type, NULL);
    if (rc) return rc;
    if (!type) type = beluga_json_get(r->json, "role") ? "message" : "item_reference";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].type, type) == 0) return rows[i].read(r);
    protocol_drop(r->request, type);
    return 0;
}

static int read_items(protocol_request *request, const beluga_json *list)
{
    const protocol_place outer = {NULL, "input", 0};
    item_reader r = {.request = request, .at = {&outer, NULL, 0}};
    int rc = 0;
    for (r.json = beluga_json_first(list); r.json && !rc; r.json = beluga_json_next(list, r.json)) {
        rc = read_item(&r);
        r.at.index++;
    }
    if (rc == 0) rc = end_answer(&r);
    beluga_message_unref(r.answer);
    return rc;
}

static int add_text(protocol_request *request, const char *member, beluga_message *message)
{
    const protocol_place at = {NULL, member, 0};
    return message ? protocol_add_message(request, &at, message) : BELUGA_ERROR_NO_MEMORY;
}

/* Read the member `input`, which is a string or a list of items. Its messages come after the
 * instructions. */
static int read_input(protocol_request *request)
{
    size_t length, n;
    const beluga_json *input = beluga_json_get(request->body, "input");
    const char *text = beluga_json_string(input, &length), *instructions;
    int rc = protocol_get_text(request, NULL, request->body, "instructions", &instructions, &n);
    if (rc == 0 && instructions && n)
        rc = add_text(request, "instructions", beluga_system_message_n(instructions, n));
    if (rc) return rc;
    if (text && length) return add_text(request, "input", beluga_human_message_n(text, length));
    if (!beluga_json_is_array(input) || !beluga_json_count(input))
        return protocol_refuse(request, NULL, "input",
                               "it is missing, empty, or neither a text nor a list of items");
    return read_items(request, input);
}

/* ---- members of the body --------------------------------------------------------------------- */

static int take_format(protocol_request *request, const protocol_member *member,
                       const beluga_json *value)
{
    const beluga_json *format = beluga_json_get(value, "format");
    const protocol_place outer = {NULL, member->name.text, 0}, at = {&outer, "format", 0};
    if (protocol_is_given(beluga_json_get(value, "verbosity")))
        protocol_drop(request, "text.verbosity");
    return protocol_is_given(format) ? protocol_read_format(request, &at, format) : 0;
}

static int take_reasoning(protocol_request *request, const protocol_member *member,
                          const beluga_json *value)
{
    const beluga_json *effort = beluga_json_get(value, "effort");
    const protocol_place at = {NULL, member->name.text, 0};
    return protocol_is_given(effort) ? protocol_read_effort(request, &at, "effort", effort) : 0;
}

static int refuse_kept(protocol_request *request, const protocol_member *member,
                       const beluga_json *value)
{
    (void)value;
    return protocol_refuse(request, NULL, member->name.text,
                           "beluga stores nothing between requests: send the whole "
                           "conversation as input, with store: false");
}

static int take_background(protocol_request *request, const protocol_member *member,
                           const beluga_json *value)
{
    if (!beluga_json_bool(value, false)) return 0;
    return protocol_refuse(request, NULL, member->name.text,
                           "beluga does not answer in the background: leave this member out");
}

#define NAME(text) .name = BELUGA_JSON_NAME(text)

static const protocol_member members[] = {
    {NAME("model"), protocol_take_ignored},
    /* protocol_responses_read reads the next four members */
    {NAME("input"), protocol_take_ignored},
    {NAME("instructions"), protocol_take_ignored},
    {NAME("tools"), protocol_take_ignored},
    {NAME("tool_choice"), protocol_take_ignored},
    {NAME("stream"), protocol_take_ignored},
    {NAME("stream_options"), protocol_take_ignored},
    {NAME("store"), protocol_take_ignored},
    {NAME("include"), protocol_take_ignored},
    {NAME("client_metadata"), protocol_take_ignored},
    {NAME("prompt_cache_key"), protocol_take_ignored},
    {NAME("text"), take_format},
    {NAME("reasoning"), take_reasoning},
    {NAME("max_output_tokens"), protocol_take_max_tokens},
    {NAME("parallel_tool_calls"), protocol_take_option, BELUGA_OPTION_PARALLEL_TOOL_CALLS},
    {NAME("temperature"), protocol_take_option, BELUGA_OPTION_TEMPERATURE},
    {NAME("top_p"), protocol_take_option, BELUGA_OPTION_TOP_P},
    {NAME("user"), protocol_take_option, BELUGA_OPTION_USER},
    {NAME("background"), take_background},
    {NAME("previous_response_id"), refuse_kept},
    {NAME("conversation"), refuse_kept},
    {NAME("prompt"), refuse_kept},
};

/* Read all members. The tool choice is read after the tools, since it may name one of them. */
int protocol_responses_read(protocol_request *request)
{
    const protocol_place at = {NULL, "tool_choice", 0};
    const beluga_json *choice = beluga_json_get(request->body, "tool_choice");
    int rc = protocol_take_members(request, members, sizeof members / sizeof members[0]);
    if (rc == 0) rc = read_tools(request, NULL, beluga_json_get(request->body, "tools"));
    if (rc == 0) rc = read_input(request);
    if (rc == 0 && protocol_is_given(choice)) rc = protocol_read_choice(request, &at, choice);
    return rc;
}

/* ---- bodies that are passed on unchanged ----------------------------------------------------- */

bool protocol_responses_passes(const protocol_request *request)
{
    const beluga_json *list = beluga_json_get(request->body, "input");
    if (!beluga_json_is_array(list)) return true;
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v)) {
        const char *encrypted = beluga_json_get_string(v, "encrypted_content", NULL);
        if (encrypted && strncmp(encrypted, RESPONSES_SIGNED, strlen(RESPONSES_SIGNED)) == 0)
            return false;
    }
    return true;
}
