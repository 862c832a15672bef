/* The client's struct and its internal functions. */
#ifndef BELUGA__CLIENT_H
#define BELUGA__CLIENT_H

#include "base/runtime.h"
#include "cassette/cassette.h"
#include "client/loops.h"
#include "transport/loop.h"
#include "transport/thread_pool.h"

#include <beluga/client.h>

#include <pthread.h>
#include <stdatomic.h>

/* This bit is set in `refs` while a thread closes the client. The closing thread holds one
 * reference, and the thread that releases the last other reference wakes it. The bit is part of
 * `refs`, since a thread may not touch the client after it has released its reference. */
#define BELUGA__CLIENT_CLOSING (1u << 31)

struct beluga_client {
    beluga__runtime runtime;
    atomic_uint refs;
    uint32_t generation; /* fork generation in which the client was made */
    beluga_telemetry_sink telemetry;
    /* the telemetry object of beluga_telemetry_init, with a reference; NULL: there is none */
    beluga_telemetry *observer;
    beluga_executor host_executor; /* submit NULL: the client's own thread pool is used */
    uint32_t max_threads;
    pthread_mutex_t lock; /* guards `pool` and `is_last` */
    pthread_cond_t last;
    bool is_last; /* the closing thread holds the last reference */
    beluga__thread_pool *pool;
    uint32_t pool_generation;
    beluga__loops loops;
    beluga_registry *registry;
    beluga__open_cassette *cassette;  /* NULL: calls use the network, and nothing is recorded */
    beluga__open_cassette *cassettes; /* every cassette that was set, newest first */
};

/* Stop `client` from being the default client while a thread closes it, so that later users get
 * another default client. Returns whether it was the default. */
bool beluga__client_leave_default(beluga_client *client);
/* Make the client the default again after closing failed, unless there is another default now. */
void beluga__client_resume_default(beluga_client *client);

/* Free the client. The caller must have the last reference. */
void beluga__client_destroy(beluga_client *client);

static inline beluga_client *beluga__client_of(beluga__runtime *runtime)
{
    return beluga__container_of(runtime, beluga_client, runtime);
}

#endif
