/**
 * @file context.h
 * The deadline, cancellation and trace of calls, like Go's context.Context.
 *
 * Contexts are shared. A function that takes one accepts NULL, which means that there is no
 * deadline, no cancellation and no trace. A child shares its parent's cancellation and can only
 * shorten its deadline.
 */
#ifndef BELUGA_CONTEXT_H
#define BELUGA_CONTEXT_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/**
 * Make a context that can be cancelled. It owns an atomic flag and one descriptor (an eventfd).
 *
 * @param parent  Shared, or NULL; its cancellation, deadline and trace hold for the child too.
 * @return a reference that the caller releases (beluga_context_unref), or NULL when out of memory
 * or descriptors.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API beluga_context *beluga_context_new_cancellable(beluga_context *parent);

/**
 * Make a context with a deadline. It can't be cancelled on its own: cancelling it cancels the
 * nearest parent that can be cancelled.
 *
 * The deadline is measured in real time, except for time in which the machine sleeps: it goes on
 * while no loop is stepped and while the process is stopped. An answer that has reached the kernel
 * by the deadline is read before the call ends.
 *
 * @param parent      Shared, or NULL, as for beluga_context_new_cancellable.
 * @param timeout_ms  Milliseconds from now; with 0 or less the deadline has already passed. The
 * parent's deadline applies if it is earlier.
 * @return a reference that the caller releases (beluga_context_unref), or NULL when out of memory.
 */
BELUGA_API beluga_context *beluga_context_new_timeout(beluga_context *parent, int64_t timeout_ms);

/**
 * Make a context whose calls belong to the caller's trace.
 *
 * @param parent       Shared, or NULL, as for beluga_context_new_cancellable.
 * @param traceparent  The traceparent in W3C's form, "00-<32 hex>-<16 hex>-<2 hex>" in lower case;
 * copied. Further fields of a later version of this form are dropped.
 * @return a reference that the caller releases (beluga_context_unref), or NULL when out of memory,
 * or when `traceparent` is NULL or not in that form.
 */
BELUGA_API beluga_context *beluga_context_new_traced(beluga_context *parent,
                                                     const char *traceparent);

/**
 * Make a context whose calls belong to the caller's trace, with the fields that other tracing
 * systems added to it.
 *
 * @param parent, traceparent  As for beluga_context_new_traced.
 * @param tracestate           In W3C's form, at most 512 bytes; copied. NULL or "": none. A
 * tracestate that is longer, or has characters other than visible ASCII and spaces, is dropped, as
 * the standard requires.
 * @return as beluga_context_new_traced. Since: 0.1
 */
BELUGA_API beluga_context *beluga_context_new_trace(beluga_context *parent, const char *traceparent,
                                                    const char *tracestate);

/**
 * Cancel every call under this context; each ends with context_canceled.
 *
 * A call that is started under the context later fails at once. A second cancel does nothing. If
 * the context is not cancellable, its nearest cancellable parent is cancelled; without such a
 * parent nothing happens.
 *
 * @param context  NULL does nothing.
 *
 * Threads: any, also in a signal handler. Blocks: never.
 */
BELUGA_API void beluga_context_cancel(beluga_context *context);

/** Return whether the context or a parent was cancelled; false for NULL. Threads: any. */
BELUGA_API bool beluga_context_is_cancelled(const beluga_context *context);

/**
 * Return the milliseconds left until the deadline, rounded up; 0 when it has passed; -1 when there
 * is no deadline or `context` is NULL. Threads: any.
 */
BELUGA_API int64_t beluga_context_remaining_ms(const beluga_context *context);

/**
 * Return the traceparent of the context or of its nearest parent that has one; NULL if there is
 * none or `context` is NULL. Borrowed until the context is freed. Threads: any.
 */
BELUGA_API const char *beluga_context_traceparent(const beluga_context *context);

/**
 * Return the tracestate that was given with the traceparent of beluga_context_traceparent, or NULL.
 * Borrowed until the context is freed. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_context_tracestate(const beluga_context *context);

/** Take a reference. @return `context`; NULL for NULL. Threads: any. */
BELUGA_API beluga_context *beluga_context_ref(beluga_context *context);
/**
 * Release a reference; NULL does nothing. The last one frees the context and releases its reference
 * to the parent. Running calls hold a reference of their own. Threads: any.
 */
BELUGA_API void beluga_context_unref(beluga_context *context);

BELUGA_END_DECLS
#endif
