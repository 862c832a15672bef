/* The state of the process before the checks: its signals, locale, folder, environment, standard
 * streams and children. A provider runs in the process of the host program and must not change any
 * of these. */
#ifndef BELUGA_KIT_PROCESS_H
#define BELUGA_KIT_PROCESS_H

#include "kit/text.h"

#include <stdbool.h>

/* Record the state of the process. With `takes_output` stdout is redirected into a pipe, so that
 * writes to it are noticed; use this only in a process that was made for checks. */
void check_process_begin(bool takes_output);
/* Write a line for each change since the state was recorded, and record the new state. */
void check_process_compare(check_text *out);

#endif
