/* A framer cuts a streamed body into frames. It does no I/O, and copies no frame that arrives
 * whole.
 */
#ifndef BELUGA__FRAMING_H
#define BELUGA__FRAMING_H

#include "base/buf.h"

#include <beluga/provider/http.h>

#include <string.h>

/* Returns 0 to go on; any other value ends feeding, which returns that value. */
typedef int (*beluga__frame_fn)(void *payload, const beluga_frame *frame);

/* A provider's own function that finds frames; provider.h says what it does. */
typedef int (*beluga__cut_fn)(const char *bytes, size_t length, bool ended, beluga_cut *cut);

typedef struct beluga__framer {
    uint32_t framing; /* a beluga_framing */
    uint32_t seen;    /* bytes of an unfinished frame in which `cut` found no end */
    size_t max;
    beluga__buf line;  /* an unfinished line, or an unfinished frame of the provider's own */
    beluga__buf data;  /* data lines of an unfinished event */
    beluga__buf event; /* name of the unfinished event */
    bool skip_newline; /* the last bytes ended in \r, and a following \n belongs to that line end */
    bool has_data;
    bool bare; /* the data lines have no field name */
    /* Of NDJSON: a frame that is too large is passed over, and noted, rather than the end. */
    bool passes_over, passed_over;
    bool in_passed; /* the line that is passed over has not ended */
    bool started;   /* the first line came, so no byte order mark can follow */
    /* a line came that belongs to no frame, such as a comment; the reader of this flag resets it */
    bool alive;
    beluga__cut_fn cut; /* for BELUGA_FRAMING_OWN: set it before the first bytes */
} beluga__framer;

/* Returns whether the provider alone knows where a frame ends, whatever the bytes look like. */
static inline bool beluga__framing_is_fixed(uint32_t framing)
{
    return framing == BELUGA_FRAMING_RAW || framing == BELUGA_FRAMING_OWN;
}

/* Begin a body. No frame may be larger than `max`. Returns 0, or NOT_SUPPORTED for an unknown
 * framing. */
int beluga__framer_init(beluga__framer *framer, beluga_framing framing,
                        const beluga_allocator *allocator, size_t max);
void beluga__framer_free(beluga__framer *framer);
/* Deliver the frames that these bytes complete. `bytes` are borrowed; while the call lasts they are
 * changed, for frames are NUL-terminated in place, and then restored. Returns 0; LIMIT_EXCEEDED;
 * NO_MEMORY; MALFORMED_RESPONSE for a damaged frame; INVALID_RESPONSE where `cut` says nonsense;
 * the code that `cut` returned; or whatever `fn` returned to stop. */
int beluga__framer_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload);
/* End the body: deliver a last event that no blank line followed. */
int beluga__framer_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);

/* The functions above call the pair of functions for the framing. */
int beluga__sse_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);
int beluga__sse_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);
int beluga__ndjson_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload);
int beluga__ndjson_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);
/* False where the library was built without Bedrock. */
extern const bool beluga__aws_is_here;
int beluga__aws_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);

int beluga__raw_feed(beluga__framer *framer, const char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);
int beluga__cut_feed(beluga__framer *framer, const char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);
int beluga__cut_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);

/* Returns the length of a byte order mark at `line`, if that is the first line of the body. */
static inline size_t beluga__framer_skip_mark(beluga__framer *framer, const char *line, size_t n)
{
    if (framer->started) return 0;
    framer->started = true;
    return n >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

#endif
