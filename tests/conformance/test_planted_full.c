/* Faults that the kit must find in full providers; each provider has one fault. */
#include "planted.h"

static void check_all(const planted *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        planted_check("tests/conformance/job.so", "tests/conformance/broken/job", &rows[i]);
}
#define CHECK_ALL(rows) check_all(rows, sizeof rows / sizeof *rows)

static void skip_where_making_a_thread_waits(void)
{
#if defined(__SANITIZE_THREAD__)
    print_message("skipped: there pthread_create itself waits, which is found first\n");
    skip();
#endif
}

static void those_in_order_pass(void **state)
{
    static const planted rows[] = {{"job-sound", "", ""}, {"job-after-sound", "", ""}};
    (void)state;
    CHECK_ALL(rows);
}

static void an_engine_in_order_passes(void **state)
{
    static const planted rows[] = {{"job-engine-sound", "", ""}};
    (void)state;
    skip_where_making_a_thread_waits();
    CHECK_ALL(rows);
}

static void work_that_heeds_nothing_is_found(void **state)
{
    static const planted rows[] = {
        {"job-deaf", "heeds-refusal ", "want a return when emitting gives a negative code"},
        {"job-careless", "hindered ", "beluga_emit_run_blocking failed"},
        {"job-after-careless", "hindered ", "beluga_emit_after failed"},
        {"job-cut", "utf-8 ", "not valid UTF-8"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void an_engine_that_is_never_detached_is_found(void **state)
{
    static const planted rows[] = {
        {"job-engine-kept", "ends ", "want beluga_emit_detach for each emit"}};
    (void)state;
    skip_where_making_a_thread_waits();
    planted_limits.patience_ms = 2000; /* how long to wait until the emit is detached */
    CHECK_ALL(rows);
    planted_limits.patience_ms = 0;
}

static void an_engine_that_is_not_detached_is_no_fault_of_the_next_provider(void **state)
{
    static const planted rows[] = {{"job-engine-sound", "", ""}};
    (void)state;
    skip_where_making_a_thread_waits();
    planted_limits.patience_ms = 2000;
    planted_before = "job-engine-kept";
    CHECK_ALL(rows);
    planted_before = NULL;
    planted_limits.patience_ms = 0;
}

static void functions_that_wait_are_found(void **state)
{
    static const planted rows[] = {
        {"job-cancel-waits", "never-blocks ", "cancel waited in every call"},
        {"job-after-waits", "never-blocks ", "what beluga_emit_after called waited"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void memory_that_is_lost_is_found(void **state)
{
    static const planted rows[] = {
        {"job-leak", "memory ", "each time that a model was opened, called"},
        {"job-lost", "memory-errors ", "where there is no release"},
        {"job-close-leaks", "memory-open ", "close must free what open made"},
    };
    (void)state;
    CHECK_ALL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_in_order_pass),
        cmocka_unit_test(an_engine_in_order_passes),
        cmocka_unit_test(work_that_heeds_nothing_is_found),
        cmocka_unit_test(an_engine_that_is_never_detached_is_found),
        cmocka_unit_test(an_engine_that_is_not_detached_is_no_fault_of_the_next_provider),
        cmocka_unit_test(functions_that_wait_are_found),
        cmocka_unit_test(memory_that_is_lost_is_found),
    };
    return cmocka_run_group_tests_name("planted-full", tests, NULL, NULL);
}
