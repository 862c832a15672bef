#include "providers/encoder.h"

#include "providers/common.h"

#include <beluga/allocator.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the request ----------------------------------------------------------------------------- */

int beluga__encoder_begin(beluga__encoder *e, const beluga_call *call, beluga_http_request *request,
                          beluga_error *err)
{
    e->call = call;
    e->request = request;
    e->err = err;
    e->name = beluga_call_provider(call)->name;
    int code = beluga__body_begin(&e->body, call, request, err);
    e->w = e->body.writer;
    return code;
}

int beluga__encoder_end(beluga__encoder *e)
{
    int code = beluga__body_end(&e->body, e->status ? NULL : e->err);
    return e->status ? e->status : code;
}

void beluga__encoder_end_object(beluga__encoder *e, beluga__body *object)
{
    if (beluga__body_end_object(object))
        beluga__encoder_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for extra_body");
}

void beluga__encoder_fail(beluga__encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

/* Returns whether the request fails instead of getting this warning, because the warning is about
 * media and the option strict_media is set. */
static bool refuses(const beluga__encoder *e, beluga__warning warning)
{
    bool strict = false;
    return (warning == BELUGA__LOST_IMAGE || warning == BELUGA__LOST_AUDIO ||
            warning == BELUGA__LOST_FILE || warning == BELUGA__LOST_URL) &&
           beluga_call_get_bool(e->call, BELUGA_OPTION_STRICT_MEDIA, &strict) && strict;
}

void beluga__encoder_warn_once(beluga__encoder *e, beluga__warning warning, const char *format, ...)
{
    char text[256];
    va_list args;
    uint32_t bit = UINT32_C(1) << warning;
    if (e->warned & bit) return;
    e->warned |= bit;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (refuses(e, warning))
        beluga__encoder_fail(e, BELUGA_ERROR_NOT_SUPPORTED, text);
    else
        beluga_http_request_warn(e->request, "%s", text);
}

void beluga__put_model(beluga__encoder *e)
{
    if (beluga__body_wants(&e->body, "model"))
        beluga_json_put_string(e->w, "model", beluga_call_model(e->call));
}

void beluga__put_stream(beluga__encoder *e)
{
    if (beluga_call_is_streamed(e->call) && beluga__body_wants(&e->body, "stream"))
        beluga_json_put_bool(e->w, "stream", true);
}

beluga__answer_form beluga__answer_form_of(const beluga_call *call)
{
    beluga__answer_form form = {0};
    form.schema = beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, &form.n_schema);
    beluga_call_get_bool(call, BELUGA_OPTION_JSON_MODE, &form.is_json);
    form.is_json = form.is_json || form.schema;
    return form;
}

bool beluga__is_schema_loose(const beluga_call *call)
{
    bool strict = true;
    beluga_call_get_bool(call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict);
    return !strict;
}

/* ---- tools ----------------------------------------------------------------------------------- */

bool beluga__has_tools(beluga__encoder *e, const char **choice)
{
    *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    bool bound = beluga_call_tool_count(e->call);
    if (!bound && *choice && strcmp(*choice, "none") != 0)
        beluga_http_request_warn(e->request, "tool_choice is not sent: no tools are bound");
    return bound;
}

void beluga__put_tools(beluga__encoder *e,
                       void (*put_tool)(beluga__encoder *e, const beluga_tool *tool))
{
    if (!beluga__body_wants(&e->body, "tools")) return;
    beluga_json_begin_array(e->w, "tools");
    for (size_t i = 0, n = beluga_call_tool_count(e->call); i < n; i++)
        put_tool(e, beluga_call_tool(e->call, i));
    beluga_json_end_array(e->w);
}

void beluga__put_tool_members(beluga_json_writer *w, const beluga_tool *tool,
                              const char *schema_key)
{
    size_t length;
    const char *schema = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_put_string(w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(w, "description", description);
    beluga_json_put_raw(w, schema_key, schema, length);
}

bool beluga__names_a_tool(const char *choice)
{
    return strcmp(choice, "auto") != 0 && strcmp(choice, "none") != 0 &&
           strcmp(choice, "required") != 0;
}

/* ---- parts ----------------------------------------------------------------------------------- */

bool beluga__is_image(const beluga_part *part)
{
    return part->kind == BELUGA_PART_IMAGE || (part->kind == BELUGA_PART_FILE && part->media_type &&
                                               strncmp(part->media_type, "image/", 6) == 0);
}

bool beluga__is_media(const beluga_part *part)
{
    return part->kind == BELUGA_PART_IMAGE || part->kind == BELUGA_PART_AUDIO ||
           part->kind == BELUGA_PART_FILE;
}

bool beluga__has_part(const beluga_message *message, beluga_part_kind kind)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga_message_part(message, i)->kind == kind) return true;
    return false;
}

const char *beluga__signature_behind(const beluga_part *part, const char *mark, size_t *length)
{
    size_t n = strlen(mark);
    if (part->signature_length < n || memcmp(part->signature, mark, n) != 0) return NULL;
    *length = part->signature_length - n;
    return part->signature + n;
}

bool beluga__refuse_role(beluga__encoder *e, const beluga_part *part, beluga_role role)
{
    bool of_model = part->kind == BELUGA_PART_REASONING || part->kind == BELUGA_PART_TOOL_CALL;
    if (!of_model || role == BELUGA_ROLE_AI) return false;
    if (!e->status)
        e->status = beluga_error_set(
            e->err, BELUGA_ERROR_NOT_SUPPORTED,
            "%s does not accept this kind of part in a message of this role", e->name);
    return true;
}

/* ---- tool calls and their results ------------------------------------------------------------ */

const char *beluga__answered_call(beluga__encoder *e, const beluga_message *message)
{
    const char *id = beluga_message_tool_call_id(message);
    if (!id)
        beluga__encoder_fail(e, BELUGA_ERROR_INVALID_INPUT,
                             "a tool's message does not say which call it answers");
    return id ? id : "";
}

void beluga__warn_of_tool_error(beluga__encoder *e, const beluga_message *message,
                                const char *whose)
{
    if (beluga_message_is_tool_error(message))
        beluga__encoder_warn_once(
            e, BELUGA__LOST_FAILURE,
            "the failure of a tool is shown only by its text: %s has no mark for it", whose);
}

static const char *name_in(const beluga_message *message, const char *id)
{
    if (beluga_message_role(message) != BELUGA_ROLE_AI) return NULL;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_TOOL_CALL && strcmp(part->id, id) == 0) return part->name;
    }
    return NULL;
}

const char *beluga__tool_name_of(const beluga_call *call, const char *id, size_t before)
{
    const char *name = NULL;
    while (before-- > 0 && !name) name = name_in(beluga_call_message(call, before), id);
    return name;
}

/* Returns 1 if a tool call's arguments are a JSON object, 0 if they are not, or NO_MEMORY. */
static int is_object(const beluga_part *part)
{
    beluga_json_doc *doc = NULL;
    int code = part->text_length ? beluga_json_parse(part->text, part->text_length, &doc, NULL) : 0;
    bool object = doc && beluga_json_is_object(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    return code == BELUGA_ERROR_NO_MEMORY ? code : object;
}

int beluga__put_object_arguments(beluga_json_writer *w, const char *key, const beluga_part *part,
                                 bool *wrapped)
{
    int object = is_object(part);
    if (object < 0) return object;
    if (object) {
        beluga_json_put_raw(w, key, part->text, part->text_length);
        return 0;
    }
    beluga_json_begin_object(w, key);
    if (part->text_length) beluga_json_put_string_n(w, "arguments", part->text, part->text_length);
    beluga_json_end_object(w);
    *wrapped = *wrapped || part->text_length;
    return 0;
}

static void end_arguments(beluga__encoder *e, int code, bool wrapped)
{
    if (code) beluga__encoder_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    if (wrapped)
        beluga__encoder_warn_once(e, BELUGA__WRAPPED_ARGUMENTS,
                                  "a tool call's arguments are not a JSON object and are sent as "
                                  "the member \"arguments\" of one");
}

void beluga__put_arguments(beluga__encoder *e, const char *key, const beluga_part *part)
{
    bool wrapped = false;
    int code = beluga__put_object_arguments(e->w, key, part, &wrapped);
    end_arguments(e, code, wrapped);
}

static int put_wrapped(beluga_json_writer *w, const char *key, const beluga_part *part)
{
    const char *text = NULL;
    size_t length = 0;
    beluga_json_writer *object = beluga_json_writer_new();
    if (!object) return BELUGA_ERROR_NO_MEMORY;
    beluga_json_begin_object(object, NULL);
    beluga_json_put_string_n(object, "arguments", part->text, part->text_length);
    beluga_json_end_object(object);
    int code = beluga_json_writer_text(object, &text, &length);
    if (!code) beluga_json_put_string_n(w, key, text, length);
    beluga_json_writer_free(object);
    return code;
}

void beluga__put_arguments_text(beluga__encoder *e, const char *key, const beluga_part *part)
{
    int object = is_object(part), code = object < 0 ? object : 0;
    bool wrapped = !object && part->text_length;
    if (object > 0)
        beluga_json_put_string_n(e->w, key, part->text, part->text_length);
    else if (wrapped)
        code = put_wrapped(e->w, key, part);
    else if (!object)
        beluga_json_put_string(e->w, key, "{}");
    end_arguments(e, code, wrapped);
}

/* ---- messages -------------------------------------------------------------------------------- */

const beluga_message *beluga__last_of_model(const beluga_call *call)
{
    for (size_t i = beluga_call_message_count(call); i-- > 0;) {
        const beluga_message *message = beluga_call_message(call, i);
        beluga_role role = beluga_message_role(message);
        if (role != BELUGA_ROLE_SYSTEM) return role == BELUGA_ROLE_AI ? message : NULL;
    }
    return NULL;
}

/* Join the texts of a message's parts of one kind. Returns their length; writes them unless `out`
 * is NULL. */
static size_t join(const beluga_message *message, beluga_part_kind kind, const char *separator,
                   char *out)
{
    size_t at = 0, n_separator = strlen(separator);
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != kind || !part->text_length) continue;
        if (out && at) memcpy(out + at, separator, n_separator);
        if (at) at += n_separator;
        if (out) memcpy(out + at, part->text, part->text_length);
        at += part->text_length;
    }
    return at;
}

void beluga__put_joined(beluga__encoder *e, const char *key, const beluga_message *message,
                        beluga_part_kind kind, const char *separator)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    size_t length = join(message, kind, separator, NULL);
    /* Nearly all messages have a single text, which needs no copy. */
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != kind || part->text_length != length) continue;
        beluga_json_put_string_n(e->w, key, part->text, length);
        return;
    }
    char *text = allocator->alloc(allocator->payload, length + 1);
    if (!text) {
        beluga__encoder_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a message");
        return;
    }
    join(message, kind, separator, text);
    beluga_json_put_string_n(e->w, key, text, length);
    allocator->release(allocator->payload, text);
}

bool beluga__put_state(const beluga__encoder *e, const beluga_part *part)
{
    size_t length;
    const char *json = beluga_call_get_state(e->call, part, &length);
    if (json) beluga_json_put_raw(e->w, NULL, json, length);
    return json;
}

int beluga__put_members(beluga_json_writer *w, beluga_json_doc *doc, const beluga_json *object,
                        const char *without)
{
    for (const beluga_json *v = beluga_json_first(object); v; v = beluga_json_next(object, v)) {
        size_t length;
        const char *key = beluga_json_key(v, NULL), *text = beluga_json_text(doc, v, &length);
        if (!text) return BELUGA_ERROR_NO_MEMORY;
        if (!without || strcmp(key, without) != 0) beluga_json_put_raw(w, key, text, length);
    }
    return 0;
}

void beluga__put_state_members(beluga__encoder *e, const beluga_part *part)
{
    size_t length;
    beluga_json_doc *doc = NULL;
    const char *json = beluga_call_get_state(e->call, part, &length);
    int code = json ? beluga_json_parse(json, length, &doc, NULL) : 0;
    const beluga_json *root = beluga_json_doc_root(doc);
    if (beluga_json_is_object(root)) code = beluga__put_members(e->w, doc, root, NULL);
    beluga_json_doc_free(doc);
    if (code == BELUGA_ERROR_NO_MEMORY)
        beluga__encoder_fail(e, code, "no memory for the state of an earlier answer");
}

/* ---- marks for the cache --------------------------------------------------------------------- */

static bool has_cache_mark(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga_message_part(message, i)->flags & BELUGA_PART_CACHE) return true;
    return false;
}

void beluga__warn_cache_marks(const beluga_call *call, beluga_http_request *request)
{
    bool marked = false;
    for (size_t i = 0, n = beluga_call_message_count(call); i < n && !marked; i++)
        marked = has_cache_mark(beluga_call_message(call, i));
    if (marked)
        beluga_http_request_warn(request, "the cache marks are not sent: this provider decides "
                                          "itself what it caches, and for how long");
}

void beluga__put_cache_ttl(beluga_json_writer *w, const beluga_part *part)
{
    if (part->flags & BELUGA_PART_CACHE_5M) beluga_json_put_string(w, "ttl", "5m");
    if (part->flags & BELUGA_PART_CACHE_1H) beluga_json_put_string(w, "ttl", "1h");
}

beluga__marks beluga__count_marks(const beluga_call *call)
{
    beluga__marks marks = {0};
    for (size_t i = 0, n = beluga_call_message_count(call); i < n; i++) {
        const beluga_message *message = beluga_call_message(call, i);
        for (size_t k = 0; k < beluga_message_count(message); k++)
            if (beluga_message_part(message, k)->flags & BELUGA_PART_CACHE) marks.all++;
    }
    return marks;
}

/* The first mark and the last ones are sent. The first mark saves the most, since the text before
 * it never changes; the last ones are at the end of the conversation. */
bool beluga__keep_mark(beluga__marks *marks, beluga_http_request *request)
{
    size_t place = ++marks->written;
    if (marks->all <= BELUGA__CACHE_MARKS || place == 1 ||
        place > marks->all - (BELUGA__CACHE_MARKS - 1))
        return true;
    if (!marks->warned)
        beluga_http_request_warn(
            request,
            "only the first and the last three cache marks are sent: more than four are refused");
    marks->warned = true;
    return false;
}
