/* The client from the inside. */
#ifndef BELUGA__CLIENT_H
#define BELUGA__CLIENT_H

#include "base/runtime.h"
#include "cassette/cassette.h"
#include "client/loops.h"
#include "transport/loop.h"

#include <beluga/client.h>
#include <pthread.h>
#include <stdatomic.h>

struct beluga_client {
    beluga__runtime runtime;
    atomic_uint refs;
    beluga_telemetry_sink telemetry;
    beluga_telemetry *observer;    /* of beluga_telemetry_init; a user's reference, or NULL */
    beluga_executor host_executor; /* submit NULL: our own */
    uint32_t max_threads;
    pthread_mutex_t lock; /* of `executor` */
    beluga__executor *executor;
    uint32_t executor_generation;
    beluga__loops loops;
    beluga_registry *registry;
    beluga__cassette *cassette;  /* NULL: calls use the network, and nothing is recorded */
    beluga__cassette *cassettes; /* all there were, the last one first */
};

static inline beluga_client *beluga__client_of(beluga__runtime *runtime)
{
    return beluga__container_of(runtime, beluga_client, runtime);
}

#endif
