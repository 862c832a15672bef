#include "fuzz.h"

#include "base/line.h"
#include "base/utf8.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where a broken rule is reported: a copy of stderr, since stderr is closed for targets that
 * print. */
static int told = STDERR_FILENO;

__attribute__((constructor)) static void keep_stderr(void)
{
    int copy = dup(STDERR_FILENO);
    if (copy >= 0) told = copy;
}

void fuzz_broken(const char *file, int line, const char *rule, const char *text)
{
    dprintf(told, "%s:%d: broken: %s\n", file, line, rule);
    if (text) dprintf(told, "by \"%s\"\n", text);
    abort();
}

char *fuzz_copy(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    FUZZ_CHECK(copy);
    if (size) memcpy(copy, data, size);
    return copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    FUZZ_CHECK(text);
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

char *fuzz_line(char **rest)
{
    char *line = *rest, *end = line ? strchr(line, '\n') : NULL;
    *rest = end ? end + 1 : NULL;
    if (end) *end = '\0';
    return line;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static char path[32];
    static int file = -1;
    if (file < 0) file = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(file >= 0 && ftruncate(file, 0) == 0);
    FUZZ_CHECK(pwrite(file, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

void fuzz_check_text(const char *text, size_t n)
{
    FUZZ_CHECK(beluga__utf8_valid(text, n) == n);
}

void fuzz_check_line(const char *text)
{
    if (!beluga__is_line(text, strlen(text)))
        fuzz_broken(__FILE__, __LINE__, "it is one line that is safe to print", text);
}

void fuzz_check_error(int code, const beluga_error *err)
{
    FUZZ_CHECK(code < 0 && err->code == code && *err->message);
    fuzz_check_line(err->message);
    fuzz_check_line(err->cause);
    fuzz_check_line(err->operation);
    fuzz_check_line(err->provider);
    fuzz_check_line(err->model);
    fuzz_check_line(err->provider_code);
    fuzz_check_line(err->request_id);
}
