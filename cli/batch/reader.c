#include "batch/reader.h"

#include "base/mix.h"
#include "base/utf8.h"
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
#define MAX_NUMBER 24 /* enough for the number of a column as text */

/* ---- bytes ----------------------------------------------------------------------------------- */

static ssize_t read_some(const batch_reader *r, char *bytes, size_t n)
{
    return r->streamed ? read(r->fd, bytes, n) : pread(r->fd, bytes, n, (off_t)r->offset);
}

/* Drop the bytes before the current record, and read more. Returns false at the end of the input
 * and on a read error. */
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

/* Return the offset in the file of the byte at the index `at` of the buffer. */
static uint64_t position(const batch_reader *r, size_t at)
{
    return r->offset - (r->buffer.length - at);
}

static char delimiter_of(const batch_reader *r)
{
    return r->delimiter ? r->delimiter : ',';
}

/* ---- the end of a record --------------------------------------------------------------------- */

/* The state of the search for the end of a record. In CSV, the end of a line does not end the row
 * if it is inside quotes. */
typedef struct record_extent {
    char delimiter;
    bool csv, quoted, fresh; /* quoted: inside quotes; fresh: at the beginning of a field */
    uint64_t newlines;
    /* length of the record so far; of a record that is too long, only the beginning is kept */
    size_t length;
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
    /* `fresh` is still set after a closing quote, so a doubled quote opens the field again */
    if (c == '"' && e->fresh) e->quoted = true;
    e->fresh = c == e->delimiter || c == '"';
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

/* Find the end of the next record, which is then from `begin` to `next`. Returns false if no record
 * is left. */
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

/* Decode a quoted field in place. `*at` begins after the first quote, and ends after the last
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

/* Split a row into fields. Returns their number, or -1 with the fault in `why`. A row with more
 * than `max` fields has a fault. */
static long split(const batch_reader *r, char *bytes, size_t n, batch_field *fields, size_t max,
                  char *why)
{
    const char delimiter = delimiter_of(r);
    size_t count = 0;
    for (size_t at = 0;; at++) {
        batch_field field = {bytes + at, 0};
        if (at < n && bytes[at] == '"') {
            at++;
            if (take_quoted(bytes, n, &at, &field) != 0)
                return fail_field(why, count, "begins with a quote but does not end with one");
            if (at < n && bytes[at] != delimiter)
                return fail_field(why, count, "has text after its closing quote");
        } else {
            while (at < n && bytes[at] != delimiter)
                if (bytes[at++] == '"')
                    return fail_field(why, count, "has a quote but does not begin with one");
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
        snprintf(record->fault, sizeof record->fault, "it is not valid UTF-8 at byte %zu",
                 valid + 1);
}

static void take_fields(batch_reader *r, batch_record *record)
{
    char *bytes = r->buffer.data + r->begin;
    long n = split(r, bytes, record->length, r->fields, r->n_columns, record->fault);
    if (n >= 0 && (size_t)n != r->n_columns)
        snprintf(record->fault, sizeof record->fault, "it has %ld field%s, but the %s has %zu", n,
                 n == 1 ? "" : "s", r->headless ? "first row" : "header", r->n_columns);
    record->fields = r->fields;
}

/* 64 bits are enough for a digest here, since it is compared only with digests of the same user's
 * lines. */
static uint64_t digest_of(const char *bytes, size_t n, uint64_t seed)
{
    uint64_t digest = beluga__mix(seed + n);
    for (; n >= 8; bytes += 8, n -= 8) digest = beluga__mix(digest ^ beluga__load8(bytes));
    uint64_t rest = 0;
    for (size_t i = 0; i < n; i++) rest |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return beluga__mix(digest ^ rest);
}

static bool next_raw(batch_reader *r, batch_record *record, bool *too_long)
{
    record_extent e = {.delimiter = delimiter_of(r), .csv = r->format == BATCH_CSV, .fresh = true};
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
    record->digest = digest_of(record->bytes, record->length, r->header_digest);
    if (r->columns && !*record->fault) take_fields(r, record);
    return 1;
}

void batch_reader_seek(batch_reader *r, uint64_t offset, uint64_t line)
{
    r->buffer.length = r->begin = r->next = 0;
    r->offset = offset;
    r->line = line - 1;
    r->at_end = false;
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
        batch_say_why(why, "the header of the CSV has the column \"%.*s\" twice",
                      (int)(c->length < 80 ? c->length : 80), c->bytes);
        return -1;
    }
    return 0;
}

/* Copy the columns into the reader. Their names point into the header's memory. */
static int set_columns(batch_reader *r, const batch_field *columns, size_t n, char *why)
{
    if (n > BATCH_MAX_COLUMNS) return fail_header(why, "has too many columns");
    r->columns = calloc(2 * n, sizeof *r->columns);
    if (!r->columns) return fail_header(why, "needs more memory");
    r->n_columns = n;
    memcpy(r->columns, columns, n * sizeof *columns);
    r->fields = r->columns + n;
    return 0;
}

/* Name the columns of a file without a header by their numbers, from 1. */
static int number_columns(batch_reader *r, batch_field *columns, size_t n, char *why)
{
    if (n > BATCH_MAX_COLUMNS) return fail_header(why, "has too many columns");
    r->header.length = 0;
    if (text_reserve(&r->header, n * MAX_NUMBER) != 0) return fail_header(why, "needs more memory");
    char *at = r->header.data;
    for (size_t i = 0; i < n; i++) {
        columns[i] = (batch_field){at, (size_t)snprintf(at, MAX_NUMBER, "%zu", i + 1)};
        at += columns[i].length;
    }
    return set_columns(r, columns, n, why);
}

static int take_header(batch_reader *r, const batch_record *record, char *why)
{
    batch_field columns[BATCH_MAX_COLUMNS];
    char fault[BATCH_FAULT_BYTES];
    if (*record->fault) return fail_header(why, record->fault);
    if (text_add(&r->header, record->bytes, record->length) != 0)
        return fail_header(why, "needs more memory");
    long n = split(r, r->header.data, r->header.length, columns, BATCH_MAX_COLUMNS, fault);
    if (n < 0) return fail_header(why, fault);
    if (r->headless) {
        /* the row is read once more, as a record */
        r->next = r->begin;
        r->line = record->line - 1;
        return number_columns(r, columns, (size_t)n, why);
    }
    r->header_digest = record->digest;
    return set_columns(r, columns, (size_t)n, why) ? -1 : find_twice(r, why);
}

/* Return whether a record is a line such as "sep=;", which some spreadsheets write before the
 * header. */
static bool is_separator_line(const batch_record *record)
{
    return record->length == 5 && strncasecmp(record->bytes, "sep=", 4) == 0;
}

int batch_reader_begin(batch_reader *r, char why[BATCH_FAULT_BYTES])
{
    batch_record record;
    if (r->format != BATCH_CSV) return 0;
    int got = batch_reader_next(r, &record);
    if (got > 0 && is_separator_line(&record)) got = batch_reader_next(r, &record);
    if (got == 0) return fail_header(why, "is missing: the file is empty");
    if (got < 0) return fail_header(why, strerror(r->error));
    return take_header(r, &record, why);
}

void batch_reader_list_columns(const batch_reader *r, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < r->n_columns; i++) {
        const batch_field *c = &r->columns[i];
        size_t need = c->length + 4 + sizeof ", and 4096 more";
        if (used + need >= size) {
            snprintf(text + used, size - used, "%s%zu more", i ? " and " : "", r->n_columns - i);
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s\"%.*s\"", i ? ", " : "",
                                 (int)c->length, c->bytes);
    }
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
