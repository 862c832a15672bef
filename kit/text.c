#include "kit/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(check_text *text, size_t extra)
{
    if (text->failed || extra >= CHECK_MAX_TEXT_BYTES - text->length) {
        text->failed = true;
        return false;
    }
    size_t needed = text->length + extra + 1, room = text->room ? text->room : 256;
    if (needed <= text->room) return true;
    while (room < needed) room *= 2;
    char *data = realloc(text->data, room);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

void check_text_add(check_text *text, const char *bytes, size_t n)
{
    if (!reserve(text, n)) return;
    if (n) memcpy(text->data + text->length, bytes, n);
    text->length += n;
    text->data[text->length] = '\0';
}

void check_text_puts(check_text *text, const char *string)
{
    check_text_add(text, string, strlen(string));
}

void check_text_printf(check_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !reserve(text, (size_t)n)) {
        text->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(text->data + text->length, (size_t)n + 1, format, args);
    va_end(args);
    text->length += (size_t)n;
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
    text->length = 0;
    text->failed = false;
    if (text->data) *text->data = '\0';
}

void check_text_free(check_text *text)
{
    free(text->data);
    *text = (check_text){0};
}

bool check_text_read(check_text *text, const char *path)
{
    char block[8192];
    size_t n;
    check_text_clear(text);
    FILE *file = fopen(path, "rbe");
    if (!file) return false;
    while ((n = fread(block, 1, sizeof block, file)) > 0) check_text_add(text, block, n);
    bool ok = !ferror(file) && !text->failed;
    fclose(file);
    if (ok) check_text_add(text, "", 0);
    return ok && !text->failed;
}
