/* Messages: one text each, beside it what was thought, images, and tool calls with objects for
 * arguments. */
#include "providers/ollama/ollama.h"

#include <string.h>

static void fail(beluga__ollama_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

static void put_joined(beluga__ollama_encoder *e, const char *key, const beluga_message *message,
                       uint32_t kind, const char *separator)
{
    if (beluga__put_joined(e->w, key, message, kind, separator))
        fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a message");
}

/* Reasoning that is nothing but a signature is none here. */
static bool has(const beluga_message *message, uint32_t kind)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == kind && (kind != BELUGA_PART_REASONING || part->text_length)) return true;
    }
    return false;
}

/* ---- images ---------------------------------------------------------------------------------- */

static bool is_image(const beluga_part *part)
{
    return part->kind == BELUGA_PART_IMAGE || (part->kind == BELUGA_PART_FILE && part->media_type &&
                                               strncmp(part->media_type, "image/", 6) == 0);
}

/* The base64 of an image by address; NULL for one that Ollama would have to fetch. */
static const char *base64_of(const beluga_part *part)
{
    char media_type[64];
    return beluga__data_url(part->url, media_type, sizeof media_type);
}

static bool is_image_sendable(beluga__ollama_encoder *e, const beluga_part *part)
{
    if (!part->url || base64_of(part)) return true;
    if (!e->dropped_image)
        beluga_http_request_warn(e->request, "an image is not sent: Ollama takes images as bytes "
                                             "or data: URLs in base64 only");
    e->dropped_image = true;
    return false;
}

static void put_images(beluga__ollama_encoder *e, const beluga_message *message)
{
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!is_image(part) || !is_image_sendable(e, part)) continue;
        if (!open) beluga_json_begin_array(e->w, "images");
        open = true;
        if (part->url)
            beluga_json_put_string(e->w, NULL, base64_of(part));
        else
            beluga_json_put_base64(e->w, NULL, "", part->data, part->data_length);
    }
    if (open) beluga_json_end_array(e->w);
}

/* ---- tool calls and their results ------------------------------------------------------------ */

static void put_tool_call(beluga__ollama_encoder *e, const beluga_part *part)
{
    bool wrapped = e->wrapped;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "id", part->id);
    beluga_json_begin_object(e->w, "function");
    beluga_json_put_string(e->w, "name", part->name);
    if (beluga__put_arguments(e->w, "arguments", part, &e->wrapped))
        fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    if (e->wrapped && !wrapped)
        beluga_http_request_warn(e->request, "a tool call's arguments that are not a JSON object "
                                             "are sent as the text \"arguments\" in one");
}

static void put_tool_calls(beluga__ollama_encoder *e, const beluga_message *message)
{
    if (!has(message, BELUGA_PART_TOOL_CALL)) return;
    beluga_json_begin_array(e->w, "tool_calls");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_TOOL_CALL) put_tool_call(e, part);
    }
    beluga_json_end_array(e->w);
}

/* Models are shown the tool's name; the id is for servers that look at it. */
static void put_result(beluga__ollama_encoder *e, const beluga_message *message, size_t index)
{
    const char *id = beluga_message_tool_call_id(message);
    const char *name = id ? beluga__tool_name_of(e->call, id, index) : NULL;
    if (!id)
        fail(e, BELUGA_ERROR_INVALID_INPUT, "a tool's message does not say which call it answers");
    if (name) beluga_json_put_string(e->w, "tool_name", name);
    beluga_json_put_string(e->w, "tool_call_id", id);
    if (!beluga_message_is_tool_error(message) || e->dropped_mark) return;
    e->dropped_mark = true;
    beluga_http_request_warn(
        e->request, "that a tool failed is told by its text alone: Ollama has no mark for it");
}

/* ---- messages -------------------------------------------------------------------------------- */

static void check_part(beluga__ollama_encoder *e, const beluga_part *part, bool ai)
{
    bool of_model = part->kind == BELUGA_PART_REASONING || part->kind == BELUGA_PART_TOOL_CALL;
    if (of_model && !ai)
        fail(e, BELUGA_ERROR_NOT_SUPPORTED, "ollama can't take a part of this kind from this role");
    if (part->kind == BELUGA_PART_STATE) return; /* another provider's */
    if (of_model || part->kind == BELUGA_PART_TEXT || is_image(part) || e->dropped_media) return;
    e->dropped_media = true;
    beluga_http_request_warn(e->request, "audio and files are not sent: Ollama takes none");
}

static void check_parts(beluga__ollama_encoder *e, const beluga_message *message, bool ai)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        check_part(e, beluga_message_part(message, i), ai);
}

/* The texts of an answer are pieces of one; others are texts of their own. */
static void put_message(beluga__ollama_encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    beluga_role role = beluga_message_role(message);
    bool ai = role == BELUGA_ROLE_AI;
    check_parts(e, message, ai);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", beluga__role_name(role));
    put_joined(e, "content", message, BELUGA_PART_TEXT, ai ? "" : "\n");
    if (has(message, BELUGA_PART_REASONING))
        put_joined(e, "thinking", message, BELUGA_PART_REASONING, "");
    put_images(e, message);
    put_tool_calls(e, message);
    if (role == BELUGA_ROLE_TOOL) put_result(e, message, index);
    beluga_json_end_object(e->w);
}

void beluga__ollama_put_messages(beluga__ollama_encoder *e)
{
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) put_message(e, i);
    beluga_json_end_array(e->w);
}
