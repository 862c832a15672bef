/* Tells libcurl its settings: for the process once, for a model's connections once per handle, and
 * for each request. */
#include "base/fork_lock.h"
#include "base/mem.h"
#include "transport/http_transfer.h"

#include <beluga/option.h>

#include <strings.h>
#include <sys/mman.h>

enum {
    RECEIVE_BUFFER = 8 * 1024, /* allocated for each open transfer */
    UPLOAD_BUFFER = 16 * 1024, /* the smallest size that libcurl allows */
    ROOM_TO_BEGIN = 4 << 20,   /* starting libcurl and OpenSSL takes less than this */
};

/* --- the process ------------------------------------------------------------------------------ */

static beluga__fork_lock curl_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static atomic_bool curl_ready;

/* OpenSSL makes its tables once. Without memory for the tables OpenSSL reports no error, and the
 * first handshake of the process crashes. So OpenSSL starts only where there is more memory than
 * it takes. */
static bool has_room_to_begin(void)
{
    void *room =
        mmap(NULL, ROOM_TO_BEGIN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room != MAP_FAILED && munmap(room, ROOM_TO_BEGIN) == 0;
}

/* libcurl starts at the first call, not when the library is loaded, and is never cleaned up, since
 * the host may use libcurl, too. */
bool beluga__curl_begin(void)
{
    if (atomic_load_explicit(&curl_ready, memory_order_acquire)) return true;
    beluga__fork_lock_take(&curl_lock);
    bool ready =
        curl_ready || (has_room_to_begin() && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    atomic_store_explicit(&curl_ready, ready, memory_order_release);
    beluga__fork_lock_release(&curl_lock);
    return ready;
}

/* --- a handle and its connection -------------------------------------------------------------- */

/* Returns false without memory, when the handle lacks some of its restrictions. */
static bool set_up_once(beluga__http *http, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, beluga__transfer_on_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, beluga__transfer_on_body);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, beluga__socket_open);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, beluga__socket_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    /* the path was checked, and its bytes may have been signed */
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    /* The headers of a proxy are not those of the answer. */
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* Older versions of libcurl, and TLS libraries with a relaxed system configuration, accept
     * older versions of TLS. */
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
#if LIBCURL_VERSION_NUM >= 0x075500
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Without TLS no HTTP version is negotiated, and calls would wait in vain for the first call's
 * answer. */
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

/* Set the options that belong to the model. */
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

/* --- a transfer ------------------------------------------------------------------------------- */

int beluga__transfer_take_handle(beluga__transfer *t)
{
    beluga__http *http = t->http;
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

void beluga__transfer_keep_handle(beluga__transfer *t)
{
    beluga__http *http = t->http;
    if (!t->easy) return; /* the handle was not set up completely */
    if (http->n_spare == BELUGA__SPARE_HANDLES) {
        curl_easy_cleanup(t->easy);
    } else {
        http->spare[http->n_spare] = t->easy;
        http->spare_setup[http->n_spare++] = t->setup;
    }
    t->easy = NULL;
}

static bool is(const beluga__transfer *t, const char *method)
{
    return strcmp(t->method, method) == 0;
}

/* libcurl knows POST, GET and HEAD; every other method takes the place of one of them. One that
 * changes something says so when it has no body: servers want to know that its length is 0. */
static bool set_method(beluga__transfer *t)
{
    CURL *easy = t->easy;
    bool sends = t->has_body || is(t, "POST") || is(t, "PUT") || is(t, "PATCH");
    t->renamed = !is(t, sends ? "POST" : "GET") && !is(t, "HEAD");
    if (sends) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body.data);
    } else if (is(t, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    return !t->renamed || set_text(easy, CURLOPT_CUSTOMREQUEST, t->method);
}

bool beluga__transfer_set_up(beluga__transfer *t)
{
    CURL *easy = t->easy;
    uint64_t setup = t->connection->id << 1 | t->streamed;
    if (t->setup >> 1 != t->connection->id) {
        /* A handle with a CA file can't go back to the default one, so it is reset. */
        if (t->setup) curl_easy_reset(easy);
        bool afresh = !t->setup || set_up_once(t->http, easy);
        t->setup = UINT64_MAX;
        if (!afresh || !set_up_connection(easy, t->connection)) return false;
    }
    /* A compressed answer is decoded in either case. A stream does not ask for compression, which
     * delays events. */
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
    return set_method(t);
}

/* --- its headers ------------------------------------------------------------------------------ */

static size_t line_bytes(const beluga__header *h)
{
    return strlen(h->name) + strlen(h->value) + sizeof ": ";
}

static char *write_line(char *at, const beluga__header *h)
{
    size_t n = strlen(h->name), v = strlen(h->value);
    memcpy(at, h->name, n);
    if (!h->value[strspn(h->value, " \t")]) v = 0;
    /* libcurl sends "Name;" as a header without a value. */
    memcpy(at + n, v ? ": " : ";", v ? 3 : 2);
    memcpy(at + n + (v ? 2 : 1), v ? h->value : "", v + 1);
    return at + line_bytes(h);
}

/* libcurl reads the header list as long as the transfer lasts, which may be longer than the call,
 * so the list lies behind the transfer. */
static void write_headers(beluga__transfer *t, const beluga__header *headers, size_t n)
{
    static char line[] = "Expect:";
    static struct curl_slist no_expect = {line, NULL};
    struct curl_slist *item = (struct curl_slist *)(t + 1);
    char *at = (char *)(item + n);
    t->headers = n ? item : &no_expect;
    for (; headers; headers = headers->next, item++) {
        item->data = at;
        /* "Expect" would cost a second with a server that does not know 100-continue. */
        item->next = headers->next ? item + 1 : &no_expect;
        at = write_line(at, headers);
    }
}

beluga__transfer *beluga__transfer_alloc(beluga__http *http, const beluga__header *headers)
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
