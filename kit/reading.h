/* Scenarios about how a provider reads its service's answers. They play the author's answers, and
 * variants made from them, and need no file of expected events. */
#ifndef BELUGA_KIT_READING_H
#define BELUGA_KIT_READING_H

#include "kit/run.h"

/* Scenarios of changed answers: with other letters, with another finish reason, with an error among
 * the frames. */
check_action check_run_letters, check_run_finish_words, check_run_error_among;
/* Scenarios of unchanged answers. */
check_action check_run_usage, check_run_arguments, check_run_in_time, check_run_length;
/* Reports behaviour that no answer of the author covers. */
check_action check_run_coverage;

/* Play an answer as a stream or in one piece, and write its story. */
void check_ask_answer(check_run *run, const check_answer *answer, bool streamed);

#endif
