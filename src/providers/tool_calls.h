/* Puts tool calls that come in pieces together, for all protocols: each call becomes one begin, its
 * deltas and one end. It accepts what servers do wrong: they leave out a call's index, its id or
 * its name, split the name or repeat it in every piece, send one call at two indexes, repeat all of
 * the arguments at the end, and send objects or null instead of text. */
#ifndef BELUGA__PROVIDERS_TOOL_CALLS_H
#define BELUGA__PROVIDERS_TOOL_CALLS_H

#include <beluga/provider/provider.h>

typedef struct beluga__call_room beluga__call_room;

/* The calls of an answer; all zero at its start. */
typedef struct beluga__calls {
    beluga__call_room *room; /* in the call's memory; NULL until a tool call comes */
    uint32_t count;
} beluga__calls;

enum { BELUGA__NO_PLACE = -1 };

/* A piece of a tool call. Members that the piece does not have are NULL, 0 or BELUGA__NO_PLACE. */
typedef struct beluga__call_piece {
    int64_t place;    /* the server's number of the call */
    const char *item; /* the server's name of the item, apart from the call's id */
    const char *id, *name;
    const char *arguments;
    size_t n_arguments;
    const beluga_json *state; /* a member that is sent back unchanged */
} beluga__call_piece;

/* Set the arguments of a piece: JSON inside a text, which most protocols send, or the object
 * itself. Returns 0 or NO_MEMORY. */
int beluga__calls_read_arguments(beluga__call_piece *piece, const beluga_json *arguments,
                                 beluga_emit *emit);

/* Add a piece. Returns 0 or a code; a call without a name is an error. */
int beluga__calls_add(beluga__calls *calls, const beluga__call_piece *piece, beluga_emit *emit);
/* End the call at that place, or of that item, if there is such a call. */
int beluga__calls_end(beluga__calls *calls, int64_t place, const char *item, beluga_emit *emit);
/* Note that the newest call's name is complete, so that the next piece does not continue it. */
int beluga__calls_name_is_whole(beluga__calls *calls, beluga_emit *emit);
/* Add a call that comes in one piece. */
int beluga__calls_add_whole(beluga__calls *calls, beluga__call_piece *piece, beluga_emit *emit);
/* Emit the pieces that were held back; call this before the answer's end. */
int beluga__calls_finish(beluga__calls *calls, beluga_emit *emit);
bool beluga__calls_has(const beluga__calls *calls, int64_t place, const char *item);
/* Returns whether no arguments of the call have come; true where there is no such call. */
bool beluga__calls_is_empty(const beluga__calls *calls, int64_t place, const char *item);

#endif
