#include "wire_log.h"

#include "output.h"

#include <beluga/client.h>
#include <beluga/log.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES      1024
#define MAX_PIECE_BYTES 3000
#define MARK_REQUEST    '>'
#define MARK_RESPONSE   '<'

static const beluga_log_field *find(const beluga_log_field *fields, size_t n, const char *name)
{
    static const beluga_log_field none = {.name = "", .text = ""};
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0) return &fields[i];
    return &none;
}

/* Print the lines of a text, each after a mark, without empty lines. A long line is printed in
 * pieces. */
static void print_lines(char mark, const beluga_log_field *field)
{
    const char *text = field->text, *end = text ? text + field->length : text;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        size_t piece = length < MAX_PIECE_BYTES ? length : MAX_PIECE_BYTES;
        size_t shown = piece && text[piece - 1] == '\r' ? piece - 1 : piece;
        if (shown) out_detail("%c %.*s", mark, (int)shown, text);
        text += piece;
        if (piece == length && newline) text++;
    }
}

static void print_request(const beluga_log_field *fields, size_t n)
{
    const beluga_log_field *method = find(fields, n, "method"), *url = find(fields, n, "url");
    out_detail("%c %.*s %.*s", MARK_REQUEST, (int)method->length, method->text, (int)url->length,
               url->text);
    print_lines(MARK_REQUEST, find(fields, n, "headers"));
    out_detail("%c", MARK_REQUEST);
    print_lines(MARK_REQUEST, find(fields, n, "body"));
}

static void print_response(const beluga_log_field *fields, size_t n)
{
    out_detail("%c status %" PRId64, MARK_RESPONSE, find(fields, n, "status")->number);
    print_lines(MARK_RESPONSE, find(fields, n, "headers"));
    out_detail("%c", MARK_RESPONSE);
}

static size_t add_field(char *line, size_t used, const beluga_log_field *field)
{
    int n;
    bool known = field->text ? field->length > 0 : field->number >= 0;
    if (used >= LINE_BYTES || !known) return used;
    if (field->text)
        n = snprintf(line + used, LINE_BYTES - used, " %s=%.*s", field->name, (int)field->length,
                     field->text);
    else
        n = snprintf(line + used, LINE_BYTES - used, " %s=%" PRId64, field->name, field->number);
    return n > 0 ? used + (size_t)n : used;
}

static void print_other(const char *event, const beluga_log_field *fields, size_t n)
{
    char line[LINE_BYTES];
    size_t used = (size_t)snprintf(line, sizeof line, "* %s", event);
    for (size_t i = 0; i < n; i++) used = add_field(line, used, &fields[i]);
    out_detail("%s", line);
}

static void on_record(void *payload, beluga_log_level level, const char *event,
                      const beluga_log_field *fields, size_t n)
{
    (void)payload;
    (void)level;
    if (strcmp(event, "http.request") == 0)
        print_request(fields, n);
    else if (strcmp(event, "http.response") == 0)
        print_response(fields, n);
    else if (strcmp(event, "http.body") == 0)
        print_lines(MARK_RESPONSE, find(fields, n, "data"));
    else
        print_other(event, fields, n);
}

void wire_log_start(int verbose)
{
    beluga_client *client = verbose ? beluga_client_default() : NULL;
    if (client) beluga_client_set_log(client, on_record, NULL, BELUGA_LOG_TRACE, true);
}
