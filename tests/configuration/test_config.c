/* Configurations: layers, files, the environment, and what a reference means. */
#include "../support/torture.h"
#include "../support/scoped.h"
#include "../support/small_provider.h"
#include "described.h"
#include "base/mem.h"
#include "config/config.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a registry with a provider that has options of its own ----------------------------------- */

static const beluga_own_option acme_options[] = {
    {.name = "acme.region",
     .meaning = "where",
     .type = BELUGA_OPTION_STRING,
     .variable = "BELUGA_TEST_ACME_REGION"},
    {.name = "acme.level", .meaning = "how", .type = BELUGA_OPTION_INT, .minimum = 1, .maximum = 9},
    {.name = NULL},
};

static const char *const acme_keys[] = {"BELUGA_TEST_ACME_KEY", "BELUGA_TEST_ACME_OLD_KEY", NULL};
static const char *const acme_urls[] = {"BELUGA_TEST_ACME_URL", NULL};

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)emit;
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED, "not for calling");
}

static const beluga_provider acme = {
    SMALL_PROVIDER("acme", start), .default_model = "acme-1",  .options = acme_options,
    .key_variables = acme_keys,    .url_variables = acme_urls, .base_url = "http://acme.example",
};

static beluga_client *client;
static beluga_registry *registry;

static int set_up(void **state)
{
    (void)state;
    beluga_error err = {.message = ""};
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    registry = beluga_client_registry(client);
    if (beluga_registry_register(registry, &acme, &err)) fail_msg("%s", err.message);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    beluga_client_unref(client);
    return 0;
}

/* --- helpers --------------------------------------------------------------------------------- */

static char path[64];

static void write_file(const void *bytes, size_t n)
{
    snprintf(path, sizeof path, "/tmp/beluga-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static beluga_config *load(const char *yaml)
{
    beluga_error err;
    beluga_config *config = beluga_config_new_n(NULL, 0);
    write_file(yaml, strlen(yaml));
    int status = beluga_config_load_file(config, path, &err);
    unlink(path);
    if (status) fail_msg("%s", err.message);
    return config;
}

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
    assert_null(beluga_config_default_model(config)); /* it is as before */
    assert_false(beluga_config_alias(config, 0, &name, &reference));
}

static void load_fails(const char *yaml, const char *text)
{
    load_fails_n(yaml, strlen(yaml), text);
}

static beluga_config *resolve(const beluga_config *config, const char *reference)
{
    beluga_config *out;
    beluga_error err;
    if (beluga_config_resolve(config, registry, reference, &out, &err)) fail_msg("%s", err.message);
    return out;
}

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

/* The same for a fault in the file. */
static void resolve_fails_at(const char *yaml, const char *reference, int code, const char *text)
{
    char expected[400];
    SCOPED(beluga_config) *config = load(yaml);
    snprintf(expected, sizeof expected, "%s:%s", path, text);
    resolve_fails(config, reference, code, expected);
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
    load_fails("models: {a: x\nmodel: b/c\n", "2:6: not YAML: a comma or } is expected here");
    load_fails("plugins: [a b: c, d: {e}\n", "1:10: not YAML: this bracket is not closed");
    load_fails("a: b\n  c: d: e\n", "2:4: not YAML: the line is indented too far, or the one "
                                    "above it has no colon");
    load_fails("models:\n  fast openai/x\n  b: c/d\n",
               "3:4: not YAML: the line is indented too far, or the one above it has no colon");
    load_fails("model: a: b\n",
               "1:9: not YAML: a second colon in a line; quote a text that holds \": \"");
    load_fails("model: a/b\nmodels\n", "2:1: not YAML: a name, of at most 1,024 characters, needs "
                                       "a colon and a space behind it");
    load_fails("models:\n\t- x\n", "2:1: not YAML: a tab indents the line; use spaces");
    load_fails("models:\n  a: b/c\n d: e/f\n",
               "3:2: not YAML: a name is expected here; is the line indented as those before it, "
               "and the text quoted whole?");
    load_fails("model: \"a/b\nmodels: {}\n", "1:8: not YAML: this quote is not closed");
    load_fails("# caf\xc3\xa9\nmodel: 'caf\xc3\xa9', \"x\n",
               "2:14: not YAML: a name is expected here; is the line indented as those before it, "
               "and the text quoted whole?");
    load_fails("model: @a/b\n", "1:8: not YAML: quote a text that begins with @");
    load_fails("plugins: [*.so]\n", "1:11: not YAML: quote a text that begins with * or &");
    load_fails("model: \"a\\qb\"\n", "1:10: not YAML: an unknown escape; write \\\\ for a "
                                     "backslash, or take single quotes");
    load_fails("model: !a b/c\n",
               "1:8: YAML tags are not supported; quote a text that begins with !");
    load_fails("model: a\n---\nmodel: b\n", "2:1: a second document: a configuration is one");
}

static void bytes_that_are_no_yaml_say_where(void **state)
{
    (void)state;
    load_fails("model: caf\xe9\n", "1:11: invalid UTF-8");
    load_fails("# a\n# b\n\xff", "3:1: invalid UTF-8");
    load_fails("\xff\xfem\x01o\x01", "1:1: the file is UTF-16; save it as UTF-8");
    load_fails("# caf\xc3\xa9 \x01\n",
               "1:8: a control character (U+0001), which YAML does not allow");
    load_fails("# a\xe2\x80\xa8model: b/c\n",
               "1:4: a line separator of Unicode; write it as \\N, \\L or \\P in double quotes");
    load_fails("\xef\xbb\xbfmodel:\n", "1:1: model must name a model, such as openai/gpt-5-mini");
}

/* The same text `n` times between two others. */
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
    load_many("a: ", "[", 64, "\n", "1:67: lists and maps deeper than 64 levels");
    load_many("", "- ", 65, "a\n", "1:129: lists and maps deeper than 64 levels");
    load_many("a: ", "[", 500000, "\n", "1:67: lists and maps deeper than 64 levels");
    load_many("a: [", "x,", 300000, "]\n", "1:524287: more than 262144 names and values");
    load_many("", "%TAG !a! b:\n", 65, "---\n", "65:1: too many lines that begin with %");
}

/* They were compared with each other once: that took minutes. */
static void seventy_thousand_names_are_read(void **state)
{
    (void)state;
    enum { NAMES = 70000 };
    char *yaml = malloc(16 * NAMES), *at = yaml;
    for (int i = 0; i < NAMES; i++) at += sprintf(at, "k%d: \n", i);
    load_fails(yaml,
               "1:1: \"k0\" is not known here; a file has model, providers, models and plugins");
    sprintf(at, "k%d: \n", NAMES / 2);
    load_fails(yaml, "70001:1: \"k35000\" is here twice");
    free(yaml);
}

static void what_a_file_may_not_hold_says_where(void **state)
{
    (void)state;
    load_fails("- x\n", "1:1: a configuration must be a map");
    load_fails("modles: {}\n", "1:1: \"modles\" is not known here; did you mean models?");
    load_fails(
        "model: a/b\ntimeout: 5s\n",
        "2:1: \"timeout\" is not known here; a file has model, providers, models and plugins");
    load_fails("model:\n", "1:1: model must name a model, such as openai/gpt-5-mini");
    load_fails("model: \"\"\n", "1:8: model must name a model, such as openai/gpt-5-mini");
    load_fails("model: \"a\\0b\"\n", "1:8: model must name a model, such as openai/gpt-5-mini");
    load_fails("model: [a]\n", "1:1: model must name a model, such as openai/gpt-5-mini");
    load_fails("providers: [acme]\n", "1:1: providers must be a map");
    load_fails("providers:\n  acme: fast\n", "2:9: acme must be a map");
    load_fails("providers:\n  acme:\n    \"a\\0b\": x\n", "3:5: a name holds a NUL byte");
    load_fails("models:\n  fast: {temperature: 1}\n",
               "2:3: fast needs a model: PROVIDER/NAME or another alias");
    load_fails("models:\n  fast:\n", "2:3: fast needs a model: PROVIDER/NAME or another alias");
    load_fails("models:\n  fast: {model: acme/x, model_name: y}\n",
               "2:25: model_name can't be set here; say model: PROVIDER/NAME");
    load_fails("models:\n  ? {a: b}\n  : c\n", "1:1: a name is expected here");
    load_fails("model: &m a/b\nmodels: {x: *m}\n", "2:13: YAML aliases are not supported");
}

static void a_bad_value_in_a_file_says_where_and_what_would_fit(void **state)
{
    (void)state;
    load_fails("providers:\n  acme:\n    temperature: hot\n",
               "3:18: temperature: \"hot\" is not a number");
    load_fails("providers:\n  acme: {timeout: 30}\n",
               "2:19: timeout: \"30\" has no unit; say 30s or 30ms");
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
               "3:5: extra_body: only maps, lists and values with plain names become JSON");
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
    SCOPED(beluga_config) *out = resolve(config, "acme"); /* its default model */
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
                  "no model is named and the configuration has no default: "
                  "name one, such as openai/gpt-5-mini");
}

/* The names go on, as far as they fit. */
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
                  "\"fast\" is no alias, and not written PROVIDER/MODEL; there are acme, ");
    resolve_fails(config, "acme/", BELUGA_ERROR_INVALID_CONFIG,
                  "\"acme/\" names no model after the /");
    resolve_fails(config, "acme:", BELUGA_ERROR_INVALID_CONFIG,
                  "\"acme:\" names no model after the :");
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
                     "3:6: the alias a leads back to itself");
    resolve_fails_at("models:\n  a: a\n", "a", BELUGA_ERROR_INVALID_CONFIG,
                     "2:6: the alias a leads back to itself");
    const char *const chain = "models: {a1: a2, a2: a3, a3: a4, a4: a5, a5: a6, a6: a7, a7: a8, "
                              "a8: acme/end, a0: a1}\n";
    beluga_config *config = load(chain);
    beluga_config *out = resolve(config, "a1");
    described(out, BELUGA_OPTION_MODEL_NAME, "end", "file");
    beluga_config_free(out);
    beluga_config_free(config);
    resolve_fails_at(chain, "a0", BELUGA_ERROR_INVALID_CONFIG,
                     "1:62: a0 leads through more than 8 aliases");
}

static void names_nobody_knows_are_found_when_the_provider_is(void **state)
{
    (void)state;
    const int bad = BELUGA_ERROR_INVALID_CONFIG;
    resolve_fails_at("providers:\n  acme:\n    temprature: 1\n", "acme/m", bad,
                     "3:17: \"temprature\" is neither an option nor one of acme's own; "
                     "did you mean temperature?");
    resolve_fails_at("providers:\n  acme:\n    regoin: eu\n", "acme/m", bad,
                     "3:13: \"regoin\" is neither an option nor one of acme's own; "
                     "did you mean acme.region?");
    resolve_fails_at("models:\n  f: {model: acme/m, xyzzy: 1}\n", "f", bad,
                     "2:29: \"xyzzy\" is neither an option nor one of acme's own");
    /* Sections of other providers are not looked at. */
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
    setenv("BELUGA_TEST_ACME_KEY", "", 1); /* empty is as if it were not set */
    setenv("BELUGA_TEST_ACME_OLD_KEY", "command:touch /nonexistent", 1);
    setenv("BELUGA_TEST_ACME_URL", "http://env.example", 1);
    beluga_config *config =
        load("providers: {acme: {api_key: file-key, base_url: 'http://file.example'}}\n");
    const beluga_option mine[] = {beluga_with_env(), beluga_with_base_url("http://model.example")};
    beluga_config_set_n(config, mine, 2);
    beluga_config *out = resolve(config, "acme/m");
    assert_int_equal(beluga__config_apply_env(out, &acme), 0);
    /* A reference: what the variable holds is never run. */
    described(out, BELUGA_OPTION_API_KEY, "env:BELUGA_TEST_ACME_OLD_KEY", "environment");
    described(out, BELUGA_OPTION_BASE_URL, "http://model.example", "model");
    beluga_config_free(out);
    beluga_config_free(config);
    clear_environment();
}

/* The key that a reference leads to, with every variable set. */
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
