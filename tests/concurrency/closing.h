/* What tests of closing a client have: a client on memory that goes right after the close, and a
 * provider, "worker", whose calls work on a thread. */
#ifndef TESTS_CONCURRENCY_CLOSING_H
#define TESTS_CONCURRENCY_CLOSING_H

#include "brief_memory.h"

#include <beluga/beluga.h>

#include <semaphore.h>
#include <stdatomic.h>

/* A worker posts at_work and waits for may_go_on, or it closes the client to_close and leaves the
 * status in closed_with. */
extern sem_t at_work, may_go_on;
extern beluga_client *to_close;
extern atomic_int closed_with;

typedef struct closing {
    brief_memory *memory;
    beluga_client *client;
} closing;

/* For cmocka. The client is closed at the end if it is still there. */
int closing_set_up(void **state);
int closing_tear_down(void **state);

/* Open a client on new memory; the executor may be NULL. */
void open_client(closing *s, const beluga_executor *executor);
beluga_chat_model *open_model(const closing *s, const char *provider);
/* Nothing may be in the memory, and nobody may look at it any more. */
void delete_memory(closing *s);
void close_and_delete(closing *s);
/* A close is refused at once, because the client is held so many times. */
void assert_held(closing *s, unsigned times);

/* Ask the model something. Returns its answer, owned. */
beluga_response *ask(beluga_chat_model *model);
/* Ask the model, and read a stream of it. */
void use(beluga_chat_model *model);
void use_mock(closing *s);

#endif
