/* Reads a file and checks all of it. If a file was edited by hand and has a mistake, the error
 * names the file, and the line or the member. */
#include "base/file.h"
#include "cassette/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

/* --- faults ----------------------------------------------------------------------------------- */

static int wrong(const char *name, const char *where, const char *what, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%.100s: %.60s %s", name, where, what);
}

static size_t line_of(const char *text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && text[i]; i++) line += text[i] == '\n';
    return line;
}

/* Set the error for a file that is not JSON. The parser reports a byte offset, but people need a
 * line. */
static int not_json(const char *name, const beluga__recording *recording, const beluga__buf *text,
                    int status, const beluga_error *cause, beluga_error *err)
{
    if (status == BELUGA_ERROR_NO_MEMORY)
        return beluga_error_set(err, status, "no memory for %.200s", name);
    if (status != BELUGA_ERROR_MALFORMED_RESPONSE)
        return beluga_error_set(err, status, "%.100s: %s", name, cause->message);
    size_t at = recording->scratch.fault < text->length ? recording->scratch.fault : text->length;
    const char *detail = strstr(cause->message, ": ");
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%.100s, line %zu: not JSON: %s", name,
                            line_of(text->data, at), detail ? detail + 2 : cause->message);
}

/* --- bodies ----------------------------------------------------------------------------------- */

static int add_piece(const beluga_json *piece, bool base64, beluga__buf *out)
{
    size_t n = 0;
    const char *text = beluga_json_string(piece, &n);
    if (!text) return BELUGA_ERROR_INVALID_INPUT;
    return base64 ? beluga__base64_decode(out, text, n) : beluga__buf_append(out, text, n);
}

/* Append a string, or an array of strings that are the pieces of one text. */
static int add_pieces(const beluga_json *value, bool base64, beluga__buf *out)
{
    int status = 0;
    if (!beluga_json_is_array(value)) return add_piece(value, base64, out);
    for (const beluga_json *piece = beluga_json_first(value); piece && !status;
         piece = beluga_json_next(value, piece))
        status = add_piece(piece, base64, out);
    return status;
}

int beluga__recording_bytes(beluga__recording *recording, const beluga_json *holder,
                            const char *path, beluga__buf *out, beluga_error *err)
{
    const beluga_json *json = beluga_json_get(holder, "json"),
                      *text = beluga_json_get(holder, "text"),
                      *base64 = beluga_json_get(holder, "base64");
    int status = 0;
    size_t n = 0;
    beluga__buf_clear(out);
    if (!!json + !!text + !!base64 > 1)
        return wrong(path, "", "has more than one of json, text and base64", err);
    if (json) {
        const char *compact = beluga__json_scratch_text(&recording->scratch, json, &n);
        status = compact ? beluga__buf_append(out, compact, n) : BELUGA_ERROR_NO_MEMORY;
    } else if (text || base64)
        status = add_pieces(text ? text : base64, !text, out);
    if (status == BELUGA_ERROR_INVALID_INPUT)
        return wrong(path, "",
                     text ? "has a text that is neither a string nor an array of strings"
                          : "has a base64 that is not base64",
                     err);
    return status ? beluga_error_set(err, status, "%.100s: %s", path, beluga_error_text(status))
                  : 0;
}

/* --- checks ----------------------------------------------------------------------------------- */

static int check_headers(const beluga_json *holder, const char *name, const char *where,
                         beluga_error *err)
{
    const beluga_json *headers = beluga_json_get(holder, "headers");
    if (!headers) return 0;
    if (!beluga_json_is_array(headers))
        return wrong(name, where, "must be an array of \"Name: value\"", err);
    for (const beluga_json *h = beluga_json_first(headers); h; h = beluga_json_next(headers, h)) {
        const char *text = beluga_json_string(h, NULL);
        if (!text || !strchr(text, ':'))
            return wrong(name, where, "must be an array of \"Name: value\"", err);
    }
    return 0;
}

static int check_request(beluga__recording *r, const char *name, beluga_error *err)
{
    r->method = beluga_json_get_string(r->request, "method", NULL);
    r->url = beluga_json_get_string(r->request, "url", NULL);
    if (!r->request) return wrong(name, "/request", "is missing", err);
    if (!r->method) return wrong(name, "/request/method", "must be a string", err);
    if (!r->url) return wrong(name, "/request/url", "must be a string", err);
    return check_headers(r->request, name, "/request/headers", err);
}

static int check_chunks(beluga__recording *r, const char *name, beluga_error *err)
{
    const beluga_json *chunks = beluga_json_get(r->response, "chunks");
    char path[128];
    size_t i = 0;
    int status = 0;
    beluga__buf bytes;
    if (!beluga_json_is_array(chunks))
        return wrong(name, "/response/chunks", "must be an array", err);
    beluga__buf_init(&bytes, r->scratch.allocator, BELUGA__MAX_CASSETTE_FILE);
    for (const beluga_json *c = beluga_json_first(chunks); c && !status;
         c = beluga_json_next(chunks, c), i++) {
        snprintf(path, sizeof path, "%.80s: /response/chunks/%zu", name, i);
        status = beluga_json_is_object(c) ? beluga__recording_bytes(r, c, path, &bytes, err)
                                          : wrong(path, "", "must be an object", err);
    }
    beluga__buf_free(&bytes);
    return status;
}

static int check_response(beluga__recording *r, const char *name, beluga_error *err)
{
    if (!r->response) return 0;
    int64_t status = beluga_json_get_int(r->response, "status", 0);
    if (status < 200 || status > 999)
        return wrong(name, "/response/status", "must be a number from 200", err);
    int code = check_headers(r->response, name, "/response/headers", err);
    return code ? code : check_chunks(r, name, err);
}

/* Returns the ending of the exchange, or -1 if its name is unknown. */
static int ending_of(const beluga__recording *r)
{
    const char *how = beluga_json_get_string(r->end, "how", NULL);
    for (int i = 0; how && i < 4; i++)
        if (strcmp(how, beluga__ending_names[i]) == 0) return i;
    return -1;
}

/* Check the member "end". A file without it is incomplete, and must not be replayed as a complete
 * answer. */
static int check_end(beluga__recording *r, const char *name, beluga_error *err)
{
    int ending = ending_of(r);
    const char *error = beluga_json_get_string(r->end, "error", NULL);
    if (ending < 0)
        return wrong(name, "/end/how", "must be complete, enough, cancelled or failed", err);
    if (ending == BELUGA__END_FAILED && (!error || !beluga_error_code_from_name(error)))
        return wrong(name, "/end/error", "must be the name of an error", err);
    if (ending < BELUGA__END_CANCELLED && !r->response)
        return wrong(name, "/response",
                     "is missing, though the exchange was not cancelled and did not fail", err);
    r->ending = (beluga__ending)ending;
    return 0;
}

/* Check the seed for ids. A file that was written by hand may have none; then ids are random. */
static int check_random(beluga__recording *r, const beluga_json *root, const char *name,
                        beluga_error *err)
{
    const beluga_json *member = beluga_json_get(root, "random");
    const char *text = beluga_json_string(member, NULL);
    char *end = NULL;
    if (!member) return 0;
    if (text && strspn(text, "0123456789abcdef") == 16) r->random = strtoull(text, &end, 16);
    return end && !*end ? 0 : wrong(name, "/random", "must be 16 hexadecimal digits", err);
}

static int check(beluga__recording *r, const beluga_json *root, const char *name, beluga_error *err)
{
    int64_t version = beluga_json_get_int(root, "beluga_cassette", 0);
    if (version < 1)
        return wrong(name, "/beluga_cassette", "is missing: the file is not a recording", err);
    if (version > VERSION)
        return wrong(name, "/beluga_cassette",
                     "is from a later version of beluga: update beluga, or record again", err);
    r->request = beluga_json_get(root, "request");
    r->response = beluga_json_get(root, "response");
    r->end = beluga_json_get(root, "end");
    int status = check_random(r, root, name, err);
    if (!status) status = check_request(r, name, err);
    if (!status) status = check_response(r, name, err);
    return status ? status : check_end(r, name, err);
}

/* --- the whole file --------------------------------------------------------------------------- */

int beluga__recording_parse(beluga__recording *recording, const beluga_allocator *allocator,
                            const char *name, const beluga__buf *text, beluga_error *err)
{
    const beluga_json *root;
    beluga_error cause;
    *recording = (beluga__recording){0};
    beluga__json_scratch_init(&recording->scratch, allocator);
    int status =
        beluga__json_scratch_parse(&recording->scratch, text->data, text->length, &root, &cause);
    return status ? not_json(name, recording, text, status, &cause, err)
                  : check(recording, root, name, err);
}

int beluga__recording_read(beluga__recording *recording, const beluga__open_cassette *cassette,
                           const char *name, beluga_error *err)
{
    const beluga_allocator *allocator = &cassette->runtime->allocator;
    beluga__buf path, text;
    *recording = (beluga__recording){0};
    beluga__json_scratch_init(&recording->scratch, allocator);
    beluga__buf_init(&path, allocator, BELUGA__MAX_URL_BYTES);
    beluga__buf_init(&text, allocator, BELUGA__MAX_CASSETTE_FILE);
    int status = beluga__buf_printf(&path, "%s/%s", cassette->directory, name);
    if (status)
        beluga_error_set(err, status, "no memory for %.200s", name);
    else
        status = beluga__file_read_regular(path.data, &text, err);
    if (!status) status = beluga__recording_parse(recording, allocator, name, &text, err);
    beluga__buf_free(&path);
    beluga__buf_free(&text);
    return status;
}

void beluga__recording_free(beluga__recording *recording)
{
    beluga__json_scratch_free(&recording->scratch);
}
