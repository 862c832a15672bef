/* The client from the inside. */
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

/* In `refs` while a thread closes the client. That thread holds one of them, and whoever gives back
 * the last other one tells it so. The mark is part of the number, since nobody may look at a client
 * any more who has given back a reference. */
#define BELUGA__CLIENT_CLOSING (1u << 31)

struct beluga_client {
    beluga__runtime runtime;
    atomic_uint refs;
    uint32_t generation; /* of fork, when it was made */
    beluga_telemetry_sink telemetry;
    beluga_telemetry *observer;    /* of beluga_telemetry_init; a user's reference, or NULL */
    beluga_executor host_executor; /* submit NULL: our own */
    uint32_t max_threads;
    pthread_mutex_t lock; /* of `executor` and `is_last` */
    pthread_cond_t last;
    bool is_last; /* who closes has the last reference */
    beluga__thread_pool *executor;
    uint32_t executor_generation;
    beluga__loops loops;
    beluga_registry *registry;
    beluga__open_cassette *cassette;  /* NULL: calls use the network, and nothing is recorded */
    beluga__open_cassette *cassettes; /* all there were, the last one first */
};

/* Make `client` the default one no longer, while it is closed: whoever asks for the default gets
 * another one. Returns whether it was. */
bool beluga__client_leave_default(beluga_client *client);
/* Make it the default one again, as it could not be closed, unless there is another one now. */
void beluga__client_resume_default(beluga_client *client);

/* End it; nobody has a reference but the caller. */
void beluga__client_destroy(beluga_client *client);

static inline beluga_client *beluga__client_of(beluga__runtime *runtime)
{
    return beluga__container_of(runtime, beluga_client, runtime);
}

#endif
