/* A cassette is a directory of recorded HTTP exchanges. It is a table of loop functions that stands
 * before the network's, so that everything above runs as always.
 *
 * cassette.c opens directories, record.c and replay.c carry exchanges out, write.c and read.c know
 * the file's format, and match.c finds the recording of a request and tells how the nearest
 * differs. */
#ifndef BELUGA__CASSETTE_H
#define BELUGA__CASSETTE_H

#include "loop/loop.h"

#include <beluga/cassette.h>

#include <stdatomic.h>

/* A tape is a file of a directory that is replayed. */
typedef struct beluga__tape {
    char *name;         /* the file's, in its directory */
    char *method, *url; /* scrubbed; in one block with the name */
    uint64_t body;      /* the digest of its meaning */
    atomic_bool used;
} beluga__tape;

/* All but its atomics is immutable, so that threads and forked children need no lock. */
typedef struct beluga__open_cassette {
    /* A loop of the host's may still use the one before, so it lives as long as the client. */
    struct beluga__open_cassette *replaced;
    beluga__loop_ops ops; /* the network's, but for transfers */
    const beluga__loop_ops *network;
    beluga__runtime *runtime; /* the client's */
    char *directory;
    bool realtime, repeat;
    atomic_uint number; /* of the last recording */
    atomic_uint lost;   /* how many recordings could not be made */
    atomic_int loss;    /* whether `loss_error` is there: 0 no, 1 it is being written, 2 yes */
    beluga_error loss_error;
    beluga__tape *tapes; /* sorted by name */
    size_t n_tapes, tapes_capacity;
} beluga__open_cassette;

/* Returns the cassette whose functions a loop has. */
static inline beluga__open_cassette *beluga__cassette_of(const beluga_loop *loop)
{
    return beluga__container_of(loop->ops, beluga__open_cassette, ops);
}

/* Open a directory. The runtime must live as long. Errors are those of beluga_client_set_cassette.
 */
int beluga__cassette_new(beluga__runtime *runtime, const beluga_cassette *given,
                         const beluga__loop_ops *network, beluga__open_cassette **out,
                         beluga_error *err);
/* Free it and those that it replaced. No call may run. */
void beluga__cassette_free(beluga__open_cassette *cassette);

#endif
