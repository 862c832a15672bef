/**
 * @file context.h
 * Deadline, cancellation and the caller's trace, as Go's context.Context.
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
 * @return shared (one reference, yours), or NULL without memory or descriptors.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API beluga_context *beluga_context_new_cancellable(beluga_context *parent);

/**
 * Make a context with a deadline. It can't be cancelled by itself: cancelling it cancels the
 * nearest parent that can be.
 *
 * The deadline is real time, without the time in which the machine sleeps: it passes while nobody
 * steps a loop and while the process is stopped, too. An answer that waits in the kernel by then is
 * read before the call ends.
 *
 * @param parent      Shared, or NULL, as above.
 * @param timeout_ms  From now; 0 or less has already passed. The parent's deadline holds if it is
 * earlier.
 * @return shared (one reference, yours), or NULL without memory.
 */
BELUGA_API beluga_context *beluga_context_new_timeout(beluga_context *parent, int64_t timeout_ms);

/**
 * Make a context whose calls belong to the caller's trace.
 *
 * @param parent       Shared, or NULL, as above.
 * @param traceparent  In W3C's form, "00-<32 hex>-<16 hex>-<2 hex>" in small letters; copied.
 * Fields that a later version of the form adds behind these are left out.
 * @return shared (one reference, yours), or NULL without memory, or when `traceparent` is NULL or
 * not in that form.
 */
BELUGA_API beluga_context *beluga_context_new_traced(beluga_context *parent,
                                                     const char *traceparent);

/**
 * Make a context whose calls belong to the caller's trace, with the fields that other tracing
 * systems added to it.
 *
 * @param parent, traceparent  As for beluga_context_new_traced.
 * @param tracestate           In W3C's form, at most 512 bytes; copied. NULL or "": none. One that
 * is longer, or has other characters than visible ASCII and spaces, is left out, as the standard
 * wants it.
 * @return as beluga_context_new_traced. Since: 0.1
 */
BELUGA_API beluga_context *beluga_context_new_trace(beluga_context *parent, const char *traceparent,
                                                    const char *tracestate);

/**
 * Cancel every call under this context; each ends with context_canceled.
 *
 * A call that starts under it later fails at once. A second cancel does nothing more. On a context
 * that is not cancellable it cancels the nearest parent that is, or does nothing without one.
 *
 * @param context  NULL does nothing.
 *
 * Threads: any, and a signal handler. Blocks: never.
 */
BELUGA_API void beluga_context_cancel(beluga_context *context);

/** Return whether the context or a parent was cancelled; false for NULL. Threads: any. */
BELUGA_API bool beluga_context_is_cancelled(const beluga_context *context);

/**
 * Return the milliseconds left until the deadline, rounded up; 0 when it passed; -1 when there is
 * none, as for NULL. Threads: any.
 */
BELUGA_API int64_t beluga_context_remaining_ms(const beluga_context *context);

/**
 * Return the traceparent of the context or its nearest parent that has one; NULL without one, or
 * for NULL. Borrowed as long as the context. Threads: any.
 */
BELUGA_API const char *beluga_context_traceparent(const beluga_context *context);

/**
 * Return the tracestate that came with that traceparent, or NULL. Borrowed as long as the context.
 * Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_context_tracestate(const beluga_context *context);

/** Take a reference. @return `context`; NULL for NULL. Threads: any. */
BELUGA_API beluga_context *beluga_context_ref(beluga_context *context);
/**
 * Give a reference back; NULL does nothing. The last one frees the context and gives back its
 * reference to the parent. Calls under way hold one of their own. Threads: any.
 */
BELUGA_API void beluga_context_unref(beluga_context *context);

BELUGA_END_DECLS
#endif
