/* What is told of requests: numbers (/metrics), a line each (the journal), and the last hour (the
 * page). */
#ifndef BELUGA_CLI_SERVE_OBSERVE_H
#define BELUGA_CLI_SERVE_OBSERVE_H

#include "serve/access.h"
#include "serve/serve.h"
#include "serve/settings.h"

#include <beluga/provider/json.h>

typedef struct serve_observer serve_observer;

int serve_observer_new(const serve_settings *settings, serve_observer **out, beluga_error *err);
/* Take other settings; also opens the journal anew, as logrotate wants. */
int serve_observer_renew(serve_observer *o, const serve_settings *settings, beluga_error *err);
void serve_observer_free(serve_observer *o);

/* A request is over. Those that ask no model have no protocol. */
void serve_observe(serve_observer *o, const serve_record *record);
/* A connection was refused by HTTP itself. */
void serve_observe_refused(serve_observer *o, int status, const char *why);
/* Texts of a request and its answer, with capture on; the record follows. */
void serve_observe_texts(serve_observer *o, const char *request, size_t request_length,
                         const char *answer, size_t answer_length);

/* Numbers that others have, asked for when they are written. */
typedef struct serve_gauges {
    size_t connections, requests; /* that ask a model now */
    bool draining;
    bool keys_failing; /* those that are shared can't be read */
    int64_t reloads, failed_reloads;
    const serve_access *access;
} serve_gauges;

/* Write /metrics, in Prometheus's text format. */
int serve_observer_metrics(serve_observer *o, const serve_gauges *gauges, beluga__buf *out);
/* Write what the page draws as members of the object that is open. */
void serve_observer_state(serve_observer *o, const serve_gauges *gauges, beluga_json_writer *w);

#endif
