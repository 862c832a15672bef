/* Keys that a function of the host program returns, and other values of a provider that come from
 * the environment. */
#include "../support/parts.h"
#include "../support/scoped.h"
#include "support/calls.h"

#include <stdio.h>
#include <time.h>

typedef struct vault {
    int asked;
    int fail_first;
    int64_t expires_in; /* seconds; 0: never */
    beluga_key_source source;
} vault;

static int give_key(void *payload, char *buffer, size_t n, int64_t *expires, beluga_error *err)
{
    vault *v = payload;
    v->asked++;
    if (v->asked <= v->fail_first)
        return beluga_error_set(err, BELUGA_ERROR_AUTHORIZATION, "the vault is sealed");
    snprintf(buffer, n, "token-%d", v->asked);
    if (v->expires_in) *expires = (int64_t)time(NULL) + v->expires_in;
    return 0;
}

static void vault_init(vault *v)
{
    *v = (vault){.asked = 0};
    v->source = (beluga_key_source){sizeof v->source, give_key, v};
}

static beluga_chat_model *open_provider(peer *p, vault *v, const char *provider)
{
    beluga_config *config =
        beluga_config_new(beluga_with_provider(provider), beluga_with_model_name("peer-chat"),
                          beluga_with_max_retries(0), beluga_with_base_url(peer_url(p)),
                          beluga_with_key_source(&v->source));
    beluga_chat_model *model;
    assert_int_equal(beluga_registry_open(beluga_registry_default(), NULL, config, &model, NULL),
                     0);
    beluga_config_free(config);
    return model;
}

static beluga_chat_model *open_with(peer *p, vault *v)
{
    return open_provider(p, v, "openai");
}

static void answer(peer *p, int times)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_answer(r, "hello");
    peer_reply_repeat(r, times);
}

/* Assert that the function was called this many times, and that request i has this Authorization
 * header. */
static void assert_asked(const vault *v, int times, peer *p, size_t i, const char *header)
{
    assert_int_equal(v->asked, times);
    assert_string_equal(peer_request_header(p, i, "authorization"), header);
}

static void a_function_gives_the_key_once_for_many_calls(void **state)
{
    peer *p = *state;
    vault v;
    vault_init(&v);
    answer(p, 3);
    SCOPED(beluga_chat_model) *model = open_with(p, &v);
    for (int i = 0; i < 3; i++) assert_int_equal(generate(model, "hello", NULL), 0);
    assert_asked(&v, 1, p, 2, "Bearer token-1");
}

static void a_key_that_has_expired_is_asked_for_again(void **state)
{
    peer *p = *state;
    vault v;
    vault_init(&v);
    v.expires_in = -1;
    answer(p, 2);
    SCOPED(beluga_chat_model) *model = open_with(p, &v);
    assert_int_equal(generate(model, "hello", NULL), 0);
    assert_int_equal(generate(model, "hello", NULL), 0);
    assert_asked(&v, 2, p, 1, "Bearer token-2");
}

static void a_key_that_was_refused_is_asked_for_again(void **state)
{
    peer *p = *state;
    vault v;
    vault_init(&v);
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key", "no such key");
    answer(p, 1);
    SCOPED(beluga_chat_model) *model = open_with(p, &v);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(generate(model, "hello", NULL), 0);
    assert_int_equal(v.asked, 2);
}

/* AWS refuses an expired session with status 403, which usually means that the key lacks a
 * permission. */
static void a_session_that_is_over_is_asked_for_again(void **state)
{
    needs_provider("bedrock");
    peer *p = *state;
    vault v;
    vault_init(&v);
    for (int i = 0; i < 2; i++) {
        peer_reply *r = peer_reply_new(p);
        peer_step_status(r, 403, "x-amzn-ErrorType: ExpiredTokenException\r\n");
        static const char body[] = "{\"message\":\"The security token is expired\"}";
        peer_step_body(r, body, sizeof body - 1);
    }
    SCOPED(beluga_chat_model) *model = open_provider(p, &v, "bedrock");
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_AUTHENTICATION);
    assert_asked(&v, 2, p, 1, "Bearer token-2");
}

static void a_function_that_fails_ends_the_call_with_its_own_error(void **state)
{
    peer *p = *state;
    vault v;
    beluga_error err;
    vault_init(&v);
    v.fail_first = 1;
    answer(p, 1);
    SCOPED(beluga_chat_model) *model = open_with(p, &v);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHORIZATION);
    assert_string_equal(err.message, "the vault is sealed");
    assert_int_equal(generate(model, "hello", NULL), 0);
    assert_int_equal(peer_requests(p), 1);
}

static void organization_and_project_come_from_their_variables_when_asked(void **state)
{
    peer *p = *state;
    setenv("OPENAI_API_KEY", "k", 1);
    setenv("OPENAI_ORG_ID", "org-1", 1);
    setenv("OPENAI_PROJECT_ID", "project-1", 1);
    answer(p, 2);
    SCOPED(beluga_chat_model) *asked = open_peer_with(p, beluga_with_env());
    SCOPED(beluga_chat_model) *not_asked = open_peer(p);
    assert_int_equal(generate(asked, "hello", NULL), 0);
    assert_int_equal(generate(not_asked, "hello", NULL), 0);
    assert_string_equal(peer_request_header(p, 0, "openai-organization"), "org-1");
    assert_string_equal(peer_request_header(p, 0, "openai-project"), "project-1");
    assert_null(peer_request_header(p, 1, "openai-organization"));
    unsetenv("OPENAI_API_KEY");
    unsetenv("OPENAI_ORG_ID");
    unsetenv("OPENAI_PROJECT_ID");
}

static int open_with_variable(const char *key, beluga_chat_model **model, beluga_error *err)
{
    setenv("TEST_PASTED_KEY", key, 1);
    beluga_config *config = beluga_config_new(beluga_with_base_url("http://127.0.0.1:1/v1"),
                                              beluga_with_api_key("env:TEST_PASTED_KEY"));
    int status = beluga_registry_open(beluga_registry_default(), "openai", config, model, err);
    beluga_config_free(config);
    unsetenv("TEST_PASTED_KEY");
    return status;
}

static void a_key_with_a_line_break_behind_it_is_sent_without(void **state)
{
    peer *p = *state;
    SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_api_key(" sk-pasted\r\n"));
    answer(p, 1);
    assert_int_equal(generate(model, NULL, NULL), 0);
    assert_string_equal(peer_request_header(p, 0, "Authorization"), "Bearer sk-pasted");
}

static void a_key_that_cannot_be_sent_is_an_error_that_names_its_variable(void **state)
{
    (void)state;
    static const char *const keys[] = {"sk-\nx",      "sk-\x01", "sk-\xe2\x80\x9cx\xe2\x80\x9d",
                                       "sk-\xc2\x85", "sk-\xff", " \n"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        beluga_chat_model *model;
        beluga_error err;
        assert_int_equal(open_with_variable(keys[i], &model, &err), BELUGA_ERROR_AUTHENTICATION);
        assert_non_null(strstr(err.message, "TEST_PASTED_KEY"));
        assert_null(strstr(err.message, "sk-"));
    }
    SCOPED(beluga_chat_model) *model = NULL;
    assert_int_equal(open_with_variable("k\xc3\xa9y", &model, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_function_gives_the_key_once_for_many_calls),
        ON_PEER(a_key_that_has_expired_is_asked_for_again),
        ON_PEER(a_key_that_was_refused_is_asked_for_again),
        ON_PEER(a_session_that_is_over_is_asked_for_again),
        ON_PEER(a_function_that_fails_ends_the_call_with_its_own_error),
        ON_PEER(a_key_with_a_line_break_behind_it_is_sent_without),
        ON_PEER(a_key_that_cannot_be_sent_is_an_error_that_names_its_variable),
        ON_PEER(organization_and_project_come_from_their_variables_when_asked),
    };
    return cmocka_run_group_tests_name("key_source", tests, NULL, NULL);
}
