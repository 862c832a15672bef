/* Runs calls while their allocations fail in turn, and checks the results. The bench has the models
 * and other objects of the calls. */
#ifndef TESTS_TORTURE_BENCH_H
#define TESTS_TORTURE_BENCH_H

#include "../support/openai.h"

#include <beluga/beluga.h>

typedef struct bench {
    peer *peer;
    beluga_client *client;
    beluga_chat_model *mock, *openai, *model; /* `model` is the model that the call uses */
    beluga_messages *messages;
    beluga_tool *tool;
    beluga_context *context;
} bench;

/* A call, which returns its status and frees the objects that it makes. */
typedef int (*call_fn)(bench *b);

/* Fixtures for cmocka. At the end everything must have been freed. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

/* Run a call many times: each allocation fails once alone and once together with all later ones.
 * After each failure the same call must succeed. */
void torture(bench *b, call_fn call, int expected);
/* Run the call while its allocations number `first` to `last` fail. Returns how many allocations it
 * made. */
size_t run_failing(bench *b, call_fn call, int expected, size_t first, size_t last);

/* Calls of b->model. */
int invoke_text(bench *b);
int pull(bench *b);       /* a stream */
int push(bench *b);       /* a stream, on a loop */
int push_whole(bench *b); /* an answer that is not streamed, on a loop */

#define IN_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

#endif
