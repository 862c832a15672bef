#include "providers/model_list.h"

#include "providers/decode.h"
#include "providers/fault.h"

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

int beluga__decode_models(const char *body, size_t length, const beluga__model_list *shape,
                          beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    if (beluga__fault_is(root, false))
        return (shape->emit_fault ? shape->emit_fault
                                  : beluga__fault_emit)(root, BELUGA_ERROR_INTERNAL, emit);
    bool bare = shape->bare && beluga_json_is_array(root);
    const beluga_json *models = bare ? root : beluga_json_get(root, shape->list);
    bool none = shape->maybe && beluga_json_is_null(models);
    if (!none && !beluga_json_is_array(models))
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                      "the answer is JSON, but not a list of models", emit);
    code = emit_names(models, shape->name, emit);
    const char *page =
        shape->page ? beluga__filled(beluga_json_get_string(root, shape->page, NULL)) : NULL;
    bool more = !shape->more || beluga_json_bool(beluga_json_get(root, shape->more), false);
    return page && more && !code ? beluga_emit_next_page(emit, page) : code;
}
