#include "providers/embed.h"

#include "providers/decode.h"
#include "providers/fault.h"

int beluga__embed_begin(beluga__embed_request *e, const beluga_call *call,
                        beluga_http_request *request, beluga_error *err)
{
    e->call = call;
    e->request = request;
    e->err = err;
    e->w = beluga_http_request_json(request);
    return beluga__body_begin(&e->body, call, request, err);
}

int beluga__embed_end(beluga__embed_request *e)
{
    return beluga__body_end(&e->body, e->err);
}

void beluga__embed_put_model(beluga__embed_request *e, const char *name)
{
    if (beluga__body_wants(&e->body, name))
        beluga_json_put_string(e->w, name, beluga_call_model(e->call));
}

void beluga__embed_put_inputs(beluga__embed_request *e, const char *name)
{
    if (!beluga__body_wants(&e->body, name)) return;
    beluga_json_begin_array(e->w, name);
    for (size_t i = 0, n = beluga_call_input_count(e->call); i < n; i++) {
        size_t length = 0;
        const char *text = beluga_call_input(e->call, i, &length);
        beluga_json_put_string_n(e->w, NULL, text, length);
    }
    beluga_json_end_array(e->w);
}

const char *beluga__embed_type(beluga__embed_request *e, const char *const *words,
                               const char *whose)
{
    int64_t type;
    if (!beluga_call_get_int(e->call, BELUGA_OPTION_INPUT_TYPE, &type)) return NULL;
    const char *word = words ? words[type] : NULL;
    if (!word)
        beluga_http_request_warn(e->request, "this input_type is not sent: %s has no such type",
                                 whose);
    return word;
}

void beluga__embed_put_type(beluga__embed_request *e, const char *name, const char *const *words,
                            const char *whose)
{
    if (!beluga__body_wants(&e->body, name)) return;
    const char *word = beluga__embed_type(e, words, whose);
    if (word) beluga_json_put_string(e->w, name, word);
}

void beluga__embed_no_dimensions(beluga__embed_request *e, const char *whose)
{
    int64_t n;
    if (beluga_call_get_int(e->call, BELUGA_OPTION_DIMENSIONS, &n))
        beluga_http_request_warn(e->request, "dimensions is not sent: %s has none", whose);
}

bool beluga__embed_whole(const beluga_json *value, int64_t *number)
{
    if (!beluga_json_is_number(value)) return false;
    *number = beluga_json_int(value, 0);
    return (double)*number == beluga_json_double(value, 0);
}

int beluga__embed_emit_array(const beluga_json *array, const char *member, beluga_emit *emit)
{
    uint32_t index = 0;
    int code = 0;
    for (const beluga_json *v = beluga_json_first(array); v && !code;
         v = beluga_json_next(array, v))
        code = beluga_emit_embedding_json(emit, index++, member ? beluga_json_get(v, member) : v);
    return code;
}

int beluga__decode_token_count(const char *body, size_t length, const char *member,
                               beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *value = beluga_json_get(root, member);
    int64_t count;
    if (beluga__embed_whole(value, &count)) return beluga_emit_token_count(emit, count);
    if (beluga_json_is_array(value))
        return beluga_emit_token_count(emit, (int64_t)beluga_json_count(value));
    return beluga__fault_or_failure(root, "the answer is JSON, but not a count of tokens", emit);
}

static bool is_text_only(const beluga_message *message)
{
    bool only = true;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        only = only && beluga_message_part(message, i)->kind == BELUGA_PART_TEXT;
    return only;
}

void beluga__warn_of_texts_only(const beluga_call *call, beluga_http_request *request,
                                const char *whose)
{
    bool only = true;
    for (size_t i = 0, n = beluga_call_message_count(call); i < n; i++)
        only = only && is_text_only(beluga_call_message(call, i));
    beluga_http_request_warn(
        request, "%s counts only texts: separators of messages%s%s are not counted", whose,
        only ? "" : ", parts that are not text", beluga_call_tool_count(call) ? ", and tools" : "");
}
