/*
 * A parcel: a line of a batch in the form in which it is sent to another machine, with the facts
 * that its reader found out, such as its digest. A row of CSV is sent as an object with its
 * columns, so that the other machine needs no header.
 */
#ifndef BELUGA_CLI_BATCH_PARCEL_H
#define BELUGA_CLI_BATCH_PARCEL_H

#include "batch/reader.h"

#include <beluga/provider/json.h>

/* Unpacks lines, one after the other. Zero-initialise this struct, except the reader's members
 * `format` and `headless`. */
typedef struct batch_parcel {
    batch_reader reader; /* contains the columns of the row that was unpacked last */
    beluga_json_doc *row;
    batch_field *columns, *fields; /* owned; each has `room` items */
    size_t room;
    bool repeated; /* an earlier line has the id of this one */
} batch_parcel;

/* Append a line as a parcel. @return 0; LIMIT_EXCEEDED if a row is too long as JSON; NO_MEMORY. */
int batch_parcel_pack(const batch_reader *reader, const batch_record *record, bool repeated,
                      cli_text *out);

/*
 * Unpack a line. If the text is not a valid parcel, the record gets a fault.
 * @param bytes   Borrowed while the record is used.
 * @param record  Its pointers are valid until the next line is unpacked.
 * @return 0, or -1 if memory runs out.
 */
int batch_parcel_open(batch_parcel *parcel, uint64_t line, const char *bytes, size_t n,
                      batch_record *record);

void batch_parcel_free(batch_parcel *parcel);

#endif
