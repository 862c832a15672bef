#include "observe.h"

#include <stdlib.h>

#include <beluga/client.h>
#include <beluga/telemetry.h>

#include "output.h"

enum { PATIENCE_MS = 3000 };

static beluga_telemetry *telemetry;

/* stdout is the answer's. */
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
        out_note("telemetry: %.*s: %.*s", (int)fields[0].length, fields[0].text, (int)fields[1].length,
                 fields[1].text);
}

void observe_start(void)
{
    const beluga_telemetry_settings settings = {
        .size = sizeof settings, .only_if_asked = true, .print = print, .log = on_record};
    beluga_error err;
    if (!telemetry && beluga_telemetry_init(NULL, &settings, &telemetry, &err) != 0)
        out_note("%s", err.message);
}

void observe_end(void)
{
    beluga_telemetry_shutdown(telemetry, PATIENCE_MS); /* what is lost was told, or is nobody's loss here */
    beluga_telemetry_unref(telemetry);
    telemetry = NULL;
}

beluga_context *observe_context(beluga_context *parent)
{
    const char *traceparent = getenv("TRACEPARENT");
    beluga_context *traced =
        traceparent ? beluga_context_new_trace(parent, traceparent, getenv("TRACESTATE")) : NULL;
    return traced ? traced : beluga_context_ref(parent);
}
