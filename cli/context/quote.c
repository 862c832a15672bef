#include "context/quote.h"

#include <beluga/log.h>

#include <stdlib.h>
#include <string.h>

/* Returns the number of backticks for the fence: at least three, and one more than the longest row
 * of backticks in the text. */
static size_t fence_of(const char *text, size_t length)
{
    size_t longest = 2, run = 0;
    for (size_t i = 0; i < length; i++) {
        run = text[i] == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest + 1;
}

static void put_fence(cli_text *out, size_t n)
{
    if (text_reserve(out, n)) return;
    memset(out->data + out->length, '`', n);
    out->length += n;
    text_puts(out, "\n");
}

static void put_name(cli_text *out, const char *name)
{
    size_t size = beluga_text_to_line(name, strlen(name), NULL, 0) + 1;
    char *line = malloc(size);
    if (line) beluga_text_to_line(name, strlen(name), line, size);
    text_printf(out, "File: %s\n", line ? line : "?");
    free(line);
}

int quote_file(cli_text *out, const char *name, const char *text, size_t length)
{
    size_t fence = fence_of(text, length);
    put_name(out, name);
    put_fence(out, fence);
    text_add(out, text, length);
    if (length && text[length - 1] != '\n') text_puts(out, "\n");
    put_fence(out, fence);
    return out->status;
}
