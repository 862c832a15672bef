/*
 * Checks in a process of their own: what crashes or hangs there is a check that failed, and the
 * rest of the report is made all the same, by a new process that goes on behind it.
 */
#ifndef BELUGA_KIT_ISOLATE_H
#define BELUGA_KIT_ISOLATE_H

#include "kit/check.h"

/* A check may take this many times the patience, then it hangs. */
enum { CHECK_PATIENCES = 4 };

/*
 * What is run in the process: it gets settings to run checks with, and must run the same checks in
 * the same order each time. `err` is told to who called check_isolated.
 */
typedef int (*check_body)(void *payload, const check_settings *settings, beluga_error *err);

/*
 * Run `body` in a child, and call settings->tell for each result, in this process. No other thread
 * may run in it, and nothing of the library may have started one.
 * @return what `body` returned, or BELUGA_ERROR_INVALID_RESPONSE when a check crashed or hung;
 *         BELUGA_ERROR_LIMIT_EXCEEDED three did, and BELUGA_ERROR_INTERNAL it crashed where no
 * check was under way: the rest was not run; BELUGA_ERROR_NO_MEMORY no process could be made.
 */
int check_isolated(const check_settings *settings, check_body body, void *payload,
                   beluga_error *err);

#endif
