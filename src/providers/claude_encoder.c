#include "providers/claude_encoder.h"

#include "providers/common.h"

#include <string.h>

/* ---- options --------------------------------------------------------------------------------- */

void beluga__claude_put_temperature(beluga__claude_encoder *e, beluga__body *object)
{
    double value;
    if (!beluga_call_get_double(e->call, BELUGA_OPTION_TEMPERATURE, &value) ||
        !beluga__body_wants(object, "temperature"))
        return;
    if (value > 1)
        beluga_http_request_warn(e->request, "temperature %g is sent as 1: %s takes 0 to 1", value,
                                 e->name);
    beluga_json_put_double(e->w, "temperature", value > 1 ? 1 : value);
}

/* Write "thinking". The newest models do not show their thoughts unless the request asks for
 * "display". */
void beluga__claude_put_thinking(beluga__claude_encoder *e, beluga__body *body)
{
    const beluga__claude_plan *plan = &e->plan;
    beluga__body object;
    beluga__body_begin_object(body, "thinking", &object);
    if (plan->mode && beluga__body_wants(&object, "type")) {
        beluga_json_put_string(e->w, "type", beluga__claude_mode_name(plan->mode));
        if (plan->mode == BELUGA__CLAUDE_ENABLED && beluga__body_wants(&object, "budget_tokens"))
            beluga_json_put_int(e->w, "budget_tokens", plan->budget);
        if (plan->mode == BELUGA__CLAUDE_ADAPTIVE && e->model.known &&
            beluga__body_wants(&object, "display"))
            beluga_json_put_string(e->w, "display", "summarized");
    }
    beluga__encoder_end_object(&e->base, &object);
}

const char *beluga__claude_choice(const char *choice)
{
    if (!choice || strcmp(choice, "auto") == 0) return "auto";
    if (strcmp(choice, "none") == 0) return "none";
    return strcmp(choice, "required") == 0 ? "any" : "tool";
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool is_text_sendable(beluga__claude_encoder *e, const beluga_part *part)
{
    if (!beluga__is_blank(part->text, part->text_length)) return true;
    if (part->text_length)
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_BLANK_TEXT,
                                  "a text of white space alone is not sent: %s refuses it",
                                  e->name);
    if (part->flags & BELUGA_PART_CACHE)
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_MARK,
                                  "a cache mark is not sent: its part is empty");
    return false;
}

bool beluga__claude_is_sendable(beluga__claude_encoder *e, const beluga_part *part,
                                beluga_role role)
{
    if (beluga__refuse_role(&e->base, part, role)) return false;
    switch (part->kind) {
    case BELUGA_PART_TEXT: return is_text_sendable(e, part);
    case BELUGA_PART_TOOL_CALL: return true;
    case BELUGA_PART_REASONING: return e->protocol->is_reasoning_sendable(e, part);
    case BELUGA_PART_STATE:
        return role == BELUGA_ROLE_AI && beluga_call_get_state(e->call, part, NULL);
    default: return e->protocol->is_media_sendable(e, part, role);
    }
}

size_t beluga__claude_text_length(beluga__claude_encoder *e, const beluga_part *part)
{
    size_t n = part->text_length;
    while (part == e->prefill && n && beluga__is_blank(part->text + n - 1, 1)) n--;
    if (n < part->text_length)
        beluga__encoder_warn_once(&e->base, BELUGA__CUT_TEXT,
                                  "white space at the end of the text that the answer continues is "
                                  "not sent: %s refuses it",
                                  e->protocol->refuses);
    return n;
}

const beluga_part *beluga__claude_find_prefill(beluga__claude_encoder *e)
{
    const beluga_message *message = beluga__last_of_model(e->call);
    size_t i = message ? beluga_message_count(message) : 0;
    while (i-- > 0) {
        const beluga_part *part = beluga_message_part(message, i);
        if (beluga__claude_is_sendable(e, part, BELUGA_ROLE_AI)) return part;
    }
    return NULL;
}

/* ---- turns ----------------------------------------------------------------------------------- */

static bool is_system(const beluga_message *message)
{
    return beluga_message_role(message) == BELUGA_ROLE_SYSTEM;
}

bool beluga__claude_is_system(beluga__claude_encoder *e, const beluga_message *message,
                              bool *others)
{
    bool system = is_system(message);
    if (system && *others)
        beluga__encoder_warn_once(&e->base, BELUGA__MOVED_SYSTEM,
                                  "system messages are sent before all others: %s has no other "
                                  "place for them",
                                  e->protocol->name);
    *others = *others || !system;
    return system;
}

/* A turn: the messages from index `begin` to `end` - 1. */
typedef struct message_turn {
    size_t begin, end, blocks;
    bool assistant;
    const beluga_part *only; /* the only block, if it is plain text */
} message_turn;

/* Count the blocks of a message. If the protocol has no short form for a single text, counting
 * stops at the first block. */
static size_t count_blocks(beluga__claude_encoder *e, const beluga_message *message,
                           const beluga_part **only)
{
    size_t count = 0, most = e->protocol->has_plain_text ? SIZE_MAX : 1;
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_TOOL) return 1;
    for (size_t i = 0, n = beluga_message_count(message); i < n && count < most; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__claude_is_sendable(e, part, role)) continue;
        bool plain = part->kind == BELUGA_PART_TEXT && !part->flags && !part->state;
        *only = plain ? part : NULL;
        count++;
    }
    if (!count)
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_MESSAGE,
                                  "a message with nothing in it is not sent");
    return count;
}

/* Find the turn that begins at a message. A message without blocks does not end a turn. */
static message_turn next_turn(beluga__claude_encoder *e, size_t begin)
{
    message_turn turn = {.begin = begin, .end = begin};
    for (size_t n = beluga_call_message_count(e->call); turn.end < n; turn.end++) {
        const beluga_message *message = beluga_call_message(e->call, turn.end);
        const beluga_part *only = turn.only;
        size_t blocks = is_system(message) ? 0 : count_blocks(e, message, &only);
        bool assistant = beluga_message_role(message) == BELUGA_ROLE_AI;
        if (!blocks) continue;
        if (turn.blocks && assistant != turn.assistant) break;
        turn.assistant = assistant;
        turn.blocks += blocks;
        turn.only = only;
    }
    if (turn.blocks != 1 || !e->protocol->has_plain_text) turn.only = NULL;
    return turn;
}

/* Write the results of tools, or all other blocks. Claude requires the results first. */
static void put_blocks(beluga__claude_encoder *e, const message_turn *turn, bool results)
{
    const beluga__claude_protocol *protocol = e->protocol;
    for (size_t i = turn->begin; i < turn->end; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        beluga_role role = beluga_message_role(message);
        if (role == BELUGA_ROLE_SYSTEM || (role == BELUGA_ROLE_TOOL) != results) continue;
        if (results) protocol->put_tool_result(e, message);
        for (size_t k = 0, n = results ? 0 : beluga_message_count(message); k < n; k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (!beluga__claude_is_sendable(e, part, role)) continue;
            if (part->kind == BELUGA_PART_STATE)
                beluga__put_state(&e->base, part);
            else
                protocol->put_block(e, part);
            if (protocol->put_mark_behind) protocol->put_mark_behind(e, part);
        }
    }
}

void beluga__claude_put_messages(beluga__claude_encoder *e)
{
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n;) {
        message_turn turn = next_turn(e, i);
        i = turn.end;
        if (!turn.blocks) continue;
        beluga_role role = turn.assistant ? BELUGA_ROLE_AI : BELUGA_ROLE_HUMAN;
        beluga_json_begin_object(e->w, NULL);
        beluga_json_put_string(e->w, "role", beluga__role_name(role));
        if (turn.only) {
            beluga_json_put_string_n(e->w, "content", turn.only->text,
                                     beluga__claude_text_length(e, turn.only));
        } else {
            beluga_json_begin_array(e->w, "content");
            put_blocks(e, &turn, true);
            put_blocks(e, &turn, false);
            beluga_json_end_array(e->w);
        }
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}
