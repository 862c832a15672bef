/* The lines that become one batch job, while they are gathered. */
#ifndef BELUGA_CLI_JOBS_CHUNK_H
#define BELUGA_CLI_JOBS_CHUNK_H

#include "batch/digest.h"
#include "batch/item.h"
#include "jobs/journal.h"
#include "jobs/ranges.h"

#include <beluga/batch_job.h>

/* A chunk is in memory until its job is created. */
#define BATCH_CHUNK_BYTES ((uint64_t)64 * 1024 * 1024)
/* Hexadecimal digits that no other chunk has. */
#define BATCH_TAG_BYTES ((size_t)12)

/* The id that a line has in its job: "b-LINE-DIGEST-TAG". It tells which line it is, what that line
 * was, and which chunk; it has 56 characters at most. */
typedef struct batch_job_line_id {
    uint64_t line, digest;
    char tag[BATCH_TAG_BYTES + 1];
} batch_job_line_id;

#define BATCH_LINE_ID_BYTES 65

void batch_line_id_write(const batch_job_line_id *id, char text[BATCH_LINE_ID_BYTES]);
/* @return whether it is such an id. */
bool batch_line_id_read(const char *text, batch_job_line_id *id);
/* Return whether a job of this name has lines of this tag. */
bool batch_job_name_has_tag(const char *name, const char *tag);

typedef struct batch_chunk {
    beluga_batch_requests *requests; /* owned; NULL: not begun */
    char tag[BATCH_TAG_BYTES + 1];
    batch_digest digest; /* of the ids */
    batch_ranges lines;
    double cost; /* what it may cost, in US dollars */
} batch_chunk;

/* @return 0, or a code with detail. Free the chunk in either case. */
int batch_chunk_begin(batch_chunk *chunk, beluga_chat_model *model, beluga_error *err);
/*
 * Add a line.
 * @param schema  Of answers to lines that bring none; NULL: none.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED the chunk is full, and the line is for the next one;
 * otherwise what is wrong with the line, or with all of them.
 */
int batch_chunk_add(batch_chunk *chunk, const batch_item *item, const char *schema,
                    beluga_error *err);
/* Name the job: by its tag, and by what it asks. Nothing is added after that. */
void batch_chunk_name(batch_chunk *chunk, char name[BATCH_JOB_NAME_BYTES]);
void batch_chunk_free(batch_chunk *chunk);

#endif
