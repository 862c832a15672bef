/* Writes and decodes embeddings and token counts: batchEmbedContents and countTokens, and the
 * corresponding methods of Vertex AI. */
#include "providers/embed.h"

#include "providers/gemini/gemini.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const types[] = {"RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY",
                                    "CLASSIFICATION", "CLUSTERING"};

/* ---- requests -------------------------------------------------------------------------------- */

static void put_name(beluga_json_writer *w, const char *model)
{
    char name[1024];
    snprintf(name, sizeof name, "%s%s", beluga__gemini_collection(model), model);
    beluga_json_put_string(w, "model", name);
}

/* Write the requests: the body contains a complete request for each text. */
static void put_requests(beluga__embed_request *e)
{
    int64_t dimensions;
    const char *type = beluga__embed_type(e, types, "Gemini");
    bool sized = beluga_call_get_int(e->call, BELUGA_OPTION_DIMENSIONS, &dimensions);
    if (!beluga__body_wants(&e->body, "requests")) return;
    beluga_json_begin_array(e->w, "requests");
    for (size_t i = 0, n = beluga_call_input_count(e->call); i < n; i++) {
        size_t length = 0;
        const char *text = beluga_call_input(e->call, i, &length);
        beluga_json_begin_object(e->w, NULL);
        put_name(e->w, beluga_call_model(e->call));
        beluga_json_begin_object(e->w, "content");
        beluga_json_begin_array(e->w, "parts");
        beluga_json_begin_object(e->w, NULL);
        beluga_json_put_string_n(e->w, "text", text, length);
        beluga_json_end_object(e->w);
        beluga_json_end_array(e->w);
        beluga_json_end_object(e->w);
        if (type) beluga_json_put_string(e->w, "taskType", type);
        if (sized) beluga_json_put_int(e->w, "outputDimensionality", dimensions);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}

static void put_instances(beluga__embed_request *e)
{
    const char *type = beluga__embed_type(e, types, "Vertex AI");
    if (!beluga__body_wants(&e->body, "instances")) return;
    beluga_json_begin_array(e->w, "instances");
    for (size_t i = 0, n = beluga_call_input_count(e->call); i < n; i++) {
        size_t length = 0;
        const char *text = beluga_call_input(e->call, i, &length);
        beluga_json_begin_object(e->w, NULL);
        beluga_json_put_string_n(e->w, "content", text, length);
        if (type) beluga_json_put_string(e->w, "task_type", type);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}

/* Set "autoTruncate" to false, so that Vertex AI refuses a text that is too long instead of cutting
 * it. */
static int put_parameters(beluga__embed_request *e)
{
    beluga__body parameters;
    beluga__body_begin_object(&e->body, "parameters", &parameters);
    if (beluga__body_wants(&parameters, "autoTruncate"))
        beluga_json_put_bool(e->w, "autoTruncate", false);
    beluga__body_put(&parameters, "outputDimensionality", e->call, BELUGA_OPTION_DIMENSIONS);
    return beluga__body_end_object(&parameters);
}

int beluga__gemini_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    beluga__embed_request e;
    bool vertex = beluga__gemini_is_vertex(request);
    int code =
        beluga__gemini_set_path(call, request, vertex ? "predict" : "batchEmbedContents", err);
    if (!code) code = beluga__embed_begin(&e, call, request, err);
    if (code) return code;
    if (vertex) {
        put_instances(&e);
        code = put_parameters(&e);
    } else {
        put_requests(&e);
    }
    int ended = beluga__embed_end(&e);
    return code ? code : ended;
}

/* Write a request that counts tokens. The Gemini API counts system text and tools only if they are
 * inside of a complete generateContent request. */
int beluga__gemini_encode_count(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    beluga__gemini_encoder e = {.turn = 0};
    bool vertex = beluga__gemini_is_vertex(request);
    int code = beluga__gemini_set_path(call, request, "countTokens", err);
    if (!code) code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    if (!vertex) {
        beluga_json_begin_object(e.w, "generateContentRequest");
        put_name(e.w, beluga_call_model(call));
    }
    beluga__gemini_put_system(&e);
    beluga__gemini_put_contents(&e);
    beluga__gemini_put_tools(&e);
    if (!vertex) beluga_json_end_object(e.w);
    return beluga__encoder_end(&e.base);
}

/* ---- answers --------------------------------------------------------------------------------- */

static int emit_predictions(const beluga_json *list, beluga_usage *usage, beluga_emit *emit)
{
    uint32_t index = 0;
    int code = 0;
    for (const beluga_json *v = beluga_json_first(list); v && !code;
         v = beluga_json_next(list, v)) {
        const beluga_json *vector = beluga_json_get(v, "embeddings");
        int64_t tokens = beluga__count(beluga_json_get(vector, "statistics"), "token_count",
                                       BELUGA__MOST_TOKENS);
        if (tokens > 0)
            usage->input_total = (usage->input_total > 0 ? usage->input_total : 0) + tokens;
        code = beluga_emit_embedding_json(emit, index++, beluga_json_get(vector, "values"));
    }
    return code;
}

/* Emit the vector in a result of a batch job, {"embedding":{"values"},"tokenCount"}. The count may
 * be a text, as int64 is in Google's JSON, and the reference has "usageMetadata", too. */
static int emit_single(const beluga_json *root, beluga_usage *usage, beluga_emit *emit)
{
    const beluga_json *vector = beluga_json_get(root, "embedding");
    const beluga_json *count = beluga_json_get(root, "tokenCount");
    const char *text = beluga_json_string(count, NULL);
    int64_t tokens = text ? strtoll(text, NULL, 10) : beluga_json_int(count, -1);
    if (tokens > 0 && tokens <= BELUGA__MOST_TOKENS) usage->input_total = tokens;
    return beluga_emit_embedding_json(emit, 0, beluga_json_get(vector, "values"));
}

static int emit_list(const beluga_json *root, beluga_usage *usage, beluga_emit *emit)
{
    const beluga_json *vectors = beluga_json_get(root, "embeddings");
    if (beluga_json_is_object(beluga_json_get(root, "embedding")))
        return emit_single(root, usage, emit);
    return vectors ? beluga__embed_emit_array(vectors, "values", emit)
                   : emit_predictions(beluga_json_get(root, "predictions"), usage, emit);
}

/* Returns whether an answer has vectors: those of the Gemini API, of Vertex AI, or that in a result
 * of a batch job. */
static bool has_vectors(const beluga_json *root)
{
    return beluga_json_is_array(beluga_json_get(root, "embeddings")) ||
           beluga_json_is_array(beluga_json_get(root, "predictions")) ||
           beluga_json_is_object(beluga_json_get(root, "embedding"));
}

int beluga__gemini_decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    beluga_usage usage = BELUGA_USAGE_INIT;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *error = beluga_json_get(root, "error");
    if (beluga_json_is_object(error))
        return beluga__gemini_emit_fault(error, BELUGA_ERROR_INTERNAL, emit);
    if (!has_vectors(root))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a list of vectors",
                                        emit);
    usage.input_total = beluga__count(beluga_json_get(root, "usageMetadata"), "promptTokenCount",
                                      BELUGA__MOST_TOKENS);
    code = emit_list(root, &usage, emit);
    return code ? code : beluga_emit_usage(emit, &usage);
}

int beluga__gemini_decode_count(const char *body, size_t length, beluga_emit *emit)
{
    return beluga__decode_token_count(body, length, "totalTokens", emit);
}
