#include "providers/openai/openai.h"

#include <string.h>

static void fail(beluga__openai_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

/* `what` goes on after the provider's name. */
static void refuse(beluga__openai_encoder *e, const char *what)
{
    if (e->status) return;
    e->status = beluga_error_set(e->err, BELUGA_ERROR_NOT_SUPPORTED, "%s %s", e->name, what);
}

static bool is_mistral(const beluga__openai_encoder *e)
{
    return e->host->quirks & BELUGA__OPENAI_MISTRAL;
}

/* ---- parts of messages ----------------------------------------------------------------------- */

static void put_text(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
}

int beluga__openai_put_url(beluga_json_writer *w, const char *key, const beluga_part *part,
                           beluga_error *err)
{
    char prefix[160];
    if (part->url) {
        beluga_json_put_string(w, key, part->url);
        return 0;
    }
    size_t n = strlen(part->media_type);
    if (n > sizeof prefix - sizeof "data:;base64,")
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "a part's media type is too long");
    memcpy(prefix, "data:", 5);
    memcpy(prefix + 5, part->media_type, n);
    memcpy(prefix + 5 + n, ";base64,", sizeof ";base64,");
    beluga_json_put_base64(w, key, prefix, part->data, part->data_length);
    return 0;
}

static void put_url(beluga__openai_encoder *e, const char *key, const beluga_part *part)
{
    int code = beluga__openai_put_url(e->w, key, part, e->status ? NULL : e->err);
    if (!e->status) e->status = code;
}

static void put_image(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "image_url");
    beluga_json_begin_object(e->w, "image_url");
    put_url(e, "url", part);
    beluga_json_end_object(e->w);
}

static const char *audio_format(const char *media_type)
{
    static const char *const types[][2] = {{"audio/wav", "wav"},  {"audio/x-wav", "wav"},
                                           {"audio/wave", "wav"}, {"audio/vnd.wave", "wav"},
                                           {"audio/mpeg", "mp3"}, {"audio/mp3", "mp3"}};
    for (size_t i = 0; media_type && i < sizeof types / sizeof *types; i++)
        if (strcmp(media_type, types[i][0]) == 0) return types[i][1];
    return NULL;
}

/* Mistral finds out the format itself. */
static void put_bare_audio(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "input_audio");
    if (part->url)
        beluga_json_put_string(e->w, "input_audio", part->url);
    else
        beluga_json_put_base64(e->w, "input_audio", "", part->data, part->data_length);
}

static void put_audio(beluga__openai_encoder *e, const beluga_part *part)
{
    const char *format = audio_format(part->media_type);
    if (is_mistral(e)) {
        put_bare_audio(e, part);
        return;
    }
    if (part->url || !format) {
        refuse(e, "takes audio as bytes of type audio/wav or audio/mpeg only");
        return;
    }
    beluga_json_put_string(e->w, "type", "input_audio");
    beluga_json_begin_object(e->w, "input_audio");
    beluga_json_put_base64(e->w, "data", "", part->data, part->data_length);
    beluga_json_put_string(e->w, "format", format);
    beluga_json_end_object(e->w);
}

static void put_document(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "document_url");
    put_url(e, "document_url", part);
    if (part->name) beluga_json_put_string(e->w, "document_name", part->name);
}

static void put_file(beluga__openai_encoder *e, const beluga_part *part)
{
    if (is_mistral(e)) {
        put_document(e, part);
        return;
    }
    if (part->url && strncmp(part->url, "data:", 5) != 0) {
        refuse(e, "takes files as bytes or data: URLs only");
        return;
    }
    beluga_json_put_string(e->w, "type", "file");
    beluga_json_begin_object(e->w, "file");
    beluga_json_put_string(e->w, "filename", part->name ? part->name : "file");
    put_url(e, "file_data", part);
    beluga_json_end_object(e->w);
}

/* Mistral's place for it is the content. */
static void put_thinking(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "thinking");
    beluga_json_begin_array(e->w, "thinking");
    beluga_json_begin_object(e->w, NULL);
    put_text(e, part);
    beluga_json_end_object(e->w);
    beluga_json_end_array(e->w);
}

static void put_part(beluga__openai_encoder *e, const beluga_part *part, bool ai)
{
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_text(e, part); break;
    case BELUGA_PART_IMAGE: put_image(e, part); break;
    case BELUGA_PART_AUDIO: put_audio(e, part); break;
    case BELUGA_PART_FILE: put_file(e, part); break;
    default:
        if (ai && part->kind == BELUGA_PART_REASONING)
            put_thinking(e, part);
        else
            refuse(e, "can't take a part of this kind from this role");
    }
    beluga_json_end_object(e->w);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Parts of an answer that are not "content" in this protocol. */
static bool is_beside_content(const beluga__openai_encoder *e, const beluga_part *part)
{
    return part->kind == BELUGA_PART_TOOL_CALL ||
           (part->kind == BELUGA_PART_REASONING && !is_mistral(e));
}

static size_t content_count(const beluga__openai_encoder *e, const beluga_message *message, bool ai,
                            const beluga_part **first)
{
    size_t count = 0;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (ai && is_beside_content(e, part)) continue;
        if (!count++) *first = part;
    }
    return count;
}

/* One text is a string, which every host understands; anything else an array of parts. */
static void put_content(beluga__openai_encoder *e, const beluga_message *message, bool ai)
{
    const beluga_part *first = NULL;
    size_t count = content_count(e, message, ai, &first);
    if (!count && ai && beluga_message_count(message)) {
        beluga_json_put_null(e->w, "content");
    } else if (!count) {
        beluga_json_put_string(e->w, "content", "");
    } else if (count == 1 && first->kind == BELUGA_PART_TEXT) {
        beluga_json_put_string_n(e->w, "content", first->text, first->text_length);
    } else {
        beluga_json_begin_array(e->w, "content");
        for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
            const beluga_part *part = beluga_message_part(message, i);
            if (!ai || !is_beside_content(e, part)) put_part(e, part, ai);
        }
        beluga_json_end_array(e->w);
    }
}

/* Only the human's messages may hold more than text. */
static void want_text_only(beluga__openai_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        uint32_t kind = beluga_message_part(message, i)->kind;
        if (kind == BELUGA_PART_IMAGE || kind == BELUGA_PART_AUDIO || kind == BELUGA_PART_FILE)
            refuse(e, "takes images, audio and files in human messages only");
    }
}

/* ---- reasoning of earlier answers ------------------------------------------------------------ */

static bool has_reasoning(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga_message_part(message, i)->kind == BELUGA_PART_REASONING) return true;
    return false;
}

/* It may have come in several blocks; the host gave and takes one text. */
static void put_reasoning(beluga__openai_encoder *e, const beluga_message *message)
{
    if (!has_reasoning(message) || is_mistral(e)) return;
    if (e->host->reasoning_field) {
        if (beluga__put_joined(e->w, e->host->reasoning_field, message, BELUGA_PART_REASONING, ""))
            fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for the reasoning of an earlier answer");
    } else if (!e->dropped_reasoning) {
        e->dropped_reasoning = true;
        beluga_http_request_warn(e->request, "the reasoning of earlier answers is not sent back: "
                                             "Chat Completions has no place for it");
    }
}

/* ---- tool calls and their results ------------------------------------------------------------ */

void beluga__openai_put_tool_call(beluga_json_writer *w, const beluga_part *part)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", part->id ? part->id : "");
    beluga_json_put_string(w, "type", "function");
    beluga_json_begin_object(w, "function");
    beluga_json_put_string(w, "name", part->name ? part->name : "");
    if (part->text_length)
        beluga_json_put_string_n(w, "arguments", part->text, part->text_length);
    else
        beluga_json_put_string(w, "arguments", "{}");
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

static void put_tool_calls(beluga__openai_encoder *e, const beluga_message *message)
{
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        if (!open) beluga_json_begin_array(e->w, "tool_calls");
        open = true;
        beluga__openai_put_tool_call(e->w, part);
    }
    if (open) beluga_json_end_array(e->w);
}

static void put_tool_result(beluga__openai_encoder *e, const beluga_message *message)
{
    const char *id = beluga_message_tool_call_id(message);
    if (!id)
        fail(e, BELUGA_ERROR_INVALID_INPUT, "a tool's message does not say which call it answers");
    if (beluga_message_is_tool_error(message) && !e->dropped_mark) {
        e->dropped_mark = true;
        beluga_http_request_warn(e->request, "that a tool failed is told by its text alone: "
                                             "Chat Completions has no mark for it");
    }
    beluga_json_put_string(e->w, "tool_call_id", id);
}

/* ---- one message ----------------------------------------------------------------------------- */

static const char *role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

static void put_message(beluga__openai_encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", role_name(role));
    if (role == BELUGA_ROLE_TOOL) put_tool_result(e, message);
    if (role != BELUGA_ROLE_HUMAN) want_text_only(e, message);
    put_content(e, message, role == BELUGA_ROLE_AI);
    if (role == BELUGA_ROLE_AI) {
        put_reasoning(e, message);
        put_tool_calls(e, message);
    }
    beluga_json_end_object(e->w);
}

void beluga__openai_put_messages(beluga__openai_encoder *e)
{
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga__warn_cache_marks(e->call, e->request);
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++)
        put_message(e, beluga_call_message(e->call, i));
    beluga_json_end_array(e->w);
}
