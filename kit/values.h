/* Scenarios about the values of a call: each value must be in the request, in whatever form, or a
 * warning must report that it is not sent. They need no files except the usual answers. */
#ifndef BELUGA_KIT_VALUES_H
#define BELUGA_KIT_VALUES_H

#include "kit/run.h"

check_action check_run_options, check_run_prompts, check_run_stream_flag;
check_action check_run_tools_sent, check_run_history, check_run_choices;

#endif
