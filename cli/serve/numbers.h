/* Requests whose answers are numbers: vectors of texts, and token counts. */
#ifndef BELUGA_CLI_SERVE_NUMBERS_H
#define BELUGA_CLI_SERVE_NUMBERS_H

#include "serve/request.h"

void serve_embed_handle(serve_request *request);
/* Count the tokens of a request. The provider counts them; if it can't, the number is estimated.
 * Counting is not charged to a key. */
void serve_count_handle(serve_request *request);

#endif
