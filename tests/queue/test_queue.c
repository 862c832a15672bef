/* What the queue guarantees to a batch over many machines, tested with a real NATS server. */
#include "queue/nats.h"
#include "relay.h"
#include "roles.h"
#include "servers.h"
#include "support/sockets.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ADDRESS_BYTES 512
#define QUICK         "ack_wait=3"

/* ---- lines ----------------------------------------------------------------------------------- */

static void test_lines_put_twice_are_there_once(void **state)
{
    (void)state;
    const uint64_t lines = 20000;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("twice", NULL));
    role_put(q, 1, lines, lines);
    assert_int_equal(queue_repeated(q), 0);
    role_put(q, 1, lines, lines);
    assert_int_equal(queue_repeated(q), lines);
    queue_counts counts = role_wait_for(q, 0);
    assert_int_equal(counts.put, lines);
    assert_int_equal(counts.lines, lines);
    assert_int_equal(counts.waiting, lines);
    assert_false(queue_is_over(&counts));
    queue_free(q);
}

static void test_a_job_is_made_once(void **state)
{
    (void)state;
    beluga_error err;
    bool made = false;
    servers_start(&nats, 1, NULL);
    queue *first = role_open(nats_at("made", NULL)), *second = role_open(nats_at("made", NULL));
    assert_int_equal(queue_create(first, "{\"a\":1}", 7, &made, &err), 0);
    assert_true(made);
    assert_int_equal(queue_create(second, "{\"a\":2}", 7, &made, &err), 0);
    assert_false(made);
    const char *manifest;
    size_t n;
    assert_int_equal(queue_join(second, &manifest, &n, &err), 0);
    assert_int_equal(n, 7);
    assert_memory_equal(manifest, "{\"a\":1}", 7);
    queue_free(first);
    queue_free(second);
}

/* ---- workers --------------------------------------------------------------------------------- */

static void test_two_workers_ask_each_line_once(void **state)
{
    (void)state;
    const uint64_t lines = 3000;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("two", NULL));
    role_put(q, 1, lines, lines);
    pid_t one = role_spawn("ask", nats_at("two", NULL), 32),
          two = role_spawn("ask", nats_at("two", NULL), 32);
    role_collect(q, lines);
    assert_int_equal(role_end(one), 0);
    assert_int_equal(role_end(two), 0);
    queue_counts counts = role_wait_for(q, lines);
    assert_true(queue_is_over(&counts));
    assert_int_equal(counts.waiting, 0);
    queue_free(q);
}

static void test_lines_of_a_worker_that_died_are_asked_by_another(void **state)
{
    (void)state;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("died", QUICK));
    role_put(q, 1, 50, 50);
    pid_t pid = role_spawn("hold", nats_at("died", QUICK), 20);
    queue_counts counts = role_wait_for(q, 0);
    assert_int_equal(counts.claimed, 20);
    role_kill(pid);
    queue *worker = role_join(nats_at("died", QUICK));
    assert_int_equal(role_work(worker, 8), 50);
    role_collect(q, 50);
    queue_free(worker);
    queue_free(q);
}

static void test_a_line_that_came_back_tells_its_tries(void **state)
{
    (void)state;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("tries", NULL));
    role_put(q, 7, 7, 1);
    for (unsigned i = 1; i <= 3; i++) {
        queue *worker = role_join(nats_at("tries", NULL));
        queue_claim claim = role_claim(worker);
        assert_int_equal(claim.line, 7);
        assert_int_equal(claim.tries, i);
        if (i == 2) queue_let_go(worker, &claim, 0);
        queue_free(worker); /* this returns its claims to the queue */
    }
    queue_free(q);
}

static void test_a_line_under_way_is_nobody_elses(void **state)
{
    (void)state;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("way", QUICK));
    role_put(q, 1, 1, 1);
    /* The job decides how long a claim lasts, and not the address of a worker. */
    queue *one = role_join(nats_at("way", NULL)), *two = role_join(nats_at("way", QUICK));
    queue_claim claim = role_claim(one), other;
    for (int i = 0; i < 60; i++) { /* twice as long as a worker may be silent */
        queue_extend(one);
        assert_int_equal(queue_take(two, &other, 1), 0);
        struct timespec tenth = {.tv_nsec = 100000000};
        nanosleep(&tenth, NULL);
    }
    assert_true(role_answer(one, &claim, "result 1"));
    role_collect(q, 1);
    queue_free(one);
    queue_free(two);
    queue_free(q);
}

static void test_the_first_result_stays(void **state)
{
    (void)state;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("first", QUICK));
    role_put(q, 1, 1, 1);
    pid_t late = role_spawn("late", nats_at("first", QUICK), 1);
    queue *worker = role_join(nats_at("first", QUICK));
    queue_claim claim = role_claim(worker); /* possible because the other worker is stopped */
    assert_int_equal(claim.tries, 2);
    assert_true(role_answer(worker, &claim, "result 1"));
    kill(late, SIGCONT);
    assert_int_equal(role_end(late), 0); /* this worker found out that its result was refused */
    role_collect(q, 1);
    queue_counts counts = role_wait_for(q, 1);
    assert_int_equal(counts.finished, 1);
    assert_int_equal(counts.waiting, 0);
    queue_free(worker);
    queue_free(q);
}

/* Put a result as a worker would that died before it could report the line as done. */
static void put_result_from_outside(const char *subject)
{
    char url[64];
    beluga_error err;
    natsOptions *options = NULL;
    natsConnection *connection = NULL;
    const nats_library *lib = nats_load(&err);
    snprintf(url, sizeof url, "nats://127.0.0.1:%d", nats.ports[0]);
    const char *urls[] = {url};
    assert_int_equal(lib->natsOptions_Create(&options), NATS_OK);
    assert_int_equal(lib->natsOptions_SetServers(options, urls, 1), NATS_OK);
    assert_int_equal(lib->natsConnection_Connect(&connection, options), NATS_OK);
    assert_int_equal(lib->natsConnection_Publish(connection, subject, "result 1", 8), NATS_OK);
    assert_int_equal(lib->natsConnection_FlushTimeout(connection, 10000), NATS_OK);
    lib->natsConnection_Destroy(connection);
    lib->natsOptions_Destroy(options);
}

static void test_a_line_with_a_result_is_not_handed_out(void **state)
{
    (void)state;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("has", QUICK));
    role_put(q, 1, 1, 1);
    queue *one = role_join(nats_at("has", QUICK)), *two = role_join(nats_at("has", QUICK));
    queue_claim claim = role_claim(one), none;
    char subject[NATS_SUBJECT_BYTES];
    snprintf(subject, sizeof subject, "%.220s.1", nats_of(q)->result_subject);
    put_result_from_outside(subject);
    role_wait_for(q, 1);
    queue_let_go(one, &claim, 0);
    queue_counts counts = {.claimed = 1};
    while (!queue_count(q, &counts, 1000) || counts.claimed || counts.waiting)
        assert_int_equal(queue_take(two, &none, 1), 0);
    assert_int_equal(queue_take(two, &none, 1), 0);
    role_collect(q, 1);
    queue_free(one);
    queue_free(two);
    queue_free(q);
}

/* ---- long lines ------------------------------------------------------------------------------ */

static char *make_long(size_t n)
{
    char *text = malloc(n + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) text[i] = (char)('a' + i * 31 % 26);
    text[n] = '\0';
    return text;
}

static void test_what_is_longer_than_a_message_arrives(void **state)
{
    (void)state;
    const size_t sizes[] = {1024 * 1024 + 1, 2 * 1024 * 1024, 9 * 1024 * 1024 + 17};
    beluga_error err;
    queue_result result;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("long", NULL)), *worker = role_join(nats_at("long", NULL));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = make_long(sizes[i]);
        assert_int_equal(queue_put(q, i + 1, text, sizes[i], &err), 0);
        queue_claim claim = role_claim(worker);
        assert_null(claim.fault);
        assert_int_equal(claim.length, sizes[i]);
        assert_memory_equal(claim.bytes, text, sizes[i]);
        assert_true(role_answer(worker, &claim, text));
        int rc = 0;
        while (rc == 0) rc = queue_next_result(q, 0, &result, 1000, &err);
        if (rc < 0) fail_msg("%s", err.message);
        assert_int_equal(result.line, i + 1);
        assert_int_equal(result.length, sizes[i]);
        assert_memory_equal(result.bytes, text, sizes[i]);
        free(text);
    }
    queue_free(worker);
    queue_free(q);
}

static void test_a_long_manifest_arrives(void **state)
{
    (void)state;
    beluga_error err;
    bool made;
    const char *manifest;
    size_t n;
    char *text = make_long(3 * 1024 * 1024);
    servers_start(&nats, 1, NULL);
    queue *q = role_open(nats_at("manifest", NULL)), *worker = role_open(nats_at("manifest", NULL));
    assert_int_equal(queue_create(q, text, strlen(text), &made, &err), 0);
    assert_int_equal(queue_join(worker, &manifest, &n, &err), 0);
    assert_int_equal(n, strlen(text));
    assert_string_equal(manifest, text);
    queue_free(worker);
    queue_free(q);
    free(text);
}

/* ---- servers that stop ----------------------------------------------------------------------- */

static void put_some(queue *q, uint64_t first, uint64_t last)
{
    beluga_error err;
    char text[64];
    for (uint64_t line = first; line <= last; line++) {
        int n = snprintf(text, sizeof text, "line %" PRIu64, line);
        if (queue_put(q, line, text, (size_t)n, &err) != 0) fail_msg("%s", err.message);
    }
}

static void expect_all(queue *q, uint64_t lines)
{
    queue_counts counts = role_wait_for(q, lines);
    assert_int_equal(counts.put, lines);
    assert_int_equal(counts.finished, lines);
}

static void test_nothing_is_lost_when_the_server_is_killed(void **state)
{
    (void)state;
    const uint64_t lines = 2000, step = 500;
    beluga_error err;
    char news[QUEUE_NEWS_BYTES];
    servers_start_durable(&nats, 1);
    queue *q = role_create(nats_at("killed", "ack_wait=5"));
    pid_t worker = role_spawn("ask", nats_at("killed", "ack_wait=5"), 64);
    for (uint64_t line = 0; line < lines; line += step) {
        put_some(q, line + 1, line + step);
        /* At this moment both the worker and the producer are at work. */
        role_wait_for(q, line + 1);
        servers_kill(&nats, 0);
        servers_start_again(&nats, 0);
    }
    assert_int_equal(queue_seal(q, lines, &err), 0);
    role_collect(q, lines);
    assert_int_equal(role_end(worker), 0);
    assert_true(queue_news(q, news));
    assert_non_null(strstr(news, "connection"));
    expect_all(q, lines);
    queue_free(q);
}

static void test_nothing_is_lost_when_connections_are_cut(void **state)
{
    (void)state;
    const uint64_t lines = 2000, step = 500;
    beluga_error err;
    relay way;
    char address[ADDRESS_BYTES];
    servers_start(&nats, 1, NULL);
    relay_start(&way, nats.ports[0], 0);
    snprintf(address, sizeof address, "nats://127.0.0.1:%d/cut?ack_wait=2", way.port);
    queue *q = role_create(address);
    pid_t worker = role_spawn("ask", address, 64);
    for (uint64_t line = 0; line < lines; line += step) {
        put_some(q, line + 1, line + step);
        role_wait_for(q, line + 1);
        relay_cut(&way);
    }
    assert_int_equal(queue_seal(q, lines, &err), 0);
    role_collect(q, lines);
    assert_int_equal(role_end(worker), 0);
    expect_all(q, lines);
    queue_free(q);
    relay_stop(&way);
}

/* The answer to an earlier try, which comes while the put is sent again. */
static nats_library usual;
static _Atomic(nats_queue *) answered;

static int64_t answer_meanwhile(natsConnection *connection)
{
    static const char answer[] = "{\"stream\":\"s\",\"seq\":1}";
    char subject[NATS_SUBJECT_BYTES + 8];
    natsMsg *message = NULL;
    nats_queue *q = atomic_exchange(&answered, NULL);
    if (q) {
        snprintf(subject, sizeof subject, "%s.put.1", q->inbox);
        usual.natsMsg_Create(&message, subject, NULL, answer, sizeof answer - 1);
        nats_on_answer(NULL, NULL, message, q);
    }
    return usual.natsConnection_GetMaxPayload(connection);
}

static void test_a_late_answer_counts_once(void **state)
{
    (void)state;
    beluga_error err;
    servers_start(&nats, 1, NULL);
    nats_library *lib = (nats_library *)(uintptr_t)nats_load(&err);
    usual = *lib;
    lib->natsConnection_GetMaxPayload = answer_meanwhile;
    queue *q = role_create(nats_at("late", NULL));
    atomic_store(&answered, nats_of(q));
    assert_int_equal(queue_put(q, 1, "x", 1, &err), 0);
    assert_int_equal(queue_seal(q, 1, &err), 0);
    assert_int_equal(role_wait_for(q, 0).put, 0); /* it was confirmed, so it is not sent again */
    queue_free(q);
    *lib = usual;
}

/* A server whose disk is full keeps the connection, but confirms nothing, as a stopped one does. */
static void test_a_silent_server_is_told(void **state)
{
    (void)state;
    beluga_error err;
    queue_counts counts;
    char news[QUEUE_NEWS_BYTES] = "";
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("silent", NULL));
    servers_pause(&nats, 0);
    assert_int_equal(queue_put(q, 1, "x", 1, &err), 0);
    for (int i = 0; i < 600 && !queue_news(q, news); i++) queue_count(q, &counts, 100);
    kill(nats.pids[0], SIGCONT);
    if (!strstr(news, "does not confirm")) fail_msg("%s", news);
    assert_int_equal(queue_seal(q, 1, &err), 0);
    counts = role_wait_for(q, 0);
    assert_int_equal(counts.put, 1);
    queue_free(q);
}

static void test_patience_has_an_end(void **state)
{
    (void)state;
    beluga_error err = {.code = 0};
    queue_counts counts;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("patience", "patience=1"));
    servers_kill(&nats, 0);
    while (!queue_failed(q, &err)) queue_count(q, &counts, 100);
    assert_int_equal(err.code, BELUGA_ERROR_NETWORK);
    assert_int_equal(queue_put(q, 1, "x", 1, &err), BELUGA_ERROR_NETWORK);
    assert_int_equal(queue_seal(q, 1, &err), BELUGA_ERROR_NETWORK);
    queue_free(q);
}

static bool say_stop(void *payload)
{
    int *asked = payload;
    return ++*asked > 3;
}

static void test_a_wait_can_be_ended(void **state)
{
    (void)state;
    int asked = 0;
    beluga_error err;
    queue *q = NULL;
    servers_start(&nats, 1, NULL);
    const queue_settings settings = {
        .address = nats_at("ended", NULL), .stopped = say_stop, .payload = &asked};
    assert_int_equal(queue_open(&settings, &q, &err), 0);
    queue *other = role_create(nats_at("ended", NULL));
    servers_kill(&nats, 0);
    assert_int_equal(queue_put(q, 1, "x", 1, &err), 0);
    assert_int_equal(queue_seal(q, 1, &err), BELUGA_ERROR_CONTEXT_CANCELED);
    queue_free(q);
    queue_free(other);
}

static void test_a_job_that_is_removed_ends_its_workers(void **state)
{
    (void)state;
    beluga_error err = {.code = 0};
    queue_claim claim;
    queue_counts counts;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("removed", NULL));
    role_put(q, 1, 1, 1);
    queue *worker = role_join(nats_at("removed", NULL));
    claim = role_claim(worker);
    queue_let_go(worker, &claim, 60000);
    assert_int_equal(queue_remove(q, &err), 0);
    while (!queue_failed(worker, &err)) queue_count(worker, &counts, 100);
    assert_int_equal(err.code, BELUGA_ERROR_NOT_FOUND);
    assert_int_equal(queue_remove(q, &err), BELUGA_ERROR_NOT_FOUND);
    queue_free(worker);
    queue_free(q);
}

/* A server whose disk is slow may answer later than a request waits. */
static void test_a_slow_server_removes_a_job(void **state)
{
    (void)state;
    beluga_error err;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("slow", NULL));
    servers_pause(&nats, 0);
    pid_t waker = fork();
    if (waker == 0) {
        sleep(8);
        kill(nats.pids[0], SIGCONT);
        _exit(0);
    }
    assert_int_equal(queue_remove(q, &err), 0);
    role_end(waker);
    assert_int_equal(queue_remove(q, &err), BELUGA_ERROR_NOT_FOUND);
    queue_free(q);
}

/* ---- missing permissions and missing jobs ---------------------------------------------------- */

static void expect_refusal(const char *address, int code, const char *word)
{
    const queue_settings settings = {.address = address};
    beluga_error err = {.code = 0};
    queue *q = NULL;
    assert_int_equal(queue_open(&settings, &q, &err), code);
    assert_null(q);
    assert_non_null(strstr(err.message, word));
    assert_null(strstr(err.message, "hidden"));
}

static void test_credentials_are_asked_for(void **state)
{
    (void)state;
    char text[ADDRESS_BYTES];
    servers_start(&nats, 1, "authorization { user: anna, password: \"hidden/1\" }");
    expect_refusal(nats_at("job", NULL), BELUGA_ERROR_AUTHENTICATION, "credentials");
    snprintf(text, sizeof text, "nats://anna:hidden2@127.0.0.1:%d/job", nats.ports[0]);
    expect_refusal(text, BELUGA_ERROR_AUTHENTICATION, "credentials");
    snprintf(text, sizeof text, "nats://anna:hidden%%2f1@127.0.0.1:%d/job", nats.ports[0]);
    queue *q = role_create(text);
    assert_null(strstr(queue_where(q), "hidden"));
    assert_string_equal(queue_job(q), "job");
    queue_free(q);
    setenv("NATS_USER", "anna", 1);
    setenv("NATS_PASSWORD", "hidden/1", 1);
    queue_free(role_join(nats_at("job", NULL)));
    unsetenv("NATS_USER");
    unsetenv("NATS_PASSWORD");
}

static void test_a_token_is_enough(void **state)
{
    (void)state;
    char text[ADDRESS_BYTES];
    servers_start(&nats, 1, "authorization { token: hidden3 }");
    snprintf(text, sizeof text, "nats://hidden3@127.0.0.1:%d/job", nats.ports[0]);
    queue_free(role_create(text));
    setenv("NATS_TOKEN", "hidden3", 1);
    queue_free(role_join(nats_at("job", NULL)));
    unsetenv("NATS_TOKEN");
    setenv("NATS_USER", "hidden3", 1); /* the program `nats` uses the same variable */
    queue_free(role_join(nats_at("job", NULL)));
    unsetenv("NATS_USER");
}

/* The key pair is from the documentation of NATS; see test_address.c. */
static void test_a_seed_signs_in(void **state)
{
    (void)state;
    char path[FOLDER_BYTES + 16], query[FOLDER_BYTES + 32];
    servers_start(&nats, 1,
                  "authorization { users: [{ nkey: "
                  "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4 }] }");
    snprintf(path, sizeof path, "%s/seed.nk", nats.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\n", file);
    fclose(file);
    expect_refusal(nats_at("job", NULL), BELUGA_ERROR_AUTHENTICATION, "credentials");
    snprintf(query, sizeof query, "nkey=%s", path);
    queue_free(role_create(nats_at("job", query)));
    setenv("NATS_NKEY", path, 1);
    queue_free(role_join(nats_at("job", NULL)));
    setenv("NATS_NKEY", nats.folder, 1);
    expect_refusal(nats_at("job", NULL), BELUGA_ERROR_INVALID_CONFIG, "seed");
    setenv("NATS_NKEY", "/nothing/is/here", 1);
    expect_refusal(nats_at("job", NULL), BELUGA_ERROR_INVALID_CONFIG, "/nothing/is/here");
    unsetenv("NATS_NKEY");
}

static void test_credentials_without_a_seed_are_told(void **state)
{
    (void)state;
    char path[FOLDER_BYTES + 16];
    servers_start(&nats, 1, NULL);
    snprintf(path, sizeof path, "%s/user.creds", nats.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("no credentials\n", file);
    fclose(file);
    setenv("NATS_CREDS", path, 1);
    expect_refusal(nats_at("job", NULL), BELUGA_ERROR_INTERNAL, "no nkey user seed found");
    unsetenv("NATS_CREDS");
}

static void test_tls_knows_both_sides(void **state)
{
    (void)state;
    char folder[FOLDER_BYTES], command[512], extra[512], address[ADDRESS_BYTES];
    assert_true(folder_make(folder, "tls"));
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
             "-keyout %s/key.pem -out %s/cert.pem -subj /CN=localhost -addext "
             "subjectAltName=DNS:localhost >/dev/null 2>&1",
             folder, folder);
    if (system(command) != 0) {
        folder_remove(folder);
        print_message("# no openssl is here that makes a certificate\n");
        skip();
    }
    snprintf(extra, sizeof extra,
             "tls { cert_file: \"%s/cert.pem\", key_file: \"%s/key.pem\", ca_file: "
             "\"%s/cert.pem\", verify: true }",
             folder, folder, folder);
    servers_start(&nats, 1, extra);
    snprintf(address, sizeof address,
             "tls://localhost:%d/job?ca=%s/cert.pem&cert=%s/cert.pem&key=%s/key.pem", nats.ports[0],
             folder, folder, folder);
    queue_free(role_create(address));
    snprintf(address, sizeof address, "tls://localhost:%d/job", nats.ports[0]);
    /* The client does not know the authority that signed the certificate. */
    expect_refusal(address, BELUGA_ERROR_INVALID_CONFIG, "authority");
    snprintf(address, sizeof address, "nats://localhost:%d/job", nats.ports[0]);
    expect_refusal(address, BELUGA_ERROR_INVALID_CONFIG, "TLS");
    /* The client has no certificate of its own, which it may notice during or after the handshake.
     */
    snprintf(address, sizeof address, "tls://localhost:%d/job?ca=%s/cert.pem", nats.ports[0],
             folder);
    queue *none = NULL;
    beluga_error err = {.code = 0};
    queue_open(&(queue_settings){.address = address}, &none, &err);
    assert_null(none);
    assert_non_null(strstr(err.message, "NATS_CERT"));
    snprintf(address, sizeof address, "tls://localhost:%d/job?ca=%s/key.pem", nats.ports[0],
             folder);
    expect_refusal(address, BELUGA_ERROR_INVALID_CONFIG, "key.pem");
    folder_remove(folder);
}

static void test_credentials_that_end_are_told(void **state)
{
    (void)state;
    char text[ADDRESS_BYTES];
    beluga_error err = {.code = 0};
    queue_counts counts;
    servers_start(&nats, 1, "authorization { token: hidden4 }");
    snprintf(text, sizeof text, "nats://hidden4@127.0.0.1:%d/job", nats.ports[0]);
    queue *q = role_create(text);
    servers_kill(&nats, 0);
    servers_configure_again(&nats, "authorization { token: hidden5 }");
    servers_start_again(&nats, 0);
    while (!queue_failed(q, &err)) queue_count(q, &counts, 100);
    assert_int_equal(err.code, BELUGA_ERROR_AUTHENTICATION);
    queue_free(q);
}

static void test_a_job_that_is_not_there_is_told(void **state)
{
    (void)state;
    beluga_error err = {.code = 0};
    const char *manifest;
    size_t n;
    servers_start(&nats, 1, NULL);
    queue *q = role_open(nats_at("nothing", NULL));
    assert_int_equal(queue_join(q, &manifest, &n, &err), BELUGA_ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nothing"));
    assert_non_null(strstr(err.message, "--queue"));
    queue_free(q);
}

static void test_a_server_without_jetstream_is_told(void **state)
{
    (void)state;
    beluga_error err = {.code = 0};
    bool made;
    servers_start(&nats, 1, "accounts { A { users: [{user: a, password: a}] } }\nno_auth_user: a");
    queue *q = role_open(nats_at("none", NULL));
    assert_int_equal(queue_create(q, "{}", 2, &made, &err), BELUGA_ERROR_NOT_SUPPORTED);
    assert_non_null(strstr(err.message, "JetStream"));
    queue_free(q);
}

static void test_a_server_with_tiny_messages_is_told(void **state)
{
    (void)state;
    servers_start(&nats, 1, "max_payload: 2048");
    expect_refusal(nats_at("tiny", NULL), BELUGA_ERROR_INVALID_CONFIG, "max_payload");
}

static void test_a_limit_of_messages_may_shrink(void **state)
{
    (void)state;
    const size_t size = 600 * 1024;
    beluga_error err;
    char *text = make_long(size);
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("shrink", NULL));
    servers_kill(&nats, 0);
    servers_configure_again(&nats, "max_payload: 65536");
    servers_start_again(&nats, 0);
    assert_int_equal(queue_put(q, 1, text, size, &err), 0);
    assert_int_equal(queue_seal(q, 1, &err), 0);
    queue *worker = role_join(nats_at("shrink", NULL));
    queue_claim claim = role_claim(worker);
    assert_null(claim.fault);
    assert_int_equal(claim.length, size);
    assert_memory_equal(claim.bytes, text, size);
    queue_free(worker);
    queue_free(q);
    free(text);
}

static void test_a_server_that_is_not_there_is_told(void **state)
{
    (void)state;
    char text[ADDRESS_BYTES];
    int kept, port = keep_port(&kept);
    snprintf(text, sizeof text, "nats://127.0.0.1:%d/job", port);
    expect_refusal(text, BELUGA_ERROR_NETWORK, "no server");
    close(kept);
}

static void test_a_server_that_is_slow_to_answer_is_asked_again(void **state)
{
    (void)state;
    relay way;
    char address[ADDRESS_BYTES];
    servers_start(&nats, 1, NULL);
    relay_start(&way, nats.ports[0], 1);
    snprintf(address, sizeof address, "nats://127.0.0.1:%d/slow", way.port);
    queue_free(role_open(address));
    relay_stop(&way);
}

static void test_replicas_need_a_cluster(void **state)
{
    (void)state;
    beluga_error err = {.code = 0};
    bool made;
    servers_start(&nats, 1, NULL);
    queue *q = role_open(nats_at("replicas", "replicas=3"));
    assert_int_equal(queue_create(q, "{}", 2, &made, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "replicas=1"));
    queue_free(q);
}

/* ---- what workers know of each other --------------------------------------------------------- */

static void test_workers_spend_together(void **state)
{
    (void)state;
    servers_start(&nats, 1, NULL);
    queue *one = role_create(nats_at("spend", NULL)), *two = role_join(nats_at("spend", NULL));
    const queue_sum some = {.cost = 0.25, .failed = 1, .input_tokens = 10, .output_tokens = 20};
    queue_sum sum = {0};
    for (int i = 0; i < 100; i++) {
        queue_spend(one, &some);
        queue_spend(two, &some);
    }
    queue_spent(one, &sum);
    assert_true(sum.cost >= 25); /* a worker knows its own spending at once */
    for (int i = 0; i < 600 && sum.cost < 50; i++) {
        struct timespec tenth = {.tv_nsec = 100000000};
        nanosleep(&tenth, NULL);
        queue_spent(one, &sum);
    }
    assert_true(sum.cost == 50);
    assert_int_equal(sum.failed, 200);
    assert_int_equal(sum.input_tokens, 2000);
    assert_int_equal(sum.output_tokens, 4000);
    queue_free(one);
    queue_free(two);
}

/* Remove the job, and create another one of the same name. Returns its queue. */
static queue *make_job_again(queue *old, const char *address)
{
    beluga_error err;
    if (queue_remove(old, &err) != 0) fail_msg("%s", err.message);
    queue_free(old);
    return role_create(address);
}

static void test_a_worker_of_a_removed_job_spends_nothing_of_the_next_one(void **state)
{
    (void)state;
    beluga_error err;
    const queue_sum some = {.cost = 5, .lines = 1}, own = {.cost = 1, .lines = 1};
    queue_sum sum = {0};
    char terms[QUEUE_TERMS_BYTES] = "";
    servers_start(&nats, 1, NULL);
    queue *first = role_create(nats_at("late", NULL)), *late = role_join(nats_at("late", NULL));
    queue *next = make_job_again(first, nats_at("late", NULL));
    queue_spend(late, &some);
    assert_int_equal(queue_set_terms(late, "{\"budget\":1}", &err), 0);
    queue_free(late); /* this stores what it has spent */
    queue_spend(next, &own);
    for (int i = 0; i < 600 && !queue_spent(next, &sum); i++) {
        struct timespec tenth = {.tv_nsec = 100000000};
        nanosleep(&tenth, NULL);
    }
    assert_true(queue_spent(next, &sum));
    assert_true(sum.cost == 1);
    assert_int_equal(sum.lines, 1);
    assert_false(queue_terms(next, terms));
    queue_free(next);
}

static void test_terms_can_change(void **state)
{
    (void)state;
    beluga_error err;
    queue_sum sum;
    char terms[QUEUE_TERMS_BYTES] = "";
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("terms", NULL)), *worker = role_join(nats_at("terms", NULL));
    queue_spent(worker, &sum);
    assert_false(queue_terms(worker, terms));
    const char *const wanted[] = {"{\"budget\":1}", "{\"budget\":2}"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_int_equal(queue_set_terms(q, wanted[i], &err), 0);
        for (int tenths = 0; tenths < 600 && strcmp(terms, wanted[i]) != 0; tenths++) {
            struct timespec tenth = {.tv_nsec = 100000000};
            nanosleep(&tenth, NULL);
            queue_spent(worker, &sum);
            queue_terms(worker, terms);
        }
        assert_string_equal(terms, wanted[i]);
    }
    char too_long[QUEUE_TERMS_BYTES + 1];
    memset(too_long, 'x', QUEUE_TERMS_BYTES);
    too_long[QUEUE_TERMS_BYTES] = '\0';
    assert_int_equal(queue_set_terms(q, too_long, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    queue_free(worker);
    queue_free(q);
}

static void test_workers_are_listed(void **state)
{
    (void)state;
    queue_worker workers[4];
    size_t n = 0;
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("list", NULL));
    role_put(q, 1, 5, 5);
    assert_int_equal(queue_workers(q, workers, 4), 0);
    queue *one = role_join(nats_at("list", NULL)), *two = role_join(nats_at("list", NULL));
    queue_claim first = role_claim(one), second = role_claim(two);
    assert_true(first.line != second.line);
    for (int i = 0; i < 600 && n != 2; i++) {
        struct timespec tenth = {.tv_nsec = 100000000};
        nanosleep(&tenth, NULL);
        n = queue_workers(q, workers, 4);
    }
    assert_int_equal(n, 2);
    assert_true(strcmp(workers[0].name, workers[1].name) < 0);
    /* A worker counts itself even if it does not know of other workers yet. */
    assert_int_equal(queue_workers(one, workers, 4) > 0, 1);
    queue_free(one);
    queue_free(two);
    queue_free(q);
}

static void test_a_worker_of_a_removed_job_is_not_listed_in_the_next_one(void **state)
{
    (void)state;
    queue_worker workers[4];
    size_t n = 0;
    servers_start(&nats, 1, NULL);
    queue *first = role_create(nats_at("gone", NULL)), *late = role_join(nats_at("gone", NULL));
    role_put(first, 1, 1, 1);
    role_claim(late);
    queue *next = make_job_again(first, nats_at("gone", NULL)),
          *worker = role_join(nats_at("gone", NULL));
    role_put(next, 1, 1, 1);
    role_claim(worker);
    queue_workers(next, workers, 4); /* both workers hear this request, if they listen to it */
    for (int i = 0; i < 600 && !n; i++) {
        queue_extend(late); /* a worker that is silent is not announced */
        queue_extend(worker);
        struct timespec second = {.tv_sec = 1};
        nanosleep(&second, NULL);
        n = queue_workers(next, workers, 4);
    }
    assert_int_equal(n, 1);
    queue_free(late);
    queue_free(worker);
    queue_free(next);
}

static void test_collecting_goes_on_behind_a_position(void **state)
{
    (void)state;
    beluga_error err;
    queue_result result = {0};
    servers_start(&nats, 1, NULL);
    queue *q = role_create(nats_at("position", NULL)),
          *worker = role_join(nats_at("position", NULL));
    role_put(q, 1, 10, 10);
    assert_int_equal(role_work(worker, 1), 10);
    for (int i = 0; i < 6;) i += queue_next_result(q, 0, &result, 1000, &err);
    uint64_t position = result.position;
    queue_free(q);
    q = role_join(nats_at("position", NULL));
    int n = 0;
    for (; n < 4; n += queue_next_result(q, position, &result, 1000, &err))
        assert_true(result.position >= position);
    assert_int_equal(queue_next_result(q, position, &result, 300, &err), 0);
    queue_free(worker);
    queue_free(q);
}

int main(int count, char **arguments)
{
    int code = role_main(count, arguments);
    if (code >= 0) return code;
#define CASE(name) cmocka_unit_test_setup_teardown(name, nats_set_up, nats_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_lines_put_twice_are_there_once),
        CASE(test_a_job_is_made_once),
        CASE(test_two_workers_ask_each_line_once),
        CASE(test_lines_of_a_worker_that_died_are_asked_by_another),
        CASE(test_a_line_that_came_back_tells_its_tries),
        CASE(test_a_line_under_way_is_nobody_elses),
        CASE(test_the_first_result_stays),
        CASE(test_a_line_with_a_result_is_not_handed_out),
        CASE(test_what_is_longer_than_a_message_arrives),
        CASE(test_a_long_manifest_arrives),
        CASE(test_nothing_is_lost_when_the_server_is_killed),
        CASE(test_nothing_is_lost_when_connections_are_cut),
        CASE(test_a_late_answer_counts_once),
        CASE(test_a_silent_server_is_told),
        CASE(test_patience_has_an_end),
        CASE(test_a_wait_can_be_ended),
        CASE(test_a_job_that_is_removed_ends_its_workers),
        CASE(test_a_slow_server_removes_a_job),
        CASE(test_credentials_are_asked_for),
        CASE(test_a_token_is_enough),
        CASE(test_a_seed_signs_in),
        CASE(test_credentials_without_a_seed_are_told),
        CASE(test_tls_knows_both_sides),
        CASE(test_credentials_that_end_are_told),
        CASE(test_a_job_that_is_not_there_is_told),
        CASE(test_a_server_without_jetstream_is_told),
        CASE(test_a_server_with_tiny_messages_is_told),
        CASE(test_a_limit_of_messages_may_shrink),
        CASE(test_a_server_that_is_not_there_is_told),
        CASE(test_a_server_that_is_slow_to_answer_is_asked_again),
        CASE(test_replicas_need_a_cluster),
        CASE(test_workers_spend_together),
        CASE(test_a_worker_of_a_removed_job_spends_nothing_of_the_next_one),
        CASE(test_terms_can_change),
        CASE(test_workers_are_listed),
        CASE(test_a_worker_of_a_removed_job_is_not_listed_in_the_next_one),
        CASE(test_collecting_goes_on_behind_a_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
