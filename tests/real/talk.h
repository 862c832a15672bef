/* What the tests against real servers share: one talk with a model, and what came of it.
 *
 *     static void an_answer_that_ends_by_itself_is_a_stop(talk *t)
 *     {
 *         ask(t, "Say hello", beluga_with_max_tokens(1500));
 *         assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_STOP);
 *     }
 *
 * What a talk holds is freed behind the test. */
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

enum { TALK_TEXT_BYTES = 8192, TALK_TIMEOUT_MS = 20000 };

/* What a stream gave, folded by hand so that the library's own folding has something to agree with.
 */
typedef struct heard {
    char text[TALK_TEXT_BYTES];
    char arguments[TALK_TEXT_BYTES];
    size_t length, arguments_length;
    size_t texts, begins, ends, finishes, errors;
    size_t pieces; /* of arguments, that are not empty */
    beluga_usage usage;
    uint32_t reason;
    int code;
} heard;

typedef struct talk {
    const void *about; /* the protocol, or NULL */
    beluga_chat_model *model;
    beluga_messages *messages;
    beluga_response *response; /* of the last question */
    beluga_stream *stream;
    heard heard;
    char **names; /* of models, n_names of them */
    size_t n_names;
    beluga_error err;
} talk;

/* ---- tests ----------------------------------------------------------------------------------- */

typedef beluga_chat_model *(*talk_open)(const void *about);
typedef void (*talk_test)(talk *t);

/* A test, and how its model is opened. */
typedef struct talk_row {
    const char *name;
    talk_test test;
    talk_open open;
} talk_row;

#define TALK_ROW(test, open) {#test, test, open}
/* Add tests; their names begin with a prefix, unless that is NULL. */
void add_talks(const char *prefix, const talk_row *rows, size_t n, const void *about);
#define ADD_TALKS(prefix, rows, about) add_talks(prefix, rows, sizeof(rows) / sizeof *(rows), about)
int run_talks(const char *group);

/* ---- models ---------------------------------------------------------------------------------- */

/* The address of "LLAMA" or "AIMOCK"; the test is skipped where that server is not there. */
const char *address_of_server(const char *server);
/* Open a model that retries soon; `more` is one more option, or has the type 0. */
beluga_chat_model *open_real(const char *provider, const char *url, const char *key,
                             const char *name, beluga_option more);
/* Give the model of the talk a tool get_weather. */
void bind_weather(talk *t, const char *parameters);

/* ---- questions ------------------------------------------------------------------------------- */

void expect_ok(int status, const beluga_error *err);

/* Ask for a whole answer to a text, with a terminated list of options or NULL; the one before is
 * freed. Returns the status. */
int try_to_ask(talk *t, const char *text, const beluga_option *opts);
/* The same for the messages of the talk. */
int try_to_ask_on(talk *t, const beluga_option *opts);
#define TALK_OPTIONS(...)               \
    (const beluga_option[])             \
    {                                   \
        __VA_ARGS__, BELUGA_OPTIONS_END \
    }
/* It must succeed. */
#define ask(t, text, ...) expect_ok(try_to_ask(t, text, TALK_OPTIONS(__VA_ARGS__)), &(t)->err)
#define ask_on(t, ...)    expect_ok(try_to_ask_on(t, TALK_OPTIONS(__VA_ARGS__)), &(t)->err)

/* Ask for more than the model of a llama.cpp server takes: it says so. */
void ask_past_the_context(talk *t);
/* List the models that the provider has. */
void list_models(talk *t);

/* Say something, on which ask_on and stream_on go on. */
void say_human(talk *t, const char *text);
/* Give the result of the call of a tool that was just answered with. */
void say_result(talk *t, const char *result);

/* Begin a stream on the messages; it must begin. Hear it to its end. */
#define begin_stream_on(t, ctx, ...)                                                              \
    expect_ok(                                                                                    \
        beluga_stream_chat((t)->model, ctx, (t)->messages, &(t)->stream, &(t)->err, __VA_ARGS__), \
        &(t)->err)
void hear_all(talk *t);
/* A beluga_event_cb whose payload is what was heard. */
void hear(void *payload, const beluga_event *event);

#endif
