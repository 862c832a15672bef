/* Assembles tool calls that arrive in pieces, for all protocols. For each call it emits one BEGIN,
 * the DELTA events and one END. It tolerates common mistakes: servers leave out a call's index, id
 * or name, split the name or repeat it in every piece, send one call at two indexes, repeat all
 * arguments at the end, and send objects or null instead of text. */
#ifndef BELUGA__PROVIDERS_TOOL_CALLS_H
#define BELUGA__PROVIDERS_TOOL_CALLS_H

#include <beluga/provider/provider.h>

typedef struct beluga__call_room beluga__call_room;

/* The tool calls of an answer. The struct is all zero when the answer begins. */
typedef struct beluga__calls {
    beluga__call_room *room; /* in the call's memory; NULL until a tool call arrives */
    uint32_t count;
} beluga__calls;

enum { BELUGA__NO_PLACE = -1 };

/* A piece of a tool call. Members that the piece does not have are NULL, 0 or BELUGA__NO_PLACE. */
typedef struct beluga__call_piece {
    int64_t place;    /* the number (index) that the server uses for the call */
    const char *item; /* the server's id of the item, which is not the call's id */
    const char *id, *name;
    const char *arguments;
    size_t n_arguments;
    const beluga_json *state; /* a member that is sent back unchanged */
} beluga__call_piece;

/* Set the arguments of a piece. `arguments` is a string that contains JSON, as in most protocols,
 * or the object itself. Returns 0 or NO_MEMORY. */
int beluga__calls_read_arguments(beluga__call_piece *piece, const beluga_json *arguments,
                                 beluga_emit *emit);

/* Add a piece of a streamed tool call. Returns 0 or a code; a call without a name is an error. */
int beluga__calls_add(beluga__calls *calls, const beluga__call_piece *piece, beluga_emit *emit);
/* End the tool call that has this index (`place`) or this item id, if there is one. */
int beluga__calls_end(beluga__calls *calls, int64_t place, const char *item, beluga_emit *emit);
/* Record that the newest call's name is complete, so that the next piece can't continue the
 * name. */
int beluga__calls_name_is_whole(beluga__calls *calls, beluga_emit *emit);
/* Add a call that arrives in one piece. */
int beluga__calls_add_whole(beluga__calls *calls, beluga__call_piece *piece, beluga_emit *emit);
/* Emit the pieces that were held back; call this before the answer's end. */
int beluga__calls_finish(beluga__calls *calls, beluga_emit *emit);
bool beluga__calls_has(const beluga__calls *calls, int64_t place, const char *item);
/* Returns whether no arguments of the call have arrived. Returns true if there is no such call. */
bool beluga__calls_is_empty(const beluga__calls *calls, int64_t place, const char *item);

#endif
