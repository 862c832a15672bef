/* Lists of models, and live probes, over a network. */
#include "../support/calls.h"

#include <stdio.h>
#include <unistd.h>

static void models(peer *p, int status, const char *body)
{
    peer_reply *reply = peer_reply_new(p);
    peer_reply_match(reply, "/models");
    peer_step_json(reply, status, body);
}

static void a_list_of_models_is_sorted_and_one_block(void **state)
{
    peer *p = *state;
    char **names;
    size_t n;
    beluga_error err = {0};
    beluga_chat_model *model = open_peer(p);
    models(p, 200,
           "{\"object\":\"list\",\"data\":[{\"id\":\"zebra\"},{\"id\":\"ape\"},{\"id\":"
           "\"gr\xc3\xbc\xc3\x9f\"}]}");
    if (beluga_list_models(model, NULL, &names, &n, &err)) fail_msg("%s", err.message);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "ape");
    assert_string_equal(names[1], "gr\xc3\xbc\xc3\x9f");
    assert_string_equal(names[2], "zebra");
    assert_null(names[3]);
    beluga_free(names);
    assert_string_equal(peer_request_method(p, 0), "GET");
    assert_string_equal(peer_request_path(p, 0), "/v1/models");
    assert_string_equal(peer_request_header(p, 0, "Authorization"), "Bearer sk-test");
    beluga_chat_model_unref(model);
}

static void an_empty_list_is_a_list(void **state)
{
    peer *p = *state;
    char **names;
    size_t n = 7;
    beluga_chat_model *model = open_peer(p);
    models(p, 200, "{\"object\":\"list\",\"data\":[]}");
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_null(names[0]);
    beluga_free(names);
    beluga_chat_model_unref(model);
}

static void a_list_that_fails_gives_nothing_but_its_error(void **state)
{
    peer *p = *state;
    static const struct {
        int status, code;
        const char *body;
    } cases[] = {
        {401, BELUGA_ERROR_AUTHENTICATION, "{\"error\":{\"message\":\"bad key\"}}"},
        {404, BELUGA_ERROR_NOT_FOUND, "{}"},
        {200, BELUGA_ERROR_MALFORMED_RESPONSE, "{\"data\":["},
        {200, BELUGA_ERROR_INVALID_RESPONSE, "{\"other\":1}"},
    };
    beluga_chat_model *model = open_peer(p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char **names = (char **)state; /* not NULL: it has to be set */
        size_t n = 7;
        beluga_error err = {0};
        models(p, cases[i].status, cases[i].body);
        assert_int_equal(beluga_list_models(model, NULL, &names, &n, &err), cases[i].code);
        assert_null(names);
        assert_int_equal(n, 0);
        assert_string_equal(err.operation, "models");
        assert_string_equal(err.provider, "openai");
    }
    beluga_chat_model_unref(model);
}

static void a_list_is_tried_again_and_can_be_cancelled(void **state)
{
    peer *p = *state;
    char **names;
    size_t n;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(1));
    models(p, 503, "{}");
    models(p, 200, "{\"data\":[{\"id\":\"ape\"}]}");
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, NULL), 0);
    assert_int_equal(n, 1);
    beluga_free(names);
    assert_int_equal(peer_requests(p), 2);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(ctx);
    assert_int_equal(beluga_list_models(model, ctx, &names, &n, NULL),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(peer_requests(p), 2);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void a_provider_without_a_list_says_so(void **state)
{
    (void)state;
    char **names;
    size_t n;
    beluga_chat_model *model = open_mock_n(NULL, 0);
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, NULL), BELUGA_ERROR_NOT_SUPPORTED);
    assert_null(names);
    beluga_chat_model_unref(model);
}

static void a_probe_over_the_network_asks_for_the_models_and_spends_no_token(void **state)
{
    peer *p = *state;
    beluga_health health;
    beluga_chat_model *model = open_peer(p);
    assert_int_equal(beluga_check_health(model, NULL, false, &health, NULL), 0);
    assert_string_equal(health.state, "unknown");
    assert_int_equal(health.latency_ms, -1);
    assert_int_equal(peer_requests(p), 0);
    models(p, 200, "{\"data\":[{\"id\":\"peer-chat\"}]}");
    assert_int_equal(beluga_check_health(model, NULL, true, &health, NULL), 0);
    assert_string_equal(health.state, "healthy");
    assert_true(health.probed && health.api_key_set && health.latency_ms >= 0);
    assert_int_equal(peer_requests(p), 1);
    assert_string_equal(peer_request_method(p, 0), "GET");
    beluga_chat_model_unref(model);
}

static void a_model_that_the_list_lacks_is_asked_itself(void **state)
{
    peer *p = *state;
    beluga_health health;
    beluga_error err = {0};
    beluga_chat_model *model = open_peer(p);
    models(p, 200, "{\"data\":[{\"id\":\"ape\"}]}");
    peer_openai_answer(peer_reply_new(p), "pong"); /* it is an alias that no list has */
    assert_int_equal(beluga_check_health(model, NULL, true, &health, NULL), 0);
    assert_string_equal(health.state, "healthy");
    assert_int_equal(peer_requests(p), 2);
    assert_string_equal(peer_request_method(p, 1), "POST");
    models(p, 200, "{\"data\":[{\"id\":\"ape\"}]}");
    peer_openai_error(peer_reply_new(p), 404, NULL, "model_not_found", "no such model");
    assert_int_equal(beluga_check_health(model, NULL, true, &health, &err),
                     BELUGA_ERROR_INVALID_MODEL);
    assert_string_equal(health.state, "unhealthy");
    assert_string_equal(err.operation, "check_health");
    beluga_chat_model_unref(model);
}

static void a_probe_that_fails_tells_state_and_error(void **state)
{
    peer *p = *state;
    beluga_health health;
    beluga_error err = {0};
    beluga_chat_model *model = open_peer(p);
    models(p, 401, "{\"error\":{\"message\":\"bad key\"}}");
    assert_int_equal(beluga_check_health(model, NULL, true, &health, &err),
                     BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(health.state, "unhealthy");
    assert_int_equal(health.status, BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(err.operation, "check_health");
    assert_int_equal(err.http_status, 401);
    beluga_chat_model_unref(model);
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

static void without_a_probe_a_model_with_a_key_is_unknown_and_nothing_is_sent(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_peer(p);
    assert_state(model, "unknown", 0, true);
    assert_int_equal(peer_requests(p), 0);
    beluga_chat_model_unref(model);
}

static void without_a_probe_a_model_whose_keys_file_is_gone_is_unhealthy(void **state)
{
    peer *p = *state;
    char key[] = "file:/tmp/beluga-health-XXXXXX";
    char *path = key + strlen("file:");
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "k\n", 2), 2);
    close(fd);
    beluga_chat_model *model = open_peer_with(p, beluga_with_api_key(key));
    assert_state(model, "unknown", 0, true);
    unlink(path);
    assert_state(model, "unhealthy", BELUGA_ERROR_AUTHENTICATION, false);
    beluga_chat_model_unref(model);
}

static void without_a_probe_a_model_is_unhealthy_while_its_command_gives_no_key(void **state)
{
    peer *p = *state;
    char command[128], path[] = "/tmp/beluga-health-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    snprintf(command, sizeof command, "command:cat %s", path);
    beluga_chat_model *model = open_peer_with(p, beluga_with_api_key(command));
    assert_state(model, "unknown", 0, true); /* a command is not run to find out */
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_AUTHENTICATION);
    assert_state(model, "unhealthy", BELUGA_ERROR_AUTHENTICATION, false);
    FILE *file = fopen(path, "w");
    fputs("key\n", file);
    fclose(file);
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_state(model, "unknown", 0, true);
    unlink(path);
    beluga_chat_model_unref(model);
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
        ON_PEER(a_list_of_models_is_sorted_and_one_block),
        ON_PEER(an_empty_list_is_a_list),
        ON_PEER(a_list_that_fails_gives_nothing_but_its_error),
        ON_PEER(a_list_is_tried_again_and_can_be_cancelled),
        cmocka_unit_test(a_provider_without_a_list_says_so),
        ON_PEER(a_probe_over_the_network_asks_for_the_models_and_spends_no_token),
        ON_PEER(a_model_that_the_list_lacks_is_asked_itself),
        ON_PEER(a_probe_that_fails_tells_state_and_error),
        ON_PEER(without_a_probe_a_model_with_a_key_is_unknown_and_nothing_is_sent),
        ON_PEER(without_a_probe_a_model_whose_keys_file_is_gone_is_unhealthy),
        ON_PEER(without_a_probe_a_model_is_unhealthy_while_its_command_gives_no_key),
        cmocka_unit_test(a_model_without_the_key_that_it_needs_is_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
