/* Messages as "system" and "messages". The API knows two roles, which have to take turns, and wants
 * the results of all tools in one message: consecutive messages of a role are one there. */
#include "providers/bedrock/bedrock.h"

#include <string.h>

void beluga__bedrock_fail(beluga__bedrock_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

void beluga__bedrock_warn(beluga__bedrock_encoder *e, unsigned bit, const char *what)
{
    if (!(e->warned & bit)) beluga_http_request_warn(e->request, "%s", what);
    e->warned |= bit;
}

static bool is_system(const beluga_message *message)
{
    return beluga_message_role(message) == BELUGA_ROLE_SYSTEM;
}

/* ---- system ---------------------------------------------------------------------------------- */

static void put_system_part(beluga__bedrock_encoder *e, const beluga_part *part, bool *open)
{
    if (!beluga__bedrock_is_sendable(e, part, BELUGA_ROLE_SYSTEM)) return;
    if (!*open) beluga_json_begin_array(e->w, "system");
    *open = true;
    beluga__bedrock_put_part(e, part);
    beluga__bedrock_put_cache_point(e, part);
}

static void put_system(beluga__bedrock_encoder *e)
{
    bool open = false, other = false;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        bool system = is_system(message);
        if (system && other)
            beluga__bedrock_warn(e, BELUGA__BEDROCK_MOVED_SYSTEM,
                                 "system messages are sent before all others: Converse has no "
                                 "other place for them");
        other = other || !system;
        for (size_t k = 0; system && k < beluga_message_count(message); k++)
            put_system_part(e, beluga_message_part(message, k), &open);
    }
    if (open) beluga_json_end_array(e->w);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Of a failure Claude wants to know more than that it was one; and no content at all is refused by
 * others' models. */
static void put_result_content(beluga__bedrock_encoder *e, const beluga_message *message)
{
    size_t sent = 0;
    beluga_json_begin_array(e->w, "content");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__bedrock_is_sendable(e, part, BELUGA_ROLE_TOOL)) continue;
        beluga__bedrock_put_part(e, part);
        sent++;
    }
    if (!sent) {
        bool failed = beluga_message_is_tool_error(message);
        beluga_json_begin_object(e->w, NULL);
        beluga_json_put_string(e->w, "text", failed ? "The tool failed." : "");
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}

static void put_tool_result(beluga__bedrock_encoder *e, const beluga_message *message)
{
    char fitted[BELUGA__FITTED];
    const char *id = beluga_message_tool_call_id(message);
    if (!id)
        beluga__bedrock_fail(e, BELUGA_ERROR_INVALID_INPUT,
                             "a tool's message does not say which call it answers");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "toolResult");
    if (id) beluga_json_put_string(e->w, "toolUseId", beluga__bedrock_fit_id(e, id, fitted));
    put_result_content(e, message);
    if (beluga_message_is_tool_error(message)) beluga_json_put_string(e->w, "status", "error");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        beluga__bedrock_put_cache_point(e, beluga_message_part(message, i));
}

static void put_blocks(beluga__bedrock_encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_TOOL) {
        put_tool_result(e, message);
        return;
    }
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__bedrock_is_sendable(e, part, role)) continue;
        beluga__bedrock_put_part(e, part);
        beluga__bedrock_put_cache_point(e, part);
    }
}

/* ---- the conversation ------------------------------------------------------------------------ */

/* Messages `begin` to before `end` that are one. */
struct turn {
    size_t begin, end;
    bool any, assistant;
};

static bool has_blocks(beluga__bedrock_encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_TOOL) return true;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga__bedrock_is_sendable(e, beluga_message_part(message, i), role)) return true;
    beluga__bedrock_warn(e, BELUGA__BEDROCK_LEFT_OUT, "a message with nothing in it is not sent");
    return false;
}

/* What has nothing in it does not end a turn. */
static struct turn next_turn(beluga__bedrock_encoder *e, size_t begin)
{
    struct turn turn = {.begin = begin, .end = begin};
    for (size_t n = beluga_call_message_count(e->call); turn.end < n; turn.end++) {
        const beluga_message *message = beluga_call_message(e->call, turn.end);
        if (is_system(message) || !has_blocks(e, message)) continue;
        bool assistant = beluga_message_role(message) == BELUGA_ROLE_AI;
        if (turn.any && assistant != turn.assistant) break;
        turn.assistant = assistant;
        turn.any = true;
    }
    return turn;
}

/* Claude wants the results of tools before all else. */
static void put_turn_blocks(beluga__bedrock_encoder *e, const struct turn *turn, bool results)
{
    for (size_t i = turn->begin; i < turn->end; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        bool result = beluga_message_role(message) == BELUGA_ROLE_TOOL;
        if (!is_system(message) && result == results) put_blocks(e, message);
    }
}

static void put_turn(beluga__bedrock_encoder *e, const struct turn *turn)
{
    if (!turn->any) return;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role",
                           beluga__role_name(turn->assistant ? BELUGA_ROLE_AI : BELUGA_ROLE_HUMAN));
    beluga_json_begin_array(e->w, "content");
    put_turn_blocks(e, turn, true);
    put_turn_blocks(e, turn, false);
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
}

/* What is last in the conversation, when the model said it; Claude alone cares how it ends. */
static const beluga_part *find_prefill(beluga__bedrock_encoder *e)
{
    const beluga_message *message = beluga__last_of_model(e->call);
    size_t i = message && e->model.known ? beluga_message_count(message) : 0;
    while (i-- > 0) {
        const beluga_part *part = beluga_message_part(message, i);
        if (beluga__bedrock_is_sendable(e, part, BELUGA_ROLE_AI)) return part;
    }
    return NULL;
}

void beluga__bedrock_put_messages(beluga__bedrock_encoder *e)
{
    e->marks = beluga__count_marks(e->call);
    e->prefill = find_prefill(e);
    if (beluga__body_wants(&e->body, "system")) put_system(e);
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n;) {
        struct turn turn = next_turn(e, i);
        put_turn(e, &turn);
        i = turn.end;
    }
    beluga_json_end_array(e->w);
}
