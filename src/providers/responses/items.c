/* Messages as items of "input". */
#include "providers/responses/responses.h"

#include <string.h>

void beluga__responses_fail(beluga__responses_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void put_text(beluga__responses_encoder *e, const char *type, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", type);
    beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
}

static void put_address(beluga__responses_encoder *e, const char *key, const beluga_part *part)
{
    int code = beluga__openai_put_url(e->w, key, part, e->status ? NULL : e->err);
    if (!e->status) e->status = code;
}

static void put_image(beluga__responses_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "input_image");
    beluga_json_put_string(e->w, "detail", "auto");
    put_address(e, "image_url", part);
}

static void put_file(beluga__responses_encoder *e, const beluga_part *part)
{
    bool remote = part->url && strncmp(part->url, "data:", 5) != 0;
    beluga_json_put_string(e->w, "type", "input_file");
    if (!remote) beluga_json_put_string(e->w, "filename", part->name ? part->name : "file");
    put_address(e, remote ? "file_url" : "file_data", part);
}

static void put_mark(beluga__responses_encoder *e, const beluga_part *part)
{
    if (!e->breakpoints || !(part->flags & BELUGA_PART_CACHE)) return;
    beluga__openai_put_breakpoint(e->w);
    if (!(part->flags & (BELUGA_PART_CACHE_5M | BELUGA_PART_CACHE_1H)) || e->dropped_ttl) return;
    e->dropped_ttl = true;
    beluga_http_request_warn(e->request, "how long a cache mark holds is not sent: that is for "
                                         "openai-responses to choose");
}

static bool is_media(const beluga_part *part)
{
    return part->kind == BELUGA_PART_IMAGE || part->kind == BELUGA_PART_AUDIO ||
           part->kind == BELUGA_PART_FILE;
}

static void drop(beluga__responses_encoder *e)
{
    if (!e->dropped_media)
        beluga_http_request_warn(e->request, "audio, and images and files of system messages and "
                                             "of earlier answers, are not sent: Responses has no "
                                             "place for them");
    e->dropped_media = true;
}

/* Images and files stand in the human's messages and in results. */
static bool takes(beluga__responses_encoder *e, const beluga_part *part, beluga_role role)
{
    bool taken =
        part->kind != BELUGA_PART_AUDIO && (role == BELUGA_ROLE_HUMAN || role == BELUGA_ROLE_TOOL);
    if (part->kind == BELUGA_PART_STATE) return false; /* an answer's */
    if (!is_media(part) || taken) return true;
    drop(e);
    return false;
}

static void put_part(beluga__responses_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_text(e, "input_text", part); break;
    case BELUGA_PART_IMAGE: put_image(e, part); break;
    case BELUGA_PART_FILE: put_file(e, part); break;
    default:
        beluga__responses_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                               "openai-responses can't take a part of this kind from this role");
    }
    put_mark(e, part);
    beluga_json_end_object(e->w);
}

/* One text is a string, as in a tool's result of nothing; anything else an array. */
static void put_content(beluga__responses_encoder *e, const char *key,
                        const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    const beluga_part *first = NULL;
    size_t count = 0, n = beluga_message_count(message);
    for (size_t i = 0; i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (takes(e, part, role) && !count++) first = part;
    }
    bool marked = first && e->breakpoints && first->flags & BELUGA_PART_CACHE;
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

/* ---- what the model said --------------------------------------------------------------------- */

/* The id and the encrypted content of a signature of ours, or NULL. */
static const char *read_signature(const beluga_part *part, size_t *id_length, size_t *length)
{
    size_t n = strlen(BELUGA__RESPONSES_SIGNED);
    if (part->signature_length < n || memcmp(part->signature, BELUGA__RESPONSES_SIGNED, n) != 0)
        return NULL;
    const char *id = part->signature + n, *colon = memchr(id, ':', part->signature_length - n);
    if (!colon) return NULL;
    *id_length = (size_t)(colon - id);
    *length = part->signature_length - n - *id_length - 1;
    return id;
}

static void put_summary(beluga__responses_encoder *e, const beluga_part *part)
{
    beluga_json_begin_array(e->w, "summary");
    if (part->text_length) {
        beluga_json_begin_object(e->w, NULL);
        put_text(e, "summary_text", part);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}

static void put_reasoning(beluga__responses_encoder *e, const beluga_part *part)
{
    size_t n_id, n;
    const char *id = read_signature(part, &n_id, &n);
    if (!id) {
        if (!e->dropped_reasoning)
            beluga_http_request_warn(e->request, "reasoning that OpenAI did not encrypt is not "
                                                 "sent back: it would be refused");
        e->dropped_reasoning = true;
        return;
    }
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "reasoning");
    if (n_id) beluga_json_put_string_n(e->w, "id", id, n_id);
    put_summary(e, part);
    beluga_json_put_string_n(e->w, "encrypted_content", id + n_id + 1, n);
    beluga_json_end_object(e->w);
}

static void put_call(beluga__responses_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function_call");
    beluga_json_put_string(e->w, "call_id", part->id);
    beluga_json_put_string(e->w, "name", part->name);
    bool wrapped = e->wrapped;
    if (beluga__put_arguments_text(e->w, "arguments", part, &e->wrapped))
        beluga__responses_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    if (e->wrapped && !wrapped) beluga_http_request_warn(e->request, BELUGA__WRAPPED);
    beluga_json_end_object(e->w);
}

static void put_said(beluga__responses_encoder *e, const beluga_part *part)
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

/* Parts are items of their own: a call follows the reasoning that led to it. */
static void put_ai_part(beluga__responses_encoder *e, const beluga_part *part)
{
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_said(e, part); break;
    case BELUGA_PART_REASONING: put_reasoning(e, part); break;
    case BELUGA_PART_TOOL_CALL: put_call(e, part); break;
    case BELUGA_PART_STATE: beluga__put_state(e->w, e->call, part); break;
    default: drop(e);
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

static void put_result(beluga__responses_encoder *e, const beluga_message *message)
{
    const char *id = beluga_message_tool_call_id(message);
    if (!id)
        beluga__responses_fail(e, BELUGA_ERROR_INVALID_INPUT,
                               "a tool's message does not say which call it answers");
    if (beluga_message_is_tool_error(message) && !e->dropped_mark) {
        e->dropped_mark = true;
        beluga_http_request_warn(e->request, "that a tool failed is told by its text alone: "
                                             "Responses has no mark for it");
    }
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function_call_output");
    beluga_json_put_string(e->w, "call_id", id);
    put_content(e, "output", message);
    beluga_json_end_object(e->w);
}

static void put_message(beluga__responses_encoder *e, const beluga_message *message)
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

void beluga__responses_put_input(beluga__responses_encoder *e)
{
    if (!beluga__body_wants(&e->body, "input")) return;
    e->breakpoints = beluga__openai_is_own_host(beluga_http_request_url(e->request)) &&
                     beluga__openai_knows_breakpoints(beluga_call_model(e->call));
    if (!e->breakpoints) beluga__warn_cache_marks(e->call, e->request);
    beluga_json_begin_array(e->w, "input");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++)
        put_message(e, beluga_call_message(e->call, i));
    beluga_json_end_array(e->w);
}
