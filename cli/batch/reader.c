#include "batch/reader.h"

#include "base/utf8.h"
#include "batch/files.h"
#include "batch/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 * 1024)
#define BOM        "\xEF\xBB\xBF"
#define BOM_BYTES  3
/* The format is recognised within this many bytes. */
#define PEEK_BYTES 4096

/* ---- formats --------------------------------------------------------------------------------- */

static const char *const names[] = {
    [BATCH_AUTO] = "auto", [BATCH_TEXT] = "text", [BATCH_JSONL] = "jsonl", [BATCH_CSV] = "csv"};

batch_format batch_format_from_name(const char *name)
{
    for (size_t i = BATCH_TEXT; i <= BATCH_CSV; i++)
        if (strcmp(names[i], name) == 0) return (batch_format)i;
    return BATCH_AUTO;
}

const char *batch_format_name(batch_format format)
{
    return names[format];
}

static bool ends_in(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n > m && strcasecmp(path + n - m, end) == 0;
}

batch_format batch_format_from_path(const char *path)
{
    if (ends_in(path, ".csv")) return BATCH_CSV;
    if (ends_in(path, ".jsonl") || ends_in(path, ".ndjson")) return BATCH_JSONL;
    return ends_in(path, ".txt") ? BATCH_TEXT : BATCH_AUTO;
}

batch_format batch_format_from_text(const char *text)
{
    if (strncmp(text, BOM, BOM_BYTES) == 0) text += BOM_BYTES;
    text += strspn(text, " \t\r\n");
    return *text && strchr("{[\"", *text) ? BATCH_JSONL : BATCH_TEXT;
}

batch_format batch_format_detect(const char *path, int fd)
{
    char bytes[PEEK_BYTES + 1];
    batch_format format = batch_format_from_path(path);
    if (format != BATCH_AUTO) return format;
    ssize_t n = batch_read_at(fd, bytes, PEEK_BYTES, 0);
    bytes[n > 0 ? n : 0] = '\0';
    return batch_format_from_text(bytes);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static ssize_t read_some(const batch_reader *r, char *bytes, size_t n)
{
    return r->streamed ? read(r->fd, bytes, n) : pread(r->fd, bytes, n, (off_t)r->offset);
}

/* Drop the bytes before the current record, and read more. Returns false at the end and on a read
 * error. */
static bool fill(batch_reader *r)
{
    char bytes[16384];
    if (r->at_end || r->error) return false;
    if (r->begin > READ_BYTES) {
        memmove(r->buffer.data, r->buffer.data + r->begin, r->buffer.length - r->begin);
        r->buffer.length -= r->begin;
        r->next -= r->begin;
        r->begin = 0;
    }
    ssize_t n = read_some(r, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR) n = read_some(r, bytes, sizeof bytes);
    if (n < 0) r->error = errno;
    if (n == 0) r->at_end = true;
    if (n <= 0) return false;
    if (r->seen) r->seen(r->payload, bytes, (size_t)n);
    r->offset += (uint64_t)n;
    if (text_add(&r->buffer, bytes, (size_t)n) == 0) return true;
    r->error = ENOMEM;
    return false;
}

static size_t left(const batch_reader *r)
{
    return r->buffer.length - r->next;
}

/* Return the offset in the file of a byte of the buffer. */
static uint64_t position(const batch_reader *r, size_t at)
{
    return r->offset - (r->buffer.length - at);
}

/* ---- the end of a record --------------------------------------------------------------------- */

/* The rules of CSV: only inside quotes, the end of a line does not end a row. */
typedef struct record_extent {
    bool csv, quoted, fresh; /* quoted: inside quotes; fresh: at the beginning of a field */
    uint64_t newlines;
    size_t length; /* length so far; only the beginning of a record that is too long is kept */
    bool too_long;
} record_extent;

static bool is_end(record_extent *e, char c)
{
    if (c == '\n') e->newlines++;
    if (!e->csv) return c == '\n';
    if (e->quoted) {
        if (c == '"') e->quoted = false;
        return false;
    }
    /* this also holds between the two quotes of a doubled one */
    if (c == '"' && e->fresh) e->quoted = true;
    e->fresh = c == ',' || c == '"';
    return c == '\n';
}

/* Drop all bytes of a record that is too long, except its beginning. */
static void shorten(batch_reader *r, record_extent *e)
{
    e->too_long = true;
    r->buffer.length = r->begin;
    r->next = r->begin;
}

static size_t scan_lines(batch_reader *r, record_extent *e)
{
    const char *from = r->buffer.data + r->next;
    const char *newline = memchr(from, '\n', left(r));
    if (newline) e->newlines++;
    return newline ? (size_t)(newline - from) + 1 : 0;
}

static size_t scan_rows(batch_reader *r, record_extent *e)
{
    const char *from = r->buffer.data + r->next;
    for (size_t i = 0, n = left(r); i < n; i++)
        if (is_end(e, from[i])) return i + 1;
    return 0;
}

/* Returns whether there is a record, from `begin` to `next`. */
static bool find_end(batch_reader *r, record_extent *e, bool *ended)
{
    r->begin = r->next;
    for (*ended = false; !*ended;) {
        if (!left(r) && !fill(r)) break;
        size_t n = e->csv ? scan_rows(r, e) : scan_lines(r, e);
        *ended = n != 0;
        if (!n) n = left(r);
        e->length += n;
        r->next += n;
        if (e->length > BATCH_MAX_RECORD_BYTES) {
            size_t rest = left(r);
            memmove(r->buffer.data + r->begin, r->buffer.data + r->next, rest);
            shorten(r, e);
            r->buffer.length += rest;
        }
    }
    return e->length != 0 && !r->error;
}

/* ---- fields of a row ------------------------------------------------------------------------- */

static int fail_field(char *why, size_t field, const char *what)
{
    snprintf(why, BATCH_FAULT_BYTES, "field %zu %s", field + 1, what);
    return -1;
}

/* Decode a quoted field in place. `*at` begins behind the first quote, and ends behind the last
 * one. */
static int take_quoted(char *bytes, size_t n, size_t *at, batch_field *field)
{
    size_t i = *at, out = i;
    field->bytes = bytes + out;
    for (; i < n; i++) {
        if (bytes[i] == '"' && i + 1 < n && bytes[i + 1] == '"')
            i++;
        else if (bytes[i] == '"')
            break;
        bytes[out++] = bytes[i];
    }
    field->length = (size_t)(bytes + out - field->bytes);
    *at = i + 1;
    return i < n ? 0 : -1;
}

/* Returns the number of fields, or -1 with the fault. More than `max` fields are a fault. */
static long split(char *bytes, size_t n, batch_field *fields, size_t max, char *why)
{
    size_t count = 0;
    for (size_t at = 0;; at++) {
        batch_field field = {bytes + at, 0};
        if (at < n && bytes[at] == '"') {
            at++;
            if (take_quoted(bytes, n, &at, &field) != 0)
                return fail_field(why, count, "begins with a quote and has none at its end");
            if (at < n && bytes[at] != ',')
                return fail_field(why, count, "has something behind its last quote");
        } else {
            while (at < n && bytes[at] != ',')
                if (bytes[at++] == '"')
                    return fail_field(why, count, "has a quote and does not begin with one");
            field.length = (size_t)(bytes + at - field.bytes);
        }
        if (count < max) fields[count] = field;
        count++;
        if (at >= n) return (long)count;
    }
}

/* ---- records --------------------------------------------------------------------------------- */

static bool is_blank(const batch_reader *r, const char *bytes, size_t n)
{
    if (r->format == BATCH_CSV) return n == 0;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != ' ' && bytes[i] != '\t') return false;
    return true;
}

static size_t without_end(const char *bytes, size_t n)
{
    if (n && bytes[n - 1] == '\n') n--;
    if (n && bytes[n - 1] == '\r') n--;
    return n;
}

static void check_bytes(batch_record *record, bool too_long)
{
    size_t valid = too_long ? 0 : beluga__utf8_valid(record->bytes, record->length);
    if (too_long)
        snprintf(record->fault, sizeof record->fault, "it is longer than %zu MiB",
                 BATCH_MAX_RECORD_BYTES / (1024 * 1024));
    else if (valid < record->length)
        snprintf(record->fault, sizeof record->fault, "it is not UTF-8 at byte %zu", valid + 1);
}

static void take_fields(batch_reader *r, batch_record *record)
{
    char *bytes = r->buffer.data + r->begin;
    long n = split(bytes, record->length, r->fields, r->n_columns, record->fault);
    if (n >= 0 && (size_t)n != r->n_columns)
        snprintf(record->fault, sizeof record->fault, "it has %ld field%s where the header has %zu",
                 n, n == 1 ? "" : "s", r->n_columns);
    record->fields = r->fields;
}

static bool next_raw(batch_reader *r, batch_record *record, bool *too_long)
{
    record_extent e = {.csv = r->format == BATCH_CSV, .fresh = true};
    if (!find_end(r, &e, &record->ended)) return false;
    bool first = position(r, r->begin) == 0 && !e.too_long;
    record->line = r->line + 1;
    record->size = e.length;
    record->offset = position(r, r->next) - e.length;
    r->line += e.newlines;
    record->bytes = r->buffer.data + r->begin;
    record->length = without_end(record->bytes, r->next - r->begin);
    if (first && record->length >= BOM_BYTES && memcmp(record->bytes, BOM, BOM_BYTES) == 0) {
        r->begin += BOM_BYTES;
        record->bytes += BOM_BYTES;
        record->length -= BOM_BYTES;
    }
    *too_long = e.too_long;
    return true;
}

int batch_reader_next(batch_reader *r, batch_record *record)
{
    bool too_long;
    do {
        record->fault[0] = '\0';
        record->fields = NULL;
        if (!next_raw(r, record, &too_long)) return r->error ? -1 : 0;
    } while (!too_long && is_blank(r, record->bytes, record->length));
    check_bytes(record, too_long);
    if (r->columns && !*record->fault) take_fields(r, record);
    return 1;
}

/* ---- the header ------------------------------------------------------------------------------ */

static int fail_header(char *why, const char *what)
{
    batch_say_why(why, "the header of the CSV %.200s", what);
    return -1;
}

static int find_twice(const batch_reader *r, char *why)
{
    for (size_t i = 0; i < r->n_columns; i++) {
        const batch_field *c = &r->columns[i];
        if (batch_reader_column(r, c->bytes, c->length) == (long)i) continue;
        batch_say_why(why, "the header of the CSV has \"%.*s\" twice",
                      (int)(c->length < 80 ? c->length : 80), c->bytes);
        return -1;
    }
    return 0;
}

static int take_header(batch_reader *r, const batch_record *record, char *why)
{
    batch_field columns[BATCH_MAX_COLUMNS];
    char fault[BATCH_FAULT_BYTES];
    if (*record->fault) return fail_header(why, record->fault);
    if (text_add(&r->header, record->bytes, record->length) != 0)
        return fail_header(why, "needs more memory");
    long n = split(r->header.data, r->header.length, columns, BATCH_MAX_COLUMNS, fault);
    if (n < 0) return fail_header(why, fault);
    if (n > BATCH_MAX_COLUMNS) return fail_header(why, "has too many columns");
    r->n_columns = (size_t)n;
    r->columns = calloc(2 * r->n_columns, sizeof *r->columns);
    if (!r->columns) return fail_header(why, "needs more memory");
    memcpy(r->columns, columns, r->n_columns * sizeof *columns);
    r->fields = r->columns + r->n_columns;
    return find_twice(r, why);
}

int batch_reader_begin(batch_reader *r, char why[BATCH_FAULT_BYTES])
{
    batch_record record;
    if (r->format != BATCH_CSV) return 0;
    int got = batch_reader_next(r, &record);
    if (got == 0) return fail_header(why, "is missing: there is nothing in it");
    if (got < 0) return fail_header(why, strerror(r->error));
    return take_header(r, &record, why);
}

long batch_reader_column(const batch_reader *r, const char *name, size_t length)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (r->columns[i].length == length && memcmp(r->columns[i].bytes, name, length) == 0)
            return (long)i;
    return -1;
}

void batch_reader_free(batch_reader *r)
{
    text_free(&r->buffer);
    text_free(&r->header);
    free(r->columns);
    r->columns = r->fields = NULL;
    r->n_columns = 0;
}
