#include "providers/cohere/cohere.h"
#include "providers/openai/openai.h"

#include <string.h>

struct encoder {
    beluga_http_request *request;
    beluga_json_writer *w;
    beluga_error *err;
    int status;
    bool dropped_mark, dropped_media, dropped_reasoning, wrapped; /* already warned about */
};

static void fail(struct encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool is_plan(const beluga_part *part)
{
    return part->kind == BELUGA_PART_REASONING &&
           part->signature_length == sizeof BELUGA__COHERE_PLAN - 1 &&
           memcmp(part->signature, BELUGA__COHERE_PLAN, part->signature_length) == 0;
}

/* Parts of an answer that are not in its "content". */
static bool is_beside_content(const beluga_part *part)
{
    return part->kind == BELUGA_PART_TOOL_CALL || is_plan(part);
}

static void put_image(struct encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "image_url");
    beluga_json_begin_object(e->w, "image_url");
    int code = beluga__openai_put_url(e->w, "url", part, e->status ? NULL : e->err);
    if (!e->status) e->status = code;
    beluga_json_end_object(e->w);
}

static bool is_image(const beluga_part *part)
{
    return part->kind == BELUGA_PART_IMAGE || (part->kind == BELUGA_PART_FILE && part->media_type &&
                                               strncmp(part->media_type, "image/", 6) == 0);
}

static bool is_reasoning_sendable(struct encoder *e, const beluga_part *part)
{
    if (part->text_length) return true;
    if (!e->dropped_reasoning)
        beluga_http_request_warn(e->request, "reasoning that can't be read is not sent back: it "
                                             "is another provider's");
    e->dropped_reasoning = true;
    return false;
}

/* Whether a part becomes one of the content's; what is lost is warned about. */
static bool is_sendable(struct encoder *e, const beluga_part *part, beluga_role role)
{
    bool of_model = part->kind == BELUGA_PART_REASONING || part->kind == BELUGA_PART_TOOL_CALL;
    if (of_model && role != BELUGA_ROLE_AI) {
        fail(e, BELUGA_ERROR_NOT_SUPPORTED, "cohere can't take a part of this kind from this role");
        return false;
    }
    if (part->kind == BELUGA_PART_STATE) return false; /* another provider's */
    if (part->kind == BELUGA_PART_TEXT) return part->text_length > 0;
    if (is_beside_content(part)) return false;
    if (part->kind == BELUGA_PART_REASONING) return is_reasoning_sendable(e, part);
    if (is_image(part) && role == BELUGA_ROLE_HUMAN) return true;
    if (!e->dropped_media)
        beluga_http_request_warn(e->request, "audio, files, and images that are not in human "
                                             "messages are not sent: cohere takes none");
    e->dropped_media = true;
    return false;
}

static void put_part(struct encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    if (part->kind == BELUGA_PART_TEXT) {
        beluga_json_put_string(e->w, "type", "text");
        beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
    } else if (part->kind == BELUGA_PART_REASONING) {
        beluga_json_put_string(e->w, "type", "thinking");
        beluga_json_put_string_n(e->w, "thinking", part->text, part->text_length);
    } else {
        put_image(e, part);
    }
    beluga_json_end_object(e->w);
}

/* ---- messages -------------------------------------------------------------------------------- */

static size_t content_count(struct encoder *e, const beluga_message *message,
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

static void put_content(struct encoder *e, const beluga_message *message, beluga_role role)
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

static void put_tool_call(struct encoder *e, const beluga_part *part)
{
    bool wrapped = e->wrapped;
    if (beluga__openai_put_tool_call(e->w, part, &e->wrapped))
        fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    if (e->wrapped && !wrapped) beluga_http_request_warn(e->request, BELUGA__WRAPPED);
}

static void put_tool_calls(struct encoder *e, const beluga_message *message)
{
    const beluga_part *plan = NULL;
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (is_plan(part) && !plan) plan = part;
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        if (!open) beluga_json_begin_array(e->w, "tool_calls");
        open = true;
        put_tool_call(e, part);
    }
    if (open) beluga_json_end_array(e->w);
    if (plan) beluga_json_put_string_n(e->w, "tool_plan", plan->text, plan->text_length);
}

static void put_tool_result(struct encoder *e, const beluga_message *message)
{
    const char *id = beluga_message_tool_call_id(message);
    if (!id)
        fail(e, BELUGA_ERROR_INVALID_INPUT, "a tool's message does not say which call it answers");
    if (beluga_message_is_tool_error(message) && !e->dropped_mark) {
        e->dropped_mark = true;
        beluga_http_request_warn(e->request, "that a tool failed is told by its text alone: cohere "
                                             "has no mark for it");
    }
    beluga_json_put_string(e->w, "tool_call_id", id);
}

static void put_message(struct encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", beluga__role_name(role));
    if (role == BELUGA_ROLE_TOOL) put_tool_result(e, message);
    put_content(e, message, role);
    if (role == BELUGA_ROLE_AI) put_tool_calls(e, message);
    beluga_json_end_object(e->w);
}

int beluga__cohere_put_messages(const beluga_call *call, beluga_http_request *request,
                                beluga_json_writer *w, beluga_error *err)
{
    struct encoder e = {.request = request, .w = w, .err = err};
    beluga_json_begin_array(w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(call); i < n; i++)
        put_message(&e, beluga_call_message(call, i));
    beluga_json_end_array(w);
    return e.status;
}
