#include "markdown/blocks.h"

#include <ctype.h>
#include <string.h>

#define TAB_COLUMNS 4
/* A line that is indented by more columns is code. */
#define MAX_INDENT 3
/* The maximum number of digits in the number of a list item. */
#define MAX_DIGITS 9

/* ---- lines ----------------------------------------------------------------------------------- */

/* Return the width of the indentation in columns; *at receives its length in bytes. */
static size_t indentation(const char *line, size_t n, size_t *at)
{
    size_t columns = 0;
    for (*at = 0; *at < n && (line[*at] == ' ' || line[*at] == '\t'); ++*at)
        columns += line[*at] == ' ' ? 1 : TAB_COLUMNS - columns % TAB_COLUMNS;
    return columns;
}

static bool is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isspace((unsigned char)line[i])) return false;
    return true;
}

static size_t run_of(const char *line, size_t n, char mark)
{
    size_t length = 0;
    while (length < n && line[length] == mark) length++;
    return length;
}

/* ---- fences ---------------------------------------------------------------------------------- */

bool block_opens(const char *line, size_t n, block_fence *fence, const char **label,
                 size_t *label_length)
{
    size_t at, indent = indentation(line, n, &at);
    if (at == n || (line[at] != '`' && line[at] != '~')) return false;
    size_t length = run_of(line + at, n - at, line[at]);
    if (length < 3) return false;
    if (line[at] == '`' && memchr(line + at + length, '`', n - at - length)) return false;
    *fence = (block_fence){line[at], length, indent};
    for (at += length; at < n && isspace((unsigned char)line[at]);) at++;
    *label = line + at;
    while (at < n && !isspace((unsigned char)line[at])) at++;
    *label_length = (size_t)(line + at - *label);
    return true;
}

bool block_closes(const char *line, size_t n, const block_fence *fence)
{
    size_t at;
    if (indentation(line, n, &at) > fence->indent + MAX_INDENT) return false;
    size_t length = run_of(line + at, n - at, fence->mark);
    return length >= fence->length && is_blank(line + at + length, n - at - length);
}

void block_unindent(const block_fence *fence, const char **line, size_t *n)
{
    for (size_t i = 0; i < fence->indent && *n && **line == ' '; i++) {
        ++*line;
        --*n;
    }
}

/* ---- beginnings of blocks -------------------------------------------------------------------- */

static bool is_heading(const char *text, size_t n)
{
    size_t marks = run_of(text, n, '#');
    return marks >= 1 && marks <= 6 && (marks == n || isspace((unsigned char)text[marks]));
}

static bool is_rule(const char *text, size_t n)
{
    size_t marks = 0;
    if (!n || !strchr("-*_", *text)) return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == *text)
            marks++;
        else if (!isspace((unsigned char)text[i]))
            return false;
    }
    return marks >= 3;
}

/* Read the mark of a list item, which begins at offset `at`. `item` receives the offset where the
 * item's text begins. */
static bool read_mark(const char *line, size_t n, size_t at, size_t indent, block_state *item)
{
    size_t i = at;
    long number = -1;
    if (i < n && strchr("-*+", line[i])) {
        i++;
    } else {
        for (number = 0; i < n && i < at + MAX_DIGITS && isdigit((unsigned char)line[i]); i++)
            number = number * 10 + (line[i] - '0');
        if (i == at || i == n || (line[i] != '.' && line[i] != ')')) return false;
        i++;
    }
    if (i < n && line[i] != ' ' && line[i] != '\t') return false;
    size_t spaces = run_of(line + i, n - i, ' ');
    bool bare = is_blank(line + i, n - i);
    *item = (block_state){.kind = BLOCK_ITEM,
                          .offset = indent + (i - at) + (bare || spaces > 4 ? 1 : spaces),
                          .number = number,
                          .delimiter = line[i - 1]};
    return true;
}

/* ---- the next line --------------------------------------------------------------------------- */

static block_effect begin(block_state *state, block_state with, block_effect effect)
{
    *state = with;
    return effect;
}

/* Return whether a mark (of a list item, heading, …) at this indentation begins a new block. A mark
 * that is indented more belongs to the list item above, or is code. */
static bool is_at_margin(const block_state *state, size_t indent)
{
    return state->kind == BLOCK_ITEM ? indent < state->offset : indent <= MAX_INDENT;
}

/* Returns whether a line that looks like a list item ends the paragraph before it. In an ordered
 * list, only an item with the number 1 does. */
static bool interrupts(const block_state *state, const block_state *item)
{
    return state->kind != BLOCK_TEXT || item->number < 0 || item->number == 1;
}

block_effect block_read(block_state *state, const char *line, size_t n)
{
    const char *label;
    size_t at, indent = indentation(line, n, &at), length;
    block_state item, text = {.kind = BLOCK_TEXT}, none = {.kind = BLOCK_NONE};
    block_fence fence;
    if (state->kind == BLOCK_CODE) {
        bool closes = block_closes(line, n, &state->fence);
        return closes ? begin(state, none, BLOCK_ENDS) : BLOCK_CONTINUES;
    }
    if (is_blank(line, n)) {
        if (state->kind != BLOCK_ITEM) return begin(state, none, BLOCK_GAP);
        state->empty = true;
        return BLOCK_CONTINUES;
    }
    bool after_empty = state->empty || state->kind == BLOCK_NONE;
    bool margin = is_at_margin(state, indent);
    state->empty = false;
    if (margin && block_opens(line, n, &fence, &label, &length))
        return begin(state, (block_state){.kind = BLOCK_CODE, .fence = fence}, BLOCK_BEGINS);
    if (margin && is_heading(line + at, n - at)) return begin(state, none, BLOCK_IS_ALL);
    if (margin && state->kind != BLOCK_TEXT && is_rule(line + at, n - at))
        return begin(state, none, BLOCK_IS_ALL);
    if (margin && read_mark(line, n, at, indent, &item) && interrupts(state, &item))
        return begin(state, item, BLOCK_BEGINS);
    if (after_empty && margin) return begin(state, text, BLOCK_BEGINS);
    return state->kind == BLOCK_NONE ? begin(state, text, BLOCK_BEGINS) : BLOCK_CONTINUES;
}
