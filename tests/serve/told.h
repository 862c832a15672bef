/* The command's messages, which the code under test would print: the last one is kept for the
 * test, and how many there were. A test program includes this once. */
#ifndef TESTS_TOLD_H
#define TESTS_TOLD_H

#include "output.h"

#include <stdarg.h>
#include <stdio.h>

static char told[512];
static int n_told;

void out_say(out_kind kind, const char *format, ...)
{
    va_list values;
    (void)kind;
    va_start(values, format);
    vsnprintf(told, sizeof told, format, values);
    va_end(values);
    n_told++;
}

#endif
