/* Decides by the finish reason whether an answer is whole. */
#ifndef BELUGA__UNFINISHED_H
#define BELUGA__UNFINISHED_H

#include "model/call.h"

#include <beluga/event.h>

/* Returns 0 if an answer with this finish reason is whole, else the code of the error that a caller
 * gets who accepts only whole answers. */
int beluga__unfinished_code(uint32_t reason);

/* Check the FINISH of a call. Returns 0, or, if the call is strict and the answer is not whole, a
 * code with detail in `err`. */
int beluga__unfinished_check(const beluga_call *call, const beluga_event *finish,
                             beluga_error *err);

#endif
