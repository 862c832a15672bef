/* A loop whose time passes when the target says so, and whose transfers tell what the input has:
 * the whole library above the transport runs on it, without a descriptor, a thread or a clock. */
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
    size_t piece; /* the largest piece of the body; 0: in one */
    int end;      /* 0, or the code of the transfer's failure */
    bool multiplexed;
} stage_answer;

/* The one call that runs. */
void stage_open(void);
beluga_loop *stage_loop(void);
/* Begin anew, the same each time. */
void stage_begin(const stage_answer *answer);
/* Answer the request that is sent with another one; for `stage_on_request`. */
void stage_set_answer(const stage_answer *answer);
/* The next thing that happens: a task, or a piece of the answer. False when nothing is left. */
bool stage_step(void);
/* Let time pass until the next timer fires. False when none is set. */
bool stage_wait(void);
/* Nothing may be left of a call that has ended. */
void stage_end(void);
/* How often a request was sent, and what the last was; `sent` is called with it. */
size_t stage_requests(void);
void stage_on_request(void (*sent)(const beluga__transfer_spec *spec));

/* A model of fuzz_provider's. It is kept. */
beluga_chat_model *stage_model(const char *provider);

#endif
