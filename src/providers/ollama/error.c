/* Decodes errors. They have the form {"error":"text"}; Ollama's cloud also sends an object. Only
 * the text shows the cause. */
#include "providers/ollama/ollama.h"

#include <string.h>

static const char *message_of(const beluga_json *error, size_t *length)
{
    *length = 0;
    if (beluga_json_is_object(error)) return beluga_json_get_string(error, "message", length);
    return beluga_json_string(error, length);
}

static int meaning(const char *message, int otherwise)
{
    static const struct {
        const char *words;
        int code;
    } meanings[] = {
        {"does not support",
         BELUGA_ERROR_NOT_SUPPORTED}, /* said of tools, thinking, images and chat */
        {"context length", BELUGA_ERROR_CONTEXT_LENGTH},
        {"requires more system memory", BELUGA_ERROR_MODEL_NOT_AVAILABLE},
        {"server busy", BELUGA_ERROR_OVERLOADED},
        {"unauthorized", BELUGA_ERROR_AUTHENTICATION},
        {"invalid model name", BELUGA_ERROR_INVALID_MODEL},
    };
    for (size_t i = 0; message && i < sizeof meanings / sizeof *meanings; i++)
        if (strstr(message, meanings[i].words)) return meanings[i].code;
    if (message && strstr(message, "model") && strstr(message, "not found"))
        return BELUGA_ERROR_INVALID_MODEL;
    return otherwise;
}

void beluga__ollama_decode_error(const beluga_call *call, const beluga_http_response *response,
                                 beluga_error *err)
{
    (void)call;
    size_t length;
    const char *body = beluga_http_response_body(response, &length);
    beluga_json_doc *doc;
    if (beluga_json_parse(body, length, &doc, NULL)) return;
    const char *message = message_of(beluga_json_get(beluga_json_doc_root(doc), "error"), &length);
    beluga__error_refine(err, meaning(message, err->code));
    if (length) beluga_error_set_cause(err, message, length);
    beluga_json_doc_free(doc);
}

int beluga__ollama_emit_fault(const beluga_json *root, int otherwise, beluga_emit *emit)
{
    beluga_error err;
    size_t length;
    const char *message = message_of(beluga_json_get(root, "error"), &length);
    if (!length) return beluga__fault_emit(root, otherwise, emit); /* an error that a proxy sent */
    int code = meaning(message, otherwise);
    beluga__error_set_inside(&err, code, otherwise);
    beluga_error_set_cause(&err, message, length);
    return beluga_emit_error(emit, &err);
}
