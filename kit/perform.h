/* Calls as users make them, with what comes of them written down. */
#ifndef BELUGA_KIT_PERFORM_H
#define BELUGA_KIT_PERFORM_H

#include "kit/run.h"

/* Each makes the run's call and writes what comes of it to the story. */
void check_generate(check_run *run);
void check_stream(check_run *run);
void check_push(check_run *run);
/* A stream that is cancelled when its first text came: by its context, or by its handle. */
void check_cancel(check_run *run);
void check_cancel_pushed(check_run *run);
/* A stream whose answer is added to the call's messages, and a question after it. */
void check_stream_and_ask_on(check_run *run);
void check_list(check_run *run);
/* A pushed stream of which each event is followed by a pause. */
void check_push_slowly(check_run *run);
/* A pushed stream; tells how many steps of the loop waited, and the longest that one computed. */
typedef struct check_steps {
    size_t waited;
    int64_t longest_wait_ms, longest_work_ms;
} check_steps;
void check_push_watched(check_run *run, check_steps *steps);

#endif
