/* Keys of clients: which models a client may call, how often, and how much money it may spend. The
 * test sets the clock. */
#include "base/clock.h"
#include "read_settings.h"
#include "serve/access.h"
#include "told.h"

/* 2026-11-30T23:00:00Z, the last hour of a month. */
#define LATE INT64_C(1796079600)
#define HOUR 3600

/* The only header of a request. http_header stands in for that of the HTTP server. */
static const char *header, *value;

const char *http_header(const http_exchange *x, const char *name)
{
    (void)x;
    return header && strcmp(name, header) == 0 ? value : NULL;
}

static int64_t ms, s = LATE;

static int64_t get_ms(void *payload)
{
    (void)payload;
    return ms;
}

static int64_t get_s(void *payload)
{
    (void)payload;
    return s;
}

static serve_access *access_of(const char *yaml)
{
    serve_settings settings;
    serve_access *access = NULL;
    beluga_error err = {.message = ""};
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    int status = read_settings(yaml, &settings, &err);
    if (!status) status = serve_access_new(&settings, &access, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, 0);
    serve_settings_free(&settings);
    static const serve_access_clock clock = {get_ms, get_s, NULL};
    serve_access_set_clock(access, &clock);
    ms = beluga__now_ms() + 60000;
    return access;
}

static void renew(serve_access *access, const char *yaml)
{
    serve_settings settings;
    beluga_error err;
    assert_int_equal(read_settings(yaml, &settings, &err), 0);
    assert_int_equal(serve_access_renew(access, &settings, &err), 0);
    serve_settings_free(&settings);
}

static int find(serve_access *access, const char *name, const char *text, serve_key **key,
                beluga_error *err)
{
    header = name;
    value = text;
    return serve_access_find(access, NULL, key, err);
}

static serve_key *alice(serve_access *access)
{
    serve_key *key;
    beluga_error err;
    assert_int_equal(find(access, "authorization", "Bearer bk-alice", &key, &err), 0);
    assert_string_equal(serve_key_name(key), "alice");
    return key;
}

#define KEYS        "serve:\n  keys:\n"
#define ALICE(more) "    - {name: alice, sha256: \"" SHA_ALICE "\"" more "}\n"
#define BOB(more)   "    - {name: bob, sha256: \"" SHA_BOB "\"" more "}\n"

static void a_key_lets_its_client_in_by_any_of_three_headers(void **state)
{
    (void)state;
    static const char *const ways[][2] = {{"authorization", "Bearer bk-bob"},
                                          {"authorization", "bearer  bk-bob"},
                                          {"x-api-key", "bk-bob"},
                                          {"api-key", "bk-bob"}};
    serve_access *access = access_of(KEYS ALICE("") BOB(""));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        serve_key *key;
        beluga_error err;
        assert_int_equal(find(access, ways[i][0], ways[i][1], &key, &err), 0);
        assert_string_equal(serve_key_name(key), "bob");
        serve_key_unref(key);
    }
    serve_access_free(access);
}

static void another_key_or_none_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {{"authorization", "Bearer bk-bob"},
                                           {"authorization", "Basic bk-alice"},
                                           {"x-api-key", ""},
                                           {"x-api-key", "bk-alice "},
                                           {"x-api-key", SHA_ALICE},
                                           {"cookie", "bk-alice"}};
    serve_access *access = access_of(KEYS ALICE(""));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        serve_key *key;
        beluga_error err;
        assert_int_equal(find(access, wrong[i][0], wrong[i][1], &key, &err),
                         BELUGA_ERROR_AUTHENTICATION);
        assert_null(key);
        assert_null(strstr(err.message, "bk-"));
    }
    serve_access_free(access);
}

static void without_keys_everybody_may_do_everything(void **state)
{
    (void)state;
    serve_key *key;
    beluga_error err;
    serve_access *access = access_of("serve: {drain: 1s}\n");
    assert_int_equal(find(access, "x-api-key", "bk-bob", &key, &err), 0);
    assert_null(key);
    assert_string_equal(serve_key_name(key), "");
    assert_true(serve_key_may_ask(key, "x") && serve_key_may_see(key));
    assert_int_equal(serve_key_admit(key, 1000, &err), 0);
    serve_key_settle(key, 1000, NULL, -1);
    serve_access_free(access);
}

static void a_key_expires(void **state)
{
    (void)state;
    serve_key *key;
    beluga_error err;
    serve_access *access = access_of(KEYS ALICE(", expires: 2026-11-30"));
    serve_key_unref(alice(access));
    s = LATE + HOUR;
    assert_int_equal(find(access, "api-key", "bk-alice", &key, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(err.message, "the key alice expired at 2026-12-01T00:00:00Z");
    s = LATE;
    serve_access_free(access);
}

static void a_key_asks_the_models_of_its_globs(void **state)
{
    (void)state;
    serve_access *access = access_of(KEYS ALICE(", models: [\"claude*\", fast], page: true"));
    serve_key *key = alice(access);
    assert_true(serve_key_may_ask(key, "claude-x/y"));
    assert_true(serve_key_may_ask(key, "fast"));
    assert_false(serve_key_may_ask(key, "fastest"));
    assert_true(serve_key_may_see(key));
    serve_key_unref(key);
    serve_access_free(access);
}

static void a_request_over_the_limit_waits_for_an_even_refill(void **state)
{
    (void)state;
    beluga_error err;
    serve_access *access = access_of(KEYS ALICE(", requests_per_minute: 2"));
    serve_key *key = alice(access);
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    assert_int_equal(serve_key_admit(key, 1, &err), BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(err.retry_after_ms, 30000);
    ms += 29999;
    assert_int_equal(serve_key_admit(key, 1, &err), BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(err.retry_after_ms, 1);
    ms += 1;
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    serve_key_unref(key);
    serve_access_free(access);
}

static void tokens_are_reserved_and_settled(void **state)
{
    (void)state;
    beluga_error err;
    beluga_usage usage = BELUGA_USAGE_INIT;
    serve_access *access = access_of(KEYS ALICE(", tokens_per_minute: 600"));
    serve_key *key = alice(access);
    assert_int_equal(serve_key_admit(key, 500, &err), 0);
    assert_int_equal(serve_key_admit(key, 200, &err), BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(err.retry_after_ms, 10000);
    usage.input_total = 100;
    usage.output_total = 200; /* 200 tokens fewer than were estimated */
    serve_key_settle(key, 500, &usage, -1);
    assert_int_equal(serve_key_admit(key, 300, &err), 0);
    /* the call was not made, so its 300 tokens are returned */
    serve_key_settle(key, 300, NULL, -1);
    assert_int_equal(serve_key_admit(key, 300, &err), 0);
    usage.output_total = 800; /* 600 more */
    serve_key_settle(key, 300, &usage, -1);
    assert_int_equal(serve_key_admit(key, 60, &err), BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(err.retry_after_ms, 66000);
    serve_key_unref(key);
    serve_access_free(access);
}

static void more_tokens_than_a_minute_has_need_a_full_minute(void **state)
{
    (void)state;
    beluga_error err;
    serve_access *access = access_of(KEYS ALICE(", tokens_per_minute: 600"));
    serve_key *key = alice(access);
    assert_int_equal(serve_key_admit(key, 5000, &err), 0);
    assert_int_equal(serve_key_admit(key, 1, &err), BELUGA_ERROR_RATE_LIMIT);
    serve_key_unref(key);
    serve_access_free(access);
}

static void pay(serve_key *key, double cost)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.input_total = usage.output_total = 1;
    serve_key_settle(key, 0, &usage, cost);
}

static void a_budget_ends_and_is_renewed(void **state)
{
    (void)state;
    beluga_error err;
    serve_access *access = access_of(KEYS ALICE(", budget_per_day: 1, budget_per_month: 3"));
    serve_key *key = alice(access);
    s = LATE - 48 * HOUR;
    pay(key, 0.9);
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    pay(key, 0.3);
    assert_int_equal(serve_key_admit(key, 1, &err), BELUGA_ERROR_BUDGET_EXCEEDED);
    assert_int_equal(err.retry_after_ms, HOUR * 1000);
    assert_string_equal(err.message,
                        "the key alice has spent its budget of 1 US dollars for this day; the "
                        "budget is renewed at 2026-11-29T00:00:00Z");
    s += 24 * HOUR;
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    pay(key, 1.8);
    s += 24 * HOUR;
    assert_int_equal(serve_key_admit(key, 1, &err), BELUGA_ERROR_BUDGET_EXCEEDED);
    assert_non_null(strstr(err.message, "this month; the budget is renewed at 2026-12-01T"));
    s = LATE + HOUR;
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    s = LATE;
    serve_key_unref(key);
    serve_access_free(access);
}

/* Give the object the keys of a shared bucket; `shared` is a configuration that has only these
 * keys. */
static void share(serve_access *access, const serve_settings *settings, const char *shared)
{
    serve_settings keys;
    beluga_error err;
    assert_int_equal(read_settings(shared, &keys, &err), 0);
    assert_int_equal(serve_access_share(access, settings, &keys, &err), 0);
}

static int find_bob(serve_access *access, serve_key **key)
{
    beluga_error err;
    return find(access, "x-api-key", "bk-bob", key, &err);
}

static void shared_keys_hold_beside_those_of_the_file(void **state)
{
    static const char file[] = KEYS ALICE("") "  keys_from: nats://127.0.0.1/keys\n";
    (void)state;
    serve_settings settings;
    serve_key *bob, *again, *other;
    beluga_error err;
    serve_access *access = access_of(file);
    s = LATE;
    assert_int_equal(read_settings(file, &settings, &err), 0);
    share(access, &settings, KEYS BOB(", budget_per_day: 1") ALICE(", models: [none]"));
    assert_int_equal(find_bob(access, &bob), 0);
    pay(bob, 2);
    other = alice(access);
    /* the entry in the file has priority over the entry in the bucket */
    assert_true(serve_key_may_ask(other, "any"));
    renew(access, file);
    assert_int_equal(find_bob(access, &again), 0);
    assert_int_equal(serve_key_admit(again, 1, &err), BELUGA_ERROR_BUDGET_EXCEEDED);
    share(access, &settings, "serve: {}\n");
    serve_key *gone;
    assert_int_equal(find_bob(access, &gone), BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(serve_key_name(bob), "bob"); /* the key that a request holds stays valid */
    share(access, &settings, KEYS BOB(", budget_per_day: 1"));
    assert_int_equal(find_bob(access, &gone), 0);
    assert_int_equal(serve_key_admit(gone, 1, &err), BELUGA_ERROR_BUDGET_EXCEEDED);
    serve_key_unref(gone);
    serve_key_unref(again);
    serve_key_unref(bob);
    serve_key_unref(other);
    serve_settings_free(&settings);
    serve_access_free(access);
}

static void a_bucket_without_keys_lets_nobody_in(void **state)
{
    (void)state;
    serve_key *key;
    serve_access *access = access_of("serve:\n  keys_from: nats://127.0.0.1/keys\n");
    assert_int_equal(find_bob(access, &key), BELUGA_ERROR_AUTHENTICATION);
    assert_null(key);
    serve_access_free(access);
}

static void a_price_that_is_not_known_is_told_once(void **state)
{
    (void)state;
    beluga_error err;
    serve_access *access = access_of(KEYS ALICE(", budget_per_day: 1"));
    serve_key *key = alice(access);
    n_told = 0;
    for (int i = 0; i < 3; i++) pay(key, -1);
    assert_int_equal(n_told, 1);
    assert_non_null(strstr(told, "whose price is not known"));
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    serve_key_unref(key);
    serve_access_free(access);
}

static void what_a_key_has_used_stays_when_the_settings_are_read_anew(void **state)
{
    (void)state;
    beluga_error err;
    serve_key_state is;
    serve_access *access = access_of(KEYS ALICE(", budget_per_day: 1, requests_per_minute: 2"));
    serve_key *old = alice(access);
    assert_int_equal(serve_key_admit(old, 1, &err), 0);
    renew(access, KEYS BOB("") ALICE(", budget_per_day: 2, requests_per_minute: 2"));
    pay(old, 1.5); /* this is the cost of a request that began before the change */
    serve_key_unref(old);
    serve_key *key = alice(access);
    assert_int_equal(serve_key_admit(key, 1, &err), 0);
    assert_int_equal(serve_key_admit(key, 1, &err), BELUGA_ERROR_RATE_LIMIT);
    pay(key, 0.5);
    assert_int_equal(serve_key_admit(key, 1, &err), BELUGA_ERROR_BUDGET_EXCEEDED);
    assert_true(serve_access_state(access, 1, &is));
    assert_string_equal(is.name, "alice");
    assert_int_equal(is.requests, 2);
    assert_int_equal(is.tokens, 4);
    assert_true(is.day == 2 && is.budget_per_day == 2);
    assert_false(serve_access_state(access, 2, &is));
    serve_key_unref(key);
    serve_access_free(access);
}

static void a_key_that_was_taken_away_is_not_let_in(void **state)
{
    (void)state;
    serve_key *key;
    beluga_error err;
    serve_access *access = access_of(KEYS ALICE("") BOB(""));
    renew(access, KEYS BOB(""));
    assert_int_equal(find(access, "api-key", "bk-alice", &key, &err), BELUGA_ERROR_AUTHENTICATION);
    serve_access_free(access);
}

static void ten_thousand_keys_are_found(void **state)
{
    (void)state;
    enum { KEYS_THERE = 10000 };
    serve_key_setting *keys = calloc(KEYS_THERE, sizeof *keys);
    static char names[KEYS_THERE][8];
    for (int i = 0; i < KEYS_THERE; i++) {
        snprintf(names[i], sizeof names[i], "k%d", i);
        keys[i].name = names[i];
        memcpy(keys[i].sha256, &i, sizeof i);
    }
    serve_settings settings = {.keys = keys, .n_keys = KEYS_THERE};
    serve_access *access;
    beluga_error err;
    assert_int_equal(serve_access_new(&settings, &access, &err), 0);
    serve_key *key;
    assert_int_equal(find(access, "api-key", "bk-alice", &key, &err), BELUGA_ERROR_AUTHENTICATION);
    serve_access_free(access);
    free(keys);
}

static void a_new_key_is_let_in_by_the_lines_that_are_printed(void **state)
{
    (void)state;
    char text[2048] = "", key[128];
    beluga_error err;
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_int_equal(serve_new_key("carol", out, &err), 0);
    fclose(out);
    assert_int_equal(sscanf(strstr(text, "bk-"), "%127s", key), 1);
    assert_true(strlen(key) >= 3 + 43);
    serve_access *access = access_of(strstr(text, "serve:\n"));
    serve_key *found;
    assert_int_equal(find(access, "x-api-key", key, &found, &err), 0);
    assert_string_equal(serve_key_name(found), "carol");
    serve_key_unref(found);
    serve_access_free(access);
    assert_int_equal(serve_new_key("a b", stdout, &err), BELUGA_ERROR_INVALID_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_lets_its_client_in_by_any_of_three_headers),
        cmocka_unit_test(another_key_or_none_is_refused),
        cmocka_unit_test(without_keys_everybody_may_do_everything),
        cmocka_unit_test(a_key_expires),
        cmocka_unit_test(a_key_asks_the_models_of_its_globs),
        cmocka_unit_test(a_request_over_the_limit_waits_for_an_even_refill),
        cmocka_unit_test(tokens_are_reserved_and_settled),
        cmocka_unit_test(more_tokens_than_a_minute_has_need_a_full_minute),
        cmocka_unit_test(a_budget_ends_and_is_renewed),
        cmocka_unit_test(a_price_that_is_not_known_is_told_once),
        cmocka_unit_test(shared_keys_hold_beside_those_of_the_file),
        cmocka_unit_test(a_bucket_without_keys_lets_nobody_in),
        cmocka_unit_test(what_a_key_has_used_stays_when_the_settings_are_read_anew),
        cmocka_unit_test(a_key_that_was_taken_away_is_not_let_in),
        cmocka_unit_test(ten_thousand_keys_are_found),
        cmocka_unit_test(a_new_key_is_let_in_by_the_lines_that_are_printed),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
