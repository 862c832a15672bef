/* Helpers that the suites about calls share: a model at the scripted peer, and a record of events.
 *
 * A record writes events as a line that a test can read and compare:
 *     start metadata [Hello] [ world] usage(12,2) finish(stop)
 * Warnings, tool calls and errors show in it as start(warning), begin(0 name), delta(0 {"a"), end(0
 * {"a":1}), raw, restart and error(stream_closed). */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include "peer/peer.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The longest wait, in milliseconds, for something that must happen; the test fails after it. A
 * passing test never waits that long. */
enum { PATIENCE_MS = 60000 };

/* Set if this is built with a sanitizer. Some tests then do fewer repetitions. */
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

typedef struct record {
    char story[8192]; /* the events in order; a story that does not fit is cut off */
    size_t length;
    size_t events, texts, finishes, errors, starts, restarts;
    int restarted_for;  /* the error that the last RESTART reported */
    size_t bytes;       /* length of all text */
    beluga_error error; /* the error of the ERROR event, or of a beluga_stream_next that failed */
    int status;         /* the status that the last beluga_stream_next returned */
} record;

void record_clear(record *r);
/* A beluga_event_cb whose payload is a record. */
void record_event(void *payload, const beluga_event *event);
bool record_ended(const record *r);
#define assert_story(r, expected) assert_string_equal((r)->story, expected)

/* Open `openai` at a URL, with a key, the model "peer-chat", no retries, long timeouts, and these
 * options. */
beluga_chat_model *open_at_n(const char *url, const beluga_option *opts, size_t n);
#define open_at(url, ...)                                                    \
    open_at_n(url, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
              BELUGA_OPTIONS_TERMINATED)
beluga_chat_model *open_peer(peer *p);
#define open_peer_with(p, ...) open_at(peer_url(p), __VA_ARGS__)
/* Open `mock`. */
#define open_mock(...) \
    open_mock_n((const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, BELUGA_OPTIONS_TERMINATED)
beluga_chat_model *open_mock_n(const beluga_option *opts, size_t n);

/* Begin a pull stream of "Hi"; the test fails if it does not begin. */
beluga_stream *begin_stream(beluga_chat_model *model, beluga_context *ctx);
/* Pull and record the next event. Returns NULL after the end. */
const beluga_event *pull_one(beluga_stream *stream, record *r);
/* Pull and record all events to the end. */
void pull_all(beluga_stream *stream, record *r);
/* Pull events until one is of this kind. The test fails if there is none. */
const beluga_event *pull_until(beluga_stream *stream, record *r, uint32_t kind);
/* Pull a whole stream: returns its status, and records its story. */
int stream_whole_n(beluga_chat_model *model, beluga_context *ctx, record *r,
                   const beluga_option *opts, size_t n);
#define stream_with(model, r, ...)                                                           \
    stream_whole_n(model, NULL, r, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
                   BELUGA_OPTIONS_TERMINATED)
int stream_whole(beluga_chat_model *model, record *r);
/* Generate from "Hi". The text is compared with `expected` unless that is NULL. Returns the
 * status. */
int generate(beluga_chat_model *model, const char *expected, beluga_error *err);
int generate_under(beluga_chat_model *model, beluga_context *ctx, const char *expected,
                   beluga_error *err);

/* Begin a stream of "Hi" on a loop that the test steps; the test fails if it does not begin. */
beluga_op *push_to(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                   beluga_event_cb cb, void *payload);
/* Begin a stream of "Hi" on a loop that the test steps, and add its events to the record. */
beluga_op *push_stream(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx, record *r);
beluga_loop *new_loop(void);
/* Wait with poll(2) until the loop's descriptor is readable, then step once. Fails after
 * PATIENCE_MS. */
void poll_and_step(beluga_loop *loop);
/* Poll and step until the record has ended. */
void step_until_end(beluga_loop *loop, const record *r);
/* Step until the descriptor is no longer readable. */
void step_until_quiet(beluga_loop *loop);
/* Returns whether the loop's descriptor is readable now. */
bool is_readable(beluga_loop *loop);

/* Fixtures for cmocka: *state is a peer. */
int start_peer(void **state);
int stop_peer(void **state);
#define ON_PEER(test) cmocka_unit_test_setup_teardown(test, start_peer, stop_peer)

#endif
