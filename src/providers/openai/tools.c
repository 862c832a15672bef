/* Emits tool calls, complete or in pieces. tool_calls.c handles the deviations of hosts. */
#include "providers/openai/openai.h"

/* Returns the member with a tool call's signature, or NULL. Google's models send it in a member
 * that the protocol does not define, and LiteLLM in another one. */
static const beluga_json *find_extra(const beluga_json *call)
{
    static const char *const names[] = {"extra_content", "provider_specific_fields"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const beluga_json *extra = beluga_json_get(call, names[i]);
        if (beluga_json_is_object(extra) && beluga_json_count(extra)) return extra;
    }
    return NULL;
}

static int add(beluga__openai_state *state, beluga__call_piece *piece, const beluga_json *function,
               beluga_emit *emit)
{
    static const beluga_json_name names[] = {BELUGA_JSON_NAME("name"),
                                             BELUGA_JSON_NAME("arguments")};
    const beluga_json *m[2];
    beluga_json_pick(function, names, 2, m);
    piece->name = beluga_json_string(m[0], NULL);
    int code = beluga__calls_read_arguments(piece, m[1], emit);
    if (code) return code;
    return state->whole ? beluga__calls_add_whole(&state->calls, piece, emit)
                        : beluga__calls_add(&state->calls, piece, emit);
}

static int emit_tool_call(beluga__openai_state *state, const beluga_json *call, beluga_emit *emit)
{
    static const beluga_json_name names[] = {BELUGA_JSON_NAME("index"), BELUGA_JSON_NAME("id"),
                                             BELUGA_JSON_NAME("function")};
    const beluga_json *m[3];
    beluga_json_pick(call, names, 3, m);
    beluga__call_piece piece = {.id = beluga_json_string(m[1], NULL), .place = BELUGA__NO_PLACE};
    piece.state = find_extra(call);
    if (!state->whole) piece.place = beluga_json_int(m[0], BELUGA__NO_PLACE);
    return add(state, &piece, m[2], emit);
}

/* Emit the elements of a list, each of which is a separate tool call or a piece of one. An index
 * may be missing. */
int beluga__openai_emit_tool_calls(beluga__openai_state *state, const beluga_json *calls,
                                   beluga_emit *emit)
{
    int code = 0;
    for (const beluga_json *v = beluga_json_first(calls); v && !code;
         v = beluga_json_next(calls, v)) {
        bool first = v == beluga_json_first(calls);
        if (!first) code = beluga__calls_name_is_whole(&state->calls, emit);
        if (!code) code = emit_tool_call(state, v, emit);
    }
    return code;
}

int beluga__openai_emit_function_call(beluga__openai_state *state, const beluga_json *function,
                                      beluga_emit *emit)
{
    beluga__call_piece piece = {.place = 0};
    return add(state, &piece, function, emit);
}
