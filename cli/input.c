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
/* From here on the user is told of a stdin where nothing comes. */
#define SILENCE_MS 2000

/* ---- reading --------------------------------------------------------------------------------- */

/* Returns 0, or an errno; EFBIG when there are more than `max` bytes. */
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

/* A script, or a login without a terminal, may leave stdin open, and then nothing would tell what
 * the command waits for. */
static void tell_of_silence(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (term_is_in() || poll(&in, 1, SILENCE_MS) != 0) return;
    out_note("waiting for text on stdin until it ends (< /dev/null gives none)");
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

static bool names_stdin(const cli_args *args)
{
    for (size_t i = 0; i < args->operands.count; i++)
        if (strcmp(args->operands.items[i], "-") == 0) return true;
    return false;
}

bool input_has_prompt(const cli_args *args)
{
    return args->operands.count || args->attachments.count || !term_is_in();
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
    for (size_t i = 0; i < args->operands.count && rc == 0; i++)
        rc = add_operand(args->operands.items[i], &read, prompt);
    if (rc == 0 && !names_stdin(args) && !term_is_in()) rc = join_stdin(prompt);
    if (rc == 0 && !prompt->length && !args->attachments.count)
        return out_usage("the prompt is empty: give a text, or something on stdin");
    return rc;
}

/* ---- attachments ----------------------------------------------------------------------------- */

static bool is_url(const char *text)
{
    return strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0 ||
           strncasecmp(text, "data:", 5) == 0;
}

/* An address whose name tells no type counts as a picture, since models fetch pictures. */
static beluga_part_kind kind_of_url(const char *url)
{
    static const struct {
        const char *sign;
        beluga_part_kind kind;
    } signs[] = {{".pdf", BELUGA_PART_FILE},       {"data:application/", BELUGA_PART_FILE},
                 {"data:text/", BELUGA_PART_FILE}, {"data:audio/", BELUGA_PART_AUDIO},
                 {".mp3", BELUGA_PART_AUDIO},      {".wav", BELUGA_PART_AUDIO}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcasestr(url, signs[i].sign)) return signs[i].kind;
    return BELUGA_PART_IMAGE;
}

static int attach(const cli_args *args, beluga_message *message, const char *what)
{
    beluga_error err = {0};
    int rc = is_url(what) ? beluga_message_add_url(message, kind_of_url(what), what, NULL)
                          : beluga_message_add_file(message, what, &err);
    if (rc == 0) return 0;
    if (!err.code) beluga_error_set(&err, rc, "%.80s: %s", what, beluga_error_text(rc));
    return report_file_error(args, &err, CLI_EXIT_USAGE);
}

int input_make_message(const cli_args *args, const cli_text *prompt, beluga_message **out)
{
    int rc = 0;
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    if (!message) return out_no_memory();
    if (prompt->length && beluga_message_add_text(message, prompt->data, prompt->length) != 0)
        rc = out_no_memory();
    for (size_t i = 0; i < args->attachments.count && rc == 0; i++)
        rc = attach(args, message, args->attachments.items[i]);
    if (rc == 0)
        *out = message;
    else
        beluga_message_unref(message);
    return rc;
}
