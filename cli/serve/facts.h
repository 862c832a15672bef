/* What the server tells of itself: its models, its health, its figures. */
#ifndef BELUGA_CLI_SERVE_FACTS_H
#define BELUGA_CLI_SERVE_FACTS_H

#include "serve/request.h"

/* The models that the key may ask, in a shape that clients of all families read. */
void serve_list_models(serve_request *request);
void serve_show_model(serve_request *request);
void serve_show_index(serve_request *request);
void serve_show_status(serve_request *request);
/* 200 while the process lives. */
void serve_show_health(serve_request *request);
/* 200 while it can answer: 503 when it is about to end, or has no model. */
void serve_show_ready(serve_request *request);
void serve_show_metrics(serve_request *request);
void serve_do_reload(serve_request *request);

#endif
