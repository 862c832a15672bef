#include "providers/cohere/cohere.h"

#include <string.h>

/* ---- content --------------------------------------------------------------------------------- */

int beluga__cohere_emit_text(const beluga_json *object, const char *key, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_get_string(object, key, &length);
    return length ? beluga_emit_text(emit, text, length) : 0;
}

int beluga__cohere_emit_thinking(const beluga_json *object, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_get_string(object, "thinking", &length);
    return length ? beluga_emit_reasoning(emit, text, length) : 0;
}

int beluga__cohere_emit_plan(beluga__cohere_state *state, const beluga_json *message,
                             beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_get_string(message, "tool_plan", &length);
    if (!length) return 0;
    int code = state->planning ? 0 : beluga_emit_reasoning_end(emit);
    state->planning = true;
    return code ? code : beluga_emit_reasoning(emit, text, length);
}

int beluga__cohere_end_plan(beluga__cohere_state *state, beluga_emit *emit)
{
    if (!state->planning) return 0;
    state->planning = false;
    return beluga_emit_reasoning_signature(emit, BELUGA__COHERE_PLAN,
                                           sizeof BELUGA__COHERE_PLAN - 1);
}

/* ---- how it ended ---------------------------------------------------------------------------- */

static int64_t count(const beluga_json *object, const char *key)
{
    int64_t n = beluga_json_get_int(object, key, -1);
    return n < 0 || n > INT64_MAX / 8 ? -1 : n;
}

/* What is billed counts; "tokens" has the prompt that Cohere writes around it, too. What was cached
 * is a part of that prompt, and so can be more than the whole. */
static int emit_usage(const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    if (!beluga_json_is_object(usage)) return 0;
    const beluga_json *counts = beluga_json_get(usage, "billed_units");
    if (count(counts, "input_tokens") < 0 && count(counts, "output_tokens") < 0)
        counts = beluga_json_get(usage, "tokens");
    u.input_total = count(counts, "input_tokens");
    u.output_total = count(counts, "output_tokens");
    int64_t cached = count(usage, "cached_tokens");
    if (cached <= u.input_total) u.input_cache_read = cached;
    u.raw = beluga_emit_json_text(emit, usage, &u.raw_length);
    return u.raw ? beluga_emit_usage(emit, &u) : BELUGA_ERROR_NO_MEMORY;
}

static int emit_finish(const char *word, const char *detail, beluga_emit *emit)
{
    static const struct {
        const char *word;
        beluga_finish_reason reason;
    } words[] = {
        {"COMPLETE", BELUGA_FINISH_STOP},
        {"STOP_SEQUENCE", BELUGA_FINISH_STOP},
        {"MAX_TOKENS", BELUGA_FINISH_LENGTH},
        {"TOOL_CALL", BELUGA_FINISH_TOOL_CALLS},
        {"ERROR_TOXIC", BELUGA_FINISH_CONTENT_FILTER},
    };
    const char *colon = detail && *detail ? ": " : "";
    if (strcmp(word, "TIMEOUT") == 0)
        return beluga_emit_failure(emit, BELUGA_ERROR_TIMEOUT, word,
                                   "the provider ran out of time%s%s", colon, detail);
    if (strcmp(word, "ERROR") == 0)
        return beluga_emit_failure(emit, BELUGA_ERROR_STREAM, word,
                                   "the provider broke the answer off%s%s", colon, detail);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0)
            return beluga_emit_finish(emit, words[i].reason, word);
    return beluga_emit_finish(emit, BELUGA_FINISH_OTHER, word);
}

int beluga__cohere_emit_end(beluga__cohere_state *state, const beluga_json *end, beluga_emit *emit)
{
    const char *word = beluga_json_get_string(end, "finish_reason", NULL);
    const char *detail = beluga_json_get_string(end, "error", NULL);
    if (state->finished) return 0;
    int code = beluga__cohere_end_plan(state, emit);
    if (!code) code = emit_usage(beluga_json_get(end, "usage"), emit);
    if (code) return code;
    if (!word || !*word)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer's end gives no reason");
    state->finished = true;
    return emit_finish(word, detail ? detail : "", emit);
}

/* ---- whole answers --------------------------------------------------------------------------- */

bool beluga__cohere_is_null(const char *arguments, size_t length)
{
    return length == 4 && memcmp(arguments, "null", 4) == 0;
}

int beluga__cohere_emit_fault(const beluga_json *root, int code, beluga_emit *emit)
{
    beluga_error err;
    size_t length = 0;
    const char *message = beluga_json_get_string(root, "message", &length);
    beluga_error_set(&err, code, "%s%s", beluga_error_text(code),
                     code == BELUGA_ERROR_STREAM ? ""
                                                 : " (so it says inside an answer of status 200)");
    if (length) beluga_error_set_cause(&err, message, length);
    return beluga_emit_error(emit, &err);
}

/* Parts, or one text where a host makes it easy for itself. */
static int emit_content(const beluga_json *message, beluga_emit *emit)
{
    int code = beluga__cohere_emit_text(message, "content", emit);
    const beluga_json *content = beluga_json_get(message, "content");
    if (!beluga_json_is_array(content)) return code;
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v)) {
        code = beluga__cohere_emit_thinking(v, emit);
        if (!code) code = beluga__cohere_emit_text(v, "text", emit);
    }
    return code;
}

static int emit_tool_calls(const beluga_json *calls, beluga_emit *emit)
{
    uint32_t index = 0;
    int code = 0;
    for (const beluga_json *v = beluga_json_first(calls); v && !code;
         v = beluga_json_next(calls, v)) {
        const beluga_json *function = beluga_json_get(v, "function");
        const char *name = beluga_json_get_string(function, "name", NULL);
        size_t length = 0;
        const char *arguments = beluga_json_get_string(function, "arguments", &length);
        if (!name || !*name)
            return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL,
                                       "the model's tool call has no name");
        if (arguments && beluga__cohere_is_null(arguments, length)) length = 0;
        code = beluga_emit_tool_call(emit, index++, beluga_json_get_string(v, "id", NULL), name,
                                     arguments, length);
    }
    return code;
}

int beluga__cohere_decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = length ? beluga_emit_parse(emit, body, length, &root) : 0;
    if (!length)
        return beluga_emit_failure(emit, BELUGA_ERROR_EMPTY_RESPONSE, NULL,
                                   "the answer's body is empty");
    if (code) return code;
    const beluga_json *message = beluga_json_get(root, "message");
    if (beluga_json_is_string(message))
        return beluga__cohere_emit_fault(root, BELUGA_ERROR_INTERNAL, emit);
    if (!beluga_json_is_object(message))
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer is JSON, but not a message");
    code = beluga_emit_metadata(emit, beluga_json_get_string(root, "id", NULL), NULL, 0);
    if (!code) code = emit_content(message, emit);
    if (!code) code = beluga__cohere_emit_plan(state, message, emit);
    if (!code) code = beluga__cohere_end_plan(state, emit);
    if (!code) code = emit_tool_calls(beluga_json_get(message, "tool_calls"), emit);
    return code ? code : beluga__cohere_emit_end(state, root, emit);
}

/* {"models":[{"name":"…"},…],"next_page_token":"…"} */
int beluga__cohere_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    const beluga_json *models = beluga_json_get(root, "models");
    if (!beluga_json_is_array(models))
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer is JSON, but not a list of models");
    for (const beluga_json *v = beluga_json_first(models); v && !code;
         v = beluga_json_next(models, v)) {
        size_t n = 0;
        const char *name = beluga_json_get_string(v, "name", &n);
        if (n) code = beluga_emit_model(emit, name, n);
    }
    const char *next = beluga_json_get_string(root, "next_page_token", NULL);
    return !code && next && *next ? beluga_emit_next_page(emit, next) : code;
}
