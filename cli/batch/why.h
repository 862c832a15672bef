/* Writes the reasons why a part of a batch is refused. */
#ifndef BELUGA_CLI_BATCH_WHY_H
#define BELUGA_CLI_BATCH_WHY_H

#include <beluga/error.h>

#define BATCH_REASON_BYTES 256

/* Write a reason as one line of valid UTF-8, even if it quotes arbitrary bytes; arguments as for
 * printf. */
void batch_say_why(char why[BATCH_REASON_BYTES], const char *format, ...) BELUGA_PRINTF(2, 3);

#endif
