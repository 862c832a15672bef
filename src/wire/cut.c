/* Framings that only the provider understands. RAW delivers pieces of the body as they arrive; OWN
 * delivers the frames that the provider's function `cut` finds. */
#include "wire/framing.h"

#include <beluga/error.h>

int beluga__raw_feed(beluga__framer *framer, const char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    int code = 0;
    for (size_t taken; n && !code; bytes += taken, n -= taken) {
        taken = n < framer->max ? n : framer->max;
        framer->data.length = 0;
        if (beluga__buf_append(&framer->data, bytes, taken)) return framer->data.status;
        beluga_frame frame = {.data = framer->data.data, .length = taken};
        code = fn(payload, &frame);
    }
    return code;
}

/* Returns whether a frame that `cut` reports lies within the bytes. A provider may take lengths
 * from its server, so they are not trusted. */
static bool is_within(const beluga_cut *cut, size_t length)
{
    if (!cut->end) return true; /* no end was found, so the other members have no meaning */
    return cut->end <= length && cut->data <= cut->end &&
           cut->data_length <= cut->end - cut->data && cut->event <= cut->end &&
           cut->event_length <= cut->end - cut->event;
}

static int deliver(beluga__framer *framer, char *bytes, const beluga_cut *cut, beluga__frame_fn fn,
                   void *payload)
{
    char *data = bytes + cut->data, *end = data + cut->data_length;
    if (cut->data_length > framer->max) return BELUGA_ERROR_LIMIT_EXCEEDED;
    if (!cut->data_length && !cut->event_length) {
        framer->alive = true;
        return 0;
    }
    beluga_frame frame = {.data = data, .length = cut->data_length, .kind = cut->kind};
    /* The event's name is copied, since the NUL that is put behind the data may overwrite it. */
    framer->event.length = 0;
    if (beluga__buf_append(&framer->event, bytes + cut->event, cut->event_length))
        return framer->event.status;
    if (cut->event_length) frame.event = framer->event.data;
    frame.event_length = cut->event_length;
    char kept = *end; /* this byte exists even at the end of the buffer, which has a NUL there */
    *end = '\0';
    int code = fn(payload, &frame);
    *end = kept;
    return code;
}

/* Deliver the frames that are complete. */
static int cut_frames(beluga__framer *framer, bool ended, beluga__frame_fn fn, void *payload)
{
    beluga__buf *kept = &framer->line;
    size_t at = 0;
    int code = 0;
    while (at < kept->length && !code) {
        char *bytes = kept->data + at;
        size_t length = kept->length - at;
        beluga_cut cut = {.size = sizeof cut, .seen = framer->seen};
        code = framer->cut(bytes, length, ended, &cut);
        if (code > 0 || (!code && !is_within(&cut, length))) code = BELUGA_ERROR_INVALID_RESPONSE;
        framer->seen = cut.end ? 0 : (uint32_t)length;
        if (code || !cut.end) break;
        code = deliver(framer, bytes, &cut, fn, payload);
        at += cut.end;
    }
    beluga__buf_consume(kept, at);
    return code;
}

/* The buffer holds no more than the largest allowed frame, so a large piece with many frames is fed
 * in several parts. */
int beluga__cut_feed(beluga__framer *framer, const char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    int code = 0;
    for (size_t taken; n && !code; bytes += taken, n -= taken) {
        size_t room = framer->line.max - framer->line.length;
        taken = n < room ? n : room;
        if (!taken) return BELUGA_ERROR_LIMIT_EXCEEDED;
        if (beluga__buf_append(&framer->line, bytes, taken)) return framer->line.status;
        code = cut_frames(framer, false, fn, payload);
    }
    return code;
}

int beluga__cut_end(beluga__framer *framer, beluga__frame_fn fn, void *payload)
{
    return cut_frames(framer, true, fn, payload);
}
