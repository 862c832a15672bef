#include "batch/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define BOM       "\xEF\xBB\xBF"
#define BOM_BYTES 3

/* ---- formats --------------------------------------------------------------------------------- */

static const char *const names[] = {
    [BATCH_AUTO] = "auto", [BATCH_TEXT] = "text", [BATCH_JSONL] = "jsonl", [BATCH_CSV] = "csv"};

batch_format batch_format_from_name(const char *name)
{
    for (size_t i = BATCH_TEXT; i <= BATCH_CSV; i++)
        if (strcmp(names[i], name) == 0) return (batch_format)i;
    return BATCH_AUTO;
}

const char *batch_format_name(batch_format format)
{
    return names[format];
}

static size_t without(const char *path, size_t n, const char *end)
{
    size_t m = strlen(end);
    return n > m && strncasecmp(path + n - m, end, m) == 0 ? n - m : n;
}

batch_format batch_format_from_path(const char *path)
{
    static const struct {
        const char *end;
        batch_format format;
    } ends[] = {{".csv", BATCH_CSV},     {".tsv", BATCH_CSV},      {".tab", BATCH_CSV},
                {".jsonl", BATCH_JSONL}, {".ndjson", BATCH_JSONL}, {".txt", BATCH_TEXT}};
    size_t n = without(path, strlen(path), ".gz");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (without(path, n, ends[i].end) < n) return ends[i].format;
    return BATCH_AUTO;
}

batch_format batch_format_from_text(const char *text)
{
    if (strncmp(text, BOM, BOM_BYTES) == 0) text += BOM_BYTES;
    text += strspn(text, " \t\r\n");
    return *text && strchr("{[\"", *text) ? BATCH_JSONL : BATCH_TEXT;
}

/* ---- delimiters ------------------------------------------------------------------------------ */

typedef struct delimiter_name {
    char delimiter;
    const char *name, *several;
} delimiter_name;

static const delimiter_name delimiters[] = {
    {',', "comma", "commas"}, {';', "semicolon", "semicolons"}, {'\t', "tab", "tabs"},
    {'\t', "\\t", "tabs"},    {'|', "pipe", "vertical bars"},
};

/* Return whether a character may be a delimiter. Quotes and line ends have another meaning in CSV,
 * and a byte that is not ASCII may be part of a character. */
static bool can_delimit(char c)
{
    return c > 0 && c != '"' && c != '\n' && c != '\r';
}

char batch_delimiter_from_name(const char *name)
{
    if (*name && !name[1]) return can_delimit(*name) ? *name : '\0';
    for (size_t i = 0; i < sizeof delimiters / sizeof delimiters[0]; i++)
        if (strcasecmp(name, delimiters[i].name) == 0) return delimiters[i].delimiter;
    return '\0';
}

const char *batch_delimiter_name(char delimiter)
{
    for (size_t i = 0; i < sizeof delimiters / sizeof delimiters[0]; i++)
        if (delimiters[i].delimiter == delimiter) return delimiters[i].several;
    return NULL;
}
