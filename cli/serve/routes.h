/* The routes of the server: the handler of each path, and which clients may use it. */
#ifndef BELUGA_CLI_SERVE_ROUTES_H
#define BELUGA_CLI_SERVE_ROUTES_H

#include "serve/http.h"

/* The handler of the HTTP server; its payload is the server's state (state.h). */
extern const http_handler serve_routes;

#endif
