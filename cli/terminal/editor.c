#include "terminal/editor.h"

#include "base/utf8.h"
#include "output.h"
#include "terminal/compose.h"
#include "terminal/drawing.h"
#include "terminal/editing.h"
#include "terminal/history.h"
#include "terminal/keys.h"
#include "terminal/tty.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES 4096
/* The maximum size of a typed text. A longer prompt can be read from a file. */
#define MAX_EDITED_BYTES ((size_t)4 * 1024 * 1024)
/* Replaces bytes that are not valid UTF-8. */
#define REPLACEMENT "\xef\xbf\xbd"

struct editor {
    int fd;
    history *past;
    size_t age;     /* age of the history's text that is shown; 0: the user's own text is shown */
    cli_text draft; /* the user's own text, kept while texts of the history are shown */
    editing edited;
    drawing drawn;
    size_t shown; /* number of bytes of the text that are drawn */
    bool changed; /* the text has changed in another way than by bytes that were added at its end */
    bool preset;  /* editor_preset has set the text with which the next text begins */
    char bytes[READ_BYTES];
    size_t at, end; /* range of the bytes that were read but not processed */
    bool burst; /* the bytes belong to a paste whose beginning and end the terminal did not mark */
    bool pasting;
    bool too_long; /* the paste is too long */
    cli_text paste;
};

/* What follows a key: editing goes on, the text is finished, the user leaves, or the user has
 * interrupted with Ctrl-C. */
typedef enum editor_step { STEP_ON, STEP_DONE, STEP_LEAVE, STEP_INTERRUPT } editor_step;

/* ---- showing --------------------------------------------------------------------------------- */

static const char *text_of(const editor *e)
{
    return text_get(&e->edited.text);
}

static void show(editor *e)
{
    const editing *t = &e->edited;
    if (e->changed)
        drawing_show(&e->drawn, text_of(e), t->text.length, t->cursor);
    else if (t->text.length > e->shown)
        drawing_add(&e->drawn, text_of(e), t->text.length, e->shown);
    e->shown = t->text.length;
    e->changed = false;
}

/* Draw the text from the beginning, on an empty row. */
static void show_anew(editor *e, const char *prompt, const char *continuation)
{
    drawing_begin(&e->drawn, e->fd, prompt, continuation);
    e->changed = true;
    show(e);
    tty_mark_pastes(true);
}

static void leave_drawing(editor *e)
{
    show(e);
    tty_mark_pastes(false);
    drawing_end(&e->drawn, text_of(e), e->edited.text.length);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_text(editor *e, const char *text, size_t n)
{
    bool at_end = e->edited.cursor == e->edited.text.length;
    if (e->edited.text.length + n > MAX_EDITED_BYTES)
        e->too_long = true;
    else if (editing_insert(&e->edited, text, n) == 0 && !at_end)
        e->changed = true;
}

static void tell_too_long(editor *e)
{
    if (!e->too_long || e->pasting) return;
    e->too_long = false;
    leave_drawing(e);
    out_error("a typed text can have at most %zu MiB; the pasted text was left out (a file may be "
              "longer: beluga < FILE)",
              MAX_EDITED_BYTES / (1024 * 1024));
    show_anew(e, e->drawn.prompt, e->drawn.continuation);
}

/* Insert a paste. A terminal sends the newlines of a paste as carriage returns. */
static void write_paste(editor *e)
{
    const char *from = text_get(&e->paste);
    size_t n = e->paste.length;
    cli_text clean = {0};
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t c;
        length = beluga__utf8_read(from + i, n - i, &c);
        if (from[i] == '\r') {
            length = i + 1 < n && from[i + 1] == '\n' ? 2 : 1;
            text_puts(&clean, "\n");
        } else if (!length || !from[i]) {
            length = 1;
            text_puts(&clean, REPLACEMENT);
        } else {
            text_add(&clean, from + i, length);
        }
    }
    if (clean.status == 0 && !e->too_long) write_text(e, text_get(&clean), clean.length);
    text_free(&clean);
    text_free(&e->paste);
}

/* ---- the history ----------------------------------------------------------------------------- */

static void set_text(editor *e, const char *text, size_t n)
{
    editing_set(&e->edited, text, n);
    e->changed = true;
}

static void look_back(editor *e)
{
    const char *text = history_get(e->past, e->age + 1);
    if (!text) return;
    if (e->age++ == 0) {
        text_free(&e->draft);
        text_add(&e->draft, text_of(e), e->edited.text.length);
    }
    set_text(e, text, strlen(text));
}

static void look_forward(editor *e)
{
    if (!e->age) return;
    const char *text = history_get(e->past, --e->age);
    if (text)
        set_text(e, text, strlen(text));
    else
        set_text(e, text_get(&e->draft), e->draft.length);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static size_t find_row(editor *e, bool down, size_t rows)
{
    show(e);
    return drawing_find(&e->drawn, text_of(e), e->edited.text.length, down, rows);
}

static void go_to(editor *e, size_t place)
{
    e->edited.cursor = place;
    e->changed = true;
}

static void go_vertically(editor *e, bool down)
{
    size_t place = find_row(e, down, 1);
    if (place != SIZE_MAX)
        go_to(e, place);
    else if (down)
        look_forward(e);
    else
        look_back(e);
}

static void go_by_page(editor *e, bool down)
{
    size_t place = find_row(e, down, e->drawn.rows - 1);
    if (place == SIZE_MAX) place = down ? e->edited.text.length : 0;
    go_to(e, place);
}

static void suspend(editor *e)
{
    leave_drawing(e);
    tty_suspend();
    show_anew(e, e->drawn.prompt, e->drawn.continuation);
}

static void compose_text(editor *e)
{
    cli_text text = {0};
    leave_drawing(e);
    tty_give_back();
    text_add(&text, text_of(e), e->edited.text.length);
    if (compose(&text) == 0) set_text(e, text_get(&text), text.length);
    text_free(&text);
    tty_take(e->fd);
    show_anew(e, e->drawn.prompt, e->drawn.continuation);
}

/* Return whether more text has already arrived after the newlines that are read next. Nobody types
 * so fast, so the text belongs to a paste. */
static bool is_in_paste(editor *e)
{
    for (size_t i = e->at;; i++) {
        while (i < e->end && (e->bytes[i] == '\r' || e->bytes[i] == '\n')) i++;
        if (i < e->end) return (unsigned char)e->bytes[i] >= ' ' || e->bytes[i] == '\t';
        size_t more = tty_read_ready(e->bytes + e->end, sizeof e->bytes - e->end);
        if (!more) return false;
        e->end += more;
        i--;
    }
}

static editor_step enter(editor *e)
{
    if (!is_in_paste(e)) return e->burst ? STEP_ON : STEP_DONE;
    if (e->at < e->end && e->bytes[e->at] == '\n') e->at++;
    e->burst = true;
    write_text(e, "\n", 1);
    return STEP_ON;
}

static editor_step obey(editor *e, key k, const char *bytes, size_t n)
{
    switch (k) {
    case KEY_NONE: break;
    case KEY_TEXT: write_text(e, bytes, n); break;
    case KEY_INVALID: write_text(e, REPLACEMENT, strlen(REPLACEMENT)); break;
    case KEY_PASTE: e->pasting = true; break;
    case KEY_ENTER: return enter(e);
    case KEY_NEWLINE: write_text(e, "\n", 1); break;
    case KEY_INTERRUPT: return STEP_INTERRUPT;
    case KEY_SUSPEND: suspend(e); break;
    case KEY_EDIT: compose_text(e); break;
    case KEY_UP: go_vertically(e, false); break;
    case KEY_DOWN: go_vertically(e, true); break;
    case KEY_PAGE_UP: go_by_page(e, false); break;
    case KEY_PAGE_DOWN: go_by_page(e, true); break;
    case KEY_CLEAR_SCREEN:
        drawing_clear(&e->drawn, text_of(e), e->edited.text.length, e->edited.cursor);
        break;
    case KEY_END_OF_INPUT:
        if (!e->edited.text.length) return STEP_LEAVE;
        k = KEY_DELETE; /* fall through */
    default: e->changed = editing_obey(&e->edited, k) || e->changed;
    }
    return STEP_ON;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void take_paste(editor *e, size_t n)
{
    if (e->paste.length + n > MAX_EDITED_BYTES)
        e->too_long = true;
    else
        text_add(&e->paste, e->bytes + e->at, n);
    e->at += n;
}

/* Take bytes up to the end of the paste. If the last bytes may be the beginning of the end mark,
 * they are left for the next call. */
static bool read_paste(editor *e)
{
    const size_t length = strlen(KEYS_PASTE_END);
    size_t left = e->end - e->at, n = 0;
    const char *from = e->bytes + e->at;
    while (n < left && memcmp(from + n, KEYS_PASTE_END, left - n < length ? left - n : length) != 0)
        n++;
    take_paste(e, n);
    if (left - n < length) return false;
    e->at += length;
    e->pasting = false;
    write_paste(e);
    return true;
}

/* Handle the next key. @return false if some of its bytes are still missing. */
static bool take_key(editor *e, editor_step *step)
{
    key k;
    if (e->at == e->end) return false;
    if (e->pasting) return read_paste(e);
    const char *bytes = e->bytes + e->at;
    size_t n = keys_read(bytes, e->end - e->at, &k);
    e->at += n;
    if (n) *step = obey(e, k, bytes, n);
    return n != 0;
}

static void take_event(editor *e, tty_event event)
{
    if (event == TTY_RESIZED)
        drawing_resize(&e->drawn, text_of(e), e->edited.text.length, e->edited.cursor);
    else if (event == TTY_RESUMED)
        show_anew(e, e->drawn.prompt, e->drawn.continuation);
    else if (event == TTY_STOPPED)
        suspend(e);
}

static editor_step wait_for_bytes(editor *e)
{
    memmove(e->bytes, e->bytes + e->at, e->end - e->at);
    e->end -= e->at;
    e->at = 0;
    size_t n = sizeof e->bytes - e->end;
    if (!tty_is_ready()) {
        e->burst = false;
        tell_too_long(e);
        show(e);
    }
    tty_event event = tty_read(e->bytes + e->end, &n);
    if (event == TTY_BYTES) e->end += n;
    if (event == TTY_INTERRUPTED) return STEP_INTERRUPT;
    take_event(e, event);
    return event == TTY_END ? STEP_LEAVE : STEP_ON;
}

static editor_step read_keys(editor *e)
{
    editor_step step = STEP_ON;
    while (step == STEP_ON)
        if (!take_key(e, &step)) step = wait_for_bytes(e);
    return step;
}

/* ---- the editor ------------------------------------------------------------------------------ */

static line_result result_of(const editor *e, editor_step step, cli_text *text)
{
    size_t n = e->edited.text.length;
    if (step == STEP_LEAVE) return LINE_END;
    while (n && text_of(e)[n - 1] == '\n') n--;
    if (text_add(text, text_of(e), n) != 0) {
        out_no_memory();
        return LINE_FAILED;
    }
    return step == STEP_DONE ? LINE_READ : LINE_INTERRUPTED;
}

static line_result finish(editor *e, editor_step step, cli_text *text)
{
    line_result result = result_of(e, step, text);
    if (step == STEP_INTERRUPT) {
        editing_obey(&e->edited, KEY_TEXT_END);
        write_text(e, "^C", 2);
        e->changed = true;
    }
    leave_drawing(e);
    tty_give_back();
    return result;
}

line_result editor_read(editor *e, const char *prompt, const char *continuation, cli_text *text)
{
    if (!e->preset) editing_set(&e->edited, "", 0);
    e->preset = e->pasting = e->too_long = false;
    e->age = 0;
    if (tty_take(e->fd) != 0) return LINE_END;
    show_anew(e, prompt, continuation);
    return finish(e, read_keys(e), text);
}

int editor_preset(editor *e, const char *text, size_t n)
{
    e->preset = n <= MAX_EDITED_BYTES && editing_set(&e->edited, text, n) == 0;
    return e->preset ? 0 : -1;
}

void editor_remember(editor *e, const char *text)
{
    history_add(e->past, text);
}

editor *editor_open(int fd)
{
    editor *e = calloc(1, sizeof *e);
    if (e && !(e->past = history_open())) {
        free(e);
        e = NULL;
    }
    if (e) e->fd = fd;
    return e;
}

void editor_close(editor *e)
{
    if (!e) return;
    history_close(e->past);
    editing_free(&e->edited);
    text_free(&e->draft);
    text_free(&e->paste);
    free(e);
}
