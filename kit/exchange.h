/* Answers of the service, which are read from the case and played by the peer. */
#ifndef BELUGA_KIT_EXCHANGE_H
#define BELUGA_KIT_EXCHANGE_H

#include "kit/run.h"

/* Find a section of the run's case. If that case lacks it, use the same section of the case
 * `other`. */
bool check_find(check_run *run, const char *section, const char *other, check_text *text);
/* Return whether the provider, and not the transport, makes this header of a request. */
bool check_is_compared(const char *header);
/* Return the case whose answers and events are used if the run's own case lacks them. A missing
 * request may come from yet another case. */
const char *check_answers_like(const check_run *run);

bool check_has_answer(check_run *run, size_t n);
/* Free the answers that the run has. */
void check_free_answers(check_run *run);
/* Skip the scenario, with the reason that its author wrote no such answer. */
void check_no_answer(check_run *run, const char *scenario, size_t n);
/* Read the answer of exchange `n` (from 1) into the run. */
bool check_load_answer(check_run *run, size_t n);
/* Read all answers of the run's case. */
bool check_load_call(check_run *run);
/* Read the answers of the case `scenario`, which need not be the run's own. @return false if it has
 * none. */
bool check_load_case(check_run *run, const char *scenario);
/* Cut the call's answers to the first `n`; the last of these becomes the run's answer. */
void check_shorten_call(check_run *run, size_t n);
/* Read the usual answer of the run's provider: the answer of the case `stream` if `streamed`, else
 * of the case `text`. */
bool check_load_usual_answer(check_run *run, bool streamed);

/* Make the reply to the last request of the next call, after replies to the requests before it. */
peer_reply *check_next_reply(check_run *run);
/* After a call: add its requests to run->asked, the number of requests that the peer must have
 * received. */
void check_count_asked(check_run *run);
/* Return the index, in the peer's log, of the last request of the newest call. A request that tells
 * the service that the call is over does not count. */
size_t check_last_request(const check_run *run);
/* Return whether the provider has encode_cancel, and so may send requests that have no answer in
 * the case. */
bool check_sends_more(const check_run *run);
/* Return whether a request of the peer's log is for exchange `n` (from 1) of a call. */
bool check_is_route(const check_run *run, size_t request, size_t n);

/* Let the peer answer the next call with the first `length` bytes of the run's answer. */
void check_play(check_run *run, size_t length, check_end end);
void check_play_whole(check_run *run);
/* Let the peer answer every request with the usual answer; if `turns` is not 0, only every
 * `turns`-th request gets it.
 * @return false if the answer can't be read; a full provider needs no answer. */
bool check_play_for_ever(check_run *run, bool streamed, unsigned turns);

#endif
