/* The figures of the last hour for the page: requests that ask models, by minute and by provider,
 * and the last errors. They take a fixed amount of memory. */
#ifndef BELUGA_CLI_SERVE_RECENT_H
#define BELUGA_CLI_SERVE_RECENT_H

#include "serve/serve.h"

#include <beluga/provider/json.h>

typedef struct serve_recent serve_recent;

/* @return NULL if memory runs out. */
serve_recent *serve_recent_new(void);
void serve_recent_free(serve_recent *recent);
/* Add a record. A request that asks no model is ignored. */
void serve_recent_take(serve_recent *recent, const serve_record *record);
/* Write `hour`, `minutes`, `providers` and `errors` as members of the current JSON object. */
void serve_recent_put(const serve_recent *recent, int64_t now_ms, beluga_json_writer *w);

#endif
