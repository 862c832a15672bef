/* The answers of the service: read from the case, and played by the peer. */
#ifndef BELUGA_KIT_EXCHANGE_H
#define BELUGA_KIT_EXCHANGE_H

#include "kit/run.h"

enum { CHECK_SECTION_BYTES = 32 };

/* "request" for the first exchange (1), "request 2" for the second. */
void check_section_name(char *out, const char *what, size_t n);
/* Find a section of the run's case, or of the case `other`, which stands in for it. */
bool check_find(check_run *run, const char *section, const char *other, check_text *text);
/* The case that stands in for what is answered and what comes of it: it may be another than the one
 * that stands in for the request. */
const char *check_answers_like(const check_run *run);

bool check_has_answer(check_run *run, size_t n);
/* Give as the reason of skipping that nobody wrote that answer of a scenario. */
void check_no_answer(check_run *run, const char *scenario, size_t n);
/* Read the answer of exchange `n` (from 1) into the run. */
bool check_load_answer(check_run *run, size_t n);
/* Read an answer of the run's provider that stands for any other: that of `text`, or of `stream`.
 */
bool check_load_usual_answer(check_run *run, bool streamed);

/* Let the peer answer the next request with the first `length` bytes of the run's answer. */
void check_play(check_run *run, size_t length, check_end end);
void check_play_whole(check_run *run);
/* Let it answer every request with the usual answer; with `turns`, one of so many in turn.
 * @return false when it can't be read; there is nothing to play for a full provider. */
bool check_play_for_ever(check_run *run, bool streamed, unsigned turns);

#endif
