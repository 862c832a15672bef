#include "providers/cohere/cohere.h"
#include "providers/openai/openai.h"

#include <string.h>

/* ---- parts ----------------------------------------------------------------------------------- */

static bool is_plan(const beluga_part *part)
{
    size_t rest = 1;
    return part->kind == BELUGA_PART_REASONING &&
           beluga__signature_behind(part, BELUGA__COHERE_PLAN, &rest) && !rest;
}

/* Returns whether a part of an answer is sent in a member other than "content". */
static bool is_beside_content(const beluga_part *part)
{
    return part->kind == BELUGA_PART_TOOL_CALL || is_plan(part);
}

/* Returns whether a part is sent as a part of the content. Warns about parts that are left out. */
static bool is_sendable(beluga__encoder *e, const beluga_part *part, beluga_role role)
{
    if (beluga__refuse_role(e, part, role)) return false;
    if (part->kind == BELUGA_PART_STATE || is_beside_content(part)) return false;
    if (part->kind == BELUGA_PART_TEXT) return part->text_length > 0;
    if (part->kind == BELUGA_PART_REASONING) {
        if (part->text_length) return true;
        beluga__encoder_warn_once(e, BELUGA__LOST_REASONING,
                                  "reasoning that can't be read is not sent back: it is another "
                                  "provider's");
        return false;
    }
    if (beluga__is_image(part) && role == BELUGA_ROLE_HUMAN) return true;
    beluga__encoder_warn_once(e, BELUGA__LOST_MEDIA,
                              "audio, files, and images that are not in human messages are not "
                              "sent: cohere takes none");
    return false;
}

static void put_part(beluga__encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    if (part->kind == BELUGA_PART_TEXT) {
        beluga_json_put_string(e->w, "type", "text");
        beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
    } else if (part->kind == BELUGA_PART_REASONING) {
        beluga_json_put_string(e->w, "type", "thinking");
        beluga_json_put_string_n(e->w, "thinking", part->text, part->text_length);
    } else {
        beluga_json_put_string(e->w, "type", "image_url");
        beluga_json_begin_object(e->w, "image_url");
        beluga__openai_put_url(e, "url", part);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_object(e->w);
}

/* ---- messages -------------------------------------------------------------------------------- */

static size_t content_count(beluga__encoder *e, const beluga_message *message,
                            const beluga_part **first)
{
    size_t count = 0;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (is_sendable(e, part, beluga_message_role(message)) && !count++) *first = part;
    }
    return count;
}

static bool has_beside_content(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (is_beside_content(beluga_message_part(message, i))) return true;
    return false;
}

static void put_content(beluga__encoder *e, const beluga_message *message, beluga_role role)
{
    const beluga_part *first = NULL;
    size_t count = content_count(e, message, &first);
    if (!count) {
        if (!has_beside_content(message)) beluga_json_put_string(e->w, "content", "");
        return;
    }
    if (count == 1 && first->kind == BELUGA_PART_TEXT) {
        beluga_json_put_string_n(e->w, "content", first->text, first->text_length);
        return;
    }
    beluga_json_begin_array(e->w, "content");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (is_sendable(e, part, role)) put_part(e, part);
    }
    beluga_json_end_array(e->w);
}

static void put_tool_calls(beluga__encoder *e, const beluga_message *message)
{
    const beluga_part *plan = NULL;
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (is_plan(part) && !plan) plan = part;
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        if (!open) beluga_json_begin_array(e->w, "tool_calls");
        open = true;
        beluga__openai_begin_tool_call(e, part, part->id ? part->id : "");
        beluga_json_end_object(e->w);
    }
    if (open) beluga_json_end_array(e->w);
    if (plan) beluga_json_put_string_n(e->w, "tool_plan", plan->text, plan->text_length);
}

static void put_message(beluga__encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", beluga__role_name(role));
    if (role == BELUGA_ROLE_TOOL) {
        const char *id = beluga__answered_call(e, message);
        beluga__warn_of_tool_error(e, message, "cohere");
        beluga_json_put_string(e->w, "tool_call_id", id);
    }
    put_content(e, message, role);
    if (role == BELUGA_ROLE_AI) put_tool_calls(e, message);
    beluga_json_end_object(e->w);
}

void beluga__cohere_put_messages(beluga__encoder *e)
{
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++)
        put_message(e, beluga_call_message(e->call, i));
    beluga_json_end_array(e->w);
}
