/* The layout of an input: its format and, for CSV, its delimiter and whether it has a header. */
#ifndef BELUGA_CLI_BATCH_LAYOUT_H
#define BELUGA_CLI_BATCH_LAYOUT_H

#include "batch/reader.h"

typedef struct batch_layout {
    batch_format format;
    char delimiter; /* for CSV; 0: not known */
    bool headless;  /* for CSV: the first row is not a header */
    bool guessed;   /* the format was guessed from the content of the file */
} batch_layout;

/*
 * Find the missing parts of a layout: the format by the file's name or its first bytes, and the
 * delimiter by the first rows.
 * @param prompt_column  A column that the file should have; NULL: not known.
 */
void batch_layout_find(batch_layout *layout, const char *path, int fd, const char *prompt_column);

/* Refuse JSON that does not have one value on each line, and CSV that would be read as plain text.
 * @return 0, or -1 with the problem and advice in `why`. */
int batch_layout_check(const batch_layout *layout, int fd, char why[BATCH_FAULT_BYTES]);

/* Prepare a reader of a file with this layout. */
batch_reader batch_layout_reader(const batch_layout *layout, int fd);

#endif
