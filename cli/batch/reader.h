/* The records of a batch's input: lines of text or JSON, or rows of CSV (RFC 4180). */
#ifndef BELUGA_CLI_BATCH_READER_H
#define BELUGA_CLI_BATCH_READER_H

#include "input.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer record is a fault of its line. */
#define BATCH_MAX_RECORD_BYTES ((size_t)64 * 1024 * 1024)
#define BATCH_MAX_COLUMNS      4096
#define BATCH_FAULT_BYTES      256

typedef enum batch_format { BATCH_AUTO, BATCH_TEXT, BATCH_JSONL, BATCH_CSV } batch_format;

typedef struct batch_field {
    const char *bytes;
    size_t length;
} batch_field;

typedef struct batch_record {
    uint64_t line;     /* where it begins, from 1 */
    uint64_t offset;   /* likewise, in bytes */
    const char *bytes; /* text and JSON: without the end of the line. Borrowed until the next one */
    size_t length;
    uint64_t size;                 /* with its end, as it is in the file */
    bool ended;                    /* there was an end of the line */
    const batch_field *fields;     /* of CSV, as many as there are columns; likewise borrowed */
    char fault[BATCH_FAULT_BYTES]; /* what is wrong with it; "": nothing */
} batch_record;

typedef struct batch_reader {
    batch_format format;
    int fd; /* borrowed; read by position, so that several readers may share it */
    uint64_t offset, line;
    cli_text buffer;
    size_t begin, next; /* of the record at hand, and of the one behind it */
    bool at_end;
    int error;       /* errno of a read that failed */
    cli_text header; /* of CSV, which the columns are in */
    batch_field *columns, *fields;
    size_t n_columns;
    void (*seen)(void *payload, const char *bytes, size_t n); /* of all that is read; may be NULL */
    void *payload;
} batch_reader;

/* Return the format that a name means, or BATCH_AUTO. */
batch_format batch_format_from_name(const char *name);
const char *batch_format_name(batch_format format);

/* Tell the format by the file's name, else by its first bytes. */
batch_format batch_format_detect(const char *path, int fd);

/* Zero-initialise it, set fd, format and seen. Reads CSV's header.
 * @return 0, or -1 with what is wrong in `why`. Free it in either case. */
int batch_reader_begin(batch_reader *reader, char why[BATCH_FAULT_BYTES]);

/* Read the next record that is not blank. @return 1; 0 at the end; -1 it can't be read: `error`. */
int batch_reader_next(batch_reader *reader, batch_record *record);

/* Return a CSV column's index, or -1. */
long batch_reader_column(const batch_reader *reader, const char *name, size_t length);

void batch_reader_free(batch_reader *reader);

#endif
