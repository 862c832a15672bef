#include "batch/why.h"

#include <beluga/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void batch_say_why(char why[BATCH_REASON_BYTES], const char *format, ...)
{
    /* longer than the result, so that a text that was cut can be recognised */
    char text[2 * BATCH_REASON_BYTES];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    beluga_text_to_line(text, strlen(text), why, BATCH_REASON_BYTES);
}
