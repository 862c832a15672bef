#include "markdown/stream.h"

#include "markdown/blocks.h"
#include "markdown/region.h"
#include "markdown/render.h"
#include "output.h"
#include "terminal/term.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A larger block is drawn only at its end, since each draw takes time in proportion to its size. */
#define MAX_OPEN_BYTES ((size_t)16 * 1024)

struct markdown {
    cli_text text; /* the open block, followed by the last line, which has no newline yet */
    size_t read;   /* length of the complete lines in `text`, which block_read has read */
    block_state state;
    block_kind last;   /* kind of the previous block */
    block_fence fence; /* the fence of an open code block */
    long number;       /* number of the last list item; -1: none */
    char delimiter;    /* delimiter of that list */
    /* begun: something was drawn; empty: an empty line came after the last block */
    bool begun, empty;
    bool plain; /* the block is too large to draw, and is printed as it arrives */
    render_style style;
    region region;
    cli_text final, open; /* rows for the next call of region_draw */
};

bool markdown_is_possible(void)
{
    const char *off = getenv("BELUGA_NO_RENDER");
    return term_has_cursor(STDOUT_FILENO) && !(off && *off) && render_is_there();
}

/* Called before a note is printed on stderr: the open rows are erased here, and drawn again after
 * the note. */
static void step_aside(void *payload)
{
    markdown *m = payload;
    cli_text bytes = {0};
    region_erase(&m->region, m->style.width, &bytes);
    if (bytes.length) out_erased(bytes.data, bytes.length);
    text_free(&bytes);
}

markdown *markdown_new(void)
{
    markdown *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->number = -1;
    m->style =
        (render_style){term_width(), *term_style(STDOUT_FILENO, TERM_BOLD) != '\0', term_is_utf8()};
    out_before_notes(step_aside, m);
    return m;
}

/* ---- drawing blocks -------------------------------------------------------------------------- */

/* Return the place in a line where a link definition begins, after marks of lists and quotes; NULL:
 * the line has none. */
static const char *definition_in(const char *line, size_t n)
{
    size_t at = 0;
    while (at < n && strchr(" \t>-*+.)0123456789", line[at])) at++;
    if (at == n || line[at] != '[') return NULL;
    const char *end = memchr(line + at, ']', n - at);
    return end && end + 1 < line + n && end[1] == ':' ? line + at : NULL;
}

/* Escape link definitions with a backslash, unless the text contains fenced code. Otherwise they
 * would draw nothing, and the user would not see them. */
static void keep_definitions(const char *text, size_t n, cli_text *kept)
{
    bool code = memmem(text, n, "```", 3) || memmem(text, n, "~~~", 3);
    while (n) {
        const char *end = memchr(text, '\n', n);
        size_t taken = end ? (size_t)(end - text) + 1 : n;
        const char *definition = code ? NULL : definition_in(text, taken);
        size_t before = definition ? (size_t)(definition - text) : 0;
        if (definition) {
            text_add(kept, text, before);
            text_puts(kept, "\\");
        }
        text_add(kept, text + before, taken - before);
        text += taken;
        n -= taken;
    }
}

static void put_lines(const markdown *m, const char *text, size_t n, cli_text *rows)
{
    while (n) {
        const char *end = memchr(text, '\n', n);
        size_t length = end ? (size_t)(end - text) : n, taken = length + (end ? 1 : 0);
        render_code_line(text, length, &m->style, rows);
        text += taken;
        n -= taken;
    }
}

/* Return the number with which to draw a list item, so that items are numbered consecutively,
 * whatever numbers the text has: 1, 1, 1 becomes 1, 2, 3. -1: the item begins a list, and has the
 * number in the text. */
static long number_of(const markdown *m, const block_state *block)
{
    bool goes_on = block->kind == BLOCK_ITEM && m->last == BLOCK_ITEM && m->number >= 0 &&
                   block->number >= 0 && block->delimiter == m->delimiter;
    return goes_on ? m->number + 1 : -1;
}

static void put_gap(const markdown *m, block_kind kind, cli_text *rows)
{
    bool close = kind == BLOCK_ITEM && !m->empty;
    if (m->begun && !close) text_puts(rows, "\n");
}

static void put_block(const markdown *m, const block_state *block, const char *text, size_t n,
                      cli_text *rows)
{
    cli_text kept = {0};
    size_t before = rows->length;
    put_gap(m, block->kind, rows);
    size_t gap = rows->length;
    keep_definitions(text, n, &kept);
    int rc = kept.status ? -1
                         : render_blocks(text_get(&kept), kept.length, &m->style,
                                         number_of(m, block), rows);
    text_free(&kept);
    if (rc == 0 && rows->length > gap) return;
    rows->length = before; /* remove the rows drawn for this block */
    put_gap(m, block->kind, rows);
    put_lines(m, text, n, rows);
}

static void remember(markdown *m, const block_state *block)
{
    long number = number_of(m, block);
    m->number = block->kind != BLOCK_ITEM ? -1 : number >= 0 ? number : block->number;
    m->delimiter = block->delimiter;
    m->last = block->kind;
    m->begun = true;
    m->empty = false;
}

/* ---- whole lines ----------------------------------------------------------------------------- */

static void drop(markdown *m, size_t n)
{
    beluga__buf_consume(&m->text, n);
    m->read = m->read > n ? m->read - n : 0;
}

/* End the open block, which is the first n bytes. */
static void finish_block(markdown *m, const block_state *block, size_t n)
{
    size_t length = n;
    while (length && strchr("\r\n \t", m->text.data[length - 1])) length--;
    if (!length) {
        drop(m, n);
        return;
    }
    put_block(m, block, m->text.data, length, &m->final);
    remember(m, block);
    m->empty = memchr(m->text.data + length, '\n', n - length ? n - length - 1 : 0) != NULL;
    drop(m, n);
}

static void begin_code(markdown *m, const char *line, size_t n)
{
    const char *label;
    size_t length;
    block_opens(line, n, &m->fence, &label, &length);
    put_gap(m, BLOCK_CODE, &m->final);
    render_code_begin(label, length, &m->style, &m->final);
    remember(m, &(block_state){.kind = BLOCK_CODE});
}

static void put_code_line(const markdown *m, const char *line, size_t n, cli_text *rows)
{
    if (n && line[n - 1] == '\r') n--;
    block_unindent(&m->fence, &line, &n);
    render_code_line(line, n, &m->style, rows);
}

/* Read the line of n bytes at `m->read`, which has a newline. */
static void read_line(markdown *m, size_t n)
{
    const block_state block = m->state;
    const char *line = m->text.data + m->read;
    block_effect effect = block_read(&m->state, line, n);
    size_t end = m->read + n + 1;
    if (block.kind == BLOCK_CODE) {
        if (effect == BLOCK_ENDS)
            render_code_end(&m->style, &m->final);
        else
            put_code_line(m, line, n, &m->final);
        drop(m, end);
        return;
    }
    if (effect == BLOCK_CONTINUES) {
        m->read = end;
        return;
    }
    finish_block(m, &block, m->read);
    if (effect == BLOCK_GAP) {
        drop(m, n + 1);
        m->empty = true;
    } else if (m->state.kind == BLOCK_CODE) {
        begin_code(m, m->text.data, n);
        drop(m, n + 1);
    } else if (effect == BLOCK_IS_ALL) {
        finish_block(m, &(block_state){.kind = BLOCK_TEXT}, n + 1);
    } else {
        m->read = n + 1;
    }
}

static void read_lines(markdown *m)
{
    const char *end;
    while (m->read < m->text.length &&
           (end = memchr(m->text.data + m->read, '\n', m->text.length - m->read)) != NULL)
        read_line(m, (size_t)(end - m->text.data) - m->read);
}

/* ---- the open block -------------------------------------------------------------------------- */

static void show_open_code(markdown *m)
{
    size_t n = m->text.length;
    bool may_close = strspn(m->text.data, " `~") == n;
    if (n && !may_close) put_code_line(m, m->text.data, n, &m->open);
}

/* Draw the incomplete line after the open block, as if it were complete. */
static void show_next(markdown *m, const block_state *next, size_t n)
{
    markdown behind = *m;
    if (m->read) remember(&behind, &m->state);
    if (next->kind != BLOCK_CODE) put_block(&behind, next, m->text.data + m->read, n, &m->open);
}

static void show_open(markdown *m)
{
    size_t n = m->text.length - m->read;
    block_state next = m->state;
    if (!m->text.length || m->text.length > MAX_OPEN_BYTES) return;
    if (m->state.kind == BLOCK_CODE) {
        show_open_code(m);
        return;
    }
    if (strspn(m->text.data + m->read, " \t\r") == n) n = 0;
    block_effect effect = n ? block_read(&next, m->text.data + m->read, n) : BLOCK_CONTINUES;
    bool apart = n && (!m->read || effect != BLOCK_CONTINUES);
    if (m->read) put_block(m, &m->state, m->text.data, apart ? m->read : m->read + n, &m->open);
    if (apart) show_next(m, &next, n);
}

static void draw(markdown *m)
{
    cli_text bytes = {0};
    region_draw(&m->region, &m->final, &m->open, m->style.width, term_height(), &bytes);
    if (bytes.length) out_drawn(STDOUT_FILENO, bytes.data, bytes.length);
    out_flush();
    text_free(&bytes);
    if (m->final.allocator) beluga__buf_clear(&m->final);
    if (m->open.allocator) beluga__buf_clear(&m->open);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Print the block unchanged, up to the next empty line, because it is too large. */
static void give_up(markdown *m)
{
    draw(m);
    out_text(m->text.data, m->text.length);
    drop(m, m->text.length);
    m->plain = true;
}

/* Print a piece of a block that is too large to draw. Returns the number of bytes that belong to
 * the block. */
static size_t add_plain(markdown *m, const char *text, size_t n)
{
    bool code = m->state.kind == BLOCK_CODE;
    const char *end = code ? memchr(text, '\n', n) : memmem(text, n, "\n\n", 2);
    size_t taken = end ? (size_t)(end - text) + 1 : n;
    out_text(text, taken);
    if (!end) return taken;
    m->plain = false;
    m->empty = true;
    if (!code) m->state = (block_state){0};
    return taken;
}

void markdown_add(markdown *m, const char *text, size_t n)
{
    while (n && m->plain) {
        size_t taken = add_plain(m, text, n);
        text += taken;
        n -= taken;
    }
    if (!n) return;
    size_t width = term_width();
    if (width != m->style.width) m->style.width = width;
    if (text_add(&m->text, text, n)) return;
    read_lines(m);
    if (m->text.length > MARKDOWN_MAX_BLOCK) {
        give_up(m);
        return;
    }
    show_open(m);
    draw(m);
}

void markdown_end(markdown *m)
{
    if (!m) return;
    if (m->text.length && !m->plain) {
        text_puts(&m->text, "\n");
        read_lines(m);
        finish_block(m, &m->state, m->text.length);
    }
    if (m->state.kind == BLOCK_CODE && !m->plain) render_code_end(&m->style, &m->final);
    draw(m);
    out_before_notes(NULL, NULL);
    text_free(&m->text);
    text_free(&m->final);
    text_free(&m->open);
    region_free(&m->region);
    free(m);
}
