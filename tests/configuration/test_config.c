/* Configurations: layers, files, the environment, and how references to models are resolved. */
#include "../support/scoped.h"
#include "acme.h"
#include "described.h"

/* --- helpers --------------------------------------------------------------------------------- */

/* "path:1:2: text" */
static void assert_message(const beluga_error *err, const char *text)
{
    char expected[400];
    snprintf(expected, sizeof expected, "%s:%s", path, text);
    assert_string_equal(err->message, expected);
}

static void load_fails_n(const char *yaml, size_t n, const char *text)
{
    beluga_error err;
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0);
    write_file(yaml, n);
    assert_int_equal(beluga_config_load_file(config, path, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_message(&err, text);
    unlink(path);
    const char *name, *reference;
    /* the failed load has not changed the configuration */
    assert_null(beluga_config_default_model(config));
    assert_false(beluga_config_alias(config, 0, &name, &reference));
}

static void load_fails(const char *yaml, const char *text)
{
    load_fails_n(yaml, strlen(yaml), text);
}

/* --- options --------------------------------------------------------------------------------- */

static void options_are_kept_and_read_back(void **state)
{
    (void)state;
    char name[] = "acme-2";
    SCOPED(beluga_config) *config = beluga_config_new(
        beluga_with_model_name(name), beluga_with_temperature(0.5), beluga_with_timeout_ms(90000),
        beluga_with_json_mode(true), beluga_with_provider_specific("acme.region", "eu"),
        beluga_with_provider_specific_int("acme.level", 3));
    memset(name, 'x', sizeof name - 1);
    const char *text;
    int64_t integer;
    double number;
    size_t length;
    assert_true(beluga_config_get_string(config, BELUGA_OPTION_MODEL_NAME, &text));
    assert_string_equal(text, "acme-2");
    assert_true(beluga_config_get_double(config, BELUGA_OPTION_TEMPERATURE, &number));
    assert_true(number == 0.5);
    assert_true(beluga_config_get_int(config, BELUGA_OPTION_TIMEOUT, &integer));
    assert_int_equal(integer, 90000);
    assert_true(beluga_config_get_int(config, BELUGA_OPTION_JSON_MODE, &integer));
    assert_true(beluga_config_get_own_string(config, "acme.region", &text, &length));
    assert_string_equal(text, "eu");
    assert_int_equal(length, 2);
    assert_true(beluga_config_get_own_int(config, "acme.level", &integer));
    assert_int_equal(integer, 3);
    assert_true(beluga_config_get_own_double(config, "acme.level", &number));
    assert_false(beluga_config_get_own_string(config, "acme.level", &text, NULL));
    assert_false(beluga_config_get_own_int(config, "acme.none", &integer));
    assert_false(beluga_config_get_string(config, BELUGA_OPTION_TEMPERATURE, &text));
    assert_false(beluga_config_get_int(config, BELUGA_OPTION_MODEL_NAME, &integer));
    assert_false(beluga_config_get_double(config, BELUGA_OPTION_TOP_P, &number));
    assert_false(beluga_config_get_string(config, 9999, &text));
    beluga_config_free(NULL);
}

static void options_can_be_set_later(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_top_k(5), beluga_with_stop_sequence("a"));
    const beluga_option more[] = {beluga_with_top_k(6), beluga_with_stop_sequence("b")};
    assert_int_equal(beluga_config_set_n(config, more, 2), 0);
    described(config, BELUGA_OPTION_TOP_K, "6", "model");
    described(config, BELUGA_OPTION_STOP_SEQUENCES, "a, b", "model");
}

static void a_copy_lives_on_its_own(void **state)
{
    (void)state;
    beluga_config *config = load("model: fast\nmodels: {fast: acme/x}\n");
    const beluga_option user = beluga_with_user("me");
    beluga_config_set_n(config, &user, 1);
    SCOPED(beluga_config) *copy = beluga_config_copy(config);
    beluga_config_free(config);
    described(copy, BELUGA_OPTION_USER, "me", "model");
    assert_string_equal(beluga_config_default_model(copy), "fast");
}

/* --- describing ------------------------------------------------------------------------------ */

static void settings_are_described_as_text(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config = beluga_config_new(
        beluga_with_temperature(0.1), beluga_with_timeout_ms(90000), beluga_with_json_mode(false),
        beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_HIGH),
        beluga_with_http_version(BELUGA_HTTP_VERSION_1_1), beluga_with_seed(-3),
        beluga_with_provider_specific("acme.region", "eu"),
        beluga_with_provider_specific_double("acme.ratio", 0.25),
        beluga_with_provider_specific_bool("acme.fast", true));
    DESCRIBED(config, "model", {BELUGA_OPTION_TEMPERATURE, "0.1"}, {BELUGA_OPTION_TIMEOUT, "90s"},
              {BELUGA_OPTION_JSON_MODE, "false"}, {BELUGA_OPTION_REASONING_EFFORT, "high"},
              {BELUGA_OPTION_HTTP_VERSION, "1.1"}, {BELUGA_OPTION_SEED, "-3"},
              {BELUGA_OPTION_PROVIDER_SPECIFIC, "acme.region=eu, acme.ratio=0.25, acme.fast=true"});
    described(config, BELUGA_OPTION_TOP_P, "", "none");
    described(config, 9999, "", "none");
}

static void a_description_is_cut_like_snprintf_does(void **state)
{
    (void)state;
    char buffer[4] = "zzz";
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_user("somebody"));
    assert_int_equal(beluga_config_describe(config, BELUGA_OPTION_USER, buffer, 4, NULL), 8);
    assert_string_equal(buffer, "som");
    assert_int_equal(beluga_config_describe(config, BELUGA_OPTION_USER, NULL, 0, NULL), 8);
}

static void nothing_secret_is_described(void **state)
{
    (void)state;
    const struct {
        const char *key, *text;
    } keys[] = {{"sk-secret", "set"},
                {"env:OPENAI_API_KEY", "env:OPENAI_API_KEY"},
                {"file:/run/key", "file:/run/key"},
                {"command:pass openai", "command:pass openai"}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        beluga_config *config = beluga_config_new(beluga_with_api_key(keys[i].key));
        described(config, BELUGA_OPTION_API_KEY, keys[i].text, "model");
        beluga_config_free(config);
    }
    SCOPED(beluga_config) *config = beluga_config_new(
        beluga_with_base_url("https://me:word@h.example/v1?a=@b"),
        beluga_with_proxy("me:p@proxy:3128"), beluga_with_extra_header("X-Key: secret"),
        beluga_with_extra_header("broken"));
    DESCRIBED(config, "model", {BELUGA_OPTION_BASE_URL, "https://[redacted]@h.example/v1?a=@b"},
              {BELUGA_OPTION_PROXY, "[redacted]@proxy:3128"},
              {BELUGA_OPTION_EXTRA_HEADERS, "X-Key: set, set"});
}

/* --- files ----------------------------------------------------------------------------------- */

static void a_file_gives_aliases_in_its_order(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config = load("model: fast\n"
                                         "models:\n"
                                         "  fast: {model: acme/small, temperature: 0.2}\n"
                                         "  best: acme:large\n");
    const char *name, *reference;
    assert_string_equal(beluga_config_default_model(config), "fast");
    assert_true(beluga_config_alias(config, 0, &name, &reference));
    assert_string_equal(name, "fast");
    assert_string_equal(reference, "acme/small");
    assert_true(beluga_config_alias(config, 1, &name, &reference));
    assert_string_equal(name, "best");
    assert_string_equal(reference, "acme:large");
    assert_false(beluga_config_alias(config, 2, &name, &reference));
}

static void an_empty_file_says_nothing(void **state)
{
    (void)state;
    const char *const texts[] = {"",     "# only a comment\n",      "---\n",
                                 "{}\n", "providers:\nmodels: ~\n", "providers: {acme: }\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        beluga_config *config = load(texts[i]);
        assert_null(beluga_config_default_model(config));
        beluga_config_free(config);
    }
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    SCOPED(beluga_config) *config =
        load("providers:\n"
             "  acme:\n"
             "    api_key: env:ACME\n"
             "    timeout: 1m30s\n"
             "    temperature: 1\n"
             "    json_mode: yes\n"
             "    reasoning_effort: low\n"
             "    stop_sequences: [a, \"b\\n\"]\n"
             "    extra_headers: {X-Team: blue, X-Id: 7}\n"
             "    extra_body: {n: 1, f: 1.5, s: \"1\", t: true, z: ~, l: [a, {}]}\n"
             "    response_schema: '{\"type\": \"object\"}'\n"
             "    user: \"quo\\\"ted\"\n"
             "    region: eu\n"
             "    acme.level: 3\n");
    SCOPED(beluga_config) *out = resolve(config, "acme/m");
    DESCRIBED(out, "file", {BELUGA_OPTION_API_KEY, "env:ACME"}, {BELUGA_OPTION_TIMEOUT, "90s"},
              {BELUGA_OPTION_TEMPERATURE, "1"}, {BELUGA_OPTION_JSON_MODE, "true"},
              {BELUGA_OPTION_REASONING_EFFORT, "low"}, {BELUGA_OPTION_STOP_SEQUENCES, "a, b\n"},
              {BELUGA_OPTION_EXTRA_HEADERS, "X-Team: set, X-Id: set"});
    assert_string_equal(beluga__config_settings(out)
                            ->known[BELUGA_OPTION_EXTRA_HEADERS]
                            .value.items->next->value.string,
                        "X-Id: 7");
    DESCRIBED(out, "file",
              {BELUGA_OPTION_EXTRA_BODY,
               "{\"n\":1,\"f\":1.5,\"s\":\"1\",\"t\":true,\"z\":null,\"l\":[\"a\",{}]}"},
              {BELUGA_OPTION_RESPONSE_SCHEMA, "{\"type\": \"object\"}"},
              {BELUGA_OPTION_USER, "quo\"ted"},
              {BELUGA_OPTION_PROVIDER_SPECIFIC, "acme.region=eu, acme.level=3"});
    int64_t level;
    assert_true(beluga_config_get_own_int(out, "acme.level", &level));
    assert_int_equal(level, 3);
    assert_int_equal(
        beluga__settings_check_all(beluga__config_settings(out), 'M', "acme", acme_options, NULL),
        0);
}

static void bad_yaml_says_where_and_what_to_do(void **state)
{
    (void)state;
    load_fails("models: {a: [x\n", "1:13: not YAML: this bracket is not closed");
    load_fails("models: {a: x\nmodel: b/c\n", "2:6: not YAML: a comma or } was expected here");
    load_fails("plugins: [a b: c, d: {e}\n", "1:10: not YAML: this bracket is not closed");
    load_fails("a: b\n  c: d: e\n",
               "2:4: not YAML: the line is indented too far, or the line above it has no colon");
    load_fails("models:\n  fast openai/x\n  b: c/d\n",
               "3:4: not YAML: the line is indented too far, or the line above it has no colon");
    load_fails(
        "model: a: b\n",
        "1:9: not YAML: a second colon in a line: put quotes around a text that contains \": \"");
    load_fails("model: a/b\nmodels\n", "2:1: not YAML: a colon and a space were expected after a "
                                       "name (of at most 1,024 characters)");
    load_fails("models:\n\t- x\n", "2:1: not YAML: the line is indented by a tab: use spaces");
    load_fails("models:\n  a: b/c\n d: e/f\n",
               "3:2: not YAML: a name was expected here: indent the line like those before it, and "
               "put quotes around the whole text");
    load_fails("model: \"a/b\nmodels: {}\n", "1:8: not YAML: this quote is not closed");
    load_fails("# caf\xc3\xa9\nmodel: 'caf\xc3\xa9', \"x\n",
               "2:14: not YAML: a name was expected here: indent the line like those before it, "
               "and put quotes around the whole text");
    load_fails("model: @a/b\n", "1:8: not YAML: put quotes around a text that begins with @");
    load_fails("plugins: [*.so]\n",
               "1:11: not YAML: put quotes around a text that begins with * or &");
    load_fails("model: \"a\\qb\"\n", "1:10: not YAML: an unknown escape sequence: write \\\\ for a "
                                     "backslash, or use single quotes");
    load_fails("model: !a b/c\n",
               "1:8: YAML tags are not supported: put quotes around a text that begins with !");
    load_fails("model: a\n---\nmodel: b\n",
               "2:1: a second document begins here, but a configuration must be one document");
}

static void bytes_that_are_no_yaml_say_where(void **state)
{
    (void)state;
    load_fails("model: caf\xe9\n", "1:11: invalid UTF-8");
    load_fails("# a\n# b\n\xff", "3:1: invalid UTF-8");
    load_fails("\xff\xfem\x01o\x01", "1:1: the file is encoded as UTF-16: save it as UTF-8");
    load_fails("# caf\xc3\xa9 \x01\n",
               "1:8: a control character (U+0001), which YAML does not allow");
    load_fails("# a\xe2\x80\xa8model: b/c\n",
               "1:4: a Unicode line separator: write it as \\N, \\L or \\P in double quotes");
    load_fails("\xef\xbb\xbfmodel:\n", "1:1: model must name a model, such as openai/gpt-5-mini");
}

/* Load a file that has `before`, then `n` copies of `text`, then `after`; loading must fail with
 * this message. */
static void load_many(const char *before, const char *text, int n, const char *after,
                      const char *expected)
{
    size_t length = strlen(text), size = strlen(before) + (size_t)n * length + strlen(after) + 1;
    char *yaml = malloc(size), *at = stpcpy(yaml, before);
    for (int i = 0; i < n; i++) at = stpcpy(at, text);
    strcpy(at, after);
    load_fails(yaml, expected);
    free(yaml);
}

static void yaml_that_is_large_or_deep_is_refused(void **state)
{
    (void)state;
    load_many("a: ", "[", 64, "\n", "1:67: lists and maps are nested deeper than 64 levels");
    load_many("", "- ", 65, "a\n", "1:129: lists and maps are nested deeper than 64 levels");
    load_many("a: ", "[", 500000, "\n", "1:67: lists and maps are nested deeper than 64 levels");
    load_many("a: [", "x,", 300000, "]\n",
              "1:524287: the file has more than 262144 names and values");
    load_many("", "%TAG !a! b:\n", 65, "---\n", "65:1: too many lines that begin with %");
}

/* If each name were compared with all others, this would take minutes. */
static void seventy_thousand_names_are_read(void **state)
{
    (void)state;
    enum { NAMES = 70000 };
    char *yaml = malloc(16 * NAMES), *at = yaml;
    for (int i = 0; i < NAMES; i++) at += sprintf(at, "k%d: \n", i);
    load_fails(yaml, "1:1: \"k0\" is not known here; a file has model, providers, models, plugins, "
                     "tools, mcp_servers and serve");
    sprintf(at, "k%d: \n", NAMES / 2);
    load_fails(yaml, "70001:1: \"k35000\" occurs twice here");
    free(yaml);
}

static void what_a_file_may_not_hold_says_where(void **state)
{
    (void)state;
    load_fails("- x\n", "1:1: a configuration must be a map");
    load_fails("modles: {}\n", "1:1: \"modles\" is not known here; did you mean models?");
    load_fails("model: a/b\ntimeout: 5s\n",
               "2:1: \"timeout\" is not known here; a file has model, providers, models, plugins, "
               "tools, mcp_servers and serve");
    load_fails("model:\n", "1:1: model must name a model, such as openai/gpt-5-mini");
    load_fails("model: \"\"\n", "1:8: model must name a model, such as openai/gpt-5-mini");
    load_fails("model: \"a\\0b\"\n", "1:8: model must name a model, such as openai/gpt-5-mini");
    load_fails("model: [a]\n", "1:1: model must name a model, such as openai/gpt-5-mini");
    load_fails("providers: [acme]\n", "1:1: providers must be a map");
    load_fails("providers:\n  acme: fast\n", "2:9: acme must be a map");
    load_fails("providers:\n  acme:\n    \"a\\0b\": x\n", "3:5: a name has a NUL byte in it");
    load_fails("models:\n  fast: {temperature: 1}\n",
               "2:3: fast has no model: add model: PROVIDER/NAME, or another alias");
    load_fails("models:\n  fast:\n",
               "2:3: fast has no model: add model: PROVIDER/NAME, or another alias");
    load_fails("models:\n  fast: {model: acme/x, model_name: y}\n",
               "2:25: model_name can't be set here: write model: PROVIDER/NAME");
    load_fails("models:\n  ? {a: b}\n  : c\n", "1:1: a name was expected here");
    load_fails("model: &m a/b\nmodels: {x: *m}\n", "2:13: YAML aliases are not supported");
}

static void a_bad_value_in_a_file_says_where_and_what_would_fit(void **state)
{
    (void)state;
    load_fails("providers:\n  acme:\n    temperature: hot\n",
               "3:18: temperature: \"hot\" is not a number");
    load_fails("providers:\n  acme: {timeout: 30}\n",
               "2:19: timeout: \"30\" has no unit: write 30s or 30ms");
    load_fails("models:\n  m: {model: acme/x, json_mode: 'maybe'}\n",
               "2:33: json_mode: \"maybe\" is not true or false");
    load_fails("providers:\n  acme:\n    timeout:\n", "3:5: timeout has no value");
    load_fails("providers:\n  acme:\n    timeout: [1s]\n", "3:5: timeout must be one value");
    load_fails("providers:\n  acme:\n    region: {a: b}\n", "3:5: region must be one value");
    load_fails("providers:\n  acme:\n    provider: b\n", "3:5: provider can't be set here");
    load_fails("providers:\n  acme:\n    partial: b\n", "3:5: partial can't be set here");
    load_fails("providers:\n  acme:\n    stop_sequences: [a, [b]]\n",
               "3:5: stop_sequences must be one value");
    load_fails("providers:\n  acme:\n    extra_headers: {A: [b]}\n", "3:21: A must be one value");
    load_fails("providers:\n  acme:\n    extra_body: {a: *b}\n",
               "3:5: extra_body: it can't be converted to JSON: use only maps, lists and single "
               "values, and plain names");
}

static void a_file_that_can_not_be_read_says_why(void **state)
{
    (void)state;
    beluga_error err;
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0);
    assert_int_equal(beluga_config_load_file(config, "/nonexistent/config.yaml", &err),
                     BELUGA_ERROR_NOT_FOUND);
    assert_string_equal(err.message, "/nonexistent/config.yaml: No such file or directory");
    assert_int_equal(beluga_config_load_file(config, "/", &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_string_equal(err.message, "/: Is a directory");
    assert_int_equal(beluga_config_load_file(config, NULL, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_string_equal(err.message, "config or path is NULL");
    write_file("#", 1);
    assert_int_equal(truncate(path, (1 << 20) + 1), 0);
    assert_int_equal(beluga_config_load_file(config, path, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_message(&err, " larger than 1048576 bytes");
    unlink(path);
}

static void there_are_at_most_8_files_and_4096_sections(void **state)
{
    (void)state;
    beluga_error err;
    beluga_config *config = beluga_config_new_n(NULL, 0);
    write_file("model: a/b\n", 11);
    for (int i = 0; i < 8; i++) assert_int_equal(beluga_config_load_file(config, path, &err), 0);
    assert_int_equal(beluga_config_load_file(config, path, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_message(&err, " more than 8 files");
    unlink(path);
    beluga_config_free(config);
    char *many = malloc(100000), *at = many;
    at += sprintf(at, "models:\n");
    for (int i = 0; i < 4097; i++) at += sprintf(at, " m%d: a/b\n", i);
    load_fails_n(many, (size_t)(at - many), "4098:2: more than 4096 sections");
    free(many);
}

static void a_later_file_wins(void **state)
{
    (void)state;
    beluga_error err;
    const char *name, *reference;
    const char *const second = "model: b\nproviders: {acme: {top_k: 2}}\n"
                               "models: {b: acme/second, c: acme/c}\n";
    SCOPED(beluga_config) *config = load("model: a\nproviders: {acme: {top_k: 1, user: u}}\n"
                                         "models: {a: acme/a, b: acme/first}\n");
    write_file(second, strlen(second));
    assert_int_equal(beluga_config_load_file(config, path, &err), 0);
    unlink(path);
    assert_string_equal(beluga_config_default_model(config), "b");
    assert_true(beluga_config_alias(config, 1, &name, &reference));
    assert_string_equal(reference, "acme/second");
    assert_true(beluga_config_alias(config, 2, &name, &reference));
    assert_string_equal(name, "c");
    assert_false(beluga_config_alias(config, 3, &name, &reference));
    SCOPED(beluga_config) *out = resolve(config, NULL);
    DESCRIBED(out, "file", {BELUGA_OPTION_MODEL_NAME, "second"}, {BELUGA_OPTION_TOP_K, "2"},
              {BELUGA_OPTION_USER, "u"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_kept_and_read_back),
        cmocka_unit_test(options_can_be_set_later),
        cmocka_unit_test(a_copy_lives_on_its_own),
        cmocka_unit_test(settings_are_described_as_text),
        cmocka_unit_test(a_description_is_cut_like_snprintf_does),
        cmocka_unit_test(nothing_secret_is_described),
        cmocka_unit_test(a_file_gives_aliases_in_its_order),
        cmocka_unit_test(an_empty_file_says_nothing),
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(bad_yaml_says_where_and_what_to_do),
        cmocka_unit_test(bytes_that_are_no_yaml_say_where),
        cmocka_unit_test(yaml_that_is_large_or_deep_is_refused),
        cmocka_unit_test(seventy_thousand_names_are_read),
        cmocka_unit_test(what_a_file_may_not_hold_says_where),
        cmocka_unit_test(a_bad_value_in_a_file_says_where_and_what_would_fit),
        cmocka_unit_test(a_file_that_can_not_be_read_says_why),
        cmocka_unit_test(there_are_at_most_8_files_and_4096_sections),
        cmocka_unit_test(a_later_file_wins),
    };
    return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}
