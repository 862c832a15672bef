#include "keys/source.h"

#include "base/errno_text.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/utf8.h"
#include "keys/aws_key.h"
#include "keys/command.h"
#include "keys/google_key.h"
#include "wire/outgoing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Returns why an HTTP header can't contain this key, for example because of a word processor's
 * quotation marks. Returns NULL if a header can contain it. */
static const char *unsendable(const char *value)
{
    size_t n = strlen(value);
    beluga__misfit unused;
    if (beluga__utf8_valid(value, n) != n) return "is not UTF-8";
    if (!beluga__fits_name(value, n, &unused))
        return "has a control character in it, such as a line break";
    for (const unsigned char *at = (const unsigned char *)value; *at; at++)
        if (*at > 0xc3) return "has a character in it that HTTP can't send (beyond Latin-1)";
    return NULL;
}

int beluga__key_check_sendable(const char *value, const char *from, beluga_error *err)
{
    const char *what = unsendable(value);
    if (!what) return 0;
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key in %.100s %s", from, what);
}

static ssize_t read_file(const char *path, char *buffer, size_t size, beluga_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : beluga__read_all(fd, buffer, size);
    if (n < 0) {
        char words[128];
        const char *why = beluga__errno_text(errno, words, sizeof words);
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's file %s can't be read", path);
        beluga_error_set_cause(err, why, strlen(why));
    }
    if (fd >= 0) close(fd);
    return n;
}

/* Join the lines of a JSON object, since a key is one line. In JSON a space between values means
 * the same as a line break, and strings contain no line breaks. */
bool beluga__key_join_lines(char *text, size_t n)
{
    size_t blank = 0;
    while (blank < n && strchr(" \t\r\n", text[blank]) && text[blank]) blank++;
    if (blank == n || text[blank] != '{') return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n' || text[i] == '\r' || text[i] == '\t') text[i] = ' ';
    return true;
}

/* Returns a copy of the first line without the white space around it, or of all lines if the text
 * is a JSON object. Returns NULL with no error set if it contains a NUL byte. */
static char *trimmed(char *text, size_t n, beluga_error *err)
{
    bool object = beluga__key_join_lines(text, n);
    char *newline = object ? NULL : memchr(text, '\n', n);
    if (newline) n = (size_t)(newline - text);
    while (n && strchr(" \t\r", text[n - 1])) n--;
    for (; n && strchr(" \t", *text); n--) text++;
    if (memchr(text, '\0', n)) return NULL;
    char *copy = beluga__copy(beluga__secret_allocator(), text, n);
    if (!copy) beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    return copy;
}

static ssize_t ask_function(const beluga_key_source *function, char *buffer, size_t size,
                            int64_t *expires_s, beluga_error *err)
{
    int64_t expires = 0;
    *buffer = '\0';
    int status = function->get(function->payload, buffer, size, &expires, err);
    if (status) {
        if (!err->code) beluga_error_set(err, status, "the key's function failed");
        return -1;
    }
    *expires_s = expires ? expires : INT64_MAX;
    return (ssize_t)strnlen(buffer, size);
}

static ssize_t read_source(const beluga__source *source, const atomic_bool *unwanted, char *buffer,
                           size_t size, int64_t *expires_s, beluga_error *err)
{
    *expires_s = 0;
    switch (source->kind) {
    case BELUGA__SOURCE_FILE: return read_file(source->reference, buffer, size, err);
    case BELUGA__SOURCE_COMMAND:
        return beluga__command_read(source->reference, "the key's command",
                                    BELUGA__COMMAND_TIMEOUT_MS, unwanted, buffer, size, err);
    case BELUGA__SOURCE_AWS:
        return beluga__aws_key(source->reference, unwanted, buffer, size, expires_s, err);
    case BELUGA__SOURCE_GOOGLE: return beluga__google_key(buffer, size, err);
    default: return ask_function(source->function, buffer, size, expires_s, err);
    }
}

const char *beluga__source_name(beluga__source_kind from)
{
    static const char *const names[] = {"value",   "file",        "command",
                                        "profile", "credentials", "function"};
    return names[from];
}

/* Returns a description of the key's source for error messages. */
static const char *label_of(beluga__source_kind from)
{
    static const char *const labels[] = {"api_key",     "its file",        "its command's output",
                                         "its profile", "its credentials", "its function's answer"};
    return labels[from];
}

char *beluga__source_read(const beluga__source *source, const atomic_bool *unwanted,
                          int64_t *expires_s, beluga_error *err)
{
    const beluga_allocator *secret = beluga__secret_allocator();
    bool known = source->kind == BELUGA__SOURCE_VALUE;
    char *buffer = known ? NULL : beluga__alloc(secret, BELUGA__MAX_KEY_BYTES), *value = NULL;
    err->code = 0;
    if (known)
        value = beluga__copy(secret, source->reference, strlen(source->reference));
    else if (buffer) {
        ssize_t n = read_source(source, unwanted, buffer, BELUGA__MAX_KEY_BYTES, expires_s, err);
        if (n >= 0) value = trimmed(buffer, (size_t)n, err);
        beluga__release(secret, buffer);
    }
    if ((known && !value) || (!known && !buffer))
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    if (value && *value && !beluga__key_check_sendable(value, label_of(source->kind), err))
        return value;
    beluga__release(secret, value);
    if (!err->code)
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's %s gave no usable key",
                         beluga__source_name(source->kind));
    return NULL;
}
