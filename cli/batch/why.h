/* Why something of a batch is refused. */
#ifndef BELUGA_CLI_BATCH_WHY_H
#define BELUGA_CLI_BATCH_WHY_H

#include <beluga/error.h>

#define BATCH_REASON_BYTES 256

/* Say it in one line of whole characters, whatever it quotes. printf's. */
void batch_say_why(char why[BATCH_REASON_BYTES], const char *format, ...) BELUGA_PRINTF(2, 3);

#endif
