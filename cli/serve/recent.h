/* The last hour of requests that ask models, for the page: in fixed memory, by minute and by
 * provider, and the last errors. */
#ifndef BELUGA_CLI_SERVE_RECENT_H
#define BELUGA_CLI_SERVE_RECENT_H

#include "serve/serve.h"

#include <beluga/provider/json.h>

typedef struct serve_recent serve_recent;

/* @return NULL without memory. */
serve_recent *serve_recent_new(void);
void serve_recent_free(serve_recent *recent);
/* Requests that ask no model are passed over. */
void serve_recent_take(serve_recent *recent, const serve_record *record);
/* Write `hour`, `minutes`, `providers` and `errors` into the object that is open. */
void serve_recent_put(const serve_recent *recent, int64_t now_ms, beluga_json_writer *w);

#endif
