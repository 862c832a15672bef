/* A provider's decoder without a transport: bytes are fed in, and events come out of an emit that
 * checks the rules. */
#ifndef FUZZ_DECODER_H
#define FUZZ_DECODER_H

#include "fuzz.h"
#include "model/http_stage.h"

typedef struct fuzz_decoder {
    beluga__sink sink;
    beluga_loop loop;
    beluga__target target;
    beluga_call *call;
    union {
        beluga__http_stage stage; /* a decoder may ask the emit for the URL of its request */
        struct {
            char before_emit[offsetof(beluga__http_stage, emit)];
            beluga_emit emit; /* the emit of the stage */
        };
    };
    const beluga_provider *provider;
    void *state;
} fuzz_decoder;

/* Prepare a decoder. Each event is passed to `event`; its `sink` is the first member of the
 * decoder. */
void fuzz_decoder_init(fuzz_decoder *decoder, const beluga_provider *provider,
                       void (*event)(beluga__sink *sink, const beluga_event *event));
void fuzz_decoder_free(fuzz_decoder *decoder);
/* Decode the body of a stream. For AWS event streams the input is lines, since frames with correct
 * checksums are hard to guess: "NAME PAYLOAD", with "!" before the name of an exception. */
void fuzz_decoder_stream(fuzz_decoder *decoder, const char *data, size_t size);

#endif
