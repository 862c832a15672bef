/* Messages as "contents" and "systemInstruction".
 *
 * What a model signs goes back as it came. A signature that is not of reasoning stands in a message
 * as reasoning without text, before the text or the tool call that it signs. */
#include "providers/gemini/gemini.h"

#include <string.h>

static void fail(beluga__gemini_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool is_media(const beluga_part *part)
{
    return part->kind == BELUGA_PART_IMAGE || part->kind == BELUGA_PART_AUDIO ||
           part->kind == BELUGA_PART_FILE;
}

static void put_file_data(beluga__gemini_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, "fileData");
    if (part->media_type) beluga_json_put_string(e->w, "mimeType", part->media_type);
    beluga_json_put_string(e->w, "fileUri", part->url);
    beluga_json_end_object(e->w);
}

static void put_media(beluga__gemini_encoder *e, const beluga_part *part)
{
    char media_type[128];
    const char *base64 =
        part->url ? beluga__data_url(part->url, media_type, sizeof media_type) : NULL;
    if (part->url && !base64) {
        if (strncmp(part->url, "data:", 5) == 0)
            fail(e, BELUGA_ERROR_NOT_SUPPORTED, "gemini takes data: URLs in base64 only");
        put_file_data(e, part);
        return;
    }
    beluga_json_begin_object(e->w, "inlineData");
    beluga_json_put_string(e->w, "mimeType", base64 ? media_type : part->media_type);
    if (base64)
        beluga_json_put_string(e->w, "data", base64);
    else
        beluga_json_put_base64(e->w, "data", "", part->data, part->data_length);
    beluga_json_end_object(e->w);
}

/* Only ids that the API gave mean something to it. */
static void put_id(beluga__gemini_encoder *e, const char *id)
{
    if (!*id || strncmp(id, BELUGA__GEMINI_MADE_UP_ID, strlen(BELUGA__GEMINI_MADE_UP_ID)) == 0)
        return;
    beluga_json_put_string(e->w, "id", id);
}

static void put_function_call(beluga__gemini_encoder *e, const beluga_part *part)
{
    const char *arguments = part->text_length ? part->text : "{}";
    beluga_json_begin_object(e->w, "functionCall");
    put_id(e, part->id);
    beluga_json_put_string(e->w, "name", part->name);
    beluga_json_put_raw(e->w, "args", arguments, part->text_length ? part->text_length : 2);
    beluga_json_end_object(e->w);
}

static void put_members(beluga__gemini_encoder *e, const beluga_part *part, bool ai)
{
    if (part->kind == BELUGA_PART_TEXT || (ai && part->kind == BELUGA_PART_REASONING))
        beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
    else if (ai && part->kind == BELUGA_PART_TOOL_CALL)
        put_function_call(e, part);
    else if (is_media(part))
        put_media(e, part);
    else
        fail(e, BELUGA_ERROR_NOT_SUPPORTED, "gemini can't take a part of this kind from this role");
}

static void put_signature(beluga__gemini_encoder *e, const beluga_part *part)
{
    if (part && part->signature)
        beluga_json_put_string_n(e->w, "thoughtSignature", part->signature, part->signature_length);
}

/* ---- the model's ----------------------------------------------------------------------------- */

static void put_model_part(beluga__gemini_encoder *e, const beluga_part *part,
                           const beluga_part *mark)
{
    beluga_json_begin_object(e->w, NULL);
    put_members(e, part, true);
    if (part->kind == BELUGA_PART_REASONING && part != mark)
        beluga_json_put_bool(e->w, "thought", true);
    put_signature(e, part);
    if (part != mark) put_signature(e, mark);
    beluga_json_end_object(e->w);
}

/* Reasoning that is nothing but a signature: it signs what follows. */
static bool is_mark(const beluga_part *part)
{
    return part->kind == BELUGA_PART_REASONING && !part->text_length;
}

/* A mark that nothing follows goes back with an empty text, as it came. */
static void put_model_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    const beluga_part *mark = NULL;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        bool signs_nothing = mark && part->kind == BELUGA_PART_REASONING;
        if (signs_nothing) put_model_part(e, mark, mark);
        if (!is_mark(part)) put_model_part(e, part, signs_nothing ? NULL : mark);
        mark = is_mark(part) && part->signature ? part : NULL;
    }
    if (mark) put_model_part(e, mark, mark);
}

/* ---- the others' ----------------------------------------------------------------------------- */

static void put_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        beluga_json_begin_object(e->w, NULL);
        put_members(e, beluga_message_part(message, i), false);
        beluga_json_end_object(e->w);
    }
}

/* The API refuses a content without parts. */
static void put_empty_part(beluga__gemini_encoder *e)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "text", "");
    beluga_json_end_object(e->w);
}

static void put_content(beluga__gemini_encoder *e, const beluga_message *message)
{
    bool ai = beluga_message_role(message) == BELUGA_ROLE_AI;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", ai ? "model" : "user");
    beluga_json_begin_array(e->w, "parts");
    if (!beluga_message_count(message)) put_empty_part(e);
    if (ai)
        put_model_parts(e, message);
    else
        put_parts(e, message);
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
}

/* ---- results of tools ------------------------------------------------------------------------ */

/* A result that is a JSON object is sent as one. Returns whether it was. */
static bool put_object(beluga__gemini_encoder *e, const char *text, size_t length)
{
    beluga_json_doc *doc;
    beluga_error err;
    if (text[strspn(text, " \t\r\n")] != '{') return false;
    int code = beluga_json_parse(text, length, &doc, &err);
    if (code == BELUGA_ERROR_NO_MEMORY) fail(e, code, "no memory for a tool's result");
    if (code) return false;
    beluga_json_put_raw(e->w, "response", text, length);
    beluga_json_doc_free(doc);
    return true;
}

/* "output" and "error" are the names by which the API knows what is one. */
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

static void put_result_media(beluga__gemini_encoder *e, const beluga_message *message)
{
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_TEXT) continue;
        if (!open) beluga_json_begin_array(e->w, "parts");
        open = true;
        beluga_json_begin_object(e->w, NULL);
        put_members(e, part, false);
        beluga_json_end_object(e->w);
    }
    if (open) beluga_json_end_array(e->w);
}

static void put_result(beluga__gemini_encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    const char *id = beluga_message_tool_call_id(message);
    const char *name = id ? beluga__tool_name_of(e->call, id, index) : NULL;
    if (!name)
        fail(e, BELUGA_ERROR_INVALID_INPUT,
             "a tool's message answers a call that no message before it made: Gemini wants the "
             "tool's name, which stands there");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "functionResponse");
    put_id(e, id ? id : "");
    beluga_json_put_string(e->w, "name", name);
    put_response(e, message);
    put_result_media(e, message);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

/* The results of one answer's calls are one content. Returns the index of the last. */
static size_t put_results(beluga__gemini_encoder *e, size_t index)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", "user");
    beluga_json_begin_array(e->w, "parts");
    size_t n = beluga_call_message_count(e->call);
    while (index < n &&
           beluga_message_role(beluga_call_message(e->call, index)) == BELUGA_ROLE_TOOL)
        put_result(e, index++);
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
    return index - 1;
}

/* ---- all of them ----------------------------------------------------------------------------- */

void beluga__gemini_put_contents(beluga__gemini_encoder *e)
{
    if (!beluga__body_wants(&e->body, "contents")) return;
    beluga_json_begin_array(e->w, "contents");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        beluga_role role = beluga_message_role(message);
        if (role == BELUGA_ROLE_TOOL)
            i = put_results(e, i);
        else if (role != BELUGA_ROLE_SYSTEM)
            put_content(e, message);
    }
    beluga_json_end_array(e->w);
}

static void put_system_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga_message_part(message, i)->kind != BELUGA_PART_TEXT)
            fail(e, BELUGA_ERROR_NOT_SUPPORTED, "gemini takes only text in system messages");
    put_parts(e, message);
}

void beluga__gemini_put_system(beluga__gemini_encoder *e)
{
    bool open = false, moved = false;
    size_t n_before = 0;
    if (!beluga__body_wants(&e->body, "systemInstruction")) return;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        if (beluga_message_role(message) != BELUGA_ROLE_SYSTEM) continue;
        if (!open) {
            beluga_json_begin_object(e->w, "systemInstruction");
            beluga_json_begin_array(e->w, "parts");
        }
        open = true;
        moved = moved || i > n_before++;
        put_system_parts(e, message);
    }
    if (!open) return;
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
    if (moved)
        beluga_http_request_warn(e->request, "system messages are sent before all others: Gemini "
                                             "has one place for them");
}
