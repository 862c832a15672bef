/* Clients that disconnect, wait or read slowly; and a server that is reloaded, has too many
 * requests, or is shutting down. */
#include "gate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GATE_TEST(test) cmocka_unit_test_setup_teardown(test, gate_setup, gate_teardown)

#define MOCK "models:\n  e: {model: mock/echo}\n"
#define CHAT "/v1/chat/completions"

/* ---- clients that disconnect ----------------------------------------------------------------- */

static int ask(gate *g, const char *path, const char *body)
{
    int fd = gate_dial(g);
    gate_say(fd, "POST", path, NULL, body);
    return fd;
}

/* Send a request, and disconnect when the peer has received it. The peer must notice that its
 * request was cancelled. */
static void expect_cancelled(gate *g, const char *path, const char *body)
{
    size_t n = peer_requests(g->peer);
    int fd = ask(g, path, body);
    assert_int_equal(peer_wait_requests(g->peer, n + 1, GATE_WAIT_MS), 0);
    close(fd);
    assert_int_equal(peer_wait_outcome(g->peer, n, PEER_CANCELLED, GATE_WAIT_MS), 0);
}

static void a_client_that_goes_before_the_first_token_cancels_its_call(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, FOR_EVER, HANGS);
    expect_cancelled(g, CHAT, GATE_CHAT("m", "true"));
    expect_cancelled(g, CHAT, GATE_CHAT("m", "false"));
    expect_cancelled(g, "/v1/messages", GATE_MESSAGES("m", "true"));
    expect_cancelled(g, "/v1/messages", GATE_MESSAGES("m", "false"));
    expect_cancelled(g, "/v1/responses", GATE_RESPONSES("m", "true"));
    expect_cancelled(g, "/v1/embeddings", "{\"model\":\"m\",\"input\":\"x\"}");
}

static void a_client_that_goes_in_mid_answer_cancels_its_call(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, FOR_EVER, BEGINS, SAYS("Hel"), HANGS);
    for (int i = 0; i < 2; i++) {
        int fd = i ? ask(g, "/v1/messages", GATE_MESSAGES("m", "true"))
                   : ask(g, CHAT, GATE_CHAT("m", "true"));
        gate_hear(g, fd, "Hel");
        close(fd);
        assert_int_equal(peer_wait_outcome(g->peer, (size_t)i, PEER_CANCELLED, GATE_WAIT_MS), 0);
    }
}

static void a_client_that_goes_while_its_answer_is_held_cancels_its_call(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS "serve: {stream_failover: hold}\n");
    script(g->peer, FOR_EVER, BEGINS, SAYS("Hel"), HANGS);
    expect_cancelled(g, CHAT, GATE_CHAT("m", "true"));
    expect_cancelled(g, "/v1/messages", GATE_MESSAGES("m", "true"));
}

/* Wait until the server has no requests in flight. */
static void wait_for_rest(gate *g)
{
    for (int i = 0; i < 6000; i++) {
        gate_request(g, "GET", "/metrics", NULL, NULL);
        if (strstr(g->text, "beluga_requests_in_flight 0\n")) return;
        usleep(10000);
    }
    fail_msg("something still runs: %s", g->text);
}

static void a_client_that_goes_in_a_back_off_ends_its_call(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n"
                                 "  m: {model: openai/peer-chat, max_retries: 3, "
                                 "retry_delay: 30s}\n");
    script(g->peer, FAILS(503, NULL));
    script(g->peer, STREAMS("never"));
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    assert_int_equal(peer_wait_outcome(g->peer, 0, PEER_ANSWERED, GATE_WAIT_MS), 0);
    close(fd);
    wait_for_rest(g);
    assert_int_equal(peer_requests(g->peer), 1);
}

static void a_client_that_goes_while_a_connection_is_made_ends_its_call(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    peer_fail_accepts(g->peer, PEER_ACCEPT_DEAF, 1);
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    assert_int_equal(peer_wait_connections(g->peer, 1, GATE_WAIT_MS), 0);
    close(fd);
    wait_for_rest(g);
}

/* ---- clients that wait ----------------------------------------------------------------------- */

static void silent_streams_are_kept_alive(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS "serve: {keep_alive: 50ms}\n");
    script(g->peer, WAITS_AT(0), STREAMS("Hello"));
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    gate_hear(g, fd, ": ping\n\n");
    assert_contains(g->text, "HTTP/1.1 200 ");
    assert_contains(g->text, "text/event-stream");
    peer_open_gate(g->peer, 0);
    gate_hear_more(g, fd, "data: [DONE]\n\n");
    close(fd);
    script(g->peer, BEGINS, SAYS("Hel"), WAITS_AT(1), SAYS("lo"), STOPS, DONE);
    fd = ask(g, "/v1/messages", GATE_MESSAGES("m", "true"));
    gate_hear(g, fd, "Hel");
    gate_hear_more(g, fd, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    peer_open_gate(g->peer, 1);
    gate_hear_more(g, fd, "message_stop");
    close(fd);
}

static void what_fails_behind_a_sign_of_life_fails_in_its_protocol(void **state)
{
    gate *g = *state;
    static const char *const paths[] = {CHAT, "/v1/messages", "/v1/responses"};
    static const char *const bodies[] = {GATE_CHAT("m", "true"), GATE_MESSAGES("a", "true"),
                                         GATE_RESPONSES("r", "true")};
    static const char *const fails[] = {"data: {\"error\":{", "event: error",
                                        "event: response.failed"};
    gate_serve(g, GATE_MODELS "serve: {keep_alive: 50ms}\n");
    for (int i = 0; i < 3; i++) {
        script(g->peer, WAITS_AT(i), FAILS(503, NULL));
        int fd = ask(g, paths[i], bodies[i]);
        gate_hear(g, fd, "ping");
        peer_open_gate(g->peer, i);
        gate_hear_more(g, fd, NULL);
        close(fd);
        assert_contains(g->text, fails[i]);
    }
}

static void a_request_ends_at_its_time_limit(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS "serve: {timeout: 200ms}\n");
    script(g->peer, FOR_EVER, HANGS);
    assert_int_equal(gate_ask(g, CHAT, GATE_CHAT("m", "true")), 504);
    assert_int_equal(gate_ask(g, "/v1/messages", GATE_MESSAGES("m", "false")), 504);
    assert_contains(g->text, "timeout_error");
}

/* ---- clients that read slowly ---------------------------------------------------------------- */

static long memory_kib(const gate *g)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", g->cli->pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) sscanf(line, "RssAnon: %ld", &kib);
    fclose(file);
    return kib;
}

/* The limit for the server's memory. A sanitizer keeps freed memory, so its limit is higher. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MOST_KIB (512 * 1024)
#else
#define MOST_KIB (12 * 1024)
#endif

/* Read until the end, and discard the bytes. @return their number. */
static size_t drink(int fd)
{
    static char bytes[1 << 16];
    size_t all = 0;
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;) all += (size_t)n;
    return all;
}

/* An answer of more bytes than all sockets between the peer and the client can buffer. */
#define MUCH ((size_t)48 << 20)

/* Expect that the server stops reading a large answer while its client does not read. */
static void expect_paused(gate *g, const char *path, const char *body)
{
    peer_reply *r = script(g->peer, BEGINS);
    for (size_t sent = 0; sent < MUCH; sent += 65536) script_more(r, SAYS_LETTERS(65536));
    script_more(r, STOPS, DONE);
    size_t n = peer_requests(g->peer);
    int fd = gate_dial(g);
    gate_say(fd, "POST", path, "Connection: close\r\n", body);
    gate_hear(g, fd, "xxxx");
    /* other clients are still served */
    for (int i = 0; i < 50; i++)
        assert_int_equal(gate_request(g, "GET", "/health", NULL, NULL), 200);
    assert_int_equal(peer_request_outcome(g->peer, n), PEER_RUNNING);
    assert_true(memory_kib(g) < MOST_KIB);
    assert_true(drink(fd) > MUCH - (1 << 18));
    close(fd);
}

static void a_slow_client_holds_up_its_upstream(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    expect_paused(g, CHAT, GATE_CHAT("m", "true"));
    expect_paused(g, "/v1/messages", GATE_MESSAGES("m", "true"));
}

static void a_slow_client_that_goes_cancels_its_call(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    peer_reply *r = script(g->peer, BEGINS);
    for (size_t sent = 0; sent < MUCH; sent += 65536) script_more(r, SAYS_LETTERS(65536));
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    gate_hear(g, fd, "xxxx");
    close(fd);
    assert_int_equal(peer_wait_outcome(g->peer, 0, PEER_CANCELLED, GATE_WAIT_MS), 0);
}

/* ---- too many -------------------------------------------------------------------------------- */

static void more_requests_than_allowed_are_refused(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS "serve: {max_requests: 1}\n");
    script(g->peer, HANGS);
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    assert_int_equal(peer_wait_requests(g->peer, 1, GATE_WAIT_MS), 0);
    assert_int_equal(gate_ask(g, CHAT, GATE_CHAT("m", "true")), 503);
    assert_contains(g->text, "retry-after: 1\r\n");
    assert_int_equal(gate_ask(g, "/v1/messages", GATE_MESSAGES("m", "true")), 529);
    assert_contains(g->text, "overloaded_error");
    close(fd);
}

#define MANY 200

static void many_are_answered_at_once(void **state)
{
    gate *g = *state;
    int fds[MANY];
    gate_serve(g, GATE_MODELS);
    script(g->peer, FOR_EVER, BEGINS, SAYS("Hel"), WAITS_AT(0), SAYS("lo"), STOPS, DONE);
    for (int i = 0; i < MANY; i++)
        fds[i] = i % 2 ? ask(g, CHAT, GATE_CHAT("m", "true"))
                       : ask(g, "/v1/messages", GATE_MESSAGES("m", "true"));
    for (int i = 0; i < MANY; i++) gate_hear(g, fds[i], "Hel");
    peer_open_gate(g->peer, 0);
    for (int i = 0; i < MANY; i++) {
        gate_hear(g, fds[i], i % 2 ? "data: [DONE]\n\n" : "message_stop");
        close(fds[i]);
    }
    assert_int_equal(gate_stop(g), 0);
}

/* ---- reload ---------------------------------------------------------------------------------- */

static void a_reload_serves_what_the_file_says_now(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    gate_configure(g, "models:\n  f: {model: mock/echo}\n");
    cli_signal(g->cli, SIGHUP);
    cli_wait_for_err(g->cli, "was read again");
    assert_int_equal(gate_ask(g, CHAT, GATE_CHAT("f", "false")), 200);
    assert_int_equal(gate_ask(g, CHAT, GATE_CHAT("e", "false")), 404);
    gate_configure(g, MOCK);
    assert_int_equal(gate_ask(g, "/admin/reload", ""), 200);
    assert_int_equal(gate_ask(g, CHAT, GATE_CHAT("e", "false")), 200);
}

static void a_reload_that_names_another_address_says_when_it_is_taken(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    gate_configure(g, MOCK "serve: {listen: '127.0.0.1:4999'}\n");
    cli_signal(g->cli, SIGHUP);
    cli_wait_for_err(g->cli, "was read again");
    assert_contains(g->cli->err, "the server uses the new addresses only after a restart");
}

static void a_bad_file_keeps_the_old_one_and_is_told(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    gate_configure(g, "models:\n  e: {model: nobody/any}\n");
    cli_signal(g->cli, SIGHUP);
    cli_wait_for_err(g->cli, "the old one stays");
    assert_int_equal(gate_ask(g, CHAT, GATE_CHAT("e", "false")), 200);
    gate_request(g, "GET", "/health", NULL, NULL);
    assert_contains(g->text, "nobody");
    gate_configure(g, "models: [\n");
    assert_true(gate_ask(g, "/admin/reload", "") >= 400);
    gate_configure(g, MOCK);
    assert_int_equal(gate_ask(g, "/admin/reload", ""), 200);
    assert_contains(g->text, "\"error\":null");
}

static void a_request_keeps_the_configuration_that_it_began_with(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, BEGINS, SAYS("Hel"), WAITS_AT(0), SAYS("lo"), STOPS, DONE);
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    gate_hear(g, fd, "Hel");
    gate_configure(g, MOCK);
    cli_signal(g->cli, SIGHUP);
    cli_wait_for_err(g->cli, "was read again");
    peer_open_gate(g->peer, 0);
    gate_hear(g, fd, "data: [DONE]\n\n");
    close(fd);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Drain a server that answers a request. It listens for another second, which may be over before a
 * loaded machine asks. @return whether it was asked in time. */
static bool drain_in_time(gate *g, int number)
{
    gate_serve(g, GATE_MODELS);
    script(g->peer, BEGINS, SAYS("Hel"), WAITS_AT(number), SAYS("lo"), STOPS, DONE);
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    gate_hear(g, fd, "Hel");
    cli_signal(g->cli, SIGTERM);
    cli_wait_for_err(g->cli, "ending");
    int status = gate_request(g, "GET", "/ready", NULL, NULL);
    if (status) assert_int_equal(status, 503);
    if (status) assert_contains(g->text, "draining");
    peer_open_gate(g->peer, number);
    gate_hear(g, fd, NULL);
    assert_contains(g->text, "data: [DONE]\n\n");
    close(fd);
    assert_int_equal(cli_finish(g->cli), 0);
    return status != 0;
}

static void a_drain_lets_requests_end(void **state)
{
    for (int i = 0; i < 10; i++)
        if (drain_in_time(*state, i)) return;
    fail_msg("it never listens when it drains");
}

static void a_drain_ends_in_its_time_and_requests_fail(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS "serve: {drain: 300ms}\n");
    script(g->peer, FOR_EVER, BEGINS, SAYS("Hel"), HANGS);
    int fd = ask(g, "/v1/messages", GATE_MESSAGES("m", "true"));
    gate_hear(g, fd, "Hel");
    cli_signal(g->cli, SIGTERM);
    gate_hear_more(g, fd, NULL);
    assert_contains(g->text, "event: error");
    assert_lacks(g->text, "message_stop");
    close(fd);
    assert_int_equal(cli_finish(g->cli), 0);
    assert_int_equal(peer_wait_outcome(g->peer, 0, PEER_CANCELLED, GATE_WAIT_MS), 0);
}

static void a_second_signal_ends_it_at_once(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, HANGS);
    int fd = ask(g, CHAT, GATE_CHAT("m", "true"));
    assert_int_equal(peer_wait_requests(g->peer, 1, GATE_WAIT_MS), 0);
    cli_signal(g->cli, SIGINT);
    cli_wait_for_err(g->cli, "ending");
    cli_signal(g->cli, SIGTERM); /* a SIGINT at almost the same time would count once */
    assert_int_equal(cli_finish(g->cli), 0);
    close(fd);
}

static void it_runs_without_stdout_and_stderr(void **state)
{
    gate *g = *state;
    char path[128], address[160];
    snprintf(path, sizeof path, "%s/sock", g->cli->home);
    snprintf(address, sizeof address, "unix:%s", path);
    g->cli->closed = "12";
    cli_start(g->cli, "serve", "--listen", address, NULL);
    for (int i = 0; i < 6000 && access(path, F_OK) != 0; i++) usleep(10000);
    assert_int_equal(access(path, F_OK), 0);
    cli_signal(g->cli, SIGINT);
    assert_int_equal(cli_finish(g->cli), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(a_client_that_goes_before_the_first_token_cancels_its_call),
        GATE_TEST(a_client_that_goes_in_mid_answer_cancels_its_call),
        GATE_TEST(a_client_that_goes_while_its_answer_is_held_cancels_its_call),
        GATE_TEST(a_client_that_goes_in_a_back_off_ends_its_call),
        GATE_TEST(a_client_that_goes_while_a_connection_is_made_ends_its_call),
        GATE_TEST(silent_streams_are_kept_alive),
        GATE_TEST(what_fails_behind_a_sign_of_life_fails_in_its_protocol),
        GATE_TEST(a_request_ends_at_its_time_limit),
        GATE_TEST(a_slow_client_holds_up_its_upstream),
        GATE_TEST(a_slow_client_that_goes_cancels_its_call),
        GATE_TEST(more_requests_than_allowed_are_refused),
        GATE_TEST(many_are_answered_at_once),
        GATE_TEST(a_reload_serves_what_the_file_says_now),
        GATE_TEST(a_reload_that_names_another_address_says_when_it_is_taken),
        GATE_TEST(a_bad_file_keeps_the_old_one_and_is_told),
        GATE_TEST(a_request_keeps_the_configuration_that_it_began_with),
        GATE_TEST(a_drain_lets_requests_end),
        GATE_TEST(a_drain_ends_in_its_time_and_requests_fail),
        GATE_TEST(a_second_signal_ends_it_at_once),
        GATE_TEST(it_runs_without_stdout_and_stderr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
