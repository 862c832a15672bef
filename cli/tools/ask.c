#include "tools/ask.h"

#include "base/new_file.h"
#include "output.h"
#include "terminal/term.h"

#include <beluga/log.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The maximum width of arguments and results if stderr is not a terminal. */
#define PIPE_WIDTH 200
#define MAX_WIDTH  1000
/* Size of the user's answer, which is one word. */
#define ANSWER_BYTES 64
/* The interval at which the wait for an answer checks whether the call was cancelled. */
#define TICK_MS 100

/* ---- asking ---------------------------------------------------------------------------------- */

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool ask_is_possible(void)
{
    if (!term_is_err()) return false;
    int fd = open_terminal();
    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* Read a line from the user, of which only the beginning is kept. Returns false at the end of the
 * input, or when the context ends. */
static bool read_line(int fd, char line[ANSWER_BYTES], const beluga_context *context)
{
    size_t n = 0;
    char c = '\0';
    while (c != '\n') {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, TICK_MS);
        if (beluga_context_is_cancelled(context)) return false;
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        if (n + 1 < ANSWER_BYTES) line[n++] = (char)tolower((unsigned char)c);
    }
    line[n] = '\0';
    return true;
}

static bool is(const char *line, const char *word)
{
    size_t n = strcspn(line, " \t\r\n");
    return n && n <= strlen(word) && strncmp(line, word, n) == 0;
}

/* Ask the user until the answer is valid. Keys that were typed before the question are discarded.
 */
static ask_answer ask(int fd, const char *name, const beluga_context *context)
{
    char line[ANSWER_BYTES], question[160];
    int n = snprintf(question, sizeof question, "Run %.64s? [y]es, [N]o, [a]lways: ", name);
    for (;;) {
        tcflush(fd, TCIFLUSH);
        beluga__file_write(fd, question, (size_t)n);
        if (!read_line(fd, line, context)) {
            beluga__file_write(fd, "\n", 1);
            return ASK_NO;
        }
        if (is(line, "yes")) return ASK_YES;
        if (is(line, "always")) return ASK_ALWAYS;
        if (is(line, "no") || line[0] == '\n') return ASK_NO;
    }
}

ask_answer ask_about_call(const char *name, const char *arguments, size_t length,
                          const beluga_context *context)
{
    int fd = open_terminal();
    if (fd < 0) return ASK_NO;
    out_warning("the model asks to run %s with these arguments:", name);
    out_detail_json(arguments, length);
    ask_answer answer = ask(fd, name, context);
    close(fd);
    return answer;
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* Write a text as one line that fits into the terminal, together with `taken` columns of other
 * text. The text is cut if it is too long. */
static void shorten(char line[MAX_WIDTH], size_t taken, const char *text, size_t n)
{
    size_t width = term_is_err() ? term_width_of(STDERR_FILENO) : PIPE_WIDTH;
    size_t room = width > taken + 20 ? width - taken : 20;
    while (n && strchr(" \t\r\n", text[n - 1])) n--;
    beluga_text_to_line(text, n, line, room < MAX_WIDTH ? room : MAX_WIDTH);
}

void ask_draw_call(const char *name, const char *arguments, size_t length)
{
    char line[MAX_WIDTH];
    shorten(line, strlen("beluga: ()") + strlen(name), arguments, length);
    out_note("%s(%s)", name, line);
}

void ask_draw_result(const char *name, const char *text, size_t length, bool failed, int64_t ns)
{
    char line[MAX_WIDTH], time[32] = "";
    const char *arrow = failed ? "failed:" : term_is_utf8() ? "\xe2\x86\x92" : "->";
    if (ns >= 0) snprintf(time, sizeof time, " (%.2f s)", (double)ns / 1e9);
    shorten(line, strlen("beluga:  failed: ") + strlen(name) + strlen(time), text, length);
    out_note("%s %s %s%s", name, arrow, line, time);
}
