#include "batch_scene.h"

#include <beluga/registry.h>

#include <stdio.h>

beluga_chat_model *open_acme_n(beluga_client *client, const char *url, const beluga_option *opts,
                               size_t n)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_registry *registry = beluga_client_registry(client);
    /* If acme is registered already, this does nothing. */
    beluga_registry_register(registry, acme_provider(), NULL);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_max_retries(2),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(beluga_config_set_n(config, opts, n), 0);
    if (beluga_registry_open(registry, "acme", config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

int set_acme(void **state)
{
    int status = set_scene(state);
    scene *s = *state;
    if (status) return status;
    open_acme(s, BELUGA_OPTIONS_END);
    return 0;
}

beluga_batch_requests *make_requests(scene *s, size_t n)
{
    beluga_batch_requests *requests;
    assert_int_equal(beluga_batch_requests_new(s->model, &requests, &s->err), 0);
    for (size_t i = 0; i < n; i++) {
        char id[32];
        snprintf(id, sizeof id, "r-%zu", i);
        assert_int_equal(
            beluga_batch_requests_add(requests, NULL, id, beluga_input_text("Hi"), &s->err), 0);
    }
    return requests;
}

int note_result(void *payload, const char *id, beluga_batch_result *result)
{
    results *r = payload;
    size_t at = strlen(r->line);
    if (result->response)
        snprintf(r->line + at, sizeof r->line - at, "%s=[%s] ", id,
                 beluga_response_text(result->response, NULL));
    else
        snprintf(r->line + at, sizeof r->line - at, "%s=!%s%s%s ", id,
                 beluga_error_name(result->error.code), *result->error.provider_code ? "/" : "",
                 result->error.provider_code);
    return ++r->n == r->stop_at;
}

void expect_results(scene *s, int status, const char *line)
{
    results r = {.n = 0};
    int got = beluga_batch_job_results(s->model, s->ctx, "j", note_result, &r, &s->err);
    if (got != status)
        fail_msg("%s, %s: %s", beluga_error_name(got), got ? s->err.message : "", r.line);
    assert_string_equal(r.line, line);
}

void script_file(peer *p, const char *lines)
{
    peer_reply *file = script(p, HEAD(200, NULL));
    peer_step_body(file, lines, strlen(lines));
}

void script_cut_file(peer *p, const char *lines)
{
    size_t n = strlen(lines);
    peer_reply *file = script(p, HEAD(200, NULL));
    peer_step_body_claiming(file, lines, n, 2 * n);
    script_more(file, CLOSES);
}

void script_results(peer *p, const char *lines)
{
    script(p, JSON(ENDED_JOB));
    script_file(p, lines);
}

int push_result(void *payload, const char *id, beluga_batch_result *result)
{
    return note_result(&((pushed *)payload)->results, id, result);
}

void push_end(void *payload, beluga_batch_job *jobs, size_t count, const beluga_error *error)
{
    pushed *p = payload;
    assert_false(p->ended);
    p->ended = true;
    p->status = error ? error->code : 0;
    p->count = count;
    if (count) snprintf(p->id, sizeof p->id, "%s", jobs[0].id);
    beluga_free(jobs);
}

void step_to(scene *s, const bool *ended)
{
    while (!*ended) poll_and_step(s->loop);
}
