/* Writes messages. A message has one text; thoughts, images and tool calls are separate members.
 * The arguments of tool calls are objects. */
#include "providers/ollama/ollama.h"

#include <string.h>

/* ---- images ---------------------------------------------------------------------------------- */

/* Returns the base64 in the data: URL of an image; NULL for another URL, which Ollama would have to
 * fetch. */
static const char *base64_of(const beluga_part *part)
{
    char media_type[64];
    return beluga__data_url(part->url, media_type, sizeof media_type);
}

static bool is_image_sendable(beluga__encoder *e, const beluga_part *part)
{
    if (!part->url || base64_of(part)) return true;
    beluga__encoder_warn_once(e, BELUGA__LOST_IMAGE,
                              "an image is not sent: Ollama takes images as bytes or data: URLs in "
                              "base64 only");
    return false;
}

static void put_images(beluga__encoder *e, const beluga_message *message)
{
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__is_image(part) || !is_image_sendable(e, part)) continue;
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

static void put_tool_calls(beluga__encoder *e, const beluga_message *message)
{
    if (!beluga__has_part(message, BELUGA_PART_TOOL_CALL)) return;
    beluga_json_begin_array(e->w, "tool_calls");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        beluga_json_begin_object(e->w, NULL);
        beluga_json_put_string(e->w, "id", part->id);
        beluga_json_begin_object(e->w, "function");
        beluga_json_put_string(e->w, "name", part->name);
        beluga__put_arguments(e, "arguments", part);
        beluga_json_end_object(e->w);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}

/* Write the members of a tool's result. Models get the tool's name; some servers use the id. */
static void put_result(beluga__encoder *e, const beluga_message *message, size_t index)
{
    const char *id = beluga__answered_call(e, message);
    const char *name = beluga__tool_name_of(e->call, id, index);
    if (name) beluga_json_put_string(e->w, "tool_name", name);
    beluga_json_put_string(e->w, "tool_call_id", id);
    beluga__warn_of_tool_error(e, message, "Ollama");
}

/* ---- messages -------------------------------------------------------------------------------- */

static void check_part(beluga__encoder *e, const beluga_part *part, beluga_role role)
{
    beluga__refuse_role(e, part, role);
    if (beluga__is_media(part) && !beluga__is_image(part))
        beluga__encoder_warn_once(e, BELUGA__LOST_MEDIA,
                                  "audio and files are not sent: Ollama takes none");
}

/* Returns whether a message has reasoning with text. Some reasoning has only a signature. */
static bool has_thoughts(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_REASONING && part->text_length) return true;
    }
    return false;
}

/* Write a message. The texts of an answer are joined without separators, since they are pieces of
 * one text; the texts of other messages are put on separate lines. */
static void put_message(beluga__encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    beluga_role role = beluga_message_role(message);
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        check_part(e, beluga_message_part(message, i), role);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", beluga__role_name(role));
    beluga__put_joined(e, "content", message, BELUGA_PART_TEXT, role == BELUGA_ROLE_AI ? "" : "\n");
    if (has_thoughts(message))
        beluga__put_joined(e, "thinking", message, BELUGA_PART_REASONING, "");
    put_images(e, message);
    put_tool_calls(e, message);
    if (role == BELUGA_ROLE_TOOL) put_result(e, message, index);
    beluga_json_end_object(e->w);
}

void beluga__ollama_put_messages(beluga__encoder *e)
{
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) put_message(e, i);
    beluga_json_end_array(e->w);
}
