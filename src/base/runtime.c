#include "base/runtime.h"

#include "base/line.h"

#include <pthread.h>
#include <stdatomic.h>

atomic_uint beluga__forks;

static void forked(void)
{
    atomic_fetch_add_explicit(&beluga__forks, 1, memory_order_relaxed);
}

/* Register the handler when the library is loaded, so that no earlier fork is missed. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forked);
}

_Thread_local const beluga__runtime *beluga__inside;

/* --- records ---------------------------------------------------------------------------------- */

/* The largest number of fields in a record, and of bytes in a text that is changed into one line.
 * Further fields and bytes are left out. */
enum { LOG_FIELDS = 16, LOG_TEXT = 512 };

static bool are_lines(const beluga_log_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fields[i].text && !beluga__is_line(fields[i].text, fields[i].length)) return false;
    return true;
}

static void record_lines(beluga_log_fn log, void *payload, beluga_log_level level,
                         const char *event, const beluga_log_field *fields, size_t n)
{
    char texts[LOG_FIELDS][LOG_TEXT];
    beluga_log_field lines[LOG_FIELDS];
    if (n > LOG_FIELDS) n = LOG_FIELDS;
    for (size_t i = 0; i < n; i++) {
        lines[i] = fields[i];
        if (!fields[i].text || beluga__is_line(fields[i].text, fields[i].length)) continue;
        beluga__line(texts[i], LOG_TEXT, fields[i].text, fields[i].length, BELUGA__BREAKS_ESCAPED);
        lines[i].text = texts[i];
        lines[i].length = strlen(texts[i]);
    }
    log(payload, level, event, lines, n);
}

void beluga__log_record(beluga_log_fn log, void *payload, beluga_log_level level, const char *event,
                        const beluga_log_field *fields, size_t n)
{
    if (are_lines(fields, n))
        log(payload, level, event, fields, n);
    else
        record_lines(log, payload, level, event, fields, n);
}

const char *beluga_log_level_name(beluga_log_level level)
{
    static const char *const names[] = {"none", "error", "warn", "info", "debug", "trace"};
    return level >= BELUGA_LOG_ERROR && level <= BELUGA_LOG_TRACE ? names[level] : names[0];
}
