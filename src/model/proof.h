/* Tells whether a streamed answer is complete. The proof of completion has no clock and no I/O: the
 * adapter reports what each frame brought, and how the body ended.
 *
 * A finish reason proves that nothing was cut only if no content follows. Some servers send the
 * reason in every chunk, others before the text. So the proof remembers whether a reason came with
 * content, and whether content followed. */
#ifndef BELUGA__PROOF_H
#define BELUGA__PROOF_H

#include <stdbool.h>
#include <stdint.h>

/* Bits for what a frame can bring: content, a finish reason, or something else. */
enum { BELUGA__BROUGHT_CONTENT = 1, BELUGA__BROUGHT_REASON = 2, BELUGA__BROUGHT_OTHER = 4 };

typedef struct beluga__proof {
    enum {
        BELUGA__PROOF_NONE,  /* no finish reason has come */
        BELUGA__PROOF_ALONE, /* the last reason came without content, and no content followed */
        /* the last reason came together with content, and no content followed */
        BELUGA__PROOF_WITH,
        BELUGA__PROOF_OVERTAKEN, /* content without a reason came after a reason */
    } state;
    bool came_with_content; /* a reason came together with content at least once */
    /* content followed a reason that had come with content: the server sends a reason in every
     * chunk, so reasons prove nothing in this stream */
    bool in_every_chunk;
} beluga__proof;

/* How a body ends. */
typedef enum beluga__body_end {
    BELUGA__BODY_MARKED, /* the protocol's own end marker came, such as [DONE] */
    /* HTTP says that the body is whole, by the last chunk, Content-Length or END_STREAM */
    BELUGA__BODY_FRAMED,
    BELUGA__BODY_CLOSED, /* the connection was closed, and nothing else marks the end of the body */
    BELUGA__BODY_CUT,    /* HTTP says that the body is not whole, or no more bytes came in time */
} beluga__body_end;

/* Note what a decoded frame brought, as BELUGA__BROUGHT_ bits. */
void beluga__proof_note(beluga__proof *proof, unsigned brought);
/* Returns whether the answer is known to be whole if its body ends in this way. */
bool beluga__proof_holds(const beluga__proof *proof, beluga__body_end end);

/* Returns whether the answer counts as complete if no frame follows in the grace period. */
static inline bool beluga__proof_allows_grace(const beluga__proof *proof)
{
    return proof->state == BELUGA__PROOF_ALONE && !proof->in_every_chunk;
}

#endif
