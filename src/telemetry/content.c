/* Writes prompts and answers as attributes with JSON text, as the semantic conventions ask. */
#include "telemetry/content.h"

#include "base/json.h"
#include "telemetry/state.h"

#include <beluga/message.h>
#include <beluga/provider/provider.h>
#include <beluga/response.h>

static const char *role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

static void put_text(beluga_json_writer *w, const char *type, const char *text, size_t length)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", type);
    beluga_json_put_string_n(w, "content", text, length);
    beluga_json_end_object(w);
}

/* Write arguments as JSON if the model wrote JSON, otherwise as a string. */
static void put_arguments(beluga_json_writer *w, const char *text, size_t length)
{
    beluga_json_doc *doc = NULL;
    bool json = beluga_json_parse(text, length, &doc, NULL) == 0;
    beluga_json_doc_free(doc);
    if (json)
        beluga_json_put_raw(w, "arguments", text, length);
    else
        beluga_json_put_string_n(w, "arguments", text, length);
}

static void put_call(beluga_json_writer *w, const char *id, const char *name, const char *arguments,
                     size_t length)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "tool_call");
    beluga_json_put_string(w, "id", id);
    beluga_json_put_string(w, "name", name);
    put_arguments(w, arguments, length);
    beluga_json_end_object(w);
}

/* Describe media by their kind and size. The bytes are not copied. */
static void put_media(beluga_json_writer *w, const beluga_part *part)
{
    static const char *const modalities[] = {
        [BELUGA_PART_IMAGE] = "image", [BELUGA_PART_AUDIO] = "audio", [BELUGA_PART_FILE] = "file"};
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", part->url ? "uri" : "blob");
    beluga_json_put_string(w, "modality", modalities[part->kind]);
    if (part->media_type) beluga_json_put_string(w, "mime_type", part->media_type);
    if (part->url) beluga_json_put_string(w, "uri", part->url);
    if (!part->url) beluga_json_put_int(w, "bytes", (int64_t)part->data_length);
    beluga_json_end_object(w);
}

static void put_part(beluga_json_writer *w, const beluga_message *message, const beluga_part *part)
{
    const char *text = part->text ? part->text : "";
    if (beluga_message_role(message) == BELUGA_ROLE_TOOL && part->kind == BELUGA_PART_TEXT) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "type", "tool_call_response");
        beluga_json_put_string(w, "id", beluga_message_tool_call_id(message));
        beluga_json_put_string_n(w, "response", text, part->text_length);
        beluga_json_end_object(w);
        return;
    }
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_text(w, "text", text, part->text_length); break;
    case BELUGA_PART_REASONING: put_text(w, "reasoning", text, part->text_length); break;
    case BELUGA_PART_TOOL_CALL: put_call(w, part->id, part->name, text, part->text_length); break;
    case BELUGA_PART_IMAGE:
    case BELUGA_PART_AUDIO:
    case BELUGA_PART_FILE: put_media(w, part); break;
    }
}

static void put_parts(beluga_json_writer *w, const beluga_message *message)
{
    for (size_t i = 0; i < beluga_message_count(message); i++)
        put_part(w, message, beluga_message_part(message, i));
}

static void put_message(beluga_json_writer *w, const beluga_message *message)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "role", role_name(beluga_message_role(message)));
    beluga_json_begin_array(w, "parts");
    put_parts(w, message);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
}

/* Add JSON text as an attribute. If the text is longer than the limit of a value, it is left out
 * and counted as dropped, since a text that was cut would not be JSON. */
static void add_json(beluga__span *span, beluga__name name, beluga_json_writer *w)
{
    const char *text, *key = beluga__name_of(name, span->telemetry->settings.latest);
    size_t length;
    bool whole = w && beluga_json_writer_text(w, &text, &length) == 0;
    if (whole && length <= span->telemetry->settings.limits.value_bytes)
        beluga__span_add_text(span, &span->attributes, key, text, length);
    else
        span->attributes.dropped++;
    beluga_json_writer_free(w);
}

static void add_system(beluga__span *span, const beluga_call *call)
{
    beluga_json_writer *w = NULL;
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const beluga_message *message = beluga_call_message(call, i);
        if (beluga_message_role(message) != BELUGA_ROLE_SYSTEM) continue;
        if (!w) {
            if (!(w = beluga_json_writer_new())) return;
            beluga_json_begin_array(w, NULL);
        }
        put_parts(w, message);
    }
    if (!w) return;
    beluga_json_end_array(w);
    add_json(span, BELUGA__NAME_SYSTEM, w);
}

void beluga__content_ask(beluga__span *span, const beluga_call *call)
{
    beluga_json_writer *w = beluga_json_writer_new();
    add_system(span, call);
    if (w) {
        beluga_json_begin_array(w, NULL);
        for (size_t i = 0; i < beluga_call_message_count(call); i++)
            if (beluga_message_role(beluga_call_message(call, i)) != BELUGA_ROLE_SYSTEM)
                put_message(w, beluga_call_message(call, i));
        beluga_json_end_array(w);
    }
    add_json(span, BELUGA__NAME_INPUT_MESSAGES, w);
}

void beluga__content_add(beluga__span *span, const beluga_event *event)
{
    if (!span->content) span->content = beluga_response_builder_new();
    /* a failure is ignored here, since the builder keeps it and reports it at the end */
    if (span->content) beluga_response_builder_add(span->content, event);
}

void beluga__content_end(beluga__span *span)
{
    beluga_response *response = NULL;
    beluga_response_builder_finish(span->content, &response);
    beluga_message *message = response ? beluga_response_message(response) : NULL;
    beluga_json_writer *w = message ? beluga_json_writer_new() : NULL;
    if (w) {
        beluga_json_begin_array(w, NULL);
        put_message(w, message);
        beluga_json_end_array(w);
    }
    add_json(span, BELUGA__NAME_OUTPUT_MESSAGES, w);
    beluga_message_unref(message);
    beluga_response_free(response);
    beluga_response_builder_free(span->content);
    span->content = NULL;
}
