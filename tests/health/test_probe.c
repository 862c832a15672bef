/* Lists of models, and health probes with real calls, over a network. */
#include "../support/scene.h"

#include <stdio.h>
#include <unistd.h>

static void models(peer *p, int status, const char *body)
{
    peer_reply *reply = peer_reply_new(p);
    peer_reply_match(reply, "/models");
    peer_step_json(reply, status, body);
}

static void a_list_of_models_is_sorted_and_one_block(scene *s)
{
    char **names;
    size_t n;
    models(s->peer, 200,
           "{\"object\":\"list\",\"data\":[{\"id\":\"zebra\"},{\"id\":\"ape\"},{\"id\":"
           "\"gr\xc3\xbc\xc3\x9f\"}]}");
    if (beluga_list_models(s->model, NULL, &names, &n, &s->err)) fail_msg("%s", s->err.message);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "ape");
    assert_string_equal(names[1], "gr\xc3\xbc\xc3\x9f");
    assert_string_equal(names[2], "zebra");
    assert_null(names[3]);
    beluga_free(names);
    assert_string_equal(peer_request_method(s->peer, 0), "GET");
    assert_string_equal(peer_request_path(s->peer, 0), "/v1/models");
    assert_string_equal(peer_request_header(s->peer, 0, "Authorization"), "Bearer sk-test");
}

/* The lists have the forms of OpenRouter, Groq, vLLM, Mistral, Together and llama.cpp's server. */
static void facts_of_models_are_read_from_their_list(scene *s)
{
    beluga_model_info *infos;
    size_t n;
    models(s->peer, 200,
           "{\"data\":[{\"id\":\"a\",\"created\":1700000000,\"context_length\":128000,"
           "\"pricing\":{\"prompt\":\"0.0000025\",\"completion\":\"0.00001\"},"
           "\"top_provider\":{\"max_completion_tokens\":16384},\"architecture\":"
           "{\"input_modalities\":[\"text\",\"image\"],\"output_modalities\":[\"text\"]}},"
           "{\"id\":\"b\",\"context_window\":131072,\"max_completion_tokens\":8192},"
           "{\"id\":\"c\",\"max_model_len\":40960,\"pricing\":{\"prompt\":\"-1\"}},"
           "{\"id\":\"d\",\"max_context_length\":32768},"
           "{\"id\":\"e\",\"pricing\":{\"input\":0.18,\"output\":0.59}},"
           "{\"id\":\"f\",\"meta\":{\"n_ctx\":2048}},{\"id\":\"g\"}]}");
    assert_int_equal(beluga_list_model_infos(s->model, NULL, &infos, &n, &s->err), 0);
    assert_int_equal(n, 7);
    assert_string_equal(infos[0].name, "a");
    assert_int_equal(infos[0].context_tokens, 128000);
    assert_int_equal(infos[0].max_output_tokens, 16384);
    assert_true(infos[0].input_price > 2.49 && infos[0].input_price < 2.51);
    assert_true(infos[0].output_price > 9.99 && infos[0].output_price < 10.01);
    assert_int_equal(infos[0].created, 1700000000);
    assert_int_equal(infos[0].inputs, BELUGA_MODALITY_TEXT | BELUGA_MODALITY_IMAGE);
    assert_int_equal(infos[0].outputs, BELUGA_MODALITY_TEXT);
    assert_int_equal(infos[1].context_tokens, 131072);
    assert_int_equal(infos[1].max_output_tokens, 8192);
    assert_int_equal(infos[2].context_tokens, 40960);
    assert_true(infos[2].input_price == -1 && infos[2].output_price == -1);
    assert_int_equal(infos[3].context_tokens, 32768);
    assert_true(infos[4].input_price == 0.18 && infos[4].output_price == 0.59);
    assert_int_equal(infos[5].context_tokens, 2048);
    assert_int_equal(infos[6].context_tokens, -1);
    assert_int_equal(infos[6].created, 0);
    beluga_free(infos);
}

static void an_empty_list_is_a_list(scene *s)
{
    char **names;
    size_t n = 7;
    models(s->peer, 200, "{\"object\":\"list\",\"data\":[]}");
    assert_int_equal(beluga_list_models(s->model, NULL, &names, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_null(names[0]);
    beluga_free(names);
}

static void a_list_that_fails_gives_nothing_but_its_error(scene *s)
{
    static const struct {
        int status, code;
        const char *body;
    } cases[] = {
        {401, BELUGA_ERROR_AUTHENTICATION, "{\"error\":{\"message\":\"bad key\"}}"},
        {404, BELUGA_ERROR_NOT_FOUND, "{}"},
        {200, BELUGA_ERROR_MALFORMED_RESPONSE, "{\"data\":["},
        {200, BELUGA_ERROR_INVALID_RESPONSE, "{\"other\":1}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char **names = (char **)s; /* not NULL, so that the test sees whether the call sets it */
        size_t n = 7;
        beluga_error err = {0};
        models(s->peer, cases[i].status, cases[i].body);
        assert_int_equal(beluga_list_models(s->model, NULL, &names, &n, &err), cases[i].code);
        assert_null(names);
        assert_int_equal(n, 0);
        assert_string_equal(err.operation, "models");
        assert_string_equal(err.provider, "openai");
    }
}

static void a_list_is_tried_again_and_can_be_cancelled(scene *s)
{
    char **names;
    size_t n;
    open_with(s, beluga_with_max_retries(1));
    models(s->peer, 503, "{}");
    models(s->peer, 200, "{\"data\":[{\"id\":\"ape\"}]}");
    assert_int_equal(beluga_list_models(s->model, NULL, &names, &n, NULL), 0);
    assert_int_equal(n, 1);
    beluga_free(names);
    expect_requests(s, 2);
    s->ctx = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(s->ctx);
    assert_int_equal(beluga_list_models(s->model, s->ctx, &names, &n, NULL),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    expect_requests(s, 2);
}

static void a_provider_without_a_list_says_so(scene *s)
{
    char **names;
    size_t n;
    use_model(s, open_mock_n(NULL, 0));
    assert_int_equal(beluga_list_models(s->model, NULL, &names, &n, NULL),
                     BELUGA_ERROR_NOT_SUPPORTED);
    assert_null(names);
}

static void a_probe_over_the_network_asks_for_the_models_and_spends_no_token(scene *s)
{
    beluga_health health;
    assert_int_equal(beluga_check_health(s->model, NULL, false, &health, NULL), 0);
    assert_string_equal(health.state, "unknown");
    assert_int_equal(health.latency_ms, -1);
    expect_requests(s, 0);
    models(s->peer, 200, "{\"data\":[{\"id\":\"peer-chat\"}]}");
    assert_int_equal(beluga_check_health(s->model, NULL, true, &health, NULL), 0);
    assert_string_equal(health.state, "healthy");
    assert_true(health.probed && health.api_key_set && health.latency_ms >= 0);
    expect_requests(s, 1);
    assert_string_equal(peer_request_method(s->peer, 0), "GET");
}

static void a_model_that_the_list_lacks_is_asked_itself(scene *s)
{
    beluga_health health;
    models(s->peer, 200, "{\"data\":[{\"id\":\"ape\"}]}");
    script(s->peer, ANSWERS("pong")); /* the list lacks an alias, so the probe makes a call */
    assert_int_equal(beluga_check_health(s->model, NULL, true, &health, NULL), 0);
    assert_string_equal(health.state, "healthy");
    expect_requests(s, 2);
    assert_string_equal(peer_request_method(s->peer, 1), "POST");
    models(s->peer, 200, "{\"data\":[{\"id\":\"ape\"}]}");
    peer_openai_error(peer_reply_new(s->peer), 404, NULL, "model_not_found", "no such model");
    assert_int_equal(beluga_check_health(s->model, NULL, true, &health, &s->err),
                     BELUGA_ERROR_INVALID_MODEL);
    assert_string_equal(health.state, "unhealthy");
    assert_string_equal(s->err.operation, "check_health");
}

static void a_probe_that_fails_tells_state_and_error(scene *s)
{
    beluga_health health;
    models(s->peer, 401, "{\"error\":{\"message\":\"bad key\"}}");
    assert_int_equal(beluga_check_health(s->model, NULL, true, &health, &s->err),
                     BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(health.state, "unhealthy");
    assert_int_equal(health.status, BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(s->err.operation, "check_health");
    assert_int_equal(s->err.http_status, 401);
}

/* --- without a probe -------------------------------------------------------------------------- */

static void assert_state(beluga_chat_model *model, const char *state, int status, bool key_set)
{
    beluga_health health;
    beluga_error err = {0};
    assert_int_equal(beluga_check_health(model, NULL, false, &health, &err), status);
    assert_string_equal(health.state, state);
    assert_int_equal(health.status, status);
    assert_int_equal(health.api_key_set, key_set);
    assert_false(health.probed);
    assert_int_equal(err.code, status);
    if (status) assert_string_equal(err.provider, "openai");
}

static void without_a_probe_a_model_with_a_key_is_unknown_and_nothing_is_sent(scene *s)
{
    assert_state(s->model, "unknown", 0, true);
    expect_requests(s, 0);
}

static void without_a_probe_a_model_whose_keys_file_is_gone_is_unhealthy(scene *s)
{
    char key[] = "file:/tmp/beluga-health-XXXXXX";
    char *path = key + strlen("file:");
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "k\n", 2), 2);
    close(fd);
    open_with(s, beluga_with_api_key(key));
    assert_state(s->model, "unknown", 0, true);
    unlink(path);
    assert_state(s->model, "unhealthy", BELUGA_ERROR_AUTHENTICATION, false);
}

static void without_a_probe_a_model_is_unhealthy_while_its_command_gives_no_key(scene *s)
{
    char command[128], path[] = "/tmp/beluga-health-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    snprintf(command, sizeof command, "command:cat %s", path);
    open_with(s, beluga_with_api_key(command));
    assert_state(s->model, "unknown", 0, true); /* a health check does not run the key's command */
    expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
    assert_state(s->model, "unhealthy", BELUGA_ERROR_AUTHENTICATION, false);
    FILE *file = fopen(path, "w");
    fputs("key\n", file);
    fclose(file);
    script(s->peer, ANSWERS("Hello"));
    expect_text(s, "Hello");
    assert_state(s->model, "unknown", 0, true);
    unlink(path);
}

static void a_model_without_the_key_that_it_needs_is_not_opened(void **state)
{
    (void)state;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(beluga_with_model_name("any"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "openai", config, &model, NULL),
        BELUGA_ERROR_AUTHENTICATION);
    assert_null(model);
    beluga_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_list_of_models_is_sorted_and_one_block),
        SCENE(facts_of_models_are_read_from_their_list),
        SCENE(an_empty_list_is_a_list),
        SCENE(a_list_that_fails_gives_nothing_but_its_error),
        SCENE(a_list_is_tried_again_and_can_be_cancelled),
        SCENE(a_provider_without_a_list_says_so),
        SCENE(a_probe_over_the_network_asks_for_the_models_and_spends_no_token),
        SCENE(a_model_that_the_list_lacks_is_asked_itself),
        SCENE(a_probe_that_fails_tells_state_and_error),
        SCENE(without_a_probe_a_model_with_a_key_is_unknown_and_nothing_is_sent),
        SCENE(without_a_probe_a_model_whose_keys_file_is_gone_is_unhealthy),
        SCENE(without_a_probe_a_model_is_unhealthy_while_its_command_gives_no_key),
        cmocka_unit_test(a_model_without_the_key_that_it_needs_is_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
