#include "trace.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <beluga/client.h>
#include <beluga/log.h>

#include "output.h"

/* One line of a record; longer fields get lines of their own. */
#define LINE_BYTES       2048
#define SHORT_FIELD      200
#define BODY_PIECE_BYTES 3000

static bool is_short(const beluga_log_field *field)
{
    return !field->text ||
           (field->length <= SHORT_FIELD && !memchr(field->text, '\n', field->length));
}

static size_t add_field(char *line, size_t used, const beluga_log_field *field)
{
    int n;
    if (used >= LINE_BYTES) return used;
    if (field->text)
        n = snprintf(line + used, LINE_BYTES - used, " %s=%.*s", field->name, (int)field->length,
                     field->text);
    else
        n = snprintf(line + used, LINE_BYTES - used, " %s=%" PRId64, field->name, field->number);
    return n > 0 ? used + (size_t)n : used;
}

/* A body, a header block: line by line, marked, in pieces where a line is long. */
static void print_long(const beluga_log_field *field)
{
    const char *text = field->text, *end = text + field->length;
    out_detail("  %s:", field->name);
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        size_t piece = length < BODY_PIECE_BYTES ? length : BODY_PIECE_BYTES;
        out_detail("  | %.*s", (int)piece, text);
        text += piece;
        if (piece == length && newline) text++;
    }
}

static void on_record(void *payload, beluga_log_level level, const char *event,
                      const beluga_log_field *fields, size_t n)
{
    char line[LINE_BYTES];
    size_t used = (size_t)snprintf(line, sizeof line, "* %s", event);
    (void)payload;
    (void)level;
    for (size_t i = 0; i < n; i++)
        if (is_short(&fields[i])) used = add_field(line, used, &fields[i]);
    out_detail("%s", line);
    for (size_t i = 0; i < n; i++)
        if (!is_short(&fields[i])) print_long(&fields[i]);
}

void trace_start(int verbose)
{
    beluga_client *client = verbose ? beluga_client_default() : NULL;
    if (client) beluga_client_set_log(client, on_record, NULL, BELUGA_LOG_TRACE, true);
}
