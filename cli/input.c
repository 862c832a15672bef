#include "input.h"

#include "exit.h"
#include "output.h"
#include "report.h"
#include "terminal/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define READ_BYTES 65536
/* After this time without input on stdin, the user gets a note. */
#define SILENCE_MS 2000

/* ---- reading --------------------------------------------------------------------------------- */

/* Read until the end. Returns 0, or an errno; EFBIG when there are more than `max` bytes. */
static int read_all(int fd, size_t max, cli_text *text)
{
    size_t start = text->length;
    for (;;) {
        if (text_reserve(text, READ_BYTES) != 0) return ENOMEM;
        ssize_t n = read(fd, text->data + text->length, READ_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        text->length += (size_t)n;
        text->data[text->length] = '\0';
        if (text->length - start > max) return EFBIG;
        if (n == 0) return 0;
    }
}

static int complain(const char *name, int error, size_t max)
{
    if (error == EFBIG)
        out_error("%s is larger than %zu MiB", name, max / (1024 * 1024));
    else
        out_error("%s can't be read: %s", name, strerror(error));
    return error == ENOMEM ? CLI_EXIT_OTHER : CLI_EXIT_USAGE;
}

int input_read_file(const char *path, size_t max, cli_text *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return complain(path, errno, max);
    int error = read_all(fd, max, text);
    close(fd);
    return error ? complain(path, error, max) : 0;
}

/* Print a note if nothing arrives on stdin. A script, or a login without a terminal, may leave
 * stdin open and silent, and without a note the user would not know why the command waits. */
static void tell_of_silence(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (term_is_in() || poll(&in, 1, SILENCE_MS) != 0) return;
    out_note("waiting for text on stdin (if there is none, add < /dev/null)");
}

int input_read_stdin(size_t max, cli_text *text)
{
    tell_of_silence();
    int error = read_all(STDIN_FILENO, max, text);
    return error && error != EBADF ? complain("stdin", error, max) : 0;
}

static int read_stdin(cli_text *text)
{
    size_t start = text->length;
    int rc = input_read_stdin(MAX_PROMPT_BYTES, text);
    if (rc != 0) return rc;
    while (text->length > start && strchr("\r\n", text->data[text->length - 1]) &&
           text->data[text->length - 1])
        text->data[--text->length] = '\0';
    return 0;
}

/* ---- the prompt ------------------------------------------------------------------------------ */

static bool names_stdin(const arg_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], "-") == 0) return true;
    return false;
}

bool input_has_prompt(const cli_args *args)
{
    return args->operands.count || args->attachments.count || args->contexts.count ||
           args->frame_is_whole || !term_is_in();
}

static int add_operand(const char *word, bool *read, cli_text *prompt)
{
    if (prompt->length && text_add(prompt, " ", 1) != 0) return out_no_memory();
    if (strcmp(word, "-") != 0) return text_add(prompt, word, strlen(word)) ? out_no_memory() : 0;
    if (*read) return 0;
    *read = true;
    return read_stdin(prompt);
}

static int join_stdin(cli_text *prompt)
{
    static const char between[] = "\n\n";
    cli_text more = {0};
    int rc = read_stdin(&more);
    if (rc == 0 && more.length) {
        bool first = prompt->length == 0;
        if ((!first && text_add(prompt, between, sizeof between - 1) != 0) ||
            text_add(prompt, more.data, more.length) != 0)
            rc = out_no_memory();
    }
    text_free(&more);
    return rc;
}

int input_read_prompt(const cli_args *args, cli_text *prompt)
{
    bool read = false;
    int rc = 0;
    if (names_stdin(&args->operands) && names_stdin(&args->attachments))
        return out_usage("stdin can't be both an attachment and a part of the prompt");
    for (size_t i = 0; i < args->operands.count && rc == 0; i++)
        rc = add_operand(args->operands.items[i], &read, prompt);
    if (rc == 0 && !names_stdin(&args->operands) && !names_stdin(&args->attachments) &&
        !term_is_in())
        rc = join_stdin(prompt);
    bool alone =
        args->frame ? args->frame_is_whole : args->attachments.count || args->contexts.count;
    if (rc == 0 && !prompt->length && !alone)
        return out_usage("the prompt is empty: give a text, or send one on stdin");
    return rc;
}
