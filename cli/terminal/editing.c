#include "terminal/editing.h"

#include "base/utf8.h"
#include "terminal/width.h"

#include <ctype.h>
#include <string.h>

void editing_free(editing *e)
{
    text_free(&e->text);
    text_free(&e->removed);
    *e = (editing){.cursor = 0};
}

int editing_insert(editing *e, const char *text, size_t n)
{
    if (text_reserve(&e->text, n) != 0) {
        e->text.status = 0;
        return -1;
    }
    char *at = e->text.data + e->cursor;
    memmove(at + n, at, e->text.length - e->cursor + 1);
    memcpy(at, text, n);
    e->text.length += n;
    e->cursor += n;
    return 0;
}

int editing_set(editing *e, const char *text, size_t n)
{
    beluga__buf_clear(text_begin(&e->text));
    e->cursor = 0;
    return editing_insert(e, text, n);
}

/* ---- places ---------------------------------------------------------------------------------- */

static const char *start_of(const editing *e)
{
    return text_get(&e->text);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || beluga__utf8_is_multibyte(c);
}

static bool is_black(char c)
{
    return !isspace((unsigned char)c);
}

static size_t find_left(const editing *e, bool (*belongs)(char c))
{
    const char *text = start_of(e);
    size_t at = e->cursor;
    while (at && !belongs(text[at - 1])) at--;
    while (at && belongs(text[at - 1])) at--;
    return at;
}

static size_t find_word_end(const editing *e)
{
    const char *text = start_of(e);
    size_t at = e->cursor;
    while (at < e->text.length && !is_word(text[at])) at++;
    while (at < e->text.length && is_word(text[at])) at++;
    return at;
}

static size_t find_line_start(const editing *e)
{
    const char *text = start_of(e);
    size_t at = e->cursor;
    while (at && text[at - 1] != '\n') at--;
    return at;
}

static size_t find_line_end(const editing *e)
{
    return e->cursor + strcspn(start_of(e) + e->cursor, "\n");
}

static size_t find_previous(const editing *e)
{
    return e->cursor ? width_previous(start_of(e), e->text.length, e->cursor) : 0;
}

static size_t find_next(const editing *e)
{
    return width_next(start_of(e), e->text.length, e->cursor);
}

/* Find the end of the text that Ctrl-K removes: the end of the line, or, if the cursor is already
 * there, the end of the newline. */
static size_t find_rest(const editing *e)
{
    size_t end = find_line_end(e);
    return end == e->cursor ? find_next(e) : end;
}

/* ---- removing -------------------------------------------------------------------------------- */

/* Remove the text between the cursor and another place. */
static void erase_to(editing *e, size_t other)
{
    size_t from = other < e->cursor ? other : e->cursor;
    size_t to = other < e->cursor ? e->cursor : other;
    if (from == to) return;
    memmove(e->text.data + from, e->text.data + to, e->text.length - to + 1);
    e->text.length -= to - from;
    e->cursor = from;
}

static void kill_to(editing *e, size_t other)
{
    size_t from = other < e->cursor ? other : e->cursor;
    size_t to = other < e->cursor ? e->cursor : other;
    if (from == to) return;
    beluga__buf_clear(text_begin(&e->removed));
    if (text_add(&e->removed, e->text.data + from, to - from) == 0) erase_to(e, other);
}

bool editing_obey(editing *e, key k)
{
    switch (k) {
    case KEY_LEFT: e->cursor = find_previous(e); break;
    case KEY_RIGHT: e->cursor = find_next(e); break;
    case KEY_WORD_LEFT: e->cursor = find_left(e, is_word); break;
    case KEY_WORD_RIGHT: e->cursor = find_word_end(e); break;
    case KEY_LINE_START: e->cursor = find_line_start(e); break;
    case KEY_LINE_END: e->cursor = find_line_end(e); break;
    case KEY_TEXT_START: e->cursor = 0; break;
    case KEY_TEXT_END: e->cursor = e->text.length; break;
    case KEY_BACKSPACE: erase_to(e, find_previous(e)); break;
    case KEY_DELETE: erase_to(e, find_next(e)); break;
    case KEY_KILL_LINE_START: kill_to(e, find_line_start(e)); break;
    case KEY_KILL_LINE_END: kill_to(e, find_rest(e)); break;
    case KEY_KILL_BLANK_LEFT: kill_to(e, find_left(e, is_black)); break;
    case KEY_KILL_WORD_LEFT: kill_to(e, find_left(e, is_word)); break;
    case KEY_KILL_WORD_RIGHT: kill_to(e, find_word_end(e)); break;
    case KEY_YANK: editing_insert(e, text_get(&e->removed), e->removed.length); break;
    default: return false;
    }
    return true;
}
