/* Judges an answer by its finish. */
#ifndef BELUGA__UNFINISHED_H
#define BELUGA__UNFINISHED_H

#include "model/call.h"

#include <beluga/event.h>

/* Judge a reason where only a whole answer will do. Returns 0 for a whole one, or an error's
 * code. */
int beluga__unfinished_code(uint32_t reason);

/* Judge the FINISH of a call. Returns 0, or a code with detail in `err` where the call is strict
 * and the answer is not whole. */
int beluga__unfinished_check(const beluga_call *call, const beluga_event *finish,
                             beluga_error *err);

#endif
