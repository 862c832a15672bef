#include "kit/text.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A story does not use the client's allocator, since some scenarios count its blocks and others
 * make it fail on purpose. */
static const beluga_allocator own_memory = BELUGA__SYSTEM_ALLOCATOR;

check_text *check_text_begin(check_text *text)
{
    if (text->allocator) return text;
    int status = text->status; /* keep an error that was set before the buffer was initialised */
    beluga__buf_init(text, &own_memory, CHECK_MAX_TEXT_BYTES);
    text->status = status;
    return text;
}

void check_text_add(check_text *text, const char *bytes, size_t n)
{
    beluga__buf_append(check_text_begin(text), bytes, n);
}

void check_text_puts(check_text *text, const char *string)
{
    check_text_add(text, string, strlen(string));
}

void check_text_replace(check_text *text, const char *string, const char *from, const char *to)
{
    size_t n = strlen(from);
    const char *found;
    while (n && (found = strstr(string, from))) {
        check_text_add(text, string, (size_t)(found - string));
        check_text_puts(text, to);
        string = found + n;
    }
    check_text_puts(text, string);
}

const char *check_text_get(const check_text *text)
{
    return text->data ? text->data : "";
}

void check_text_clear(check_text *text)
{
    beluga__buf_clear(text);
}

void check_text_free(check_text *text)
{
    beluga__buf_free(text);
    *text = (check_text){0};
}

bool check_text_read(check_text *text, const char *path)
{
    char block[8192];
    size_t n;
    struct stat about;
    check_text_clear(text);
    /* opening a pipe could wait for ever, and a device has no end */
    if (stat(path, &about) || !S_ISREG(about.st_mode)) return false;
    FILE *file = fopen(path, "rbe");
    if (!file) return false;
    while ((n = fread(block, 1, sizeof block, file)) > 0) check_text_add(text, block, n);
    bool ok = !ferror(file) && !text->status;
    fclose(file);
    if (ok) check_text_add(text, "", 0);
    return ok && !text->status;
}
