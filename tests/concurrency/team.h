/* A team: threads that start at the same moment and share a client, a model and a peer. */
#ifndef TESTS_CONCURRENCY_TEAM_H
#define TESTS_CONCURRENCY_TEAM_H

#include "../support/openai.h"

#include <beluga/beluga.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { TEAM_MOST = 50 };

/* The objects that the threads of a test share. Threads count faults and do not assert, since
 * cmocka's assertions work only on the main thread. */
typedef struct team {
    beluga_client *client;
    beluga_chat_model *model;
    beluga_registry *registry;
    beluga_context *context;
    peer *peer;
    pthread_barrier_t start;
    void (*work)(struct team *team, unsigned number);
    atomic_uint numbers, wrong, done;
} team;

/* Fixtures for cmocka. The model is mock's echo. The client of the second fixture keeps few
 * threads, and closes loops that are idle for a millisecond. */
int team_set_up(void **state);
int team_set_up_with_a_small_pool(void **state);
int team_tear_down(void **state);

/* Run `work` on n threads that start at the same moment; n is at most TEAM_MOST. The test fails if
 * a thread counts a fault. */
void team_run(team *t, unsigned n, void (*work)(team *, unsigned));
/* Count a fault unless `right` is true. */
void team_expect(team *t, bool right);

/* Open a model whose calls are not retried. */
beluga_chat_model *team_open_in(beluga_client *client, const char *provider, const char *name,
                                const char *url);
/* Replace the team's model by one that makes its calls over HTTP, with the peer as server. */
void team_serve(team *t);

#endif
