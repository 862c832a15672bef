/* Whether bytes are UTF-8. */
#ifndef BELUGA_CLI_BATCH_UTF8_H
#define BELUGA_CLI_BATCH_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* @param bad  Receives where the first character begins that is none. */
bool batch_utf8_is_valid(const char *text, size_t length, size_t *bad);

#endif
