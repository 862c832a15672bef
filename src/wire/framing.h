/* Cuts a streamed body into frames: no I/O, and no copies of frames that arrive whole. */
#ifndef BELUGA__FRAMING_H
#define BELUGA__FRAMING_H

#include "base/buf.h"

#include <beluga/provider/http.h>
#include <string.h>

/* Returns 0 to go on; anything else stops feeding and is returned by it. */
typedef int (*beluga__frame_fn)(void *payload, const beluga_frame *frame);

typedef struct beluga__framer {
    uint32_t framing; /* beluga_framing */
    size_t max;
    beluga__buf line;  /* an unfinished line */
    beluga__buf data;  /* data lines of an unfinished event */
    beluga__buf event; /* its name */
    bool skip_newline; /* a \r ended the last bytes: a \n that follows belongs to it */
    bool has_data;
    bool bare;    /* the data are lines without a field's name */
    bool started; /* the byte order mark was looked for */
    bool alive; /* a line came that is part of no frame, such as a comment; reset by who reads it */
} beluga__framer;

/* `max` bounds one frame. A framing that is not known is NOT_SUPPORTED. */
int beluga__framer_init(beluga__framer *framer, beluga_framing framing,
                        const beluga_allocator *allocator, size_t max);
void beluga__framer_free(beluga__framer *framer);
/* `bytes` are borrowed and are changed while the call lasts (frames are NUL-terminated in place)
 * and restored. Returns 0; LIMIT_EXCEEDED, NO_MEMORY; MALFORMED_RESPONSE for a
 * damaged frame; what the function returned. */
int beluga__framer_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload);
/* The body ended: deliver a last event that no blank line followed. */
int beluga__framer_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);

/* What the above choose from. */
int beluga__sse_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);
int beluga__sse_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);
int beluga__ndjson_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload);
int beluga__ndjson_end(beluga__framer *framer, beluga__frame_fn fn, void *payload);
/* False where Bedrock was left out of the library. */
extern const bool beluga__aws_is_here;
int beluga__aws_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload);

/* The length of a byte order mark before the first line. */
static inline size_t beluga__framer_skip_mark(beluga__framer *framer, const char *line, size_t n)
{
    bool first = !framer->started;
    framer->started = true;
    return first && n >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

#endif
