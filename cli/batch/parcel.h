/*
 * A line of a batch as it travels to another machine: what its reader knows of it, and its text. A
 * row of a CSV travels as an object of its columns, so that it needs no header there.
 */
#ifndef BELUGA_CLI_BATCH_PARCEL_H
#define BELUGA_CLI_BATCH_PARCEL_H

#include "batch/reader.h"

#include <beluga/provider/json.h>

/* Unpacks lines, one after the other. Zero-initialise it but for the reader's format and whether it
 * is headless. */
typedef struct batch_parcel {
    batch_reader reader; /* has the columns of the row that was unpacked last */
    beluga_json_doc *row;
    batch_field *columns, *fields; /* owned; `room` of each */
    size_t room;
    bool repeated; /* an earlier line has the id of this one */
} batch_parcel;

/* Append a line as it travels. @return 0, or -1 without memory. */
int batch_parcel_pack(const batch_reader *reader, const batch_record *record, bool repeated,
                      cli_text *out);

/*
 * Unpack a line. A text that is no line has a fault.
 * @param bytes   Borrowed as long as the record is used.
 * @param record  What it points to is valid until the next line is unpacked.
 * @return 0, or -1 without memory.
 */
int batch_parcel_open(batch_parcel *parcel, uint64_t line, const char *bytes, size_t n,
                      batch_record *record);

void batch_parcel_free(batch_parcel *parcel);

#endif
