/* The head of a request: which headers the transport adds to the headers of the call. Each header
 * must be sent only once. */
#include "../support/openai.h"
#include "../support/parts.h"

#include <stdio.h>
#include <strings.h>

#define CONTENT "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}"

static void answer(peer *p)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, "Content-Type: application/json\r\n");
    peer_step_body(r, CONTENT, sizeof CONTENT - 1);
}

static void ask_and_free(beluga_chat_model *model, int expected)
{
    beluga_error err;
    assert_int_equal(ask(model, &err), expected);
    beluga_chat_model_unref(model);
}

/* Return the value of a header, which request `i` must have exactly once. */
static const char *only(const peer *p, size_t i, const char *name)
{
    const char *at, *value, *found = NULL;
    for (size_t index = 0; (at = peer_request_header_at(p, i, index, &value)); index++) {
        if (strcasecmp(at, name) != 0) continue;
        if (found) fail_msg("two of %s: %s, %s", name, found, value);
        found = value;
    }
    if (!found) fail_msg("no %s", name);
    return found;
}

static void every_header_is_sent_once(void **state)
{
    peer *p = *state;
    char host[32];
    answer(p);
    ask_and_free(open_peer(p), 0);
    snprintf(host, sizeof host, "127.0.0.1:%d", peer_port(p));
    assert_string_equal(only(p, 0, "Host"), host);
    assert_string_equal(only(p, 0, "User-Agent"), "beluga/" BELUGA_VERSION_STRING);
    assert_string_equal(only(p, 0, "Accept"), "application/json");
    assert_string_equal(only(p, 0, "Content-Type"), "application/json");
    assert_string_equal(only(p, 0, "Authorization"), "Bearer " SECRET_KEY);
    assert_non_null(strstr(only(p, 0, "Accept-Encoding"), "gzip"));
    assert_non_null(only(p, 0, "Content-Length"));
    assert_null(peer_request_header(p, 0, "Expect"));
}

static void a_header_that_is_given_takes_the_place_of_the_transports(void **state)
{
    peer *p = *state;
    const beluga_option options[] = {beluga_with_extra_header("user-agent: shop"),
                                     beluga_with_extra_header("accept-encoding: gzip"),
                                     beluga_with_extra_header("X-Empty:")};
    answer(p);
    ask_and_free(open_at(peer_url(p), options, 3), 0);
    assert_string_equal(only(p, 0, "User-Agent"), "shop");
    assert_string_equal(only(p, 0, "Accept-Encoding"), "gzip");
    assert_string_equal(only(p, 0, "X-Empty"), "");
}

static void models_of_one_loop_name_their_own_agents(void **state)
{
    static const char *const agents[] = {"one", "two, which is longer than the first", "3"};
    peer *p = *state;
    beluga_chat_model *models[3];
    for (int i = 0; i < 3; i++) models[i] = open_peer_with(p, beluga_with_user_agent(agents[i]));
    for (size_t i = 0; i < 6; i++) {
        beluga_error err;
        answer(p);
        assert_int_equal(ask(models[i % 3], &err), 0);
        assert_string_equal(only(p, i, "User-Agent"), agents[i % 3]);
    }
    for (int i = 0; i < 3; i++) beluga_chat_model_unref(models[i]);
}

/* Several requests on one connection use the same URL, and then another URL. */
static void each_request_goes_to_its_own_url(void **state)
{
    static const char *const names[] = {"one", "one", "two", "two", "much-longer-name", "one"};
    peer *p = *state;
    needs_provider("gemini"); /* this provider's URLs contain the model's name */
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_api_key(SECRET_KEY),
                          beluga_with_max_retries(0));
    beluga_chat_model *model;
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "gemini", config, &model, NULL), 0);
    beluga_config_free(config);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[80];
        beluga_response *response = NULL;
        snprintf(path, sizeof path, "/v1/models/%s:generateContent", names[i]);
        answer(p);
        beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL,
                      beluga_with_model_name(names[i]));
        beluga_response_free(response);
        assert_string_equal(peer_request_path(p, i), path);
    }
    beluga_chat_model_unref(model);
}

/* Otherwise libcurl would wait a second for "100 Continue", which few servers send. */
static void a_long_body_is_sent_at_once(void **state)
{
    enum { LONG = 1200 * 1000 };
    peer *p = *state;
    char *text = malloc(LONG + 1);
    beluga_error err = {0};
    beluga_response *response;
    beluga_chat_model *model = open_peer(p);
    size_t n = 0;
    assert_non_null(text);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    answer(p);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text(text), &response, &err), 0);
    assert_null(peer_request_header(p, 0, "Expect"));
    peer_request_body(p, 0, &n);
    assert_true(n > LONG);
    beluga_response_free(response);
    beluga_chat_model_unref(model);
    free(text);
}

/* A proxy gets either the request itself (http), or a request for a tunnel (https). */
static void a_proxy_is_told_the_agent_once(void **state)
{
    static const char *const urls[] = {"http://127.0.0.1:9/v1", "https://127.0.0.1:9/v1"};
    peer *p = *state;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", peer_port(p));
    for (size_t i = 0; i < 2; i++) {
        beluga_option option = beluga_with_proxy(proxy);
        peer_reply *r = peer_reply_new(p);
        peer_step_status(r, 403, "Content-Length: 0\r\nConnection: close\r\n");
        peer_step_close(r);
        beluga_error err;
        beluga_chat_model *model = open_at(urls[i], &option, 1);
        assert_true(ask(model, &err) < 0);
        beluga_chat_model_unref(model);
        assert_string_equal(only(p, i, "User-Agent"), "beluga/" BELUGA_VERSION_STRING);
    }
    assert_string_equal(peer_request_method(p, 0), "POST");
    assert_string_equal(peer_request_method(p, 1), "CONNECT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(every_header_is_sent_once),
        ON_PEER(a_header_that_is_given_takes_the_place_of_the_transports),
        ON_PEER(models_of_one_loop_name_their_own_agents),
        ON_PEER(each_request_goes_to_its_own_url),
        ON_PEER(a_long_body_is_sent_at_once),
        ON_PEER(a_proxy_is_told_the_agent_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
