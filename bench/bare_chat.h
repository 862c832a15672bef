/* Chat completions on bare libcurl and yyjson: write the request that libbeluga sends, and read
 * from an answer what a caller needs. */
#ifndef BENCH_BARE_CHAT_H
#define BENCH_BARE_CHAT_H

#include "bare.h"

/* Write the request as JSON. Owned: free it. */
char *bare_chat_request(bool streamed, const char *question);

/* Read the text, the finish reason and the token counts of a whole answer. */
void bare_chat_read_answer(const bare_exchange *x);

/* Parse every event of a streamed answer. Returns how many had text. */
size_t bare_chat_read_stream(const bare_exchange *x);

#endif
