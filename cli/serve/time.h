/* Writes times as text. */
#ifndef BELUGA_CLI_SERVE_TIME_H
#define BELUGA_CLI_SERVE_TIME_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Write seconds since 1970 as "2026-11-30T00:00:00Z". */
static inline void serve_write_time(int64_t seconds, char text[32])
{
    struct tm t;
    time_t at = (time_t)seconds;
    *text = '\0';
    if (gmtime_r(&at, &t)) strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &t);
}

/* Write milliseconds since 1970 as "2026-11-30T00:00:00.123Z". */
static inline void serve_write_time_ms(int64_t ms, char text[32])
{
    char whole[32];
    serve_write_time(ms / 1000, whole);
    snprintf(text, 32, "%.19s.%03dZ", whole, (int)(ms % 1000));
}

#endif
