#include "terminal/drawing.h"

#include "output.h"
#include "terminal/term.h"
#include "terminal/width.h"
#include "text.h"

#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#define TAB_COLUMNS  8
#define DEFAULT_ROWS 24

#define GO_UP      "\033[%zuA"
#define GO_RIGHT   "\033[%zuC"
#define ERASE_DOWN "\033[J"
#define ERASE_ALL  "\033[H\033[2J"
/* After a full row is written, the cursor is still in that row. A space and a carriage return move
 * it to the beginning of the next row. */
#define INTO_NEXT_ROW " \r"

/* ---- the places of characters on the screen -------------------------------------------------- */

/* Walks through the text, and writes the rows that should be shown to `to`, if that is not NULL. */
typedef struct pen {
    const drawing *d;
    drawn_place at; /* place after the last character */
    cli_text *to;
} pen;

static bool is_shown(const pen *p)
{
    return p->to && p->at.row >= p->d->first && p->at.row - p->d->first < p->d->rows;
}

/* Place a character that is `columns` wide. If it does not fit into the row, the terminal moves it
 * to the next row. */
static void place(pen *p, const char *bytes, size_t n, size_t columns)
{
    if (p->at.column + columns > p->d->columns) {
        p->at.row++;
        p->at.column = 0;
    }
    p->at.column += columns;
    if (is_shown(p)) text_add(p->to, bytes, n);
}

static void place_ascii(pen *p, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) place(p, text + i, 1, 1);
}

static void place_tab(pen *p)
{
    size_t column = p->at.column % p->d->columns;
    size_t columns = TAB_COLUMNS - column % TAB_COLUMNS;
    if (columns > p->d->columns - column) columns = p->d->columns - column;
    while (columns--) place(p, " ", 1, 1);
}

static void break_line(pen *p)
{
    bool was_shown = is_shown(p);
    p->at.row++;
    p->at.column = 0;
    if (was_shown && is_shown(p)) text_puts(p->to, "\n");
    place_ascii(p, p->d->continuation, strlen(p->d->continuation));
}

/* Place the first character of the text. A character that a terminal must not get is replaced by an
 * escape. */
static size_t place_first(pen *p, const char *text, size_t n)
{
    char shown[TERM_SHOWN_BYTES];
    size_t length, columns, taken = width_of(text, n, &columns);
    if (*text == '\n') {
        break_line(p);
        return 1;
    }
    if (*text == '\t') {
        place_tab(p);
        return 1;
    }
    taken = term_show(text, n, shown, &length);
    if (length == taken && memcmp(shown, text, taken) == 0)
        place(p, shown, length, columns);
    else
        place_ascii(p, shown, length);
    return taken;
}

static pen begin(const drawing *d, cli_text *to)
{
    pen p = {.d = d, .to = to};
    place_ascii(&p, d->prompt, strlen(d->prompt));
    return p;
}

/* Return the place of the first of n bytes of text, or, if n is 0, the place where the cursor is
 * after the text. */
static drawn_place place_of_next(const pen *p, const char *text, size_t n)
{
    size_t columns = 1;
    if (n && *text != '\n' && *text != '\t') width_of(text, n, &columns);
    if (p->at.column + columns <= p->d->columns) return p->at;
    return (drawn_place){.row = p->at.row + 1};
}

/* Compute the places of the cursor and of the end of the text. */
static void measure(drawing *d, const char *text, size_t n, size_t cursor)
{
    pen p = begin(d, NULL);
    for (size_t i = 0; i < n;) {
        if (i == cursor) d->cursor = place_of_next(&p, text + i, n - i);
        i += place_first(&p, text + i, n - i);
    }
    d->end = place_of_next(&p, NULL, 0);
    if (cursor >= n) d->cursor = d->end;
}

size_t drawing_find(const drawing *d, const char *text, size_t n, bool down, size_t rows)
{
    size_t found = SIZE_MAX, i = 0;
    pen p = begin(d, NULL);
    if (!down && d->cursor.row < rows) return found;
    size_t row = down ? d->cursor.row + rows : d->cursor.row - rows;
    for (;;) {
        drawn_place at = place_of_next(&p, text + i, n - i);
        if (at.row == row && (found == SIZE_MAX || at.column <= d->cursor.column)) found = i;
        if (i == n || at.row > row) return found;
        for (size_t next = width_next(text, n, i); i < next;)
            i += place_first(&p, text + i, next - i);
    }
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void read_size(drawing *d)
{
    struct winsize size = {.ws_row = 0};
    d->columns = term_width_of(d->fd);
    d->rows = ioctl(d->fd, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : DEFAULT_ROWS;
}

static void begin_row(drawing *d)
{
    d->cursor = d->end = (drawn_place){.row = 0};
    d->first = 0;
    d->begun = false;
}

void drawing_begin(drawing *d, int fd, const char *prompt, const char *continuation)
{
    *d = (drawing){.fd = fd, .prompt = prompt, .continuation = continuation};
    read_size(d);
    begin_row(d);
}

static void send_bytes(drawing *d, cli_text *bytes)
{
    if (!bytes->status) out_drawn(d->fd, bytes->data, bytes->length);
    out_flush();
    text_free(bytes);
}

static void scroll_to_cursor(drawing *d)
{
    if (d->end.row < d->rows) d->first = 0;
    if (d->cursor.row < d->first) d->first = d->cursor.row;
    if (d->cursor.row - d->first >= d->rows) d->first = d->cursor.row - d->rows + 1;
}

static size_t last_shown(const drawing *d)
{
    size_t last = d->first + d->rows - 1;
    return d->end.row < last ? d->end.row : last;
}

static void go_to_cursor(const drawing *d, drawn_place from, cli_text *to)
{
    const drawn_place cursor = d->cursor;
    if (from.row == cursor.row && from.column == cursor.column) return;
    if (from.row > cursor.row) text_printf(to, GO_UP, from.row - cursor.row);
    text_puts(to, "\r");
    if (cursor.column) text_printf(to, GO_RIGHT, cursor.column);
}

static void draw(drawing *d, const char *text, size_t n, size_t cursor, cli_text *to)
{
    measure(d, text, n, cursor);
    scroll_to_cursor(d);
    pen p = begin(d, to);
    for (size_t i = 0; i < n && p.at.row <= last_shown(d);) i += place_first(&p, text + i, n - i);
    bool at_end = d->end.row == last_shown(d);
    if (at_end && p.at.column == d->columns) text_puts(to, INTO_NEXT_ROW);
    go_to_cursor(d, at_end ? d->end : (drawn_place){last_shown(d), d->columns}, to);
    d->begun = true;
    send_bytes(d, to);
}

static void go_to_start(const drawing *d, cli_text *to)
{
    if (!d->begun) return;
    if (d->cursor.row > d->first) text_printf(to, GO_UP, d->cursor.row - d->first);
    text_puts(to, "\r" ERASE_DOWN);
}

void drawing_show(drawing *d, const char *text, size_t n, size_t cursor)
{
    cli_text bytes = {0};
    go_to_start(d, &bytes);
    draw(d, text, n, cursor, &bytes);
}

void drawing_add(drawing *d, const char *text, size_t n, size_t from)
{
    cli_text bytes = {0};
    pen p = {.d = d, .at = d->end, .to = &bytes};
    for (size_t i = from; i < n && p.at.column < d->columns && p.at.row == d->end.row;)
        i += place_first(&p, text + i, n - i);
    if (p.at.row != d->end.row || p.at.column >= d->columns) {
        text_free(&bytes);
        drawing_show(d, text, n, n);
        return;
    }
    d->end = d->cursor = p.at;
    send_bytes(d, &bytes);
}

/* Draw the text again for a new size. Most terminals have already wrapped their lines again, so the
 * cursor's place is first computed for the new size. */
void drawing_resize(drawing *d, const char *text, size_t n, size_t cursor)
{
    bool scrolled = d->first != 0;
    read_size(d);
    measure(d, text, n, cursor);
    d->first = 0;
    if (scrolled || d->cursor.row >= d->rows) d->cursor.row = d->rows - 1;
    drawing_show(d, text, n, cursor);
}

void drawing_clear(drawing *d, const char *text, size_t n, size_t cursor)
{
    cli_text bytes = {0};
    text_puts(&bytes, ERASE_ALL);
    begin_row(d);
    draw(d, text, n, cursor, &bytes);
}

/* Move the cursor behind the text. If the text ends with a full row, no newline is needed, since
 * the cursor is already in a new row. */
void drawing_end(drawing *d, const char *text, size_t n)
{
    cli_text bytes = {0};
    size_t last = last_shown(d);
    pen p = begin(d, NULL);
    for (size_t i = 0; i < n;) i += place_first(&p, text + i, n - i);
    bool is_new = d->end.row == last && p.at.column == d->columns;
    for (size_t row = d->cursor.row; row < last; row++) text_puts(&bytes, "\n");
    text_puts(&bytes, is_new ? "\r" : "\n");
    begin_row(d);
    send_bytes(d, &bytes);
}
