/* Handlers of the requests for facts about the server: its models, its health, its metrics, its
 * page, and a reload. */
#ifndef BELUGA_CLI_SERVE_FACTS_H
#define BELUGA_CLI_SERVE_FACTS_H

#include "serve/request.h"

/* List the models that the key may ask, with the members that clients of all protocols read. */
void serve_list_models(serve_request *request);
void serve_show_model(serve_request *request);
void serve_show_index(serve_request *request);
void serve_show_status(serve_request *request);
/* Answer 200 as long as the process runs. */
void serve_show_health(serve_request *request);
/* Answer 200 while the server can answer requests; 503 when it is shutting down, or has no models.
 */
void serve_show_ready(serve_request *request);
void serve_show_metrics(serve_request *request);
void serve_do_reload(serve_request *request);

#endif
