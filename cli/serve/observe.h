/* Records facts about requests: as metrics (/metrics), as a line for each request (the journal),
 * and as figures of the last hour (the page). */
#ifndef BELUGA_CLI_SERVE_OBSERVE_H
#define BELUGA_CLI_SERVE_OBSERVE_H

#include "serve/access.h"
#include "serve/serve.h"
#include "serve/settings.h"

#include <beluga/provider/json.h>

typedef struct serve_observer serve_observer;

int serve_observer_new(const serve_settings *settings, serve_observer **out, beluga_error *err);
/* Use other settings. This also opens the journal's file again, as logrotate needs. */
int serve_observer_renew(serve_observer *o, const serve_settings *settings, beluga_error *err);
void serve_observer_free(serve_observer *o);

/* Record a request that has ended. A request that asks no model has no protocol. */
void serve_observe(serve_observer *o, const serve_record *record);
/* Record a request that was not valid HTTP, or exceeded a limit of HTTP. */
void serve_observe_refused(serve_observer *o, int status, const char *why);
/* Set the texts of a request and its answer for the journal, if capture is on. The record of the
 * request must follow. */
void serve_observe_texts(serve_observer *o, const char *request, size_t request_length,
                         const char *answer, size_t answer_length);

/* Values of other parts at the time at which the metrics are written. */
typedef struct serve_gauges {
    size_t connections, requests; /* `requests`: only those that ask a model */
    bool draining;
    bool keys_failing; /* the shared keys can't be read */
    int64_t reloads, failed_reloads;
    const serve_access *access;
} serve_gauges;

/* Write the metrics in the text format of Prometheus. */
int serve_observer_metrics(serve_observer *o, const serve_gauges *gauges, beluga__buf *out);
/* Write the data of the page as members of the current JSON object. */
void serve_observer_state(serve_observer *o, const serve_gauges *gauges, beluga_json_writer *w);

#endif
