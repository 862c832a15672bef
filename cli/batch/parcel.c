#include "batch/parcel.h"

#include "batch/why.h"

#include <beluga/error.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A parcel is a JSON object on a line of its own, {"digest":"…","repeated":true,"fault":"…"},
 * followed by the text of the line, or for CSV by a JSON object with the columns. */

/* ---- packing --------------------------------------------------------------------------------- */

static void put_head(beluga_json_writer *w, const batch_record *record, bool repeated)
{
    char digest[17];
    snprintf(digest, sizeof digest, "%016" PRIx64, record->digest);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "digest", digest);
    if (repeated) beluga_json_put_bool(w, "repeated", true);
    if (*record->fault) beluga_json_put_string(w, "fault", record->fault);
    beluga_json_end_object(w);
}

static void put_row(beluga_json_writer *w, const batch_reader *reader, const batch_record *record)
{
    cli_text name = {0};
    beluga_json_begin_object(w, NULL);
    for (size_t i = 0; i < reader->n_columns; i++) {
        const batch_field *column = &reader->columns[i], *field = &record->fields[i];
        name.length = 0;
        if (text_add(&name, column->bytes, column->length) != 0) break;
        beluga_json_put_string_n(w, text_get(&name), field->bytes, field->length);
    }
    beluga_json_end_object(w);
    text_free(&name);
}

/* Append the JSON of a writer, and free the writer. */
static int take(beluga_json_writer *w, cli_text *out)
{
    const char *json;
    size_t length;
    int rc = beluga_json_writer_text(w, &json, &length);
    if (rc == 0) rc = text_add(out, json, length);
    beluga_json_writer_free(w);
    return rc;
}

int batch_parcel_pack(const batch_reader *reader, const batch_record *record, bool repeated,
                      cli_text *out)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    put_head(w, record, repeated);
    int rc = take(w, out);
    if (rc == 0) rc = text_add(out, "\n", 1);
    if (rc || *record->fault) return rc;
    if (!record->fields) return text_add(out, record->bytes, record->length);
    w = beluga_json_writer_new();
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    put_row(w, reader, record);
    return take(w, out);
}

/* ---- unpacking ------------------------------------------------------------------------------- */

static int make_room(batch_parcel *parcel, size_t n)
{
    if (n <= parcel->room) return 0;
    batch_field *columns = realloc(parcel->columns, n * sizeof *columns);
    if (columns) parcel->columns = columns;
    batch_field *fields = realloc(parcel->fields, n * sizeof *fields);
    if (fields) parcel->fields = fields;
    if (!columns || !fields) return -1;
    parcel->room = n;
    return 0;
}

static int take_columns(batch_parcel *parcel, const beluga_json *row)
{
    size_t i = 0, n = beluga_json_count(row);
    if (make_room(parcel, n ? n : 1) != 0) return -1;
    for (const beluga_json *v = beluga_json_first(row); v; v = beluga_json_next(row, v), i++) {
        batch_field *column = &parcel->columns[i], *field = &parcel->fields[i];
        column->bytes = beluga_json_key(v, &column->length);
        field->bytes = beluga_json_string(v, &field->length);
        if (!field->bytes) *field = (batch_field){"", 0};
    }
    parcel->reader.columns = parcel->columns;
    parcel->reader.n_columns = n;
    return 0;
}

static int open_row(batch_parcel *parcel, batch_record *record)
{
    beluga_error err;
    beluga_json_doc_free(parcel->row);
    parcel->row = NULL;
    int rc = beluga_json_parse(record->bytes, record->length, &parcel->row, &err);
    if (rc == BELUGA_ERROR_NO_MEMORY) return -1;
    const beluga_json *row = beluga_json_doc_root(parcel->row);
    if (rc || !beluga_json_is_object(row)) {
        batch_say_why(record->fault, "its entry in the queue is not a row of a CSV");
        return 0;
    }
    if (take_columns(parcel, row) != 0) return -1;
    record->fields = parcel->fields;
    return 0;
}

static void take_head(batch_parcel *parcel, const beluga_json *head, batch_record *record)
{
    const char *digest = beluga_json_get_string(head, "digest", NULL);
    const char *fault = beluga_json_get_string(head, "fault", NULL);
    record->digest = digest ? strtoull(digest, NULL, 16) : 0;
    parcel->repeated = beluga_json_bool(beluga_json_get(head, "repeated"), false);
    if (fault) batch_say_why(record->fault, "%s", fault);
}

int batch_parcel_open(batch_parcel *parcel, uint64_t line, const char *bytes, size_t n,
                      batch_record *record)
{
    beluga_json_doc *doc = NULL;
    const char *end = memchr(bytes, '\n', n);
    size_t head = end ? (size_t)(end - bytes) : n;
    *record = (batch_record){.line = line, .ended = true};
    parcel->repeated = false;
    int rc = beluga_json_parse(bytes, head, &doc, NULL);
    if (rc == BELUGA_ERROR_NO_MEMORY) return -1;
    if (rc || !end) {
        batch_say_why(
            record->fault,
            "its entry in the queue has a form that this version of beluga does not know");
        beluga_json_doc_free(doc);
        return 0;
    }
    take_head(parcel, beluga_json_doc_root(doc), record);
    beluga_json_doc_free(doc);
    record->bytes = end + 1;
    record->length = n - head - 1;
    return *record->fault || parcel->reader.format != BATCH_CSV ? 0 : open_row(parcel, record);
}

void batch_parcel_free(batch_parcel *parcel)
{
    beluga_json_doc_free(parcel->row);
    free(parcel->columns);
    free(parcel->fields);
    *parcel = (batch_parcel){.row = NULL};
}
