#include "relay.h"

#include "support/sockets.h"

#include <poll.h>
#include <unistd.h>

#define STEP_MS 5

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0) close(pair[i]);
    pair[0] = pair[1] = -1;
}

static void take(relay *r)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)r->to),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int pair[2] = {accept(r->listener, NULL, NULL), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int place = 0;
    while (place < RELAY_MAX && r->pairs[place][0] >= 0) place++;
    if (place == RELAY_MAX || connect(pair[1], (struct sockaddr *)&at, sizeof at) != 0) {
        close_pair(pair);
        return;
    }
    r->pairs[place][0] = pair[0];
    r->pairs[place][1] = pair[1];
}

static void forward(int pair[2], int from)
{
    char bytes[65536];
    ssize_t n = recv(pair[from], bytes, sizeof bytes, 0);
    for (ssize_t sent = 0, step; sent < n; sent += step) {
        step = send(pair[!from], bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (step <= 0) {
            n = -1;
            break;
        }
    }
    if (n <= 0) close_pair(pair);
}

static void turn(relay *r)
{
    struct pollfd fds[1 + 2 * RELAY_MAX] = {{.fd = r->listener, .events = POLLIN}};
    for (int i = 0; i < RELAY_MAX; i++)
        for (int end = 0; end < 2; end++)
            fds[1 + 2 * i + end] = (struct pollfd){.fd = r->pairs[i][end], .events = POLLIN};
    poll(fds, 1 + 2 * RELAY_MAX, STEP_MS);
    if (fds[0].revents) take(r);
    for (int i = 0; i < RELAY_MAX; i++)
        for (int end = 0; end < 2; end++)
            if (fds[1 + 2 * i + end].revents && r->pairs[i][end] == fds[1 + 2 * i + end].fd)
                forward(r->pairs[i], end);
}

static void *run(void *argument)
{
    relay *r = argument;
    while (!atomic_load(&r->end)) {
        if (atomic_exchange(&r->cut, false))
            for (int i = 0; i < RELAY_MAX; i++) close_pair(r->pairs[i]);
        turn(r);
    }
    for (int i = 0; i < RELAY_MAX; i++) close_pair(r->pairs[i]);
    return NULL;
}

void relay_start(relay *r, int to_port)
{
    char url[64];
    r->to = to_port;
    r->listener = listen_locally(16, url, sizeof url);
    r->port = ntohs(address_of(r->listener).sin_port);
    atomic_init(&r->cut, false);
    atomic_init(&r->end, false);
    for (int i = 0; i < RELAY_MAX; i++) r->pairs[i][0] = r->pairs[i][1] = -1;
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

void relay_cut(relay *r)
{
    atomic_store(&r->cut, true);
}

void relay_stop(relay *r)
{
    atomic_store(&r->end, true);
    pthread_join(r->thread, NULL);
    close(r->listener);
}
