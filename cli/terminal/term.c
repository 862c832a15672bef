#include "terminal/term.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <beluga/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_WIDTH  80
#define DEFAULT_HEIGHT 24
/* The spinner starts late, so that it does not flicker before a quick answer. */
#define SPINNER_DELAY_MS    250
#define SPINNER_INTERVAL_MS 100
/* After this time the spinner shows the seconds. */
#define SPINNER_COUNT_MS 3000

#define DEL 0x7f

/* ---- properties of the terminal -------------------------------------------------------------- */

bool term_is_out(void)
{
    return isatty(STDOUT_FILENO);
}

bool term_is_err(void)
{
    return isatty(STDERR_FILENO);
}

bool term_is_in(void)
{
    return isatty(STDIN_FILENO);
}

size_t term_width_of(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || !size.ws_col) return DEFAULT_WIDTH;
    return size.ws_col;
}

size_t term_height(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row) return DEFAULT_HEIGHT;
    return size.ws_row;
}

size_t term_width(void)
{
    return term_width_of(STDOUT_FILENO);
}

static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

bool term_has_cursor(int fd)
{
    return isatty(fd) && !is_dumb();
}

const char *term_style(int fd, term_look style)
{
    static const char *const sequences[] = {
        [TERM_PLAIN] = "\033[0m", [TERM_BOLD] = "\033[1m",   [TERM_DIM] = "\033[2m",
        [TERM_RED] = "\033[31m",  [TERM_GREEN] = "\033[32m", [TERM_YELLOW] = "\033[33m",
        [TERM_CYAN] = "\033[36m"};
    const char *no_color = getenv("NO_COLOR");
    if ((no_color && *no_color) || is_dumb() || !isatty(fd)) return "";
    return sequences[style];
}

bool term_is_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        if (value && *value) return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

/* ---- the filter ------------------------------------------------------------------------------ */

/* Return the length of a character with this first byte; 1 if no character begins with it. */
static size_t length_of(char lead)
{
    unsigned char c = (unsigned char)lead;
    return c < 0xc2 || c > 0xf4 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static size_t first_of(const char *text, size_t n)
{
    size_t whole = length_of(text[0]), length = 1;
    while (length < whole && length < n && beluga__utf8_continues(text[length])) length++;
    return length;
}

/* Returns whether an invisible character is kept. Arabic and Hebrew need direction marks, Thai and
 * Khmer need spaces without width, and some flags need tag characters. These characters can't
 * change the order of the text before them. */
static bool is_needed(const char *text, size_t n)
{
    static const char *const needed[] = {"\u061c", "\u200b", "\u200e",
                                         "\u200f", "\u2060", "\ufeff"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (n == strlen(needed[i]) && memcmp(text, needed[i], n) == 0) return true;
    return n == 4 && memcmp(text, "\xf3\xa0", 2) == 0 && (text[2] == '\x80' || text[2] == '\x81');
}

/* Return whether a character must be shown as an escape; if so, `shown` receives the escape. */
static bool is_hidden(const char *text, size_t n, char shown[TERM_SHOWN_BYTES])
{
    if (n == 1 && ((text[0] >= ' ' && text[0] < DEL) || text[0] == '\n' || text[0] == '\t'))
        return false;
    size_t length = beluga_text_to_line(text, n, shown, TERM_SHOWN_BYTES);
    return length != n || memcmp(shown, text, n) != 0;
}

size_t term_show(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length)
{
    size_t taken = first_of(text, n);
    if (text[0] == '\r') {
        *length = 0;
    } else if (is_hidden(text, taken, out) && !is_needed(text, taken)) {
        *length = strlen(out);
    } else {
        memcpy(out, text, taken);
        *length = taken;
    }
    return taken;
}

/* Convert the escape of a hidden character, such as "\x7f", "\u009b" or "\U000e0041", to an escape
 * of JSON. A byte that is not part of a character becomes U+FFFD. */
static void put_json_escape(const char *shown, char out[TERM_SHOWN_BYTES])
{
    unsigned c = shown[0] == '\\' ? (unsigned)strtoul(shown + 2, NULL, 16) : 0;
    if (shown[1] == 'U')
        snprintf(out, TERM_SHOWN_BYTES, "\\u%04x\\u%04x", (0xd7c0 + (c >> 10)) & 0xffff,
                 0xdc00 + (c & 0x3ff));
    else
        snprintf(out, TERM_SHOWN_BYTES, "\\u%04x",
                 shown[1] == 'u' || (shown[1] == 'x' && c < DEL + 1) ? c : 0xfffd);
}

size_t term_show_json(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length)
{
    char shown[TERM_SHOWN_BYTES];
    size_t taken = first_of(text, n);
    if (is_hidden(text, taken, shown)) {
        put_json_escape(shown, out);
        *length = strlen(out);
    } else {
        memcpy(out, text, taken);
        *length = taken;
    }
    return taken;
}

size_t term_filter_end(term_stream *filter, char *out)
{
    size_t at = 0, length = 0, shown;
    for (; at < filter->n; length += shown)
        at += term_show(filter->pending + at, filter->n - at, out + length, &shown);
    filter->n = 0;
    return length;
}

size_t term_filter(term_stream *filter, const char *text, size_t n, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        if (filter->n && !beluga__utf8_continues(text[i]))
            length += term_filter_end(filter, out + length);
        filter->pending[filter->n++] = text[i];
        if (filter->n == length_of(filter->pending[0]))
            length += term_filter_end(filter, out + length);
    }
    return length;
}

/* ---- the spinner ----------------------------------------------------------------------------- */

static struct {
    bool on, drawn;
    char label[64];
    int64_t started_ms;
    unsigned frame;
} spinner;

static void write_err(const char *text, size_t n)
{
    /* a failure to draw only turns the spinner off */
    if (write(STDERR_FILENO, text, n) < 0) spinner.on = false;
}

void term_spinner_start(const char *label)
{
    if (!term_is_out() || !term_is_err() || is_dumb()) return;
    spinner.on = true;
    spinner.drawn = false;
    spinner.frame = 0;
    spinner.started_ms = beluga__now_ms();
    snprintf(spinner.label, sizeof spinner.label, "%s", label);
}

void term_spinner_resume(void)
{
    if (!*spinner.label || spinner.on) return;
    spinner.on = true;
    spinner.drawn = false;
}

static void draw(int64_t waited_ms)
{
    static const char *const fine[] = {"\u280b", "\u2819", "\u2839", "\u2838", "\u283c",
                                       "\u2834", "\u2826", "\u2827", "\u2807", "\u280f"};
    static const char *const coarse[] = {"|", "/", "-", "\\"};
    const char *frame = term_is_utf8() ? fine[spinner.frame % 10] : coarse[spinner.frame % 4];
    char line[160], count[24] = "";
    if (waited_ms >= SPINNER_COUNT_MS)
        snprintf(count, sizeof count, " %llds", (long long)(waited_ms / 1000));
    int n = snprintf(line, sizeof line, "\r%s%s %s%s%s\033[K", term_style(2, TERM_DIM), frame,
                     spinner.label, count, term_style(2, TERM_PLAIN));
    write_err(line, (size_t)n);
    spinner.drawn = true;
    spinner.frame++;
}

int64_t term_spinner_tick(void)
{
    if (!spinner.on) return -1;
    int64_t waited = beluga__now_ms() - spinner.started_ms;
    if (waited < SPINNER_DELAY_MS) return SPINNER_DELAY_MS - waited;
    int64_t due = SPINNER_DELAY_MS + (int64_t)spinner.frame * SPINNER_INTERVAL_MS;
    if (waited < due) return due - waited;
    draw(waited);
    return SPINNER_INTERVAL_MS;
}

void term_spinner_stop(void)
{
    static const char erase[] = "\r\033[K";
    if (spinner.on && spinner.drawn) write_err(erase, sizeof erase - 1);
    spinner.on = false;
}
