/* Parts that a build may leave out of the library. A part that is in the build must work; otherwise
 * the error must name the build option that adds it. A complete build tests only that the parts
 * work. */
#include "../support/parts.h"
#include "../support/scoped.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Check the status and the error of a function that needs this part. If the build has the part, the
 * function must have succeeded. */
static void check(const char *part, int status, const beluga_error *err)
{
    char option[64];
    snprintf(option, sizeof option, "-D%s=enabled", part);
    if (has_part(part)) {
        if (status) fail_msg("%s: %s", part, err->message);
        return;
    }
    assert_int_equal(status, BELUGA_ERROR_NOT_SUPPORTED);
    assert_int_equal(err->code, status);
    assert_non_null(strstr(err->message, option));
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void configuration_files_are_read_or_refused(void **state)
{
    (void)state;
    beluga_error err = {0};
    char path[] = "/tmp/beluga-parts-XXXXXX";
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0);
    write_file(path, "model: mock/any\n");
    check("yaml", beluga_config_load_file(config, path, &err), &err);
    unlink(path);
}

static void tool_servers_are_opened_or_refused(void **state)
{
    (void)state;
    beluga_mcp *mcp;
    beluga_error err = {0};
    const beluga_mcp_settings settings = {
        .size = sizeof settings, .name = "none", .command = "/no/such/command"};
    int status = beluga_mcp_open(NULL, &settings, NULL, &mcp, &err);
    check("mcp", status == BELUGA_ERROR_NOT_FOUND ? 0 : status, &err);
    assert_null(mcp);
}

static void tell(void *payload, const beluga_config_problem *problem)
{
    (void)payload;
    (void)problem;
}

static void checks_of_configuration_files_are_made_or_refused(void **state)
{
    (void)state;
    needs_provider("mock");
    beluga_error err = {0};
    size_t n = 7;
    char path[] = "/tmp/beluga-parts-XXXXXX";
    write_file(path, "model: mock/any\n");
    check("yaml", beluga_config_check_file(beluga_registry_default(), path, tell, NULL, &n, &err),
          &err);
    assert_int_equal(n, 0);
    unlink(path);
}

static void prices_are_read_or_refused(void **state)
{
    (void)state;
    beluga_error err = {0};
    beluga_prices *prices = NULL;
    char path[] = "/tmp/beluga-parts-XXXXXX";
    write_file(path, "date: 2026-01-01\n");
    check("yaml", beluga_prices_load(path, &prices, &err), &err);
    beluga_prices_free(prices);
    unlink(path);
}

/* Open a model of `mock` with two options. */
static int open_with(beluga_option one, beluga_option other, beluga_error *err)
{
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_model_name("any"), one, other);
    return beluga_registry_open(beluga_registry_default(), "mock", config, &model, err);
}

static void a_budget_without_prices_is_refused(void **state)
{
    (void)state;
    needs_provider("mock");
    beluga_error err = {0};
    char path[] = "/tmp/beluga-parts-XXXXXX";
    write_file(path, "prices:\n  \"mock/*\": {input: 1, output: 1}\n");
    check("yaml", open_with(beluga_with_prices(path), beluga_with_budget(1), &err), &err);
    unlink(path);
}

static void the_cache_keeps_answers_or_is_refused(void **state)
{
    (void)state;
    needs_provider("mock");
    beluga_error err = {0};
    beluga_memory_cache *store = beluga_memory_cache_new(0);
    assert_true(has_part("cache") ? store != NULL : store == NULL);
    beluga_memory_cache_free(store);
    check("cache", open_with(beluga_with_cache_ttl_ms(1000), BELUGA_OPTIONS_END, &err), &err);
}

static void tell_nothing(void *payload, beluga_embeddings *embeddings, const beluga_error *error)
{
    (void)payload;
    (void)error;
    beluga_embeddings_free(embeddings);
}

static void texts_are_embedded_or_refused(void **state)
{
    (void)state;
    needs_provider("mock");
    beluga_error err = {0};
    const char *const texts[] = {"a text"};
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_loop) *loop = NULL;
    beluga_embeddings *vectors = NULL;
    beluga_job *job = NULL;
    assert_int_equal(beluga_model_open("mock/any", &model, &err), 0);
    check("embeddings", beluga_embed(model, NULL, texts, NULL, 1, &vectors, &err), &err);
    assert_int_equal(vectors != NULL, has_part("embeddings"));
    beluga_embeddings_free(vectors);
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    check("embeddings",
          beluga_embed_start(model, loop, NULL, texts, NULL, 1, tell_nothing, NULL, &job, &err),
          &err);
    beluga_job_free(job);
}

static void batch_jobs_are_begun_or_refused(void **state)
{
    (void)state;
    needs_provider("openai");
    beluga_error err = {0};
    beluga_batch_requests *requests = NULL;
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_base_url("http://127.0.0.1:1/v1"),
                                                      beluga_with_model_name("m"));
    beluga_registry *registry = beluga_registry_default();
    assert_int_equal(beluga_registry_open(registry, "openai", config, &model, &err), 0);
    check("batch_jobs", beluga_batch_requests_new(model, &requests, &err), &err);
    assert_int_equal(requests != NULL, has_part("batch_jobs"));
    beluga_batch_requests_free(requests);
}

static void tokens_are_counted_or_refused(void **state)
{
    (void)state;
    needs_provider("mock");
    beluga_error err = {0};
    beluga_token_count count = {.tokens = 7};
    beluga_messages *trimmed = NULL;
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_messages) *messages = NULL;
    assert_int_equal(beluga_ensure_messages(beluga_input_text("Two words"), &messages, &err), 0);
    assert_int_equal(beluga_model_open("mock/any", &model, &err), 0);
    check("embeddings", beluga_count_tokens(model, NULL, messages, &count, &err), &err);
    assert_int_equal(count.tokens, has_part("embeddings") ? 2 : 0);
    check("embeddings", beluga_trim_messages(model, NULL, messages, 10, &trimmed, &err), &err);
    beluga_messages_free(trimmed);
}

static void a_provider_embeds_and_counts_only_where_the_library_does(void **state)
{
    (void)state;
    needs_provider("mock");
    const uint64_t both = BELUGA_CAPABILITY_EMBED | BELUGA_CAPABILITY_COUNT;
    const beluga_provider *mock = beluga_registry_get(beluga_registry_default(), "mock");
    assert_int_equal(mock->capabilities & both, has_part("embeddings") ? both : 0);
}

static int encode_token(void *self, const beluga_credential *credential, int64_t now,
                        beluga_http_request *request, beluga_error *err)
{
    (void)self;
    (void)credential;
    (void)now;
    (void)err;
    beluga_http_request_set_path(request, "/token");
    return 0;
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)call;
    (void)request;
    (void)err;
    return 0;
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    (void)body;
    (void)length;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static const beluga_provider exchanging = {
    BELUGA_PROVIDER_INIT("exchanging"), .base_url = "http://127.0.0.1:1",
    .encode_request = encode_request, .decode_response = decode_response,
    .encode_token = encode_token};

static int open_exchanging(beluga_registry *registry, beluga_option option, beluga_error *err)
{
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_api_key("a-key"), option);
    return beluga_registry_open(registry, "exchanging", config, &model, err);
}

static void keys_are_exchanged_for_tokens_or_refused(void **state)
{
    (void)state;
    beluga_error err = {0};
    SCOPED(beluga_client) *client = NULL;
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    beluga_registry *registry = beluga_client_registry(client);
    assert_int_equal(beluga_registry_register(registry, &exchanging, &err), 0);
    check("token_exchange", open_exchanging(registry, BELUGA_OPTIONS_END, &err), &err);
    assert_int_equal(open_exchanging(registry, beluga_with_exchange_key(false), &err), 0);
}

static void recordings_are_made_or_refused(void **state)
{
    (void)state;
    beluga_error err = {0};
    char folder[] = "/tmp/beluga-parts-XXXXXX";
    assert_non_null(mkdtemp(folder));
    beluga_cassette cassette = {
        .size = sizeof cassette, .directory = folder, .mode = BELUGA_CASSETTE_RECORD};
    check("cassettes", beluga_client_set_cassette(beluga_client_default(), &cassette, &err), &err);
    assert_int_equal(beluga_client_set_cassette(beluga_client_default(), NULL, &err), 0);
    assert_int_equal(beluga_client_check_cassette(beluga_client_default(), &err), 0);
    rmdir(folder);
}

static void plug_ins_are_loaded_or_refused(void **state)
{
    (void)state;
    beluga_error err = {0};
    size_t loaded = 7;
    char folder[] = "/tmp/beluga-parts-XXXXXX";
    assert_non_null(mkdtemp(folder));
    beluga_registry *registry = beluga_registry_default();
    check("plugins", beluga_registry_load_plugins(registry, folder, &loaded, &err), &err);
    assert_int_equal(loaded, 0);
    setenv("BELUGA_PLUGIN_PATH", folder, 1);
    check("plugins", beluga_registry_load_plugin_path(registry, &loaded, &err), &err);
    unsetenv("BELUGA_PLUGIN_PATH");
    assert_int_equal(beluga_registry_load_plugin_path(registry, &loaded, &err), 0);
    rmdir(folder);
}

static void plug_ins_that_no_configuration_names_are_no_fault(void **state)
{
    (void)state;
    beluga_error err = {0};
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0);
    assert_int_equal(beluga_config_load_plugins(config, beluga_registry_default(), NULL, &err), 0);
}

static void telemetry_is_set_up_or_refused(void **state)
{
    (void)state;
    beluga_error err = {0};
    beluga_telemetry *telemetry = NULL;
    beluga_telemetry_settings settings = {.size = sizeof settings, .without_environment = true};
    check("telemetry", beluga_telemetry_init(NULL, &settings, &telemetry, &err), &err);
    beluga_telemetry_shutdown(telemetry, 0);
    beluga_telemetry_unref(telemetry);
}

static void telemetry_that_nobody_asks_for_is_no_fault(void **state)
{
    (void)state;
    beluga_error err = {0};
    beluga_telemetry_settings settings = {
        .size = sizeof settings, .without_environment = true, .only_if_asked = true};
    beluga_telemetry *telemetry = NULL;
    assert_int_equal(beluga_telemetry_init(NULL, &settings, &telemetry, &err), 0);
    assert_null(telemetry);
}

static void the_providers_are_those_that_the_build_names(void **state)
{
    (void)state;
    const char *names[64];
    char expected[512] = "", *at = expected;
    snprintf(expected, sizeof expected, "%s", getenv("BELUGA_PROVIDERS"));
    size_t n = beluga_registry_list(beluga_registry_default(), names, 64), plain = 0;
    for (char *name; (name = strtok_r(at, " ", &at)); plain++)
        if (strcmp(name, "openai-hosts") == 0)
            assert_true(beluga_registry_contains(beluga_registry_default(), "deepseek"));
        else if (!beluga_registry_contains(beluga_registry_default(), name))
            fail_msg("%s is not built in", name);
    if (!strstr(getenv("BELUGA_PROVIDERS"), "openai-hosts")) assert_int_equal(n, plain);
}

static void a_provider_that_was_left_out_is_told_with_those_there_are(void **state)
{
    (void)state;
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    const char *name = has_provider("gemini") ? "one-that-never-was" : "gemini";
    assert_int_equal(beluga_registry_open(beluga_registry_default(), name, NULL, &model, &err),
                     BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    assert_non_null(strstr(err.message, "there are"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_files_are_read_or_refused),
        cmocka_unit_test(tool_servers_are_opened_or_refused),
        cmocka_unit_test(checks_of_configuration_files_are_made_or_refused),
        cmocka_unit_test(prices_are_read_or_refused),
        cmocka_unit_test(a_budget_without_prices_is_refused),
        cmocka_unit_test(the_cache_keeps_answers_or_is_refused),
        cmocka_unit_test(texts_are_embedded_or_refused),
        cmocka_unit_test(batch_jobs_are_begun_or_refused),
        cmocka_unit_test(tokens_are_counted_or_refused),
        cmocka_unit_test(a_provider_embeds_and_counts_only_where_the_library_does),
        cmocka_unit_test(keys_are_exchanged_for_tokens_or_refused),
        cmocka_unit_test(recordings_are_made_or_refused),
        cmocka_unit_test(plug_ins_are_loaded_or_refused),
        cmocka_unit_test(plug_ins_that_no_configuration_names_are_no_fault),
        cmocka_unit_test(telemetry_is_set_up_or_refused),
        cmocka_unit_test(telemetry_that_nobody_asks_for_is_no_fault),
        cmocka_unit_test(the_providers_are_those_that_the_build_names),
        cmocka_unit_test(a_provider_that_was_left_out_is_told_with_those_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
