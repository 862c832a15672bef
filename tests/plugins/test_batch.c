/* The batch API of a plug-in. It must work like a built-in one. Events that its functions emit when
 * it is not their turn must not be delivered. */
#include "../batch_jobs/batch_scene.h"
#include "loading.h"

#define GOOD(id, text) "{\"id\":\"" id "\",\"body\":{\"a\":\"" text "\"}}\n"

typedef struct plugged {
    loading *loading;
    scene scene;
} plugged;

static int set_up(void **state)
{
    static plugged p;
    int status = set_up_loading(state);
    p = (plugged){.loading = *state};
    if (status) return status;
    p.scene.peer = peer_start();
    assert_loads(p.loading, test_plugin(p.loading, "batch"));
    *state = &p;
    return p.scene.peer ? 0 : -1;
}

static int tear_down(void **state)
{
    plugged *p = *state;
    let_go(&p->scene);
    peer_stop(p->scene.peer);
    *state = p->loading;
    return tear_down_loading(state);
}

#define PLUGGED_IN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static scene *open_provider(void **state, const char *provider)
{
    plugged *p = *state;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(beluga_with_base_url(peer_url(p->scene.peer)));
    if (beluga_registry_open(p->loading->registry, provider, config, &model, &p->loading->err))
        fail_msg("open: %s", p->loading->err.message);
    beluga_config_free(config);
    use_model(&p->scene, model);
    return &p->scene;
}

static void a_batch_api_of_a_plugin_is_one_of_the_library(void **state)
{
    scene *s = open_provider(state, "acme");
    beluga_batch_requests *requests = make_requests(s, 2);
    beluga_batch_job *job;
    script(s->peer, JSON("{\"file\":\"f\"}"));
    script(s->peer, JSON("{\"id\":\"j\",\"state\":1}"));
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, "n", &job, &s->err), 0);
    assert_string_equal(job->id, "j");
    beluga_free(job);
    beluga_batch_requests_free(requests);
    script_results(s->peer, GOOD("a", "1") "{\"id\":\"b\"}\n");
    expect_results(s, 0, "a=[1] b=!timeout/expired ");
}

static void a_result_from_another_thread_ends_the_call(void **state)
{
    scene *s = open_provider(state, "stray-thread");
    script_results(s->peer, GOOD("a", "1"));
    /* This result was emitted when it was the provider's turn. */
    expect_results(s, BELUGA_ERROR_INVALID_RESPONSE, "a=[1] ");
    assert_contains(s->err.message, "on another thread");
}

static void an_answer_hears_nothing_of_the_next(void **state)
{
    scene *s = open_provider(state, "stray-late");
    script_results(s->peer, GOOD("a", "1") GOOD("b", "2"));
    expect_results(s, 0, "inner=!invalid_response a=[1] inner=!invalid_response b=[2] ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLUGGED_IN(a_batch_api_of_a_plugin_is_one_of_the_library),
        PLUGGED_IN(a_result_from_another_thread_ends_the_call),
        PLUGGED_IN(an_answer_hears_nothing_of_the_next),
    };
    return cmocka_run_group_tests_name("plug-ins with a batch API", tests, NULL, NULL);
}
