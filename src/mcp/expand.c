#include "mcp/expand.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "keys/source.h"

#include <stdlib.h>
#include <string.h>

enum { NAME = 128 };

static int not_set(const char *name, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "the variable %.100s is not set", name);
}

/* Append the value of a placeholder, whose text between "${" and "}" has n bytes. */
static int put_variable(beluga__buf *out, const char *text, size_t n, beluga_error *err)
{
    char name[NAME];
    if (n > 4 && strncmp(text, "env:", 4) == 0) {
        text += 4;
        n -= 4;
    }
    const char *end = memchr(text, ':', n);
    size_t length = end ? (size_t)(end - text) : n;
    if (!length || length >= sizeof name || (end && (length + 1 == n || end[1] != '-')))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "${%.*s} is not a variable: write ${NAME} or ${NAME:-default}",
                                n > NAME ? NAME : (int)n, text);
    memcpy(name, text, length);
    name[length] = '\0';
    const char *value = secure_getenv(name);
    if (value && *value) return beluga__buf_puts(out, value);
    return end ? beluga__buf_append(out, end + 2, n - length - 2) : not_set(name, err);
}

int beluga__mcp_expand(beluga__buf *out, const char *text, beluga_error *err)
{
    int status = 0;
    while (!status && *text) {
        const char *begin = strstr(text, "${"), *end = begin ? strchr(begin, '}') : NULL;
        size_t plain = begin ? (size_t)(begin - text) : strlen(text);
        status = beluga__buf_append(out, text, plain);
        text += plain;
        if (!begin || status) continue;
        if (!end)
            return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                    "\"${\" has no \"}\" after it");
        status = put_variable(out, begin + 2, (size_t)(end - begin) - 2, err);
        text = end + 1;
    }
    return out->status ? beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for a text")
                       : status;
}

/* Returns the text after a prefix, or NULL if the text does not begin with the prefix. */
static char *after(char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static int read_source(beluga__buf *out, beluga__source_kind kind, char *reference,
                       beluga_error *err)
{
    int64_t expires;
    const beluga__source source = {.kind = kind, .reference = reference};
    char *value = beluga__source_read(&source, NULL, &expires, err);
    if (!value) return err->code;
    int status = beluga__buf_puts(out, value);
    beluga__release(beluga__secret_allocator(), value);
    return status;
}

int beluga__mcp_fetch(beluga__buf *out, const char *text, beluga_error *err)
{
    beluga__buf whole;
    char *rest;
    beluga__buf_init(&whole, beluga__secret_allocator(), BELUGA__MAX_KEY_BYTES);
    int status = beluga__mcp_expand(&whole, text, err);
    if (status)
        ;
    else if ((rest = after(whole.data, "env:"))) {
        const char *value = secure_getenv(rest);
        status = value && *value ? beluga__buf_puts(out, value) : not_set(rest, err);
    } else if ((rest = after(whole.data, "file:")))
        status = read_source(out, BELUGA__SOURCE_FILE, rest, err);
    else if ((rest = after(whole.data, "command:")))
        status = read_source(out, BELUGA__SOURCE_COMMAND, rest, err);
    else
        status = beluga__buf_append(out, whole.data, whole.length);
    beluga__buf_free(&whole);
    return status;
}

int beluga__mcp_expand_check(const char *text, bool is_secret, beluga_error *err)
{
    beluga__buf out;
    beluga__buf_init(&out, beluga__secret_allocator(), BELUGA__MAX_KEY_BYTES);
    int status = beluga__mcp_expand(&out, text, err);
    const char *name = is_secret && !status ? after(out.data, "env:") : NULL;
    const char *value = name ? secure_getenv(name) : NULL;
    if (name && (!value || !*value)) status = not_set(name, err);
    beluga__buf_free(&out);
    return status;
}
