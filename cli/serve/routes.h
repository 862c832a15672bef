/* Which path is answered by what, and for whom. */
#ifndef BELUGA_CLI_SERVE_ROUTES_H
#define BELUGA_CLI_SERVE_ROUTES_H

#include "serve/http.h"

/* The handler of the HTTP server; its payload is the server's state (state.h). */
extern const http_handler serve_routes;

#endif
