/* Writes messages as items of "input". */
#include "providers/responses/responses.h"

#include <string.h>

/* ---- parts ----------------------------------------------------------------------------------- */

static void put_text(beluga__encoder *e, const char *type, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", type);
    beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
}

static bool has_mark(const beluga__encoder *e, const beluga_part *part)
{
    return part->flags & BELUGA_PART_CACHE && beluga__openai_takes_breakpoints(e);
}

static void drop(beluga__encoder *e)
{
    beluga__encoder_warn_once(e, BELUGA__LOST_MEDIA,
                              "audio, and images and files of system messages and of earlier "
                              "answers, are not sent: Responses has no place for them");
}

/* Returns whether a part can be sent in a message of this role. The API accepts images and files
 * only in human messages and in results of tools. */
static bool takes(beluga__encoder *e, const beluga_part *part, beluga_role role)
{
    bool taken =
        part->kind != BELUGA_PART_AUDIO && (role == BELUGA_ROLE_HUMAN || role == BELUGA_ROLE_TOOL);
    if (part->kind == BELUGA_PART_STATE)
        return false; /* a part that only carries state is sent only in messages of the model */
    if (!beluga__is_media(part) || taken) return true;
    drop(e);
    return false;
}

static void put_part(beluga__encoder *e, const beluga_part *part)
{
    bool remote = part->url && strncmp(part->url, "data:", 5) != 0;
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_text(e, "input_text", part); break;
    case BELUGA_PART_IMAGE:
        beluga_json_put_string(e->w, "type", "input_image");
        beluga_json_put_string(e->w, "detail", "auto");
        beluga__openai_put_url(e, "image_url", part);
        break;
    case BELUGA_PART_FILE:
        beluga_json_put_string(e->w, "type", "input_file");
        if (!remote) beluga_json_put_string(e->w, "filename", part->name ? part->name : "file");
        beluga__openai_put_url(e, remote ? "file_url" : "file_data", part);
        break;
    default: beluga__refuse_role(e, part, BELUGA_ROLE_HUMAN);
    }
    if (has_mark(e, part)) {
        beluga__openai_put_breakpoint(e->w);
        if (part->flags & (BELUGA_PART_CACHE_5M | BELUGA_PART_CACHE_1H))
            beluga__encoder_warn_once(
                e, BELUGA__LOST_TTL,
                "the lifetime of a cache mark is not sent: openai-responses decides it itself");
    }
    beluga_json_end_object(e->w);
}

/* Write the content of a message. A single text is written as a string, and so is a result without
 * content. Other content is written as an array. */
static void put_content(beluga__encoder *e, const char *key, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    const beluga_part *first = NULL;
    size_t count = 0, n = beluga_message_count(message);
    for (size_t i = 0; i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (takes(e, part, role) && !count++) first = part;
    }
    bool marked = first && has_mark(e, first);
    if (count <= 1 && !marked && (!first || first->kind == BELUGA_PART_TEXT)) {
        beluga_json_put_string_n(e->w, key, first ? first->text : "",
                                 first ? first->text_length : 0);
        return;
    }
    beluga_json_begin_array(e->w, key);
    for (size_t i = 0; i < n; i++)
        if (takes(e, beluga_message_part(message, i), role))
            put_part(e, beluga_message_part(message, i));
    beluga_json_end_array(e->w);
}

/* ---- parts of the model's messages ----------------------------------------------------------- */

/* Write reasoning. Its signature in our messages consists of a prefix, the item's id, a colon, and
 * the encrypted content. */
static void put_reasoning(beluga__encoder *e, const beluga_part *part)
{
    size_t length = 0;
    const char *id = beluga__signature_behind(part, BELUGA__RESPONSES_SIGNED, &length);
    const char *colon = id ? memchr(id, ':', length) : NULL;
    if (!colon) {
        beluga__encoder_warn_once(e, BELUGA__LOST_REASONING,
                                  "reasoning that OpenAI did not encrypt is not sent back: it "
                                  "would be refused");
        return;
    }
    size_t n_id = (size_t)(colon - id);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "reasoning");
    if (n_id) beluga_json_put_string_n(e->w, "id", id, n_id);
    beluga_json_begin_array(e->w, "summary");
    if (part->text_length) {
        beluga_json_begin_object(e->w, NULL);
        put_text(e, "summary_text", part);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
    beluga_json_put_string_n(e->w, "encrypted_content", colon + 1, length - n_id - 1);
    beluga_json_end_object(e->w);
}

static void put_call(beluga__encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function_call");
    beluga_json_put_string(e->w, "call_id", part->id);
    beluga_json_put_string(e->w, "name", part->name);
    beluga__put_arguments_text(e, "arguments", part);
    beluga_json_end_object(e->w);
}

static void put_said(beluga__encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "message");
    beluga_json_put_string(e->w, "role", beluga__role_name(BELUGA_ROLE_AI));
    beluga_json_begin_array(e->w, "content");
    beluga_json_begin_object(e->w, NULL);
    put_text(e, "output_text", part);
    beluga_json_end_object(e->w);
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
}

/* Write a part of a message of the model. Each part becomes an item, so that a tool call still
 * comes after the reasoning that led to it. */
static void put_ai_part(beluga__encoder *e, const beluga_part *part)
{
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_said(e, part); break;
    case BELUGA_PART_REASONING: put_reasoning(e, part); break;
    case BELUGA_PART_TOOL_CALL: put_call(e, part); break;
    case BELUGA_PART_STATE: beluga__put_state(e, part); break;
    default: drop(e);
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

static void put_result(beluga__encoder *e, const beluga_message *message)
{
    const char *id = beluga__answered_call(e, message);
    beluga__warn_of_tool_error(e, message, "Responses");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function_call_output");
    beluga_json_put_string(e->w, "call_id", id);
    put_content(e, "output", message);
    beluga_json_end_object(e->w);
}

static void put_message(beluga__encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_TOOL) {
        put_result(e, message);
        return;
    }
    if (role == BELUGA_ROLE_AI) {
        for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
            put_ai_part(e, beluga_message_part(message, i));
        return;
    }
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "message");
    beluga_json_put_string(e->w, "role", beluga__role_name(role));
    put_content(e, "content", message);
    beluga_json_end_object(e->w);
}

void beluga__responses_put_input(beluga__encoder *e)
{
    if (!beluga__body_wants(&e->body, "input")) return;
    if (!beluga__openai_takes_breakpoints(e)) beluga__warn_cache_marks(e->call, e->request);
    beluga_json_begin_array(e->w, "input");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++)
        put_message(e, beluga_call_message(e->call, i));
    beluga_json_end_array(e->w);
}
