/* Helpers that the suites about recordings share: a directory, and the default client that records
 * to it or replays from it. Use it with tests/support/calls.h, whose models are the default
 * client's. */
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
    char url[64]; /* URL of the peer, valid also after tape_silence */
} tape;

int tape_set_up(void **state);
int tape_tear_down(void **state);
#define ON_TAPE(test) cmocka_unit_test_setup_teardown(test, tape_set_up, tape_tear_down)

/* Let the default client record, replay, or do neither; the test fails if that is impossible. */
void tape_record(tape *t);
void tape_replay(tape *t);
void tape_stop(void);
/* Returns 0 or a code: whether the directory can be used in this mode. */
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
/* Ask for `text`, which no recording answers. Returns the error's message, valid until the next
 * call. */
const char *tape_refusal(beluga_chat_model *model, const char *text);
void assert_says(const char *text, const char *part);

/* Returns how many recordings there are; they are sorted by name. */
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
