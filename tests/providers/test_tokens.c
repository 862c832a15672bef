/* Tokens that expire and come from a command: for Gemini on Vertex AI, and for Azure OpenAI with
 * Entra ID. */
#include "../support/calls.h"
#include "../support/scoped.h"

#include <beluga/providers/azure.h>
#include <beluga/providers/gemini.h>

#include <stdio.h>
#include <unistd.h>

typedef struct scene {
    peer *p;
    char folder[40], count[64];
    char url[128];
} scene;

static int begin(void **state)
{
    scene *s = *state = test_calloc(1, sizeof *s);
    strcpy(s->folder, "/tmp/beluga-tokens-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->count, sizeof s->count, "%s/count", s->folder);
    assert_non_null(s->p = peer_start());
    return 0;
}

static int end(void **state)
{
    scene *s = *state;
    peer_stop(s->p);
    remove(s->count);
    assert_int_equal(rmdir(s->folder), 0);
    test_free(s);
    return 0;
}

static size_t times_asked(const scene *s)
{
    size_t n = 0;
    FILE *file = fopen(s->count, "r");
    for (int c; file && (c = getc(file)) != EOF;) n += c == '\n';
    if (file) fclose(file);
    return n;
}

/* Open a model whose key is printed by a command. The first token ends in 1, and the second in
 * 2. */
static beluga_chat_model *open_with_command(scene *s, const char *provider, const char *path,
                                            const char *token)
{
    char command[256];
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    snprintf(s->url, sizeof s->url, "%.*s%s", (int)strlen(peer_url(s->p)) - 3, peer_url(s->p),
             path);
    snprintf(command, sizeof command, "command:echo >> %s; echo %s$(wc -l < %s)", s->count, token,
             s->count);
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(s->url), beluga_with_api_key(command), beluga_with_model_name("m"),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    if (beluga_registry_open(beluga_registry_default(), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static beluga_chat_model *open_vertex(scene *s)
{
    return open_with_command(s, "gemini", "/v1/projects/p/locations/l", "ya29.");
}

static void answer_gemini(scene *s)
{
    static const char body[] = "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}]},"
                               "\"finishReason\":\"STOP\"}]}";
    peer_step_json(peer_reply_new(s->p), 200, body);
}

static const char *sent(const scene *s, size_t i)
{
    const char *header = peer_request_header(s->p, i, "Authorization");
    return header ? header : "";
}

static void vertex_gets_the_commands_token_and_it_is_asked_for_once(void **state)
{
    scene *s = *state;
    answer_gemini(s);
    answer_gemini(s);
    SCOPED(beluga_chat_model) *model = open_vertex(s);
    for (int i = 0; i < 2; i++) assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_string_equal(sent(s, 0), "Bearer ya29.1");
    assert_string_equal(sent(s, 1), "Bearer ya29.1");
    assert_null(peer_request_header(s->p, 0, "x-goog-api-key"));
    assert_string_equal(peer_request_path(s->p, 0),
                        "/v1/projects/p/locations/l/publishers/google/models/m:generateContent");
    assert_int_equal(times_asked(s), 1);
}

/* The token is replaced within the call, so the caller sees no error. */
static void a_token_that_ran_out_is_asked_for_again(void **state)
{
    scene *s = *state;
    answer_gemini(s);
    peer_step_json(peer_reply_new(s->p), 401,
                   "{\"error\":{\"code\":401,\"message\":\"Request had invalid authentication "
                   "credentials.\",\"status\":\"UNAUTHENTICATED\"}}");
    answer_gemini(s);
    SCOPED(beluga_chat_model) *model = open_vertex(s);
    for (int i = 0; i < 2; i++) assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_string_equal(sent(s, 1), "Bearer ya29.1");
    assert_string_equal(sent(s, 2), "Bearer ya29.2");
    assert_int_equal(times_asked(s), 2);
}

static void a_token_that_is_refused_when_it_is_new_ends_the_call(void **state)
{
    scene *s = *state;
    beluga_error err = {0};
    peer_step_json(peer_reply_new(s->p), 401, "{\"error\":{\"code\":401}}");
    SCOPED(beluga_chat_model) *model = open_vertex(s);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(err.attempts, 1);
    assert_false(err.retryable);
}

static void entra_gets_the_commands_token(void **state)
{
    scene *s = *state;
    peer_openai_answer(peer_reply_new(s->p), "Hello");
    SCOPED(beluga_chat_model) *model = open_with_command(s, "azure", "", "eyJ0.e30.");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_string_equal(sent(s, 0), "Bearer eyJ0.e30.1");
    assert_null(peer_request_header(s->p, 0, "api-key"));
    assert_string_equal(peer_request_path(s->p, 0), "/openai/v1/chat/completions");
}

/* ---- the secret of an application, which is exchanged for a token ---------------------------- */

#define SECRET "abC8Q~secret.of-a_client"

static int open_azure(scene *s, beluga_chat_model **model, beluga_error *err,
                      const beluga_option *opts)
{
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", peer_port(s->p));
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(s->url), beluga_with_model_name("m"), beluga_with_max_retries(0),
        beluga_with_timeout_ms(PATIENCE_MS), beluga_azure_with_authority(s->url));
    assert_int_equal(beluga_config_set_n(config, opts, BELUGA_OPTIONS_TERMINATED), 0);
    int status = beluga_registry_open(beluga_registry_default(), "azure", config, model, err);
    beluga_config_free(config);
    return status;
}

#define CLIENT beluga_azure_with_tenant_id("tenant/1"), beluga_azure_with_client_id("client-1")

static void call_azure(scene *s, const beluga_option *opts)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    if (open_azure(s, &model, &err, opts)) fail_msg("open: %s", err.message);
    peer_openai_answer(peer_reply_new(s->p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

static void give_token(scene *s)
{
    peer_reply *reply = peer_reply_new(s->p);
    peer_reply_match(reply, "/oauth2/");
    peer_step_json(reply, 200,
                   "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,"
                   "\"access_token\":\"eyJ0.e30.entra\"}");
}

static void a_clients_secret_is_exchanged_for_a_token_of_entra(void **state)
{
    scene *s = *state;
    const beluga_option opts[] = {CLIENT, beluga_with_api_key(SECRET), BELUGA_OPTIONS_END};
    give_token(s);
    call_azure(s, opts);
    assert_string_equal(peer_request_path(s->p, 0), "/tenant%2F1/oauth2/v2.0/token");
    assert_string_equal(peer_request_body(s->p, 0, NULL),
                        "grant_type=client_credentials&client_id=client-1&"
                        "client_secret=abC8Q%7Esecret.of-a_client&"
                        "scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default");
    assert_string_equal(sent(s, 1), "Bearer eyJ0.e30.entra");
    assert_null(peer_request_header(s->p, 1, "api-key"));
}

static void a_secret_of_letters_and_digits_is_exchanged_where_an_option_says_so(void **state)
{
    scene *s = *state;
    const beluga_option opts[] = {CLIENT, beluga_with_api_key("secret0123"),
                                  beluga_azure_with_entra(true), BELUGA_OPTIONS_END};
    give_token(s);
    call_azure(s, opts);
    assert_string_equal(sent(s, 1), "Bearer eyJ0.e30.entra");
}

static void keys_of_a_resource_and_tokens_are_used_as_they_are(void **state)
{
    scene *s = *state;
    const beluga_option resource[] = {CLIENT, beluga_with_api_key("0123456789abcdef"),
                                      BELUGA_OPTIONS_END};
    const beluga_option token[] = {CLIENT, beluga_with_api_key("eyJ0.e30.x"), BELUGA_OPTIONS_END};
    const beluga_option no_client[] = {beluga_with_api_key("sk-local"), BELUGA_OPTIONS_END};
    call_azure(s, resource);
    call_azure(s, token);
    call_azure(s, no_client);
    assert_string_equal(peer_request_header(s->p, 0, "api-key"), "0123456789abcdef");
    assert_string_equal(sent(s, 1), "Bearer eyJ0.e30.x");
    assert_string_equal(peer_request_header(s->p, 2, "api-key"), "sk-local");
}

static void entra_may_be_set_up_by_azures_variables(void **state)
{
    scene *s = *state;
    const beluga_option opts[] = {beluga_with_env(), BELUGA_OPTIONS_END};
    setenv("AZURE_CLIENT_SECRET", SECRET, 1);
    setenv("AZURE_TENANT_ID", "tenant", 1);
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    assert_int_equal(open_azure(s, &model, &err, opts), BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "AZURE_CLIENT_ID"));
    setenv("AZURE_CLIENT_ID", "client", 1);
    give_token(s);
    call_azure(s, opts);
    assert_string_equal(peer_request_path(s->p, 0), "/tenant/oauth2/v2.0/token");
    setenv("AZURE_OPENAI_API_KEY", "of-the-resource", 1);
    call_azure(s, opts);
    assert_string_equal(peer_request_header(s->p, 2, "api-key"), "of-the-resource");
    unsetenv("AZURE_CLIENT_SECRET");
    unsetenv("AZURE_TENANT_ID");
    unsetenv("AZURE_CLIENT_ID");
    unsetenv("AZURE_OPENAI_API_KEY");
}

static void a_secret_that_entra_refuses_is_told(void **state)
{
    scene *s = *state;
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    const beluga_option opts[] = {CLIENT, beluga_with_api_key(SECRET), BELUGA_OPTIONS_END};
    peer_step_json(peer_reply_new(s->p), 401,
                   "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid "
                   "client secret provided.\\r\\nTrace ID: 1\",\"error_codes\":[7000215]}");
    assert_int_equal(open_azure(s, &model, &err, opts), 0);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(err.provider_code, "invalid_client");
    assert_non_null(strstr(err.cause, "AADSTS7000215: Invalid client secret provided."));
    assert_int_equal(peer_requests(s->p), 1);
    beluga_chat_model_unref(model);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(vertex_gets_the_commands_token_and_it_is_asked_for_once),
        WITH(a_token_that_ran_out_is_asked_for_again),
        WITH(a_token_that_is_refused_when_it_is_new_ends_the_call),
        WITH(entra_gets_the_commands_token),
        WITH(a_clients_secret_is_exchanged_for_a_token_of_entra),
        WITH(a_secret_of_letters_and_digits_is_exchanged_where_an_option_says_so),
        WITH(keys_of_a_resource_and_tokens_are_used_as_they_are),
        WITH(entra_may_be_set_up_by_azures_variables),
        WITH(a_secret_that_entra_refuses_is_told),
    };
    return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
