/* Tool calls as they come in pieces, whatever the protocol: each becomes one begin, its deltas and
 * one end. Servers leave out the number, the id or the name, split the name or repeat it in every
 * piece, tell one call at two places, say all of the arguments once more at the end, and send
 * objects or null where a text belongs. */
#ifndef BELUGA__PROVIDERS_CALLS_H
#define BELUGA__PROVIDERS_CALLS_H

#include <beluga/provider/provider.h>

/* The calls of an answer; all zero at its start. */
typedef struct beluga__calls {
    struct beluga__call_room *room; /* in the call's memory; NULL: none came */
    uint32_t count;
} beluga__calls;

enum { BELUGA__NO_PLACE = -1 };

/* What a piece says; NULL, 0 and BELUGA__NO_PLACE for what it does not. */
typedef struct beluga__call_piece {
    int64_t place;    /* the server's number of the call */
    const char *item; /* a name of it that is not its id */
    const char *id, *name;
    const char *arguments;
    size_t n_arguments;
    const beluga_json *state; /* a member that goes back as it came */
} beluga__call_piece;

/* Set the arguments: JSON inside a text, as most have it, or the object itself. Returns 0 or
 * NO_MEMORY. */
int beluga__calls_read_arguments(beluga__call_piece *piece, const beluga_json *arguments,
                                 beluga_emit *emit);

/* Add a piece. Returns 0 or a code, of a call without a name too. */
int beluga__calls_add(beluga__calls *calls, const beluga__call_piece *piece, beluga_emit *emit);
/* The call at that place, or of that item, is over. Another is none of ours. */
int beluga__calls_end(beluga__calls *calls, int64_t place, const char *item, beluga_emit *emit);
/* What comes next is no more of the newest call's name. */
int beluga__calls_name_is_whole(beluga__calls *calls, beluga_emit *emit);
/* Add a call that comes whole. */
int beluga__calls_add_whole(beluga__calls *calls, beluga__call_piece *piece, beluga_emit *emit);
/* Tell what was held back; before the answer's end. */
int beluga__calls_finish(beluga__calls *calls, beluga_emit *emit);
bool beluga__calls_has(const beluga__calls *calls, int64_t place, const char *item);
/* Whether nothing came of the call's arguments yet; true where there is no such call. */
bool beluga__calls_is_empty(const beluga__calls *calls, int64_t place, const char *item);

#endif
