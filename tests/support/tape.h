/* Helpers for the suites about recordings: a directory, and functions that make the default client
 * record to it or replay from it. The models of tests/support/calls.h use that client. */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include "calls.h"
#include "script.h"

#include <beluga/cassette.h>

/* A long and unusual key: if it is found anywhere, it leaked. */
#define TAPE_KEY "sk-test-4f1dC0ffee5ecret"

typedef struct tape {
    char directory[64];
    peer *peer;   /* NULL after tape_silence */
    char url[64]; /* URL of the peer; also valid after tape_silence */
} tape;

int tape_set_up(void **state);
int tape_tear_down(void **state);
#define ON_TAPE(test) cmocka_unit_test_setup_teardown(test, tape_set_up, tape_tear_down)

/* Make the default client record, replay, or do neither. The test fails if that is impossible. */
void tape_record(tape *t);
void tape_replay(tape *t);
void tape_stop(void);
/* Try to use the directory in this mode. Returns 0 or an error code. */
int tape_try(const tape *t, beluga_cassette_mode mode, beluga_error *err);
/* Stop the peer: from then on nothing can come from a network. */
void tape_silence(tape *t);

/* Open `openai` at the peer's address, with TAPE_KEY. */
beluga_chat_model *tape_open_n(const tape *t, const beluga_option *opts, size_t n);
#define tape_open(t, ...)                                                    \
    tape_open_n(t, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
                BELUGA_OPTIONS_TERMINATED)

/* Script an answer, and record it. */
void tape_answer(tape *t, beluga_chat_model *model, const char *text);
/* Ask `text`, for which there is no recording. Returns the message of the error, valid until the
 * next call. */
const char *tape_refusal(beluga_chat_model *model, const char *text);
void assert_says(const char *text, const char *part);

/* Returns the number of recordings, and sorts them by name. */
size_t tape_count(const tape *t);
/* Returns the name of recording i, in a buffer that the next call reuses. */
const char *tape_name(const tape *t, size_t i);
/* Returns the text of recording i, which the caller frees. */
char *tape_text(const tape *t, size_t i);
/* Write a file into the directory. */
void tape_put(const tape *t, const char *name, const char *text);
/* Replace the first occurrence of `from` in recording i; the test fails if there is none. */
void tape_edit(const tape *t, size_t i, const char *from, const char *to);
/* Returns whether any file contains these bytes. */
bool tape_has(const tape *t, const char *bytes);

#endif
