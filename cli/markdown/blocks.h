/* Finds where the blocks of Markdown begin and end, line by line, as a text arrives. */
#ifndef BELUGA_CLI_MARKDOWN_BLOCKS_H
#define BELUGA_CLI_MARKDOWN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum block_kind {
    BLOCK_NONE,
    BLOCK_TEXT, /* a paragraph, heading, quote or table, which ends at an empty line */
    BLOCK_ITEM, /* a list item, with everything that is indented below it */
    BLOCK_CODE  /* code between fences */
} block_kind;

/* A code fence that is open. */
typedef struct block_fence {
    char mark; /* ` or ~ */
    size_t length, indent;
} block_fence;

/* Zero-initialise this struct. */
typedef struct block_state {
    block_kind kind;
    size_t offset; /* offset of a list item's text from the margin */
    bool empty;    /* the last line was empty */
    long number;   /* number of the item in an ordered list; -1: not an ordered list */
    char delimiter;
    block_fence fence;
} block_state;

typedef enum block_effect {
    BLOCK_CONTINUES, /* the line continues the block */
    BLOCK_BEGINS,    /* the line begins another block */
    BLOCK_ENDS,      /* the line is the last line of the block */
    BLOCK_IS_ALL,    /* the line is a whole block */
    BLOCK_GAP        /* the line is empty, and belongs to no block */
} block_effect;

/* Read a line, without its newline. */
block_effect block_read(block_state *state, const char *line, size_t n);

/* Return whether a line opens a fence. `label` receives the text after the fence; borrowed. */
bool block_opens(const char *line, size_t n, block_fence *fence, const char **label,
                 size_t *label_length);
/* Return whether a line closes a fence. */
bool block_closes(const char *line, size_t n, const block_fence *fence);
/* Remove the indentation of the fence from a line of code. */
void block_unindent(const block_fence *fence, const char **line, size_t *n);

#endif
