/* A loop for fuzz targets. A target decides when its time passes, and its transfers deliver the
 * target's input. The whole library above the transport runs on it, without descriptors, threads or
 * clocks. */
#ifndef FUZZ_STAGE_H
#define FUZZ_STAGE_H

#include "client/chat_model.h"
#include "fuzz.h"
#include "loop/loop.h"

/* A server's answer, borrowed, and how it arrives. */
typedef struct stage_answer {
    char *head; /* lines that end in \n; the first is the status line */
    size_t head_length;
    const char *body;
    size_t length;
    size_t piece; /* the largest piece of the body; 0: one piece */
    int end;      /* 0, or the code of the transfer's failure */
    bool multiplexed;
} stage_answer;

/* Make the loop. Only one call at a time can run on it. */
void stage_open(void);
beluga_loop *stage_loop(void);
/* Reset everything, so that each run is the same. */
void stage_begin(const stage_answer *answer);
/* Use another answer for the request that is being sent. Call this only in the callback of
 * stage_on_request(). */
void stage_set_answer(const stage_answer *answer);
/* Run a task, or if none waits, deliver the next piece of the answer. Returns false if neither was
 * possible. */
bool stage_step(void);
/* Let time pass until the next timer fires. Returns false if no timer is set. */
bool stage_wait(void);
/* Check that the ended call left no transfer, timer or task. */
void stage_end(void);
/* Return how many requests were sent since stage_begin(). */
size_t stage_requests(void);
/* Set a callback that is called with each further request. */
void stage_on_request(void (*sent)(const beluga__transfer_spec *spec));

/* Return an open model of fuzz_provider(). It stays open for later runs. */
beluga_chat_model *stage_model(const char *provider);

#endif
