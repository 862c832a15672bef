/* Sets libcurl's options: once for the process, once per handle for a model's connections, and for
 * each request. */
#include "base/fork_lock.h"
#include "base/mem.h"
#include "transport/http_transfer.h"

#include <beluga/option.h>

#include <stddef.h>
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>

enum {
    /* sizes of libcurl's upload buffer. A body of more than LONG_UPLOAD_BUFFER bytes gets the long
     * buffer, any other body UPLOAD_BUFFER, the smallest size that libcurl allows. */
    UPLOAD_BUFFER = 16 * 1024,
    LONG_UPLOAD_BUFFER = 64 * 1024,
    SMALL_READ_BUFFER = 4 * 1024,
    /* a longer body is sent with the header "Expect:", so that libcurl does not wait for "100
     * Continue" */
    EXPECTED_BODY = 64 * 1024,
    ROOM_TO_BEGIN = 4 << 20, /* more memory than starting libcurl and OpenSSL needs */
};

/* --- the process ------------------------------------------------------------------------------ */

/* The Accept-Encoding header with all encodings that libcurl decodes. */
static char encodings[64];
/* Whether all transfers of a loop share one receive buffer. They do since libcurl 8.8; in older
 * versions each open transfer has its own buffer. */
static bool shares_buffer;

static beluga__fork_lock curl_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static atomic_bool curl_ready;

/* Returns whether there is enough memory to start OpenSSL, which makes its tables once in a
 * process. If there is no memory for the tables, OpenSSL reports no error, and the first handshake
 * crashes. */
static bool has_room_to_begin(void)
{
    void *room =
        mmap(NULL, ROOM_TO_BEGIN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room != MAP_FAILED && munmap(room, ROOM_TO_BEGIN) == 0;
}

static void look_at_version(void)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    int features = version->features;
    shares_buffer = version->version_num >= 0x080800;
    snprintf(encodings, sizeof encodings, "Accept-Encoding: %s%s%s",
             features & CURL_VERSION_LIBZ ? "deflate, gzip" : "identity",
             features & CURL_VERSION_BROTLI ? ", br" : "",
             features & CURL_VERSION_ZSTD ? ", zstd" : "");
}

static bool begin(void)
{
    if (!has_room_to_begin() || curl_global_init(CURL_GLOBAL_DEFAULT)) return false;
    look_at_version();
    return true;
}

/* Start libcurl at the first call, and not when the library is loaded. curl_global_cleanup is never
 * called, since the host program may use libcurl, too. */
bool beluga__curl_begin(void)
{
    if (atomic_load_explicit(&curl_ready, memory_order_acquire)) return true;
    beluga__fork_lock_take(&curl_lock);
    bool ready = curl_ready || begin();
    atomic_store_explicit(&curl_ready, ready, memory_order_release);
    beluga__fork_lock_release(&curl_lock);
    return ready;
}

/* --- a handle and its connection -------------------------------------------------------------- */

/* Set a string option, which libcurl copies. Returns false if memory runs out; the call must then
 * fail, since it would run without its proxy or its CA file. */
static bool set_text(CURL *easy, CURLoption option, const char *text)
{
    return curl_easy_setopt(easy, option, text) != CURLE_OUT_OF_MEMORY;
}

/* Set the options that never change. Returns false if memory runs out; then the handle must not be
 * used, since it lacks some of its restrictions. */
static bool set_up_once(beluga__transfer *t)
{
    CURL *easy = t->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->errors);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, beluga__transfer_on_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, beluga__transfer_on_body);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, beluga__socket_open);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, beluga__socket_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t->http);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    /* send the path unchanged: it was checked, and its bytes may have been signed */
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    /* don't deliver the headers of a proxy with those of the answer */
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* Require TLS 1.2: older versions of libcurl, and TLS libraries with a lax system
     * configuration, accept older versions of TLS. */
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* decode compressed answers, whatever the Accept-Encoding header of the request allows */
    if (!set_text(easy, CURLOPT_ACCEPT_ENCODING, "")) return false;
#if LIBCURL_VERSION_NUM >= 0x075500
    /* A libcurl without TLS does not know "https" and refuses the first list. */
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ||
           !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
#else
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Returns the HTTP version to request. Without TLS no version is negotiated, so HTTP/1.1 is
 * requested: otherwise parallel calls would wait for a negotiation that never happens. */
static long http_version_of(const beluga__connection *c, bool tls)
{
    if (!tls && c->http_version == BELUGA_HTTP_VERSION_AUTO) return CURL_HTTP_VERSION_1_1;
    switch (c->http_version) {
    case BELUGA_HTTP_VERSION_1_1: return CURL_HTTP_VERSION_1_1;
    case BELUGA_HTTP_VERSION_2: return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    default: return CURL_HTTP_VERSION_2TLS;
    }
}

/* Set the options that belong to the model. The user agent that is set here is only sent to a proxy
 * that opens a tunnel; requests have a User-Agent in their list of headers. */
static bool set_up_connection(CURL *easy, const beluga__connection *c)
{
    bool may_tunnel = !c->proxy || *c->proxy;
    return set_text(easy, CURLOPT_CAINFO, c->ca_file) &&
           set_text(easy, CURLOPT_SSLCERT, c->client_certificate) &&
           set_text(easy, CURLOPT_SSLKEY, c->client_key) &&
           set_text(easy, CURLOPT_PROXY, c->proxy) &&
           set_text(easy, CURLOPT_NOPROXY, c->environment ? NULL : "") &&
           set_text(easy, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket) &&
           set_text(easy, CURLOPT_USERAGENT,
                    may_tunnel ? c->agent + sizeof BELUGA__AGENT - 1 : NULL);
}

/* Returns the size of the receive buffer in bytes. Old versions of libcurl allocate a buffer for
 * each transfer, and most answers that are not streamed are short, so these get a small buffer. */
static long read_buffer(bool reads_much)
{
    if (shares_buffer) return BELUGA__READ_BYTES;
    return reads_much ? BELUGA__READ_BYTES / 2 : SMALL_READ_BUFFER;
}

/* Set the options that depend on the connection, on TLS, on `once`, and on the lengths of body and
 * answer, unless the handle has these options already. */
static bool set_up_handle(beluga__transfer *t)
{
    enum { SHAPE_BITS = 4 };
    const beluga__connection *c = t->connection;
    bool tls = strncasecmp(t->request->url.data, "https:", 6) == 0;
    bool is_long = t->body.length > LONG_UPLOAD_BUFFER;
    bool reads_much = t->streamed || t->answers_long;
    uint64_t setup = c->id << SHAPE_BITS | (uint64_t)t->once << 3 | (uint64_t)reads_much << 2 |
                     (uint64_t)is_long << 1 | tls;
    if (t->setup == setup) return true;
    if (t->setup >> SHAPE_BITS != c->id) {
        /* Once a CA file was set, only a reset restores the default CA file. */
        if (t->setup) curl_easy_reset(t->easy);
        bool afresh = !t->setup || set_up_once(t);
        t->setup = UINT64_MAX;
        if (!afresh || !set_up_connection(t->easy, c)) return false;
    }
    long version = http_version_of(c, tls);
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, version == CURL_HTTP_VERSION_1_1 ? 0L : 1L);
    curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE,
                     is_long ? (long)LONG_UPLOAD_BUFFER : (long)UPLOAD_BUFFER);
    curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, read_buffer(reads_much));
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, (long)t->once);
    t->setup = setup;
    return true;
}

/* --- a transfer ------------------------------------------------------------------------------- */

static void free_transfer(beluga__transfer *t)
{
    const beluga_allocator *allocator = &t->http->loop->base.runtime->allocator;
    curl_easy_cleanup(t->easy);
    curl_url_cleanup(t->url);
    beluga__release(allocator, t->lines);
    beluga__release(allocator, t);
}

static beluga__transfer *new_transfer(beluga__http *http)
{
    beluga__transfer *t = beluga__zalloc(&http->loop->base.runtime->allocator, sizeof *t);
    if (!t) return NULL;
    t->http = http;
    t->easy = curl_easy_init();
    beluga__list_init(&t->node);
    if (t->easy && set_up_once(t)) return t;
    free_transfer(t);
    return NULL;
}

beluga__transfer *beluga__transfer_take(beluga__http *http)
{
    if (!http->n_spare) return new_transfer(http);
    beluga__transfer *t = beluga__container_of(http->spare.prev, beluga__transfer, node);
    beluga__list_remove(&t->node);
    http->n_spare--;
    return t;
}

void beluga__transfer_keep(beluga__transfer *t)
{
    enum { SPARE_TRANSFERS = 64 };
    const size_t used = offsetof(beluga__transfer, connect_timeout_ms);
    curl_off_t received = 0;
    if (t->lines_size) explicit_bzero(t->lines, t->lines_size); /* the headers contain the key */
    if (t->http->n_spare == SPARE_TRANSFERS) {
        free_transfer(t);
        return;
    }
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    t->answers_long = received > SMALL_READ_BUFFER;
    memset((char *)t + used, 0, sizeof *t - used);
    beluga__transfer_move(t, &t->http->spare);
    t->http->n_spare++;
}

void beluga__transfers_free_spare(beluga__http *http)
{
    while (http->n_spare) {
        beluga__transfer *t = beluga__transfer_take(http);
        free_transfer(t);
    }
}

static bool is(const beluga__transfer *t, const char *method)
{
    return strcmp(t->request->method, method) == 0;
}

/* Set the method. libcurl has options for GET, HEAD and POST; for any other method one of these is
 * chosen and its name replaced. A POST, PUT or PATCH without a body is sent like a POST, so that it
 * has a Content-Length of 0, which servers require. */
static bool set_method(beluga__transfer *t)
{
    CURL *easy = t->easy;
    bool sends = t->request->has_body || is(t, "POST") || is(t, "PUT") || is(t, "PATCH");
    t->renamed = !is(t, sends ? "POST" : "GET") && !is(t, "HEAD");
    if (sends) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body.data);
    } else if (is(t, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    return !t->renamed || set_text(easy, CURLOPT_CUSTOMREQUEST, t->request->method);
}

/* Parse a URL. If *parts becomes NULL, libcurl gets the URL as text, and reports an error if it is
 * not valid. A URL with an IPv6 address is not parsed here, since older versions of libcurl lose
 * the zone of a link-local address when they copy a parsed URL. */
static CURLUcode take_apart(const char *url, CURLU **parts)
{
    *parts = NULL;
    if (strchr(url, '[')) return CURLUE_OK;
    if (!(*parts = curl_url())) return CURLUE_OUT_OF_MEMORY;
    CURLUcode code = curl_url_set(*parts, CURLUPART_URL, url,
                                  CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
    if (!code) return code;
    curl_url_cleanup(*parts);
    *parts = NULL;
    return code;
}

/* Set the URL. Most requests of a model have the same URL, so the handle keeps the parsed URL, and
 * its text for comparing it with the next one. This saves libcurl from parsing and joining the URL
 * for each request. */
static bool set_url(beluga__transfer *t)
{
    const char *url = t->request->url.data, *last = NULL;
    CURLU *parts;
    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &last);
    if (t->url && last && strcmp(last, url) == 0) return true;
    CURLUcode code = take_apart(url, &parts);
    curl_easy_setopt(t->easy, CURLOPT_CURLU, parts);
    curl_url_cleanup(t->url);
    t->url = parts;
    return code != CURLUE_OUT_OF_MEMORY && set_text(t->easy, CURLOPT_URL, url);
}

bool beluga__transfer_set_up(beluga__transfer *t)
{
    CURL *easy = t->easy;
    if (!set_up_handle(t) || !set_url(t)) return false;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->lines);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
    return set_method(t);
}

/* --- its headers ------------------------------------------------------------------------------ */

/* The list of headers, and the place for the text of the next header. libcurl reads the list as
 * long as the transfer lasts, which may be longer than the call. All headers are in this list,
 * since libcurl would format headers that are set by options again for each request. */
typedef struct header_list {
    struct curl_slist *next;
    char *at;
} header_list;

static void add_line(header_list *list, char *line)
{
    *list->next = (struct curl_slist){.data = line, .next = list->next + 1};
    list->next++;
}

static char *put(char *at, const char *text, size_t n)
{
    return (char *)memcpy(at, text, n) + n;
}

static void add_header(header_list *list, const char *name, size_t n, const char *value,
                       size_t n_value)
{
    size_t blanks = 0;
    add_line(list, list->at);
    while (blanks < n_value && (value[blanks] == ' ' || value[blanks] == '\t')) blanks++;
    list->at = put(list->at, name, n);
    if (blanks == n_value)
        list->at = put(list->at, ";", 2); /* a ";" stands for an empty value */
    else
        list->at = put(put(list->at, ": ", 2), value, n_value + 1);
}

/* Returns how many bytes the list and its text need, and sets *n to the number of headers. */
static size_t list_bytes(const beluga_http_request *request, size_t *n)
{
    size_t size = 0;
    /* headers that the transport adds */
    *n = request->body.length > EXPECTED_BODY || !request->has_body ? 3 : 2;
    for (const beluga__header *h = request->headers; h; h = h->next, ++*n)
        size += h->n_name + h->n_value + sizeof ": ";
    return size + *n * sizeof(struct curl_slist);
}

static struct curl_slist *make_room(beluga__transfer *t, size_t size)
{
    const beluga_allocator *allocator = &t->http->loop->base.runtime->allocator;
    if (size > t->lines_size) {
        beluga__release(allocator, t->lines);
        t->lines = size <= UINT32_MAX ? beluga__alloc(allocator, size) : NULL;
        t->lines_size = t->lines ? (uint32_t)size : 0;
    }
    return t->lines;
}

/* Write the headers of the request, and then those headers of the transport that the request does
 * not have. */
static void write_headers(const beluga__transfer *t, const beluga_http_request *request,
                          header_list *list)
{
    static const char accepts[] = "Accept-Encoding";
    static char plain[] = "Accept-Encoding: identity",
                no_expect[] = "Expect:", no_type[] = "Content-Type:";
    bool names_agent = false, names_encoding = false;
    for (const beluga__header *h = request->headers; h; h = h->next) {
        names_agent =
            names_agent || beluga__header_is_named(h, BELUGA__AGENT, sizeof BELUGA__AGENT - 3);
        names_encoding = names_encoding || beluga__header_is_named(h, accepts, sizeof accepts - 1);
        add_header(list, h->name, h->n_name, h->value, h->n_value);
    }
    if (!names_agent) add_line(list, (char *)t->connection->agent);
    /* a streamed request does not ask for compression, which would delay events */
    if (!names_encoding) add_line(list, t->streamed ? plain : encodings);
    /* before a long body (above 1 MiB in current versions) libcurl would ask for "100 Continue",
     * and wait a second for the answer */
    if (request->body.length > EXPECTED_BODY) add_line(list, no_expect);
    /* libcurl would declare the body of a POST as a form, even if there is no body */
    if (!request->has_body) add_line(list, no_type);
}

bool beluga__transfer_write_headers(beluga__transfer *t, const beluga_http_request *request)
{
    size_t n, size = list_bytes(request, &n);
    struct curl_slist *items = make_room(t, size);
    if (!items) return false;
    header_list list = {items, (char *)(items + n)};
    write_headers(t, request, &list);
    list.next[-1].next = NULL;
    return true;
}
