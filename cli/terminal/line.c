#include "terminal/line.h"

#include "base/new_file.h"
#include "folders.h"
#include "output.h"
#include "terminal/term.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_LIBEDIT
#include <histedit.h>
#endif

#define MAX_HISTORY 1000

struct line_reader {
    bool interactive;
    const char *prompt;
    char *buffer; /* buffer of getline */
    size_t room;
#ifdef HAVE_LIBEDIT
    EditLine *editor; /* NULL: lines are read without editing */
    History *history;
    char *history_path; /* NULL: there is no place for the history */
#endif
};

/* ---- Ctrl-C where no answer is running ------------------------------------------------------- */

static void on_interrupt(int number)
{
    (void)number; /* the handler only makes read() return */
}

static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

/* ---- the file of the history
 * ------------------------------------------------------------------ */

#ifdef HAVE_LIBEDIT

/* Opening a pipe would make libedit wait for the other end. */
static int open_history_file(const char *path)
{
    struct stat info;
    int fd = beluga__file_open(path, O_WRONLY | O_NONBLOCK, BELUGA__PRIVATE_MODE);
    if (fd < 0 || (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))) return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

/* The history is private, so the file is made for its owner only before libedit writes it. */
static char *prepare_history_file(void)
{
    char *path = NULL, text[128];
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (base && base[0] == '/')
        n = asprintf(&path, "%s/beluga/history", base);
    else if (home && *home)
        n = asprintf(&path, "%s/.local/state/beluga/history", home);
    if (n < 0) return NULL;
    int fd = folders_make(path) ? -1 : open_history_file(path);
    if (fd >= 0) {
        close(fd);
        return path;
    }
    out_note("the history can't be kept in %s: %s", path,
             beluga__file_explain(errno, text, sizeof text));
    free(path);
    return NULL;
}

/* ---- with libedit ---------------------------------------------------------------------------- */

static char *give_prompt(EditLine *editor)
{
    static char none[] = "";
    line_reader *reader = NULL;
    if (el_get(editor, EL_CLIENTDATA, &reader) != 0 || !reader) return none;
    return (char *)(uintptr_t)reader->prompt;
}

static void open_history(line_reader *reader)
{
    HistEvent event;
    reader->history = history_init();
    if (!reader->history) return;
    history(reader->history, &event, H_SETSIZE, MAX_HISTORY);
    history(reader->history, &event, H_SETUNIQUE, 1);
    reader->history_path = prepare_history_file();
    if (reader->history_path) history(reader->history, &event, H_LOAD, reader->history_path);
    el_set(reader->editor, EL_HIST, history, reader->history);
}

static void open_editor(line_reader *reader)
{
    FILE *out = term_is_out() ? stdout : stderr;
    const char *term = getenv("TERM");
    if (!term || !*term || strcmp(term, "dumb") == 0) return;
    setlocale(LC_CTYPE, "");
    reader->editor = el_init("beluga", stdin, out, stderr);
    if (!reader->editor) return;
    el_set(reader->editor, EL_CLIENTDATA, reader);
    el_set(reader->editor, EL_PROMPT, give_prompt);
    el_set(reader->editor, EL_EDITOR, "emacs");
    open_history(reader);
    el_source(reader->editor, NULL);
}

static void close_editor(line_reader *reader)
{
    HistEvent event;
    if (reader->history && reader->history_path)
        history(reader->history, &event, H_SAVE, reader->history_path);
    if (reader->editor) el_end(reader->editor);
    if (reader->history) history_end(reader->history);
    free(reader->history_path);
}

static line_result read_edited(line_reader *reader, cli_text *text)
{
    int n = 0;
    errno = 0;
    const char *line = el_gets(reader->editor, &n);
    if (!line || n <= 0) {
        bool interrupted = n < 0 && errno == EINTR;
        fputs("\n", term_is_out() ? stdout : stderr);
        fflush(NULL);
        if (interrupted) el_reset(reader->editor);
        return interrupted ? LINE_INTERRUPTED : LINE_END;
    }
    if (line[n - 1] == '\n') n--;
    if (text_add(text, line, (size_t)n) == 0) return LINE_READ;
    out_no_memory();
    return LINE_FAILED;
}

#endif

/* ---- plain lines ----------------------------------------------------------------------------- */

/* Wait until the user has typed a line. Until then SIGINT is blocked, so that no signal is lost
 * between the prompt and the wait. @return false when SIGINT came. */
static bool wait_for_line(const line_reader *reader)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &before);
    fputs(reader->prompt, stderr);
    fflush(stderr);
    bool ready = ppoll(&in, 1, NULL, &before) >= 0 || errno != EINTR;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ready;
}

static line_result no_line(const line_reader *reader, bool interrupted)
{
    if (interrupted) clearerr(stdin);
    if (reader->interactive) fputs("\n", stderr);
    return interrupted ? LINE_INTERRUPTED : LINE_END;
}

static line_result read_plain(line_reader *reader, cli_text *text)
{
    if (reader->interactive && !wait_for_line(reader)) return no_line(reader, true);
    errno = 0;
    ssize_t n = getline(&reader->buffer, &reader->room, stdin);
    if (n < 0 && errno != ENOMEM) return no_line(reader, errno == EINTR);
    if (n > 0 && reader->buffer[n - 1] == '\n') n--;
    if (n > 0 && reader->buffer[n - 1] == '\r') n--;
    if (n >= 0 && text_add(text, reader->buffer, (size_t)n) == 0) return LINE_READ;
    out_no_memory();
    return LINE_FAILED;
}

static line_result read_line(line_reader *reader, cli_text *text)
{
#ifdef HAVE_LIBEDIT
    if (reader->editor) return read_edited(reader, text);
#endif
    return read_plain(reader, text);
}

/* ---- the reader ------------------------------------------------------------------------------ */

line_reader *line_open(void)
{
    line_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        out_no_memory();
        return NULL;
    }
    reader->interactive = term_is_in() && (term_is_out() || term_is_err());
    if (reader->interactive) catch_interrupt();
#ifdef HAVE_LIBEDIT
    if (reader->interactive) open_editor(reader);
#endif
    return reader;
}

void line_close(line_reader *reader)
{
    if (!reader) return;
#ifdef HAVE_LIBEDIT
    close_editor(reader);
#endif
    free(reader->buffer);
    free(reader);
}

bool line_is_interactive(const line_reader *reader)
{
    return reader->interactive;
}

line_result line_read(line_reader *reader, const char *prompt, cli_text *text)
{
    reader->prompt = prompt;
    out_flush();
    line_result result = read_line(reader, text);
    if (result == LINE_READ && text->length > MAX_PROMPT_BYTES) {
        out_error("the prompt is larger than %zu MiB", MAX_PROMPT_BYTES / (1024 * 1024));
        return LINE_FAILED;
    }
    return result;
}

void line_remember(line_reader *reader, const char *text)
{
#ifdef HAVE_LIBEDIT
    HistEvent event;
    if (reader->history && *text) history(reader->history, &event, H_ENTER, text);
#else
    (void)reader;
    (void)text;
#endif
}
