/* A plug-in that was built with the headers of version 1 must work with the present library. */
#include "../batch_jobs/batch_scene.h"
#include "../support/parts.h"
#include "../support/scoped_peer.h"
#include "loading.h"

#include <beluga/embedding.h>

static beluga_chat_model *open_frozen(loading *l, const char *provider, const beluga_config *config)
{
    return open_plugged(l, test_plugin(l, "frozen_v1"), provider, config);
}

static void a_full_provider_of_version_1_streams(void **state)
{
    record r;
    SCOPED(beluga_chat_model) *model = open_frozen(*state, "frozen-full", NULL);
    assert_int_equal(stream_with(model, &r, beluga_with_temperature(0.5),
                                 beluga_with_provider_specific("frozen-full.mood", "good")),
                     0);
    assert_contains(r.story, "start(frozen 1)");
    assert_contains(r.story, "[2 f Hi 0.5 good] usage(3,4) finish(stop)");
}

static void a_tool_is_called_by_version_1(void **state)
{
    record r;
    SCOPED(beluga_tool) *tool = NULL;
    beluga_tool_definition definition = {.size = sizeof definition, .name = "look"};
    SCOPED(beluga_chat_model) *model = open_frozen(*state, "frozen-full", NULL), *bound = NULL;
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    assert_int_equal(stream_whole(bound, &r), 0);
    assert_contains(r.story, "begin(0 look)");
    assert_contains(r.story, "finish(tool_calls)");
}

static void a_model_of_version_1_checks_its_configuration(void **state)
{
    loading *l = *state;
    beluga_chat_model *model = NULL;
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_provider_specific("frozen-full.mood", "bad"));
    assert_loads(l, test_plugin(l, "frozen_v1"));
    assert_int_equal(beluga_registry_open(l->registry, "frozen-full", config, &model, &l->err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_string_equal(l->err.message, "no bad mood");
}

static beluga_chat_model *open_http(loading *l, const char *provider, peer *p)
{
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(peer_url(p)), beluga_with_api_key("ice"), beluga_with_max_retries(0));
    beluga_chat_model *model = open_frozen(l, provider, config);
    beluga_config_free(config);
    return model;
}

static void an_http_provider_of_version_1_streams(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_http(*state, "frozen-http", p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_sse(reply, "{\"text\":\"cold\"}");
    peer_step_sse(reply, "{}");
    peer_step_end(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_contains(r.story, "[cold] finish(stop)");
    assert_contains(peer_request_path(p, 0), "/v1/frozen?v=1");
    assert_string_equal(peer_request_header(p, 0, "x-frozen-key"), "ice");
    assert_string_equal(peer_request_body(p, 0, NULL), "{\"text\":\"Hi\",\"stream\":true}");
}

static void an_error_code_of_version_1_arrives(void **state)
{
    beluga_error err;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_http(*state, "frozen-http", p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 503, "X-Frozen-Code: too_warm\r\n");
    peer_step_body(reply, "", 0);
    assert_int_not_equal(generate(model, NULL, &err), 0);
    assert_int_equal(err.http_status, 503);
    assert_string_equal(err.provider_code, "too_warm");
}

/* ---- vectors, counts and batch jobs ---------------------------------------------------------- */

/* Set up a scene with a model of frozen-jobs; let_go frees the model. */
static void set_jobs(scene *s, loading *l, peer *p)
{
    *s = (scene){.peer = p, .model = open_http(l, "frozen-jobs", p)};
}

static void version_1_embeds(void **state)
{
    needs_part("embeddings");
    scene s;
    SCOPED(peer) *p = peer_start();
    beluga_embeddings *e = NULL;
    static const char *const three[] = {"a", "b", "c"};
    set_jobs(&s, *state, p);
    /* The provider embeds at most two texts in a call. The second vector is 3 and 4 in base64. */
    script(p, JSON("[[1,2],\"AABAQAAAgEA=\"]"));
    script(p, JSON("[[5,6]]"));
    assert_int_equal(beluga_embed(s.model, NULL, three, NULL, 3, &e, &s.err,
                                  beluga_with_max_concurrent_batches(1)),
                     0);
    static const float expected[] = {1, 2, 3, 4, 5, 6};
    assert_int_equal(beluga_embeddings_dimensions(e), 2);
    assert_memory_equal(beluga_embeddings_vector(e, 0), expected, sizeof expected);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 3);
    beluga_embeddings_free(e);
    let_go(&s);
    assert_string_equal(peer_request_path(p, 0), "/v1/embed");
    assert_string_equal(peer_request_header(p, 1, "x-frozen-key"), "ice");
    assert_string_equal(peer_request_body(p, 0, NULL), "[\"a\",\"b\"]");
    assert_string_equal(peer_request_body(p, 1, NULL), "[\"c\"]");
}

static void version_1_counts_tokens(void **state)
{
    needs_part("embeddings");
    scene s;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_messages) *said = beluga_messages_new();
    assert_int_equal(beluga_messages_add(said, beluga_human_message("Hi")), 0);
    beluga_token_count count;
    set_jobs(&s, *state, p);
    script(p, JSON("{\"tokens\":42}"));
    assert_int_equal(beluga_count_tokens(s.model, NULL, said, &count, &s.err), 0);
    assert_int_equal(count.tokens, 42);
    let_go(&s);
    assert_string_equal(peer_request_path(p, 0), "/v1/count");
}

static void version_1_creates_a_job(void **state)
{
    needs_part("batch_jobs");
    scene s;
    SCOPED(peer) *p = peer_start();
    beluga_batch_job *job = NULL;
    beluga_batch_limits limits = {.size = sizeof limits};
    set_jobs(&s, *state, p);
    assert_int_equal(beluga_batch_limits_get(s.model, &limits, &s.err), 0);
    assert_int_equal(limits.max_requests, 2);
    assert_true(limits.price_factor == 0.5);
    beluga_batch_requests *requests = make_requests(&s, 2);
    script(p, JSON("{\"id\":\"j\",\"name\":\"n\",\"state\":2,\"total\":2}"));
    assert_int_equal(beluga_batch_job_create(s.model, NULL, requests, "n", &job, &s.err), 0);
    assert_string_equal(job->id, "j");
    assert_int_equal(job->state, BELUGA_BATCH_STATE_RUNNING);
    assert_int_equal(job->total, 2);
    beluga_free(job);
    beluga_batch_requests_free(requests);
    let_go(&s);
    assert_string_equal(peer_request_path(p, 0), "/v1/jobs?name=n");
    assert_string_equal(
        peer_request_body(p, 0, NULL),
        "{\"id\":\"r-0\",\"path\":\"/whole\",\"model\":\"j\",\"body\":{\"text\":\"Hi\"}}\n"
        "{\"id\":\"r-1\",\"path\":\"/whole\",\"model\":\"j\",\"body\":{\"text\":\"Hi\"}}\n");
}

static void version_1_reads_results_of_two_files(void **state)
{
    needs_part("batch_jobs");
    scene s;
    SCOPED(peer) *p = peer_start();
    set_jobs(&s, *state, p);
    script(p, JSON("{\"id\":\"j\",\"state\":4,\"results\":\"/good\",\"errors\":\"/bad\"}"));
    script_file(p, "{\"id\":\"r-0\",\"body\":{\"text\":\"warm\"}}\n");
    script_file(p, "{\"id\":\"r-1\"}\n");
    expect_results(&s, 0, "r-0=[warm] r-1=!timeout/expired ");
    let_go(&s);
    assert_string_equal(peer_request_path(p, 1), "/v1/good");
    assert_string_equal(peer_request_path(p, 2), "/v1/bad");
}

static void version_1_lists_cancels_and_deletes_jobs(void **state)
{
    needs_part("batch_jobs");
    scene s;
    size_t n;
    SCOPED(peer) *p = peer_start();
    beluga_batch_job *jobs = NULL;
    set_jobs(&s, *state, p);
    script(p, JSON("{\"jobs\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"after\":\"b\"}"));
    script(p, JSON("{\"jobs\":[{\"id\":\"c d\",\"state\":1}]}"));
    assert_int_equal(beluga_batch_job_list(s.model, NULL, 0, &jobs, &n, &s.err), 0);
    assert_int_equal(n, 3);
    assert_string_equal(jobs[2].id, "c d");
    script(p, JSON("{\"id\":\"c d\",\"state\":3}"));
    script(p, JSON("{}"));
    assert_int_equal(beluga_batch_job_cancel(s.model, NULL, "c d", NULL, &s.err), 0);
    assert_int_equal(beluga_batch_job_delete(s.model, NULL, "c d", &s.err), 0);
    beluga_free(jobs);
    let_go(&s);
    assert_string_equal(peer_request_path(p, 1), "/v1/jobs?after=b");
    assert_string_equal(peer_request_path(p, 2), "/v1/jobs/c%20d/cancel");
    assert_string_equal(peer_request_method(p, 3), "DELETE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADING(a_full_provider_of_version_1_streams),
        LOADING(a_tool_is_called_by_version_1),
        LOADING(a_model_of_version_1_checks_its_configuration),
        LOADING(an_http_provider_of_version_1_streams),
        LOADING(an_error_code_of_version_1_arrives),
        LOADING(version_1_embeds),
        LOADING(version_1_counts_tokens),
        LOADING(version_1_creates_a_job),
        LOADING(version_1_reads_results_of_two_files),
        LOADING(version_1_lists_cancels_and_deletes_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
