/* A framer cuts a streamed body into frames. It does no I/O, and does not copy a frame that arrives
 * whole. */
#ifndef BELUGA__FRAMING_H
#define BELUGA__FRAMING_H

#include "base/buf.h"

#include <beluga/provider/http.h>

#include <string.h>

/* The callback that receives each frame. If it returns anything but 0, the framer stops and returns
 * that value to its caller. */
typedef int (*beluga__frame_fn)(void *payload, const beluga_frame *frame);

/* A provider's own function that finds the end of a frame; documented in
 * beluga/provider/provider.h. */
typedef int (*beluga__cut_fn)(const char *bytes, size_t length, bool ended, beluga_cut *cut);

typedef struct beluga__framer {
    uint32_t framing; /* a beluga_framing */
    uint32_t seen;    /* how many bytes of the unfinished frame `cut` has searched */
    size_t max;
    beluga__buf line; /* an unfinished line; for OWN and AWS an unfinished frame */
    /* SSE: data lines of an unfinished event; RAW: a piece; AWS: the text of an error */
    beluga__buf data;
    beluga__buf event; /* name of the event (SSE, OWN, AWS) */
    /* the last bytes ended in \r, so if the next byte is \n, it belongs to the same line end */
    bool skip_newline;
    bool has_data;
    bool bare; /* the data lines have no field name, since a server sent plain JSON */
    /* For NDJSON. If `passes_over` is set, a line that is too large is skipped instead of ending
     * the body; `passed_over` records that this happened. */
    bool passes_over, passed_over;
    bool in_passed; /* the end of a skipped line has not arrived yet */
    bool started;   /* the first line has arrived, so no byte order mark can follow */
    /* Set when a line arrives that is not part of a frame, such as a comment. The code that reads
     * this flag clears it. */
    bool alive;
    beluga__cut_fn cut; /* for BELUGA_FRAMING_OWN; must be set before the first bytes */
} beluga__framer;

/* Returns whether only the provider knows where a frame ends. Such a framing is never replaced by
 * one that sniffing detects. */
static inline bool beluga__framing_is_fixed(uint32_t framing)
{
    return framing == BELUGA_FRAMING_RAW || framing == BELUGA_FRAMING_OWN;
}

/* Begin a body. `max` is the maximum size of a frame in bytes. Returns 0, or NOT_SUPPORTED for an
 * unknown framing. */
int beluga__framer_init(beluga__framer *framer, beluga_framing framing,
                        const beluga_allocator *allocator, size_t max);
void beluga__framer_free(beluga__framer *framer);
/* Deliver the frames that these bytes complete. `bytes` are borrowed. The function writes a NUL
 * behind each frame in place during the callback, and restores the byte afterwards. Returns 0;
 * LIMIT_EXCEEDED; NO_MEMORY; MALFORMED_RESPONSE for a damaged frame; INVALID_RESPONSE if `cut`
 * returns impossible values; the code that `cut` returned; or the value with which `fn` stopped the
 * framer. */
int beluga__framer_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload);
/* End the body, and deliver a last event even without a blank line behind it. */
int beluga__framer_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);

/* The functions of the framings, which beluga__framer_feed and _end call. */
int beluga__sse_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);
int beluga__sse_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);
int beluga__ndjson_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload);
int beluga__ndjson_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);
/* false if the library was built without Bedrock */
extern const bool beluga__aws_is_here;
int beluga__aws_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);

int beluga__raw_feed(beluga__framer *framer, const char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);
int beluga__cut_feed(beluga__framer *framer, const char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);
int beluga__cut_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);

/* If `line` is the first line of the body, returns the length of a byte order mark at its
 * beginning, else 0. */
static inline size_t beluga__framer_skip_mark(beluga__framer *framer, const char *line, size_t n)
{
    if (framer->started) return 0;
    framer->started = true;
    return n >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

#endif
