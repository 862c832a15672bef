/* How much keys have spent, kept in a bucket of a real NATS server. */
#include "../queue/servers.h"
#include "base/thread.h"
#include "queue/nats_library.h"
#include "serve/spend.h"
#include "told.h"

#include <beluga/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* 2026-11-30T23:00:00Z, the last hour of a month. */
#define LATE        INT64_C(1796079600)
#define HOUR        3600
#define DAY         (24 * HOUR)
#define GENEROUS_MS 60000
#define STEP_MS     50

static void start(void)
{
    beluga_error err;
    *told = '\0';
    if (!nats_load(&err)) {
        print_message("# %s\n", err.message);
        skip();
    }
    servers_start(&nats, 1, NULL);
}

static spend *open_bucket(void)
{
    spend *s;
    beluga_error err = {.message = ""};
    int status = spend_new(nats_at("budgets", NULL), &s, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, 0);
    return s;
}

/* Open a store with an account for "alice". */
static spend *open_for(spend_account *alice, int64_t now_s)
{
    spend *s = open_bucket();
    *alice = (spend_account){.name = "alice"};
    spend_join(s, alice, now_s);
    return s;
}

static void pay(spend *s, spend_account *account, int64_t now_s, double cost)
{
    spend_add(s, account, now_s, &(spend_sum){1, 10, 5, cost});
}

static void nap(void)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    nanosleep(&step, NULL);
}

/* Wait until the store reports this spending. */
static void wait_for(spend *s, spend_account *account, int64_t now_s, double day, double month)
{
    double d = -1, m = -1;
    for (int waited = 0; waited < GENEROUS_MS; waited += STEP_MS) {
        spend_get(s, account, now_s, &d, &m);
        if (d == day && m == month) return;
        nap();
    }
    fail_msg("%.17g of the day and %.17g of the month, not %g and %g", d, m, day, month);
}

/* Wait until the store reports that it fails, or that it works again. */
static void wait_for_failure(spend *s, bool fails)
{
    for (int waited = 0; waited < GENEROUS_MS; waited += STEP_MS) {
        if (spend_fails(s) == fails) return;
        nap();
    }
    fail_msg("%s", fails ? "it does not fail" : "it fails for ever");
}

static void two_gateways_share_a_bucket(void **state)
{
    (void)state;
    start();
    spend_account a, b, bob = {.name = "bob@x.y"};
    spend *one = open_for(&a, LATE), *two = open_for(&b, LATE);
    spend_join(two, &bob, LATE);
    pay(one, &a, LATE - DAY, 1);
    pay(one, &a, LATE, 0.5);
    pay(two, &b, LATE, 2);
    pay(two, &bob, LATE, 8);
    wait_for(one, &a, LATE, 2.5, 3.5);
    wait_for(two, &b, LATE, 2.5, 3.5);
    wait_for(two, &bob, LATE, 8, 8);
    pay(one, &a, LATE, 4);
    wait_for(two, &b, LATE, 6.5, 7.5);
    spend_free(one);
    spend_free(two);
    assert_string_equal(told, "");
}

/* spend_get returns what the gateway knows, and then starts a read of the bucket. After two seconds
 * of silence, the first call must still include the spending of the other gateway, since the read
 * that an earlier call started has ended. */
static void a_gateway_that_nobody_asks_hears_of_the_other(void **state)
{
    const struct timespec silence = {.tv_sec = 2};
    double day = -1, month = -1, paid = 0;
    (void)state;
    start();
    spend_account a, b;
    spend *one = open_for(&a, LATE), *two = open_for(&b, LATE);
    for (int tries = 0; tries < 15 && day != paid; tries++) {
        spend_wait(two, GENEROUS_MS);
        nap(); /* a read that has begun can end */
        pay(one, &a, LATE, 1);
        paid++;
        spend_wait(one, GENEROUS_MS);
        nanosleep(&silence, NULL);
        spend_get(two, &b, LATE, &day, &month);
    }
    assert_true(day == paid);
    spend_free(one);
    spend_free(two);
}

static void a_day_and_a_month_end_for_both(void **state)
{
    (void)state;
    start();
    spend_account a, b;
    spend *one = open_for(&a, LATE - DAY), *two = open_for(&b, LATE - DAY);
    pay(one, &a, LATE - DAY, 1);
    pay(two, &b, LATE - DAY, 1);
    wait_for(one, &a, LATE - DAY, 2, 2);
    pay(two, &b, LATE, 4);
    wait_for(one, &a, LATE, 4, 6);
    pay(two, &b, LATE + HOUR, 8);
    wait_for(one, &a, LATE + HOUR, 8, 8);
    wait_for(two, &b, LATE + HOUR, 8, 8);
    spend_free(one);
    spend_free(two);
}

static void what_was_spent_is_known_after_each_restart(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 5; i++) {
        spend_account alice;
        spend *s = open_for(&alice, LATE);
        spend_wait(s, GENEROUS_MS);
        wait_for(s, &alice, LATE, i, i);
        pay(s, &alice, LATE, 1);
        spend_free(s);
    }
    assert_string_equal(told, "");
}

/* ---- many at once ---------------------------------------------------------------------------- */

enum { GATEWAYS = 4, KEYS = 600, ROUNDS = 40 };

typedef struct gateway {
    spend *s;
    spend_account accounts[KEYS];
    char names[KEYS][16];
    pthread_t thread;
} gateway;

static void *spend_much(void *argument)
{
    gateway *g = argument;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < KEYS; i++) pay(g->s, &g->accounts[i], LATE, 0.25);
        if (round % 8 == 0) spend_wait(g->s, GENEROUS_MS);
    }
    return NULL;
}

static void begin(gateway *g)
{
    g->s = open_bucket();
    for (int i = 0; i < KEYS; i++) {
        snprintf(g->names[i], sizeof g->names[i], "key-%d", i);
        g->accounts[i] = (spend_account){.name = g->names[i]};
        spend_join(g->s, &g->accounts[i], LATE);
    }
    assert_int_equal(beluga__thread_start(&g->thread, 1 << 18, spend_much, g), 0);
}

/* There are more keys than fit into one message, and more than two gateways at the same time. No
 * spending may be lost or counted twice. */
static void all_add_up_exactly(void **state)
{
    static gateway gateways[GATEWAYS];
    const double all = GATEWAYS * ROUNDS * 0.25;
    (void)state;
    start();
    for (int g = 0; g < GATEWAYS; g++) begin(&gateways[g]);
    for (int g = 0; g < GATEWAYS; g++) pthread_join(gateways[g].thread, NULL);
    for (int g = 0; g < GATEWAYS; g++)
        for (int i = 0; i < KEYS; i++)
            wait_for(gateways[g].s, &gateways[g].accounts[i], LATE, all, all);
    for (int g = 0; g < GATEWAYS; g++) spend_free(gateways[g].s);
}

/* ---- when the server is away ----------------------------------------------------------------- */

static void a_server_that_is_away_is_told_once_and_written_later(void **state)
{
    char why[512] = "";
    (void)state;
    start();
    spend_account a, b;
    spend *one = open_for(&a, LATE), *two = open_for(&b, LATE);
    pay(one, &a, LATE, 1);
    wait_for(two, &b, LATE, 1, 1);
    servers_kill(&nats, 0);
    pay(one, &a, LATE, 2);
    wait_for_failure(one, true);
    assert_true(spend_trouble(one, why, sizeof why));
    assert_non_null(strstr(why, "/budgets: "));
    assert_false(spend_trouble(one, why, sizeof why));
    pay(one, &a, LATE, 4);
    pay(two, &b, LATE, 8);
    wait_for(one, &a, LATE, 7, 7); /* each gateway adds only its own new spending */
    wait_for(two, &b, LATE, 9, 9);
    servers_start_again(&nats, 0);
    wait_for_failure(one, false);
    wait_for(one, &a, LATE, 15, 15);
    wait_for(two, &b, LATE, 15, 15);
    spend_free(one);
    spend_free(two);
    assert_string_equal(told, "");
}

/* The test does not call spend_get, since this would start a read. */
static void a_server_that_goes_is_noticed_unasked(void **state)
{
    (void)state;
    start();
    spend_account alice;
    spend *s = open_for(&alice, LATE);
    spend_wait(s, GENEROUS_MS);
    assert_false(spend_fails(s));
    servers_kill(&nats, 0);
    wait_for_failure(s, true);
    servers_start_again(&nats, 0);
    wait_for_failure(s, false);
    spend_free(s);
}

static void it_starts_without_a_server(void **state)
{
    char why[512] = "";
    (void)state;
    start();
    servers_kill(&nats, 0);
    spend_account alice;
    spend *s = open_for(&alice, LATE);
    pay(s, &alice, LATE, 1);
    wait_for_failure(s, true);
    assert_true(spend_trouble(s, why, sizeof why));
    assert_non_null(strstr(why, "no server answers at this address"));
    servers_start_again(&nats, 0);
    wait_for_failure(s, false);
    wait_for(s, &alice, LATE, 1, 1);
    spend_free(s);
    assert_string_equal(told, "");
}

/* This gateway also writes the spending that it has counted into the new bucket. */
static void a_server_that_has_lost_all_gets_it_again(void **state)
{
    (void)state;
    start();
    spend_account a, b;
    spend *one = open_for(&a, LATE), *two = open_for(&b, LATE);
    pay(one, &a, LATE, 1);
    pay(two, &b, LATE, 2);
    wait_for(one, &a, LATE, 3, 3);
    wait_for(two, &b, LATE, 3, 3);
    servers_kill(&nats, 0);
    char lost[FOLDER_BYTES + 8];
    snprintf(lost, sizeof lost, "%s/0", nats.folder);
    folder_remove(lost);
    servers_start_again(&nats, 0);
    pay(one, &a, LATE, 4);
    wait_for(one, &a, LATE, 7, 7);
    wait_for(two, &b, LATE, 7, 7);
    spend_free(one);
    spend_free(two);
    spend_account c;
    spend *three = open_for(&c, LATE);
    wait_for(three, &c, LATE, 7, 7);
    spend_free(three);
}

/* ---- refused addresses ----------------------------------------------------------------------- */

static void expect_refusal(const char *address, const char *word)
{
    spend *s;
    beluga_error err = {.message = ""};
    assert_int_equal(spend_new(address, &s, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_null(s);
    if (!strstr(err.message, word)) fail_msg("%s: %s", address, err.message);
    assert_null(strstr(err.message, "hidden"));
}

static void what_can_not_become_right_is_refused(void **state)
{
    char address[256];
    (void)state;
    start();
    expect_refusal("nats://127.0.0.1", "bucket");
    expect_refusal("nats://ann:hidden@127.0.0.1/a.b", "letters");
    expect_refusal("nats://127.0.0.1/a?colour=red", "replicas");
    servers_kill(&nats, 0);
    servers_configure_again(&nats, "authorization { user: ann, password: word }");
    servers_start_again(&nats, 0);
    expect_refusal(servers_address(&nats, "budgets", NULL, address, sizeof address),
                   "refuses the credentials");
    snprintf(address, sizeof address, "nats://ann:word@127.0.0.1:%d/budgets", nats.ports[0]);
    spend *s;
    beluga_error err;
    assert_int_equal(spend_new(address, &s, &err), 0);
    spend_wait(s, GENEROUS_MS);
    assert_false(spend_fails(s));
    spend_free(s);
}

static void a_user_without_permissions_is_told(void **state)
{
    char address[256], why[512] = "";
    (void)state;
    start();
    servers_kill(&nats, 0);
    servers_configure_again(&nats, "authorization { users: [{user: ann, password: word, "
                                   "permissions: {publish: \"a\", subscribe: \"_INBOX.>\"}}] }");
    servers_start_again(&nats, 0);
    snprintf(address, sizeof address, "nats://ann:word@127.0.0.1:%d/budgets", nats.ports[0]);
    spend *s;
    beluga_error err;
    assert_int_equal(spend_new(address, &s, &err), 0);
    wait_for_failure(s, true);
    assert_true(spend_trouble(s, why, sizeof why));
    if (!strstr(why, "the user must be allowed to use $KV.budgets.>")) fail_msg("%s", why);
    spend_free(s);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, nats_set_up, nats_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_gateways_share_a_bucket),
        TEST(a_gateway_that_nobody_asks_hears_of_the_other),
        TEST(a_day_and_a_month_end_for_both),
        TEST(what_was_spent_is_known_after_each_restart),
        TEST(all_add_up_exactly),
        TEST(a_server_that_is_away_is_told_once_and_written_later),
        TEST(a_server_that_goes_is_noticed_unasked),
        TEST(it_starts_without_a_server),
        TEST(a_server_that_has_lost_all_gets_it_again),
        TEST(what_can_not_become_right_is_refused),
        TEST(a_user_without_permissions_is_told),
    };
    return cmocka_run_group_tests_name("spend-nats", tests, NULL, NULL);
}
