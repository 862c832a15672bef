/* A batch over many machines, with a cluster of three NATS servers that are killed while it
 * runs. */
#include "base/clock.h"
#include "roles.h"
#include "servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_workers_and_servers_are_killed_and_each_line_has_its_result(void **state)
{
    (void)state;
    const uint64_t lines = 3000;
    pid_t pids[3];
    servers_start_durable(&nats, 3);
    queue *q = role_create(nats_at("cluster", "ack_wait=3"));
    role_put(q, 1, lines, lines);
    for (int i = 0; i < 3; i++) pids[i] = role_spawn("ask", nats_at("cluster", "ack_wait=3"), 16);
    role_wait_for(q, lines / 10);
    role_kill(pids[0]);
    role_wait_for(q, lines / 5);
    /* kill each server in turn, so that the leaders of all streams are killed */
    for (int i = 0; i < 3; i++) {
        servers_kill(&nats, i);
        servers_start_again(&nats, i);
        role_wait_for(q, lines / 5 + (uint64_t)i * lines / 10);
    }
    role_collect(q, lines);
    assert_int_equal(role_end(pids[1]), 0);
    assert_int_equal(role_end(pids[2]), 0);
    queue_counts counts = role_wait_for(q, lines);
    assert_int_equal(counts.put, lines);
    assert_int_equal(counts.finished, lines);
    queue_free(q);
}

static void test_two_of_three_are_enough(void **state)
{
    (void)state;
    const uint64_t lines = 200;
    servers_start(&nats, 3, NULL);
    queue *q = role_create(nats_at("enough", "ack_wait=3"));
    servers_kill(&nats, 1);
    role_put(q, 1, lines, lines);
    queue *worker = role_join(nats_at("enough", "ack_wait=3"));
    assert_int_equal(role_work(worker, 8), lines);
    role_collect(q, lines);
    queue_free(worker);
    queue_free(q);
}

static void test_one_of_three_is_not(void **state)
{
    (void)state;
    beluga_error err = {.code = 0};
    bool made;
    servers_start(&nats, 3, NULL);
    queue_free(role_create(nats_at("before", NULL)));
    servers_kill(&nats, 0);
    servers_kill(&nats, 1);
    queue *q = role_open(nats_at("after", NULL));
    int rc = queue_create(q, "{}", 2, &made, &err);
    assert_true(rc == BELUGA_ERROR_TIMEOUT || rc == BELUGA_ERROR_NOT_SUPPORTED ||
                rc == BELUGA_ERROR_NETWORK);
    assert_false(made);
    assert_true(strlen(err.message) > 20);
    queue_free(q);
}

int main(int count, char **arguments)
{
    int code = role_main(count, arguments);
    if (code >= 0) return code;
#define CASE(name) cmocka_unit_test_setup_teardown(name, nats_set_up, nats_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_workers_and_servers_are_killed_and_each_line_has_its_result),
        CASE(test_two_of_three_are_enough),
        CASE(test_one_of_three_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
