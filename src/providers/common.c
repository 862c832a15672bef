#include "providers/common.h"

#include <beluga/allocator.h>
#include <stdio.h>
#include <string.h>

/* ---- a request's body ------------------------------------------------------------------------ */

int beluga__body_begin(beluga__body *body, const beluga_call *call, beluga_http_request *request,
                       beluga_error *err)
{
    size_t length;
    const char *text = beluga_call_get_string(call, BELUGA_OPTION_EXTRA_BODY, &length);
    *body = (beluga__body){0};
    if (text && beluga_json_parse(text, length, &body->doc, err)) {
        int code =
            err && err->code == BELUGA_ERROR_NO_MEMORY ? err->code : BELUGA_ERROR_INVALID_INPUT;
        if (err) err->code = code, err->retryable = 0;
        beluga_error_wrap(err, NULL, "extra_body");
        return code;
    }
    body->extra = beluga_json_doc_root(body->doc);
    if (text && !beluga_json_is_object(body->extra)) {
        beluga_json_doc_free(body->doc);
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "extra_body is not a JSON object");
    }
    body->writer = beluga_http_request_json(request);
    beluga_json_begin_object(body->writer, NULL);
    return 0;
}

/* Begin the objects that wait for their first member, from the outside in. */
static void open_objects(beluga__body *body)
{
    if (!body->object) return;
    open_objects(body->outer);
    beluga_json_begin_object(body->writer, body->object);
    body->object = NULL;
}

static int put_extra(beluga__body *body, const beluga_json *value)
{
    size_t length;
    const char *key = beluga_json_key(value, NULL);
    for (size_t i = 0; i < body->n_merged; i++)
        if (strcmp(body->merged[i], key) == 0) return 0;
    if (beluga_json_is_null(value)) return 0;
    const char *text = beluga_json_text(body->doc, value, &length);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    open_objects(body);
    beluga_json_put_raw(body->writer, key, text, length);
    return 0;
}

static int put_extras(beluga__body *body)
{
    int code = 0;
    for (const beluga_json *v = beluga_json_first(body->extra); v && !code;
         v = beluga_json_next(body->extra, v))
        code = put_extra(body, v);
    return code;
}

int beluga__body_end(beluga__body *body, beluga_error *err)
{
    int code = put_extras(body);
    beluga_json_end_object(body->writer);
    beluga_json_doc_free(body->doc);
    return code ? beluga_error_set(err, code, "no memory for extra_body") : 0;
}

bool beluga__body_wants(beluga__body *body, const char *name)
{
    if (body->closed || beluga_json_get(body->extra, name)) return false;
    open_objects(body);
    return true;
}

void beluga__body_begin_object(beluga__body *body, const char *name, beluga__body *object)
{
    const beluga_json *extra = beluga_json_get(body->extra, name);
    *object =
        (beluga__body){.writer = body->writer, .outer = body, .doc = body->doc, .object = name};
    object->closed = body->closed || (extra && !beluga_json_is_object(extra));
    if (!extra || object->closed || body->n_merged == BELUGA__BODY_OBJECTS) return;
    object->extra = extra;
    body->merged[body->n_merged++] = name;
}

int beluga__body_end_object(beluga__body *object)
{
    int code = put_extras(object);
    if (!object->object) beluga_json_end_object(object->writer);
    return code;
}

void beluga__body_put_double(beluga__body *body, const char *name, const beluga_call *call, int key)
{
    double value;
    if (beluga_call_get_double(call, key, &value) && beluga__body_wants(body, name))
        beluga_json_put_double(body->writer, name, value);
}

void beluga__body_put_int(beluga__body *body, const char *name, const beluga_call *call, int key)
{
    int64_t value;
    if (beluga_call_get_int(call, key, &value) && beluga__body_wants(body, name))
        beluga_json_put_int(body->writer, name, value);
}

void beluga__body_put_bool(beluga__body *body, const char *name, const beluga_call *call, int key)
{
    bool value;
    if (beluga_call_get_bool(call, key, &value) && beluga__body_wants(body, name))
        beluga_json_put_bool(body->writer, name, value);
}

void beluga__body_put_string(beluga__body *body, const char *name, const beluga_call *call, int key)
{
    size_t length;
    const char *value = beluga_call_get_string(call, key, &length);
    if (value && beluga__body_wants(body, name))
        beluga_json_put_string_n(body->writer, name, value, length);
}

void beluga__body_put_list(beluga__body *body, const char *name, const beluga_call *call, int key)
{
    size_t length;
    const char *item = beluga_call_get_item(call, key, 0, &length);
    if (!item || !beluga__body_wants(body, name)) return;
    beluga_json_begin_array(body->writer, name);
    for (size_t i = 1; item; item = beluga_call_get_item(call, key, i++, &length))
        beluga_json_put_string_n(body->writer, NULL, item, length);
    beluga_json_end_array(body->writer);
}

void beluga__body_put_stops(beluga__body *body, const char *name, const beluga_call *call,
                            beluga_http_request *request)
{
    size_t length;
    bool open = false;
    const char *text = beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, 0, &length);
    for (size_t i = 1; text;
         text = beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, i++, &length)) {
        if (beluga__is_blank(text, length)) {
            beluga_http_request_warn(request, "a stop sequence of white space is not sent: the "
                                              "model takes none");
            continue;
        }
        if (!open && !beluga__body_wants(body, name)) return;
        if (!open) beluga_json_begin_array(body->writer, name);
        open = true;
        beluga_json_put_string_n(body->writer, NULL, text, length);
    }
    if (open) beluga_json_end_array(body->writer);
}

/* ---- messages -------------------------------------------------------------------------------- */

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
        beluga_http_request_warn(request, "the cache marks are not sent: what is kept, and how "
                                          "long, is for this provider to choose");
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

/* The first is worth the most: what never changes comes before it. The others are the last, where
 * the conversation goes on. */
bool beluga__keep_mark(beluga__marks *marks, beluga_http_request *request)
{
    size_t place = ++marks->written;
    if (marks->all <= BELUGA__CACHE_MARKS || place == 1 ||
        place > marks->all - (BELUGA__CACHE_MARKS - 1))
        return true;
    if (!marks->warned)
        beluga_http_request_warn(request, "of the cache marks the first and the last three are "
                                          "sent: more than four are refused");
    marks->warned = true;
    return false;
}

/* Returns the length; `out` NULL: it is all that is asked for. */
static size_t join(const beluga_message *message, uint32_t kind, const char *separator, char *out)
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

int beluga__put_joined(beluga_json_writer *w, const char *key, const beluga_message *message,
                       uint32_t kind, const char *separator)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    size_t length = join(message, kind, separator, NULL);
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != kind || part->text_length != length) continue;
        beluga_json_put_string_n(w, key, part->text, length); /* nearly always */
        return 0;
    }
    char *text = allocator->alloc(allocator->payload, length + 1);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    join(message, kind, separator, text);
    beluga_json_put_string_n(w, key, text, length);
    allocator->release(allocator->payload, text);
    return 0;
}

/* 1: arguments are an object, 0: they are not, or NO_MEMORY. */
static int is_object(const beluga_part *part)
{
    beluga_json_doc *doc = NULL;
    int code = part->text_length ? beluga_json_parse(part->text, part->text_length, &doc, NULL) : 0;
    bool object = doc && beluga_json_is_object(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    return code == BELUGA_ERROR_NO_MEMORY ? code : object;
}

int beluga__put_arguments(beluga_json_writer *w, const char *key, const beluga_part *part,
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

int beluga__put_arguments_text(beluga_json_writer *w, const char *key, const beluga_part *part,
                               bool *wrapped)
{
    int object = is_object(part);
    if (object < 0) return object;
    if (object)
        beluga_json_put_string_n(w, key, part->text, part->text_length);
    else if (!part->text_length)
        beluga_json_put_string(w, key, "{}");
    else
        *wrapped = true;
    return object || !part->text_length ? 0 : put_wrapped(w, key, part);
}

/* ---- state ----------------------------------------------------------------------------------- */

static int emit_member(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *key,
                       const char *json, size_t length, beluga_json_writer *w)
{
    const char *text;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_raw(w, key, json, length);
    beluga_json_end_object(w);
    int code = beluga_json_writer_text(w, &text, &length);
    return code ? code : beluga_emit_state(emit, of, index, text, length);
}

int beluga__emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *key,
                       const beluga_json *value)
{
    size_t length;
    const char *json = beluga_emit_json_text(emit, value, &length);
    if (!json) return BELUGA_ERROR_NO_MEMORY;
    if (!key) return beluga_emit_state(emit, of, index, json, length);
    beluga_json_writer *w = beluga_json_writer_new();
    int code = w ? emit_member(emit, of, index, key, json, length, w) : BELUGA_ERROR_NO_MEMORY;
    beluga_json_writer_free(w);
    return code;
}

bool beluga__put_state(beluga_json_writer *w, const beluga_call *call, const beluga_part *part)
{
    size_t length;
    const char *json = beluga_call_get_state(call, part, &length);
    if (json) beluga_json_put_raw(w, NULL, json, length);
    return json;
}

static int put_members(beluga_json_writer *w, beluga_json_doc *doc)
{
    const beluga_json *root = beluga_json_doc_root(doc);
    if (!beluga_json_is_object(root)) return 0;
    for (const beluga_json *v = beluga_json_first(root); v; v = beluga_json_next(root, v)) {
        size_t length;
        const char *text = beluga_json_text(doc, v, &length);
        if (!text) return BELUGA_ERROR_NO_MEMORY;
        beluga_json_put_raw(w, beluga_json_key(v, NULL), text, length);
    }
    return 0;
}

int beluga__put_state_members(beluga_json_writer *w, const beluga_call *call,
                              const beluga_part *part)
{
    size_t length;
    beluga_json_doc *doc = NULL;
    const char *json = beluga_call_get_state(call, part, &length);
    int code = json ? beluga_json_parse(json, length, &doc, NULL) : 0;
    if (doc) code = put_members(w, doc);
    beluga_json_doc_free(doc);
    return code == BELUGA_ERROR_NO_MEMORY ? code : 0;
}

const beluga_message *beluga__last_of_model(const beluga_call *call)
{
    for (size_t i = beluga_call_message_count(call); i-- > 0;) {
        const beluga_message *message = beluga_call_message(call, i);
        beluga_role role = beluga_message_role(message);
        if (role != BELUGA_ROLE_SYSTEM) return role == BELUGA_ROLE_AI ? message : NULL;
    }
    return NULL;
}

bool beluga__is_blank(const char *text, size_t length)
{
    while (length && text[length - 1] && strchr(" \t\r\n\f\v", text[length - 1])) length--;
    return !length;
}

const char *beluga__role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

/* ---- addresses and names --------------------------------------------------------------------- */

enum { MAX_BEARER = 16384, MAX_URL = 2048 };

int beluga__set_bearer(beluga_http_request *request, const char *key, beluga_error *err)
{
    char value[MAX_BEARER];
    int n = snprintf(value, sizeof value, "Bearer %s", key);
    if (n < 0 || (size_t)n >= sizeof value)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key is too long");
    beluga_http_request_set_header(request, "Authorization", value);
    explicit_bzero(value, (size_t)n);
    return 0;
}

int beluga__set_key(beluga_http_request *request, const beluga_credential *credential,
                    const char *header, const char *option, bool is_token, beluga_error *err)
{
    if (credential->call) beluga_call_get_own_bool(credential->call, option, &is_token);
    if (is_token) return beluga__set_bearer(request, credential->key, err);
    beluga_http_request_set_header(request, header, credential->key);
    return 0;
}

/* Whether the path of a URL of length n ends in that. */
static bool ends_in(const char *url, size_t n, const char *end, size_t m)
{
    const char *host = strstr(url, "://");
    size_t start = host ? (size_t)(host + 3 - url) : 0;
    return n >= m + start && memcmp(url + n - m, end, m) == 0;
}

/* How much of a base URL is left without an endpoint at its end, or the version an endpoint begins
 * with. */
static size_t without_endpoint(const char *url, size_t n, const char *endpoint)
{
    size_t m = strlen(endpoint), first = 1 + strcspn(endpoint + 1, "/");
    bool versioned = (endpoint[1] == 'v' && endpoint[2] >= '1' && endpoint[2] <= '9') ||
                     strncmp(endpoint, "/api/", 5) == 0;
    if (ends_in(url, n, endpoint, m)) return n - m;
    return versioned && ends_in(url, n, endpoint, first) ? n - first : n;
}

void beluga__set_path(beluga_http_request *request, const char *const *endpoints, const char *path)
{
    char whole[MAX_URL];
    beluga_http_request_set_path(request, "");
    const char *url = beluga_http_request_url(request);
    size_t n = url ? strcspn(url, "?") : 0, kept = n;
    for (; url && *endpoints && kept == n; endpoints++) kept = without_endpoint(url, n, *endpoints);
    int length =
        kept == n ? 0 : snprintf(whole, sizeof whole, "%.*s%s%s", (int)kept, url, path, url + n);
    if (length > 0 && (size_t)length < sizeof whole)
        beluga_http_request_set_url(request, whole);
    else
        beluga_http_request_set_path(request, path);
}

const char *beluga__data_url(const char *url, char *media_type, size_t size)
{
    static const char mark[] = ";base64,";
    const char *comma = strncmp(url, "data:", 5) == 0 ? strchr(url, ',') : NULL;
    size_t n_mark = sizeof mark - 2; /* without the comma */
    if (!comma || (size_t)(comma - url) < 5 + n_mark || strncmp(comma - n_mark, mark, n_mark) != 0)
        return NULL;
    size_t n = (size_t)(comma - url) - 5 - n_mark;
    if (n >= size) n = size - 1;
    memcpy(media_type, url + 5, n);
    media_type[n] = '\0';
    return comma + 1;
}

beluga_part_kind beluga__kind_of_media(const char *media_type)
{
    if (media_type && strncmp(media_type, "image/", 6) == 0) return BELUGA_PART_IMAGE;
    if (media_type && strncmp(media_type, "audio/", 6) == 0) return BELUGA_PART_AUDIO;
    return BELUGA_PART_FILE;
}

int beluga__emit_url(beluga_emit *emit, int kind, const char *media_type, const char *url)
{
    char own[128];
    const char *base64 = beluga__data_url(url, own, sizeof own);
    if (base64) media_type = own;
    beluga_part_kind k = kind ? (beluga_part_kind)kind : beluga__kind_of_media(media_type);
    if (base64) return beluga_emit_media_base64(emit, k, media_type, base64, strlen(base64));
    return beluga_emit_media_url(emit, k, media_type, url);
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

/* ---- errors ---------------------------------------------------------------------------------- */

void beluga__error_refine(beluga_error *err, int code)
{
    beluga_error old = *err;
    if (old.code == code && *old.message) return;
    beluga_error_set(err, code, "%s", beluga_error_text(code));
    err->http_status = old.http_status;
    err->retry_after_ms = old.retry_after_ms;
    err->attempts = old.attempts;
    memcpy(err->operation, old.operation, sizeof old.operation);
    memcpy(err->provider, old.provider, sizeof old.provider);
    memcpy(err->model, old.model, sizeof old.model);
    memcpy(err->request_id, old.request_id, sizeof old.request_id);
}

const char *beluga__reasoning_effort_name(int64_t effort)
{
    static const char *const names[] = {"none", "minimal", "low", "medium", "high", "xhigh", "max"};
    bool known = effort >= BELUGA_REASONING_EFFORT_NONE && effort <= BELUGA_REASONING_EFFORT_MAX;
    return known ? names[effort] : NULL;
}
