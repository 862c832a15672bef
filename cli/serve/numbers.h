/* Requests whose answers are numbers: vectors of texts, and counts of tokens. */
#ifndef BELUGA_CLI_SERVE_NUMBERS_H
#define BELUGA_CLI_SERVE_NUMBERS_H

#include "serve/request.h"

void serve_embed_handle(serve_request *request);
/* Asks the provider, and estimates where it can't count. Costs nobody anything. */
void serve_count_handle(serve_request *request);

#endif
