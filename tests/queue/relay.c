#include "relay.h"

#include "support/sockets.h"

#include <unistd.h>

/* Each direction has its own thread, so that a direction which can't send does not block the
 * other. */
static void *pump(void *argument)
{
    const relay_pump *p = argument;
    char bytes[65536];
    ssize_t n = 1;
    while (n > 0) {
        n = recv(p->from, bytes, sizeof bytes, 0);
        for (ssize_t sent = 0, step; sent < n && !p->drops; sent += step) {
            step = send(p->to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
            if (step <= 0) n = step = -1;
        }
    }
    shutdown(p->from, SHUT_RDWR);
    shutdown(p->to, SHUT_RDWR);
    return NULL;
}

static void begin(relay *r, int from, int to, bool drops)
{
    relay_pump *p = &r->pumps[r->count];
    p->from = from;
    p->to = to;
    p->drops = drops;
    r->count += pthread_create(&p->thread, NULL, pump, p) == 0;
}

static void *run(void *argument)
{
    relay *r = argument;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)r->to),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (;;) {
        int client = accept(r->listener, NULL, NULL);
        int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pthread_mutex_lock(&r->lock);
        bool take = client >= 0 && !r->end && r->count + 2 <= RELAY_MAX &&
                    connect(server, (struct sockaddr *)&at, sizeof at) == 0;
        if (take) {
            begin(r, client, server, false);
            begin(r, server, client, r->silent > 0);
            r->silent -= r->silent > 0;
        }
        bool end = r->end;
        pthread_mutex_unlock(&r->lock);
        if (!take) {
            close(server);
            if (client >= 0) close(client);
        }
        if (end) return NULL;
    }
}

void relay_start(relay *r, int to_port, int silent)
{
    char url[64];
    *r = (relay){.to = to_port, .silent = silent, .listener = listen_locally(16, url, sizeof url)};
    r->port = ntohs(address_of(r->listener).sin_port);
    pthread_mutex_init(&r->lock, NULL);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

void relay_cut(relay *r)
{
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->count; i++) shutdown(r->pumps[i].from, SHUT_RDWR);
    pthread_mutex_unlock(&r->lock);
}

void relay_stop(relay *r)
{
    pthread_mutex_lock(&r->lock);
    r->end = true;
    pthread_mutex_unlock(&r->lock);
    shutdown(r->listener, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    relay_cut(r);
    for (size_t i = 0; i < r->count; i++) pthread_join(r->pumps[i].thread, NULL);
    for (size_t i = 0; i < r->count; i++) close(r->pumps[i].from);
    close(r->listener);
    pthread_mutex_destroy(&r->lock);
}
