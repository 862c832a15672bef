#include "providers/decode.h"

#include <string.h>

int beluga__decode_body(const char *body, size_t length, beluga_emit *emit,
                        const beluga_json **root)
{
    *root = NULL;
    if (!length)
        return beluga_emit_failure(emit, BELUGA_ERROR_EMPTY_RESPONSE, NULL,
                                   "the answer's body is empty");
    return beluga_emit_parse(emit, body, length, root);
}

int beluga__decode_failure(const beluga_json *root, int code, const char *what, beluga_emit *emit)
{
    beluga_error err;
    size_t length = 0;
    const char *text = beluga_emit_json_text(emit, root, &length);
    beluga_error_set(&err, code, "%s", what);
    if (text) beluga_error_set_cause(&err, text, length);
    return beluga_emit_error(emit, &err);
}

bool beluga__is_done(const beluga_frame *frame)
{
    return frame->length >= 6 && memcmp(frame->data, "[DONE]", 6) == 0;
}

static int emit_names(const beluga_json *models, const char *key, beluga_emit *emit)
{
    int code = 0;
    for (const beluga_json *v = beluga_json_first(models); v && !code;
         v = beluga_json_next(models, v)) {
        size_t n = 0;
        const char *name = beluga_json_get_string(v, key, &n);
        if (n) code = beluga_emit_model(emit, name, n);
    }
    return code;
}

int beluga__decode_models(const beluga_json *root, const beluga__model_list *shape,
                          beluga_emit *emit)
{
    bool bare = shape->bare && beluga_json_is_array(root);
    const beluga_json *models = bare ? root : beluga_json_get(root, shape->list);
    bool none = shape->maybe && beluga_json_is_null(models);
    if (!none && !beluga_json_is_array(models))
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                      "the answer is JSON, but not a list of models", emit);
    int code = emit_names(models, shape->name, emit);
    const char *page =
        shape->page ? beluga__filled(beluga_json_get_string(root, shape->page, NULL)) : NULL;
    bool more = !shape->more || beluga_json_bool(beluga_json_get(root, shape->more), false);
    return page && more && !code ? beluga_emit_next_page(emit, page) : code;
}
