/* What the server reports about itself: its models, its health, its metrics. */
#ifndef BELUGA_CLI_SERVE_FACTS_H
#define BELUGA_CLI_SERVE_FACTS_H

#include "serve/request.h"

/* List the models that the key may ask, in a form that the clients of all families can read. */
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
