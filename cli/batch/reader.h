/* The records of a batch's input: lines of text or JSON, or rows of CSV (RFC 4180). */
#ifndef BELUGA_CLI_BATCH_READER_H
#define BELUGA_CLI_BATCH_READER_H

#include "batch/format.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer record is reported as a fault of its line. */
#define BATCH_MAX_RECORD_BYTES ((size_t)64 * 1024 * 1024)
#define BATCH_MAX_COLUMNS      4096
#define BATCH_FAULT_BYTES      256

typedef struct batch_field {
    const char *bytes;
    size_t length;
} batch_field;

typedef struct batch_record {
    uint64_t line;   /* line where the record begins, from 1 */
    uint64_t offset; /* offset where the record begins, in bytes */
    /* text or JSON of the record, without the end of the line; borrowed until the next record */
    const char *bytes;
    size_t length;
    uint64_t size; /* number of bytes in the file, including the end of the line */
    bool ended;    /* the record has an end of line */
    /* fields of a CSV row, one for each column; borrowed until the next record */
    const batch_field *fields;
    uint64_t digest;               /* digest of the record and the header, to recognise the
                                    * record later */
    char fault[BATCH_FAULT_BYTES]; /* the fault of the record; "": none */
} batch_record;

typedef struct batch_reader {
    batch_format format;
    int fd;         /* borrowed; read by offset, so that several readers may share it */
    bool streamed;  /* read from the current position of the descriptor, as pipes need */
    char delimiter; /* of CSV; 0: a comma */
    bool headless;  /* the CSV has no header: its columns are called 1, 2, 3, … */
    uint64_t offset, line;
    cli_text buffer;
    size_t begin, next; /* the bounds of the current record */
    bool at_end;
    int error;       /* errno of a read that failed */
    cli_text header; /* memory of the CSV header, into which the columns point */
    uint64_t header_digest;
    batch_field *columns, *fields;
    size_t n_columns;
    /* called with all bytes that are read; may be NULL */
    void (*seen)(void *payload, const char *bytes, size_t n);
    void *payload;
} batch_reader;

/* Begin to read. Zero-initialise the reader first, and set its options, such as fd, format and
 * seen. For CSV this reads the header, and skips a line "sep=;" before it. @return 0, or -1 with
 * the fault in `why`. Free the reader in either case. */
int batch_reader_begin(batch_reader *reader, char why[BATCH_FAULT_BYTES]);

/* Read the next record that is not blank. @return 1; 0 at the end; -1 on a read error, with errno
 * in `error`. */
int batch_reader_next(batch_reader *reader, batch_record *record);

/* Continue at a record that was read before. @param offset,line  The members of that record. */
void batch_reader_seek(batch_reader *reader, uint64_t offset, uint64_t line);

/* Return the index of a CSV column, or -1. */
long batch_reader_column(const batch_reader *reader, const char *name, size_t length);

/* Write the names of the CSV's columns in quotes, as far as there is room. */
void batch_reader_list_columns(const batch_reader *reader, char *text, size_t size);

void batch_reader_free(batch_reader *reader);

#endif
