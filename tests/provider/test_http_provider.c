/* What the library does for an HTTP provider: lists with several pages, sources of keys, rate
 * limits. */
#include "../support/calls.h"
#include "../support/scoped.h"

#include <beluga/provider/provider.h>

#include <stdio.h>

/* ---- a provider whose list of models has several pages --------------------------------------- */

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)call;
    (void)err;
    beluga_http_request_set_path(request, "/answer");
    beluga_json_put_null(beluga_http_request_json(request), NULL);
    return 0;
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    int code = beluga_emit_text(emit, body, length);
    return code ? code : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int encode_list(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, "/models");
    if (beluga_call_page(call))
        beluga_http_request_add_query(request, "page", beluga_call_page(call));
    return 0;
}

/* {"models":["a","b"],"next":"token"} */
static int decode_list(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    size_t n;
    int code = beluga_emit_parse(emit, body, length, &root);
    const beluga_json *models = code ? NULL : beluga_json_get(root, "models");
    for (const beluga_json *v = beluga_json_first(models); v && !code;
         v = beluga_json_next(models, v)) {
        const char *name = beluga_json_string(v, &n);
        code = beluga_emit_model(emit, name, n);
    }
    const char *next = beluga_json_get_string(root, "next", NULL);
    return code || !next ? code : beluga_emit_next_page(emit, next);
}

static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    (void)now;
    (void)err;
    beluga_http_request_set_header(request, "X-Key", credential->key);
    beluga_http_request_set_header(request, "X-Variable", credential->variable);
    beluga_http_request_set_header(request, "X-Model", beluga_call_model(credential->call));
    return 0;
}

static const char *const key_variables[] = {"PAGES_API_KEY", "PAGES_TOKEN", NULL};

static const beluga_provider pages = {
    BELUGA_PROVIDER_INIT("pages"),      .default_model = "pages-1",
    .key_variables = key_variables,     .encode_request = encode_request,
    .decode_response = decode_response, .encode_list_models = encode_list,
    .decode_list_models = decode_list,  .authorize = authorize,
};

static beluga_client *client;

static int set_up(void **state)
{
    if (beluga_client_new(NULL, &client)) return -1;
    return beluga_registry_register(beluga_client_registry(client), &pages, NULL) ||
           start_peer(state);
}

static int tear_down(void **state)
{
    beluga_client_unref(client);
    return stop_peer(state);
}

static beluga_chat_model *open_pages(peer *p, beluga_option option)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_retry_delay_ms(100),
                          beluga_with_timeout_ms(PATIENCE_MS), option);
    if (beluga_registry_open(beluga_client_registry(client), "pages", config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static void say_status(peer *p, const char *path, int status, const char *json)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_match(r, path);
    peer_step_json(r, status, json);
}

static void say(peer *p, const char *path, const char *json)
{
    say_status(p, path, 200, json);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void an_empty_token_is_the_providers_mistake(void **state)
{
    peer *p = *state;
    char **names;
    size_t n;
    say(p, "/models", "{\"models\":[\"b\"],\"next\":\"\"}");
    SCOPED(beluga_chat_model) *model = open_pages(p, beluga_with_api_key("k"));
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, NULL), BELUGA_ERROR_INVALID_INPUT);
    assert_null(names);
}

static void names_of_all_pages_are_one_sorted_list(void **state)
{
    peer *p = *state;
    char **names;
    size_t n;
    say(p, "/models?page=2", "{\"models\":[\"c\",\"a\"],\"next\":\"3\"}");
    say(p, "/models?page=3", "{\"models\":[\"d\"]}");
    say(p, "/models", "{\"models\":[\"b\"],\"next\":\"2\"}");
    SCOPED(beluga_chat_model) *model = open_pages(p, beluga_with_api_key("k"));
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, NULL), 0);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) assert_int_equal(names[i][0], 'a' + (int)i);
    assert_int_equal(peer_requests(p), 3);
    beluga_free(names);
}

static void a_page_that_fails_is_tried_again_alone(void **state)
{
    peer *p = *state;
    char **names;
    size_t n;
    say_status(p, "page=2", 503, "{}");
    say(p, "page=2", "{\"models\":[\"b\"]}");
    say(p, "/models", "{\"models\":[\"a\"],\"next\":\"2\"}");
    SCOPED(beluga_chat_model) *model = open_pages(p, beluga_with_max_retries(1));
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_string_equal(names[1], "b");
    assert_int_equal(peer_requests(p), 3);
    beluga_free(names);
}

static void a_page_that_can_not_be_had_ends_the_list(void **state)
{
    peer *p = *state;
    beluga_error err;
    char **names;
    size_t n;
    say_status(p, "page=2", 404, "{}");
    say(p, "/models", "{\"models\":[\"a\"],\"next\":\"2\"}");
    SCOPED(beluga_chat_model) *model = open_pages(p, beluga_with_max_retries(1));
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, &err), BELUGA_ERROR_NOT_FOUND);
    assert_null(names);
    assert_int_equal(n, 0);
}

static void a_list_without_an_end_is_given_up(void **state)
{
    peer *p = *state;
    beluga_error err;
    char **names;
    size_t n;
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_step_json(r, 200, "{\"models\":[\"a\"],\"next\":\"again\"}");
    SCOPED(beluga_chat_model) *model = open_pages(p, beluga_with_max_retries(0));
    assert_int_equal(beluga_list_models(model, NULL, &names, &n, &err),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(err.message, "1000 pages"));
    assert_int_equal(peer_requests(p), 1000);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const char *variable_sent(peer *p, beluga_option option)
{
    size_t before = peer_requests(p);
    beluga_chat_model *model = open_pages(p, option);
    say(p, "/answer", "\"x\"");
    assert_int_equal(generate(model, "\"x\"", NULL), 0);
    assert_string_equal(peer_request_header(p, before, "x-key"), "k");
    assert_string_equal(peer_request_header(p, before, "x-model"), "pages-1");
    beluga_chat_model_unref(model);
    return peer_request_header(p, before, "x-variable");
}

static void a_provider_is_told_which_variable_a_key_is_from(void **state)
{
    peer *p = *state;
    assert_null(variable_sent(p, beluga_with_api_key("k")));
    setenv("PAGES_TOKEN", "k", 1);
    assert_string_equal(variable_sent(p, beluga_with_env()), "PAGES_TOKEN");
    setenv("PAGES_API_KEY", "k", 1);
    assert_string_equal(variable_sent(p, beluga_with_env()), "PAGES_API_KEY");
    assert_string_equal(variable_sent(p, beluga_with_api_key("env:PAGES_TOKEN")), "PAGES_TOKEN");
    unsetenv("PAGES_API_KEY");
    unsetenv("PAGES_TOKEN");
}

/* ---- rate limits ----------------------------------------------------------------------------- */

static void rate_limits_reach_the_caller_as_numbers(void **state)
{
    peer *p = *state;
    SCOPED(beluga_response) *response = NULL;
    SCOPED(char) *json = NULL;
    peer_reply *r = peer_reply_new(p);
    peer_step_status(
        r, 200,
        "Content-Type: application/json\r\nx-ratelimit-limit-requests: 60\r\n"
        "x-ratelimit-remaining-requests: 59\r\nx-ratelimit-reset-requests: 1m0.5s\r\n");
    peer_step_body(r, "\"x\"", 3);
    SCOPED(beluga_chat_model) *model = open_pages(p, beluga_with_api_key("k"));
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL), 0);
    const beluga_rate_limits *limits = beluga_response_rate_limits(response);
    assert_int_equal(limits->requests_limit, 60);
    assert_int_equal(limits->requests_remaining, 59);
    assert_int_equal(limits->requests_reset_ms, 60500);
    assert_int_equal(limits->tokens_limit, -1);
    assert_int_equal(beluga_response_to_json(response, &json, NULL), 0);
    assert_non_null(strstr(json, "\"rate_limits\":{\"requests_limit\":60,\"requests_remaining\":59,"
                                 "\"requests_reset_ms\":60500}"));
}

#define ON_PAGES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PAGES(an_empty_token_is_the_providers_mistake),
        ON_PAGES(names_of_all_pages_are_one_sorted_list),
        ON_PAGES(a_page_that_fails_is_tried_again_alone),
        ON_PAGES(a_page_that_can_not_be_had_ends_the_list),
        ON_PAGES(a_list_without_an_end_is_given_up),
        ON_PAGES(a_provider_is_told_which_variable_a_key_is_from),
        ON_PAGES(rate_limits_reach_the_caller_as_numbers),
    };
    return cmocka_run_group_tests_name("http provider", tests, NULL, NULL);
}
