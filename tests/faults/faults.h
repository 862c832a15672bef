/* The sixteen faults that a caller of language models meets, as failoverbench's catalogue
 * (methodology 0.1) has them, played by the scripted peer and met through the library. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "peer/peer.h"

#include <beluga/beluga.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_ATTEMPTS = 256, MAX_CALLS = 20, TEXT_SIZE = 1024 };

/* What is turned on, and how much faster than in the catalogue time goes. */
typedef struct setup {
    bool retry, fallback, breaker, first_token, restart;
    int divisor;
} setup;

/* What the caller of one stream got. */
typedef struct outcome {
    int status;
    bool ended;     /* by itself, and not by our patience */
    bool complete;  /* a success, and the text is the whole answer */
    bool truncated; /* a success, and it is not */
    bool has_usage;
    char model[96], message[352];
    double began_s, seconds; /* since the scenario began; how long it took */
} outcome;

/* What the provider's log saw. */
typedef struct attempts {
    size_t primary, fallback;
    double primary_s[MAX_ATTEMPTS]; /* when, since the scenario began */
    bool prefill;                   /* some request ended in an assistant's message */
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
    double patience_s; /* of a call; one that takes longer hangs */
    size_t calls;      /* 0: one */
    double interval_s;
    const char *published; /* how the nine shipped systems did: p pass, ~ partial, o safe, x fail */
    void (*check)(const struct scenario *s, const setup *with, result *r);
} scenario;

extern const scenario scenarios[];
extern const size_t n_scenarios;

/* run.c: all are opened before the first one is played, and closed after the last: files and
 * sockets of several threads would be one descriptor's for a sanitizer. What was seen is in `r`,
 * but for the verdict. */
void open_scenario(const scenario *s, const setup *with, result *r);
void run_scenario(const scenario *s, const setup *with, result *r);
void close_scenario(result *r);

#endif
