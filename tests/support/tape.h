/* What the suites about recordings share: a directory, and the default client recording to it or
 * replaying from it. With tests/support/calls.h, whose models are the default client's. */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include "calls.h"
#include "script.h"

#include <beluga/cassette.h>

/* Long and odd, so that finding it anywhere means that it leaked. */
#define TAPE_KEY "sk-test-4f1dC0ffee5ecret"

typedef struct tape {
    char directory[64];
    peer *peer;   /* NULL after tape_silence */
    char url[64]; /* of the peer, also after that */
} tape;

int tape_set_up(void **state);
int tape_tear_down(void **state);
#define ON_TAPE(test) cmocka_unit_test_setup_teardown(test, tape_set_up, tape_tear_down)

/* Let the default client record, replay, or neither; it must be possible. */
void tape_record(tape *t);
void tape_replay(tape *t);
void tape_stop(void);
/* Whether the directory can be replayed. */
int tape_try(const tape *t, beluga_cassette_mode mode, beluga_error *err);
/* Stop the peer: from now on nothing can come from a network. */
void tape_silence(tape *t);

/* Open `openai` at the peer's address, with TAPE_KEY. */
beluga_chat_model *tape_open_n(const tape *t, const beluga_option *opts, size_t n);
#define tape_open(t, ...)                                                    \
    tape_open_n(t, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
                BELUGA_OPTIONS_TERMINATED)

/* Script an answer, and record it. */
void tape_answer(tape *t, beluga_chat_model *model, const char *text);
/* Ask for `text`, which nothing recorded answers; returns what is said of it, until the next call.
 */
const char *tape_refusal(beluga_chat_model *model, const char *text);
void assert_says(const char *text, const char *part);

/* How many recordings there are, and their names, sorted. */
size_t tape_count(const tape *t);
/* The name of recording i; in a buffer that the next call uses again. */
const char *tape_name(const tape *t, size_t i);
/* The text of recording i; freed by the caller. */
char *tape_text(const tape *t, size_t i);
/* Write a file into the directory. */
void tape_put(const tape *t, const char *name, const char *text);
/* Replace the first `from` of recording i, which must have it. */
void tape_edit(const tape *t, size_t i, const char *from, const char *to);
/* Whether any file has these bytes. */
bool tape_has(const tape *t, const char *bytes);

#endif
