#include "protocol/chat.h"
#include "protocol/content.h"
#include "protocol/tools.h"

#include <beluga/error.h>

#include <stdio.h>
#include <string.h>

/* A message that is being read. */
typedef struct chat_reader {
    protocol_request *request;
    protocol_place at;
    const beluga_json *json;
    beluga_message *message;
    /* Legacy function calls have no ids, and a message has at most one call. So the id of a call
     * and of its result is made from the number of calls so far. */
    unsigned n_functions;
} chat_reader;

#define FUNCTION_ID_BYTES 32

static int refuse(chat_reader *r, const char *member, const char *what)
{
    return protocol_refuse(r->request, &r->at, member, "%s", what);
}

static int add_content(chat_reader *r)
{
    return protocol_add_content(r->request, &r->at, r->message, r->json, "content");
}

/* ---- messages -------------------------------------------------------------------------------- */

static int begin(chat_reader *r, beluga_role role)
{
    r->message = beluga_message_new(role);
    return r->message ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static int read_content(chat_reader *r, beluga_role role)
{
    if (!protocol_is_given(beluga_json_get(r->json, "content")))
        return refuse(r, "content", "it is missing");
    int rc = begin(r, role);
    return rc ? rc : add_content(r);
}

static int read_system(chat_reader *r)
{
    return read_content(r, BELUGA_ROLE_SYSTEM);
}

static int read_user(chat_reader *r)
{
    return read_content(r, BELUGA_ROLE_HUMAN);
}

/* Read the name and arguments of a function that the model called. */
static int add_function(chat_reader *r, const protocol_place *at, const beluga_json *function,
                        const char *id)
{
    protocol_call call = {.id = id};
    int rc = protocol_need_text(r->request, at, function, "name", &call.name, NULL);
    if (rc == 0)
        rc = protocol_need_text(r->request, at, function, "arguments", &call.arguments,
                                &call.length);
    return rc ? rc : protocol_add_call(r->request, at, r->message, &call);
}

static int add_call(chat_reader *r, const protocol_place *at, const beluga_json *json)
{
    const char *id;
    const beluga_json *function = beluga_json_get(json, "function");
    const protocol_place in = {at, "function", 0};
    int rc = protocol_need_text(r->request, at, json, "id", &id, NULL);
    if (rc) return rc;
    if (!beluga_json_is_object(function))
        return protocol_refuse(r->request, at, "function", "it is missing or not an object");
    return add_function(r, &in, function, id);
}

static int add_calls(chat_reader *r)
{
    const beluga_json *calls = beluga_json_get(r->json, "tool_calls");
    const protocol_place list = {&r->at, "tool_calls", 0};
    protocol_place item = {&list, NULL, 0};
    int rc = 0;
    if (protocol_is_given(calls) && !beluga_json_is_array(calls))
        return refuse(r, "tool_calls", "it must be a list");
    for (const beluga_json *c = beluga_json_first(calls); c && !rc;
         c = beluga_json_next(calls, c)) {
        rc = add_call(r, &item, c);
        item.index++;
    }
    return rc;
}

static const char *write_function_id(unsigned number, char id[FUNCTION_ID_BYTES])
{
    snprintf(id, FUNCTION_ID_BYTES, "call_function_%u", number);
    return id;
}

static int add_legacy_call(chat_reader *r)
{
    char id[FUNCTION_ID_BYTES];
    const beluga_json *function = beluga_json_get(r->json, "function_call");
    const protocol_place in = {&r->at, "function_call", 0};
    if (!protocol_is_given(function)) return 0;
    return add_function(r, &in, function, write_function_id(++r->n_functions, id));
}

static int add_own_refusal(chat_reader *r)
{
    const char *text;
    size_t length;
    int rc = protocol_get_text(r->request, &r->at, r->json, "refusal", &text, &length);
    if (rc || !text || !length) return rc;
    return protocol_add_text(r->request, &r->at, r->message, r->json, "refusal");
}

/* Read an assistant message. If it only calls tools, it has no content. A message with neither
 * content nor calls is left out; clients send such a message after an empty answer. */
static int read_assistant(chat_reader *r)
{
    int rc = begin(r, BELUGA_ROLE_AI);
    if (rc == 0) rc = add_content(r);
    if (rc == 0) rc = add_own_refusal(r);
    if (rc == 0) rc = add_calls(r);
    if (rc == 0) rc = add_legacy_call(r);
    if (rc == 0 && !beluga_message_count(r->message)) {
        beluga_message_unref(r->message);
        r->message = NULL;
    }
    return rc;
}

static int read_result(chat_reader *r, const char *id)
{
    return protocol_make_result(r->request, &r->at, id, r->json, "content", &r->message);
}

static int read_tool(chat_reader *r)
{
    const char *id;
    int rc = protocol_need_text(r->request, &r->at, r->json, "tool_call_id", &id, NULL);
    return rc ? rc : read_result(r, id);
}

static int read_function(chat_reader *r)
{
    char id[FUNCTION_ID_BYTES];
    if (!r->n_functions) return refuse(r, "role", "no function was called before this message");
    return read_result(r, write_function_id(r->n_functions, id));
}

typedef struct role_reader {
    const char *role;
    int (*read)(chat_reader *r);
} role_reader;

/* The roles have the names of the protocol. The library's own names are accepted, too, since lines
 * of batches may have them. */
static const role_reader roles[] = {
    {"user", read_user},     {"assistant", read_assistant}, {"tool", read_tool},
    {"system", read_system}, {"developer", read_system},    {"function", read_function},
    {"human", read_user},    {"ai", read_assistant},
};

static int read_message(chat_reader *r)
{
    const char *role;
    int rc = protocol_need_text(r->request, &r->at, r->json, "role", &role, NULL);
    if (rc) return rc;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(roles[i].role, role) != 0) continue;
        rc = roles[i].read(r);
        if (rc == 0 && r->message)
            rc = protocol_mark_cache(r->request, &r->at, r->message, r->json);
        return rc;
    }
    return protocol_refuse(r->request, &r->at, "role", "there is no role %.40s", role);
}

int protocol_chat_read_messages(protocol_request *request, const beluga_json *list)
{
    const protocol_place outer = {NULL, "messages", 0};
    chat_reader r = {.request = request, .at = {&outer, NULL, 0}};
    int rc = 0;
    if (!beluga_json_is_array(list) || !beluga_json_count(list))
        return protocol_refuse(request, NULL, "messages", "it is missing, empty, or not a list");
    for (r.json = beluga_json_first(list); r.json && !rc; r.json = beluga_json_next(list, r.json)) {
        r.message = NULL;
        rc = read_message(&r);
        if (rc)
            beluga_message_unref(r.message);
        else if (r.message)
            rc = protocol_add_message(request, &r.at, r.message);
        r.at.index++;
    }
    return rc;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static int read_tool_item(protocol_request *request, const protocol_place *at,
                          const beluga_json *json)
{
    const char *type;
    const protocol_place in = {at, "function", 0};
    const beluga_json *function = beluga_json_get(json, "function");
    int rc = protocol_get_text(request, at, json, "type", &type, NULL);
    if (rc) return rc;
    if (type && strcmp(type, "function") != 0) {
        protocol_drop(request, type);
        return 0;
    }
    /* Some clients send tools in the form of Responses. */
    if (!function && beluga_json_get(json, "name"))
        return protocol_read_function(request, at, json, NULL);
    if (!beluga_json_is_object(function))
        return protocol_refuse(request, at, "function", "it is missing or not an object");
    return protocol_read_function(request, &in, function, NULL);
}

static int take_tools(protocol_request *request, const protocol_member *member,
                      const beluga_json *list)
{
    const protocol_place at = {NULL, member->name.text, 0};
    protocol_place item = {&at, NULL, 0};
    bool legacy = strcmp(member->name.text, "functions") == 0;
    int rc = 0;
    if (!beluga_json_is_array(list))
        return protocol_refuse(request, &at, NULL, "it must be a list");
    for (const beluga_json *v = beluga_json_first(list); v && !rc; v = beluga_json_next(list, v)) {
        rc = legacy ? protocol_read_function(request, &item, v, NULL)
                    : read_tool_item(request, &item, v);
        item.index++;
    }
    return rc;
}

/* Read the tool choice. The tools must have been read before, since the choice may name one of
 * them. */
static int read_choice(protocol_request *request)
{
    const beluga_json *choice = beluga_json_get(request->body, "tool_choice");
    const beluga_json *legacy = beluga_json_get(request->body, "function_call");
    const protocol_place at = {NULL, "tool_choice", 0}, legacy_at = {NULL, "function_call", 0};
    if (protocol_is_given(choice)) return protocol_read_choice(request, &at, choice);
    return protocol_is_given(legacy) ? protocol_read_choice(request, &legacy_at, legacy) : 0;
}

bool protocol_chat_is_legacy(const protocol_request *request)
{
    return beluga_json_is_array(beluga_json_get(request->body, "functions")) &&
           !protocol_is_given(beluga_json_get(request->body, "tools"));
}

/* ---- the body -------------------------------------------------------------------------------- */

static int take_one(protocol_request *request, const protocol_member *member,
                    const beluga_json *value)
{
    if (beluga_json_is_number(value) && beluga_json_int(value, 0) == 1) return 0;
    return protocol_refuse(
        request, NULL, member->name.text,
        "beluga gives one answer to each request: send another request for another answer");
}

/* Read max_tokens, the old name of max_completion_tokens. If both are given, the newer one counts.
 */
static int take_old_max_tokens(protocol_request *request, const protocol_member *member,
                               const beluga_json *value)
{
    if (protocol_is_given(beluga_json_get(request->body, "max_completion_tokens"))) return 0;
    return protocol_take_max_tokens(request, member, value);
}

static int take_format(protocol_request *request, const protocol_member *member,
                       const beluga_json *value)
{
    const protocol_place at = {NULL, member->name.text, 0};
    return protocol_read_format(request, &at, value);
}

static int take_effort(protocol_request *request, const protocol_member *member,
                       const beluga_json *value)
{
    return protocol_read_effort(request, NULL, member->name.text, value);
}

static int take_stream_options(protocol_request *request, const protocol_member *member,
                               const beluga_json *value)
{
    (void)member;
    (void)value;
    request->include_usage = protocol_request_wants_usage(request);
    return 0;
}

#define MEMBER(name, take) {BELUGA_JSON_NAME(name), take, 0}
#define OPTION(name, constant) \
    {BELUGA_JSON_NAME(name), protocol_take_option, BELUGA_OPTION_##constant}

static const protocol_member members[] = {
    MEMBER("model", protocol_take_ignored),
    MEMBER("messages", protocol_take_ignored),
    MEMBER("stream", protocol_take_ignored),
    MEMBER("stream_options", take_stream_options),
    OPTION("temperature", TEMPERATURE),
    MEMBER("max_tokens", take_old_max_tokens),
    MEMBER("max_completion_tokens", protocol_take_max_tokens),
    MEMBER("tools", take_tools),
    MEMBER("functions", take_tools),
    MEMBER("tool_choice", protocol_take_ignored),
    MEMBER("function_call", protocol_take_ignored),
    OPTION("parallel_tool_calls", PARALLEL_TOOL_CALLS),
    MEMBER("response_format", take_format),
    MEMBER("reasoning_effort", take_effort),
    OPTION("top_p", TOP_P),
    MEMBER("stop", protocol_take_stops),
    MEMBER("n", take_one),
    OPTION("seed", SEED),
    OPTION("frequency_penalty", FREQUENCY_PENALTY),
    OPTION("presence_penalty", PRESENCE_PENALTY),
    OPTION("user", USER),
};

/* Returns whether a body is a Responses request. Cursor sends such bodies here, and reads the
 * answer as one of Chat Completions. */
static bool is_of_responses(const beluga_json *body)
{
    return protocol_is_given(beluga_json_get(body, "input")) &&
           !protocol_is_given(beluga_json_get(body, "messages"));
}

bool protocol_chat_passes(const protocol_request *request)
{
    return !is_of_responses(request->body);
}

static int read_as_responses(protocol_request *request)
{
    request->include_usage = protocol_request_wants_usage(request);
    return protocol_responses.read(request);
}

int protocol_chat_read(protocol_request *request)
{
    if (is_of_responses(request->body)) return read_as_responses(request);
    int rc = protocol_take_members(request, members, sizeof members / sizeof members[0]);
    if (rc == 0) rc = read_choice(request);
    return rc ? rc
              : protocol_chat_read_messages(request, beluga_json_get(request->body, "messages"));
}
