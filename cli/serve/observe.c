#include "serve/observe.h"

#include "base/clock.h"
#include "output.h"
#include "serve/journal.h"
#include "serve/metrics.h"
#include "serve/recent.h"

#include <stdlib.h>
#include <string.h>

struct serve_observer {
    serve_metrics *metrics;
    serve_recent *recent;
    serve_journal *journal;
    bool capture;
    int64_t started_ms;
};

int serve_observer_new(const serve_settings *settings, serve_observer **out, beluga_error *err)
{
    *out = NULL;
    serve_observer *o = calloc(1, sizeof *o);
    if (!o) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the metrics");
    o->started_ms = beluga__wall_ms();
    o->metrics = serve_metrics_new();
    o->recent = serve_recent_new();
    int status = o->metrics && o->recent ? serve_journal_new(&o->journal, err)
                                         : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY,
                                                            "out of memory for the metrics");
    if (!status) status = serve_observer_renew(o, settings, err);
    if (status)
        serve_observer_free(o);
    else
        *out = o;
    return status;
}

int serve_observer_renew(serve_observer *o, const serve_settings *settings, beluga_error *err)
{
    int status = serve_journal_open(o->journal, settings->journal, err);
    if (!status) o->capture = settings->capture;
    return status;
}

void serve_observer_free(serve_observer *o)
{
    if (!o) return;
    serve_journal_free(o->journal);
    serve_metrics_free(o->metrics);
    serve_recent_free(o->recent);
    free(o);
}

void serve_observe(serve_observer *o, const serve_record *record)
{
    serve_metrics_take(o->metrics, record);
    serve_recent_take(o->recent, record);
    serve_journal_take(o->journal, record);
    int failure = serve_journal_trouble(o->journal);
    if (failure)
        out_warning("the journal can't be written, so new lines are dropped for now: %s",
                    strerror(failure));
}

void serve_observe_refused(serve_observer *o, int status, const char *why)
{
    serve_record record = {.time_ms = beluga__wall_ms(),
                           .first_ns = -1,
                           .peer = "",
                           .method = "",
                           .path = "",
                           .protocol = "",
                           .key = "",
                           .asked = "",
                           .status = status,
                           .message = why,
                           .usage = BELUGA_USAGE_INIT,
                           .cost = -1};
    serve_metrics_refused(o->metrics);
    serve_journal_take(o->journal, &record);
}

void serve_observe_texts(serve_observer *o, const char *request, size_t request_length,
                         const char *answer, size_t answer_length)
{
    if (o->capture) serve_journal_texts(o->journal, request, request_length, answer, answer_length);
}

int serve_observer_metrics(serve_observer *o, const serve_gauges *gauges, beluga__buf *out)
{
    return serve_metrics_write(o->metrics, gauges, serve_journal_dropped(o->journal), out);
}

void serve_observer_state(serve_observer *o, const serve_gauges *gauges, beluga_json_writer *w)
{
    beluga_json_put_int(w, "started_ms", o->started_ms);
    beluga_json_put_bool(w, "draining", gauges->draining);
    beluga_json_put_int(w, "connections", (int64_t)gauges->connections);
    beluga_json_put_int(w, "requests_now", (int64_t)gauges->requests);
    beluga_json_put_int(w, "reloads", gauges->reloads);
    beluga_json_put_int(w, "failed_reloads", gauges->failed_reloads);
    serve_recent_put(o->recent, beluga__wall_ms(), w);
}
