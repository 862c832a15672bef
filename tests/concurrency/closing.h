/* Helpers for tests that close a client: a client whose memory is freed right after the close, and
 * a provider "worker" that answers each call on a thread of its own. */
#ifndef TESTS_CONCURRENCY_CLOSING_H
#define TESTS_CONCURRENCY_CLOSING_H

#include "brief_memory.h"

#include <beluga/beluga.h>

#include <semaphore.h>
#include <stdatomic.h>

/* The thread of a call posts at_work and waits for may_go_on. If to_close is set, the thread closes
 * that client instead, and stores the status in closed_with. */
extern sem_t at_work, may_go_on;
extern beluga_client *to_close;
extern atomic_int closed_with;

typedef struct closing {
    brief_memory *memory;
    beluga_client *client;
} closing;

/* Fixtures for cmocka. The second one closes the client if it still exists. */
int closing_set_up(void **state);
int closing_tear_down(void **state);

/* Open a client that uses new memory; the executor may be NULL. */
void open_client(closing *s, const beluga_executor *executor);
beluga_chat_model *open_model(const closing *s, const char *provider);
/* Free the memory of a closed client. All of its blocks must have been freed. */
void delete_memory(closing *s);
void close_and_delete(closing *s);
/* Assert that closing fails at once, because this many references to the client are left. */
void assert_held(closing *s, unsigned times);

/* Make a call. Returns the response, owned. */
beluga_response *ask(beluga_chat_model *model);
/* Make a call without a stream, and one with a stream. */
void use(beluga_chat_model *model);
void use_mock(closing *s);

#endif
