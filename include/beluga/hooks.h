/**
 * @file hooks.h
 * Functions of your own that are called around every call of a model, to observe, refuse or stop
 * it.
 */
#ifndef BELUGA_HOOKS_H
#define BELUGA_HOOKS_H

#include <beluga/common.h>
#include <beluga/error.h>
#include <beluga/event.h>

BELUGA_BEGIN_DECLS

/**
 * Functions that are called on the thread that runs the call, by any number of threads at once.
 * They must not block. Any of them may be NULL. Their arguments are borrowed until the function
 * returns. Use the functions of provider/provider.h to read the messages and options of a `call`.
 */
typedef struct beluga_hooks {
    size_t size; /**< sizeof(beluga_hooks) */
    /** passed to each function; borrowed until the last model with these hooks is freed */
    void *payload;
    /**
     * A call begins.
     * @return 0; or a negative code, with detail in `err`: the call then fails with it, and nothing
     * is sent.
     */
    int (*before)(void *payload, const beluga_call *call, beluga_error *err);
    /**
     * An event of the answer came, other than ERROR. The caller gets it after this function.
     * @return 0; or a negative code, with detail in `err`, with which the call then fails.
     */
    int (*event)(void *payload, const beluga_call *call, const beluga_event *event,
                 beluga_error *err);
    /**
     * A tool call has arrived completely.
     * @return 0; or a negative code, with detail in `err`, with which the call then fails before
     * the tool is run.
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
