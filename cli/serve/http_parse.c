/*
 * Parses the bytes of a connection into requests, with llhttp in its strict mode. The rules that
 * llhttp leaves to its user are checked here. The parser pauses after a head and after a body, so
 * that the handler is not called from inside the parser.
 */
#include "serve/http_connection.h"

#include <string.h>
#include <strings.h>

enum { GO_ON = 0, STOP = HPE_USER, FIRST_ROOM = 1 << 20 };

static http_connection *of(llhttp_t *parser)
{
    return parser->data;
}

static const char too_large[] = "the request's body is larger than this server allows: send less, "
                                "or raise max_body in the section serve of its configuration";

static int refuse_later(http_connection *c, int status, const char *why)
{
    c->refusal = why;
    c->refusal_status = status;
    return STOP;
}

static int append(http_connection *c, beluga__buf *buf, const char *at, size_t length)
{
    if (beluga__buf_append(buf, at, length) == 0) return GO_ON;
    c->is_dead = true;
    return STOP;
}

/* --- the parser's callbacks ---------------------------------------------------------------------
 */

static int on_method_complete(llhttp_t *parser)
{
    http_connection *c = of(parser);
    const char *name = llhttp_method_name((llhttp_method_t)parser->method);
    c->x->is_head = parser->method == HTTP_HEAD;
    return append(c, &c->x->head, name, strlen(name) + 1);
}

static const char bad_target[] =
    "the request's target contains a byte that is not allowed in a URL";

static int on_url(llhttp_t *parser, const char *at, size_t length)
{
    http_connection *c = of(parser);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)at[i];
        if (byte <= ' ' || byte >= 127 || byte == '#') return refuse_later(c, 400, bad_target);
    }
    if (!c->x->target) c->x->target = (uint32_t)c->x->head.length;
    return append(c, &c->x->head, at, length);
}

static int on_url_complete(llhttp_t *parser)
{
    http_connection *c = of(parser);
    return append(c, &c->x->head, "", 1);
}

static int on_header_field(llhttp_t *parser, const char *at, size_t length)
{
    http_connection *c = of(parser);
    http_exchange *x = c->x;
    if (x->in_trailers) return GO_ON;
    if (!x->in_name) {
        if (x->n_fields >= c->server->limits->max_headers)
            return refuse_later(c, 431, "the request has too many headers");
        if (!http_add_field(x)) {
            c->is_dead = true;
            return STOP;
        }
        x->in_name = true;
    }
    return append(c, &x->head, at, length);
}

static int on_header_field_complete(llhttp_t *parser)
{
    http_connection *c = of(parser);
    http_exchange *x = c->x;
    if (x->in_trailers) return GO_ON;
    x->in_name = false;
    if (append(c, &x->head, "", 1) != GO_ON) return STOP;
    x->fields[x->n_fields - 1].value = (uint32_t)x->head.length;
    return GO_ON;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t length)
{
    http_connection *c = of(parser);
    return c->x->in_trailers ? GO_ON : append(c, &c->x->head, at, length);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static int on_header_value_complete(llhttp_t *parser)
{
    http_connection *c = of(parser);
    http_exchange *x = c->x;
    if (x->in_trailers) return GO_ON;
    beluga__buf *head = &x->head;
    uint32_t value = x->fields[x->n_fields - 1].value;
    while (head->length > value && is_blank(head->data[head->length - 1])) head->length--;
    return append(c, head, "", 1);
}

static int on_headers_complete(llhttp_t *parser)
{
    of(parser)->x->in_trailers = true;
    return HPE_PAUSED;
}

static int make_room(http_connection *c, uint64_t length)
{
    if (length <= c->x->max_body - c->x->body.length) return GO_ON;
    return refuse_later(c, 413, too_large);
}

/* Count the bytes between two pieces of a body, which are chunk lengths, chunk extensions or
 * trailers. */
static int check_frame(http_connection *c, const char *end)
{
    c->frame_bytes += (uint64_t)(end - c->frame_begins);
    c->frame_begins = end;
    if (c->frame_bytes <= c->server->limits->max_head_bytes) return GO_ON;
    return refuse_later(c, 431, "a line between two chunks of the body is too long");
}

/* Make room for a chunk, whose length is known before its bytes arrive. */
static int on_chunk_header(llhttp_t *parser)
{
    return make_room(of(parser), parser->content_length);
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    http_connection *c = of(parser);
    if (make_room(c, length) != GO_ON || check_frame(c, at) != GO_ON) return STOP;
    c->frame_bytes = 0;
    c->frame_begins = at + length;
    c->moved = true;
    return append(c, &c->x->body, at, length);
}

static int on_extension(llhttp_t *parser, const char *at, size_t length)
{
    http_connection *c = of(parser);
    (void)at;
    c->x->extension_bytes += (uint32_t)length;
    if (c->x->extension_bytes <= HTTP_MAX_EXTENSIONS) return GO_ON;
    return refuse_later(c, 400, "the chunk extensions of the body are too long");
}

/* Pause at the end of a message. This also prevents llhttp from pausing for an upgrade to another
 * protocol: this server supports no other protocol, so such a request is handled like any other. */
static int on_message_complete(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_method_complete = on_method_complete,
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_message_complete = on_message_complete,
};

/* --- checks of a head ---------------------------------------------------------------------------
 */

/* Split the target into path and query. A client that takes this server for a proxy also sends the
 * scheme and the server name, which are removed, since routes are found by the path. @return false
 * if the target has another form. */
static bool split_target(http_exchange *x)
{
    char *head = x->head.data, *path = head + x->target;
    bool is_options = strcmp(head, "OPTIONS") == 0;
    if (strncasecmp(path, "http://", 7) == 0 || strncasecmp(path, "https://", 8) == 0) {
        path = strstr(path, "://") + 3;
        size_t host = strcspn(path, "/?");
        if (!host) return false;
        path += host;
        /* Without a path, use "/". It replaces the last letter of the server name, which is not
         * read after this. */
        if (*path != '/') *--path = '/';
    } else if (*path != '/' && !(is_options && strcmp(path, "*") == 0)) {
        return false;
    }
    char *query = strchr(path, '?');
    if (query) *query++ = '\0';
    x->query = query ? (uint32_t)(query - head) : 0;
    x->path = (uint32_t)(path - head);
    return true;
}

/* The headers that determine where a request ends. If two servers interpret them differently, they
 * find different requests in the same bytes (request smuggling). */
typedef struct framing {
    const char *host, *encoding, *expect;
    unsigned hosts, encodings, lengths;
} framing;

static void find_one(framing *f, const char *name, size_t length, const char *value)
{
    if (length == 4 && strcasecmp(name, "host") == 0) {
        f->hosts++;
        f->host = value;
    } else if (length == 17 && strcasecmp(name, "transfer-encoding") == 0) {
        f->encodings++;
        f->encoding = value;
    } else if (length == 14 && strcasecmp(name, "content-length") == 0) {
        f->lengths++;
    } else if (length == 6 && strcasecmp(name, "expect") == 0) {
        f->expect = value;
    }
}

static framing find_framing(const http_exchange *x)
{
    framing f = {0};
    for (uint32_t i = 0; i < x->n_fields; i++) {
        http_field field = x->fields[i];
        size_t length = field.value - field.name - 1;
        find_one(&f, x->head.data + field.name, length, x->head.data + field.value);
    }
    return f;
}

static int check_framing(http_connection *c, const framing *f)
{
    http_exchange *x = c->x;
    if (f->lengths > 1 || (f->lengths && f->encodings))
        return refuse_later(c, 400, "the request gives the length of its body twice");
    if (f->encodings > 1 || (f->encodings && x->is_old))
        return refuse_later(c, 400, "the request's transfer-encoding is not supported");
    if (f->encodings && strcasecmp(f->encoding, "chunked") != 0)
        return refuse_later(c, 501, "only the transfer-encoding \"chunked\" is supported");
    if (f->hosts > 1) return refuse_later(c, 400, "the request has two Host headers");
    if (!f->hosts && !x->is_old) return refuse_later(c, 400, "the request has no Host header");
    if (f->hosts && strpbrk(f->host, " \t,/@?#\\"))
        return refuse_later(c, 400, "the request's Host header is not a valid host");
    if (f->expect && !x->is_old && strcasecmp(f->expect, "100-continue") != 0)
        return refuse_later(c, 417, "only the expectation \"100-continue\" is supported");
    return GO_ON;
}

static int check_head(http_connection *c)
{
    const llhttp_t *parser = &c->parser;
    http_exchange *x = c->x;
    if (parser->http_major != 1 || parser->http_minor > 1)
        return refuse_later(c, 505, "this server supports only HTTP/1.1 and HTTP/1.0");
    if (parser->method == HTTP_CONNECT || parser->method == HTTP_TRACE)
        return refuse_later(c, 501,
                            "this server is not a proxy: it does not support CONNECT and TRACE");
    if (!split_target(x)) return refuse_later(c, 400, "the request's target is not a path");
    x->is_old = parser->http_minor == 0;
    framing f = find_framing(x);
    if (check_framing(c, &f) != GO_ON) return STOP;
    x->is_chunked = f.encodings > 0;
    x->expects_body = x->is_chunked || parser->content_length > 0;
    x->waits_for_100 = f.expect && !x->is_old && x->expects_body;
    return GO_ON;
}

/* --- the stages of a request --------------------------------------------------------------------
 */

static void refuse(http_connection *c, int status, const char *why)
{
    http_refuse(c, status, why);
    c->phase = PHASE_ENDING;
}

static void refuse_error(http_connection *c, llhttp_errno_t error, bool is_first_byte)
{
    if (c->is_dead) return;
    if (c->refusal)
        refuse(c, c->refusal_status, c->refusal);
    else if (error == HPE_INVALID_METHOD && !is_first_byte)
        refuse(c, 501, "the request's method is not known");
    else if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE)
        refuse(c, 505, "this server supports only HTTP/1.1 and HTTP/1.0");
    else if (error == HPE_INVALID_URL)
        refuse(c, 400, bad_target); /* llhttp checks the target before it calls on_url */
    else if (c->phase == PHASE_BODY)
        refuse(c, 400, "the framing of the request's body is not valid HTTP");
    else
        refuse(c, 400, "the request is not valid HTTP/1.1");
}

static bool begin(http_connection *c)
{
    c->x = http_exchange_new(c);
    if (!c->x) {
        c->is_dead = true;
        return false;
    }
    llhttp_init(&c->parser, HTTP_REQUEST, &settings);
    c->parser.data = c;
    c->phase = PHASE_HEAD;
    c->is_half_closed = false;
    c->had_request = true;
    c->head_bytes = c->frame_bytes = 0;
    return true;
}

static void head_is_there(http_connection *c)
{
    if (check_head(c) != GO_ON) {
        refuse(c, c->refusal_status, c->refusal);
        return;
    }
    http_server *s = c->server;
    http_exchange *x = c->x;
    c->keep = llhttp_should_keep_alive(&c->parser);
    c->phase = PHASE_BODY;
    llhttp_resume(&c->parser);
    x->was_told = true;
    s->handler->head(s->payload, x);
    if (c->x != x || x->stage != HTTP_UNANSWERED) return;
    if (!x->is_chunked && c->parser.content_length > x->max_body) {
        refuse(c, 413, too_large);
        return;
    }
    if (x->waits_for_100) http_queue(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    /* Before the bytes arrive, memory for the announced length is reserved only up to this size. */
    uint64_t room = x->is_chunked ? 0 : c->parser.content_length;
    if (room) beluga__buf_reserve(&x->body, room < FIRST_ROOM ? (size_t)room : FIRST_ROOM);
}

static size_t read_head(http_connection *c, const char *bytes, size_t length)
{
    uint64_t room = c->server->limits->max_head_bytes - c->head_bytes;
    if (!room) {
        if (c->x->n_fields)
            refuse(c, 431, "the request's headers are too long");
        else
            refuse(c, 414, "the request's target is too long");
        return length;
    }
    if (length > room) length = (size_t)room;
    llhttp_errno_t error = llhttp_execute(&c->parser, bytes, length);
    size_t used = error == HPE_OK ? length : (size_t)(llhttp_get_error_pos(&c->parser) - bytes);
    bool is_first_byte = c->head_bytes + used == 0;
    c->head_bytes += used;
    if (error == HPE_PAUSED)
        head_is_there(c);
    else if (error != HPE_OK)
        refuse_error(c, error, is_first_byte);
    return used;
}

static bool reads_body(const http_connection *c)
{
    return c->phase == PHASE_BODY && c->x && c->x->stage == HTTP_UNANSWERED;
}

static void body_is_there(http_connection *c)
{
    http_server *s = c->server;
    c->phase = PHASE_HANDLED;
    s->handler->request(s->payload, c->x);
}

static size_t read_body(http_connection *c, const char *bytes, size_t length)
{
    c->frame_begins = bytes;
    llhttp_errno_t error = llhttp_execute(&c->parser, bytes, length);
    const char *end = error == HPE_OK ? bytes + length : llhttp_get_error_pos(&c->parser);
    if ((error == HPE_OK || error == HPE_PAUSED) && check_frame(c, end) != GO_ON) error = HPE_USER;
    if (error == HPE_PAUSED)
        body_is_there(c);
    else if (error != HPE_OK)
        refuse_error(c, error, false);
    return (size_t)(end - bytes);
}

/* Skip empty lines before a request, as RFC 9112 allows. */
static size_t skip_lines(const char *bytes, size_t length)
{
    size_t n = 0;
    while (n < length && (bytes[n] == '\r' || bytes[n] == '\n')) n++;
    return n;
}

size_t http_parse(http_connection *c, const char *bytes, size_t length)
{
    size_t used = 0;
    if (c->phase == PHASE_IDLE) {
        used = skip_lines(bytes, length);
        if (used == length || !begin(c)) return used;
    }
    while (c->phase == PHASE_HEAD && used < length && !c->is_dead)
        used += read_head(c, bytes + used, length - used);
    if (reads_body(c)) used += read_body(c, bytes + used, length - used);
    return used;
}
