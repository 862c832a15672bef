/* Helpers that the tests with real servers share: a talk with a model, and its results.
 *
 *     static void an_answer_that_ends_by_itself_is_a_stop(talk *t)
 *     {
 *         ask(t, "Say hello", beluga_with_max_tokens(1500));
 *         assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_STOP);
 *     }
 *
 * The objects of a talk are freed after the test. */
#ifndef TESTS_REAL_TALK_H
#define TESTS_REAL_TALK_H

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TALK_TEXT_BYTES = 8192, TALK_TIMEOUT_MS = 120000 };

/* The content of a stream, joined by the tests, to compare it with the response that the library
 * joins. */
typedef struct heard {
    char text[TALK_TEXT_BYTES];
    char arguments[TALK_TEXT_BYTES];
    size_t length, arguments_length;
    size_t texts, begins, ends, finishes, errors;
    size_t pieces; /* number of pieces of arguments that are not empty */
    beluga_usage usage;
    uint32_t reason;
    int code;
} heard;

typedef struct talk {
    const void *about; /* a suite's own description of the protocol, or NULL */
    beluga_chat_model *model;
    beluga_messages *messages;
    beluga_response *response; /* the last answer */
    beluga_stream *stream;
    heard heard;
    char **names; /* the names of models that list_models read; there are n_names of them */
    size_t n_names;
    beluga_error err;
} talk;

/* ---- tests ----------------------------------------------------------------------------------- */

typedef beluga_chat_model *(*talk_open)(const void *about);
typedef void (*talk_test)(talk *t);

/* A test, with the function that opens its model. */
typedef struct talk_row {
    const char *name;
    talk_test test;
    talk_open open;
} talk_row;

#define TALK_ROW(test, open) {#test, test, open}
/* Add tests to the suite. The prefix, unless it is NULL, is put before their names. */
void add_talks(const char *prefix, const talk_row *rows, size_t n, const void *about);
#define ADD_TALKS(prefix, rows, about) add_talks(prefix, rows, sizeof(rows) / sizeof *(rows), about)
int run_talks(const char *group);

/* ---- models ---------------------------------------------------------------------------------- */

/* Return the URL of the server "LLAMA" or "AIMOCK". If it does not run, the test is skipped. */
const char *address_of_server(const char *server);
/* Open a model with short delays between retries. `more` is a further option; if its type is 0 it
 * is ignored. */
beluga_chat_model *open_real(const char *provider, const char *url, const char *key,
                             const char *name, beluga_option more);
/* Bind the tool get_weather to the talk's model. */
void bind_weather(talk *t, const char *parameters);

/* ---- questions ------------------------------------------------------------------------------- */

void expect_ok(int status, const beluga_error *err);

/* Make a call without a stream, with this text as the only message. `opts` is a terminated list or
 * NULL. The previous answer is freed. Returns the status. */
int try_to_ask(talk *t, const char *text, const beluga_option *opts);
/* Make a call without a stream, with the messages of the talk. Returns the status. */
int try_to_ask_on(talk *t, const beluga_option *opts);
#define TALK_OPTIONS(...)               \
    (const beluga_option[])             \
    {                                   \
        __VA_ARGS__, BELUGA_OPTIONS_END \
    }
/* Call try_to_ask; the test fails if the call fails. */
#define ask(t, text, ...) expect_ok(try_to_ask(t, text, TALK_OPTIONS(__VA_ARGS__)), &(t)->err)
#define ask_on(t, ...)    expect_ok(try_to_ask_on(t, TALK_OPTIONS(__VA_ARGS__)), &(t)->err)

/* Send more text than fits into the context of the llama.cpp server's model. The server must report
 * that. */
void ask_past_the_context(talk *t);
/* List the provider's models. */
void list_models(talk *t);

/* Add a message of the user to the messages that ask_on and stream_on send. */
void say_human(talk *t, const char *text);
/* Add a result for the tool call in the last answer. */
void say_result(talk *t, const char *result);

/* Begin a stream on the messages of the talk, and read it to its end. The test fails if the stream
 * does not begin. */
#define begin_stream_on(t, ctx, ...)                                                              \
    expect_ok(                                                                                    \
        beluga_stream_chat((t)->model, ctx, (t)->messages, &(t)->stream, &(t)->err, __VA_ARGS__), \
        &(t)->err)
void hear_all(talk *t);
/* A beluga_event_cb that adds the events to a `heard`. */
void hear(void *payload, const beluga_event *event);

#endif
