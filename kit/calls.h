/* Scenarios of calls: the peer plays an answer, and its events are judged. */
#ifndef BELUGA_KIT_CALLS_H
#define BELUGA_KIT_CALLS_H

#include "kit/run.h"

check_action check_run_generate, check_run_stream, check_run_push;
/* Stream an answer, and send it back as part of the conversation in a second call. */
check_action check_run_twice;
check_action check_run_models, check_run_embed, check_run_count, check_run_cancel,
    check_run_cancel_pushed, check_run_error, check_run_stream_error, check_run_filter,
    check_run_bad_body, check_run_html, check_run_bad_event, check_run_cut_stream,
    check_run_cut_body, check_run_unknown, check_run_slow, check_run_slow_reader;
/* Runs instead of a scenario whose capability the provider does not claim: the provider must warn
 * or refuse the call. */
check_action check_run_unclaimed;

#endif
