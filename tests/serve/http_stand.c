#include "http_stand.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the handler --------------------------------------------------------------------------------
 */

static __attribute__((format(printf, 2, 3))) void note(stand *s, const char *format, ...)
{
    va_list args;
    size_t n = strlen(s->log);
    va_start(args, format);
    vsnprintf(s->log + n, sizeof s->log - n, format, args);
    va_end(args);
}

static bool is_at(const http_exchange *x, const char *path)
{
    return strcmp(http_path(x), path) == 0;
}

static void head(void *payload, http_exchange *x)
{
    stand *s = payload;
    s->heads++;
    s->x = x;
    note(s, "head:%s ", http_path(x));
    if (s->max_body) http_set_max_body(x, s->max_body);
    if (is_at(x, "/deny")) http_answer(x, 401, "text/plain", "no key\n", 7);
    if (is_at(x, "/start")) http_start(x, 200, "text/event-stream");
    if (is_at(x, "/free-head")) http_server_free(s->server);
}

static void send_big(stand *s, http_exchange *x)
{
    char *bytes = malloc(s->big);
    assert_non_null(bytes);
    memset(bytes, 'b', s->big);
    http_answer(x, 200, "text/plain", bytes, s->big);
    free(bytes);
}

static void send_stream(http_exchange *x)
{
    http_start(x, 200, "text/event-stream");
    http_write(x, "one", 3);
    if (is_at(x, "/break")) {
        http_break(x);
        return;
    }
    http_write(x, "two", 3);
    if (is_at(x, "/whole")) http_end(x);
}

static void send_echo(http_exchange *x)
{
    size_t length;
    const char *body = http_body(x, &length);
    http_add_header(x, "x-method", http_method(x));
    http_add_header(x, "x-evil", "a\r\nb: c");
    http_answer(x, 200, "text/plain", body, length);
}

static void request(void *payload, http_exchange *x)
{
    stand *s = payload;
    size_t length;
    http_body(x, &length);
    s->requests++;
    note(s, "request:%zu ", length);
    if (is_at(x, "/hang") || is_at(x, "/free-over")) return;
    if (is_at(x, "/stream") || is_at(x, "/whole") || is_at(x, "/break"))
        send_stream(x);
    else if (is_at(x, "/big"))
        send_big(s, x);
    else if (is_at(x, "/none"))
        http_answer(x, 204, NULL, NULL, 0);
    else if (is_at(x, "/free"))
        http_server_free(s->server);
    else
        send_echo(x);
}

static void writable(void *payload, http_exchange *x)
{
    stand *s = payload;
    s->writables++;
    note(s, "writable ");
    if (is_at(x, "/free-writable")) http_server_free(s->server);
}

static void over(void *payload, http_exchange *x, bool gone)
{
    stand *s = payload;
    s->overs++;
    s->gones += gone;
    if (s->x == x) s->x = NULL;
    note(s, "over:%d:%s ", http_status(x), gone ? "gone" : "sent");
    http_write(x, "late", 4);
    http_answer(x, 200, NULL, "late", 4);
    if (is_at(x, "/free-over")) http_server_free(s->server);
}

static void refused(void *payload, int status, const char *why)
{
    stand *s = payload;
    s->refusals++;
    assert_true(strlen(why) > 10);
    note(s, "refused:%d ", status);
}

static size_t describe(void *payload, http_exchange *x, int status, const char *why, char *text,
                       size_t n, const char **content_type)
{
    (void)payload;
    *content_type = "application/json";
    return (size_t)snprintf(text, n, "{\"path\":\"%s\",\"status\":%d,\"why\":\"%s\"}",
                            x ? http_path(x) : "", status, why);
}

/* --- the server ---------------------------------------------------------------------------------
 */

stand *stand_new(void)
{
    stand *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_int_equal(reactor_new(&s->reactor), 0);
    s->handler = (http_handler){head, request, writable, over, refused, describe};
    s->limits = (http_limits){.max_connections = 100,
                              .max_head_bytes = 4096,
                              .max_headers = 40,
                              .max_body_bytes = 1 << 20,
                              .head_ms = STAND_WAIT_MS,
                              .body_ms = STAND_WAIT_MS,
                              .idle_ms = STAND_WAIT_MS,
                              .write_ms = STAND_WAIT_MS,
                              .full_bytes = 64 << 10,
                              .resume_bytes = 16 << 10};
    assert_int_equal(http_server_new(s->reactor, &s->limits, &s->handler, s, &s->server), 0);
    return s;
}

void stand_listen(stand *s, const char *address)
{
    char why[300] = "";
    if (http_server_listen(s->server, address, why, sizeof why) != 0) fail_msg("%s", why);
}

void stand_free(stand *s)
{
    http_server_free(s->server);
    assert_int_equal(s->heads, s->overs);
    reactor_free(s->reactor);
    free(s);
}

void stand_turn(stand *s)
{
    assert_int_equal(reactor_turn(s->reactor, 1), 0);
}

static void turn_before(stand *s, int64_t end_ms, const char *what)
{
    if (now_ms() > end_ms) fail_msg("waited in vain for %s: %s", what, s->log);
    stand_turn(s);
}

void stand_until(stand *s, const char *word)
{
    for (int64_t end_ms = now_ms() + STAND_WAIT_MS; !strstr(s->log, word);)
        turn_before(s, end_ms, word);
}

void stand_until_connections(stand *s, size_t n)
{
    for (int64_t end_ms = now_ms() + STAND_WAIT_MS; http_server_connections(s->server) != n;)
        turn_before(s, end_ms, "the number of connections");
}

/* --- its clients --------------------------------------------------------------------------------
 */

static int connect_to(const struct sockaddr *at, socklen_t length)
{
    int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, at, length), 0);
    return fd;
}

int stand_dial(stand *s)
{
    const char *origin = http_server_origin(s->server, 0);
    assert_non_null(origin);
    if (strncmp(origin, "unix:", 5) == 0) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        snprintf(at.sun_path, sizeof at.sun_path, "%s", origin + 5);
        return connect_to((const struct sockaddr *)&at, sizeof at);
    }
    int port = atoi(strrchr(origin, ':') + 1);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect_to((const struct sockaddr *)&at, sizeof at);
}

void stand_say_bytes(stand *s, int fd, const char *bytes, size_t length)
{
    for (int64_t end_ms = now_ms() + STAND_WAIT_MS; length;) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        /* the server has closed the connection early; its answer shows why */
        if (n < 0 && errno != EAGAIN) return;
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else {
            turn_before(s, end_ms, "room to send");
        }
    }
}

void stand_say(stand *s, int fd, const char *text)
{
    stand_say_bytes(s, fd, text, strlen(text));
}

/* Run the reactor until recv returns bytes, the end or an error, and return that. */
static ssize_t hear(stand *s, int fd, char *text, size_t n)
{
    for (int64_t end_ms = now_ms() + STAND_WAIT_MS;;) {
        ssize_t got = recv(fd, text, n, MSG_DONTWAIT);
        if (got >= 0 || errno != EAGAIN) return got;
        turn_before(s, end_ms, "an answer");
    }
}

const char *stand_hear(stand *s, int fd, const char *until)
{
    size_t length = 0;
    *s->text = '\0';
    while (!until || !strstr(s->text, until)) {
        assert_true(length + 1 < sizeof s->text);
        ssize_t n = hear(s, fd, s->text + length, sizeof s->text - 1 - length);
        if (n <= 0 && until) fail_msg("closed before '%s': %s", until, s->text);
        if (n < 0) fail_msg("reset behind '%s'", s->text);
        if (n == 0) break;
        length += (size_t)n;
        s->text[length] = '\0';
    }
    return s->text;
}

void stand_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

bool stand_was_reset(stand *s, int fd)
{
    char bytes[4096];
    ssize_t n;
    do n = hear(s, fd, bytes, sizeof bytes);
    while (n > 0);
    return n < 0;
}
