/* Messages as "system" and "messages". Consecutive ones that the protocol knows by one role are one
 * message there: results of tools have to come in one, and roles have to take turns. */
#include "providers/anthropic/anthropic.h"
#include "providers/fit.h"

#include <string.h>

/* ---- system ---------------------------------------------------------------------------------- */

static bool is_system(const beluga_message *message)
{
    return beluga_message_role(message) == BELUGA_ROLE_SYSTEM;
}

static void look_at_order(beluga__anthropic_encoder *e)
{
    bool other = false;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        bool system = is_system(beluga_call_message(e->call, i));
        if (system && other)
            beluga__anthropic_warn(e, BELUGA__ANTHROPIC_MOVED_SYSTEM,
                                   "system messages are sent before all others: the Messages API "
                                   "has no other place for them");
        other = other || !system;
    }
}

/* How many blocks "system" has, and the first. */
static size_t count_system(beluga__anthropic_encoder *e, const beluga_part **first)
{
    size_t count = 0;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        for (size_t k = 0; is_system(message) && k < beluga_message_count(message); k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (beluga__anthropic_is_sendable(e, part, BELUGA_ROLE_SYSTEM) && !count++)
                *first = part;
        }
    }
    return count;
}

static void put_system_blocks(beluga__anthropic_encoder *e)
{
    beluga_json_begin_array(e->w, "system");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        for (size_t k = 0; is_system(message) && k < beluga_message_count(message); k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (beluga__anthropic_is_sendable(e, part, BELUGA_ROLE_SYSTEM))
                beluga__anthropic_put_text(e, part);
        }
    }
    beluga_json_end_array(e->w);
}

void beluga__anthropic_put_system(beluga__anthropic_encoder *e)
{
    const beluga_part *first = NULL;
    look_at_order(e);
    size_t count = count_system(e, &first);
    if (!count || !beluga__body_wants(&e->body, "system")) return;
    if (count == 1 && !(first->flags & BELUGA_PART_CACHE))
        beluga_json_put_string_n(e->w, "system", first->text, first->text_length);
    else
        put_system_blocks(e);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void put_ai_part(beluga__anthropic_encoder *e, const beluga_part *part)
{
    switch (part->kind) {
    case BELUGA_PART_TEXT: beluga__anthropic_put_text(e, part); break;
    case BELUGA_PART_REASONING: beluga__anthropic_put_reasoning(e, part); break;
    case BELUGA_PART_TOOL_CALL: beluga__anthropic_put_tool_use(e, part); break;
    case BELUGA_PART_STATE: beluga__put_state(e->w, e->call, part); break;
    default: break; /* not sendable */
    }
}

/* Of a failure the API wants to know more than that it was one. */
static void put_result_text(beluga__anthropic_encoder *e, const beluga_part *only, bool failed)
{
    bool blank = !only || beluga__is_blank(only->text, only->text_length);
    if (failed && blank)
        beluga_json_put_string(e->w, "content", "The tool failed.");
    else if (only)
        beluga_json_put_string_n(e->w, "content", only->text, only->text_length);
}

static void put_result_content(beluga__anthropic_encoder *e, const beluga_message *message)
{
    size_t n = beluga_message_count(message), sendable = 0;
    bool failed = beluga_message_is_tool_error(message);
    const beluga_part *first = beluga_message_part(message, 0);
    for (size_t i = 0; i < n; i++)
        if (beluga__anthropic_is_sendable(e, beluga_message_part(message, i), BELUGA_ROLE_TOOL))
            sendable++;
    if ((n <= 1 && (!first || first->kind == BELUGA_PART_TEXT)) || !sendable) {
        put_result_text(e, n == 1 && first->kind == BELUGA_PART_TEXT ? first : NULL, failed);
        return;
    }
    beluga_json_begin_array(e->w, "content");
    for (size_t i = 0; i < n; i++) {
        beluga_part part = *beluga_message_part(message, i);
        if (i == n - 1) part.flags = 0; /* the mark is the whole result's */
        if (beluga__anthropic_is_sendable(e, &part, BELUGA_ROLE_TOOL))
            beluga__anthropic_put_content(e, &part);
    }
    beluga_json_end_array(e->w);
}

static void put_tool_result(beluga__anthropic_encoder *e, const beluga_message *message)
{
    char fitted[BELUGA__FITTED];
    const char *id = beluga_message_tool_call_id(message);
    size_t n = beluga_message_count(message);
    if (!id)
        beluga__anthropic_fail(e, BELUGA_ERROR_INVALID_INPUT,
                               "a tool's message does not say which call it answers");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "tool_result");
    if (id)
        beluga_json_put_string(e->w, "tool_use_id",
                               beluga__fit_word(id, BELUGA__ANTHROPIC_ID, fitted));
    put_result_content(e, message);
    if (beluga_message_is_tool_error(message)) beluga_json_put_bool(e->w, "is_error", true);
    if (n) beluga__anthropic_put_cache_control(e, beluga_message_part(message, n - 1));
    beluga_json_end_object(e->w);
}

static void put_blocks(beluga__anthropic_encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_TOOL) {
        put_tool_result(e, message);
        return;
    }
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__anthropic_is_sendable(e, part, role)) continue;
        if (role == BELUGA_ROLE_AI)
            put_ai_part(e, part);
        else
            beluga__anthropic_put_content(e, part);
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Messages `begin` to before `end` that are one. */
struct turn {
    size_t begin, end, blocks;
    bool assistant;
    const beluga_part *only; /* the one block, when it is plain text */
};

static size_t count_blocks(beluga__anthropic_encoder *e, const beluga_message *message,
                           const beluga_part **only)
{
    size_t count = 0;
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_TOOL) return 1;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__anthropic_is_sendable(e, part, role)) continue;
        count++;
        bool plain = part->kind == BELUGA_PART_TEXT && !part->flags && !part->state;
        *only = plain ? part : NULL;
    }
    return count;
}

/* What has nothing in it does not end a turn. */
static struct turn next_turn(beluga__anthropic_encoder *e, size_t begin)
{
    struct turn turn = {.begin = begin, .end = begin};
    for (size_t n = beluga_call_message_count(e->call); turn.end < n; turn.end++) {
        const beluga_message *message = beluga_call_message(e->call, turn.end);
        const beluga_part *only = turn.only;
        if (is_system(message)) continue;
        bool assistant = beluga_message_role(message) == BELUGA_ROLE_AI;
        size_t blocks = count_blocks(e, message, &only);
        if (!blocks)
            beluga__anthropic_warn(e, BELUGA__ANTHROPIC_LEFT_OUT,
                                   "a message with nothing in it is not sent");
        if (!blocks) continue;
        if (turn.blocks && assistant != turn.assistant) break;
        turn.assistant = assistant;
        turn.blocks += blocks;
        turn.only = only;
    }
    if (turn.blocks != 1) turn.only = NULL;
    return turn;
}

/* The API wants the results of tools before all else. */
static void put_turn_blocks(beluga__anthropic_encoder *e, const struct turn *turn, bool results)
{
    for (size_t i = turn->begin; i < turn->end; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        bool result = beluga_message_role(message) == BELUGA_ROLE_TOOL;
        if (!is_system(message) && result == results) put_blocks(e, message);
    }
}

static void put_turn(beluga__anthropic_encoder *e, const struct turn *turn)
{
    if (!turn->blocks) return;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role",
                           beluga__role_name(turn->assistant ? BELUGA_ROLE_AI : BELUGA_ROLE_HUMAN));
    if (turn->only) {
        beluga_json_put_string_n(e->w, "content", turn->only->text,
                                 beluga__anthropic_text_length(e, turn->only));
    } else {
        beluga_json_begin_array(e->w, "content");
        put_turn_blocks(e, turn, true);
        put_turn_blocks(e, turn, false);
        beluga_json_end_array(e->w);
    }
    beluga_json_end_object(e->w);
}

/* What is last in the conversation, when the model said it. */
static const beluga_part *find_prefill(beluga__anthropic_encoder *e)
{
    const beluga_message *message = beluga__last_of_model(e->call);
    size_t i = message ? beluga_message_count(message) : 0;
    while (i-- > 0) {
        const beluga_part *part = beluga_message_part(message, i);
        if (beluga__anthropic_is_sendable(e, part, BELUGA_ROLE_AI)) return part;
    }
    return NULL;
}

void beluga__anthropic_look_at_messages(beluga__anthropic_encoder *e)
{
    e->marks = beluga__count_marks(e->call);
    e->prefill = find_prefill(e);
}

void beluga__anthropic_put_messages(beluga__anthropic_encoder *e)
{
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n;) {
        if (is_system(beluga_call_message(e->call, i))) {
            i++;
            continue;
        }
        struct turn turn = next_turn(e, i);
        put_turn(e, &turn);
        i = turn.end;
    }
    beluga_json_end_array(e->w);
}
