/* Writes the results of tools as "functionResponse". */
#include "providers/gemini/gemini.h"

#include <string.h>

/* If the text of a result is a JSON object, write it unchanged. Returns whether it is an object. */
static bool put_object(beluga__gemini_encoder *e, const char *text, size_t length)
{
    beluga_json_doc *doc;
    beluga_error err;
    if (text[strspn(text, " \t\r\n")] != '{') return false;
    int code = beluga_json_parse(text, length, &doc, &err);
    if (code == BELUGA_ERROR_NO_MEMORY)
        beluga__encoder_fail(&e->base, code, "no memory for a tool's result");
    if (code) return false;
    beluga_json_put_raw(e->w, "response", text, length);
    beluga_json_doc_free(doc);
    return true;
}

/* Write a result. "output" and "error" are the API's names for what a tool returned. */
static void put_response(beluga__gemini_encoder *e, const beluga_message *message)
{
    bool failed = beluga_message_is_tool_error(message);
    const beluga_part *only = beluga_message_part(message, 0);
    size_t count = beluga_message_count(message);
    if (count == 1 && only->kind == BELUGA_PART_TEXT && !failed &&
        put_object(e, only->text, only->text_length))
        return;
    beluga_json_begin_object(e->w, "response");
    if (count > 1) beluga_json_begin_array(e->w, failed ? "error" : "output");
    for (size_t i = 0; i < count; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        const char *key = count > 1 ? NULL : failed ? "error" : "output";
        if (part->kind == BELUGA_PART_TEXT)
            beluga_json_put_string_n(e->w, key, part->text, part->text_length);
    }
    if (count > 1) beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
}

static bool has_media(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga__is_media(beluga_message_part(message, i))) return true;
    return false;
}

static void put_media_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_TEXT) beluga__gemini_put_part(e, part);
    }
}

/* Returns whether a function response may contain media, which is so from Gemini 3 on. */
static bool takes_media(const beluga__gemini_encoder *e)
{
    int version = beluga__gemini_version(beluga_call_model(e->call));
    return version != 1 && version != 2;
}

static void put_result(beluga__gemini_encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    const char *id = beluga_message_tool_call_id(message);
    const char *name = id ? beluga__tool_name_of(e->call, id, index) : NULL;
    if (!name)
        beluga__encoder_fail(&e->base, BELUGA_ERROR_INVALID_INPUT,
                             "a tool's message answers a call that no message before it contains: "
                             "Gemini requires the tool's name, which the call has");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "functionResponse");
    beluga__gemini_put_id(e, id ? id : "");
    beluga_json_put_string(e->w, "name", name);
    put_response(e, message);
    if (has_media(message) && takes_media(e)) {
        beluga_json_begin_array(e->w, "parts");
        put_media_parts(e, message);
        beluga_json_end_array(e->w);
    }
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static beluga_role role_at(const beluga__gemini_encoder *e, size_t index)
{
    return beluga_message_role(beluga_call_message(e->call, index));
}

/* Write the media of results as a separate content after the results, for models that don't accept
 * media inside of results. */
static void put_media_after(beluga__gemini_encoder *e, size_t first, size_t end)
{
    bool any = false;
    for (size_t i = first; i < end; i++)
        any = any ||
              (role_at(e, i) == BELUGA_ROLE_TOOL && has_media(beluga_call_message(e->call, i)));
    if (!any || takes_media(e)) return;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", "user");
    beluga_json_begin_array(e->w, "parts");
    for (size_t i = first; i < end; i++)
        if (role_at(e, i) == BELUGA_ROLE_TOOL) put_media_parts(e, beluga_call_message(e->call, i));
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
    beluga_http_request_warn(e->request, "images, audio and files of a tool's result are sent "
                                         "after it: this model takes only text in it");
}

/* Write the results of one answer's tool calls as one content. System messages between the results
 * are written in another place. */
size_t beluga__gemini_put_results(beluga__gemini_encoder *e, size_t index)
{
    size_t n = beluga_call_message_count(e->call), first = index;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", "user");
    beluga_json_begin_array(e->w, "parts");
    for (; index < n &&
           (role_at(e, index) == BELUGA_ROLE_TOOL || role_at(e, index) == BELUGA_ROLE_SYSTEM);
         index++)
        if (role_at(e, index) == BELUGA_ROLE_TOOL) put_result(e, index);
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
    put_media_after(e, first, index);
    return index - 1;
}
