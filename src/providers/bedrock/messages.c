/* Messages as "system" and "messages". The API knows two roles, which have to take turns, and wants
 * the results of all tools in one message: consecutive messages of a role are one there. */
#include "providers/bedrock/bedrock.h"

#include <string.h>

void beluga__bedrock_fail(beluga__bedrock_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

/* ---- system ---------------------------------------------------------------------------------- */

static void put_system_part(beluga__bedrock_encoder *e, const beluga_part *part, bool *open)
{
    if (part->kind != BELUGA_PART_TEXT) {
        beluga__bedrock_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                             "bedrock takes text alone in system messages");
        return;
    }
    if (!part->text_length) return;
    if (!*open) beluga_json_begin_array(e->w, "system");
    *open = true;
    beluga__bedrock_put_part(e, part, BELUGA_ROLE_SYSTEM);
    beluga__bedrock_put_cache_point(e, part);
}

static void put_system(beluga__bedrock_encoder *e)
{
    bool open = false, other = false;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        bool system = beluga_message_role(message) == BELUGA_ROLE_SYSTEM;
        if (system && other && !e->moved_system) {
            e->moved_system = true;
            beluga_http_request_warn(e->request, "system messages are sent before all others: "
                                                 "Converse has no other place for them");
        }
        other = other || !system;
        for (size_t k = 0; system && k < beluga_message_count(message); k++)
            put_system_part(e, beluga_message_part(message, k), &open);
    }
    if (open) beluga_json_end_array(e->w);
}

/* ---- the conversation ------------------------------------------------------------------------ */

/* The message that is being written, begun by its first block. */
struct turn {
    const char *role; /* NULL: none */
};

static void end_turn(beluga__bedrock_encoder *e, struct turn *turn)
{
    if (!turn->role) return;
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
    turn->role = NULL;
}

static void take_turn(beluga__bedrock_encoder *e, struct turn *turn, const char *role)
{
    if (turn->role == role) return;
    end_turn(e, turn);
    turn->role = role;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", role);
    beluga_json_begin_array(e->w, "content");
}

static void put_tool_result(beluga__bedrock_encoder *e, const beluga_message *message)
{
    const char *id = beluga_message_tool_call_id(message);
    if (!id)
        beluga__bedrock_fail(e, BELUGA_ERROR_INVALID_INPUT,
                             "a tool's message does not say which call it answers");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "toolResult");
    beluga_json_put_string(e->w, "toolUseId", id);
    beluga_json_begin_array(e->w, "content");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (beluga__bedrock_is_sendable(e, part))
            beluga__bedrock_put_part(e, part, BELUGA_ROLE_TOOL);
    }
    beluga_json_end_array(e->w);
    if (beluga_message_is_tool_error(message)) beluga_json_put_string(e->w, "status", "error");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        beluga__bedrock_put_cache_point(e, beluga_message_part(message, i));
}

static void put_message(beluga__bedrock_encoder *e, struct turn *turn,
                        const beluga_message *message)
{
    static const char user[] = "user", assistant[] = "assistant";
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_TOOL) {
        take_turn(e, turn, user);
        put_tool_result(e, message);
        return;
    }
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__bedrock_is_sendable(e, part)) continue;
        take_turn(e, turn, role == BELUGA_ROLE_AI ? assistant : user);
        beluga__bedrock_put_part(e, part, role);
        beluga__bedrock_put_cache_point(e, part);
    }
}

void beluga__bedrock_put_messages(beluga__bedrock_encoder *e)
{
    struct turn turn = {NULL};
    if (beluga__body_wants(&e->body, "system")) put_system(e);
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        if (beluga_message_role(message) != BELUGA_ROLE_SYSTEM) put_message(e, &turn, message);
    }
    end_turn(e, &turn);
    beluga_json_end_array(e->w);
}
