#include "serve/observe.h"

#include <stdlib.h>

struct serve_observer {
    int64_t in_flight, requests;
};

int serve_observer_new(const serve_settings *settings, serve_observer **out, beluga_error *err)
{
    (void)settings;
    *out = calloc(1, sizeof **out);
    return *out ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the metrics");
}

int serve_observer_renew(serve_observer *o, const serve_settings *settings, beluga_error *err)
{
    (void)o;
    (void)settings;
    (void)err;
    return 0;
}

void serve_observer_free(serve_observer *o)
{
    free(o);
}

void serve_observe_begin(serve_observer *o)
{
    o->in_flight++;
}

void serve_observe(serve_observer *o, const serve_record *record)
{
    (void)record;
    o->in_flight--;
    o->requests++;
}

void serve_observe_refused(serve_observer *o, int status, const char *why)
{
    (void)o;
    (void)status;
    (void)why;
}

void serve_observe_texts(serve_observer *o, const char *request, size_t request_length,
                         const char *answer, size_t answer_length)
{
    (void)o;
    (void)request;
    (void)request_length;
    (void)answer;
    (void)answer_length;
}

int serve_observer_metrics(serve_observer *o, const serve_gauges *gauges, beluga__buf *out)
{
    (void)gauges;
    return beluga__buf_printf(out,
                              "# TYPE beluga_requests_in_flight gauge\n"
                              "beluga_requests_in_flight %lld\n",
                              (long long)o->in_flight);
}

void serve_observer_state(serve_observer *o, const serve_gauges *gauges, beluga_json_writer *w)
{
    (void)gauges;
    beluga_json_put_int(w, "in_flight", o->in_flight);
}
