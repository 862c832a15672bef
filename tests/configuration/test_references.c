/* References to models, and the values that the environment adds to a configuration. */
#include "../support/scoped.h"
#include "../support/torture.h"
#include "acme.h"
#include "described.h"

/* --- helpers --------------------------------------------------------------------------------- */

static void resolve_fails(const beluga_config *config, const char *reference, int code,
                          const char *text)
{
    beluga_config *out;
    beluga_error err;
    assert_int_equal(beluga_config_resolve(config, registry, reference, &out, &err), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.message, text);
    assert_null(out);
}

/* Expect that resolving fails with this code and this message, which begins with a place in the
 * file. */
static void resolve_fails_at(const char *yaml, const char *reference, int code, const char *text)
{
    char expected[400];
    SCOPED(beluga_config) *config = load(yaml);
    snprintf(expected, sizeof expected, "%s:%s", path, text);
    resolve_fails(config, reference, code, expected);
}

/* --- references ------------------------------------------------------------------------------ */

static void a_reference_is_split_at_its_first_separator(void **state)
{
    (void)state;
    const struct {
        const char *reference, *model;
    } rows[] = {
        {"acme/m", "m"}, {"acme:m", "m"}, {"acme/meta/m:7b", "meta/m:7b"}, {"acme:m:7b", "m:7b"}};
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_top_k(1));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_config *out = resolve(config, rows[i].reference);
        described(out, BELUGA_OPTION_PROVIDER, "acme", "model");
        described(out, BELUGA_OPTION_MODEL_NAME, rows[i].model, "model");
        described(out, BELUGA_OPTION_TOP_K, "1", "model");
        beluga_config_free(out);
    }
    /* this means the provider's default model */
    SCOPED(beluga_config) *out = resolve(config, "acme");
    described(out, BELUGA_OPTION_PROVIDER, "acme", "model");
    described(out, BELUGA_OPTION_MODEL_NAME, "", "none");
}

static void a_given_reference_wins_over_the_configuration(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_provider("other"), beluga_with_model_name("old"));
    SCOPED(beluga_config) *out = resolve(config, "acme/new");
    described(out, BELUGA_OPTION_PROVIDER, "acme", "model");
    described(out, BELUGA_OPTION_MODEL_NAME, "new", "model");
}

static void aliases_add_their_settings_to_the_providers(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config =
        load("providers:\n"
             "  acme: {top_k: 1, top_p: 0.1, temperature: 0.1, stop_sequences: [p]}\n"
             "models:\n"
             "  base: {model: acme/m, top_p: 0.2, temperature: 0.2}\n"
             "  fast: {model: base, temperature: 0.3, stop_sequences: [a, b]}\n");
    const beluga_option seed[] = {beluga_with_seed(1), beluga_with_model_name("mine")};
    beluga_config_set_n(config, seed, 2);
    SCOPED(beluga_config) *out = resolve(config, "fast");
    DESCRIBED(out, "file", {BELUGA_OPTION_PROVIDER, "acme"}, {BELUGA_OPTION_MODEL_NAME, "m"},
              {BELUGA_OPTION_TOP_K, "1"}, {BELUGA_OPTION_TOP_P, "0.2"},
              {BELUGA_OPTION_TEMPERATURE, "0.3"}, {BELUGA_OPTION_STOP_SEQUENCES, "a, b"});
    described(out, BELUGA_OPTION_SEED, "1", "model");
    beluga_config_free(out);
    out = resolve(config, "acme/m");
    described(out, BELUGA_OPTION_TEMPERATURE, "0.1", "file");
    described(out, BELUGA_OPTION_STOP_SEQUENCES, "p", "file");
}

static void options_of_the_model_win_over_the_file(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config =
        load("models: {fast: {model: acme/m, temperature: 0.3, stop_sequences: [f]}}\n");
    const beluga_option mine[] = {beluga_with_temperature(0.9), beluga_with_stop_sequence("m")};
    beluga_config_set_n(config, mine, 2);
    SCOPED(beluga_config) *out = resolve(config, "fast");
    described(out, BELUGA_OPTION_TEMPERATURE, "0.9", "model");
    described(out, BELUGA_OPTION_STOP_SEQUENCES, "m", "model");
}

static void without_a_reference_the_default_is_taken(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config = load("model: acme/m\n");
    beluga_config *out = resolve(config, NULL);
    described(out, BELUGA_OPTION_PROVIDER, "acme", "file");
    described(out, BELUGA_OPTION_MODEL_NAME, "m", "file");
    beluga_config_free(out);
    const beluga_option named[] = {beluga_with_provider("mock"), beluga_with_model_name("mine")};
    beluga_config_set_n(config, named, 2);
    out = resolve(config, NULL);
    described(out, BELUGA_OPTION_PROVIDER, "mock", "model");
    described(out, BELUGA_OPTION_MODEL_NAME, "mine", "model");
    beluga_config_free(out);
    beluga_config_free(config);
    config = beluga_config_new_n(NULL, 0);
    resolve_fails(config, NULL, BELUGA_ERROR_INVALID_CONFIG,
                  "no model was named, and the configuration has no default: name one, such as "
                  "openai/gpt-5-mini");
}

/* Expect an error that lists the known names, as many as fit into the message. */
static void resolve_lists(const beluga_config *config, const char *reference, const char *text)
{
    beluga_config *out;
    beluga_error err;
    assert_int_equal(beluga_config_resolve(config, registry, reference, &out, &err),
                     BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    assert_null(out);
    assert_non_null(strstr(err.message, text));
}

static void a_reference_that_leads_nowhere_says_what_there_is(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0);
    resolve_lists(config, "opnai/gpt",
                  "no provider is named \"opnai\"; did you mean openai? there are acme, ");
    resolve_lists(config, "fast",
                  "\"fast\" is neither an alias nor of the form PROVIDER/MODEL; there are acme, ");
    resolve_fails(config, "acme/", BELUGA_ERROR_INVALID_CONFIG,
                  "\"acme/\" has no model's name after the /");
    resolve_fails(config, "acme:", BELUGA_ERROR_INVALID_CONFIG,
                  "\"acme:\" has no model's name after the :");
    resolve_lists(config, "/x", "no provider is named \"\"; there are acme, ");
    beluga_config *out;
    beluga_error err;
    assert_int_equal(beluga_config_resolve(NULL, registry, "acme/m", &out, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_string_equal(err.message, "config or registry is NULL");
    beluga_config_free(config);
    config = load("model: x/y\nmodels:\n  f: {model: z/y}\n");
    resolve_lists(config, NULL, ":1:8: no provider is named \"x\"; there are acme, ");
    resolve_lists(config, "f", ":3:14: no provider is named \"z\"; there are acme, ");
}

static void aliases_that_lead_in_a_circle_are_found(void **state)
{
    (void)state;
    resolve_fails_at("models:\n  a: b\n  b: a\n", "a", BELUGA_ERROR_INVALID_CONFIG,
                     "3:6: the alias a refers to itself, directly or through others");
    resolve_fails_at("models:\n  a: a\n", "a", BELUGA_ERROR_INVALID_CONFIG,
                     "2:6: the alias a refers to itself, directly or through others");
    const char *const chain = "models: {a1: a2, a2: a3, a3: a4, a4: a5, a5: a6, a6: a7, a7: a8, "
                              "a8: acme/end, a0: a1}\n";
    beluga_config *config = load(chain);
    beluga_config *out = resolve(config, "a1");
    described(out, BELUGA_OPTION_MODEL_NAME, "end", "file");
    beluga_config_free(out);
    beluga_config_free(config);
    resolve_fails_at(chain, "a0", BELUGA_ERROR_INVALID_CONFIG,
                     "1:62: a0 refers to more than 8 aliases, one through the other");
}

static void names_nobody_knows_are_found_when_the_provider_is(void **state)
{
    (void)state;
    const int bad = BELUGA_ERROR_INVALID_CONFIG;
    resolve_fails_at("providers:\n  acme:\n    temprature: 1\n", "acme/m", bad,
                     "3:17: \"temprature\" is neither a common option nor an option of acme; did "
                     "you mean temperature?");
    resolve_fails_at("providers:\n  acme:\n    regoin: eu\n", "acme/m", bad,
                     "3:13: \"regoin\" is neither a common option nor an option of acme; did you "
                     "mean acme.region?");
    resolve_fails_at("models:\n  f: {model: acme/m, xyzzy: 1}\n", "f", bad,
                     "2:29: \"xyzzy\" is neither a common option nor an option of acme");
    /* The sections of other providers are not checked. */
    SCOPED(beluga_config) *config = load("providers:\n  other: {xyzzy: 1}\n  acme: {region: eu}\n");
    SCOPED(beluga_config) *out = resolve(config, "acme/m");
    described(out, BELUGA_OPTION_PROVIDER_SPECIFIC, "acme.region=eu", "file");
}

static int open_mock(const char *first, const char *second, beluga_chat_model **model,
                     beluga_error *err)
{
    beluga_option opts[4] = {beluga_with_max_retries(0), beluga_with_model_name("any")};
    assert_int_equal(beluga_option_parse(first, &opts[2], NULL), 0);
    assert_int_equal(beluga_option_parse(second, &opts[3], NULL), 0);
    beluga_config *config = beluga_config_new_n(opts, 4);
    int status = beluga_registry_open(registry, "mock", config, model, err);
    beluga_config_free(config);
    return status;
}

static void own_options_written_as_text_reach_the_provider(void **state)
{
    (void)state;
    beluga_chat_model *model;
    beluga_response *response;
    beluga_error err = {.message = ""};
    beluga_input input = beluga_input_text("hi");
    if (open_mock("mock.error=rate_limit", "mock.error_count=1", &model, &err))
        fail_msg("%s", err.message);
    assert_int_equal(beluga_invoke_n(model, NULL, input, &response, &err, NULL, 0),
                     BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(beluga_invoke_n(model, NULL, input, &response, &err, NULL, 0), 0);
    beluga_response_free(response);
    beluga_chat_model_unref(model);
    assert_int_equal(open_mock("mock.error_count=soon", "top_k=0", &model, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "top_k must be at least 1 (is 0); "
                                        "mock.error_count must be a whole number"));
}

/* --- the environment -------------------------------------------------------------------------- */

static void clear_environment(void)
{
    unsetenv("BELUGA_TEST_ACME_KEY");
    unsetenv("BELUGA_TEST_ACME_OLD_KEY");
    unsetenv("BELUGA_TEST_ACME_URL");
    unsetenv("BELUGA_TEST_ACME_REGION");
}

static void the_environment_is_read_only_when_asked(void **state)
{
    (void)state;
    clear_environment();
    setenv("BELUGA_TEST_ACME_KEY", "secret", 1);
    setenv("BELUGA_TEST_ACME_URL", "http://env.example", 1);
    beluga_config *config = beluga_config_new_n(NULL, 0);
    assert_int_equal(beluga__config_apply_env(config, &acme), 0);
    described(config, BELUGA_OPTION_API_KEY, "", "none");
    const beluga_option env = beluga_with_env();
    beluga_config_set_n(config, &env, 1);
    assert_int_equal(beluga__config_apply_env(config, &acme), 0);
    described(config, BELUGA_OPTION_API_KEY, "env:BELUGA_TEST_ACME_KEY", "environment");
    described(config, BELUGA_OPTION_BASE_URL, "http://env.example", "environment");
    beluga_config_free(config);
    clear_environment();
}

static void an_address_in_short_is_completed(void **state)
{
    (void)state;
    static const struct {
        const char *url, *own, *whole;
    } cases[] = {
        {"gpu", "http://127.0.0.1:11434", "http://gpu:11434"},
        {"gpu:8080", "http://127.0.0.1:11434", "http://gpu:8080"},
        {":8080", "http://127.0.0.1:11434", "http://127.0.0.1:8080"},
        {"0.0.0.0", "http://127.0.0.1:11434", "http://0.0.0.0:11434"},
        {"[::1]", "http://127.0.0.1:11434", "http://[::1]:11434"},
        {"[::1]:8080", "http://127.0.0.1:11434", "http://[::1]:8080"},
        {"fe80::1", "http://127.0.0.1:11434", "http://[fe80::1]:11434"},
        {"gpu/ollama", "http://127.0.0.1:11434", "http://gpu:11434/ollama"},
        {"gpu:8080/?a=b:c", "http://127.0.0.1:11434", "http://gpu:8080/?a=b:c"},
        {"gpu:8080", "http://localhost:8000/v1", "http://gpu:8080/v1"},
        {"proxy.example", "https://api.acme.example/v1", "https://proxy.example/v1"},
        {"http://gpu", "http://127.0.0.1:11434", "http://gpu"},
        {"https://gpu:8080", "http://127.0.0.1:11434", "https://gpu:8080"},
        {"gpu:8080", NULL, "gpu:8080"},
    };
    beluga__arena arena;
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(beluga__config_complete_url(&arena, cases[i].url, cases[i].own),
                            cases[i].whole);
    beluga__arena_free(&arena);
}

static void the_environment_stands_between_file_and_model(void **state)
{
    (void)state;
    clear_environment();
    setenv("BELUGA_TEST_ACME_KEY", "", 1); /* an empty variable counts as not set */
    setenv("BELUGA_TEST_ACME_OLD_KEY", "command:touch /nonexistent", 1);
    setenv("BELUGA_TEST_ACME_URL", "http://env.example", 1);
    beluga_config *config =
        load("providers: {acme: {api_key: file-key, base_url: 'http://file.example'}}\n");
    const beluga_option mine[] = {beluga_with_env(), beluga_with_base_url("http://model.example")};
    beluga_config_set_n(config, mine, 2);
    beluga_config *out = resolve(config, "acme/m");
    assert_int_equal(beluga__config_apply_env(out, &acme), 0);
    /* The setting is a reference to the variable. The variable's value is never run as a
     * command. */
    described(out, BELUGA_OPTION_API_KEY, "env:BELUGA_TEST_ACME_OLD_KEY", "environment");
    described(out, BELUGA_OPTION_BASE_URL, "http://model.example", "model");
    beluga_config_free(out);
    beluga_config_free(config);
    clear_environment();
}

/* Assert that a reference leads to this key and this URL while all variables of the provider are
 * set. */
static void has_key(const char *yaml, const char *reference, const char *key, const char *url)
{
    char text[128];
    clear_environment();
    setenv("BELUGA_TEST_ACME_KEY", "secret", 1);
    setenv("BELUGA_TEST_ACME_URL", "http://env.example", 1);
    beluga_config *config = load(yaml);
    const beluga_option env = beluga_with_env();
    beluga_config_set_n(config, &env, 1);
    beluga_config *out = resolve(config, reference);
    assert_int_equal(beluga__config_apply_env(out, &acme), 0);
    beluga_config_describe(out, BELUGA_OPTION_API_KEY, text, sizeof text, NULL);
    assert_string_equal(text, key);
    beluga_config_describe(out, BELUGA_OPTION_BASE_URL, text, sizeof text, NULL);
    assert_string_equal(text, url);
    assert_int_equal(beluga_config_has_own_host(out), strcmp(url, "http://env.example") != 0);
    beluga_config_free(out);
    beluga_config_free(config);
    clear_environment();
}

static void an_alias_with_a_host_of_its_own_inherits_no_key(void **state)
{
    (void)state;
    static const char yaml[] =
        "providers: {acme: {api_key: file-key}}\n"
        "models:\n"
        "  plain: acme/m\n"
        "  home: {model: acme/m, base_url: 'http://acme.example/'}\n"
        "  local: {model: acme/m, base_url: 'http://local.example'}\n"
        "  above: {model: local, temperature: 1}\n"
        "  keyed: {model: acme/m, base_url: 'http://keyed.example', api_key: 'env:MINE'}\n"
        "  keyed-above: {model: local, api_key: 'env:MINE'}\n"
        "  moved: {model: keyed, base_url: 'http://moved.example'}\n";
    has_key(yaml, "plain", "env:BELUGA_TEST_ACME_KEY", "http://env.example");
    has_key(yaml, "home", "env:BELUGA_TEST_ACME_KEY", "http://env.example");
    has_key(yaml, "local", "", "http://local.example");
    has_key(yaml, "above", "", "http://local.example");
    has_key(yaml, "keyed", "env:MINE", "http://keyed.example");
    has_key(yaml, "keyed-above", "env:MINE", "http://local.example");
    has_key(yaml, "moved", "", "http://moved.example");
}

static const char *region_of(beluga_config *config)
{
    const beluga__item *item = beluga__settings_own(beluga__config_settings(config), "acme.region");
    return item ? item->value.string : "(none)";
}

static void a_providers_own_options_may_have_variables(void **state)
{
    (void)state;
    clear_environment();
    setenv("BELUGA_TEST_ACME_REGION", "north", 1);
    beluga_config *config = beluga_config_new_n(NULL, 0);
    assert_int_equal(beluga__config_apply_env(config, &acme), 0);
    assert_string_equal(region_of(config), "(none)");
    const beluga_option env = beluga_with_env();
    beluga_config_set_n(config, &env, 1);
    assert_int_equal(beluga__config_apply_env(config, &acme), 0);
    assert_string_equal(region_of(config), "north");
    const beluga_option mine = beluga_with_provider_specific("acme.region", "south");
    beluga_config_set_n(config, &mine, 1);
    assert_int_equal(beluga__config_apply_env(config, &acme), 0);
    assert_string_equal(region_of(config), "south");
    beluga_config_free(config);
    clear_environment();
}

/* --- allocations ----------------------------------------------------------------------------- */

static int load_and_resolve(void *argument)
{
    beluga_error err;
    beluga_config *out = NULL;
    beluga_config *config = beluga_config_new(beluga_with_user("me"), beluga_with_env());
    if (!config) return BELUGA_ERROR_NO_MEMORY;
    int status = beluga_config_load_file(config, argument, &err);
    if (!status) status = beluga_config_resolve(config, registry, "fast", &out, &err);
    if (!status) status = beluga__config_apply_env(out, &acme);
    beluga_config_free(out);
    beluga_config_free(config);
    return status;
}

static void configurations_survive_every_failed_allocation(void **state)
{
    (void)state;
    const char *const yaml =
        "providers: {acme: {api_key: k, region: eu, stop_sequences: [a, b], extra_headers: {A: "
        "b}}}\n"
        "models: {fast: {model: base, extra_body: {a: [1, 2]}}, base: acme/m}\n";
    setenv("BELUGA_TEST_ACME_KEY", "k", 1);
    write_file(yaml, strlen(yaml));
    assert_true(torture_run(load_and_resolve, path) >= 4);
    unlink(path);
    clear_environment();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_split_at_its_first_separator),
        cmocka_unit_test(a_given_reference_wins_over_the_configuration),
        cmocka_unit_test(aliases_add_their_settings_to_the_providers),
        cmocka_unit_test(options_of_the_model_win_over_the_file),
        cmocka_unit_test(without_a_reference_the_default_is_taken),
        cmocka_unit_test(a_reference_that_leads_nowhere_says_what_there_is),
        cmocka_unit_test(aliases_that_lead_in_a_circle_are_found),
        cmocka_unit_test(names_nobody_knows_are_found_when_the_provider_is),
        cmocka_unit_test(own_options_written_as_text_reach_the_provider),
        cmocka_unit_test(the_environment_is_read_only_when_asked),
        cmocka_unit_test(an_address_in_short_is_completed),
        cmocka_unit_test(an_alias_with_a_host_of_its_own_inherits_no_key),
        cmocka_unit_test(the_environment_stands_between_file_and_model),
        cmocka_unit_test(a_providers_own_options_may_have_variables),
        cmocka_unit_test(configurations_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}
