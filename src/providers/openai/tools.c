/* Tool calls in pieces. By the protocol the first piece of a call has its index, id and name, and
 * later ones the index alone. Hosts leave out each of the three, send index 0 for every call,
 * repeat or empty the name, or bring it late; here they become one begin and its deltas. */
#include "providers/openai/openai.h"

#include <string.h>

struct piece {
    int64_t wire_index;                /* -1: missing */
    const char *id, *name, *arguments; /* NULL when missing or empty */
    size_t n_arguments;
    const beluga_json *extra; /* what else must go back, or NULL */
};

/* FNV-1a; never 0 for a text, which stands for none. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;
    if (!text) return 0;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
    return h ? h : 1;
}

static const char *filled(const char *text)
{
    return text && *text ? text : NULL;
}

static beluga__openai_tool_call *newest(beluga__openai_state *state, uint32_t back)
{
    return &state->calls[(state->n_calls - 1 - back) % BELUGA__OPENAI_OPEN_CALLS];
}

static uint32_t open_calls(const beluga__openai_state *state)
{
    return state->n_calls < BELUGA__OPENAI_OPEN_CALLS ? state->n_calls : BELUGA__OPENAI_OPEN_CALLS;
}

/* Does the piece begin another call under the same index? */
static bool is_another(const beluga__openai_tool_call *call, const struct piece *piece)
{
    if (piece->id && call->id) return hash(piece->id) != call->id;
    return piece->name && call->name && hash(piece->name) != call->name;
}

static beluga__openai_tool_call *find_by_index(beluga__openai_state *state,
                                               const struct piece *piece)
{
    for (uint32_t i = 0; i < open_calls(state); i++)
        if (newest(state, i)->wire_index == (uint32_t)piece->wire_index) return newest(state, i);
    return NULL;
}

/* Without an index the id tells calls apart; with neither, a name begins a call and the rest
 * belongs to the newest. */
static beluga__openai_tool_call *find_by_id(beluga__openai_state *state, const struct piece *piece)
{
    for (uint32_t i = 0; piece->id && i < open_calls(state); i++)
        if (newest(state, i)->id == hash(piece->id)) return newest(state, i);
    bool begins = piece->id || (piece->name && !state->unnamed);
    return begins || !state->n_calls ? NULL : newest(state, 0);
}

static int fail(beluga_emit *emit, const char *what)
{
    return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL, "%s", what);
}

/* Google's models sign calls in a member that the protocol does not have; LiteLLM has another for
 * what they sign. */
static const beluga_json *find_extra(const beluga_json *call)
{
    static const char *const names[] = {"extra_content", "provider_specific_fields"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const beluga_json *extra = beluga_json_get(call, names[i]);
        if (beluga_json_is_object(extra) && beluga_json_count(extra)) return extra;
    }
    return NULL;
}

static int emit_extra(const beluga__openai_tool_call *call, const struct piece *piece,
                      beluga_emit *emit)
{
    return beluga__emit_state(emit, BELUGA_PART_TOOL_CALL, call->index,
                              beluga_json_key(piece->extra, NULL), piece->extra);
}

static beluga__openai_tool_call *add_call(beluga__openai_state *state, const struct piece *piece)
{
    uint32_t index = state->n_calls++;
    beluga__openai_tool_call *call = newest(state, 0);
    *call = (beluga__openai_tool_call){.index = index, .id = hash(piece->id)};
    call->wire_index = piece->wire_index < 0 ? index : (uint32_t)piece->wire_index;
    state->unnamed = true;
    state->early_id[0] = '\0';
    state->n_early_arguments = 0;
    return call;
}

/* The call can't begin before its name is known: keep what comes before it. */
static int keep_early(beluga__openai_state *state, const struct piece *piece, beluga_emit *emit)
{
    size_t n_id = piece->id ? strlen(piece->id) : 0;
    if (n_id >= sizeof state->early_id ||
        piece->n_arguments > sizeof state->early_arguments - state->n_early_arguments)
        return fail(emit, "the model's tool call has no name");
    if (n_id) memcpy(state->early_id, piece->id, n_id + 1);
    if (piece->arguments)
        memcpy(state->early_arguments + state->n_early_arguments, piece->arguments,
               piece->n_arguments);
    state->n_early_arguments += piece->n_arguments;
    return 0;
}

static int begin(beluga__openai_state *state, beluga__openai_tool_call *call,
                 const struct piece *piece, beluga_emit *emit)
{
    const char *id = piece->id ? piece->id : filled(state->early_id);
    state->unnamed = false;
    call->name = hash(piece->name);
    int code = beluga_emit_tool_call_begin(emit, call->index, id, piece->name);
    if (!code && state->n_early_arguments)
        code = beluga_emit_tool_call_delta(emit, call->index, state->early_arguments,
                                           state->n_early_arguments);
    return code;
}

static int take(beluga__openai_state *state, const struct piece *piece, beluga_emit *emit)
{
    beluga__openai_tool_call *call =
        piece->wire_index >= 0 ? find_by_index(state, piece) : find_by_id(state, piece);
    int code = 0;
    if (call && is_another(call, piece)) {
        if (call->name) code = beluga_emit_tool_call_end(emit, call->index);
        call = NULL;
    }
    if (code) return code;
    if (!call && state->unnamed) return fail(emit, "the model's tool call has no name");
    if (!call) call = add_call(state, piece);
    if (!call->id) call->id = hash(piece->id);
    if (!call->name && !piece->name) return keep_early(state, piece, emit);
    if (!call->name) code = begin(state, call, piece, emit);
    if (!code && piece->n_arguments)
        code = beluga_emit_tool_call_delta(emit, call->index, piece->arguments, piece->n_arguments);
    return code || !piece->extra ? code : emit_extra(call, piece, emit);
}

/* Arguments are JSON inside a string; some hosts send the object itself. */
static int read_function(struct piece *piece, const beluga_json *function, beluga_emit *emit)
{
    const beluga_json *arguments = beluga_json_get(function, "arguments");
    piece->name = filled(beluga_json_get_string(function, "name", NULL));
    if (beluga_json_is_object(arguments)) {
        piece->arguments = beluga_emit_json_text(emit, arguments, &piece->n_arguments);
        return piece->arguments ? 0 : BELUGA_ERROR_NO_MEMORY;
    }
    piece->arguments = beluga_json_string(arguments, &piece->n_arguments);
    return 0;
}

int beluga__openai_emit_tool_call(beluga__openai_state *state, const beluga_json *call,
                                  beluga_emit *emit)
{
    struct piece piece = {.wire_index = beluga_json_get_int(call, "index", -1)};
    piece.id = filled(beluga_json_get_string(call, "id", NULL));
    piece.extra = find_extra(call);
    int code = read_function(&piece, beluga_json_get(call, "function"), emit);
    return code ? code : take(state, &piece, emit);
}

int beluga__openai_emit_function_call(beluga__openai_state *state, const beluga_json *function,
                                      beluga_emit *emit)
{
    struct piece piece = {.wire_index = 0};
    int code = read_function(&piece, function, emit);
    return code ? code : take(state, &piece, emit);
}
