/* How much keys have spent: it is counted by day and by month, kept over restarts, and shared
 * between servers. */
#include "../support/files.h"
#include "serve/spend.h"
#include "told.h"

#include <beluga/error.h>

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

/* 2026-11-30T23:00:00Z, the last hour of a month. */
#define LATE        INT64_C(1796079600)
#define HOUR        3600
#define GENEROUS_MS 60000

static char folder[64];

static int set_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/beluga-spend-XXXXXX");
    *told = '\0';
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"spend.db", "spend.db-journal", "in/spend.db", "in"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) remove(path_below(folder, names[i]));
    return rmdir(folder);
}

static spend *open_in(const char *name)
{
    spend *s;
    beluga_error err = {.message = ""};
    int status = spend_new(name ? path_below(folder, name) : NULL, &s, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, 0);
    return s;
}

static void pay(spend *s, spend_account *account, int64_t now_s, double cost)
{
    spend_add(s, account, now_s, &(spend_sum){1, 10, 5, cost});
}

static void expect(spend *s, spend_account *account, int64_t now_s, double day, double month)
{
    double d, m;
    spend_get(s, account, now_s, &d, &m);
    assert_true(d == day);
    assert_true(m == month);
}

static void a_day_and_a_month_end_by_utc(void **state)
{
    (void)state;
    spend_account alice = {.name = "alice"};
    spend *s = open_in(NULL);
    spend_join(s, &alice, LATE);
    pay(s, &alice, LATE - 24 * HOUR, 1);
    pay(s, &alice, LATE, 2);
    expect(s, &alice, LATE, 2, 3);
    expect(s, &alice, LATE + HOUR, 0, 0);
    assert_int_equal(spend_next_day_s(LATE), LATE + HOUR);
    assert_int_equal(spend_next_month_s(LATE), LATE + HOUR);
    assert_int_equal(spend_next_month_s(LATE + HOUR), LATE + HOUR + 31 * 24 * HOUR);
    spend_free(s);
}

static void what_was_spent_is_known_after_a_restart(void **state)
{
    (void)state;
    spend_account alice = {.name = "alice"}, bob = {.name = "bob"};
    spend *s = open_in("in/spend.db");
    spend_join(s, &alice, LATE - 24 * HOUR);
    pay(s, &alice, LATE - 24 * HOUR, 1);
    pay(s, &alice, LATE, 2);
    pay(s, &alice, LATE, 0.5);
    spend_free(s);
    s = open_in("in/spend.db");
    alice = (spend_account){.name = "alice"};
    spend_join(s, &alice, LATE);
    spend_join(s, &bob, LATE);
    spend_wait(s, GENEROUS_MS);
    expect(s, &alice, LATE, 2.5, 3.5);
    expect(s, &bob, LATE, 0, 0);
    spend_free(s);
    struct stat info;
    assert_int_equal(stat(path_below(folder, "in/spend.db"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void two_servers_share_a_file(void **state)
{
    (void)state;
    spend_account a = {.name = "alice"}, b = {.name = "alice"};
    spend *one = open_in("spend.db"), *two = open_in("spend.db");
    spend_join(one, &a, LATE);
    spend_join(two, &b, LATE);
    pay(one, &a, LATE, 1);
    pay(two, &b, LATE, 2);
    spend_wait(one, GENEROUS_MS);
    spend_wait(two, GENEROUS_MS);
    spend_wait(one, GENEROUS_MS);
    expect(one, &a, LATE, 3, 3);
    expect(two, &b, LATE, 3, 3);
    spend_free(one);
    spend_free(two);
}

static void what_is_not_written_yet_counts_once(void **state)
{
    (void)state;
    spend_account alice = {.name = "alice"};
    spend *s = open_in("spend.db");
    spend_join(s, &alice, LATE);
    for (int i = 0; i < 100; i++) {
        pay(s, &alice, LATE, 1);
        if (i % 10 == 0) spend_wait(s, GENEROUS_MS);
        expect(s, &alice, LATE, i + 1, i + 1);
    }
    spend_free(s);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return n;
}

static void a_file_has_a_row_for_each_key_and_day(void **state)
{
    (void)state;
    sqlite3 *db;
    spend_account alice = {.name = "alice"};
    spend *s = open_in("spend.db");
    spend_join(s, &alice, LATE);
    pay(s, &alice, LATE, 1);
    pay(s, &alice, LATE, 1);
    pay(s, &alice, LATE + HOUR, 1);
    spend_free(s);
    assert_int_equal(sqlite3_open(path_below(folder, "spend.db"), &db), SQLITE_OK);
    assert_int_equal(number(db, "SELECT count(*) FROM spend"), 2);
    assert_int_equal(number(db, "SELECT requests FROM spend WHERE key = 'alice' AND day = "
                                "'2026-11-30' AND input_tokens = 20 AND output_tokens = 10"),
                     2);
    sqlite3_close(db);
}

static void a_file_that_is_locked_is_told_once_and_written_later(void **state)
{
    (void)state;
    char why[512] = "";
    sqlite3 *db;
    spend_account alice = {.name = "alice"};
    spend *s = open_in("spend.db");
    spend_join(s, &alice, LATE);
    spend_wait(s, GENEROUS_MS);
    assert_int_equal(sqlite3_open(path_below(folder, "spend.db"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, GENEROUS_MS); /* the store's thread may still be reading */
    assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    pay(s, &alice, LATE, 1);
    spend_wait(s, GENEROUS_MS); /* until the store has tried to write */
    assert_true(spend_trouble(s, why, sizeof why));
    assert_non_null(strstr(why, "another process has locked it for too long"));
    assert_false(spend_trouble(s, why, sizeof why));
    pay(s, &alice, LATE, 1);
    expect(s, &alice, LATE, 2, 2);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    spend_free(s);
    assert_string_equal(told, "");
    assert_int_equal(number(db, "SELECT sum(cost) FROM spend"), 2);
    sqlite3_close(db);
}

static void a_file_that_is_no_spend_is_refused(void **state)
{
    (void)state;
    spend *s;
    beluga_error err;
    write_file(path_below(folder, "spend.db"), "This is a text, and it is long enough for a page.");
    assert_int_equal(spend_new(path_below(folder, "spend.db"), &s, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "is damaged"));
    assert_null(s);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_day_and_a_month_end_by_utc),
        TEST(what_was_spent_is_known_after_a_restart),
        TEST(two_servers_share_a_file),
        TEST(what_is_not_written_yet_counts_once),
        TEST(a_file_has_a_row_for_each_key_and_day),
        TEST(a_file_that_is_locked_is_told_once_and_written_later),
        TEST(a_file_that_is_no_spend_is_refused),
    };
    return cmocka_run_group_tests_name("spend", tests, NULL, NULL);
}
