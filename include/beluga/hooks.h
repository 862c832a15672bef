/**
 * @file hooks.h
 * Your own functions around every call of a model: to look, to refuse, to stop.
 */
#ifndef BELUGA_HOOKS_H
#define BELUGA_HOOKS_H

#include <beluga/common.h>
#include <beluga/error.h>
#include <beluga/event.h>

BELUGA_BEGIN_DECLS

/**
 * Functions that are called on the thread that runs the call, from any number of threads at once;
 * they must not block. Any of them may be NULL. What they are given is borrowed; what a call holds
 * is read with the functions of provider/provider.h.
 */
typedef struct beluga_hooks {
    size_t size; /**< sizeof(beluga_hooks) */
    void *payload;
    /** A call begins. @return 0, or a code with detail in `err`: then it is not sent. */
    int (*before)(void *payload, const beluga_call *call, beluga_error *err);
    /** An event of the answer, before the caller gets it. @return 0, or a code that ends the call.
     */
    int (*event)(void *payload, const beluga_call *call, const beluga_event *event,
                 beluga_error *err);
    /** A tool call is whole. @return 0, or a code that ends the call before anybody runs it. */
    int (*tool_call)(void *payload, const beluga_call *call, const char *id, const char *name,
                     const char *arguments, size_t length, beluga_error *err);
    /** The answer is complete. */
    void (*after)(void *payload, const beluga_call *call, beluga_finish_reason reason,
                  const beluga_usage *usage);
    /** The call failed, for good: all retries and fallbacks are over; or it was cancelled. */
    void (*failed)(void *payload, const beluga_call *call, const beluga_error *error,
                   const beluga_usage *usage);
} beluga_hooks;

BELUGA_END_DECLS
#endif
