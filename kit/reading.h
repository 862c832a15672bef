/* Scenarios of what a provider makes of its service's answers. They play the author's answers, and
 * others that are made of them, and need no file of what is expected. */
#ifndef BELUGA_KIT_READING_H
#define BELUGA_KIT_READING_H

#include "kit/run.h"

/* Answers made of the author's: in other letters, with another word for the end, with an error. */
check_action check_run_letters, check_run_finish_words, check_run_error_among;
/* The author's answers as they are. */
check_action check_run_usage, check_run_arguments, check_run_in_time, check_run_length;
/* What no answer of the author shows. */
check_action check_run_coverage;

/* Play an answer as a stream or in one piece, and write its story. */
void check_ask_answer(check_run *run, const check_answer *answer, bool streamed);

#endif
