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
 * Functions that are called on the thread that runs the call, by any number of threads at once.
 * They must not block. Any of them may be NULL. Their arguments are borrowed for the call of the
 * function. The functions of provider/provider.h read the messages and options of a `call`.
 */
typedef struct beluga_hooks {
    size_t size;   /**< sizeof(beluga_hooks) */
    void *payload; /**< handed to each function; borrowed until the last model is gone */
    /**
     * A call begins.
     * @return 0; or a negative code, with detail in `err`: then the call is not sent and fails with
     * it.
     */
    int (*before)(void *payload, const beluga_call *call, beluga_error *err);
    /**
     * An event of the answer came, ERROR excepted; the caller gets it after this function.
     * @return 0; or a negative code, with detail in `err`: then the call ends with it.
     */
    int (*event)(void *payload, const beluga_call *call, const beluga_event *event,
                 beluga_error *err);
    /**
     * A tool call is whole.
     * @return 0; or a negative code, with detail in `err`: then the call ends before anybody runs
     * the tool.
     */
    int (*tool_call)(void *payload, const beluga_call *call, const char *id, const char *name,
                     const char *arguments, size_t length, beluga_error *err);
    /** The answer is complete. */
    void (*after)(void *payload, const beluga_call *call, beluga_finish_reason reason,
                  const beluga_usage *usage);
    /** The call failed for good, after all retries and fallbacks, or was cancelled. */
    void (*failed)(void *payload, const beluga_call *call, const beluga_error *error,
                   const beluga_usage *usage);
} beluga_hooks;

BELUGA_END_DECLS
#endif
