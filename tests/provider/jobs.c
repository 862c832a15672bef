#include "jobs.h"

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

void jobs_sent(jobs *j, size_t i, const char *method, const char *path)
{
    assert_string_equal(peer_request_path(j->peer, i), path);
    assert_string_equal(peer_request_method(j->peer, i), method);
}

int jobs_begin(void **state)
{
    return jobs_begin_with(state, NULL);
}

int jobs_begin_with(void **state, const beluga_client_settings *config)
{
    jobs *j = calloc(1, sizeof *j);
    if (!j || beluga_client_new(config, &j->client)) return -1;
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
