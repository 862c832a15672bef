/* A recording is the file of one exchange; write.c writes the file, and read.c reads and checks
 * it. */
#ifndef BELUGA__RECORDING_H
#define BELUGA__RECORDING_H

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "cassette/cassette.h"

/* The ways in which an exchange ends, whose names are in the file. */
typedef enum beluga__ending {
    BELUGA__END_COMPLETE,  /* the whole body came */
    BELUGA__END_ENOUGH,    /* the answer was complete before the body, whose rest was not read */
    BELUGA__END_CANCELLED, /* the caller cancelled the exchange */
    BELUGA__END_FAILED     /* an error of the network or of the library ended the exchange */
} beluga__ending;

extern const char *const beluga__ending_names[4];

/* --- writing ---------------------------------------------------------------------------------- */

/* A chunk is a group of body bytes that came at once, from the end of the chunk before it up to
 * `end`.
 */
typedef struct beluga__chunk {
    size_t end;
    int64_t after_ms;
} beluga__chunk;

/* The data of an exchange that are written. All pointers are borrowed; the bodies are masked in
 * place. */
typedef struct beluga__exchange {
    const beluga_http_request *request; /* without a body, which the network has taken */
    beluga__buf *request_body;
    bool has_body;
    const beluga_http_response *response; /* status 0: no answer came */
    int64_t head_ms;
    beluga__buf *body;
    const beluga__chunk *chunks;
    size_t n_chunks;
    beluga__ending ending;
    int64_t end_ms;
    const beluga_error *error; /* error of a FAILED exchange */
    uint64_t random;
    const char *const *secrets;
} beluga__exchange;

/* Write a new file under the number, or under a later number where a file has it. Blocks. */
int beluga__cassette_write(beluga__open_cassette *cassette, unsigned number,
                           const beluga__exchange *exchange, beluga_error *err);

/* Write a URL without credentials. Returns out->status. */
int beluga__cassette_scrub_url(beluga__buf *out, const char *url, const char *const *secrets);

/* --- reading ---------------------------------------------------------------------------------- */

/* A file that was read and checked. */
typedef struct beluga__recording {
    beluga__json_scratch scratch; /* holds the values below */
    const char *method, *url;
    const beluga_json *request, *response, *end; /* response NULL: no answer came */
    beluga__ending ending;
    uint64_t random; /* seed for ids that the answer does not bring */
} beluga__recording;

/* Read a file. Errors name file and line. The recording must be freed in any case. Blocks. */
int beluga__recording_read(beluga__recording *recording, const beluga__open_cassette *cassette,
                           const char *name, beluga_error *err);
/* Read the text of a file; errors call it `name`. The recording must be freed in any case. */
int beluga__recording_parse(beluga__recording *recording, const beluga_allocator *allocator,
                            const char *name, const beluga__buf *text, beluga_error *err);
void beluga__recording_free(beluga__recording *recording);
/* Put the bytes of a body or chunk ("json", "text" or "base64") into a buffer. Errors name the
 * member `path`.
 */
int beluga__recording_bytes(beluga__recording *recording, const beluga_json *holder,
                            const char *path, beluga__buf *out, beluga_error *err);

#endif
