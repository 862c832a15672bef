#include "roles.h"

#include "base/clock.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_IN_FLIGHT 1024
#define MANIFEST       "{\"model\":\"mock/echo\"}"

/* ---- life ------------------------------------------------------------------------------------ */

static queue *open_at(const char *address, beluga_error *err)
{
    const queue_settings settings = {.address = address};
    queue *q = NULL;
    queue_open(&settings, &q, err);
    return q;
}

queue *role_open(const char *address)
{
    beluga_error err = {.code = 0};
    queue *q = open_at(address, &err);
    if (!q) fail_msg("%s", err.message);
    return q;
}

queue *role_create(const char *address)
{
    beluga_error err;
    bool made;
    queue *q = role_open(address);
    if (queue_create(q, MANIFEST, strlen(MANIFEST), &made, &err) != 0) fail_msg("%s", err.message);
    return q;
}

static int join(queue *q, beluga_error *err)
{
    const char *manifest;
    size_t n;
    int rc = queue_join(q, &manifest, &n, err);
    return rc == 0 && strcmp(manifest, MANIFEST) != 0 ? -1 : rc;
}

queue *role_join(const char *address)
{
    beluga_error err = {.code = 0};
    queue *q = role_open(address);
    if (join(q, &err) != 0) fail_msg("%s", err.message);
    return q;
}

/* ---- producing ------------------------------------------------------------------------------- */

void role_put(queue *q, uint64_t first, uint64_t last, uint64_t all)
{
    beluga_error err;
    char text[64];
    for (uint64_t line = first; line <= last; line++) {
        int n = snprintf(text, sizeof text, "line %" PRIu64, line);
        if (queue_put(q, line, text, (size_t)n, &err) != 0) fail_msg("%s", err.message);
    }
    if (queue_seal(q, all, &err) != 0) fail_msg("%s", err.message);
}

/* ---- working --------------------------------------------------------------------------------- */

static void rest(const queue *q)
{
    struct pollfd fd = {.fd = queue_fd(q), .events = POLLIN};
    poll(&fd, 1, 100);
}

queue_claim role_claim(queue *q)
{
    queue_claim claim = {.line = 0};
    int64_t end = beluga__now_ms() + ROLES_WAIT_MS;
    while (!queue_take(q, &claim, 1)) {
        if (beluga__now_ms() > end) fail_msg("no line came");
        rest(q);
    }
    return claim;
}

bool role_answer(queue *q, queue_claim *claim, const char *result)
{
    queue_outcome outcome;
    uint64_t line = claim->line;
    int64_t end = beluga__now_ms() + ROLES_WAIT_MS;
    assert_int_equal(queue_put_once(q, claim, result, strlen(result)), 0);
    while (!queue_next_outcome(q, &outcome)) {
        if (beluga__now_ms() > end) fail_msg("the result was not confirmed");
        rest(q);
    }
    assert_int_equal(outcome.line, line);
    return outcome.ours;
}

/* Answer the line of a claim. Returns false if the line is not what the producer has put. */
static bool answer_line(queue *q, queue_claim *claim)
{
    char text[64], wanted[64];
    snprintf(wanted, sizeof wanted, "line %" PRIu64, claim->line);
    if (claim->fault || claim->length != strlen(wanted) ||
        memcmp(claim->bytes, wanted, claim->length) != 0)
        return false;
    int n = snprintf(text, sizeof text, "result %" PRIu64, claim->line);
    return queue_put_once(q, claim, text, (size_t)n) == 0;
}

/* Answer lines until the job has ended. Returns how many results of this worker were accepted, or
 * UINT64_MAX on an error. */
static uint64_t work(queue *q, size_t in_flight)
{
    queue_claim claims[MOST_IN_FLIGHT];
    queue_outcome outcome;
    queue_counts counts;
    beluga_error err;
    uint64_t ours = 0;
    int64_t end = beluga__now_ms() + ROLES_WAIT_MS;
    while (beluga__now_ms() < end) {
        queue_extend(q);
        size_t under_way = queue_unconfirmed(q);
        size_t room = in_flight > under_way ? in_flight - under_way : 0;
        size_t n = queue_take(q, claims, room);
        for (size_t i = 0; i < n; i++)
            if (!answer_line(q, &claims[i])) return UINT64_MAX;
        while (queue_next_outcome(q, &outcome)) ours += outcome.ours;
        if (queue_failed(q, &err)) return UINT64_MAX;
        bool over = queue_count(q, &counts, 0) && queue_is_over(&counts);
        if (over && !queue_unconfirmed(q)) {
            while (queue_next_outcome(q, &outcome)) ours += outcome.ours;
            return ours;
        }
        if (!n) rest(q);
    }
    return UINT64_MAX;
}

uint64_t role_work(queue *q, size_t in_flight)
{
    uint64_t ours = work(q, in_flight);
    assert_true(ours != UINT64_MAX);
    return ours;
}

queue_counts role_wait_for(queue *q, uint64_t finished)
{
    queue_counts counts = {0};
    int64_t end = beluga__now_ms() + ROLES_WAIT_MS;
    while (!queue_count(q, &counts, 1000) || counts.finished < finished)
        if (beluga__now_ms() > end)
            fail_msg("%" PRIu64 " of %" PRIu64 " results", counts.finished, finished);
    return counts;
}

/* ---- collecting ------------------------------------------------------------------------------ */

void role_collect(queue *q, uint64_t lines)
{
    unsigned char *seen = calloc(lines + 1, 1);
    queue_result result;
    beluga_error err;
    char wanted[64];
    int64_t end = beluga__now_ms() + ROLES_WAIT_MS;
    uint64_t position = 0;
    assert_non_null(seen);
    for (uint64_t n = 0; n < lines;) {
        int rc = queue_next_result(q, 0, &result, 500, &err);
        if (rc < 0) fail_msg("%s", err.message);
        if (beluga__now_ms() > end) fail_msg("%" PRIu64 " of %" PRIu64 " results", n, lines);
        if (!rc) continue;
        assert_in_range(result.line, 1, lines);
        assert_int_equal(seen[result.line]++, 0);
        assert_true(result.position > position);
        position = result.position;
        int length = snprintf(wanted, sizeof wanted, "result %" PRIu64, result.line);
        assert_int_equal(result.length, length);
        assert_memory_equal(result.bytes, wanted, result.length);
        n++;
    }
    assert_int_equal(queue_next_result(q, 0, &result, 300, &err), 0);
    free(seen);
}

/* ---- processes ------------------------------------------------------------------------------- */

static int hold(queue *q, size_t in_flight)
{
    queue_claim claims[MOST_IN_FLIGHT];
    size_t n = 0;
    while (n < in_flight) {
        n += queue_take(q, claims, in_flight - n);
        queue_extend(q);
        rest(q);
    }
    if (write(1, "h", 1) != 1) return 1;
    for (;;) {
        queue_extend(q);
        rest(q);
    }
}

/* Claim a line, stop until another worker has answered it, and then put a different result. */
static int be_late(queue *q)
{
    queue_claim claim;
    queue_outcome outcome;
    while (!queue_take(q, &claim, 1)) rest(q);
    if (write(1, "h", 1) != 1) return 1;
    raise(SIGSTOP);
    if (queue_put_once(q, &claim, "another", 7) != 0) return 1;
    while (!queue_next_outcome(q, &outcome)) rest(q);
    queue_free(q);
    return outcome.ours;
}

int role_main(int count, char **arguments)
{
    beluga_error err = {.code = 0};
    if (count < 4) return -1;
    size_t in_flight = (size_t)atoi(arguments[3]);
    queue *q = open_at(arguments[2], &err);
    if (!q || join(q, &err) != 0) {
        fprintf(stderr, "# %s\n", err.message);
        return 1;
    }
    if (strcmp(arguments[1], "hold") == 0) return hold(q, in_flight);
    if (strcmp(arguments[1], "late") == 0) return be_late(q);
    uint64_t ours = work(q, in_flight);
    if (ours == UINT64_MAX && queue_failed(q, &err)) fprintf(stderr, "# %s\n", err.message);
    queue_free(q);
    return ours == UINT64_MAX ? 1 : 0;
}

pid_t role_spawn(const char *role, const char *address, size_t in_flight)
{
    char number[16], byte;
    int ends[2];
    snprintf(number, sizeof number, "%zu", in_flight);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "role", role, address, number, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (strcmp(role, "ask") != 0) assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

void role_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int role_end(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
