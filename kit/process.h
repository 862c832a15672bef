/*
 * The process as its host had it: its signals, locale, folder, environment, standard streams and
 * children. A provider is a guest in somebody's program, and leaves all of that alone.
 */
#ifndef BELUGA_KIT_PROCESS_H
#define BELUGA_KIT_PROCESS_H

#include "kit/text.h"

#include <stdbool.h>

/* Note how the process is. With `takes_output` stdout leads to a pipe from here on, so that it is
 * known what is written to it; this is for a process that is made for the checks. */
void check_process_begin(bool takes_output);
/* Write a line for each thing that changed since then, and note it as it is now. */
void check_process_compare(check_text *out);

#endif
