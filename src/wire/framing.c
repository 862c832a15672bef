#include "wire/framing.h"

#include <beluga/error.h>

/* A line may be this much longer than a frame, since it also contains the name of the field. */
enum { FIELD_BYTES = 64 };

int beluga__framer_init(beluga__framer *framer, beluga_framing framing,
                        const beluga_allocator *allocator, size_t max)
{
    *framer = (beluga__framer){.framing = framing, .max = max};
    beluga__buf_init(&framer->line, allocator, max + FIELD_BYTES);
    beluga__buf_init(&framer->data, allocator, max);
    beluga__buf_init(&framer->event, allocator, max);
    bool known = framing == BELUGA_FRAMING_SSE || framing == BELUGA_FRAMING_NDJSON ||
                 beluga__framing_is_fixed(framing) ||
                 (framing == BELUGA_FRAMING_AWS_EVENT_STREAM && beluga__aws_is_here);
    return known ? 0 : BELUGA_ERROR_NOT_SUPPORTED;
}

void beluga__framer_free(beluga__framer *framer)
{
    beluga__buf_free(&framer->line);
    beluga__buf_free(&framer->data);
    beluga__buf_free(&framer->event);
}

int beluga__framer_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload)
{
    if (!n) return 0;
    if (framer->framing == BELUGA_FRAMING_SSE)
        return beluga__sse_feed(framer, bytes, n, fn, payload);
    if (framer->framing == BELUGA_FRAMING_AWS_EVENT_STREAM)
        return beluga__aws_feed(framer, bytes, n, fn, payload);
    if (framer->framing == BELUGA_FRAMING_RAW)
        return beluga__raw_feed(framer, bytes, n, fn, payload);
    if (framer->framing == BELUGA_FRAMING_OWN)
        return beluga__cut_feed(framer, bytes, n, fn, payload);
    return beluga__ndjson_feed(framer, bytes, n, fn, payload);
}

int beluga__framer_end(beluga__framer *framer, beluga__frame_fn fn, void *payload)
{
    if (framer->framing == BELUGA_FRAMING_SSE) return beluga__sse_end(framer, fn, payload);
    /* An incomplete frame at the end is dropped. */
    if (framer->framing == BELUGA_FRAMING_AWS_EVENT_STREAM) return 0;
    if (framer->framing == BELUGA_FRAMING_RAW) return 0;
    if (framer->framing == BELUGA_FRAMING_OWN) return beluga__cut_end(framer, fn, payload);
    return beluga__ndjson_end(framer, fn, payload);
}
