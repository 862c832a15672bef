/* The sixteen faults that callers of language models meet, from the catalogue of failoverbench
 * (methodology 0.1). The scripted peer causes them, and calls through the library meet them. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "peer/peer.h"

#include <beluga/beluga.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_ATTEMPTS = 256, MAX_CALLS = 20, TEXT_SIZE = 1024 };

/* The features of the library that are turned on, and by how much the times of the catalogue are
 * divided. */
typedef struct setup {
    bool retry, fallback, breaker, first_token, restart;
    int divisor;
} setup;

/* The result of one stream, as its caller sees it. */
typedef struct outcome {
    int status;
    bool ended;     /* the stream ended within patience_s */
    bool complete;  /* a success with the whole answer */
    bool truncated; /* a success without the whole answer */
    bool has_usage;
    char model[96], message[352];
    double began_s, seconds; /* seconds since the scenario began; duration in seconds */
} outcome;

/* The requests that the provider has received. */
typedef struct attempts {
    size_t primary, fallback;
    double primary_s[MAX_ATTEMPTS]; /* times in seconds since the scenario began */
    bool prefill;                   /* a request ended with a message of the assistant */
} attempts;

typedef enum verdict { PASS, PARTIAL, SAFE, FAIL } verdict;

typedef struct result {
    peer *peer;
    beluga_chat_model *model;
    outcome calls[MAX_CALLS];
    size_t n_calls;
    attempts seen;
    bool alive_after; /* after the scenario, a call through the same model succeeded */
    verdict verdict;
    char why[256]; /* the checks that failed */
} result;

typedef struct scenario {
    const char *id, *title;
    double patience_s; /* a call that takes longer counts as hanging */
    size_t calls;      /* 0: one */
    double interval_s;
    /* Results of nine other systems, one letter each: p pass, ~ partial, o safe, x fail. */
    const char *published;
    void (*check)(const struct scenario *s, const setup *with, result *r);
} scenario;

extern const scenario scenarios[];
extern const size_t n_scenarios;

/* These functions are in run.c. All scenarios are opened before the first is run, and closed after
 * the last. Otherwise one descriptor number would be used for files and sockets of several threads,
 * which a sanitizer would report. The results are in `r`, except for the verdict. */
void open_scenario(const scenario *s, const setup *with, result *r);
void run_scenario(const scenario *s, const setup *with, result *r);
void close_scenario(result *r);

#endif
