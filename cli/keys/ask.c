#include "exit.h"
#include "input.h"
#include "keys/keep.h"
#include "output.h"
#include "terminal/term.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The longest keys are JSON files that contain a certificate. */
#define MAX_KEY_BYTES ((size_t)64 * 1024)

/* ---- reading from the terminal without echo -------------------------------------------------- */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define N_ENDING (sizeof ending / sizeof ending[0])

static struct termios usual;

/* Signal handler: turn the terminal's echo on again before the signal ends or stops the program. */
static void on_end(int number)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &usual);
    signal(number, SIG_DFL);
    raise(number);
}

static int read_line(cli_text *line)
{
    char c;
    ssize_t n;
    while ((n = read(STDIN_FILENO, &c, 1)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0) continue;
        if (c == '\n') return 0;
        if (line->length >= MAX_KEY_BYTES) return out_usage("the key is too long");
        if (text_add(line, &c, 1) != 0) return out_no_memory();
    }
    return 0;
}

static int ask(const char *provider, cli_text *key)
{
    struct termios silent;
    char question[128];
    struct sigaction action = {.sa_handler = on_end}, before[N_ENDING];
    snprintf(question, sizeof question, "Key for %.80s (not shown): ", provider);
    if (tcgetattr(STDIN_FILENO, &usual) != 0) return read_line(key);
    silent = usual;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    for (size_t i = 0; i < N_ENDING; i++) sigaction(ending[i], &action, &before[i]);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    out_drawn(STDERR_FILENO, question, strlen(question));
    int rc = read_line(key);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    for (size_t i = 0; i < N_ENDING; i++) sigaction(ending[i], &before[i], NULL);
    out_drawn(STDERR_FILENO, "\n", 1);
    return rc;
}

/* ---- the key --------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(cli_text *key)
{
    size_t from = 0;
    while (key->length && is_space(key->data[key->length - 1])) key->data[--key->length] = '\0';
    while (from < key->length && is_space(key->data[from])) from++;
    if (from) beluga__buf_consume(key, from);
}

/* Check a key. A key of more than one line must be a file of credentials in JSON. */
static int check(const cli_text *key)
{
    if (!key->length) return out_usage("the key is empty; nothing was stored");
    if (key->data[0] == '{') return 0;
    for (size_t i = 0; i < key->length; i++)
        if ((unsigned char)key->data[i] <= ' ' || key->data[i] == 0x7f)
            return out_usage(
                "a key must be one word, or a JSON file of credentials; nothing was stored");
    return 0;
}

int keys_ask(const char *provider, cli_text *key)
{
    /* Reserve all memory now. A buffer that grows would leave copies of the key behind, which are
     * not wiped. */
    if (text_reserve(key, 2 * MAX_KEY_BYTES) != 0) return out_no_memory();
    int rc = term_is_in() ? ask(provider, key) : input_read_stdin(MAX_KEY_BYTES, key);
    if (rc != 0) return rc;
    trim(key);
    return check(key);
}

void keys_wipe(cli_text *key)
{
    if (key->capacity) explicit_bzero(key->data, key->capacity);
    text_free(key);
}
