/* Runs checks in a separate process. A crash or hang there fails one check, and a new process
 * continues with the checks after it, so that the report is complete. */
#ifndef BELUGA_KIT_ISOLATE_H
#define BELUGA_KIT_ISOLATE_H

#include "kit/check.h"

/* A check counts as hung when it has computed or waited for CHECK_PATIENCES times
 * settings->patience_ms; a single function of the provider, when it has done so for patience_ms.
 * Time in which other programs used the processors is not counted. */
enum { CHECK_PATIENCES = 4 };

/* The function that runs in the process. It must run the same checks in the same order each time,
 * with the settings that it gets. The caller of check_isolated receives `err`. */
typedef int (*check_body)(void *payload, const check_settings *settings, beluga_error *err);

/* Run `body` in a child, and call settings->tell for each result, in this process. This process
 * must have no other thread, and no thread of the library may have been started in it. Whatever the
 * checked code does to the child is a failure of the check that ran: a crash, an exit, a hang, too
 * much memory, a fork that continues, or descriptors that it closes or writes to.
 * @return the code that `body` returned, or BELUGA_ERROR_INVALID_RESPONSE if a check crashed or
 * hung; BELUGA_ERROR_LIMIT_EXCEEDED if three did, and BELUGA_ERROR_INTERNAL if the child crashed
 * while no check ran (in both cases the rest was not run); BELUGA_ERROR_NO_MEMORY if no process
 * could be made. */
int check_isolated(const check_settings *settings, check_body body, void *payload,
                   beluga_error *err);

#endif
