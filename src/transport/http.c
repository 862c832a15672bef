/* HTTP by libcurl: the multi interface driven by sockets, one multi handle a loop.
 *
 * libcurl forbids adding and removing transfers inside its callbacks, and its callbacks are where
 * everything happens. So a transfer that starts or ends there is put on a list and dealt with when
 * libcurl has returned. Admission is the caller's business: libcurl's own host queue is quadratic.
 */
#include "transport/http_transfer.h"

#include "base/clock.h"
#include "base/fork_lock.h"
#include "base/mem.h"

#include <beluga/option.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECEIVE_BUFFER = 8 * 1024, /* each open transfer has one */
    UPLOAD_BUFFER = 16 * 1024, /* libcurl's least */
    SPARE_HANDLES = 64,
    ROOM_TO_BEGIN = 4 << 20, /* libcurl's and OpenSSL's start-up take less than one of them */
    SOCKET_BUCKETS = 32,
};

typedef struct socket_watch {
    beluga__watch watch;
    beluga__list node; /* in one of `sockets`, `spare_sockets` or `dead_sockets` */
    struct beluga__http *http;
    const beluga__transfer *transfer; /* that it was watched for first */
} socket_watch;

struct beluga__http {
    beluga__network_loop *loop;
    CURLM *multi;
    bool in_curl;
    bool due;   /* libcurl asked to be called at once */
    bool fresh; /* a transfer was added since the last step */
    bool lost;  /* libcurl had no memory: it may have lost any transfer's socket or timer */
    beluga__timer timer;
    beluga__list transfers;               /* in the multi handle */
    beluga__list to_start;                /* asked for inside a callback */
    beluga__list to_end;                  /* cancelled inside a callback */
    beluga__list to_fail;                 /* their socket can't be watched */
    beluga__list to_resume;               /* no longer paused, or held until the next step */
    beluga__list sockets[SOCKET_BUCKETS]; /* by their descriptors */
    beluga__list spare_sockets, dead_sockets;
    size_t n_draining;
    CURL *spare[SPARE_HANDLES];
    uint64_t spare_setup[SPARE_HANDLES]; /* what each was set up for */
    size_t n_spare;
};

/* --- handles ---------------------------------------------------------------------------------- */

static void unlink_transfer(beluga__transfer *t)
{
    beluga__list_remove(&t->node);
}

static void keep_handle(struct beluga__http *http, beluga__transfer *t)
{
    if (!t->easy) return; /* it could not be set up */
    if (http->n_spare == SPARE_HANDLES) {
        curl_easy_cleanup(t->easy);
    } else {
        http->spare[http->n_spare] = t->easy;
        http->spare_setup[http->n_spare++] = t->setup;
    }
    t->easy = NULL;
}

static void drop_unconnected(beluga__transfer *t);

/* Not inside one of libcurl's callbacks. */
static void end_transfer(beluga__transfer *t)
{
    struct beluga__http *http = t->http;
    unlink_transfer(t);
    http->n_draining -= t->draining;
    http->loop->base.ops->timer_clear(&http->loop->base, &t->drain);
    if (t->added) {
        drop_unconnected(t);
        http->in_curl = true;
        curl_multi_remove_handle(http->multi, t->easy);
        http->in_curl = false;
    }
    /* What it points to goes before the handle is used again. */
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, NULL);
    curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, NULL);
    keep_handle(http, t);
    beluga__buf_free(&t->body);
    explicit_bzero(t, t->size); /* the headers' lines hold the key */
    beluga__release(&http->loop->base.runtime->allocator, t);
}

static void end_soon(beluga__transfer *t)
{
    t->handler = NULL;
    if (!t->http->in_curl) {
        end_transfer(t);
        return;
    }
    beluga__list_remove(&t->node);
    beluga__list_append(&t->http->to_end, &t->node);
    t->http->due = true;
}

/* --- libcurl's callbacks ---------------------------------------------------------------------- */

static size_t on_header(char *line, size_t size, size_t n, void *userdata)
{
    beluga__transfer *t = userdata;
    size_t length = size * n, trimmed = length;
    if (!t->handler) return t->draining ? length : 0;
    while (trimmed && (line[trimmed - 1] == '\n' || line[trimmed - 1] == '\r')) trimmed--;
    t->head_ended = trimmed == 0 || t->head_told;
    if (t->head_ended) return length;
    t->refusal = beluga__http_response_add_line(t->response, line, trimmed);
    return t->refusal ? 0 : length;
}

static void tell_head(beluga__transfer *t)
{
    if (t->head_told || !t->handler) return;
    t->head_told = true;
    t->handler->head(t->owner);
}

/* libcurl reads a connection until it is empty. What is too much for this step is held until the
 * next one, where those that were held have the first turn. */
static bool is_held(beluga__transfer *t)
{
    if (t->http->loop->step_bytes < BELUGA__MAX_STEP_BYTES) return false;
    beluga__list_remove(&t->node);
    beluga__list_append(&t->http->to_resume, &t->node);
    return true;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata)
{
    beluga__transfer *t = userdata;
    size_t length = size * n;
    if (t->draining) {
        t->drained += length;
        return t->drained > BELUGA__DRAIN_BYTES ? 0 : length;
    }
    if (t->paused || is_held(t)) return CURL_WRITEFUNC_PAUSE;
    tell_head(t);
    if (!t->handler) return t->draining ? length : 0;
    t->http->loop->step_bytes += length;
    t->handler->body(t->owner, bytes, length);
    /* 0 is an error to libcurl: it ends a transfer that was cancelled meanwhile. */
    return t->handler || t->draining ? length : 0;
}

/* "Any address", which many give a server to listen on, leads here when it is connected to. */
static bool is_v4_here(uint32_t address)
{
    return address >> 24 == IN_LOOPBACKNET || address == INADDR_ANY;
}

static bool is_v6_here(const struct in6_addr *a)
{
    uint32_t last;
    memcpy(&last, a->s6_addr + 12, sizeof last);
    return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a) ||
           (IN6_IS_ADDR_V4MAPPED(a) && is_v4_here(ntohl(last)));
}

static unsigned port_in(const struct sockaddr *address)
{
    const void *any = address;
    if (address->sa_family == AF_INET) return ntohs(((const struct sockaddr_in *)any)->sin_port);
    if (address->sa_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)any)->sin6_port);
    return 0;
}

static bool is_on_this_machine(const struct sockaddr *address)
{
    const void *any = address;
    if (address->sa_family == AF_UNIX) return true;
    if (address->sa_family == AF_INET)
        return is_v4_here(ntohl(((const struct sockaddr_in *)any)->sin_addr.s_addr));
    return address->sa_family == AF_INET6 &&
           is_v6_here(&((const struct sockaddr_in6 *)any)->sin6_addr);
}

/* A host's own children inherit no connection: libcurl does not see to that itself. */
static curl_socket_t open_socket(void *payload, curlsocktype purpose, struct curl_sockaddr *address)
{
    beluga__transfer *t = payload;
    bool near = is_on_this_machine(&address->addr);
    (void)purpose;
    t->near |= near;
    t->far |= !near;
    t->port = port_in(&address->addr);
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) t->no_socket = errno;
    t->tried[1] = t->tried[0];
    t->tried[0] = fd;
    return fd;
}

/* Without memory it says so, but not for which of its transfers. */
static void act(struct beluga__http *http, curl_socket_t fd, int mask)
{
    int running;
    http->in_curl = true;
    CURLMcode code = curl_multi_socket_action(http->multi, fd, mask, &running);
    http->in_curl = false;
    if (code != CURLM_OK) http->lost = true;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *userp)
{
    (void)multi;
    struct beluga__http *http = userp;
    beluga_loop *loop = &http->loop->base;
    http->due = http->due || timeout_ms == 0;
    if (timeout_ms > 0)
        loop->ops->timer_set(loop, &http->timer,
                             beluga__now_ns() + (int64_t)timeout_ms * BELUGA__NS_PER_MS);
    else
        loop->ops->timer_clear(loop, &http->timer);
    return 0;
}

/* libcurl may be at work with it. */
static void fail_later(beluga__transfer *t, int refusal)
{
    t->refusal = refusal;
    beluga__list_remove(&t->node);
    beluga__list_append(&t->http->to_fail, &t->node);
}

static void timer_fired(beluga__timer *timer)
{
    struct beluga__http *http = beluga__container_of(timer, struct beluga__http, timer);
    http->due = true;
    beluga__http_step(http);
}

static void socket_ready(beluga__watch *watch, int events)
{
    socket_watch *s = beluga__container_of(watch, socket_watch, watch);
    int mask = (events & BELUGA__POLL_READ ? CURL_CSELECT_IN : 0) |
               (events & BELUGA__POLL_WRITE ? CURL_CSELECT_OUT : 0) |
               (events & BELUGA__POLL_ERROR ? CURL_CSELECT_ERR : 0);
    act(s->http, watch->fd, mask);
}

static beluga__list *bucket_of(struct beluga__http *http, curl_socket_t fd)
{
    return &http->sockets[(unsigned)fd % SOCKET_BUCKETS];
}

static socket_watch *new_socket(struct beluga__http *http, CURL *easy, curl_socket_t fd)
{
    socket_watch *s;
    if (beluga__list_empty(&http->spare_sockets)) {
        s = beluga__zalloc(&http->loop->base.runtime->allocator, sizeof *s);
        if (!s) return NULL;
        s->http = http;
        beluga__list_init(&s->node);
    } else {
        s = beluga__container_of(http->spare_sockets.next, socket_watch, node);
        beluga__list_remove(&s->node);
    }
    s->watch = (beluga__watch){fd, socket_ready};
    beluga__transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    s->transfer = t;
    beluga__list_append(bucket_of(http, fd), &s->node);
    return s;
}

/* An event of the batch at hand may still point at it: it is used again only after the step. */
static void drop_socket(struct beluga__http *http, socket_watch *s)
{
    s->watch.ready = NULL;
    beluga__poller_del(&http->loop->poller, &s->watch);
    beluga__list_remove(&s->node);
    beluga__list_append(&http->dead_sockets, &s->node);
}

/* libcurl closes some before it says that they need not be watched any more. By then the number may
 * be another thread's, or another's of this very loop. */
static void drop_number(struct beluga__http *http, curl_socket_t fd, const beluga__transfer *of)
{
    beluga__list *bucket = bucket_of(http, fd);
    for (beluga__list *n = bucket->next; n != bucket; n = n->next) {
        socket_watch *s = beluga__container_of(n, socket_watch, node);
        if (s->watch.fd != fd || (of && s->transfer != of)) continue;
        drop_socket(http, s);
        curl_multi_assign(http->multi, fd, NULL);
        break;
    }
}

static int close_socket(void *payload, curl_socket_t fd)
{
    drop_number(payload, fd, NULL);
    return close(fd);
}

/* One that has no connection yet it closes by itself, without a callback. */
static void drop_unconnected(beluga__transfer *t)
{
    curl_off_t connected_us = 0;
    if (curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected_us) || connected_us) return;
    for (size_t i = 0; i < 2; i++)
        if (t->tried[i] >= 0) drop_number(t->http, t->tried[i], t);
}

/* An error returned to libcurl would end its whole multi handle: so only this transfer fails, and
 * later. */
static int cannot_watch(struct beluga__http *http, CURL *easy, int status)
{
    beluga__transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    if (!t) return 0;
    fail_later(t, status);
    t->unwatched = status == BELUGA_ERROR_LIMIT_EXCEEDED;
    http->due = true;
    return 0;
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *userp, void *socketp)
{
    struct beluga__http *http = userp;
    socket_watch *s = socketp;
    if (what == CURL_POLL_REMOVE) {
        if (s) drop_socket(http, s);
        curl_multi_assign(http->multi, fd, NULL);
        return 0;
    }
    int status, events = (what & CURL_POLL_IN ? BELUGA__POLL_READ : 0) |
                         (what & CURL_POLL_OUT ? BELUGA__POLL_WRITE : 0);
    if (s) {
        status = beluga__poller_mod(&http->loop->poller, &s->watch, events);
        return status ? cannot_watch(http, easy, status) : 0;
    }
    s = new_socket(http, easy, fd);
    if (!s) return cannot_watch(http, easy, BELUGA_ERROR_NO_MEMORY);
    status = beluga__poller_add(&http->loop->poller, &s->watch, events);
    if (status) {
        s->watch.ready = NULL;
        beluga__list_remove(&s->node);
        beluga__list_append(&http->dead_sockets, &s->node);
        return cannot_watch(http, easy, status);
    }
    curl_multi_assign(http->multi, fd, s);
    return 0;
}

/* --- starting --------------------------------------------------------------------------------- */

/* Returns false without memory: then it may talk to anything. */
static bool set_up_once(struct beluga__http *http, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* it has been looked at, and perhaps signed */
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS,
                     1L); /* a proxy's are not the answer's */
    /* Older libcurls, and systems whose TLS library was told so, settle for less. */
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
#if LIBCURL_VERSION_NUM >= 0x075500
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Without TLS there is nothing to negotiate, and waiting for a first answer would only serialise.
 */
static long http_version_of(const beluga__connection *c, bool tls)
{
    if (!tls && c->http_version == BELUGA_HTTP_VERSION_AUTO) return CURL_HTTP_VERSION_1_1;
    switch (c->http_version) {
    case BELUGA_HTTP_VERSION_1_1: return CURL_HTTP_VERSION_1_1;
    case BELUGA_HTTP_VERSION_2: return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    default: return CURL_HTTP_VERSION_2TLS;
    }
}

/* Set a text, of which libcurl makes a copy. Returns false without memory for it: a call must not
 * go on without its proxy or its list of authorities. */
static bool set_text(CURL *easy, CURLoption option, const char *text)
{
    return curl_easy_setopt(easy, option, text) != CURLE_OUT_OF_MEMORY;
}

/* Set what belongs to the model. */
static bool set_up_connection(CURL *easy, const beluga__connection *c)
{
    return set_text(easy, CURLOPT_CAINFO, c->ca_file) &&
           set_text(easy, CURLOPT_SSLCERT, c->client_certificate) &&
           set_text(easy, CURLOPT_SSLKEY, c->client_key) &&
           set_text(easy, CURLOPT_PROXY, c->proxy) &&
           set_text(easy, CURLOPT_NOPROXY, c->environment ? NULL : "") &&
           set_text(easy, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket) &&
           set_text(easy, CURLOPT_USERAGENT, c->user_agent);
}

static int take_handle(struct beluga__http *http, beluga__transfer *t)
{
    if (http->n_spare) {
        t->easy = http->spare[--http->n_spare];
        t->setup = http->spare_setup[http->n_spare];
        return 0;
    }
    t->easy = curl_easy_init();
    if (t->easy && set_up_once(http, t->easy)) return 0;
    curl_easy_cleanup(t->easy);
    return BELUGA_ERROR_NO_MEMORY;
}

/* Returns false without memory; the handle is then set up afresh when it is used next. */
static bool set_up_transfer(beluga__transfer *t)
{
    CURL *easy = t->easy;
    uint64_t setup = t->connection->id << 1 | t->streamed;
    if (t->setup >> 1 != t->connection->id) {
        /* A handle that had a CA file can't go back to the default one: start it afresh. */
        if (t->setup) curl_easy_reset(easy);
        bool afresh = !t->setup || set_up_once(t->http, easy);
        t->setup = UINT64_MAX;
        if (!afresh || !set_up_connection(easy, t->connection)) return false;
    }
    /* Both decode what comes compressed anyway; a stream asks for none, for it would be delayed. */
    const char *encodings = t->streamed ? "identity" : "";
    if (t->setup != setup && !set_text(easy, CURLOPT_ACCEPT_ENCODING, encodings)) return false;
    t->setup = setup;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->errors);
    if (!set_text(easy, CURLOPT_URL, t->url)) return false;
    long version = http_version_of(t->connection, strncasecmp(t->url, "https:", 6) == 0);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, version == CURL_HTTP_VERSION_1_1 ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
    if (t->has_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body.data);
    } else
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    return true;
}

static size_t line_bytes(const beluga__header *h)
{
    return strlen(h->name) + strlen(h->value) + sizeof ": ";
}

static char *write_line(char *at, const beluga__header *h)
{
    size_t n = strlen(h->name), v = strlen(h->value);
    memcpy(at, h->name, n);
    if (!h->value[strspn(h->value, " \t")]) v = 0;
    /* "Name;" is how libcurl sends a header without a value. */
    memcpy(at + n, v ? ": " : ";", v ? 3 : 2);
    memcpy(at + n + (v ? 2 : 1), v ? h->value : "", v + 1);
    return at + line_bytes(h);
}

/* libcurl only reads the list. It lies behind the transfer, as long as that: a call may be over
 * while its transfer waits to be ended, and libcurl goes on with it until then. */
static void write_headers(beluga__transfer *t, const beluga__header *headers, size_t n)
{
    static char line[] = "Expect:";
    static struct curl_slist no_expect = {line, NULL};
    struct curl_slist *item = (struct curl_slist *)(t + 1);
    char *at = (char *)(item + n);
    t->headers = n ? item : &no_expect;
    for (; headers; headers = headers->next, item++) {
        item->data = at;
        /* to a server without 100-continue it costs a second */
        item->next = headers->next ? item + 1 : &no_expect;
        at = write_line(at, headers);
    }
}

static int add_now(beluga__transfer *t)
{
    struct beluga__http *http = t->http;
    t->stops = http->loop->base.stops;
    http->in_curl = true;
    bool added = set_up_transfer(t) && !curl_multi_add_handle(http->multi, t->easy);
    http->in_curl = false;
    beluga__list_remove(&t->node);
    beluga__list_append(&http->transfers, &t->node);
    t->added = http->fresh = added;
    return t->added ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static beluga__fork_lock curl_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static atomic_bool curl_ready;

/* OpenSSL makes its tables once. Where that fails for want of memory nobody tells, and the first
 * handshake of the process crashes: so it only begins where there is more than it takes. */
static bool has_room_to_begin(void)
{
    void *room =
        mmap(NULL, ROOM_TO_BEGIN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room != MAP_FAILED && munmap(room, ROOM_TO_BEGIN) == 0;
}

/* At the first call, never at start-up; and never cleaned up, since the host may use libcurl too.
 * Where it fails, for want of memory, the next call tries again. */
static bool init_curl(void)
{
    if (atomic_load_explicit(&curl_ready, memory_order_acquire)) return true;
    beluga__fork_lock_take(&curl_lock);
    bool ready =
        curl_ready || (has_room_to_begin() && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    atomic_store_explicit(&curl_ready, ready, memory_order_release);
    beluga__fork_lock_release(&curl_lock);
    return ready;
}

static int http_new(beluga__network_loop *loop)
{
    if (loop->http) return 0;
    if (!init_curl()) return BELUGA_ERROR_NO_MEMORY;
    int status = beluga__loop_poller(loop);
    if (status) return status;
    struct beluga__http *http = beluga__zalloc(&loop->base.runtime->allocator, sizeof *http);
    if (!http || !(http->multi = curl_multi_init())) {
        beluga__release(&loop->base.runtime->allocator, http);
        return BELUGA_ERROR_NO_MEMORY;
    }
    http->loop = loop;
    http->timer.fire = timer_fired;
    beluga__list *lists[] = {&http->transfers,   &http->to_start,  &http->to_end,
                             &http->to_fail,     &http->to_resume, &http->spare_sockets,
                             &http->dead_sockets};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) beluga__list_init(lists[i]);
    for (size_t i = 0; i < SOCKET_BUCKETS; i++) beluga__list_init(&http->sockets[i]);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    loop->http = http;
    return 0;
}

static beluga__transfer *alloc_transfer(struct beluga__http *http, const beluga__header *headers)
{
    size_t size = sizeof(beluga__transfer), n = 0;
    for (const beluga__header *h = headers; h; h = h->next, n++)
        size += sizeof(struct curl_slist) + line_bytes(h);
    beluga__transfer *t = beluga__zalloc(&http->loop->base.runtime->allocator, size);
    if (!t) return NULL;
    t->size = size;
    write_headers(t, headers, n);
    return t;
}

static beluga__transfer *new_transfer(struct beluga__http *http, const beluga__transfer_spec *spec)
{
    beluga_http_request *request = spec->request;
    beluga__transfer *t = alloc_transfer(http, request->headers);
    if (!t) return NULL;
    beluga__list_init(&t->node);
    t->http = http;
    t->handler = spec->handler;
    t->owner = spec->owner;
    t->response = spec->response;
    t->url = request->url.data;
    t->start_ns = beluga__now_ns() - http->loop->base.unpolled_ns;
    t->connect_timeout_ms = spec->connect_timeout_ms;
    t->connection = spec->connection;
    t->tried[0] = t->tried[1] = -1;
    t->streamed = spec->streamed;
    if (take_handle(http, t)) {
        explicit_bzero(t, t->size);
        beluga__release(&http->loop->base.runtime->allocator, t);
        return NULL;
    }
    t->has_body = request->has_body;
    t->body = request->body;
    beluga__buf_init(&request->body, t->body.allocator, t->body.max);
    return t;
}

int beluga__http_transfer_start(beluga_loop *base, const beluga__transfer_spec *spec,
                                beluga__transfer **out, beluga_error *err)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    int status = http_new(loop);
    beluga__transfer *t = status ? NULL : new_transfer(loop->http, spec);
    if (!t)
        return beluga_error_set(err, status ? status : BELUGA_ERROR_NO_MEMORY,
                                "no %s for the request",
                                status == BELUGA_ERROR_LIMIT_EXCEEDED ? "descriptors" : "memory");
    *out = t;
    /* What drains may be about to give its connection back: it is read first, then this one starts.
     */
    bool later = loop->http->in_curl || loop->http->n_draining;
    if (later)
        beluga__list_append(&loop->http->to_start, &t->node);
    else if ((status = add_now(t))) {
        *out = NULL;
        end_transfer(t);
        return beluga_error_set(err, status, "the request can't be started");
    }
    loop->http->due = loop->http->due || later;
    if (loop->hosted && !loop->stepping) beluga__poller_wake(&loop->poller);
    return 0;
}

/* --- ending ----------------------------------------------------------------------------------- */

void beluga__http_transfer_cancel(beluga__transfer *t, const beluga_error *why)
{
    (void)why;
    end_soon(t);
}

static void drained(beluga__timer *timer)
{
    end_soon(beluga__container_of(timer, beluga__transfer, drain));
}

void beluga__http_transfer_finish(beluga__transfer *t)
{
    beluga_loop *loop = &t->http->loop->base;
    curl_off_t sent = 0;
    if (t->added) curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    /* A server that answered before it had all gets no drain: it might take long to read the rest.
     */
    if (!t->added || t->paused || sent < (curl_off_t)t->body.length) {
        end_soon(t);
        return;
    }
    t->handler = NULL;
    t->draining = true;
    t->http->n_draining++;
    t->response = NULL;
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
    t->drain.fire = drained;
    loop->ops->timer_set(loop, &t->drain,
                         beluga__now_ns() + (int64_t)BELUGA__DRAIN_MS * BELUGA__NS_PER_MS);
}

void beluga__http_transfer_pause(beluga__transfer *t, bool paused)
{
    if (t->paused == paused) return;
    t->paused = paused;
    if (paused) {
        /* Inside its own body callback the next one pauses it; else ask libcurl. */
        if (t->added && !t->http->in_curl) curl_easy_pause(t->easy, CURLPAUSE_RECV);
        return;
    }
    if (!t->added) return;
    /* libcurl delivers what it kept from inside curl_easy_pause, so that waits for the next step.
     */
    beluga__list_remove(&t->node);
    beluga__list_append(&t->http->to_resume, &t->node);
    if (t->http->loop->hosted && !t->http->loop->stepping)
        beluga__poller_wake(&t->http->loop->poller);
}

bool beluga__http_holds(const struct beluga__http *http)
{
    return http && !beluga__list_empty(&http->to_resume);
}

void beluga__http_resume(struct beluga__http *http)
{
    while (beluga__http_holds(http) && http->loop->step_bytes < BELUGA__MAX_STEP_BYTES) {
        beluga__transfer *t = beluga__container_of(http->to_resume.next, beluga__transfer, node);
        beluga__list_remove(&t->node);
        beluga__list_append(&http->transfers, &t->node);
        if (t->paused) continue;
        http->in_curl = true;
        CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
        http->in_curl = false;
        if (code != CURLE_OK && t->handler) fail_later(t, BELUGA_ERROR_NO_MEMORY);
    }
}

/* Whether libcurl gave up connecting because the process, or the host, stood still: it looks at its
 * clock before it looks at the socket, and counts that time. Nothing was sent yet. */
static bool was_stopped(const beluga__transfer *t, CURLcode code)
{
    const beluga_loop *loop = &t->http->loop->base;
    return code == CURLE_OPERATION_TIMEDOUT && t->handler && t->stops != loop->stops &&
           beluga__loop_active_ns(loop) - t->start_ns < t->connect_timeout_ms * BELUGA__NS_PER_MS;
}

/* Returns whether it could. */
static bool connect_again(beluga__transfer *t)
{
    struct beluga__http *http = t->http;
    drop_unconnected(t);
    http->in_curl = true;
    curl_multi_remove_handle(http->multi, t->easy);
    http->in_curl = false;
    t->added = false;
    *t->errors = '\0';
    return add_now(t) == 0;
}

static void finished(beluga__transfer *t, CURLcode code)
{
    if (was_stopped(t, code) && connect_again(t)) return;
    const beluga__transfer_handler *handler = t->handler;
    void *owner = t->owner;
    beluga_error err;
    int status = 0;
    if (handler) {
        status = beluga__transfer_explain(t, code, &err);
        if (!status || t->response->status) tell_head(t);
        if (!t->handler) handler = NULL; /* the head was enough */
    }
    end_transfer(t);
    if (handler) handler->done(owner, status, status ? &err : NULL);
}

static void collect(struct beluga__http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        beluga__transfer *t = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        if (t) finished(t, code);
    }
}

static void start_waiting(struct beluga__http *http)
{
    while (!beluga__list_empty(&http->to_start)) {
        beluga__transfer *t = beluga__container_of(http->to_start.next, beluga__transfer, node);
        if (add_now(t)) finished(t, CURLE_OUT_OF_MEMORY);
    }
}

/* Nobody knows who still has a socket that is watched and a timer that is set: each call needs an
 * end. */
static void fail_all(struct beluga__http *http)
{
    beluga__list *lists[] = {&http->transfers, &http->to_resume};
    http->lost = false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        while (!beluga__list_empty(lists[i]))
            fail_later(beluga__container_of(lists[i]->next, beluga__transfer, node),
                       BELUGA_ERROR_NO_MEMORY);
}

static void fail_waiting(struct beluga__http *http)
{
    while (!beluga__list_empty(&http->to_fail))
        finished(beluga__container_of(http->to_fail.next, beluga__transfer, node),
                 CURLE_OUT_OF_MEMORY);
}

static void end_waiting(struct beluga__http *http)
{
    while (!beluga__list_empty(&http->to_end))
        end_transfer(beluga__container_of(http->to_end.next, beluga__transfer, node));
}

bool beluga__http_is_fresh(const struct beluga__http *http)
{
    return http && http->fresh && !http->n_draining;
}

bool beluga__http_due(const struct beluga__http *http)
{
    return http && (http->due || !beluga__list_empty(&http->to_start) || beluga__http_holds(http));
}

void beluga__http_step(struct beluga__http *http)
{
    http->fresh = false;
    end_waiting(http);
    start_waiting(http);
    if (http->due) {
        http->due = false;
        act(http, CURL_SOCKET_TIMEOUT, 0);
    }
    collect(http);
    if (http->lost) fail_all(http);
    fail_waiting(http);
    end_waiting(http);
    while (!beluga__list_empty(&http->dead_sockets)) {
        beluga__list *node = http->dead_sockets.next;
        beluga__list_remove(node);
        beluga__list_append(&http->spare_sockets, node);
    }
}

static void free_sockets(struct beluga__http *http, beluga__list *list)
{
    while (!beluga__list_empty(list)) {
        socket_watch *s = beluga__container_of(list->next, socket_watch, node);
        beluga__list_remove(&s->node);
        beluga__release(&http->loop->base.runtime->allocator, s);
    }
}

void beluga__http_free(struct beluga__http *http)
{
    if (!http) return;
    beluga__list *lists[] = {&http->transfers, &http->to_start, &http->to_end, &http->to_fail,
                             &http->to_resume};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        while (!beluga__list_empty(lists[i]))
            end_transfer(beluga__container_of(lists[i]->next, beluga__transfer, node));
    for (size_t i = 0; i < http->n_spare; i++) curl_easy_cleanup(http->spare[i]);
    curl_multi_cleanup(http->multi);
    for (size_t i = 0; i < SOCKET_BUCKETS; i++) free_sockets(http, &http->sockets[i]);
    free_sockets(http, &http->spare_sockets);
    free_sockets(http, &http->dead_sockets);
    http->loop->base.ops->timer_clear(&http->loop->base, &http->timer);
    beluga__release(&http->loop->base.runtime->allocator, http);
}
