/* What can be left out of the library: what is there works, and what is not says so, and says what
 * builds it in. In a whole build the first half of each case is what is seen. */
#include "../support/parts.h"
#include "../support/scoped.h"

#include <beluga/beluga.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* `status` and `err` are what the part's function gave; it must succeed where the part is there. */
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

/* Opens `mock` with two more options. */
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
        cmocka_unit_test(checks_of_configuration_files_are_made_or_refused),
        cmocka_unit_test(prices_are_read_or_refused),
        cmocka_unit_test(a_budget_without_prices_is_refused),
        cmocka_unit_test(the_cache_keeps_answers_or_is_refused),
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
