#include "observe.h"

#include "exit.h"
#include "input.h"
#include "output.h"
#include "prices.h"
#include "report.h"
#include "trace/show.h"

#include <beluga/client.h>
#include <beluga/telemetry.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000 };

static beluga_telemetry *telemetry;

/* The file in which --trace records; `fd` is -1 if there is none. */
static struct {
    int fd;
    bool alone; /* OTEL_SDK_DISABLED is set, so telemetry is on only because of --trace */
    char path[256];
} recording = {.fd = -1};

/* Print telemetry on stderr, since stdout has only the answer. */
static void print(void *payload, const char *text, size_t length)
{
    (void)payload;
    if (length && text[length - 1] == '\n') length--;
    out_detail("%.*s", (int)length, text);
}

static void on_record(void *payload, beluga_log_level level, const char *event,
                      const beluga_log_field *fields, size_t n)
{
    (void)payload;
    (void)level;
    (void)event;
    if (n >= 2)
        out_note("telemetry: %.*s: %.*s", (int)fields[0].length, fields[0].text,
                 (int)fields[1].length, fields[1].text);
}

/* ---- --trace --------------------------------------------------------------------------------- */

/* Create the recording. It is kept in memory and vanishes with the process, since it may contain
 * prompts. On systems where a file in memory has no path, the recording is a temporary file that
 * only this user can read, and that is removed when the command ends. */
static int make_recording(void)
{
#ifdef __linux__
    int fd = memfd_create("beluga trace", MFD_CLOEXEC);
    snprintf(recording.path, sizeof recording.path, "/proc/self/fd/%d", fd);
    return fd;
#else
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder) folder = "/tmp";
    int n = snprintf(recording.path, sizeof recording.path, "%s/beluga-trace-XXXXXX", folder);
    if (n < (int)sizeof recording.path) return mkostemp(recording.path, O_CLOEXEC);
    errno = ENAMETOOLONG;
    return -1;
#endif
}

static int open_recording(void)
{
    recording.fd = make_recording();
    if (recording.fd >= 0) return 0;
    out_error("--trace: the recording can't be created: %s", strerror(errno));
    return CLI_EXIT_OTHER;
}

static void close_recording(void)
{
#ifndef __linux__
    unlink(recording.path);
#endif
    close(recording.fd);
    recording.fd = -1;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

/* Choose the variables that override the environment for the recording. --trace records every
 * trace, even if the environment asks for a sample only. Exporters get the trace, too, unless
 * OTEL_SDK_DISABLED turns them off. */
static const char *const *recording_variables(void)
{
    static const char *const sampled[] = {"OTEL_TRACES_SAMPLER=always_on", NULL};
    static const char *const alone[] = {
        "OTEL_TRACES_SAMPLER=always_on", "OTEL_SDK_DISABLED=false", "OTEL_TRACES_EXPORTER=none",
        "OTEL_METRICS_EXPORTER=none",    "BELUGA_TELEMETRY_FILE=",  NULL};
    const char *disabled = getenv("OTEL_SDK_DISABLED");
    recording.alone = disabled && strcasecmp(disabled, "true") == 0;
    return recording.alone ? alone : sampled;
}

static int append_to(const char *path, const cli_text *text)
{
    return out_file(path, O_APPEND, text->data, text->length);
}

/* Append the lines to the files that the user named: --trace=FILE, and BELUGA_TELEMETRY_FILE, which
 * the recording overrides. */
static int keep_lines(const cli_args *args, const cli_text *text)
{
    int rc = *args->trace ? append_to(args->trace, text) : 0;
    if (!recording.alone && is_set("BELUGA_TELEMETRY_FILE")) {
        int kept = append_to(getenv("BELUGA_TELEMETRY_FILE"), text);
        rc = rc ? rc : kept;
    }
    return rc;
}

static int draw(const cli_args *args, const cli_text *text)
{
    trace_file file = {0};
    beluga_prices *prices = NULL;
    if (!strstr(text_get(text), "\"resourceSpans\"")) {
        out_note("--trace: no model was called, so there is nothing to draw");
        return 0;
    }
    int rc = prices_load_configured(args, &prices);
    if (rc == 0) rc = trace_file_read(&file, "--trace", text->data, text->length, prices);
    if (rc == 0) rc = trace_show(args, &file, STDERR_FILENO);
    trace_file_free(&file);
    beluga_prices_free(prices);
    return rc;
}

static int end_recording(const cli_args *args)
{
    cli_text text = {0};
    int rc = input_read_file(recording.path, MAX_TRACE_FILE_BYTES, &text);
    if (rc == 0) rc = keep_lines(args, &text);
    int drawn = text.length || rc == 0 ? draw(args, &text) : 0;
    text_free(&text);
    close_recording();
    return rc ? rc : drawn;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

int observe_start(const cli_args *args)
{
    beluga_telemetry_settings settings = {
        .size = sizeof settings, .only_if_asked = true, .print = print, .log = on_record};
    beluga_error err;
    if (telemetry) return 0;
    if (args->trace) {
        int rc = open_recording();
        if (rc != 0) return rc;
        settings.file = recording.path;
        settings.variables = recording_variables();
    }
    if (beluga_telemetry_init(NULL, &settings, &telemetry, &err) == 0) return 0;
    if (args->trace) return report_error(args, &err, NULL);
    out_note("%s", err.message);
    return 0;
}

int observe_end(const cli_args *args, int code)
{
    /* The result is ignored: lost data was reported already. */
    beluga_telemetry_shutdown(telemetry, PATIENCE_MS);
    beluga_telemetry_unref(telemetry);
    telemetry = NULL;
    int rc = recording.fd >= 0 ? end_recording(args) : 0;
    return code ? code : rc;
}
