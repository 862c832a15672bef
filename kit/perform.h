/* Calls as users make them, with what comes of them written down. */
#ifndef BELUGA_KIT_PERFORM_H
#define BELUGA_KIT_PERFORM_H

#include "kit/run.h"

/* Each function makes the run's call and writes what comes of it to the story. */
check_action check_generate, check_stream, check_push;
/* A stream that is cancelled when its first text came: by its context, or by its handle. */
check_action check_cancel, check_cancel_pushed;
/* A stream whose answer is added to the call's messages, and a question after it. */
check_action check_stream_and_ask_on;
/* A list of the models. */
check_action check_list;
/* A pushed stream of which each event is followed by a pause. */
check_action check_push_slowly;
/* A pushed stream; tells how many steps of the loop waited, and the longest that one computed. */
typedef struct check_steps {
    size_t waited;
    int64_t longest_wait_ms, longest_work_ms;
} check_steps;
void check_push_watched(check_run *run, check_steps *steps);

#endif
