#include "providers/body.h"

#include "providers/common.h"

#include <string.h>

int beluga__body_begin(beluga__body *body, const beluga_call *call, beluga_http_request *request,
                       beluga_error *err)
{
    size_t length;
    const char *text = beluga_call_get_string(call, BELUGA_OPTION_EXTRA_BODY, &length);
    *body = (beluga__body){0};
    if (text && beluga_json_parse(text, length, &body->doc, err)) {
        int code =
            err && err->code == BELUGA_ERROR_NO_MEMORY ? err->code : BELUGA_ERROR_INVALID_INPUT;
        if (err) {
            err->code = code;
            err->retryable = 0;
        }
        beluga_error_wrap(err, NULL, "extra_body");
        return code;
    }
    body->extra = beluga_json_doc_root(body->doc);
    if (text && !beluga_json_is_object(body->extra)) {
        beluga_json_doc_free(body->doc);
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "extra_body is not a JSON object");
    }
    body->request = request;
    body->writer = beluga_http_request_json(request);
    beluga_json_begin_object(body->writer, NULL);
    return 0;
}

/* Begin an object, since its first member is about to be written. The objects around it are begun
 * first. */
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

static bool is_replaced(const beluga__body *body, const char *name)
{
    return body->closed || beluga_json_get(body->extra, name);
}

bool beluga__body_wants(beluga__body *body, const char *name)
{
    if (is_replaced(body, name)) return false;
    open_objects(body);
    return true;
}

void beluga__body_begin_object(beluga__body *body, const char *name, beluga__body *object)
{
    const beluga_json *extra = beluga_json_get(body->extra, name);
    *object = (beluga__body){.request = body->request,
                             .writer = body->writer,
                             .outer = body,
                             .doc = body->doc,
                             .object = name};
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

void beluga__body_put_options(beluga__body *body, const beluga_call *call,
                              const beluga_option_field *fields)
{
    for (; fields->key; fields++) {
        int key = (int)fields->key;
        if (!beluga_call_has(call, key)) continue;
        if (fields->name ? beluga__body_wants(body, fields->name)
                         : !is_replaced(body, beluga_option_get_info(key)->name))
            beluga_http_request_put_option(body->request, call, fields);
    }
}

void beluga__body_put(beluga__body *body, const char *name, const beluga_call *call, int key)
{
    const beluga_option_field fields[] = {{.key = (uint32_t)key, .name = name}, {.key = 0}};
    beluga__body_put_options(body, call, fields);
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
