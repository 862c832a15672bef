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
    beluga_json_begin_object(e->w, "functionCall");
    put_id(e, part->id);
    beluga_json_put_string(e->w, "name", part->name);
    if (beluga__put_arguments(e->w, "args", part, &e->wrapped))
        fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call's arguments");
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

/* Those of other providers have a mark, and a colon after it. */
static bool is_signed(const beluga_part *part)
{
    return part->signature_length && !memchr(part->signature, ':', part->signature_length);
}

static void put_signature(beluga__gemini_encoder *e, const beluga_part *part)
{
    if (part && is_signed(part))
        beluga_json_put_string_n(e->w, "thoughtSignature", part->signature, part->signature_length);
}

/* ---- the model's ----------------------------------------------------------------------------- */

/* From Gemini 3 on the API refuses an answer of the turn at work whose first call is not signed, as
 * one that another model made is not; for those there is this word instead. */
static void put_no_signature(beluga__gemini_encoder *e, size_t message)
{
    if (message >= e->turn && beluga__gemini_version(beluga_call_model(e->call)) >= 3)
        beluga_json_put_string(e->w, "thoughtSignature", "skip_thought_signature_validator");
}

/* A message of the model's being written. */
struct answer {
    size_t index;
    bool called;  /* its first call is written */
    size_t parts; /* written */
};

static void put_model_part(beluga__gemini_encoder *e, struct answer *answer,
                           const beluga_part *part, const beluga_part *mark)
{
    bool call = part->kind == BELUGA_PART_TOOL_CALL;
    beluga_json_begin_object(e->w, NULL);
    put_members(e, part, true);
    if (part->kind == BELUGA_PART_REASONING && part != mark)
        beluga_json_put_bool(e->w, "thought", true);
    put_signature(e, part);
    if (part != mark) put_signature(e, mark);
    if (call && !mark && !answer->called) put_no_signature(e, answer->index);
    beluga_json_end_object(e->w);
    answer->called = answer->called || call;
    answer->parts++;
}

/* Reasoning that is nothing but a signature: it signs what follows. */
static bool is_mark(const beluga_part *part)
{
    return part->kind == BELUGA_PART_REASONING && !part->text_length;
}

/* A mark that nothing follows goes back with an empty text, as it came. */
static size_t put_model_parts(beluga__gemini_encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    const beluga_part *mark = NULL;
    struct answer answer = {.index = index};
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        bool signs_nothing = mark && part->kind == BELUGA_PART_REASONING;
        if (part->kind == BELUGA_PART_STATE) {
            answer.parts += beluga__put_state(e->w, e->call, part);
            continue;
        }
        if (signs_nothing) put_model_part(e, &answer, mark, mark);
        if (!is_mark(part)) put_model_part(e, &answer, part, signs_nothing ? NULL : mark);
        mark = is_mark(part) && is_signed(part) ? part : NULL;
    }
    if (mark) put_model_part(e, &answer, mark, mark);
    return answer.parts;
}

/* ---- the others' ----------------------------------------------------------------------------- */

static void put_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        if (beluga_message_part(message, i)->kind == BELUGA_PART_STATE) continue; /* an answer's */
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

static void put_content(beluga__gemini_encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    size_t n = beluga_message_count(message);
    bool ai = beluga_message_role(message) == BELUGA_ROLE_AI;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", ai ? "model" : "user");
    beluga_json_begin_array(e->w, "parts");
    if (ai)
        n = put_model_parts(e, index);
    else
        put_parts(e, message);
    if (!n) put_empty_part(e);
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

static bool has_media(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (is_media(beluga_message_part(message, i))) return true;
    return false;
}

static void put_media_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_TEXT) continue;
        beluga_json_begin_object(e->w, NULL);
        put_members(e, part, false);
        beluga_json_end_object(e->w);
    }
}

/* From Gemini 3 on a response takes media. */
static bool takes_media(const beluga__gemini_encoder *e)
{
    int version = beluga__gemini_version(beluga_call_model(e->call));
    return version != 1 && version != 2;
}

static void put_result_media(beluga__gemini_encoder *e, const beluga_message *message)
{
    if (!has_media(message) || !takes_media(e)) return;
    beluga_json_begin_array(e->w, "parts");
    put_media_parts(e, message);
    beluga_json_end_array(e->w);
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

static beluga_role role_at(const beluga__gemini_encoder *e, size_t index)
{
    return beluga_message_role(beluga_call_message(e->call, index));
}

/* For older models the media of results are a content after theirs. */
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

/* The results of one answer's calls are one content; system messages between them stand elsewhere.
 * Returns the index of the last. */
static size_t put_results(beluga__gemini_encoder *e, size_t index)
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

/* ---- all of them ----------------------------------------------------------------------------- */

static size_t turn_begin(const beluga__gemini_encoder *e)
{
    size_t i = beluga_call_message_count(e->call);
    while (i && role_at(e, i - 1) != BELUGA_ROLE_HUMAN) i--;
    return i;
}

void beluga__gemini_put_contents(beluga__gemini_encoder *e)
{
    if (!beluga__body_wants(&e->body, "contents")) return;
    e->turn = turn_begin(e);
    beluga_json_begin_array(e->w, "contents");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        beluga_role role = role_at(e, i);
        if (role == BELUGA_ROLE_TOOL)
            i = put_results(e, i);
        else if (role != BELUGA_ROLE_SYSTEM)
            put_content(e, i);
    }
    beluga_json_end_array(e->w);
    if (e->wrapped)
        beluga_http_request_warn(e->request, "a tool call's arguments are no JSON object and are "
                                             "sent as the text \"arguments\" of one");
}

static void put_system_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (is_media(part)) {
            e->lost_media = true;
            continue;
        }
        beluga_json_begin_object(e->w, NULL);
        put_members(e, part, false);
        beluga_json_end_object(e->w);
    }
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
    if (e->lost_media)
        beluga_http_request_warn(e->request, "images, audio and files of system messages are not "
                                             "sent: Gemini takes only text there");
    if (moved)
        beluga_http_request_warn(e->request, "system messages are sent before all others: Gemini "
                                             "has one place for them");
}
