/* The sixteen faults that callers of language models meet, as in failoverbench's catalogue
 * (methodology 0.1), played by the scripted peer and met through the library. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "peer/peer.h"

#include <beluga/beluga.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_ATTEMPTS = 256, MAX_CALLS = 20, TEXT_SIZE = 1024 };

/* Which features are turned on, and how much faster time runs than in the catalogue. */
typedef struct setup {
    bool retry, fallback, breaker, first_token, restart;
    int divisor;
} setup;

/* The result of one stream for its caller. */
typedef struct outcome {
    int status;
    bool ended;     /* the stream ended before our patience did */
    bool complete;  /* a success with the whole answer */
    bool truncated; /* a success without the whole answer */
    bool has_usage;
    char model[96], message[352];
    double began_s, seconds; /* seconds since the scenario began; duration in seconds */
} outcome;

/* The requests in the provider's log. */
typedef struct attempts {
    size_t primary, fallback;
    double primary_s[MAX_ATTEMPTS]; /* times in seconds since the scenario began */
    bool prefill;                   /* some request ended with an assistant's message */
} attempts;

typedef enum verdict { PASS, PARTIAL, SAFE, FAIL } verdict;

typedef struct result {
    peer *peer;
    beluga_chat_model *model;
    outcome calls[MAX_CALLS];
    size_t n_calls;
    attempts seen;
    bool alive_after; /* a healthy call through the same model succeeded afterwards */
    verdict verdict;
    char why[256]; /* the checks that failed */
} result;

typedef struct scenario {
    const char *id, *title;
    double patience_s; /* a call that takes longer counts as hanging */
    size_t calls;      /* 0: one */
    double interval_s;
    /* Results of the nine published systems: p pass, ~ partial, o safe, x fail. */
    const char *published;
    void (*check)(const struct scenario *s, const setup *with, result *r);
} scenario;

extern const scenario scenarios[];
extern const size_t n_scenarios;

/* run.c: all scenarios are opened before the first is played, and closed after the last: otherwise
 * a sanitizer would see one descriptor used for files and sockets of several threads. The results
 * are in `r`, except for the verdict. */
void open_scenario(const scenario *s, const setup *with, result *r);
void run_scenario(const scenario *s, const setup *with, result *r);
void close_scenario(result *r);

#endif
