/* The public functions of telemetry, and those that the client calls. */
#include "telemetry/telemetry.h"

#include "base/new_file.h"
#include "telemetry/export.h"
#include "telemetry/record.h"

#include <beluga/error.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void complain(void *payload, const char *variable, const char *what)
{
    beluga__telemetry_log(payload, BELUGA_LOG_WARN, "telemetry.setting", variable, what);
}

/* Open the file once, so that a file that can't be opened is reported now, and not when the first
 * export fails. */
static int try_file(const beluga_telemetry *t, beluga_error *err)
{
    char text[128];
    const char *path = t->settings.file;
    int file = path ? beluga__telemetry_open_file(path) : -1;
    if (path && file < 0)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "telemetry: %.200s can't be written: %s", path,
                                beluga__file_explain(errno, text, sizeof text));
    if (file >= 0) close(file);
    return 0;
}

static bool has_output(const beluga_telemetry *t)
{
    return !t->settings.disabled &&
           (t->settings.file || t->settings.traces.output != BELUGA__OUTPUT_NONE ||
            t->settings.metrics.output != BELUGA__OUTPUT_NONE);
}

int beluga__telemetry_new(const beluga_telemetry_settings *given, beluga_log_fn log,
                          void *log_payload, beluga_telemetry **out, beluga_error *err)
{
    *out = NULL;
    beluga_telemetry *t = beluga__telemetry_alloc(beluga_allocator_default(), log, log_payload);
    if (!t) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for telemetry");
    t->sink = (beluga_telemetry_sink){.size = sizeof t->sink,
                                      .payload = t,
                                      .begin = beluga__record_begin,
                                      .event = beluga__record_event,
                                      .end = beluga__record_end,
                                      .attribute = beluga__record_attribute,
                                      .measure = beluga__record_measure,
                                      .context = beluga__record_trace_context,
                                      .content = beluga__record_content};
    int status = beluga__telemetry_settings_read(&t->settings, &t->arena, given, complain, t, err);
    if (!status && has_output(t)) status = try_file(t, err);
    if (status || !has_output(t))
        beluga__telemetry_destroy(t);
    else
        *out = t;
    return status;
}

bool beluga__telemetry_captures(const beluga_telemetry *telemetry)
{
    return telemetry->settings.capture_content;
}

void beluga__telemetry_use(beluga_telemetry *telemetry)
{
    atomic_fetch_add_explicit(&telemetry->users, 1, memory_order_relaxed);
}

bool beluga__telemetry_end(beluga_telemetry *telemetry, int64_t timeout_ms)
{
    if (atomic_load_explicit(&telemetry->users, memory_order_acquire) != 1) return true;
    beluga_telemetry_shutdown(telemetry, timeout_ms);
    return beluga__export_has_ended(telemetry);
}

void beluga_telemetry_unref(beluga_telemetry *telemetry)
{
    if (!telemetry || atomic_fetch_sub_explicit(&telemetry->users, 1, memory_order_acq_rel) != 1)
        return;
    atomic_store_explicit(&telemetry->stopped, true, memory_order_relaxed);
    beluga__export_stop_soon(telemetry);
    if (atomic_fetch_sub_explicit(&telemetry->refs, 1, memory_order_acq_rel) == 1)
        beluga__telemetry_destroy(telemetry);
}

const beluga_telemetry_sink *beluga_telemetry_get_sink(beluga_telemetry *telemetry)
{
    return &telemetry->sink;
}

int beluga_telemetry_flush(beluga_telemetry *telemetry, int64_t timeout_ms)
{
    return telemetry ? beluga__export_flush(telemetry, timeout_ms) : 0;
}

int beluga_telemetry_shutdown(beluga_telemetry *telemetry, int64_t timeout_ms)
{
    if (!telemetry) return 0;
    /* Spans that end from now on are counted as dropped, since the exporter's thread is about to
     * end. */
    atomic_store_explicit(&telemetry->stopped, true, memory_order_relaxed);
    return beluga__export_stop(telemetry, timeout_ms);
}

uint64_t beluga_telemetry_dropped(const beluga_telemetry *telemetry)
{
    uint64_t sum = 0;
    for (int i = 0; telemetry && i < BELUGA__DROPS; i++)
        sum += atomic_load_explicit(&telemetry->dropped[i], memory_order_relaxed);
    return sum;
}
