/* The bench on which calls are tortured: models whose allocations fail in turn. */
#ifndef TESTS_TORTURE_BENCH_H
#define TESTS_TORTURE_BENCH_H

#include "../support/openai.h"

#include <beluga/beluga.h>

typedef struct bench {
    peer *peer;
    beluga_client *client;
    beluga_chat_model *mock, *openai, *model; /* model: the model that the call uses */
    beluga_messages *messages;
    beluga_tool *tool;
    beluga_context *context;
} bench;

/* A call. It returns its status, and frees what it makes. */
typedef int (*call_fn)(bench *b);

/* Fixtures for cmocka. Nothing may be left over at the end. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

/* Let each allocation of a call fail, alone and with all later ones; a call afterwards must
 * succeed. */
void torture(bench *b, call_fn call, int expected);
/* Run the call while its allocations from the first to the last fail. Returns how many it made. */
size_t run_failing(bench *b, call_fn call, int expected, size_t first, size_t last);

/* Calls of b->model. */
int invoke_text(bench *b);
int pull(bench *b);       /* a stream */
int push(bench *b);       /* a stream, on a loop */
int push_whole(bench *b); /* an answer, on a loop */

#define IN_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

#endif
