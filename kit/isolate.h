/*
 * Checks in a process of their own. A crash or hang there fails one check, and a new process goes
 * on with the checks behind it, so that the report is complete.
 */
#ifndef BELUGA_KIT_ISOLATE_H
#define BELUGA_KIT_ISOLATE_H

#include "kit/check.h"

/* A check hangs when it computes, or rests, for this many times the patience; a function of the
 * provider does after one. The time in which others had the processors is not counted. */
enum { CHECK_PATIENCES = 4 };

/*
 * The function that runs in the process. It gets settings to run checks with, and must run the same
 * checks in the same order each time. The caller of check_isolated gets `err`.
 */
typedef int (*check_body)(void *payload, const check_settings *settings, beluga_error *err);

/*
 * Run `body` in a child, and call settings->tell for each result, in this process. No other thread
 * may run in it, and nothing of the library may have started one. Whatever the code that is checked
 * does to the child, it is a failure of the check that ran: a crash, an end, a hang, too much
 * memory, a fork that goes on, and descriptors that it closes or writes to.
 * @return what `body` returned, or BELUGA_ERROR_INVALID_RESPONSE when a check crashed or hung;
 *         BELUGA_ERROR_LIMIT_EXCEEDED three did, and BELUGA_ERROR_INTERNAL it crashed where no
 * check was under way: the rest was not run; BELUGA_ERROR_NO_MEMORY no process could be made.
 */
int check_isolated(const check_settings *settings, check_body body, void *payload,
                   beluga_error *err);

#endif
