#include "providers/gemini/gemini.h"

#include <string.h>

/* The members of an answer or of a piece of a stream. The members of an error come last. */
enum { CANDIDATES, USAGE, MODEL_VERSION, RESPONSE_ID, FEEDBACK, FAULTS };
enum { MEMBERS = FAULTS + BELUGA__FAULT_MEMBERS };

static const beluga_json_name members[MEMBERS] = {
    [CANDIDATES] = BELUGA_JSON_NAME("candidates"),
    [USAGE] = BELUGA_JSON_NAME("usageMetadata"),
    [MODEL_VERSION] = BELUGA_JSON_NAME("modelVersion"),
    [RESPONSE_ID] = BELUGA_JSON_NAME("responseId"),
    [FEEDBACK] = BELUGA_JSON_NAME("promptFeedback"),
    [FAULTS] = BELUGA__FAULT_NAMES,
};

/* The members of a candidate. */
enum { CONTENT, FINISH_REASON, INDEX, FINISH_MESSAGE, CANDIDATE_MEMBERS };

/* ---- beside the content ---------------------------------------------------------------------- */

static int emit_metadata(beluga__gemini_state *state, const beluga_json *const *m,
                         beluga_emit *emit)
{
    if (state->has_metadata) return 0;
    const char *id = beluga_json_string(m[RESPONSE_ID], NULL);
    const char *model = beluga_json_string(m[MODEL_VERSION], NULL);
    if (!id && !model) return 0;
    state->has_metadata = id && model;
    return beluga_emit_metadata(emit, id, model, 0);
}

enum { MAX_COUNT = 1 << 30 }; /* a larger number can't be a count of tokens */

static int64_t read_count(const beluga_json *value)
{
    return beluga__count_value(value, MAX_COUNT);
}

/* Returns the latest value of a count. Each piece of a stream repeats the counts so far. But a
 * count of zero is left out, and any count may be missing in the last piece of an answer that was
 * stopped. */
static int64_t latest(const beluga_json *value, int64_t *last)
{
    int64_t n = read_count(value);
    if (n > *last) *last = n;
    return n >= 0 || !*last ? n : *last;
}

/* Read the usage. The API's count for the answer does not include thoughts, and its count for the
 * prompt does not include the tokens that its own tools add. */
static void read_usage(beluga__gemini_state *state, const beluga_json *usage, beluga_usage *u)
{
    enum { PROMPT, ANSWER, TOTAL, DETAILS, THOUGHTS, CACHED, TOOLS, COUNTS };
    static const beluga_json_name names[COUNTS] = {
        [PROMPT] = BELUGA_JSON_NAME("promptTokenCount"),
        [ANSWER] = BELUGA_JSON_NAME("candidatesTokenCount"),
        [TOTAL] = BELUGA_JSON_NAME("totalTokenCount"),
        [DETAILS] = BELUGA_JSON_NAME("promptTokensDetails"),
        [THOUGHTS] = BELUGA_JSON_NAME("thoughtsTokenCount"),
        [CACHED] = BELUGA_JSON_NAME("cachedContentTokenCount"),
        [TOOLS] = BELUGA_JSON_NAME("toolUsePromptTokenCount"),
    };
    const beluga_json *m[COUNTS];
    beluga_json_pick(usage, names, COUNTS, m);
    int64_t answer = latest(m[ANSWER], &state->answer_tokens);
    int64_t total = read_count(m[TOTAL]);
    u->input_total = read_count(m[PROMPT]);
    int64_t tools = read_count(m[TOOLS]);
    if (u->input_total >= 0 && tools > 0) u->input_total += tools;
    u->input_cache_read = read_count(m[CACHED]);
    u->output_reasoning = latest(m[THOUGHTS], &state->thought_tokens);
    if (answer >= 0 || u->output_reasoning >= 0)
        u->output_total = state->answer_tokens + state->thought_tokens;
    else if (u->input_total >= 0 && total >= u->input_total)
        u->output_total = total - u->input_total;
}

static int emit_usage(beluga__gemini_state *state, const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    if (!beluga_json_is_object(usage)) return 0;
    read_usage(state, usage, &u);
    return beluga__emit_read_usage(&u, usage, emit);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Emit the finish. The API ends an answer with STOP even if it calls tools. */
static int emit_finish(beluga__gemini_state *state, const beluga_json *const *candidate,
                       beluga_emit *emit)
{
    const beluga__end end = {
        .word = beluga__read_word(candidate[FINISH_REASON]),
        .detail = beluga_json_string(candidate[FINISH_MESSAGE], NULL),
        .calls = state->calls.count > 0,
    };
    if (!end.word) return 0;
    state->finished = true;
    int code = beluga__calls_finish(&state->calls, emit);
    return code ? code : beluga__end_emit(&end, emit);
}

static int emit_blocked(const beluga_json *feedback, beluga_emit *emit)
{
    const char *reason = beluga_json_get_string(feedback, "blockReason", NULL);
    const char *message = beluga_json_get_string(feedback, "blockReasonMessage", NULL);
    if (!reason || !*reason) return 0;
    return beluga_emit_failure(emit, BELUGA_ERROR_CONTENT_FILTER, reason,
                               "Gemini refused the prompt%s%s", message ? ": " : "",
                               message ? message : "");
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Pick the members of the first candidate. Returns whether there is one. */
static bool pick_candidate(const beluga_json *list, const beluga_json **m)
{
    static const beluga_json_name names[CANDIDATE_MEMBERS] = {
        [CONTENT] = BELUGA_JSON_NAME("content"),
        [FINISH_REASON] = BELUGA_JSON_NAME("finishReason"),
        [INDEX] = BELUGA_JSON_NAME("index"),
        [FINISH_MESSAGE] = BELUGA_JSON_NAME("finishMessage"),
    };
    if (!beluga_json_is_array(list)) return false;
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v)) {
        beluga_json_pick(v, names, CANDIDATE_MEMBERS, m);
        if (beluga_json_is_object(v) && beluga_json_int(m[INDEX], 0) == 0) return true;
    }
    return false;
}

static const char not_ours[] = "the answer is JSON, but not Gemini's";

/* Emit the error that Gemini or a proxy sent instead of a piece. */
static int emit_fault(const beluga_json *root, int fault, beluga_emit *emit)
{
    const beluga_json *error = beluga_json_get(root, "error");
    return beluga_json_is_object(error) ? beluga__gemini_emit_fault(error, fault, emit)
                                        : beluga__fault_emit(root, fault, emit);
}

/* Decode an answer, or a piece of a stream, which has the same form. A finish reason does not end
 * the stream, since some servers send it in every piece. `fault` is the code for an error without a
 * known status. */
static int decode_piece(beluga__gemini_state *state, const beluga_json *piece, int fault,
                        beluga_emit *emit)
{
    const beluga_json *m[MEMBERS], *candidate[CANDIDATE_MEMBERS];
    beluga_json_pick(piece, members, MEMBERS, m);
    bool found = pick_candidate(m[CANDIDATES], candidate);
    bool certain = found || state->finished;
    bool failed = certain && beluga_json_is_object(piece) ? beluga__fault_among(m + FAULTS)
                                                          : beluga__fault_is(piece, certain);
    if (failed) return emit_fault(piece, fault, emit);
    int code = emit_metadata(state, m, emit);
    if (!code) code = emit_usage(state, m[USAGE], emit);
    if (!code && found) code = beluga__gemini_emit_content(state, candidate[CONTENT], emit);
    if (!code && found) code = emit_finish(state, candidate, emit);
    return code || found || state->finished ? code : emit_blocked(m[FEEDBACK], emit);
}

/* Decode a body or an event. Without alt=sse a stream is one array of pieces, and some errors are
 * arrays, too. */
static int decode(beluga__gemini_state *state, const beluga_json *root, int fault,
                  beluga_emit *emit)
{
    int code = 0;
    if (beluga_json_is_object(root)) return decode_piece(state, root, fault, emit);
    if (!beluga_json_is_array(root))
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE, not_ours, emit);
    for (const beluga_json *v = beluga_json_first(root); v && !code; v = beluga_json_next(root, v))
        code = decode_piece(state, v, fault, emit);
    return code;
}

/* Finish an answer that is not streamed. A body that is valid JSON is complete, so a missing reason
 * means only that the reason is unknown. */
static int finish_whole(const beluga__gemini_state *state, const beluga_json *root,
                        beluga_emit *emit)
{
    const beluga_json *candidate[CANDIDATE_MEMBERS];
    if (state->finished) return 0;
    if (beluga_json_is_array(root))
        return beluga_emit_failure(emit, BELUGA_ERROR_STREAM_CLOSED, NULL,
                                   "the stream ended before the answer was complete");
    if (!beluga_json_get(root, "candidates") && !beluga_json_get(root, "usageMetadata"))
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE, not_ours, emit);
    if (!pick_candidate(beluga_json_get(root, "candidates"), candidate))
        return beluga__decode_failure(root, BELUGA_ERROR_EMPTY_RESPONSE,
                                      "the answer has no candidates", emit);
    const beluga__end end = {.calls = state->calls.count > 0};
    return beluga__end_emit(&end, emit);
}

int beluga__gemini_decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (!code) code = decode(state, root, BELUGA_ERROR_INTERNAL, emit);
    return code ? code : finish_whole(state, root, emit);
}

int beluga__gemini_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    const beluga_json *root;
    if (!frame->length) return 0;
    if (beluga__is_done(frame)) return BELUGA_DECODE_DONE; /* a proxy may send this */
    int code = beluga_emit_parse(emit, frame->data, frame->length, &root);
    return code ? code : decode(state, root, BELUGA_ERROR_STREAM, emit);
}

/* ---- lists of models ------------------------------------------------------------------------- */

/* Returns whether a model generates content. The list also contains models for embeddings and
 * images. */
static bool generates(const beluga_json *model)
{
    const beluga_json *methods = beluga_json_get(model, "supportedGenerationMethods");
    if (!beluga_json_is_array(methods)) return true;
    for (const beluga_json *v = beluga_json_first(methods); v; v = beluga_json_next(methods, v)) {
        const char *name = beluga_json_string(v, NULL);
        if (name && strcmp(name, "generateContent") == 0) return true;
    }
    return false;
}

static int emit_model(const beluga_json *model, beluga_emit *emit)
{
    size_t n = 0;
    const char *name = beluga_json_get_string(model, "name", &n);
    if (!n || !generates(model)) return 0;
    static const char *const prefixes[] = {"models/", "publishers/google/models/"};
    size_t prefix = 0;
    for (size_t i = 0; name && i < 2; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) prefix = strlen(prefixes[i]);
    beluga_model_info info = BELUGA_MODEL_INFO_INIT(name + prefix);
    beluga__read_model_facts(model, &info);
    return n > prefix ? beluga_emit_model_info(emit, &info) : 0;
}

int beluga__gemini_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    if (beluga_json_is_object(beluga_json_get(root, "error")) || beluga__fault_is(root, false))
        return emit_fault(root, BELUGA_ERROR_INTERNAL, emit);
    const beluga_json *models = beluga_json_get(root, "models");
    if (!models)
        models = beluga_json_get(root, "publisherModels"); /* the list's name in Vertex AI */
    if (!beluga_json_is_object(root) || (models && !beluga_json_is_array(models)))
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                      "the answer is JSON, but not a list of models", emit);
    for (const beluga_json *v = beluga_json_first(models); v && !code;
         v = beluga_json_next(models, v))
        code = emit_model(v, emit);
    const char *next = beluga_json_get_string(root, "nextPageToken", NULL);
    return code || !next || !*next ? code : beluga_emit_next_page(emit, next);
}
