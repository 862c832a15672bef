#include "terminal/line.h"

#include "output.h"
#include "terminal/editor.h"
#include "terminal/term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line_reader {
    bool interactive;
    bool interrupted; /* Ctrl-C was pressed on an empty line, and no line has been entered since */
    editor *editor;   /* NULL: lines are read without editing */
    char *buffer;     /* buffer of getline */
    size_t room;
};

/* ---- Ctrl-C while no answer arrives ---------------------------------------------------------- */

/* Ctrl-C was pressed while a line was read without editing, or between two prompts. */
static volatile sig_atomic_t pressed;

static void on_interrupt(int number)
{
    (void)number;
    pressed = 1;
}

static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

static void mask_interrupt(int how, sigset_t *before)
{
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(how, &interrupt, before);
}

/* ---- plain lines ----------------------------------------------------------------------------- */

/* Wait until the user has typed a line. SIGINT, which is blocked, can come only during the wait.
 * @return false if it came. */
static bool wait_for_line(const char *prompt)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t waiting;
    mask_interrupt(SIG_BLOCK, &waiting);
    sigdelset(&waiting, SIGINT);
    out_drawn(STDERR_FILENO, prompt, strlen(prompt));
    bool ready = ppoll(&in, 1, NULL, &waiting) >= 0 || errno != EINTR;
    mask_interrupt(SIG_UNBLOCK, NULL);
    return ready;
}

static line_result no_line(const line_reader *reader, bool interrupted)
{
    if (interrupted) {
        clearerr(stdin);
        pressed = 0;
    }
    if (reader->interactive) out_drawn(STDERR_FILENO, "\n", 1);
    return interrupted ? LINE_INTERRUPTED : LINE_END;
}

static line_result read_plain(line_reader *reader, const char *prompt, cli_text *text)
{
    if (reader->interactive && !wait_for_line(prompt)) return no_line(reader, true);
    errno = 0;
    ssize_t n = getline(&reader->buffer, &reader->room, stdin);
    if (n < 0 && errno != ENOMEM) return no_line(reader, errno == EINTR);
    if (n > 0 && reader->buffer[n - 1] == '\n') n--;
    if (n > 0 && reader->buffer[n - 1] == '\r') n--;
    if (n >= 0 && text_add(text, reader->buffer, (size_t)n) == 0) return LINE_READ;
    out_no_memory();
    return LINE_FAILED;
}

/* ---- the reader ------------------------------------------------------------------------------ */

static bool open_editor(line_reader *reader)
{
    int fd = term_is_out() ? STDOUT_FILENO : STDERR_FILENO;
    if (!reader->interactive || !term_has_cursor(fd)) return true;
    reader->editor = editor_open(fd);
    return reader->editor != NULL;
}

line_reader *line_open(void)
{
    line_reader *reader = calloc(1, sizeof *reader);
    if (reader) {
        reader->interactive = term_is_in() && (term_is_out() || term_is_err());
        if (reader->interactive) catch_interrupt();
        if (open_editor(reader)) return reader;
    }
    line_close(reader);
    out_no_memory();
    return NULL;
}

void line_close(line_reader *reader)
{
    if (!reader) return;
    editor_close(reader->editor);
    free(reader->buffer);
    free(reader);
}

bool line_is_interactive(const line_reader *reader)
{
    return reader->interactive;
}

/* Handle Ctrl-C at the prompt. Pressing it twice in a row ends the input, so that a user who knows
 * no other key can leave. */
static line_result take_interrupt(line_reader *reader, bool typed)
{
    if (reader->interrupted) return LINE_END;
    reader->interrupted = !typed;
    if (!typed) out_note("press Ctrl-C again, or Ctrl-D, to leave");
    return LINE_INTERRUPTED;
}

static line_result take_line(line_reader *reader, const cli_text *text)
{
    reader->interrupted = false;
    if (text->length <= MAX_PROMPT_BYTES) return LINE_READ;
    out_error("the prompt is larger than %zu MiB", MAX_PROMPT_BYTES / (1024 * 1024));
    return LINE_FAILED;
}

/* Returns whether Ctrl-C was pressed again before this prompt is shown. SIGINT is blocked from then
 * on until the reader waits, so that no press is lost. */
static bool was_pressed_again(line_reader *reader)
{
    if (!reader->interactive) return false;
    mask_interrupt(SIG_BLOCK, NULL);
    bool again = reader->interrupted && pressed;
    pressed = 0;
    return again;
}

static line_result read_one(line_reader *reader, const char *prompt, cli_text *text)
{
    if (was_pressed_again(reader)) return LINE_END;
    return reader->editor ? editor_read(reader->editor, prompt, LINE_CONTINUATION, text)
                          : read_plain(reader, prompt, text);
}

line_result line_read(line_reader *reader, const char *prompt, cli_text *text)
{
    size_t before = text->length;
    out_flush();
    line_result result = read_one(reader, prompt, text);
    if (reader->interactive) mask_interrupt(SIG_UNBLOCK, NULL);
    if (result == LINE_INTERRUPTED) return take_interrupt(reader, text->length > before);
    return result == LINE_READ ? take_line(reader, text) : result;
}

bool line_preset(line_reader *reader, const char *text, size_t n)
{
    return reader->editor && editor_preset(reader->editor, text, n) == 0;
}

bool line_confirm(line_reader *reader, const char *question)
{
    cli_text prompt = {0}, answer = {0};
    bool yes = false;
    if (!reader->interactive) return false;
    text_puts(&prompt, question);
    text_puts(&prompt, " [y/N] ");
    if (prompt.status == 0 && line_read(reader, prompt.data, &answer) == LINE_READ)
        yes = strcmp(text_get(&answer), "y") == 0 || strcmp(text_get(&answer), "yes") == 0;
    text_free(&prompt);
    text_free(&answer);
    return yes;
}

void line_remember(line_reader *reader, const char *text)
{
    if (reader->editor) editor_remember(reader->editor, text);
}
