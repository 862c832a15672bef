/* A recording: the file of one exchange. write.c writes it, read.c reads and checks it. */
#ifndef BELUGA__RECORDING_H
#define BELUGA__RECORDING_H

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "cassette/cassette.h"

/* How an exchange ended. The file stores the name from beluga__ending_names. */
typedef enum beluga__ending {
    BELUGA__END_COMPLETE, /* the whole body arrived */
    /* the answer was complete before the body ended, so the rest of the body was not read */
    BELUGA__END_ENOUGH,
    BELUGA__END_CANCELLED, /* the caller cancelled the exchange */
    BELUGA__END_FAILED     /* an error of the network or of the library ended the exchange */
} beluga__ending;

extern const char *const beluga__ending_names[4];

/* --- writing ---------------------------------------------------------------------------------- */

/* A chunk: bytes of the body that arrived together. They begin at the previous chunk's `end` (0 for
 * the first chunk) and stop before this `end`. */
typedef struct beluga__chunk {
    size_t end;
    int64_t after_ms;
} beluga__chunk;

/* The parts of an exchange that are written to its file. All pointers are borrowed; secrets in the
 * bodies are masked in place. */
typedef struct beluga__exchange {
    const beluga_http_request *request; /* without its body, which the network has now */
    beluga__buf *request_body;          /* a copy of that body */
    bool has_body;
    const beluga_http_response *response; /* status 0: no answer arrived */
    int64_t head_ms;
    beluga__buf *body;
    const beluga__chunk *chunks;
    size_t n_chunks;
    beluga__ending ending;
    int64_t end_ms;
    const beluga_error *error; /* the error of a FAILED exchange */
    uint64_t random;
    const char *const *secrets;
} beluga__exchange;

/* Write a new file with this number, or with a later number if another file has it. Blocks. */
int beluga__cassette_write(beluga__open_cassette *cassette, unsigned number,
                           const beluga__exchange *exchange, beluga_error *err);

/* Write a URL without credentials. Returns out->status. */
int beluga__cassette_scrub_url(beluga__buf *out, const char *url, const char *const *secrets);

/* --- reading ---------------------------------------------------------------------------------- */

/* A file that was read and checked. */
typedef struct beluga__recording {
    beluga__json_scratch scratch; /* holds the JSON values below */
    const char *method, *url;
    const beluga_json *request, *response, *end; /* `response` is NULL if no answer arrived */
    beluga__ending ending;
    uint64_t random; /* seed for ids that the library makes when the answer has none */
} beluga__recording;

/* Read a file. Errors name the file and the line. Free the recording afterwards, also on failure.
 * Blocks. */
int beluga__recording_read(beluga__recording *recording, const beluga__open_cassette *cassette,
                           const char *name, beluga_error *err);
/* Read a recording from the text of a file. Errors use `name` as the name of the file. Free the
 * recording afterwards, also on failure. */
int beluga__recording_parse(beluga__recording *recording, const beluga_allocator *allocator,
                            const char *name, const beluga__buf *text, beluga_error *err);
void beluga__recording_free(beluga__recording *recording);
/* Replace the contents of `out` with the bytes of a body or a chunk, which `holder` has as "json",
 * "text" or "base64". Errors use `path` as the name of `holder`. */
int beluga__recording_bytes(beluga__recording *recording, const beluga_json *holder,
                            const char *path, beluga__buf *out, beluga_error *err);

#endif
