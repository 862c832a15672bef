#include "terminal/history.h"

#include "base/new_file.h"
#include "folders.h"
#include "input.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TEXTS ((size_t)1000)
/* A longer text, such as a pasted file, is not stored. */
#define MAX_TEXT_BYTES ((size_t)64 * 1024)
#define MAX_FILE_BYTES ((size_t)64 * 1024 * 1024)

struct history {
    char *path; /* NULL: the history is not stored in a file */
    char *texts[MAX_TEXTS];
    size_t count;
};

/* ---- the texts ------------------------------------------------------------------------------- */

static void keep(history *h, char *text)
{
    if (h->count == MAX_TEXTS) {
        free(h->texts[0]);
        memmove(h->texts, h->texts + 1, (MAX_TEXTS - 1) * sizeof *h->texts);
        h->count--;
    }
    h->texts[h->count++] = text;
}

const char *history_get(const history *h, size_t age)
{
    return age && age <= h->count ? h->texts[h->count - age] : NULL;
}

/* ---- the file, with one text on each line, and \n in place of a newline ---------------------- */

/* Open the file, without waiting if it is a pipe. */
static int open_file(const char *path, int flags)
{
    struct stat info;
    int fd = beluga__file_open(path, O_WRONLY | O_NONBLOCK | flags, BELUGA__PRIVATE_MODE);
    if (fd < 0 || (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))) return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

static void put_line(cli_text *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            text_puts(to, "\\n");
        else if (*text == '\\')
            text_puts(to, "\\\\");
        else
            text_add(to, text, 1);
    }
    text_puts(to, "\n");
}

static int write_line(const history *h, const char *text)
{
    cli_text line = {0};
    put_line(&line, text);
    int fd = line.status ? -1 : open_file(h->path, O_APPEND);
    int rc = fd < 0 ? -1 : beluga__file_write(fd, line.data, line.length);
    if (fd >= 0) close(fd);
    text_free(&line);
    return rc;
}

static void read_line(history *h, const char *line, size_t n)
{
    char *text = n ? malloc(n + 1) : NULL, *to = text;
    if (!text) return;
    for (size_t i = 0; i < n; i++) {
        bool escaped = line[i] == '\\' && i + 1 < n;
        if (escaped) i++;
        *to++ = escaped && line[i] == 'n' ? '\n' : line[i];
    }
    *to = '\0';
    keep(h, text);
}

/* Shorten the file to the texts that are kept. This is done only when the file has more than twice
 * as many lines, so that adding a text rarely rewrites it. */
static void shorten(const history *h)
{
    cli_text all = {0};
    beluga__new_file file;
    for (size_t i = 0; i < h->count; i++) put_line(&all, h->texts[i]);
    if (all.status == 0 && beluga__new_file_begin(&file, h->path, true) == 0) {
        if (beluga__file_write(file.fd, all.data, all.length) == 0) beluga__new_file_replace(&file);
        beluga__new_file_end(&file);
    }
    text_free(&all);
}

static void read_lines(history *h, const cli_text *file)
{
    const char *line = text_get(file), *end;
    size_t lines = 0;
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++)
        read_line(h, line, (size_t)(end - line));
    if (lines > 2 * MAX_TEXTS) shorten(h);
}

static char *find_path(void)
{
    char *path = NULL;
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (base && base[0] == '/')
        n = asprintf(&path, "%s/beluga/history", base);
    else if (home && *home)
        n = asprintf(&path, "%s/.local/state/beluga/history", home);
    return n < 0 ? NULL : path;
}

static void forget_path(history *h)
{
    char text[128];
    out_note("the history can't be stored in %s: %s", h->path,
             beluga__file_explain(errno, text, sizeof text));
    free(h->path);
    h->path = NULL;
}

/* Read the file. If it does not exist, it is created, so that it has permissions for its owner only
 * before anything is written. */
static void read_file(history *h)
{
    cli_text file = {0};
    int fd = folders_make(h->path) ? -1 : open_file(h->path, 0);
    if (fd < 0) {
        forget_path(h);
        return;
    }
    close(fd);
    if (input_read_file(h->path, MAX_FILE_BYTES, &file) == 0) read_lines(h, &file);
    text_free(&file);
}

/* ---- the history ----------------------------------------------------------------------------- */

history *history_open(void)
{
    history *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    h->path = find_path();
    if (h->path) read_file(h);
    return h;
}

void history_close(history *h)
{
    if (!h) return;
    while (h->count) free(h->texts[--h->count]);
    free(h->path);
    free(h);
}

void history_add(history *h, const char *text)
{
    const char *last = history_get(h, 1);
    size_t n = strlen(text);
    if (!n || n > MAX_TEXT_BYTES || (last && strcmp(last, text) == 0)) return;
    char *copy = strdup(text);
    if (!copy) return;
    keep(h, copy);
    if (h->path && write_line(h, text) != 0) forget_path(h);
}
