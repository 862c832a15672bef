/* A list of messages in OpenAI's form: [{"role": …, "content": …}, …]. */
#ifndef BELUGA_CLI_BATCH_MESSAGES_H
#define BELUGA_CLI_BATCH_MESSAGES_H

#include <beluga/message.h>
#include <beluga/provider/json.h>

#define BATCH_WHY_MESSAGE_BYTES 256

/* Add the messages to `out`. @return 0; BELUGA_ERROR_INVALID_INPUT with the reason in `why`;
 * _NO_MEMORY. */
int batch_messages_parse(const beluga_json *list, beluga_messages *out,
                         char why[BATCH_WHY_MESSAGE_BYTES]);

#endif
