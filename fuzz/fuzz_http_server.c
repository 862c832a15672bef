/*
 * Bytes that a client sends to the server of `beluga serve`. The first line has two numbers, the
 * offsets at which the following bytes are cut. The answers are the same bytes whether the input is
 * cut or not; each request that the handler gets ends once; each answer begins correctly; and after
 * a client has closed, its connection is freed.
 */
#include "fuzz.h"
#include "serve/http_connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_TURNS = 10000, MOST_ANSWER = 1 << 18 };

static reactor *loop;
static http_server *server;
static unsigned heads, overs, requests;

/* ---- the handler ----------------------------------------------------------------------------- */

static bool begins(const http_exchange *x, const char *path)
{
    return strncmp(http_path(x), path, strlen(path)) == 0;
}

static void on_head(void *payload, http_exchange *x)
{
    (void)payload;
    heads++;
    FUZZ_CHECK(*http_path(x) == '/' || strcmp(http_path(x), "*") == 0);
    FUZZ_CHECK(!strpbrk(http_path(x), " ?#\r\n"));
    FUZZ_CHECK(*http_method(x));
    if (begins(x, "/deny")) http_answer(x, 401, NULL, NULL, 0);
    if (begins(x, "/most")) http_set_max_body(x, 10);
}

static void check_headers(const http_exchange *x)
{
    const char *name, *value;
    for (size_t i = 0; http_header_at(x, i, &name, &value); i++) {
        FUZZ_CHECK(*name && !strpbrk(name, " \t\r\n:") && !strpbrk(value, "\r\n"));
        FUZZ_CHECK(http_header(x, name));
    }
}

static void on_request(void *payload, http_exchange *x)
{
    size_t length;
    (void)payload;
    requests++;
    check_headers(x);
    const char *body = http_body(x, &length);
    if (begins(x, "/most")) FUZZ_CHECK(length <= 10);
    if (begins(x, "/stream")) {
        http_start(x, 200, "text/plain");
        http_write(x, body, length);
        http_end(x);
    } else if (begins(x, "/break")) {
        http_start(x, 200, "text/plain");
        http_break(x);
    } else {
        http_answer(x, begins(x, "/none") ? 204 : 200, "text/plain", body, length);
    }
}

static void on_over(void *payload, http_exchange *x, bool gone)
{
    (void)payload;
    (void)x;
    (void)gone;
    overs++;
}

static void on_writable(void *payload, http_exchange *x)
{
    (void)payload;
    (void)x;
}

static void on_refused(void *payload, int status, const char *why)
{
    (void)payload;
    FUZZ_CHECK(status >= 400 && status < 600);
    fuzz_check_line(why);
}

static const http_handler handler = {.head = on_head,
                                     .request = on_request,
                                     .writable = on_writable,
                                     .over = on_over,
                                     .refused = on_refused};
static const http_limits limits = {.max_connections = 10,
                                   .max_head_bytes = 1024,
                                   .max_headers = 16,
                                   .max_body_bytes = 2048,
                                   .head_ms = 3600000,
                                   .body_ms = 3600000,
                                   .idle_ms = 3600000,
                                   .write_ms = 3600000,
                                   .full_bytes = 4096,
                                   .resume_bytes = 1024};

/* ---- the client ------------------------------------------------------------------------------ */

typedef struct client {
    int fd;
    size_t length;
    char answer[MOST_ANSWER];
} client;

static void turn(client *c)
{
    FUZZ_CHECK(reactor_turn(loop, 0) == 0);
    ssize_t n = recv(c->fd, c->answer + c->length, MOST_ANSWER - c->length, MSG_DONTWAIT);
    if (n > 0) c->length += (size_t)n;
    FUZZ_CHECK(c->length < MOST_ANSWER);
}

static void send_all(client *c, const uint8_t *bytes, size_t length)
{
    for (int turns = 0; length; turns++) {
        ssize_t n = send(c->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EPIPE) return;
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
        turn(c);
        FUZZ_CHECK(turns < MOST_TURNS);
    }
}

/* Send bytes in three pieces, and read all answers. */
static void converse(client *c, const uint8_t *bytes, size_t length, size_t first, size_t second)
{
    int fds[2];
    struct sockaddr peer = {.sa_family = AF_UNIX};
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    c->fd = fds[0];
    c->length = 0;
    http_connection_open(server, fds[1], &peer);
    send_all(c, bytes, first);
    send_all(c, bytes + first, second - first);
    send_all(c, bytes + second, length - second);
    shutdown(c->fd, SHUT_WR);
    for (int turns = 0; http_server_connections(server); turns++) {
        turn(c);
        FUZZ_CHECK(turns < MOST_TURNS);
    }
    turn(c);
    close(c->fd);
}

/* ---- the rules ------------------------------------------------------------------------------- */

/* Hide dates, whose seconds may differ between two runs. */
static void hide_dates(client *c)
{
    c->answer[c->length] = '\0';
    for (char *at = c->answer;
         (at = memmem(at, c->length - (size_t)(at - c->answer), "date: ", 6));)
        for (; *at && *at != '\r'; at++) *at = '-';
}

static void check_same(client *all, client *some)
{
    hide_dates(all);
    hide_dates(some);
    FUZZ_CHECK(!all->length || strncmp(all->answer, "HTTP/1.1 ", 9) == 0);
    FUZZ_CHECK(all->length == some->length);
    FUZZ_CHECK(memcmp(all->answer, some->answer, all->length) == 0);
}

static size_t read_number(const uint8_t **data, size_t *size)
{
    size_t number = 0;
    for (uint8_t byte; (byte = fuzz_byte(data, size)) >= '0' && byte <= '9';)
        number = (number * 10 + byte - '0') % 100000;
    return number;
}

static client whole, cut;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!loop) {
        FUZZ_CHECK(reactor_new(&loop) == 0);
        FUZZ_CHECK(http_server_new(loop, &limits, &handler, NULL, &server) == 0);
    }
    size_t first = read_number(&data, &size), second = read_number(&data, &size);
    first %= size + 1;
    second = first + second % (size - first + 1);
    converse(&whole, data, size, 0, 0);
    unsigned told = heads, asked = requests;
    FUZZ_CHECK(overs == heads && requests <= heads);
    heads = overs = requests = 0;
    converse(&cut, data, size, first, second);
    FUZZ_CHECK(heads == told && overs == told && requests == asked);
    heads = overs = requests = 0;
    check_same(&whole, &cut);
    return 0;
}
