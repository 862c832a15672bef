/* The texts to embed: operands, or the lines of a file, read in chunks. */
#ifndef BELUGA_CLI_EMBED_TEXTS_H
#define BELUGA_CLI_EMBED_TEXTS_H

#include "args.h"
#include "batch/reader.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The maximum number of texts in a chunk. A full chunk is enough for several requests of any
 * service. */
#define TEXTS_MAX_COUNT ((size_t)8192)
#define TEXTS_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* A chunk of texts. Its arrays are borrowed until the next chunk is read. */
typedef struct texts_chunk {
    const char *const *texts;
    const size_t *lengths;
    const char *const *ids; /* an id for each text, or NULL if its line has none */
    size_t count;           /* 0: there are no more texts */
    uint64_t first;         /* index of the chunk's first text among all texts, from 0 */
} texts_chunk;

/* Zero-initialise this struct. */
typedef struct texts_source {
    const cli_args *args;
    const char *name; /* name of the file in messages; NULL: the operands */
    int fd;           /* owned, unless it is stdin; -1: none */
    batch_reader reader;
    batch_record record;
    long text_column, id_column; /* columns of a CSV; -1: none */
    bool has_record;             /* `record` was read, and belongs to the next chunk */
    uint64_t seen;
    cli_text bytes; /* the texts and ids, each ended by NUL */
    size_t *at;     /* offsets of texts and ids in `bytes`, TEXTS_MAX_COUNT of each */
    size_t *lengths;
    const char **pointers;
} texts_source;

/* Open the texts of a command line. @return 0, or an exit code after reporting the error. Close in
 * either case. */
int texts_open(texts_source *source, const cli_args *args);
/* Read the next texts. @return 0, or an exit code after reporting the error. */
int texts_next(texts_source *source, texts_chunk *chunk);
void texts_close(texts_source *source);

#endif
