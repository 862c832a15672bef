#include "protocol/messages.h"
#include "protocol/tools.h"

#include <beluga/error.h>

#include <string.h>

enum { LONGEST_USER = 64 }; /* OpenAI refuses longer user ids */

static bool is(const char *text, const char *other)
{
    return text && strcmp(text, other) == 0;
}

/* ---- tools ----------------------------------------------------------------------------------- */

/* Read a tool. A tool with a type of its own is dropped, since Anthropic runs it, or only Anthropic
 * knows its schema. */
static int read_tool(protocol_request *request, const protocol_place *at, const beluga_json *json)
{
    const char *type;
    protocol_tool tool = {.parameters = beluga_json_get(json, "input_schema")};
    int rc = protocol_get_text(request, at, json, "type", &type, NULL);
    if (rc) return rc;
    if (type && !is(type, "custom")) {
        protocol_drop(request, type);
        return 0;
    }
    rc = protocol_need_text(request, at, json, "name", &tool.name, NULL);
    if (rc == 0) rc = protocol_get_text(request, at, json, "description", &tool.description, NULL);
    if (rc) return rc;
    if (!beluga_json_is_object(tool.parameters))
        return protocol_refuse(request, at, "input_schema", "it is missing or not an object");
    tool.strict = beluga_json_bool(beluga_json_get(json, "strict"), false);
    return protocol_add_tool(request, at, &tool);
}

static int read_tools(protocol_request *request)
{
    const protocol_place at = {NULL, "tools", 0};
    protocol_place item = {&at, NULL, 0};
    const beluga_json *list = beluga_json_get(request->body, "tools");
    int rc = 0;
    if (!protocol_is_given(list)) return 0;
    if (!beluga_json_is_array(list))
        return protocol_refuse(request, &at, NULL, "it must be a list");
    for (const beluga_json *v = beluga_json_first(list); v && !rc; v = beluga_json_next(list, v)) {
        rc = read_tool(request, &item, v);
        item.index++;
    }
    return rc;
}

/* Read a tool choice that names one tool. If this tool was dropped, the choice is ignored. */
static int choose_tool(protocol_request *request, const protocol_place *at,
                       const beluga_json *choice)
{
    const char *name;
    char room[PROTOCOL_TOOL_NAME_BYTES];
    int rc = protocol_need_text(request, at, choice, "name", &name, NULL);
    if (rc) return rc;
    const char *sent = protocol_sent_name(name, NULL, room);
    for (size_t i = 0; i < request->n_tools; i++)
        if (is(beluga_tool_name(request->tools[i]), sent))
            return protocol_choose(request, beluga_tool_name(request->tools[i]));
    if (*request->dropped) return 0;
    return protocol_refuse(request, at, "name", "there is no tool %.64s", name);
}

static int read_choice(protocol_request *request)
{
    const char *type;
    const protocol_place at = {NULL, "tool_choice", 0};
    const beluga_json *choice = beluga_json_get(request->body, "tool_choice");
    const beluga_json *alone = beluga_json_get(choice, "disable_parallel_tool_use");
    if (!protocol_is_given(choice)) return 0;
    int rc = protocol_need_text(request, &at, choice, "type", &type, NULL);
    if (rc == 0 && request->n_tools && protocol_is_given(alone))
        rc = protocol_add_option(request,
                                 beluga_with_parallel_tool_calls(!beluga_json_bool(alone, false)));
    if (rc) return rc;
    if (is(type, "auto") || is(type, "none")) return protocol_choose(request, type);
    if (is(type, "any")) return protocol_choose(request, "required");
    if (is(type, "tool")) return choose_tool(request, &at, choice);
    return protocol_refuse(request, &at, "type", "it must be auto, any, tool or none");
}

/* ---- thinking and the form of the answer ----------------------------------------------------- */

bool protocol_messages_shows_thinking(const protocol_request *request)
{
    const beluga_json *thinking = beluga_json_get(request->body, "thinking");
    const char *type = beluga_json_get_string(thinking, "type", NULL);
    return is(type, "enabled") || is(type, "adaptive");
}

static int read_budget(protocol_request *request, const beluga_json *thinking)
{
    const protocol_place at = {NULL, "thinking", 0};
    int64_t budget = beluga_json_get_int(thinking, "budget_tokens", 0);
    if (budget < 1)
        return protocol_refuse(request, &at, "budget_tokens", "it must be a number greater than 0");
    return protocol_add_option(request, beluga_with_reasoning_budget(budget));
}

static int read_thinking(protocol_request *request)
{
    const char *type;
    const protocol_place at = {NULL, "thinking", 0}, config = {NULL, "output_config", 0};
    const beluga_json *thinking = beluga_json_get(request->body, "thinking");
    const beluga_json *effort =
        beluga_json_get(beluga_json_get(request->body, "output_config"), "effort");
    bool has_effort = protocol_is_given(effort);
    int rc = 0;
    if (protocol_is_given(thinking))
        rc = protocol_need_text(request, &at, thinking, "type", &type, NULL);
    else
        type = NULL;
    if (rc) return rc;
    if (is(type, "disabled"))
        return protocol_add_option(request,
                                   beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_NONE));
    if (type && !is(type, "enabled") && !is(type, "adaptive"))
        return protocol_refuse(request, &at, "type", "it must be enabled, adaptive or disabled");
    if (has_effort) rc = protocol_read_effort(request, &config, "effort", effort);
    if (rc == 0 && is(type, "enabled")) rc = read_budget(request, thinking);
    if (rc == 0 && is(type, "adaptive") && !has_effort)
        rc = protocol_add_option(request,
                                 beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_HIGH));
    return rc;
}

static int read_format(protocol_request *request)
{
    const protocol_place config = {NULL, "output_config", 0};
    const protocol_place inner = {&config, "format", 0}, old = {NULL, "output_format", 0};
    const protocol_place *at = &inner;
    const beluga_json *format =
        beluga_json_get(beluga_json_get(request->body, "output_config"), "format");
    if (!protocol_is_given(format)) {
        format = beluga_json_get(request->body, "output_format");
        at = &old;
    }
    if (!protocol_is_given(format)) return 0;
    const beluga_json *schema = beluga_json_get(format, "schema");
    if (!is(beluga_json_get_string(format, "type", NULL), "json_schema"))
        return protocol_refuse(request, at, "type", "it must be json_schema");
    if (!beluga_json_is_object(schema))
        return protocol_refuse(request, at, "schema", "it is missing or not an object");
    return protocol_set_schema(request, schema);
}

/* ---- other members --------------------------------------------------------------------------- */

static int take_temperature(protocol_request *request, const protocol_member *member,
                            const beluga_json *value)
{
    double number = beluga_json_double(value, 0);
    if (number < 0 || number > 1)
        return protocol_refuse(request, NULL, "temperature", "it must be between 0 and 1");
    return protocol_take_option(request, member, value);
}

static int take_metadata(protocol_request *request, const protocol_member *member,
                         const beluga_json *value)
{
    const protocol_place at = {NULL, "metadata", 0};
    const char *user;
    (void)member;
    int rc = protocol_get_text(request, &at, value, "user_id", &user, NULL);
    if (rc || !user || !*user) return rc;
    if (!request->affinity) request->affinity = user;
    return strlen(user) <= LONGEST_USER ? protocol_add_option(request, beluga_with_user(user)) : 0;
}

#define KNOWN(name, take)            {BELUGA_JSON_NAME(name), take, 0}
#define OPTION(name, take, constant) {BELUGA_JSON_NAME(name), take, BELUGA_OPTION_##constant}
static const protocol_member members[] = {
    KNOWN("model", protocol_take_ignored),
    KNOWN("messages", protocol_take_ignored),
    KNOWN("system", protocol_take_ignored),
    KNOWN("tools", protocol_take_ignored),
    KNOWN("tool_choice", protocol_take_ignored),
    KNOWN("metadata", take_metadata),
    KNOWN("max_tokens", protocol_take_max_tokens),
    KNOWN("thinking", protocol_take_ignored),
    KNOWN("output_config", protocol_take_ignored),
    KNOWN("output_format", protocol_take_ignored),
    KNOWN("stream", protocol_take_ignored),
    KNOWN("stop_sequences", protocol_take_stops),
    OPTION("temperature", take_temperature, TEMPERATURE),
    OPTION("top_p", protocol_take_option, TOP_P),
    OPTION("top_k", protocol_take_option, TOP_K),
};

int protocol_messages_read(protocol_request *request)
{
    static int (*const readers_of[])(protocol_request *request) = {
        protocol_messages_read_messages, read_tools, read_choice, read_thinking, read_format};
    int rc = protocol_take_members(request, members, sizeof members / sizeof members[0]);
    if (rc == 0 && !request->max_tokens && !request->counts)
        return protocol_refuse(request, NULL, "max_tokens", "Field required");
    for (size_t i = 0; i < sizeof readers_of / sizeof readers_of[0] && !rc; i++)
        rc = readers_of[i](request);
    return rc;
}
