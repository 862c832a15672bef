/* Recording and replaying HTTP exchanges: a table of loop functions that stands before the
 * network's, so that everything above runs as always.
 *
 * cassette.c opens directories; record.c and replay.c carry exchanges out; write.c and read.c are
 * the file's format; match.c finds the recording of a request and tells how the nearest differs. */
#ifndef BELUGA__CASSETTE_H
#define BELUGA__CASSETTE_H

#include "base/buf.h"
#include "base/limits.h"
#include "loop/loop.h"

#include <beluga/cassette.h>
#include <stdatomic.h>

/* A file of a directory that is replayed. */
typedef struct beluga__tape {
    char *name;         /* of the file, in its directory */
    char *method, *url; /* scrubbed; in one block with the name */
    uint64_t body;      /* a digest of its meaning */
    atomic_bool used;
} beluga__tape;

/* Immutable but for its atomics, so that threads and forked children need no lock. */
typedef struct beluga__open_cassette {
    struct beluga__open_cassette
        *replaced; /* a loop of the host's may still use it: it lives as long as the client */
    beluga__loop_ops ops; /* the network's, with transfers of ours */
    const beluga__loop_ops *network;
    beluga__runtime *runtime; /* of the client it is part of */
    char *directory;
    bool realtime, repeat;
    atomic_uint number; /* of the last recording */
    atomic_uint lost;   /* recordings */
    atomic_int loss;    /* whether `loss_error` is there: 0 no, 1 it is being written, 2 yes */
    beluga_error loss_error;
    beluga__tape *tapes; /* sorted by name */
    size_t n_tapes, tapes_capacity;
} beluga__open_cassette;

/* Whose functions a loop has. */
static inline beluga__open_cassette *beluga__cassette_of(const beluga_loop *loop)
{
    return beluga__container_of(loop->ops, beluga__open_cassette, ops);
}

/* The runtime must live as long. Errors as beluga_client_set_cassette. */
int beluga__cassette_new(beluga__runtime *runtime, const beluga_cassette *given,
                         const beluga__loop_ops *network, beluga__open_cassette **out,
                         beluga_error *err);
/* With those it replaced. No call may run. */
void beluga__cassette_free(beluga__open_cassette *cassette);

/* --- exchanges -------------------------------------------------------------------------------- */

int beluga__record_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                         beluga__transfer **out, beluga_error *err);
void beluga__record_cancel(beluga__transfer *transfer, const beluga_error *why);
void beluga__record_finish(beluga__transfer *transfer);
void beluga__record_pause(beluga__transfer *transfer, bool paused);

int beluga__replay_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                         beluga__transfer **out, beluga_error *err);
void beluga__replay_cancel(beluga__transfer *transfer, const beluga_error *why);
void beluga__replay_finish(beluga__transfer *transfer);
void beluga__replay_pause(beluga__transfer *transfer, bool paused);

/* --- the file --------------------------------------------------------------------------------- */

/* How an exchange ended; the words of the file. */
typedef enum beluga__ending {
    BELUGA__END_COMPLETE,  /* the whole body came */
    BELUGA__END_ENOUGH,    /* the answer was complete before the body was; the rest was not read */
    BELUGA__END_CANCELLED, /* by the caller */
    BELUGA__END_FAILED     /* with an error, the network's or our own */
} beluga__ending;

extern const char *const beluga__ending_names[4];

/* Bytes that came at once: those before `end` in the body, after the ones before. */
typedef struct beluga__chunk {
    size_t end;
    int64_t after_ms;
} beluga__chunk;

/* What is written. Everything is borrowed; the body is masked in place. */
typedef struct beluga__exchange {
    const beluga_http_request *request; /* but for its body, which the network has taken */
    beluga__buf *request_body;
    bool has_body;
    const beluga_http_response *response; /* status 0: none came */
    int64_t head_ms;
    beluga__buf *body;
    const beluga__chunk *chunks;
    size_t n_chunks;
    beluga__ending ending;
    int64_t end_ms;
    const beluga_error *error; /* of FAILED */
    uint64_t random;
    const char *const *secrets;
} beluga__exchange;

/* Write a file that is not there yet under the number, or a later one. Blocks. */
int beluga__cassette_write(beluga__open_cassette *cassette, unsigned number,
                           const beluga__exchange *exchange, beluga_error *err);

/* A file that was read and checked. */
typedef struct beluga__recording {
    beluga__json_scratch scratch; /* has the values below */
    const char *method, *url;
    const beluga_json *request, *response, *end; /* response NULL: none came */
    beluga__ending ending;
    uint64_t random; /* what ids are made from that an answer does not bring */
} beluga__recording;

/* Errors name file and line. The recording must be freed in any case. Blocks. */
int beluga__recording_read(beluga__recording *recording, const beluga__open_cassette *cassette,
                           const char *name, beluga_error *err);
/* The same from memory; `name` is for errors. */
int beluga__recording_parse(beluga__recording *recording, const beluga_allocator *allocator,
                            const char *name, const beluga__buf *text, beluga_error *err);
void beluga__recording_free(beluga__recording *recording);
/* Put the bytes of a body or chunk ("json", "text" or "base64") in a buffer; `path` is for errors.
 */
int beluga__recording_bytes(beluga__recording *recording, const beluga_json *holder,
                            const char *path, beluga__buf *out, beluga_error *err);

/* Write a URL without credentials. Returns out->status. */
int beluga__cassette_scrub_url(beluga__buf *out, const char *url, const char *const *secrets);

/* --- matching --------------------------------------------------------------------------------- */

/* A request as it is compared. */
typedef struct beluga__asked {
    const char *method, *url; /* scrubbed */
    const beluga_json *json;  /* of its body; NULL: it is none */
    const char *body;
    size_t length;
} beluga__asked;

/* A digest that texts of equal meaning share. */
uint64_t beluga__asked_digest(const beluga__asked *asked);
/* Find the recording that answers and mark it used. It is read then. NOT_FOUND tells the nearest.
 */
int beluga__cassette_match(beluga__open_cassette *cassette, const beluga__asked *asked,
                           beluga__recording *recording, beluga_error *err);

#endif
