/* Function calls in pieces. A piece names its item by an id, by the item's place in the output, by
 * both, or, where a server leaves out either, by neither: then it is the newest one's. */
#include "providers/responses/responses.h"

#include <string.h>

/* FNV-1a; never 0 for a text, which stands for none. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;
    if (!text || !*text) return 0;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
    return h ? h : 1;
}

static beluga__responses_call *newest(beluga__responses_state *state, uint32_t back)
{
    return &state->calls[(state->n_calls - 1 - back) % BELUGA__RESPONSES_OPEN_CALLS];
}

static bool is_call(const beluga__responses_call *call, uint32_t item, int64_t output_index)
{
    if (item && call->item) return item == call->item;
    return output_index >= 0 && output_index == call->output_index;
}

/* NULL when there is none. */
static beluga__responses_call *find(beluga__responses_state *state, const char *id,
                                    int64_t output_index)
{
    uint32_t item = hash(id), n = state->n_calls;
    if (n > BELUGA__RESPONSES_OPEN_CALLS) n = BELUGA__RESPONSES_OPEN_CALLS;
    for (uint32_t i = 0; i < n; i++)
        if (is_call(newest(state, i), item, output_index)) return newest(state, i);
    return n && !item && output_index < 0 ? newest(state, 0) : NULL;
}

static const char *filled(const char *text)
{
    return text && *text ? text : NULL;
}

int beluga__responses_begin_call(beluga__responses_state *state, const beluga_json *item,
                                 int64_t output_index, beluga_emit *emit)
{
    const char *id = beluga_json_get_string(item, "id", NULL);
    const char *call_id = filled(beluga_json_get_string(item, "call_id", NULL));
    const char *name = filled(beluga_json_get_string(item, "name", NULL));
    if (!name)
        return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL,
                                   "the model's tool call has no name");
    uint32_t index = state->n_calls++;
    *newest(state, 0) =
        (beluga__responses_call){.item = hash(id), .index = index, .output_index = output_index};
    return beluga_emit_tool_call_begin(emit, index, call_id ? call_id : id, name);
}

static int add(beluga__responses_call *call, const char *text, size_t n, beluga_emit *emit)
{
    if (!n || call->ended) return 0;
    call->has_arguments = true;
    return beluga_emit_tool_call_delta(emit, call->index, text, n);
}

int beluga__responses_add_arguments(beluga__responses_state *state, const beluga_json *event,
                                    const char *key, beluga_emit *emit)
{
    size_t n = 0;
    const char *text = beluga_json_get_string(event, key, &n);
    beluga__responses_call *call = find(state, beluga_json_get_string(event, "item_id", NULL),
                                        beluga_json_get_int(event, "output_index", -1));
    bool whole = strcmp(key, "arguments") == 0;
    if (whole && (!call || call->has_arguments)) return 0; /* it repeats what came */
    if (call) return add(call, text, n, emit);
    return beluga_emit_failure(emit, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                               "arguments of a tool call that never began");
}

int beluga__responses_end_call(beluga__responses_state *state, const beluga_json *item,
                               int64_t output_index, beluga_emit *emit)
{
    size_t n = 0;
    int code = 0;
    const char *arguments = beluga_json_get_string(item, "arguments", &n);
    const char *id = filled(beluga_json_get_string(item, "id", NULL));
    beluga__responses_call *call = find(state, id, output_index);
    if (call && call->ended) call = NULL; /* nothing tells them apart */
    if (!call) code = beluga__responses_begin_call(state, item, output_index, emit);
    if (code) return code;
    if (!call) call = newest(state, 0);
    if (!call->has_arguments) code = add(call, arguments, n, emit);
    call->ended = true;
    return code ? code : beluga_emit_tool_call_end(emit, call->index);
}
