#include "jobs.h"

#include <stdio.h>

/* ---- the provider ---------------------------------------------------------------------------- */

static int open_model(const beluga_config *config, void **self, beluga_error *err)
{
    static char name[] = "the-self";
    (void)config;
    (void)err;
    *self = name;
    return 0;
}

static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_http_request_set_path(request, "/jobs");
    beluga_http_request_set_header(request, "X-Self", beluga_call_self(call));
    beluga_json_put_null(beluga_http_request_json(request), NULL);
    return 0;
}

static int decode(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    (void)body;
    assert_int_equal(length, 0);
    assert_int_equal(beluga_http_response_status(beluga_emit_response(emit)), 202);
    const char *says = beluga_http_response_header(beluga_emit_response(emit), "x-says");
    int code = beluga_emit_text(emit, says, strlen(says));
    return code ? code : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    (void)state;
    (void)frame;
    return beluga_emit_failure(emit, BELUGA_ERROR_INTERNAL, NULL, "no frame is expected");
}

static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    char code[64];
    const char *reason = beluga_http_response_header(response, "x-reason");
    int n = snprintf(code, sizeof code, "%s of %s", reason ? reason : "nothing",
                     (const char *)beluga_call_self(call));
    beluga_error_set_provider_code(err, code, (size_t)n);
}

const beluga_provider jobs_provider = {
    BELUGA_PROVIDER_INIT("jobs"), .default_model = "job-1",  .open = open_model,
    .encode_request = encode,     .decode_response = decode, .decode_event = decode_event,
    .decode_error = decode_error,
};

/* ---- the scene ------------------------------------------------------------------------------- */

void jobs_open_n(jobs *j, const beluga_option *opts, size_t n)
{
    beluga_error err = {0};
    beluga_chat_model_unref(j->model);
    j->model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(j->peer)), beluga_with_max_retries(0),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(beluga_config_set_n(config, opts, n), 0);
    if (beluga_registry_open(beluga_client_registry(j->client), "jobs", config, &j->model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
}

int jobs_begin(void **state)
{
    jobs *j = calloc(1, sizeof *j);
    if (!j || beluga_client_new(NULL, &j->client)) return -1;
    if (beluga_registry_register(beluga_client_registry(j->client), &jobs_provider, NULL))
        return -1;
    j->peer = peer_start();
    if (!j->peer) return -1;
    jobs_open(j, beluga_with_api_key("the-key"));
    *state = j;
    return 0;
}

int jobs_end(void **state)
{
    jobs *j = *state;
    beluga_chat_model_unref(j->model);
    beluga_client_unref(j->client);
    peer_stop(j->peer);
    free(j);
    return 0;
}
