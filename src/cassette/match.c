#include "cassette/match.h"

#include "base/mix.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_TEXT = 64, SHOWN = 44, BEFORE = 16, POINTER_TEXT = 100 };

/* --- digests ---------------------------------------------------------------------------------- */

static uint64_t digest_bytes(const char *bytes, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return beluga__mix(h);
}

/* Returns the digest of a number: 1, 1.0 and 1e0 are the same number, and so are 0 and -0. The
 * digest includes the integer, too, since it may have more digits than a double can hold. */
static uint64_t digest_number(const beluga_json *value)
{
    double number = beluga_json_double(value, 0);
    uint64_t bits = 0;
    if (number < 0 || number > 0) memcpy(&bits, &number, sizeof bits);
    return beluga__mix(bits * 31 + (uint64_t)beluga_json_int(value, 0) + 2);
}

/* Returns the digest of a value's meaning. The digests of an object's members are added up, so that
 * their order does not matter. */
static uint64_t digest(const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    if (text) return digest_bytes(text, n);
    if (beluga_json_is_number(value)) return digest_number(value);
    bool object = beluga_json_is_object(value);
    if (!object && !beluga_json_is_array(value))
        return beluga__mix(beluga_json_is_null(value)       ? 5
                           : beluga_json_bool(value, false) ? 7
                                                            : 11);
    uint64_t h = object ? 13 : 17;
    for (const beluga_json *item = beluga_json_first(value); item;
         item = beluga_json_next(value, item)) {
        const char *key = object ? beluga_json_key(item, &n) : NULL;
        h = key ? h + beluga__mix(digest_bytes(key, n) * 31 + digest(item))
                : beluga__mix(h * 31 + digest(item));
    }
    return beluga__mix(h);
}

uint64_t beluga__asked_digest(const beluga__asked *asked)
{
    return asked->json ? digest(asked->json) : digest_bytes(asked->body, asked->length);
}

/* --- differences ------------------------------------------------------------------------------ */

typedef struct difference {
    size_t count; /* how many values differ */
    char where[POINTER_TEXT + 8], recorded[VALUE_TEXT], sent[VALUE_TEXT]; /* the first difference */
    char pointer[POINTER_TEXT]; /* JSON pointer to the compared value */
} difference;

/* Write the part of a text around byte `at`, where it begins to differ from another text. */
static void show_text(char *out, const char *text, size_t n, size_t at)
{
    size_t start = at > BEFORE && n > SHOWN ? at - BEFORE : 0,
           length = n - start < SHOWN ? n - start : SHOWN;
    for (; start && ((unsigned char)text[start] & 0xc0) == 0x80; start++) length -= length > 0;
    while (length && start + length < n && ((unsigned char)text[start + length] & 0xc0) == 0x80)
        length--;
    snprintf(out, VALUE_TEXT, "%s\"%.*s\"%s", start ? "..." : "", (int)length, text + start,
             start + length < n ? "..." : "");
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < 0x20) *c = ' ';
}

static void show_value(char *out, const beluga_json *value, size_t at)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    if (!value)
        snprintf(out, VALUE_TEXT, "nothing");
    else if (text)
        show_text(out, text, n, at);
    else if (beluga_json_is_object(value))
        snprintf(out, VALUE_TEXT, "an object of %zu", beluga_json_count(value));
    else if (beluga_json_is_array(value))
        snprintf(out, VALUE_TEXT, "an array of %zu", beluga_json_count(value));
    else if (beluga_json_is_null(value))
        snprintf(out, VALUE_TEXT, "null");
    else if (beluga_json_is_number(value))
        snprintf(out, VALUE_TEXT, "%.15g", beluga_json_double(value, 0));
    else
        snprintf(out, VALUE_TEXT, beluga_json_bool(value, false) ? "true" : "false");
}

static size_t common(const char *a, size_t n, const char *b, size_t m)
{
    size_t i = 0;
    while (i < n && i < m && a[i] == b[i]) i++;
    return i;
}

/* If the recording masks a secret, hide the value of the request as well: it must not appear in the
 * message. */
static void hide_secret(difference *d, const char *recorded)
{
    if (recorded && strstr(recorded, "********"))
        snprintf(d->sent, sizeof d->sent, "a value that is not shown (a masked key)");
}

/* Returns how much a missing value counts as a difference: a missing message counts more than a
 * different id. */
static size_t weigh(const beluga_json *value)
{
    size_t weight = 1;
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v))
        weight += weigh(v);
    return weight;
}

static void differ(difference *d, const beluga_json *recorded, const beluga_json *sent)
{
    size_t n = 0, m = 0;
    bool first = !d->count;
    d->count += weigh(recorded ? recorded : sent);
    if (!first) return;
    const char *a = beluga_json_string(recorded, &n), *b = beluga_json_string(sent, &m);
    size_t at = a && b ? common(a, n, b, m) : 0;
    snprintf(d->where, sizeof d->where, "%s", *d->pointer ? d->pointer : "the body");
    show_value(d->recorded, recorded, at);
    show_value(d->sent, sent, at);
    hide_secret(d, a);
}

static void differ_text(difference *d, const char *what, const char *a, size_t n, const char *b,
                        size_t m)
{
    size_t at = common(a, n, b, m);
    if (d->count++) return;
    snprintf(d->where, sizeof d->where, "%s", what);
    show_text(d->recorded, a, n, at);
    show_text(d->sent, b, m, at);
}

/* Append a step to the first `at` bytes of the pointer. */
static void point(difference *d, size_t at, const char *key)
{
    d->pointer[at] = '\0';
    beluga__text_add_step(d->pointer, sizeof d->pointer, key);
}

static bool same_scalar(const beluga_json *a, const beluga_json *b)
{
    size_t n = 0, m = 0;
    const char *x = beluga_json_string(a, &n), *y = beluga_json_string(b, &m);
    if (x || y) return x && y && n == m && memcmp(x, y, n) == 0;
    if (beluga_json_is_number(a) || beluga_json_is_number(b))
        return beluga_json_is_number(a) && beluga_json_is_number(b) &&
               beluga_json_int(a, 0) == beluga_json_int(b, 0) &&
               !(beluga_json_double(a, 0) < beluga_json_double(b, 0)) &&
               !(beluga_json_double(a, 0) > beluga_json_double(b, 0));
    return beluga_json_is_null(a) == beluga_json_is_null(b) &&
           beluga_json_bool(a, false) == beluga_json_bool(b, false);
}

static void compare(difference *d, const beluga_json *recorded, const beluga_json *sent);

static void compare_objects(difference *d, const beluga_json *recorded, const beluga_json *sent,
                            size_t at)
{
    const beluga_json *a, *b;
    for (a = beluga_json_first(recorded); a; a = beluga_json_next(recorded, a)) {
        const char *key = beluga_json_key(a, NULL);
        point(d, at, key);
        b = beluga_json_get(sent, key);
        if (b)
            compare(d, a, b);
        else
            differ(d, a, NULL);
    }
    for (b = beluga_json_first(sent); b; b = beluga_json_next(sent, b)) {
        if (beluga_json_get(recorded, beluga_json_key(b, NULL))) continue;
        point(d, at, beluga_json_key(b, NULL));
        differ(d, NULL, b);
    }
}

static void compare_arrays(difference *d, const beluga_json *recorded, const beluga_json *sent,
                           size_t at)
{
    const beluga_json *a = beluga_json_first(recorded), *b = beluga_json_first(sent);
    for (size_t i = 0; a || b; i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        point(d, at, index);
        if (a && b)
            compare(d, a, b);
        else
            differ(d, a, b);
        a = beluga_json_next(recorded, a);
        b = beluga_json_next(sent, b);
    }
}

/* Compare two values. The parser limits the depth of the recursion to BELUGA__MAX_JSON_DEPTH. */
static void compare(difference *d, const beluga_json *recorded, const beluga_json *sent)
{
    size_t at = strlen(d->pointer);
    if (beluga_json_is_object(recorded) && beluga_json_is_object(sent))
        compare_objects(d, recorded, sent, at);
    else if (beluga_json_is_array(recorded) && beluga_json_is_array(sent))
        compare_arrays(d, recorded, sent, at);
    else if (beluga_json_is_object(recorded) || beluga_json_is_object(sent) ||
             beluga_json_is_array(recorded) || beluga_json_is_array(sent) ||
             !same_scalar(recorded, sent))
        differ(d, recorded, sent);
    d->pointer[at] = '\0';
}

/* --- addresses -------------------------------------------------------------------------------- */

/* Returns the path of a URL. Server names are not compared, since a replay may use another one. */
static const char *path_of(const char *url, size_t *n)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    const char *path = host + strcspn(host, "/?#");
    *n = strcspn(path, "?#");
    return path;
}

static bool same_path(const char *a, const char *b)
{
    size_t n, m;
    const char *x = path_of(a, &n), *y = path_of(b, &m);
    return n == m && memcmp(x, y, n) == 0;
}

static const char *query_of(const char *url)
{
    const char *mark = strchr(url, '?');
    return mark ? mark + 1 : "";
}

/* Count how often a parameter occurs in a query. */
static size_t count_parameter(const char *query, const char *parameter, size_t n)
{
    size_t count = 0, m;
    for (const char *at = query; *at; at += m + (at[m] == '&')) {
        m = strcspn(at, "&");
        count += m == n && memcmp(at, parameter, n) == 0;
    }
    return count;
}

static bool has_all(const char *query, const char *of)
{
    size_t n;
    for (const char *at = of; *at; at += n + (at[n] == '&')) {
        n = strcspn(at, "&");
        if (count_parameter(query, at, n) != count_parameter(of, at, n)) return false;
    }
    return true;
}

/* Returns whether two queries have the same parameters, in any order. */
static bool same_query(const char *a, const char *b)
{
    const char *x = query_of(a), *y = query_of(b);
    return strcmp(x, y) == 0 || (has_all(x, y) && has_all(y, x));
}

static bool same_address(const beluga__tape *tape, const beluga__asked *asked)
{
    return strcmp(tape->method, asked->method) == 0 && same_path(tape->url, asked->url) &&
           same_query(tape->url, asked->url);
}

/* --- the matching recording ------------------------------------------------------------------- */

static int compare_bodies(difference *d, beluga__recording *recording, const beluga__asked *asked,
                          const char *name, beluga_error *err)
{
    const beluga_json *json = beluga_json_get(recording->request, "json");
    beluga__buf body;
    if (json && asked->json) {
        compare(d, json, asked->json);
        return 0;
    }
    beluga__buf_init(&body, recording->scratch.allocator, BELUGA__MAX_CASSETTE_FILE);
    int status = beluga__recording_bytes(recording, recording->request, name, &body, err);
    bool same = body.length == asked->length && memcmp(body.data, asked->body, body.length) == 0;
    if (!status && !same)
        differ_text(d, "the body", body.data, body.length, asked->body, asked->length);
    if (!status && !same) hide_secret(d, body.data);
    beluga__buf_free(&body);
    return status;
}

static int compare_with(const beluga__open_cassette *cassette, const beluga__tape *tape,
                        const beluga__asked *asked, difference *d, beluga__recording *recording,
                        beluga_error *err)
{
    *d = (difference){0};
    int status = beluga__recording_read(recording, cassette, tape->name, err);
    if (!status && !same_query(tape->url, asked->url)) {
        const char *a = query_of(tape->url), *b = query_of(asked->url);
        differ_text(d, "the query", a, strlen(a), b, strlen(b));
    }
    return status ? status : compare_bodies(d, recording, asked, tape->name, err);
}

/* Returns the tape whose URL path is most like the path of the request. The error message names
 * this tape when no recording has the request's method and path. */
static const beluga__tape *nearest_address(const beluga__open_cassette *cassette,
                                           const beluga__asked *asked, difference *d)
{
    const beluga__tape *nearest = NULL;
    size_t best = 0, n, m;
    const char *sent = path_of(asked->url, &m);
    for (size_t i = 0; i < cassette->n_tapes; i++) {
        const char *path = path_of(cassette->tapes[i].url, &n);
        size_t score = 2 * common(path, n, sent, m) + (n == m) + 1;
        if (score <= best) continue;
        nearest = &cassette->tapes[i];
        best = score;
    }
    if (!nearest) return NULL;
    const char *path = path_of(nearest->url, &n);
    if (same_path(nearest->url, asked->url))
        differ_text(d, "the method", nearest->method, strlen(nearest->method), asked->method,
                    strlen(asked->method));
    else
        differ_text(d, "the path", path, n, sent, m);
    return nearest;
}

static int find_nearest(const beluga__open_cassette *cassette, const beluga__asked *asked,
                        const beluga__tape **out, difference *nearest, beluga_error *err)
{
    unsigned looked_at = 0;
    int status = 0;
    *out = NULL;
    for (size_t i = 0; i < cassette->n_tapes && !status && looked_at < BELUGA__MAX_CASSETTE_NEAR;
         i++) {
        const beluga__tape *tape = &cassette->tapes[i];
        difference d;
        beluga__recording recording;
        if (strcmp(tape->method, asked->method) || !same_path(tape->url, asked->url)) continue;
        looked_at++;
        status = compare_with(cassette, tape, asked, &d, &recording, err);
        beluga__recording_free(&recording);
        if (status || (*out && d.count >= nearest->count)) continue;
        *out = tape;
        *nearest = d;
    }
    if (!status && !*out) *out = nearest_address(cassette, asked, nearest);
    return status;
}

static int mismatch(const beluga__open_cassette *cassette, const beluga__asked *asked,
                    beluga_error *err)
{
    const beluga__tape *tape;
    difference d = {0};
    int status = find_nearest(cassette, asked, &tape, &d, err);
    if (status) return status;
    if (!tape)
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                                "no recording matches: there are no recordings in %.200s",
                                cassette->directory);
    if (!d.count)
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                                "no recording is left: %.80s has the same request, but was used "
                                "already (record again, or set repeat)",
                                tape->name);
    return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                            "no recording matches; nearest is %.64s: %s: recorded %s, sent %s",
                            tape->name, d.where, d.recorded, d.sent);
}

/* Take the first unused tape that matches the request. If all of these are used, and tapes may be
 * used again, take the last one. */
static beluga__tape *take(beluga__open_cassette *cassette, const beluga__asked *asked)
{
    uint64_t body = beluga__asked_digest(asked);
    beluga__tape *last = NULL;
    for (size_t i = 0; i < cassette->n_tapes; i++) {
        beluga__tape *tape = &cassette->tapes[i];
        if (tape->body != body || !same_address(tape, asked)) continue;
        if (!atomic_exchange(&tape->used, true)) return tape;
        last = tape;
    }
    return cassette->repeat ? last : NULL;
}

int beluga__cassette_match(beluga__open_cassette *cassette, const beluga__asked *asked,
                           beluga__recording *recording, beluga_error *err)
{
    difference d;
    beluga__tape *tape = take(cassette, asked);
    *recording = (beluga__recording){0};
    beluga__json_scratch_init(&recording->scratch, &cassette->runtime->allocator);
    if (!tape) return mismatch(cassette, asked, err);
    beluga__recording_free(recording);
    int status = compare_with(cassette, tape, asked, &d, recording, err);
    if (!status && d.count)
        status = beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                                  "%.100s has changed since the replay began", tape->name);
    return status;
}
