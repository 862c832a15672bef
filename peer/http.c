/* Reads requests: turns bytes into requests, without sockets. */
#include "peer/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the head -------------------------------------------------------------------------------- */

/* Returns the next line of a head without its "\r\n"; NULL after the last line. */
static char *next_line(char **at)
{
    char *line = *at, *end = strstr(line, "\r\n");
    if (!end || end == line) return NULL;
    *end = '\0';
    *at = end + 2;
    return line;
}

static bool parse_request_line(request *req, char *line)
{
    char *path = strchr(line, ' ');
    char *version = path ? strchr(path + 1, ' ') : NULL;
    if (!version || path == line) return false;
    *path++ = '\0';
    *version++ = '\0';
    if (strncmp(version, "HTTP/1.", 7) != 0 || *path == '\0') return false;
    req->method = line;
    req->path = path;
    req->last_on_connection = version[7] == '0';
    return true;
}

static bool parse_header_line(request *req, char *line)
{
    char *colon = strchr(line, ':');
    if (!colon || colon == line || req->n_headers == PEER_MAX_HEADERS) return false;
    *colon++ = '\0';
    colon += strspn(colon, " \t");
    for (size_t n = strlen(colon); n > 0 && (colon[n - 1] == ' ' || colon[n - 1] == '\t'); n--)
        colon[n - 1] = '\0';
    req->headers[req->n_headers++] = (header){line, colon};
    return true;
}

static bool parse_head(request *req)
{
    char *at = req->head.data;
    char *line = next_line(&at);
    if (!line || !parse_request_line(req, line)) return false;
    while ((line = next_line(&at)) != NULL)
        if (!parse_header_line(req, line)) return false;
    return true;
}

const char *peer__find_header(const request *req, const char *name)
{
    for (size_t i = 0; i < req->n_headers; i++)
        if (strcasecmp(req->headers[i].name, name) == 0) return req->headers[i].value;
    return NULL;
}

static bool header_says(const request *req, const char *name, const char *word)
{
    const char *value = peer__find_header(req, name);
    return value && strcasestr(value, word) != NULL;
}

static parse_result choose_framing(parser *ps)
{
    request *req = ps->req;
    if (header_says(req, "connection", "close")) req->last_on_connection = true;
    ps->expects_continue = header_says(req, "expect", "100-continue");
    ps->at = BODY_LENGTH;
    if (header_says(req, "transfer-encoding", "chunked")) {
        ps->at = CHUNK_SIZE;
        return PARSE_DONE;
    }
    const char *length = peer__find_header(req, "content-length");
    if (!length) return PARSE_DONE;
    char *end;
    errno = 0;
    unsigned long long n = strtoull(length, &end, 10);
    if (*length < '0' || *length > '9' || *end || errno) return PARSE_BAD;
    if (n > ps->max_body) return PARSE_LONG_BODY;
    ps->body_left = (size_t)n;
    return PARSE_DONE;
}

/* Returns the length of the head with its empty line; 0 while the head is incomplete. */
static size_t head_length(parser *ps, const bytes *in)
{
    size_t from = ps->scanned > 3 ? ps->scanned - 3 : 0;
    const char *end = in->len ? memmem(in->data + from, in->len - from, "\r\n\r\n", 4) : NULL;
    ps->scanned = in->len;
    return end ? (size_t)(end - in->data) + 4 : 0;
}

static request *request_new(const char *head, size_t n)
{
    request *req = calloc(1, sizeof *req);
    if (!req) return NULL;
    req->headers = calloc(PEER_MAX_HEADERS, sizeof *req->headers);
    bool ok = req->headers && peer__bytes_add(&req->head, head, n, PEER_MAX_HEAD_BYTES) &&
              peer__bytes_add(&req->head, "", 1, PEER_MAX_HEAD_BYTES + 1);
    if (ok) return req;
    peer__request_free(req);
    return NULL;
}

/* Most requests have few headers, and the log keeps thousands of requests, so unused memory is
 * freed. */
static void shrink_headers(request *req)
{
    size_t n = req->n_headers ? req->n_headers : 1;
    header *smaller = realloc(req->headers, n * sizeof *smaller);
    if (smaller) req->headers = smaller;
}

static parse_result take_head(parser *ps, bytes *in)
{
    size_t n = head_length(ps, in);
    if (n > PEER_MAX_HEAD_BYTES || (n == 0 && in->len > PEER_MAX_HEAD_BYTES))
        return PARSE_LONG_HEAD;
    if (n == 0) return PARSE_MORE;
    if (memchr(in->data, '\0', n)) return PARSE_BAD;
    ps->req = request_new(in->data, n);
    if (!ps->req) return PARSE_NO_MEMORY;
    peer__bytes_drop(in, n);
    ps->scanned = 0;
    if (!parse_head(ps->req)) return PARSE_BAD;
    shrink_headers(ps->req);
    return choose_framing(ps);
}

/* ---- the body -------------------------------------------------------------------------------- */

static parse_result take_counted(parser *ps, bytes *in)
{
    size_t n = in->len < ps->body_left ? in->len : ps->body_left;
    if (n > ps->max_body - ps->req->body.len) return PARSE_LONG_BODY;
    if (!peer__bytes_add(&ps->req->body, in->data, n, ps->max_body)) return PARSE_NO_MEMORY;
    peer__bytes_drop(in, n);
    ps->body_left -= n;
    return ps->body_left ? PARSE_MORE : PARSE_DONE;
}

/* Remove one line of chunked framing from `in`, and copy its text to `line`. */
static parse_result take_line(bytes *in, char *line, size_t size)
{
    char *end = in->len ? memmem(in->data, in->len, "\r\n", 2) : NULL;
    if (!end) return in->len < size ? PARSE_MORE : PARSE_BAD;
    size_t n = (size_t)(end - in->data);
    if (n >= size) return PARSE_BAD;
    memcpy(line, in->data, n);
    line[n] = '\0';
    peer__bytes_drop(in, n + 2);
    return PARSE_DONE;
}

static parse_result take_chunk_size(parser *ps, bytes *in)
{
    char line[256], *end;
    parse_result r = take_line(in, line, sizeof line);
    if (r != PARSE_DONE) return r;
    errno = 0;
    unsigned long long n = strtoull(line, &end, 16);
    if (end == line || *line == '-' || errno) return PARSE_BAD;
    if (n > ps->max_body) return PARSE_LONG_BODY;
    ps->body_left = (size_t)n;
    ps->at = n ? CHUNK_DATA : TRAILER;
    return PARSE_DONE;
}

static parse_result take_chunk_end(parser *ps, bytes *in)
{
    char line[1];
    parse_result r = take_line(in, line, sizeof line);
    /* A single "\r" may be the first half of the line's end. */
    if (r == PARSE_BAD && in->len == 1 && in->data[0] == '\r') return PARSE_MORE;
    if (r == PARSE_DONE) ps->at = CHUNK_SIZE;
    return r;
}

static parse_result take_trailer(parser *ps, bytes *in)
{
    char line[1024];
    parse_result r = take_line(in, line, sizeof line);
    if (r != PARSE_DONE) return r;
    ps->scanned += strlen(line);
    if (*line == '\0') ps->at = BODY_END;
    return ps->scanned > PEER_MAX_HEAD_BYTES ? PARSE_LONG_HEAD : PARSE_DONE;
}

static parse_result take_chunk_data(parser *ps, bytes *in)
{
    parse_result r = take_counted(ps, in);
    if (r == PARSE_DONE) ps->at = CHUNK_END;
    return r;
}

static parse_result take_chunked(parser *ps, bytes *in)
{
    parse_result r = PARSE_DONE;
    while (r == PARSE_DONE && ps->at != BODY_END) {
        if (ps->at == CHUNK_SIZE)
            r = take_chunk_size(ps, in);
        else if (ps->at == CHUNK_DATA)
            r = take_chunk_data(ps, in);
        else if (ps->at == CHUNK_END)
            r = take_chunk_end(ps, in);
        else
            r = take_trailer(ps, in);
    }
    return r;
}

static parse_result finish(parser *ps)
{
    request *req = ps->req;
    char flag[8];
    if (!peer__bytes_add(&req->body, "", 1, ps->max_body + 1)) return PARSE_NO_MEMORY;
    req->body.len--;
    peer__json_member(req->body.data, req->body.len, "model", req->model, sizeof req->model);
    peer__json_member(req->body.data, req->body.len, "stream", flag, sizeof flag);
    req->streamed = strcmp(flag, "true") == 0;
    return PARSE_DONE;
}

parse_result peer__parse(parser *ps, bytes *in, size_t max_body)
{
    parse_result r;
    ps->max_body = max_body;
    if (!ps->req) {
        r = take_head(ps, in);
        if (r != PARSE_DONE) return r;
    }
    r = ps->at == BODY_LENGTH ? take_counted(ps, in) : take_chunked(ps, in);
    return r == PARSE_DONE ? finish(ps) : r;
}

void peer__parser_reset(parser *ps)
{
    peer__request_free(ps->req);
    *ps = (parser){0};
}

void peer__request_free(request *req)
{
    if (!req) return;
    peer__bytes_free(&req->head);
    peer__bytes_free(&req->body);
    free(req->headers);
    free(req);
}

/* ---- members of a JSON body ------------------------------------------------------------------ */

/* Returns the index after the string that starts at json[i]. */
static size_t skip_string(const char *json, size_t n, size_t i)
{
    for (i++; i < n; i++) {
        i += peer__plain_run(json + i, n - i);
        if (i < n && json[i] == '"') return i + 1;
        if (i < n && json[i] == '\\') i++;
    }
    return n;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(const char *json, size_t n, size_t i)
{
    while (i < n && is_space(json[i])) i++;
    return i;
}

static void copy_value(const char *json, size_t n, size_t i, char *out, size_t size)
{
    size_t end = i;
    if (i < n && json[i] == '"') {
        end = skip_string(json, n, i++);
        if (end > i) end--;
    } else {
        while (end < n && !strchr(",}] \t\r\n", json[end])) end++;
    }
    size_t len = end - i < size - 1 ? end - i : size - 1;
    memcpy(out, json + i, len);
    out[len] = '\0';
}

void peer__json_member(const char *json, size_t n, const char *key, char *out, size_t size)
{
    size_t key_len = strlen(key);
    int depth = 0;
    *out = '\0';
    for (size_t i = 0; i < n;) {
        if (json[i] != '"') {
            depth += (json[i] == '{' || json[i] == '[') - (json[i] == '}' || json[i] == ']');
            /* Stop after the first value: the body is a file of lines or not JSON at all, and an
             * upload of many megabytes is not searched. */
            if (depth < 1 && !is_space(json[i])) return;
            i++;
            continue;
        }
        size_t end = skip_string(json, n, i);
        size_t colon = skip_space(json, n, end);
        bool is_key = depth == 1 && colon < n && json[colon] == ':' && end - i == key_len + 2 &&
                      memcmp(json + i + 1, key, key_len) == 0;
        if (is_key) {
            copy_value(json, n, skip_space(json, n, colon + 1), out, size);
            return;
        }
        i = end;
    }
}
