/* Helpers for tests of closing a client: a client whose memory is freed right after the close, and
 * a provider, "worker", whose calls work on a thread. */
#ifndef TESTS_CONCURRENCY_CLOSING_H
#define TESTS_CONCURRENCY_CLOSING_H

#include "brief_memory.h"

#include <beluga/beluga.h>

#include <semaphore.h>
#include <stdatomic.h>

/* A worker posts at_work and waits for may_go_on, or it closes the client to_close and stores the
 * status in closed_with. */
extern sem_t at_work, may_go_on;
extern beluga_client *to_close;
extern atomic_int closed_with;

typedef struct closing {
    brief_memory *memory;
    beluga_client *client;
} closing;

/* Fixtures for cmocka. The client is closed at the end if it still exists. */
int closing_set_up(void **state);
int closing_tear_down(void **state);

/* Open a client on new memory; the executor may be NULL. */
void open_client(closing *s, const beluga_executor *executor);
beluga_chat_model *open_model(const closing *s, const char *provider);
/* Free the memory. It must have no blocks, and nothing may use it any more. */
void delete_memory(closing *s);
void close_and_delete(closing *s);
/* Assert that a close is refused at once, because this many references hold the client. */
void assert_held(closing *s, unsigned times);

/* Ask the model a question. Returns its answer, owned. */
beluga_response *ask(beluga_chat_model *model);
/* Ask the model for a whole answer, and for a stream. */
void use(beluga_chat_model *model);
void use_mock(closing *s);

#endif
