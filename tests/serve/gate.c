#include "gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int gate_setup(void **state)
{
    gate *g = calloc(1, sizeof *g);
    void *cli = NULL;
    if (!g || cli_setup(&cli)) {
        free(g);
        return -1;
    }
    g->cli = cli;
    g->peer = peer_start();
    *state = g;
    return g->peer ? 0 : -1;
}

int gate_teardown(void **state)
{
    gate *g = *state;
    void *cli = g->cli;
    cli_teardown(&cli);
    peer_stop(g->peer);
    free(g);
    return 0;
}

/* Write `config` into the configuration file, with the peer's URL in place of each %s. */
void gate_configure(gate *g, const char *config)
{
    char text[8192];
    size_t n = 0;
    for (; *config; config++) {
        bool is_url = config[0] == '%' && config[1] == 's';
        if (is_url) config++;
        int wrote = is_url ? snprintf(text + n, sizeof text - n, "%s", peer_url(g->peer))
                           : snprintf(text + n, sizeof text - n, "%c", *config);
        n += (size_t)wrote;
        assert_true(n < sizeof text);
    }
    cli_write_file(g->cli, "serve.yaml", text, n);
}

static void find_port(gate *g)
{
    static const char before[] = "listening at http://127.0.0.1:";
    cli_wait_for_err(g->cli, before);
    cli_wait_for_err(g->cli, "env_key");
    const char *at = strstr(g->cli->err, before);
    g->port = atoi(at + sizeof before - 1);
    assert_true(g->port > 0);
}

void gate_start(gate *g, const char *config, ...)
{
    char path[128];
    const char *more[4] = {NULL};
    va_list values;
    snprintf(path, sizeof path, "%s/serve.yaml", g->cli->home);
    gate_configure(g, config);
    va_start(values, config);
    for (size_t i = 0; i < 4 && (more[i] = va_arg(values, const char *)); i++) continue;
    va_end(values);
    cli_start(g->cli, "serve", "--listen", "127.0.0.1:0", "--config", path, more[0], more[1],
              more[2], more[3], NULL);
    find_port(g);
}

int gate_stop(gate *g)
{
    cli_signal(g->cli, SIGINT);
    return cli_finish(g->cli);
}

/* ---- clients --------------------------------------------------------------------------------- */

/* @return a descriptor, or -1 if nobody listens. */
static int dial(const gate *g)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)g->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    close(fd);
    return -1;
}

int gate_dial(const gate *g)
{
    int fd = dial(g);
    assert_true(fd >= 0);
    return fd;
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        /* the server has closed the connection early; its answer shows why */
        if (sent <= 0) return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

void gate_say(int fd, const char *method, const char *path, const char *headers, const char *body)
{
    char head[4096];
    size_t length = body ? strlen(body) : 0;
    int n = snprintf(head, sizeof head,
                     "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Length: %zu\r\n\r\n", method,
                     path, headers ? headers : "", length);
    assert_true(n > 0 && (size_t)n < sizeof head);
    send_all(fd, head, (size_t)n);
    send_all(fd, body ? body : "", length);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Read once, and append to `text`. @return false when the server has closed the connection. */
static bool read_some(gate *g, int fd, int64_t until_ms)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int64_t left = until_ms - now_ms();
    if (poll(&ready, 1, left > 0 ? (int)left : 0) <= 0) fail_msg("nothing comes: %s", g->text);
    ssize_t n = recv(fd, g->text + g->length, sizeof g->text - 1 - g->length, 0);
    if (n <= 0) return false;
    g->length += (size_t)n;
    g->text[g->length] = '\0';
    assert_true(g->length + 1 < sizeof g->text);
    return true;
}

void gate_hear(gate *g, int fd, const char *until)
{
    g->length = 0;
    *g->text = '\0';
    gate_hear_more(g, fd, until);
}

void gate_hear_more(gate *g, int fd, const char *until)
{
    int64_t until_ms = now_ms() + GATE_WAIT_MS;
    while ((!until || !strstr(g->text, until)) && read_some(g, fd, until_ms)) continue;
    if (until) assert_contains(g->text, until);
}

int gate_request(gate *g, const char *method, const char *path, const char *headers,
                 const char *body)
{
    char all[2048];
    int fd = dial(g);
    if (fd < 0) return 0;
    snprintf(all, sizeof all, "Connection: close\r\n%s", headers ? headers : "");
    gate_say(fd, method, path, all, body);
    gate_hear(g, fd, NULL);
    close(fd);
    return strncmp(g->text, "HTTP/1.1 ", 9) == 0 ? atoi(g->text + 9) : 0;
}

int gate_ask(gate *g, const char *path, const char *body)
{
    return gate_request(g, "POST", path, NULL, body);
}
