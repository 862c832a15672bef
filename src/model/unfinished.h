/* Judges an answer by its finish reason. */
#ifndef BELUGA__UNFINISHED_H
#define BELUGA__UNFINISHED_H

#include "model/call.h"

#include <beluga/event.h>

/* Judge a finish reason where only a whole answer is acceptable. Returns 0 for a whole answer, or
 * an error's code. */
int beluga__unfinished_code(uint32_t reason);

/* Judge the FINISH of a call. Returns 0, or a code with detail in `err` where the call is strict
 * and the answer is not whole. */
int beluga__unfinished_check(const beluga_call *call, const beluga_event *finish,
                             beluga_error *err);

#endif
