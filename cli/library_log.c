#include "library_log.h"

#include "output.h"

#include <beluga/client.h>
#include <beluga/log.h>
#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define LINE_BYTES 4096
#define TIME_BYTES 64

/* Write the time in UTC with milliseconds, as RFC 3339 defines it. */
static void write_time(char text[TIME_BYTES])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t n = strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + n, TIME_BYTES - n, ".%03ldZ", now.tv_nsec / 1000000);
}

/* Returns whether a field has a value. An empty text or a negative number means that the value is
 * unknown; such a field is not printed. */
static bool is_known(const beluga_log_field *field)
{
    return field->text ? field->length > 0 : field->number >= 0;
}

static void print_json(beluga_log_level level, const char *event, const beluga_log_field *fields,
                       size_t n)
{
    char time[TIME_BYTES];
    const char *text;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return;
    write_time(time);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "time", time);
    beluga_json_put_string(w, "level", beluga_log_level_name(level));
    beluga_json_put_string(w, "event", event);
    for (size_t i = 0; i < n; i++) {
        if (!is_known(&fields[i])) continue;
        if (fields[i].text)
            beluga_json_put_string_n(w, fields[i].name, fields[i].text, fields[i].length);
        else
            beluga_json_put_int(w, fields[i].name, fields[i].number);
    }
    beluga_json_end_object(w);
    if (beluga_json_writer_text(w, &text, &length) == 0) out_detail_json(text, length);
    beluga_json_writer_free(w);
}

/* Write the value of a field: a single word unchanged, and any other text in quotes, on one
 * line. */
static int put_text(char *at, size_t room, const beluga_log_field *field)
{
    bool plain = true;
    for (size_t i = 0; i < field->length; i++)
        plain = plain && (unsigned char)field->text[i] > ' ' && field->text[i] != '"';
    int n = snprintf(at, room, plain ? " %s=%.*s" : " %s=\"%.*s\"", field->name, (int)field->length,
                     field->text);
    for (char *c = at; !plain && *c; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    return n;
}

static void print_text(beluga_log_level level, const char *event, const beluga_log_field *fields,
                       size_t n)
{
    char line[LINE_BYTES], time[TIME_BYTES];
    write_time(time);
    size_t used =
        (size_t)snprintf(line, sizeof line, "%s %s %s", time, beluga_log_level_name(level), event);
    for (size_t i = 0; i < n && used < sizeof line; i++) {
        if (!is_known(&fields[i])) continue;
        int wrote = fields[i].text ? put_text(line + used, sizeof line - used, &fields[i])
                                   : snprintf(line + used, sizeof line - used, " %s=%" PRId64,
                                              fields[i].name, fields[i].number);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    char safe[2 * LINE_BYTES]; /* `line` without control characters, which bodies and headers from a
                                * server may contain */
    beluga_text_to_line(line, strlen(line), safe, sizeof safe);
    out_detail("%s", safe);
}

static void on_text(void *payload, beluga_log_level level, const char *event,
                    const beluga_log_field *fields, size_t n)
{
    (void)payload;
    print_text(level, event, fields, n);
}

static void on_json(void *payload, beluga_log_level level, const char *event,
                    const beluga_log_field *fields, size_t n)
{
    (void)payload;
    print_json(level, event, fields, n);
}

static int level_named(const char *name)
{
    for (int level = BELUGA_LOG_ERROR; level <= BELUGA_LOG_TRACE; level++)
        if (strcasecmp(name, beluga_log_level_name((beluga_log_level)level)) == 0) return level;
    return 0;
}

/* Returns whether to log prompts and answers, which are private. OpenTelemetry defines a variable
 * for this, so there is no variable of our own. */
static bool captures_content(void)
{
    static const char *const yes[] = {"true", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"};
    const char *value = getenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT");
    for (size_t i = 0; value && i < sizeof yes / sizeof *yes; i++)
        if (strcasecmp(value, yes[i]) == 0) return true;
    return false;
}

void library_log_start(void)
{
    const char *name = getenv("BELUGA_LOG_LEVEL"), *format = getenv("BELUGA_LOG_FORMAT");
    if (!name || !*name) return;
    int level = level_named(name);
    bool json = format && strcasecmp(format, "json") == 0;
    if (!level) {
        out_note("BELUGA_LOG_LEVEL must be error, warn, info, debug or trace, not %s", name);
        return;
    }
    if (format && *format && !json && strcasecmp(format, "text") != 0)
        out_note("BELUGA_LOG_FORMAT must be text or json, not %s; using text", format);
    beluga_client *client = beluga_client_default();
    if (client)
        beluga_client_set_log(client, json ? on_json : on_text, NULL, (beluga_log_level)level,
                              captures_content());
}
