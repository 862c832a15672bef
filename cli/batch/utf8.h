/* Whether bytes are UTF-8, and reasons that are. */
#ifndef BELUGA_CLI_BATCH_UTF8_H
#define BELUGA_CLI_BATCH_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include <beluga/error.h>

/* @param bad  Receives where the first character begins that is none. */
bool batch_utf8_is_valid(const char *text, size_t length, size_t *bad);

#define BATCH_REASON_BYTES 256

/* Say why something is refused, in one line of whole characters whatever it quotes. printf's. */
void batch_say_why(char why[BATCH_REASON_BYTES], const char *format, ...) BELUGA_PRINTF(2, 3);

#endif
