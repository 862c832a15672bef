#include "term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_WIDTH 80
/* A quick answer should not make it flicker. */
#define SPINNER_DELAY_MS    250
#define SPINNER_INTERVAL_MS 100
/* A wait worth counting. */
#define SPINNER_COUNT_MS 3000

#define DEL 0x7f

/* ---- what is there --------------------------------------------------------------------------- */

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

const char *term_style(int fd, enum term_style style)
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

/* C1 characters are C2 80 … C2 9F in UTF-8. */
#define C1_LEAD 0xC2

static bool is_c1_tail(unsigned char c)
{
    return c >= 0x80 && c <= 0x9f;
}

static size_t put_control(unsigned char c, char *out)
{
    if (c == '\n' || c == '\t') {
        out[0] = (char)c;
        return 1;
    }
    if (c == '\r') return 0;
    out[0] = '^';
    out[1] = c == DEL ? '?' : (char)(c + '@');
    return 2;
}

static size_t put_c1(unsigned char c, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const char text[4] = {'<', digits[c >> 4], digits[c & 15], '>'};
    memcpy(out, text, sizeof text);
    return sizeof text;
}

size_t term_filter(struct term_filter *filter, const char *text, size_t n, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (filter->pending) {
            filter->pending = 0;
            if (is_c1_tail(c)) {
                length += put_c1(c, out + length);
                continue;
            }
            out[length++] = (char)C1_LEAD;
        }
        if (c == C1_LEAD)
            filter->pending = c;
        else if (c < ' ' || c == DEL)
            length += put_control(c, out + length);
        else
            out[length++] = (char)c;
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

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_err(const char *text, size_t n)
{
    /* A spinner that can't be drawn is no failure. */
    if (write(STDERR_FILENO, text, n) < 0) spinner.on = false;
}

void term_spinner_start(const char *label)
{
    if (!term_is_out() || !term_is_err() || is_dumb()) return;
    spinner.on = true;
    spinner.drawn = false;
    spinner.frame = 0;
    spinner.started_ms = now_ms();
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
    int64_t waited = now_ms() - spinner.started_ms;
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
