/* A client whose telemetry is exported to a scripted peer. */
#ifndef TESTS_TELEMETRY_EXPORTING_H
#define TESTS_TELEMETRY_EXPORTING_H

#include "../support/calls.h"
#include "../support/scoped.h"
#include "in_child.h"
#include "otlp.pb-c.h"
#include "telemetry/series.h"
#include "telemetry/settings.h"

#include <beluga/provider/provider.h>
#include <beluga/providers/mock.h>

#include <stdio.h>

enum { THREADS = 8, CALLS = 40, MAX_VARIABLES = 24, SPANS_A_CALL = 2 };

/* ---- a client that exports to the peer ------------------------------------------------------- */

typedef struct scene {
    peer *peer;
    beluga_client *client;
    beluga_telemetry *telemetry;
    beluga_chat_model *mock;
    char endpoint[96];
} scene;

static int set_up(void **state)
{
    scene *s = calloc(1, sizeof *s);
    if (!s || !(s->peer = peer_start())) return -1;
    *state = s;
    return 0;
}

static void close_client(scene *s)
{
    beluga_chat_model_unref(s->mock);
    beluga_telemetry_shutdown(s->telemetry, 0);
    beluga_telemetry_unref(s->telemetry);
    beluga_client_unref(s->client);
    s->mock = NULL;
    s->telemetry = NULL;
    s->client = NULL;
}

static int tear_down(void **state)
{
    scene *s = *state;
    close_client(s);
    peer_stop(s->peer);
    free(s);
    return 0;
}

static beluga_chat_model *mock_of(beluga_client *client)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_config *config = beluga_config_new(beluga_with_model_name("any"));
    if (beluga_registry_open(beluga_client_registry(client), "mock", config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

/* Open a client that exports traces without delay, and no metrics, unless the variables `more` say
 * otherwise. Its timeouts are as long as those of the tests, since an answer may take longer than
 * the usual ten seconds on a busy machine. */
static void open_client(scene *s, const char *const *more)
{
    const char *variables[MAX_VARIABLES] = {
        s->endpoint, "OTEL_BSP_SCHEDULE_DELAY=10", "OTEL_METRICS_EXPORTER=none",
        "OTEL_EXPORTER_OTLP_TIMEOUT=60000", "OTEL_BSP_EXPORT_TIMEOUT=60000"};
    const beluga_client_settings client = {.size = sizeof client};
    beluga_telemetry_settings settings = {.size = sizeof settings, .without_environment = true};
    beluga_error err = {0};
    size_t n = 0;
    snprintf(s->endpoint, sizeof s->endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=%s",
             peer_url(s->peer));
    /* If a variable occurs more than once, the first one is used. */
    const char *all[MAX_VARIABLES];
    for (; more && *more; more++) all[n++] = *more;
    for (size_t i = 0; variables[i]; i++) all[n++] = variables[i];
    all[n] = NULL;
    settings.variables = all;
    assert_int_equal(beluga_client_new(&client, &s->client), 0);
    if (beluga_telemetry_init(s->client, &settings, &s->telemetry, &err))
        fail_msg("%s", err.message);
    assert_non_null(s->telemetry);
    s->mock = mock_of(s->client);
}

static void invoke(beluga_chat_model *model)
{
    SCOPED(beluga_response) *response = NULL;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL), 0);
}

static void reply(scene *s, int status, const char *headers, int times)
{
    peer_reply *r = peer_reply_new(s->peer);
    peer_reply_repeat(r, times);
    peer_step_status(r, status, headers);
    peer_step_body(r, "", 0);
}

/* Parse the spans in the body of request `i`. */
static Otlp__TraceRequest *request_at(scene *s, size_t i)
{
    size_t n;
    const char *body = peer_request_body(s->peer, i, &n);
    assert_non_null(body);
    Otlp__TraceRequest *request = otlp__trace_request__unpack(NULL, n, (const uint8_t *)body);
    assert_non_null(request);
    return request;
}

static size_t spans_from(scene *s, size_t first)
{
    size_t spans = 0;
    for (size_t i = first; i < peer_requests(s->peer); i++) {
        Otlp__TraceRequest *request = request_at(s, i);
        spans += request->resource_spans[0]->scope_spans[0]->n_spans;
        otlp__trace_request__free_unpacked(request, NULL);
    }
    return spans;
}

/* ---- settings -------------------------------------------------------------------------------- */

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
