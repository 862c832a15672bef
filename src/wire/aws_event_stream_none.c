/* Replaces aws_event_stream.c in a library that is built without Bedrock. */
#include "wire/framing.h"

#include <beluga/error.h>

const bool beluga__aws_is_here = false;

int beluga__aws_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    (void)framer;
    (void)bytes;
    (void)n;
    (void)fn;
    (void)payload;
    return BELUGA_ERROR_NOT_SUPPORTED;
}
