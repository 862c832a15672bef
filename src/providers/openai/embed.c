/* Writes and decodes embeddings in OpenAI's form, which most hosts have adopted. */
#include "providers/openai/embed.h"

#include "providers/openai/openai.h"

/* ---- the request ----------------------------------------------------------------------------- */

static bool is(const beluga__openai_host *host, uint32_t quirk)
{
    return host->quirks & quirk;
}

int beluga__openai_encode_embed_as(const beluga__openai_host *host, const beluga_call *call,
                                   beluga_http_request *request, beluga_error *err)
{
    beluga__embed_request e;
    beluga__openai_set_head(call, request, "/embeddings");
    int code = beluga__embed_begin(&e, call, request, err);
    if (code) return code;
    beluga__embed_put_model(&e, "model");
    beluga__embed_put_inputs(&e, "input");
    /* base64 has a third of the length of decimal numbers, and can be read several times faster */
    if (!is(host, BELUGA__OPENAI_EMBED_FLOATS) && beluga__body_wants(&e.body, "encoding_format"))
        beluga_json_put_string(e.w, "encoding_format", "base64");
    beluga__body_put(&e.body, is(host, BELUGA__OPENAI_MISTRAL) ? "output_dimension" : "dimensions",
                     call, BELUGA_OPTION_DIMENSIONS);
    beluga__embed_put_type(&e, "input_type", host->input_types, beluga_call_provider(call)->name);
    if (!is(host, BELUGA__OPENAI_NO_USER))
        beluga__body_put(&e.body, "user", call, BELUGA_OPTION_USER);
    return beluga__embed_end(&e);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Read the index of a vector. If a host leaves it out, the vectors have the order of the texts, so
 * the vector's position in the list is used. */
static int read_index(const beluga_json *index, int64_t place, uint32_t *out, beluga_emit *emit)
{
    int64_t number = place;
    if (index && !beluga_json_is_null(index) && !beluga__embed_whole(index, &number))
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the index of vector %lld is not a whole number",
                                   (long long)place);
    if (number < 0 || number > UINT32_MAX)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer has a vector for input %lld", (long long)number);
    *out = (uint32_t)number;
    return 0;
}

static int emit_vectors(const beluga_json *list, beluga_emit *emit)
{
    static const beluga_json_name names[] = {BELUGA_JSON_NAME("object"), BELUGA_JSON_NAME("index"),
                                             BELUGA_JSON_NAME("embedding")};
    int64_t place = 0;
    int code = 0;
    for (const beluga_json *v = beluga_json_first(list); v && !code;
         v = beluga_json_next(list, v)) {
        const beluga_json *m[3];
        beluga_json_pick(v, names, 3, m);
        uint32_t index = 0;
        code = read_index(m[1], place++, &index, emit);
        if (!code) code = beluga_emit_embedding_json(emit, index, m[2]);
    }
    return code;
}

int beluga__openai_decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *list = beluga_json_get(root, "data");
    if (!beluga_json_is_array(list) && beluga__fault_is(root, false))
        return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    if (!beluga_json_is_array(list))
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                      "the answer is JSON, but not a list of vectors", emit);
    code = beluga_emit_metadata(emit, beluga_json_get_string(root, "id", NULL),
                                beluga_json_get_string(root, "model", NULL),
                                beluga_json_get_int(root, "created", 0));
    if (!code) code = emit_vectors(list, emit);
    return code ? code : beluga__openai_emit_usage(beluga_json_get(root, "usage"), emit);
}
