/* Tells whether a streamed answer is whole. It has no clock and no I/O: the adapter says what each
 * frame brought, and how the body ended.
 *
 * A finish reason says that nothing was cut if nothing follows. Some servers say it in every chunk,
 * others before the text, so it is remembered, and what comes after it counts. How much it proves
 * depends on what it came with, and on what followed. */
#ifndef BELUGA__PROOF_H
#define BELUGA__PROOF_H

#include <stdbool.h>
#include <stdint.h>

/* The kinds of things that a frame can bring, as bits. */
enum { BELUGA__BROUGHT_CONTENT = 1, BELUGA__BROUGHT_REASON = 2, BELUGA__BROUGHT_OTHER = 4 };

typedef struct beluga__proof {
    enum {
        BELUGA__PROOF_NONE,      /* no reason was said */
        BELUGA__PROOF_ALONE,     /* a reason without content was the last word */
        BELUGA__PROOF_WITH,      /* a reason that came with content was */
        BELUGA__PROOF_OVERTAKEN, /* content without a reason came after one */
    } state;
    bool came_with_content; /* a reason did, at some time */
    bool in_every_chunk; /* such a one was followed by more content: reasons prove nothing here */
} beluga__proof;

/* How a body ends. */
typedef enum beluga__body_end {
    BELUGA__BODY_MARKED, /* the protocol's own end marker, such as [DONE] */
    BELUGA__BODY_FRAMED, /* HTTP says that it is whole: last chunk, Content-Length, END_STREAM */
    BELUGA__BODY_CLOSED, /* the connection was closed, which is the only end such a body has */
    BELUGA__BODY_CUT,    /* HTTP says that it is not whole, or nothing more came in time */
} beluga__body_end;

/* Note what a frame brought that was decoded. */
void beluga__proof_note(beluga__proof *proof, unsigned brought);
/* Returns whether the answer is whole where its body ends so. */
bool beluga__proof_holds(const beluga__proof *proof, beluga__body_end end);

/* Returns whether the end may be taken for granted when nothing follows for a grace time. */
static inline bool beluga__proof_allows_grace(const beluga__proof *proof)
{
    return proof->state == BELUGA__PROOF_ALONE && !proof->in_every_chunk;
}

#endif
