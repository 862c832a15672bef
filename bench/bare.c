#include "bare.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct bare {
    CURLM *multi;
    int epoll;
    int64_t due_ns; /* time at which libcurl must be called; INT64_MAX: none */
    const char *ca_file;
    struct curl_slist
        *headers[2]; /* headers of requests for a whole answer [0] and for a stream [1] */
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *payload, void *known)
{
    bare *client = payload;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(client->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = fd};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    epoll_ctl(client->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (!known) curl_multi_assign(client->multi, fd, client);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *payload)
{
    bare *client = payload;
    (void)multi;
    client->due_ns = timeout_ms < 0 ? INT64_MAX : wall_ns() + (int64_t)timeout_ms * 1000000;
    return 0;
}

static struct curl_slist *new_headers(const char *accept)
{
    struct curl_slist *headers = curl_slist_append(NULL, accept);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Bearer " API_KEY);
    return curl_slist_append(headers, "Expect:");
}

bare *bare_new(const char *ca_file)
{
    bare *client = calloc(1, sizeof *client);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!client || !(client->multi = curl_multi_init())) give_up("libcurl", "no memory");
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    client->due_ns = INT64_MAX;
    client->ca_file = ca_file;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    client->headers[false] = new_headers("Accept: application/json");
    client->headers[true] = new_headers("Accept: text/event-stream, application/json");
    return client;
}

void bare_free(bare *client)
{
    curl_multi_cleanup(client->multi);
    for (int i = 0; i < 2; i++) curl_slist_free_all(client->headers[i]);
    close(client->epoll);
    free(client);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *payload)
{
    bare_exchange *x = payload;
    size_t length = size * n, room = x->received < x->capacity ? x->capacity - x->received : 0;
    if (room) memcpy(x->body + x->received, bytes, length < room ? length : room);
    x->received += length;
    return length;
}

bare_exchange *bare_exchange_new(bare *client, const char *base, bool streamed, size_t capacity)
{
    char url[128];
    bare_exchange *x = calloc(1, sizeof *x);
    if (!x || !(x->easy = curl_easy_init())) give_up("libcurl", "no memory");
    x->client = client;
    x->capacity = capacity;
    x->body = capacity ? malloc(capacity) : NULL;
    if (capacity && !x->body) give_up("answer", "no memory");
    snprintf(url, sizeof url, "%s/chat/completions", base);
    curl_easy_setopt(x->easy, CURLOPT_URL, url);
    curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, client->headers[streamed]);
    curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
    if (!streamed) curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "beluga/" BELUGA_VERSION_STRING);
    curl_easy_setopt(x->easy, CURLOPT_ACCEPT_ENCODING, streamed ? "identity" : "");
    if (client->ca_file) curl_easy_setopt(x->easy, CURLOPT_CAINFO, client->ca_file);
    return x;
}

void bare_exchange_free(bare_exchange *x)
{
    if (!x->done) curl_multi_remove_handle(x->client->multi, x->easy);
    curl_easy_cleanup(x->easy);
    free(x->body);
    free(x);
}

void bare_exchange_start(bare_exchange *x, const char *json)
{
    x->done = false;
    x->received = 0;
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, json);
    if (curl_multi_add_handle(x->client->multi, x->easy)) give_up("libcurl", "no transfer");
}

static void collect(bare *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        CURL *easy = message->easy_handle;
        bare_exchange *x;
        if (message->data.result) give_up("libcurl", curl_easy_strerror(message->data.result));
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x);
        curl_multi_remove_handle(client->multi, easy);
        x->done = true;
    }
}

static int wait_ms(const bare *client)
{
    if (client->due_ns == INT64_MAX) return -1;
    int64_t left = client->due_ns - wall_ns();
    return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

void bare_step(bare *client)
{
    struct epoll_event events[64];
    int running, n = epoll_wait(client->epoll, events, 64, wait_ms(client));
    for (int i = 0; i < n; i++) {
        int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(client->multi, events[i].data.fd, mask, &running);
    }
    if (client->due_ns != INT64_MAX && client->due_ns <= wall_ns()) {
        client->due_ns = INT64_MAX;
        curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    collect(client);
}

void bare_exchange_run(bare_exchange *x, const char *json)
{
    bare_exchange_start(x, json);
    while (!x->done) bare_step(x->client);
}
