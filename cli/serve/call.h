/* A request that asks a model: read, asked, and answered. */
#ifndef BELUGA_CLI_SERVE_CALL_H
#define BELUGA_CLI_SERVE_CALL_H

#include "serve/request.h"

/* Handle a request of the protocol that its family is. */
void serve_call_handle(serve_request *request);

#endif
