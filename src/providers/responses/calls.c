/* Decodes function calls that arrive in pieces. A piece identifies its item by an id, by the item's
 * position in the output, or by both. If a server leaves out both, the piece belongs to the newest
 * item. */
#include "providers/responses/responses.h"

static beluga__call_piece read_item(const beluga_json *item, int64_t output_index)
{
    const char *call_id = beluga__filled(beluga_json_get_string(item, "call_id", NULL));
    beluga__call_piece piece = {
        .place = output_index < 0 ? BELUGA__NO_PLACE : output_index,
        .item = beluga__filled(beluga_json_get_string(item, "id", NULL)),
        .name = beluga_json_get_string(item, "name", NULL),
    };
    piece.id = call_id ? call_id : piece.item;
    return piece;
}

int beluga__responses_begin_call(beluga__responses_state *state, const beluga_json *item,
                                 int64_t output_index, beluga_emit *emit)
{
    beluga__call_piece piece = read_item(item, output_index);
    int code = beluga__calls_add(&state->calls, &piece, emit);
    return code ? code : beluga__calls_name_is_whole(&state->calls, emit);
}

int beluga__responses_add_arguments(beluga__responses_state *state, beluga__call_piece *piece,
                                    bool whole, beluga_emit *emit)
{
    bool named = piece->item || piece->place >= 0;
    bool known = named ? beluga__calls_has(&state->calls, piece->place, piece->item)
                       : state->calls.count > 0;
    /* The event with the complete arguments repeats the pieces, and the completed item repeats them
     * again. */
    if (whole && !beluga__calls_is_empty(&state->calls, piece->place, piece->item)) return 0;
    if (whole && !(named && known)) return 0;
    if (!known)
        return beluga_emit_failure(emit, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                                   "arguments of a tool call that never began");
    return beluga__calls_add(&state->calls, piece, emit);
}

int beluga__responses_end_call(beluga__responses_state *state, const beluga_json *item,
                               int64_t output_index, beluga_emit *emit)
{
    beluga__call_piece piece = read_item(item, output_index);
    int code = beluga__calls_read_arguments(&piece, beluga_json_get(item, "arguments"), emit);
    if (code) return code;
    if (!beluga__calls_is_empty(&state->calls, piece.place, piece.item)) piece.n_arguments = 0;
    return beluga__calls_add_whole(&state->calls, &piece, emit);
}
