/* A recording: the file of one exchange. write.c writes it, read.c reads and checks it. */
#ifndef BELUGA__RECORDING_H
#define BELUGA__RECORDING_H

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "cassette/cassette.h"

/* How an exchange ended; the file has the name of it. */
typedef enum beluga__ending {
    BELUGA__END_COMPLETE, /* the whole body came */
    /* the answer was complete before the body ended, and the rest was not read */
    BELUGA__END_ENOUGH,
    BELUGA__END_CANCELLED, /* the caller cancelled the exchange */
    BELUGA__END_FAILED     /* an error of the network or of the library ended the exchange */
} beluga__ending;

extern const char *const beluga__ending_names[4];

/* --- writing ---------------------------------------------------------------------------------- */

/* A chunk: body bytes that came at once. They lie between the `end` of the chunk before it and this
 * `end`. */
typedef struct beluga__chunk {
    size_t end;
    int64_t after_ms;
} beluga__chunk;

/* What is written of an exchange. All pointers are borrowed; secrets in the bodies are masked in
 * place. */
typedef struct beluga__exchange {
    const beluga_http_request *request; /* without its body, which the network has taken over */
    beluga__buf *request_body;
    bool has_body;
    const beluga_http_response *response; /* status 0: no answer came */
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
    const beluga_json *request, *response, *end; /* `response` is NULL if no answer came */
    beluga__ending ending;
    uint64_t random; /* seed for ids that the answer itself does not have */
} beluga__recording;

/* Read a file. Errors name file and line. Free the recording in any case. Blocks. */
int beluga__recording_read(beluga__recording *recording, const beluga__open_cassette *cassette,
                           const char *name, beluga_error *err);
/* Read the text of a file, which errors call `name`. Free the recording in any case. */
int beluga__recording_parse(beluga__recording *recording, const beluga_allocator *allocator,
                            const char *name, const beluga__buf *text, beluga_error *err);
void beluga__recording_free(beluga__recording *recording);
/* Append the bytes of a body or a chunk ("json", "text" or "base64") to a buffer. Errors name the
 * member `path`. */
int beluga__recording_bytes(beluga__recording *recording, const beluga_json *holder,
                            const char *path, beluga__buf *out, beluga_error *err);

#endif
