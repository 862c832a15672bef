/* Finds the nearest rows among many: a heap of the best ones, with the worst of them at the top. */
#ifndef BELUGA_CLI_EMBED_NEAREST_H
#define BELUGA_CLI_EMBED_NEAREST_H

#include "embed/vectors.h"

typedef struct nearest_row {
    double score;
    uint64_t line; /* line of the file, from 1 */
    int64_t index;
    char *id, *text; /* owned; NULL: none */
} nearest_row;

/* Zero-initialise this struct, and set `most`. */
typedef struct nearest {
    size_t most; /* 0: keep all */
    nearest_row *rows;
    size_t count, room;
} nearest;

/* Add a copy of a row if it is among the best rows so far. @return 0, or BELUGA_ERROR_NO_MEMORY. */
int nearest_add(nearest *best, double score, uint64_t line, const vectors_row *row);
/* Sort the rows, the nearest first; rows with equal scores by line number. */
void nearest_sort(nearest *best);
void nearest_free(nearest *best);

#endif
