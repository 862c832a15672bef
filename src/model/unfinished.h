/* What a finish says about the answer before it. */
#ifndef BELUGA__UNFINISHED_H
#define BELUGA__UNFINISHED_H

#include "model/call.h"

#include <beluga/event.h>

/* What the end of an answer for this reason means where only a whole one will do: 0 for a whole
 * one, or an error's code. */
int beluga__unfinished_code(uint32_t reason);

/* Whether a call takes this FINISH: 0, or a code with detail in `err` where it is strict and the
 * answer is not whole. */
int beluga__unfinished_check(const beluga_call *call, const beluga_event *finish,
                             beluga_error *err);

#endif
