/* The section `serve` of a configuration: its settings, their defaults, and the errors for
 * mistakes. */
#include "read_settings.h"

#include <beluga/registry.h>

static void accept(const char *yaml, serve_settings *settings)
{
    beluga_error err = {.message = ""};
    int status = read_settings(yaml, settings, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, 0);
}

static void refuse(const char *yaml, const char *expected)
{
    serve_settings settings;
    beluga_error err = {.message = ""};
    assert_int_equal(read_settings(yaml, &settings, &err), BELUGA_ERROR_INVALID_CONFIG);
    /* the message begins with the name of the file, which is not compared */
    const char *told = strchr(err.message, ':');
    assert_non_null(told);
    assert_memory_equal(told + 1, expected, strlen(expected));
    serve_settings_free(&settings);
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    serve_settings s;
    accept("model: mock/echo\n", &s);
    assert_int_equal(s.n_listen, 1);
    assert_string_equal(s.listen[0], "127.0.0.1:4000");
    assert_int_equal(s.failover, SERVE_FAILOVER_FIRST_CONTENT);
    assert_true(s.passthrough && s.page && !s.capture && !s.journal && !s.keys && !s.origins);
    assert_int_equal(s.keep_alive_ms, 15000);
    assert_int_equal(s.http.max_body_bytes, 64 << 20);
    serve_settings_free(&s);
}

static void a_configuration_is_not_needed(void **state)
{
    (void)state;
    serve_settings s;
    assert_int_equal(serve_settings_read(NULL, &s, NULL), 0);
    assert_int_equal(s.n_listen, 1);
    serve_settings_free(&s);
}

static void each_member_is_read(void **state)
{
    (void)state;
    serve_settings s;
    accept("serve:\n"
           "  listen: [\"0.0.0.0:80\", \"unix:/run/beluga.sock\", \"unix:s\"]\n"
           "  default_model: fast\n  stream_failover: hold\n  passthrough: false\n"
           "  keep_alive: 5s\n  timeout: 90\n  drain: 1m\n  max_body: 1MiB\n"
           "  max_connections: 7\n  max_requests: 8\n  cors: {origins: https://a}\n"
           "  journal: stdout\n  capture: true\n  spend: spend.db\n  page: false\n",
           &s);
    assert_int_equal(s.n_listen, 3);
    assert_string_equal(s.listen[1], "unix:/run/beluga.sock");
    assert_string_equal(s.listen[2], "unix:/tmp/s");
    assert_string_equal(s.default_model, "fast");
    assert_int_equal(s.failover, SERVE_FAILOVER_HOLD);
    assert_int_equal(s.keep_alive_ms, 5000);
    assert_int_equal(s.timeout_ms, 90000);
    assert_int_equal(s.drain_ms, 60000);
    assert_int_equal(s.http.max_body_bytes, 1 << 20);
    assert_int_equal(s.http.max_connections, 7);
    assert_int_equal(s.max_requests, 8);
    assert_string_equal(s.origins[0], "https://a");
    assert_null(s.origins[1]);
    assert_string_equal(s.journal, "-");
    assert_string_equal(s.spend, "/tmp/spend.db");
    assert_true(s.capture && !s.passthrough && !s.page);
    serve_settings_free(&s);
}

static void an_address_of_nats_is_no_path(void **state)
{
    static const char *const addresses[] = {"nats://one,two:4223/budgets", "tls://one/budgets"};
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char text[128];
        serve_settings s;
        snprintf(text, sizeof text, "serve:\n  spend: %s\n", addresses[i]);
        accept(text, &s);
        assert_string_equal(s.spend, addresses[i]);
        serve_settings_free(&s);
    }
}

static void keys_may_stand_in_a_bucket(void **state)
{
    (void)state;
    serve_settings s;
    accept("serve:\n  keys_from: nats://one,two:4223/keys\n", &s);
    assert_string_equal(s.keys_from, "nats://one,two:4223/keys");
    assert_int_equal(s.n_keys, 0);
    assert_true(serve_has_keys(&s));
    serve_settings_free(&s);
    accept("serve: {}\n", &s);
    assert_false(serve_has_keys(&s));
    serve_settings_free(&s);
}

/* Record the entries that were reported, and the reasons. */
static void note_fault(void *payload, size_t index, const char *message)
{
    char *told = payload;
    size_t n = strlen(told);
    snprintf(told + n, 2048 - n, "%zu: %s\n", index, message);
}

static void entries_of_a_bucket_are_read_one_by_one(void **state)
{
    static const char *const entries[][2] = {
        {"alice", "{\"sha256\":\"" SHA_ALICE "\",\"models\":[\"a*\"],\"budget_per_day\":5}"},
        {"a b", "{\"sha256\":\"" SHA_BOB "\"}"},
        {"secret", "{\"sha256\":\"bk-secret\"}"},
        {"none", "{}"},
        {"list", "[]"},
        {"cut", "{\"sha256\":"},
        {"empty", ""},
        {"other", "{\"name\":\"bob\",\"sha256\":\"" SHA_BOB "\"}"},
        {"bob", "{\"name\":\"bob\",\"sha256\":\"" SHA_BOB "\",\"page\":true}"},
    };
    enum { COUNT = sizeof entries / sizeof *entries };
    serve_key_text texts[COUNT];
    char told[2048] = "";
    serve_settings s;
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        texts[i] = (serve_key_text){entries[i][0], entries[i][1], strlen(entries[i][1])};
    assert_int_equal(serve_keys_read(texts, COUNT, &s, note_fault, told), 0);
    assert_int_equal(s.n_keys, 2);
    assert_string_equal(s.keys[0].name, "alice");
    assert_string_equal(s.keys[0].models[0], "a*");
    assert_true(s.keys[0].budget_per_day == 5 && !s.keys[0].page);
    assert_string_equal(s.keys[1].name, "bob");
    assert_true(s.keys[1].page && !s.keys[1].models);
    assert_int_equal(s.keys[1].sha256[0], 0xdc);
    static const char *const wanted[] = {
        "1: a key's name must have",  "2: sha256 must be the SHA-256 of the key",
        "3: it has no sha256",        "4: it is not a JSON object",
        "5: it is not a JSON object", "6: it is not a JSON object",
        "7: its name differs from",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strstr(told, wanted[i])) fail_msg("no \"%s\" in %s", wanted[i], told);
    assert_null(strstr(told, "0: "));
    assert_null(strstr(told, "8: "));
    assert_null(strstr(told, "bk-secret"));
    serve_settings_free(&s);
}

static void a_key_is_read(void **state)
{
    (void)state;
    serve_settings s;
    accept("serve:\n  keys:\n"
           "    - name: alice\n      sha256: \"" SHA_ALICE "\"\n      models: [claude*, fast]\n"
           "      requests_per_minute: 60\n      tokens_per_minute: 1000\n"
           "      budget_per_day: 0.5\n      budget_per_month: 10\n      expires: 2027-01-31\n"
           "      page: true\n"
           "    - {name: bob, sha256: \"" SHA_BOB "\", expires: \"2027-01-31T12:00:00Z\"}\n",
           &s);
    assert_int_equal(s.n_keys, 2);
    const serve_key_setting *k = s.keys;
    assert_string_equal(k[0].name, "alice");
    assert_int_equal(k[0].sha256[0],
                     strtol((const char[]){SHA_ALICE[0], SHA_ALICE[1], 0}, NULL, 16));
    assert_string_equal(k[0].models[1], "fast");
    assert_int_equal(k[0].requests_per_minute, 60);
    assert_int_equal(k[0].tokens_per_minute, 1000);
    assert_true(k[0].budget_per_day == 0.5 && k[0].budget_per_month == 10 && k[0].page);
    assert_int_equal(k[0].expires_s, 1801440000); /* the end of that day */
    assert_int_equal(k[1].expires_s, 1801396800);
    assert_null(k[1].models);
    serve_settings_free(&s);
}

static void a_mistake_is_told_with_its_place(void **state)
{
    (void)state;
#define KEY "serve:\n  keys:\n    - name: alice\n      sha256: \"" SHA_ALICE "\"\n"
    static const struct {
        const char *yaml, *told;
    } mistakes[] = {
        {"serve:\n  drian: 3s\n", "2:3: \"drian\" is not known here; did you mean drain?"},
        {"serve:\n  foo: 3s\n",
         "2:3: \"foo\" is not known here; serve has the members listen, default_model,"},
        {"serve:\n  drain: soon\n", "2:10: drain must be a time up to 24h, such as 30s"},
        {"serve:\n  listen: 4000\n", "2:11: listen must be a string"},
        {"serve:\n  listen: localhost\n", "2:11: \"localhost\" is not an address: write HOST:"},
        {"serve:\n  max_body: 2GB\n", "2:13: max_body must be a size up to 1024MiB"},
        {"serve:\n  max_requests: 0\n",
         "2:17: max_requests must be a whole number from 1 to 1000000"},
        {"serve:\n  passthrough: maybe\n", "2:16: passthrough must be true or false"},
        {"serve:\n  stream_failover: on\n",
         "2:20: stream_failover must be off, first_content or hold"},
        {"serve:\n  cors: x\n", "2:9: cors must be a map: {origins:"},
        {"serve:\n  cors: {origins: [chat.example]}\n",
         "2:10: \"chat.example\" is not an origin: write what a"},
        {"serve:\n  cors: {origins: ['https://a/']}\n",
         "2:10: \"https://a/\" is not an origin: write what"},
        {"serve:\n  cors: {origin: x}\n", "2:10: \"origin\" is not known here; did you mean"},
        {"serve:\n  keys_from: keys.db\n", "2:14: keys_from must be the address of a NATS bucket"},
        {"serve:\n  keys_from: ''\n",
         "2:14: keys_from must not be empty: write, for example, nats://"},
        {"serve:\n  keys: x\n", "2:9: keys must be a list of at most 10000 maps"},
        {"serve:\n  keys: [x]\n", "2:10: a key must be a map with name and sha256"},
        {"serve:\n  keys:\n    - name: \"a b\"\n      sha256: \"" SHA_BOB "\"\n",
         "3:13: a key's name must have 1 to 64 of A-Z a-z 0-9"},
        {"serve:\n  keys:\n    - {name: a, sha256: bk-secret}\n",
         "3:25: sha256 must be the SHA-256 of the key, 64 hexadecimal digits in quotes, and never "
         "the"},
        {"serve:\n  keys:\n    - {name: a}\n", "3:8: this key has no sha256"},
        {KEY "      models: []\n", "5:7: models must have 1 to 1000 items"},
        {KEY "      models: [3]\n", "5:16: models must be a string"},
        {KEY "      expires: 2027-02-31\n", "5:16: expires must be the key's last day"},
        {KEY "      budget_per_day: 0\n", "5:23: budget_per_day must be a number of US dollars"},
        {KEY "      model: x\n", "5:7: \"model\" is not known here; did you mean models?"},
        {KEY "    - {name: alice, sha256: \"" SHA_BOB "\"}\n", "5:14: two keys are named alice"},
        {KEY "    - {name: bob, sha256: \"" SHA_ALICE "\"}\n",
         "5:27: the key alice has the same sha256"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        refuse(mistakes[i].yaml, mistakes[i].told);
}

static void a_key_that_stands_in_place_of_its_hash_is_not_shown(void **state)
{
    (void)state;
    serve_settings s;
    beluga_error err;
    assert_int_not_equal(read_settings("serve: {keys: [{name: a, sha256: bk-secret}]}\n", &s, &err),
                         0);
    assert_null(strstr(err.message, "secret"));
    serve_settings_free(&s);
}

static void of_two_files_the_later_wins(void **state)
{
    (void)state;
    char first[] = "/tmp/beluga-serve-XXXXXX", second[] = "/tmp/beluga-serve-XXXXXX";
    serve_settings s;
    beluga_error err;
    make_file(first, "serve: {drain: 1s, timeout: 2s, keys: [{name: a, sha256: \"" SHA_ALICE
                     "\"}, {name: b, sha256: \"" SHA_BOB "\"}]}\n");
    make_file(second, "serve: {drain: 3s, keys: [{name: c, sha256: \"" SHA_ALICE "\"}]}\n");
    beluga_config *config = beluga_config_new_n(NULL, 0);
    assert_int_equal(beluga_config_load_file(config, first, &err), 0);
    assert_int_equal(beluga_config_load_file(config, second, &err), 0);
    assert_int_equal(serve_settings_read(config, &s, &err), 0);
    assert_int_equal(s.drain_ms, 3000);
    assert_int_equal(s.timeout_ms, 2000);
    assert_int_equal(s.n_keys, 1);
    assert_string_equal(s.keys[0].name, "c");
    serve_settings_free(&s);
    beluga_config_free(config);
    unlink(first);
    unlink(second);
}

static void check(void *payload, const beluga_config *config, beluga_config_checking *checking)
{
    (void)payload;
    serve_settings_check(config, checking);
}

static void note(void *payload, const beluga_config_problem *problem)
{
    char *text = payload;
    snprintf(text + strlen(text), 1024 - strlen(text), "%d:%d ", problem->line, problem->column);
}

static void a_check_tells_all_mistakes(void **state)
{
    (void)state;
    char path[] = "/tmp/beluga-serve-XXXXXX", told[1024] = "";
    size_t errors = 0;
    make_file(path, "serve:\n  drain: x\n  keys:\n    - {name: a, sha256: 1}\n    - {name: \"\"}\n"
                    "  page: 3\n");
    assert_int_equal(beluga_config_check_sections(beluga_registry_default(), path, check, note,
                                                  told, &errors, NULL),
                     0);
    assert_string_equal(told, "2:10 4:25 5:8 5:14 6:9 ");
    assert_int_equal(errors, 5);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(a_configuration_is_not_needed),
        cmocka_unit_test(each_member_is_read),
        cmocka_unit_test(an_address_of_nats_is_no_path),
        cmocka_unit_test(keys_may_stand_in_a_bucket),
        cmocka_unit_test(entries_of_a_bucket_are_read_one_by_one),
        cmocka_unit_test(a_key_is_read),
        cmocka_unit_test(a_mistake_is_told_with_its_place),
        cmocka_unit_test(a_key_that_stands_in_place_of_its_hash_is_not_shown),
        cmocka_unit_test(of_two_files_the_later_wins),
        cmocka_unit_test(a_check_tells_all_mistakes),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
