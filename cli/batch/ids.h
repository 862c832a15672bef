/*
 * Finds lines that have the same id as an earlier line, and lines without an id whose line number
 * is the id of another line. The ids are kept in a file, so that little memory is needed.
 */
#ifndef BELUGA_CLI_BATCH_IDS_H
#define BELUGA_CLI_BATCH_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATCH_IDS_BUFFER 2048

typedef struct batch_id {
    uint64_t digest[2];
    uint64_t line;
    bool is_number; /* the line has no id, and this is its line number */
} batch_id;

typedef struct batch_ids {
    int fd; /* descriptor of a file without a name */
    uint64_t written;
    size_t used;
    batch_id buffer[BATCH_IDS_BUFFER];
} batch_ids;

/* A set of lines, one bit for each. */
typedef struct batch_lines {
    uint64_t *bits; /* owned; NULL: no lines */
    uint64_t last;
} batch_lines;

bool batch_lines_has(const batch_lines *lines, uint64_t line);
void batch_lines_free(batch_lines *lines);

/* These functions return 0, or -1 with errno. Free the ids in either case. */
int batch_ids_begin(batch_ids *ids, const char *beside);
/* Add a line's id, or its number as a text if it has no id. */
int batch_ids_add(batch_ids *ids, const char *id, bool is_number, uint64_t line);
/* Find the lines up to `last` that have the same id as an earlier line, or no id and a line number
 * that is the id of any line. Ids must be added in the order of their lines. */
int batch_ids_find_taken(batch_ids *ids, uint64_t last, batch_lines *out);
void batch_ids_free(batch_ids *ids);

#endif
