/* Chat completions on bare libcurl and yyjson: the request that we send, and what a caller wants of
 * an answer. */
#ifndef BENCH_BARE_CHAT_H
#define BENCH_BARE_CHAT_H

#include "bare.h"

/* Write the request as JSON. Owned: free it. */
char *bare_chat_request(bool streamed, const char *question);

/* Take text, finish reason and tokens of a whole answer. */
void bare_chat_read_answer(const bare_exchange *x);

/* Parse every event of a streamed answer; return how many had text. */
size_t bare_chat_read_stream(const bare_exchange *x);

#endif
