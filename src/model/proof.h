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

/* The kinds of things that a frame can bring, as bits. */
enum { BELUGA__BROUGHT_CONTENT = 1, BELUGA__BROUGHT_REASON = 2, BELUGA__BROUGHT_OTHER = 4 };

typedef struct beluga__proof {
    enum {
        BELUGA__PROOF_NONE,      /* no reason has come */
        BELUGA__PROOF_ALONE,     /* the last thing that came was a reason without content */
        BELUGA__PROOF_WITH,      /* the last thing that came was a reason together with content */
        BELUGA__PROOF_OVERTAKEN, /* content without a reason came after a reason */
    } state;
    bool came_with_content; /* some reason came together with content */
    /* content followed a reason that came with content, so reasons prove nothing in this stream */
    bool in_every_chunk;
} beluga__proof;

/* How a body ends. */
typedef enum beluga__body_end {
    BELUGA__BODY_MARKED, /* the protocol's own end marker, such as [DONE] */
    BELUGA__BODY_FRAMED, /* HTTP says that it is whole: last chunk, Content-Length, END_STREAM */
    BELUGA__BODY_CLOSED, /* the connection was closed, and the body has no other end */
    BELUGA__BODY_CUT,    /* HTTP says that the body is not whole, or no more bytes came in time */
} beluga__body_end;

/* Note what a decoded frame brought, as BELUGA__BROUGHT_ bits. */
void beluga__proof_note(beluga__proof *proof, unsigned brought);
/* Returns whether the answer is whole when its body ends in this way. */
bool beluga__proof_holds(const beluga__proof *proof, beluga__body_end end);

/* Returns whether the answer counts as ended when no frame follows for the grace time. */
static inline bool beluga__proof_allows_grace(const beluga__proof *proof)
{
    return proof->state == BELUGA__PROOF_ALONE && !proof->in_every_chunk;
}

#endif
