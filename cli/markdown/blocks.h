/* Where the blocks of Markdown begin and end, line by line, as a text arrives. */
#ifndef BELUGA_CLI_MARKDOWN_BLOCKS_H
#define BELUGA_CLI_MARKDOWN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum block_kind {
    BLOCK_NONE,
    BLOCK_TEXT, /* a paragraph, heading, quote or table: it ends at an empty line */
    BLOCK_ITEM, /* an item of a list, with all that is indented below it */
    BLOCK_CODE  /* between fences */
} block_kind;

/* A fence that is open. */
typedef struct block_fence {
    char mark; /* ` or ~ */
    size_t length, indent;
} block_fence;

/* Zero-initialise it. */
typedef struct block_state {
    block_kind kind;
    size_t offset; /* of an item's text from the margin */
    bool empty;    /* an empty line came last */
    long number;   /* of an item of an ordered list; -1 for another item */
    char delimiter;
    block_fence fence;
} block_state;

typedef enum block_effect {
    BLOCK_CONTINUES, /* the line belongs to the block */
    BLOCK_BEGINS,    /* it begins another one */
    BLOCK_ENDS,      /* it is the last line of the block */
    BLOCK_IS_ALL,    /* it begins another block, and ends it */
    BLOCK_GAP        /* it is empty, and belongs to none */
} block_effect;

/* Read a line, without its newline. */
block_effect block_read(block_state *state, const char *line, size_t n);

/* Return whether a line opens a fence. `label` receives what stands behind it; borrowed. */
bool block_opens(const char *line, size_t n, block_fence *fence, const char **label,
                 size_t *label_length);
/* Return whether a line closes a fence. */
bool block_closes(const char *line, size_t n, const block_fence *fence);
/* Leave out the indentation that a line of code has from its fence. */
void block_unindent(const block_fence *fence, const char **line, size_t *n);

#endif
