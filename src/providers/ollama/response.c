#include "providers/embed.h"
#include "providers/ollama/ollama.h"

#include <string.h>

/* ---- content --------------------------------------------------------------------------------- */

/* Emit a tool call. Ollama sends the arguments as an object; servers that imitate Ollama also send
 * a string. */
static int emit_tool_call(beluga__ollama_state *state, const beluga_json *call, beluga_emit *emit)
{
    const beluga_json *function = beluga_json_get(call, "function");
    beluga__call_piece piece = {
        .place = BELUGA__NO_PLACE,
        .id = beluga_json_get_string(call, "id", NULL),
        .name = beluga_json_get_string(function, "name", NULL),
    };
    int code = beluga__calls_read_arguments(&piece, beluga_json_get(function, "arguments"), emit);
    return code ? code : beluga__calls_add_whole(&state->calls, &piece, emit);
}

static int emit_message(beluga__ollama_state *state, const beluga_json *message, beluga_emit *emit)
{
    enum { ROLE, CONTENT, THINKING, TOOL_CALLS, MEMBERS };
    static const beluga_json_name names[MEMBERS] = {
        [ROLE] = BELUGA_JSON_NAME("role"),
        [CONTENT] = BELUGA_JSON_NAME("content"),
        [THINKING] = BELUGA_JSON_NAME("thinking"),
        [TOOL_CALLS] = BELUGA_JSON_NAME("tool_calls"),
    };
    const beluga_json *m[MEMBERS];
    beluga_json_pick(message, names, MEMBERS, m);
    int code = beluga__emit_reasoning_value(m[THINKING], emit);
    if (!code) code = beluga__emit_text_value(m[CONTENT], emit);
    if (!beluga_json_is_array(m[TOOL_CALLS])) return code;
    for (const beluga_json *v = beluga_json_first(m[TOOL_CALLS]); v && !code;
         v = beluga_json_next(m[TOOL_CALLS], v))
        code = emit_tool_call(state, v, emit);
    return code;
}

/* ---- beside the content ---------------------------------------------------------------------- */

static int emit_metadata(beluga__ollama_state *state, const beluga_json *name,
                         const beluga_json *time, beluga_emit *emit)
{
    const char *model = beluga_json_string(name, NULL);
    if (state->has_metadata || !model) return 0;
    int64_t created = beluga__time_value(time);
    state->has_metadata = true;
    return beluga_emit_metadata(emit, NULL, model, created > 0 ? created : 0);
}

/* Emit the usage. A missing count may mean zero, or an answer from a cache, so it is reported as
 * unknown. */
static int emit_usage(const beluga_json *root, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    u.input_total = beluga__count(root, "prompt_eval_count", INT64_MAX);
    u.output_total = beluga__count(root, "eval_count", INT64_MAX);
    if (u.input_total < 0 && u.output_total < 0) return 0;
    return beluga__emit_read_usage(&u, root, emit);
}

static int emit_finish(beluga__ollama_state *state, const beluga_json *root,
                       const beluga_json *reason, beluga_emit *emit)
{
    const beluga__end end = {
        .word = beluga__read_word(reason),
        .calls = state->calls.count > 0,
    };
    state->finished = true;
    int code = emit_usage(root, emit);
    if (!code) code = beluga__calls_finish(&state->calls, emit);
    if (!code) code = beluga__end_emit(&end, emit);
    return code ? code : BELUGA_DECODE_DONE;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Decode a line of a stream, or an answer that is not streamed, which has the same form. */
static int decode(beluga__ollama_state *state, const beluga_json *root, int fault,
                  beluga_emit *emit)
{
    enum { MODEL, CREATED_AT, MESSAGE, DONE, DONE_REASON, FAULTS };
    enum { MEMBERS = FAULTS + BELUGA__FAULT_MEMBERS };
    static const beluga_json_name names[MEMBERS] = {
        [MODEL] = BELUGA_JSON_NAME("model"),
        [CREATED_AT] = BELUGA_JSON_NAME("created_at"),
        [MESSAGE] = BELUGA_JSON_NAME("message"),
        [DONE] = BELUGA_JSON_NAME("done"),
        [DONE_REASON] = BELUGA_JSON_NAME("done_reason"),
        [FAULTS] = BELUGA__FAULT_NAMES,
    };
    const beluga_json *m[MEMBERS];
    if (state->finished) return 0;
    beluga_json_pick(root, names, MEMBERS, m);
    bool done = beluga_json_bool(m[DONE], false);
    bool certain = done || beluga_json_is_object(m[MESSAGE]);
    if (certain ? beluga__fault_among(m + FAULTS) : beluga__fault_is(root, false))
        return beluga__ollama_emit_fault(root, fault, emit);
    int code = emit_metadata(state, m[MODEL], m[CREATED_AT], emit);
    if (!code) code = emit_message(state, m[MESSAGE], emit);
    return code || !done ? code : emit_finish(state, root, m[DONE_REASON], emit);
}

static int not_ollamas(const beluga_json *root, beluga_emit *emit)
{
    return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                  "the answer is JSON, but not Ollama's", emit);
}

int beluga__ollama_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, frame->data, frame->length, &root);
    if (code) return code;
    if (!beluga_json_is_object(root)) return not_ollamas(root, emit);
    return decode(state, root, BELUGA_ERROR_STREAM, emit);
}

int beluga__ollama_decode_response(void *opaque, const char *body, size_t length, beluga_emit *emit)
{
    beluga__ollama_state *state = opaque;
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (!code) code = decode(state, root, BELUGA_ERROR_INTERNAL, emit);
    if (code) return code == BELUGA_DECODE_DONE ? 0 : code;
    /* a line without "done": the answer is not complete */
    return state->has_metadata ? 0 : not_ollamas(root, emit);
}

int beluga__ollama_decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    beluga_usage usage = BELUGA_USAGE_INIT;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *vectors = beluga_json_get(root, "embeddings");
    if (!beluga_json_is_array(vectors) && beluga_json_get(root, "error"))
        return beluga__ollama_emit_fault(root, BELUGA_ERROR_INTERNAL, emit);
    if (!beluga_json_is_array(vectors)) return not_ollamas(root, emit);
    usage.input_total = beluga__count(root, "prompt_eval_count", BELUGA__MOST_TOKENS);
    code = beluga_emit_metadata(emit, NULL, beluga_json_get_string(root, "model", NULL), 0);
    if (!code) code = beluga__embed_emit_array(vectors, NULL, emit);
    return code ? code : beluga_emit_usage(emit, &usage);
}

int beluga__ollama_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    static const beluga__model_list shape = {
        .list = "models", .name = "name", .maybe = true, .emit_fault = beluga__ollama_emit_fault};
    return beluga__decode_models(body, length, &shape, emit);
}
