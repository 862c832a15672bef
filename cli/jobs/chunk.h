/* A chunk: lines that are collected in memory to become one batch job. */
#ifndef BELUGA_CLI_JOBS_CHUNK_H
#define BELUGA_CLI_JOBS_CHUNK_H

#include "batch/digest.h"
#include "batch/item.h"
#include "jobs/journal.h"
#include "jobs/ranges.h"

#include <beluga/batch_job.h>

/* Maximum size of a chunk. A chunk stays in memory until its job is created. */
#define BATCH_CHUNK_BYTES ((uint64_t)64 * 1024 * 1024)
/* Number of hexadecimal digits that identify a chunk. */
#define BATCH_TAG_BYTES ((size_t)12)

/* The id of a line in its job: "b-LINE-DIGEST-TAG", of at most 52 characters. It contains the
 * line's number, a digest of the line, and the tag of the chunk. */
typedef struct batch_job_line_id {
    uint64_t line, digest;
    char tag[BATCH_TAG_BYTES + 1];
} batch_job_line_id;

#define BATCH_LINE_ID_BYTES 65

void batch_line_id_write(const batch_job_line_id *id, char text[BATCH_LINE_ID_BYTES]);
/* Read the id of a line. @return false if the text is not such an id. */
bool batch_line_id_read(const char *text, batch_job_line_id *id);
/* Return whether the job with this name contains the chunk with this tag. */
bool batch_job_name_has_tag(const char *name, const char *tag);

typedef struct batch_chunk {
    beluga_batch_requests *requests; /* owned; NULL: not begun */
    char tag[BATCH_TAG_BYTES + 1];
    batch_digest digest; /* digest of the ids */
    batch_ranges lines;
    double cost; /* maximum cost in US dollars */
} batch_chunk;

/* Begin a chunk for this model. @return 0, or a code with a detailed error. Free the chunk in
 * either case. */
int batch_chunk_begin(batch_chunk *chunk, beluga_chat_model *model, beluga_error *err);
/*
 * Add a line.
 * @param schema  The schema for lines that have none of their own; NULL: none.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED if the chunk is full, so that the line belongs into the
 * next one; otherwise the error of this line, or of all lines.
 */
int batch_chunk_add(batch_chunk *chunk, const batch_item *item, const char *schema,
                    beluga_error *err);
/* Write the name of the job, which consists of the tag and a digest. Add no lines afterwards. */
void batch_chunk_name(batch_chunk *chunk, char name[BATCH_JOB_NAME_BYTES]);
void batch_chunk_free(batch_chunk *chunk);

#endif
