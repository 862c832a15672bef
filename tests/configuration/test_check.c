/* The check of a configuration file, which reports all faults of the file at once. */
#include "../support/torture.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "sk-4f1dC0ffee5ecret"

static char path[64];

typedef struct findings {
    /* the findings as lines: "line:column: message", with a W for a warning */
    char text[128 * 1024];
    size_t length, errors, warnings;
} findings;

static void hear(void *payload, const beluga_config_problem *p)
{
    findings *f = payload;
    bool warning = p->severity == BELUGA_SEVERITY_WARNING;
    assert_int_equal(p->size, sizeof *p);
    assert_string_equal(p->path, path);
    int n = snprintf(f->text + f->length, sizeof f->text - f->length, "%s%d:%d: %s\n",
                     warning ? "W" : "", p->line, p->column, p->message);
    f->length += (size_t)n;
    assert_true(f->length < sizeof f->text);
    *(warning ? &f->warnings : &f->errors) += 1;
}

static void write_n(const void *bytes, size_t n, mode_t mode)
{
    snprintf(path, sizeof path, "/tmp/beluga-check-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Compare two texts line by line. If an expected line ends in *, only the text before the * is
 * compared. */
static void assert_lines(const char *text, const char *expected)
{
    const char *whole = text, *wanted = expected;
    while (*text && *expected) {
        size_t n = strcspn(text, "\n"), m = strcspn(expected, "\n");
        bool open = m && expected[m - 1] == '*';
        if (open ? n < m - 1 || memcmp(text, expected, m - 1) : n != m || memcmp(text, expected, n))
            break;
        text += n + 1;
        expected += m + 1;
    }
    if (*text || *expected) fail_msg("\n%s\nis not\n%s", whole, wanted);
}

static void check_mode(const char *yaml, mode_t mode, const char *expected)
{
    static findings f;
    beluga_error err;
    size_t errors = 99;
    memset(&f, 0, sizeof f);
    write_n(yaml, strlen(yaml), mode);
    int status = beluga_config_check_file(beluga_registry_default(), path, hear, &f, &errors, &err);
    unlink(path);
    if (status) fail_msg("%s", err.message);
    assert_lines(f.text, expected);
    assert_int_equal(errors, f.errors);
    assert_null(strstr(f.text, SECRET));
}

/* Check a file that has more errors than are reported: the count has all `n` errors. */
static void check_counting(const char *yaml, size_t n, const char *expected)
{
    static findings f;
    size_t errors = 0;
    memset(&f, 0, sizeof f);
    write_n(yaml, strlen(yaml), 0600);
    assert_int_equal(
        beluga_config_check_file(beluga_registry_default(), path, hear, &f, &errors, NULL), 0);
    unlink(path);
    assert_lines(f.text, expected);
    assert_int_equal(errors, n);
}

static void check(const char *yaml, const char *expected)
{
    check_mode(yaml, 0600, expected);
}

/* ---- faults that are found while the file is read -------------------------------------------- */

static void a_good_file_has_no_problems(void **state)
{
    (void)state;
    setenv("BELUGA_TEST_SET", "x", 1);
    check("", "");
    check("model: fast\n"
          "providers:\n"
          "  openai: {api_key: env:BELUGA_TEST_SET, timeout: 60s, organization: o}\n"
          "  mine:\n"
          "    base: llama-server\n"
          "    base_url: http://127.0.0.1:8080/v1\n"
          "    api_key: 'command:pass show mine'\n"
          "    headers: {X-Team: blue, X-Token: env:BELUGA_TEST_SET, X-None: null}\n"
          "    body: {a: {b: null}}\n"
          "    models: {small: Qwen/Qwen3-0.6B}\n"
          "    model: small\n"
          "models:\n"
          "  fast: {model: mine/small, temperature: 0.2}\n"
          "  best: openai/gpt-5\n",
          "");
    unsetenv("BELUGA_TEST_SET");
}

static void all_problems_are_told_in_one_run(void **state)
{
    (void)state;
    check("modle: x\n"
          "model: \"\"\n"
          "providers:\n"
          "  openai:\n"
          "    temperature: hot\n"
          "    timeout: 30\n"
          "    user: [a]\n"
          "    partial: x\n"
          "    organisation: x\n"
          "    temprature: 1\n"
          "  acme: {base: opnai}\n"
          "  groq: fast\n"
          "models:\n"
          "  a: {temperature: 3, model: nobody/x}\n"
          "  b: {temperature: 3}\n"
          "  c: {model: openai/x, model_name: y, base: groq, seed: '*'}\n"
          "other: 1\n",
          "1:1: \"modle\" is not known here; did you mean model?\n"
          "2:8: model must name a model, such as openai/gpt-5-mini\n"
          "5:18: temperature: \"hot\" is not a number\n"
          "6:14: timeout: \"30\" has no unit: write 30s or 30ms\n"
          "7:5: user must be one value\n"
          "8:5: partial can't be set here\n"
          "9:19: \"organisation\" is neither a common option nor an option of openai; did you mean "
          "openai.organization?\n"
          "10:17: \"temprature\" is neither a common option nor an option of openai; did you mean "
          "temperature?\n"
          "11:16: the base of acme, \"opnai\", is not a provider; did you mean openai? *\n"
          "12:9: groq must be a map\n"
          "14:20: temperature must be 0 to 2 (is 3)\n"
          "14:30: no provider is named \"nobody\"; there are *\n"
          "15:3: b has no model: add model: PROVIDER/NAME, or another alias\n"
          "15:20: temperature must be 0 to 2 (is 3)\n"
          "16:24: model_name can't be set here: write model: PROVIDER/NAME\n"
          "16:39: base can't be set for a model: set it for its provider\n"
          "16:57: seed: \"*\" is not a whole number\n"
          "17:1: \"other\" is not known here; a file has model, providers, models, plugins, tools, "
          "mcp_servers and serve\n");
}

static void a_misspelt_provider_hides_nothing_of_its_entry(void **state)
{
    (void)state;
    check("providers:\n"
          "  mine: {base: opanai, base_url: 'http://127.0.0.1:1', tempurature: 1, temperature: 9}\n"
          "  other: {base: opanai, organization: a, openai.organization: b, openai.nothing: c}\n"
          "  mystery: {zzz: 1}\n"
          "models:\n"
          "  a: {model: opanai/x, tempurature: 1, seed: 1}\n"
          "  b: {model: mine/x, timeuot: 3s}\n"
          "  c: {model: , zzz: 1}\n"
          "  d: {modl: mine/x}\n",
          "2:16: the base of mine, \"opanai\", is not a provider; did you mean openai?*\n"
          "2:69: \"tempurature\" is neither a common option nor an option of any provider; did you "
          "mean temperature?\n"
          "2:85: temperature must be 0 to 2 (is 9)\n"
          "3:17: the base of other, \"opanai\", is not a provider; did you mean openai?*\n"
          "3:82: \"openai.nothing\" is neither a common option nor an option of any provider\n"
          "4:3: no provider is named \"mystery\"*\n"
          "4:18: \"zzz\" is neither a common option nor an option of any provider*\n"
          "6:14: no provider is named \"opanai\"; did you mean openai?*\n"
          "6:37: \"tempurature\" is neither a common option nor an option of any provider; did you "
          "mean temperature?\n"
          "7:31: \"timeuot\" is neither a common option nor an option of any provider; did you "
          "mean timeout?\n"
          "8:7: model must name a model*\n"
          "8:21: \"zzz\" is neither a common option nor an option of any provider*\n"
          "9:3: d has no model*\n"
          "9:13: \"modl\" is neither a common option nor an option of any provider; did you mean "
          "model?\n");
}

static void names_that_are_there_twice_are_all_told(void **state)
{
    (void)state;
    check("model: openai/a\n"
          "model: openai/b\n"
          "providers:\n"
          "  openai: {user: a, user: b}\n"
          "  openai: {extra_body: {l: [{x: 1, x: 2}], y: 1}}\n",
          "2:1: \"model\" occurs twice here\n"
          "4:21: \"user\" occurs twice here\n"
          "5:3: \"openai\" occurs twice here\n"
          "5:36: \"x\" occurs twice here\n");
}

static void what_is_not_yaml_is_told_with_its_place(void **state)
{
    (void)state;
    check("models: {a: [x\n", "1:13: not YAML: this bracket is not closed\n");
    check("model: caf\xe9\n", "1:11: invalid UTF-8\n");
    check("model: a\n---\nmodel: b\n",
          "2:1: a second document begins here, but a configuration must be one document\n");
    check("- x\n", "1:1: a configuration must be a map\n");
}

static void a_thousand_problems_are_told_and_the_others_counted(void **state)
{
    (void)state;
    static char yaml[64 * 1024], expected[64 * 1024];
    size_t n = 0, m = 0;
    for (int i = 1; i <= 1200; i++) {
        n += (size_t)sprintf(yaml + n, "x%d: 1\n", i);
        if (i <= 1000)
            m += (size_t)sprintf(expected + m, "%d:1: \"x%d\" is not known here*\n", i, i);
    }
    sprintf(expected + m, "1000:1: and 200 more problems, which are not listed\n");
    check_counting(yaml, 1200, expected);
}

/* ---- faults found by providers --------------------------------------------------------------- */

static void values_out_of_range_have_their_place(void **state)
{
    (void)state;
    check("providers:\n"
          "  mock: {latency_ms: -1, words: x}\n"
          "  mine:\n"
          "    base: openai\n"
          "    base_url: ftp://host\n"
          "    user_agent: \"a\\rb\"\n"
          "    max_retries: 11\n"
          "    headers: {'X Team': a, X-B: \"a\\nb\"}\n"
          "    body: '[1]'\n"
          "    models: {a: ''}\n"
          "    extra_body: '{'\n",
          "2:22: mock.latency_ms must be 0 to 86400000 (is -1)\n"
          "2:33: \"words\" is neither a common option nor an option of mock; did you mean "
          "mock.error_after_words?\n"
          "5:15: base_url must begin with http:// or https://\n"
          "6:17: user_agent: \\r at byte 1 can't be sent in a header\n"
          "7:18: max_retries must be 0 to 10 (is 11)\n"
          "8:25: headers: item 0 is not \"Name: value\"\n"
          "8:33: headers: item 0: \\n"
          " at byte 6 can't be sent in a header\n"
          "9:11: body is not a JSON object\n"
          "10:17: models: item 0 is not \"alias=name\"\n"
          "11:17: extra_body: malformed JSON at byte 1: *\n");
}

static void an_address_that_can_not_be_sent_has_its_place(void **state)
{
    (void)state;
    check("providers:\n"
          "  one: {base: openai, base_url: 'http://h/v1#x'}\n"
          "  two: {base: openai, base_url: 'http://h/a/../b'}\n"
          "  three: {base: openai, base_url: 'http://h/a b'}\n"
          "  four: {base: openai, base_url: 'http://h/v1', headers: {Host: other}}\n",
          "2:33: base_url: \"#\" at byte 11 begins a fragment, which is never sent: remove it\n"
          "3:33: base_url has \".\" or \"..\" in its path: write the path without them\n"
          "4:35: base_url: a space at byte 10 can't be part of a URL\n"
          "5:65: headers: item 0: Host can't be set: it follows from base_url\n");
}

static void models_to_fall_back_to_must_be_there(void **state)
{
    (void)state;
    check("providers:\n"
          "  mine: {base: mock, fallback: [other/x, mock/x, fast]}\n"
          "models:\n"
          "  fast: {model: mine/x, fallback: [mime/x]}\n",
          "2:33: no provider is named \"other\"; *\n"
          "4:36: no provider is named \"mime\"; did you mean mine?\n");
    check("providers:\n"
          "  openai: {breaker_failures: 3}\n"
          "models:\n"
          "  a: {model: openai/x, breaker_probes: 2}\n"
          "  b: {model: mock/x, breaker_probes: 2}\n",
          "5:3: breaker_probes has no effect without breaker_failures\n");
}

static void a_fault_that_many_lead_to_is_told_once(void **state)
{
    (void)state;
    check("model: a\n"
          "providers:\n"
          "  one: {base: two}\n"
          "  two: {base: one}\n"
          "models:\n"
          "  a: one/x\n"
          "  b: a\n"
          "  c: d\n"
          "  d: c\n",
          "3:15: the base of one, two, has a base itself: name a provider without one\n"
          "4:15: the base of two, one, has a base itself: name a provider without one\n"
          "8:6: the alias d refers to itself, directly or through others\n"
          "9:6: the alias c refers to itself, directly or through others\n");
}

/* --- secrets ---------------------------------------------------------------------------------- */

static void references_that_lead_nowhere_are_told(void **state)
{
    (void)state;
    unsetenv("BELUGA_TEST_UNSET");
    check("providers:\n"
          "  openai: {api_key: env:BELUGA_TEST_UNSET}\n"
          "  groq: {api_key: file:/nonexistent/key}\n"
          "  xai: {api_key: file:/tmp, headers: {X-A: 'command: ', X-B: 'env:'}}\n",
          "W2:21: api_key: the variable BELUGA_TEST_UNSET is not set\n"
          "3:19: api_key: the file /nonexistent/key can't be read: No such file or directory\n"
          "4:18: api_key: /tmp is a directory\n"
          "4:44: headers: X-A: \"command:\" is not followed by a command\n"
          "4:62: headers: X-B: \"env:\" is not followed by the name of a variable\n");
}

#define IN_CLEAR " there is a secret in clear text here; "
#define WRITE    "env:NAME, file:PATH or command:COMMAND\n"
#define PUT      IN_CLEAR "put it into a variable, a file or a password store, and write " WRITE

static void a_secret_in_clear_is_told_and_never_shown(void **state)
{
    (void)state;
    static const char yaml[] =
        "providers:\n"
        "  openai: {api_key: " SECRET "}\n"
        "  groq: {api_key: x, proxy: 'http://u:" SECRET "@h', headers: {Authorization: " SECRET
        "}}\n"
        "  xai: {extra_headers: {X-Api-Key: " SECRET ", X-Team: a-long-enough-name}}\n"
        "  ollama: {base_url: 'http://u:" SECRET "@h'}\n";
    static const char told[] =
        "W2:21: api_key:" PUT "W3:29: proxy:" IN_CLEAR "put it into the variable HTTPS_PROXY\n"
        "W3:88: headers: Authorization:" PUT "W4:36: extra_headers: X-Api-Key:" IN_CLEAR
        "put it under headers, as " WRITE "W5:22: base_url:" IN_CLEAR
        "put it into api_key or under headers, as " WRITE;
    char all[sizeof told + 128];
    check(yaml, told);
    const char *second = strchr(told, '\n') + 1;
    snprintf(all, sizeof all,
             "%.*sW2:21: others may read this file and the secret in it (its mode is 644): set it "
             "with chmod 600\n"
             "%s",
             (int)(second - told), told, second);
    check_mode(yaml, 0644, all);
}

static int load(mode_t mode, const char *yaml, char text[1024])
{
    beluga_error err = {.message = ""};
    beluga_config *config = beluga_config_new_n(NULL, 0);
    write_n(yaml, strlen(yaml), mode);
    int status = beluga_config_load_file(config, path, &err);
    unlink(path);
    beluga_config_free(config);
    snprintf(text, 1024, "%s", err.message);
    return status;
}

/* A file that names programs is refused if other users may write to it, since they could run any
 * program as the user who reads it. */
static void a_file_that_names_programs_is_its_readers_alone(void **state)
{
    (void)state;
    static const char *const running[] = {
        "providers:\n  openai: {api_key: \"command:echo key\"}\n",
        "providers:\n  openai: {headers: {X-A: \"command:echo key\"}}\n",
        "models: {a: {model: mock/a, headers: [\"X-A:  command:echo key\"]}}\n",
        "plugins: /usr/lib/parrot.so\n"};
    char text[1024];
    for (size_t i = 0; i < sizeof running / sizeof *running; i++) {
        assert_int_equal(load(0644, running[i], text), 0);
        assert_int_equal(load(0646, running[i], text), BELUGA_ERROR_INVALID_CONFIG);
        assert_non_null(strstr(text, "this setting runs a program, but others may change the file: "
                                     "everybody may write to it: forbid it with chmod o-w"));
        assert_int_equal(load(0664, running[i], text), BELUGA_ERROR_INVALID_CONFIG);
        assert_non_null(strstr(text, "chmod g-w"));
    }
    check_mode(running[3], 0666,
               "W1:1: others may write to this file, and so choose where prompts and keys are sent "
               "(its mode is 666): set it with chmod go-w\n"
               "1:10: this setting runs a program, but others may change the file: everybody may "
               "write to it: forbid it with chmod o-w\n");
}

static void a_file_that_runs_nothing_may_be_anybodys(void **state)
{
    (void)state;
    char text[1024];
    assert_int_equal(load(0666, "providers: {openai: {api_key: \"env:command:\"}}\n", text), 0);
    check_mode("model: mock/a\n", 0620,
               "W1:1: others may write to this file, and so choose where prompts and keys are sent "
               "(its mode is 620): set it with chmod go-w\n");
}

static void a_file_of_a_key_that_others_may_read_is_told(void **state)
{
    (void)state;
    char yaml[256], told[256], key[64] = "/tmp/beluga-check-key-XXXXXX";
    int fd = mkstemp(key);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0640), 0);
    close(fd);
    snprintf(yaml, sizeof yaml, "providers: {openai: {api_key: 'file:%s'}}\n", key);
    snprintf(told, sizeof told,
             "W1:31: api_key: others may read or write the file %s (its mode is 640): set it with "
             "chmod 600\n",
             key);
    check(yaml, told);
    assert_int_equal(chmod(key, 0600), 0);
    check(yaml, "");
    unlink(key);
}

static void the_bases_own_address_wants_a_key(void **state)
{
    (void)state;
    check("providers:\n"
          "  a: {base: openai}\n"
          "  b: {base: openai, api_key: x}\n"
          "  c: {base: vllm}\n",
          "W2:3: a goes to openai's address without a key: set api_key, or another base_url\n");
}

/* --- no file ---------------------------------------------------------------------------------- */

static void a_file_that_is_not_there_is_an_error_of_the_check(void **state)
{
    (void)state;
    beluga_error err;
    findings f = {.length = 0};
    beluga_registry *registry = beluga_registry_default();
    assert_int_equal(
        beluga_config_check_file(registry, "/nonexistent/beluga.yaml", hear, &f, NULL, &err),
        BELUGA_ERROR_NOT_FOUND);
    assert_string_equal(err.message, "/nonexistent/beluga.yaml: No such file or directory");
    assert_int_equal(beluga_config_check_file(registry, NULL, hear, &f, NULL, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_int_equal(f.length, 0);
}

static void ignore(void *payload, const beluga_config_problem *problem)
{
    (void)payload;
    (void)problem;
}

static int check_once(void *argument)
{
    beluga_error err;
    return beluga_config_check_file(beluga_registry_default(), argument, ignore, NULL, NULL, &err);
}

static void checks_survive_every_failed_allocation(void **state)
{
    (void)state;
    static const char yaml[] =
        "model: a\n"
        "providers: {mine: {base: openai, api_key: k, organization: o, x: 1, "
        "headers: {A: b}, body: {a: 1}}, two: {base: mine}}\n"
        "models: {a: b, b: mine/x, c: none/y}\n";
    write_n(yaml, sizeof yaml - 1, 0600);
    /* the first run makes the objects that are made only once */
    assert_int_equal(check_once(path), 0);
    assert_true(torture_run(check_once, path) > 10);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_has_no_problems),
        cmocka_unit_test(all_problems_are_told_in_one_run),
        cmocka_unit_test(names_that_are_there_twice_are_all_told),
        cmocka_unit_test(what_is_not_yaml_is_told_with_its_place),
        cmocka_unit_test(a_thousand_problems_are_told_and_the_others_counted),
        cmocka_unit_test(values_out_of_range_have_their_place),
        cmocka_unit_test(an_address_that_can_not_be_sent_has_its_place),
        cmocka_unit_test(models_to_fall_back_to_must_be_there),
        cmocka_unit_test(a_fault_that_many_lead_to_is_told_once),
        cmocka_unit_test(references_that_lead_nowhere_are_told),
        cmocka_unit_test(a_misspelt_provider_hides_nothing_of_its_entry),
        cmocka_unit_test(a_secret_in_clear_is_told_and_never_shown),
        cmocka_unit_test(a_file_of_a_key_that_others_may_read_is_told),
        cmocka_unit_test(a_file_that_names_programs_is_its_readers_alone),
        cmocka_unit_test(a_file_that_runs_nothing_may_be_anybodys),
        cmocka_unit_test(the_bases_own_address_wants_a_key),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error_of_the_check),
        cmocka_unit_test(checks_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
