/* How an input is written: its format and, for CSV, its delimiter and whether it has a header. */
#ifndef BELUGA_CLI_BATCH_LAYOUT_H
#define BELUGA_CLI_BATCH_LAYOUT_H

#include "batch/reader.h"

typedef struct batch_layout {
    batch_format format;
    char delimiter; /* CSV; 0: not known */
    bool headless;  /* CSV: the first row is no header */
    bool guessed;   /* neither the user nor the file's name says the format */
} batch_layout;

/*
 * Find what a layout does not say: the format by the file's name or its first bytes, and the
 * delimiter by the rows at its beginning.
 * @param prompt_column  A column that the file should have; NULL: not known.
 */
void batch_layout_find(batch_layout *layout, const char *path, int fd, const char *prompt_column);

/* Look for JSON that is not a value a line, and for a CSV that would be asked as text.
 * @return 0, or -1 with what it is and what to do. */
int batch_layout_check(const batch_layout *layout, int fd, char why[BATCH_FAULT_BYTES]);

/* Prepare a reader of a file with this layout. */
batch_reader batch_layout_reader(const batch_layout *layout, int fd);

#endif
