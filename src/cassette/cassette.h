/* A cassette: a directory of recorded HTTP exchanges. To the code above it, a cassette is a table
 * of loop functions. The table is used instead of the network's, so that the code above need not
 * know of cassettes.
 *
 * cassette.c opens directories, record.c and replay.c carry out exchanges, write.c and read.c know
 * the file format, and match.c finds the recording for a request and explains how the nearest one
 * differs. */
#ifndef BELUGA__CASSETTE_H
#define BELUGA__CASSETTE_H

#include "loop/loop.h"

#include <beluga/cassette.h>

#include <stdatomic.h>

/* A tape: one file of a directory that is being replayed. */
typedef struct beluga__tape {
    char *name;         /* file name, without the directory */
    char *method, *url; /* without secrets; in the same block of memory as `name` */
    uint64_t body;      /* digest of the request body's meaning */
    atomic_bool used;
} beluga__tape;

/* All members except the atomics never change, so threads and forked children need no lock. */
typedef struct beluga__open_cassette {
    /* The cassette that this one replaced, which a loop of the host program may still use. It is
     * freed with the client. */
    struct beluga__open_cassette *replaced;
    beluga__loop_ops ops; /* the network's functions, except those for transfers */
    const beluga__loop_ops *network;
    beluga__runtime *runtime; /* runtime of the client */
    char *directory;
    bool realtime, repeat;
    atomic_uint number; /* number of the last recording */
    atomic_uint lost;   /* number of recordings that failed */
    atomic_int loss;    /* state of `loss_error`: 0 none, 1 being written, 2 complete */
    beluga_error loss_error;
    beluga__tape *tapes; /* sorted by name */
    size_t n_tapes, tapes_capacity;
} beluga__open_cassette;

/* Returns the cassette whose functions the loop uses. */
static inline beluga__open_cassette *beluga__cassette_of(const beluga_loop *loop)
{
    return beluga__container_of(loop->ops, beluga__open_cassette, ops);
}

/* Open a directory. The runtime must outlive the cassette. Returns the same codes as
 * beluga_client_set_cassette. */
int beluga__cassette_new(beluga__runtime *runtime, const beluga_cassette *given,
                         const beluga__loop_ops *network, beluga__open_cassette **out,
                         beluga_error *err);
/* Free a cassette and all cassettes that it replaced. No call may be running. */
void beluga__cassette_free(beluga__open_cassette *cassette);

#endif
