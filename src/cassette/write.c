/* Writes the file of an exchange as JSON over several lines, for people to read and for diff. */
#include "base/errno_text.h"
#include "base/hint.h"
#include "base/new_file.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "cassette/recording.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BASE64_LINE = 57, MAX_NAME = 128 }; /* 57 bytes are 76 digits of base64, without padding */

typedef struct writing {
    beluga_json_writer w;
    beluga__buf text; /* the JSON in compact form */
    beluga__json_scratch scratch;
    const beluga__exchange *exchange;
} writing;

const char *const beluga__ending_names[4] = {"complete", "enough", "cancelled", "failed"};

/* --- texts ------------------------------------------------------------------------------------ */

int beluga__cassette_scrub_url(beluga__buf *out, const char *url, const char *const *secrets)
{
    size_t before = out->length;
    int status = beluga__http_redact_url(out, url);
    if (!status) beluga__secrets_mask(secrets, out->data + before, out->length - before);
    return status;
}

/* Write a text. A server's text may have any encoding, so bytes that are not UTF-8 become '?'. */
static void put_text(writing *at, const char *key, const char *text, size_t n)
{
    beluga__buf copy;
    beluga__buf_init(&copy, at->text.allocator, BELUGA__MAX_CASSETTE_BODY);
    beluga__buf_append(&copy, text, n);
    for (size_t i = 0; (i += beluga__utf8_valid(copy.data + i, copy.length - i)) < copy.length;)
        copy.data[i] = '?';
    if (copy.length) beluga__secrets_mask(at->exchange->secrets, copy.data, copy.length);
    if (copy.status)
        at->text.status = copy.status;
    else
        beluga_json_put_string_n(&at->w, key, copy.data, copy.length);
    beluga__buf_free(&copy);
}

/* Returns whether people can read the bytes: they have no control characters other than white
 * space. */
static bool is_text(const char *bytes, size_t n)
{
    if (beluga__utf8_valid(bytes, n) != n) return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)bytes[i] < 0x20 && !strchr("\t\n\r", bytes[i] ? bytes[i] : 1))
            return false;
    return true;
}

/* Returns whether the bytes are JSON. `exactly`: they must also be the compact form of that
 * JSON. */
static bool is_json(writing *at, const char *bytes, size_t n, bool exactly)
{
    const beluga_json *root;
    size_t length = 0;
    if (!n || (*bytes != '{' && *bytes != '[')) return false;
    if (beluga__json_scratch_parse(&at->scratch, bytes, n, &root, NULL)) return false;
    if (!exactly) return true;
    if (at->scratch.repaired) return false;
    const char *compact = beluga__json_scratch_text(&at->scratch, root, &length);
    return compact && length == n && memcmp(compact, bytes, n) == 0;
}

static void put_lines(writing *at, const char *bytes, size_t n)
{
    beluga_json_begin_array(&at->w, "text");
    for (size_t length; n; bytes += length, n -= length) {
        const char *newline = memchr(bytes, '\n', n);
        length = newline ? (size_t)(newline - bytes) + 1 : n;
        beluga_json_put_string_n(&at->w, NULL, bytes, length);
    }
    beluga_json_end_array(&at->w);
}

static void put_base64(writing *at, const char *bytes, size_t n)
{
    beluga_json_begin_array(&at->w, "base64");
    for (size_t length; n; bytes += length, n -= length) {
        length = n < BASE64_LINE ? n : BASE64_LINE;
        beluga_json_put_base64(&at->w, NULL, NULL, bytes, length);
    }
    beluga_json_end_array(&at->w);
}

/* Write the bytes in the most readable form from which they can be restored exactly. */
static void put_bytes(writing *at, const char *bytes, size_t n, bool exactly)
{
    if (is_json(at, bytes, n, exactly))
        beluga_json_put_raw(&at->w, "json", bytes, n);
    else if (!is_text(bytes, n))
        put_base64(at, bytes, n);
    else if (memchr(bytes, '\n', n ? n - 1 : 0))
        put_lines(at, bytes, n);
    else
        beluga_json_put_string_n(&at->w, "text", bytes, n);
}

/* Write a time. A time of 0 is left out, so that two recordings of the same exchange differ
 * less. */
static void put_time(writing *at, int64_t ms)
{
    if (ms) beluga_json_put_int(&at->w, "after_ms", ms);
}

/* --- the parts -------------------------------------------------------------------------------- */

static void put_request_headers(writing *at)
{
    beluga__buf line;
    beluga__buf_init(&line, at->text.allocator, BELUGA__MAX_CASSETTE_BODY);
    beluga_json_begin_array(&at->w, "headers");
    for (const beluga__header *h = at->exchange->request->headers; h; h = h->next) {
        beluga__buf_clear(&line);
        beluga__http_redact_header(&line, h->name, h->value);
        put_text(at, NULL, line.data, line.length);
    }
    beluga_json_end_array(&at->w);
    if (line.status) at->text.status = line.status;
    beluga__buf_free(&line);
}

static void put_request(writing *at)
{
    const beluga__exchange *x = at->exchange;
    beluga__buf url;
    beluga__buf_init(&url, at->text.allocator, BELUGA__MAX_CASSETTE_BODY);
    if (beluga__cassette_scrub_url(&url, x->request->url.data, x->secrets))
        at->text.status = url.status;
    beluga_json_begin_object(&at->w, "request");
    put_text(at, "method", x->request->method, strlen(x->request->method));
    put_text(at, "url", url.data, url.length);
    put_request_headers(at);
    if (x->has_body) put_bytes(at, x->request_body->data, x->request_body->length, false);
    beluga_json_end_object(&at->w);
    beluga__buf_free(&url);
}

/* Returns whether a header's value is hidden. All headers of an answer are written, since a
 * provider may read any of them, but private values are replaced. */
static bool is_private(const char *line, size_t n)
{
    static const char *const words[] = {"account", "auth",         "cookie",    "credential",
                                        "key",     "organization", "password",  "project",
                                        "secret",  "session",      "signature", "token"};
    char name[128];
    if (n >= sizeof name) return true;
    memcpy(name, line, n);
    name[n] = '\0';
    if (beluga__http_may_show(name)) return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i])) return true;
    return false;
}

static void put_response_header(writing *at, const char *line)
{
    size_t n = strcspn(line, ":");
    beluga__buf shown;
    beluga__buf_init(&shown, at->text.allocator, BELUGA__MAX_CASSETTE_BODY);
    if (is_private(line, n))
        beluga__buf_printf(&shown, "%.*s: [redacted]", (int)n, line);
    else
        /* a header such as "location" contains a URL, which may include a key */
        beluga__http_redact_url(&shown, line);
    if (shown.status) at->text.status = shown.status;
    put_text(at, NULL, shown.data, shown.length);
    beluga__buf_free(&shown);
}

static void put_chunks(writing *at)
{
    const beluga__exchange *x = at->exchange;
    size_t start = 0;
    beluga_json_begin_array(&at->w, "chunks");
    for (size_t i = 0; i < x->n_chunks; start = x->chunks[i++].end) {
        beluga_json_begin_object(&at->w, NULL);
        put_time(at, x->chunks[i].after_ms);
        put_bytes(at, x->body->data + start, x->chunks[i].end - start, true);
        beluga_json_end_object(&at->w);
    }
    beluga_json_end_array(&at->w);
}

static void put_response(writing *at)
{
    const beluga__exchange *x = at->exchange;
    if (!x->response->status) return;
    beluga_json_begin_object(&at->w, "response");
    put_time(at, x->head_ms);
    beluga_json_put_int(&at->w, "status", x->response->status);
    /* In HTTP/2 every body has a marked end, but no header shows that. So the file records the
     * other case: a body that lasts until the connection closes. */
    if (!beluga__http_is_framed(x->response)) beluga_json_put_bool(&at->w, "until_close", true);
    beluga_json_begin_array(&at->w, "headers");
    const char *line = x->response->headers.data, *end = line + x->response->headers.length;
    for (; line < end; line += strlen(line) + 1) put_response_header(at, line);
    beluga_json_end_array(&at->w);
    put_chunks(at);
    beluga_json_end_object(&at->w);
}

static void put_end(writing *at)
{
    const beluga__exchange *x = at->exchange;
    beluga_json_begin_object(&at->w, "end");
    put_time(at, x->end_ms);
    beluga_json_put_string(&at->w, "how", beluga__ending_names[x->ending]);
    if (x->ending == BELUGA__END_FAILED) {
        beluga_json_put_string(&at->w, "error", beluga_error_name(x->error->code));
        put_text(at, "message", x->error->message, strlen(x->error->message));
        if (*x->error->cause) put_text(at, "cause", x->error->cause, strlen(x->error->cause));
        beluga_json_put_bool(&at->w, "retryable", x->error->retryable);
        if (beluga__hint_is_not_running(x->error))
            beluga_json_put_bool(&at->w, "not_running", true);
    }
    beluga_json_end_object(&at->w);
}

/* Write the text of the whole file to `out`. */
static int put_all(writing *at, beluga__buf *out)
{
    char random[17];
    const beluga_json *root;
    beluga_json_begin_object(&at->w, NULL);
    beluga_json_put_int(&at->w, "beluga_cassette", 1);
    snprintf(random, sizeof random, "%016llx", (unsigned long long)at->exchange->random);
    beluga_json_put_string(&at->w, "random", random);
    put_request(at);
    put_response(at);
    put_end(at);
    beluga_json_end_object(&at->w);
    int status = beluga__json_writer_status(&at->w);
    if (!status)
        status =
            beluga__json_scratch_parse(&at->scratch, at->text.data, at->text.length, &root, NULL);
    if (!status) status = beluga__json_pretty(out, root);
    return status ? status : beluga__buf_putc(out, '\n');
}

static int make_text(const beluga__exchange *exchange, const beluga_allocator *allocator,
                     beluga__buf *out)
{
    writing at = {.exchange = exchange};
    if (exchange->body->length)
        beluga__secrets_mask(exchange->secrets, exchange->body->data, exchange->body->length);
    beluga__buf_init(&at.text, allocator, BELUGA__MAX_CASSETTE_FILE);
    beluga__json_scratch_init(&at.scratch, allocator);
    beluga__json_writer_init(&at.w, &at.text);
    int status = put_all(&at, out);
    beluga__json_scratch_free(&at.scratch);
    beluga__buf_free(&at.text);
    return status;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Make a name such as "00001-post-chat-completions.json" from the last two segments of the path. */
static void make_name(char *name, unsigned number, const beluga_http_request *request)
{
    const char *url = request->url.data, *host = strstr(url, "://");
    const char *path = (host ? host + 3 : url), *end = path + strcspn(path, "?#"), *at = end;
    int n = snprintf(name, MAX_NAME, "%05u-%.8s", number, request->method);
    path += strcspn(path, "/?#");
    for (int parts = 0; at > path && (parts += at[-1] == '/') < 2; at--) {
    }
    for (bool gap = true; at < end && n < MAX_NAME / 2; at++) {
        bool letter = isalnum((unsigned char)*at);
        if (letter && gap) name[n++] = '-';
        if (letter) name[n++] = *at;
        gap = !letter;
    }
    for (int i = 0; i < n; i++) name[i] = (char)tolower((unsigned char)name[i]);
    strcpy(name + n, ".json");
}

static int system_error(const char *path, beluga_error *err)
{
    char text[128];
    int error = errno;
    return beluga_error_set(err,
                            error == ENOENT ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT,
                            "%.200s: %s", path, beluga__errno_text(error, text, sizeof text));
}

static int too_many(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                            "the cassette is full: it has %u recordings",
                            BELUGA__MAX_CASSETTE_FILES);
}

/* Give the file its name. If another process has taken the number, a later one is used. */
static int name_file(beluga__open_cassette *cassette, unsigned number,
                     const beluga_http_request *request, beluga__new_file *file, beluga_error *err)
{
    char name[MAX_NAME];
    for (;; number = atomic_fetch_add(&cassette->number, 1) + 1) {
        if (number > BELUGA__MAX_CASSETTE_FILES) return too_many(err);
        make_name(name, number, request);
        if (beluga__new_file_name(file, name) == 0) return 0;
        if (errno != EEXIST) return system_error(cassette->directory, err);
    }
}

static int write_file(beluga__open_cassette *cassette, unsigned number,
                      const beluga_http_request *request, const beluga__buf *text,
                      beluga_error *err)
{
    beluga__new_file file;
    beluga__buf beside;
    beluga__buf_init(&beside, &cassette->runtime->allocator, BELUGA__MAX_URL_BYTES);
    int status = beluga__buf_printf(&beside, "%s/recording", cassette->directory);
    if (status) {
        beluga_error_set(err, status, "no memory for the recording's name");
    } else if (beluga__new_file_begin(&file, beside.data, false)) {
        status = system_error(cassette->directory, err);
    } else {
        status = beluga__file_write(file.fd, text->data, text->length)
                     ? system_error(cassette->directory, err)
                     : name_file(cassette, number, request, &file, err);
        beluga__new_file_end(&file);
    }
    beluga__buf_free(&beside);
    return status;
}

int beluga__cassette_write(beluga__open_cassette *cassette, unsigned number,
                           const beluga__exchange *exchange, beluga_error *err)
{
    beluga__buf text;
    if (number > BELUGA__MAX_CASSETTE_FILES) return too_many(err);
    beluga__buf_init(&text, &cassette->runtime->allocator, BELUGA__MAX_CASSETTE_FILE);
    int status = make_text(exchange, &cassette->runtime->allocator, &text);
    if (status)
        beluga_error_set(err, status, "a recording can't be written: %s",
                         beluga_error_text(status));
    else
        status = write_file(cassette, number, exchange->request, &text, err);
    beluga__buf_free(&text);
    return status;
}
