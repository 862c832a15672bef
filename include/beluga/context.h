/**
 * @file context.h
 * Deadline, cancellation and the caller's trace, as Go's context.Context.
 *
 * Contexts are shared. Wherever one is taken NULL means "none". Children share their parent's
 * cancellation and can only shorten its deadline.
 */
#ifndef BELUGA_CONTEXT_H
#define BELUGA_CONTEXT_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/**
 * Make a context that can be cancelled. It owns an atomic flag and one descriptor (an eventfd).
 *
 * @param parent  Shared, or NULL; its cancellation and deadline hold for the child too.
 * @return shared (one reference, yours), or NULL without memory or descriptors.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API beluga_context *beluga_context_new_cancellable(beluga_context *parent);

/**
 * Make a context with a deadline.
 *
 * The deadline is real time, without the time in which the machine sleeps: it goes on while nobody
 * steps a loop and while the process is stopped. An answer that waits in the kernel by then is read
 * before the call ends.
 *
 * @param timeout_ms  From now; 0 or less has already passed. The parent's deadline holds if
 * earlier.
 */
BELUGA_API beluga_context *beluga_context_new_timeout(beluga_context *parent, int64_t timeout_ms);

/**
 * Make a context whose calls belong to the caller's trace.
 *
 * @param traceparent  W3C form, "00-<32 hex>-<16 hex>-<2 hex>"; copied. What a later version has
 * behind these is left out.
 * @return NULL also when the text is not in that form.
 */
BELUGA_API beluga_context *beluga_context_new_traced(beluga_context *parent,
                                                     const char *traceparent);

/**
 * The same, with what other tracing systems added to the trace.
 *
 * @param tracestate  W3C form, at most 512 bytes; copied. NULL or "": none. One that is too long or
 * has control characters is left out, as the standard wants it. Since: 0.1
 */
BELUGA_API beluga_context *beluga_context_new_trace(beluga_context *parent, const char *traceparent,
                                                    const char *tracestate);

/**
 * Cancel every call under this context; each ends with context_canceled.
 *
 * Safe from any thread and from a signal handler. Before a call starts, twice, or after the end it
 * does nothing more. On a context that is not cancellable it cancels the nearest parent that is.
 */
BELUGA_API void beluga_context_cancel(beluga_context *context);

/** Return whether it or a parent was cancelled. Threads: any. */
BELUGA_API bool beluga_context_is_cancelled(const beluga_context *context);

/** Return the milliseconds left until the deadline, 0 when passed, -1 when there is none. */
BELUGA_API int64_t beluga_context_remaining_ms(const beluga_context *context);

/** Return the traceparent, or NULL. Borrowed until the context goes. */
BELUGA_API const char *beluga_context_traceparent(const beluga_context *context);

/** Return the tracestate that came with it, or NULL. Borrowed until the context goes. Since: 0.1 */
BELUGA_API const char *beluga_context_tracestate(const beluga_context *context);

BELUGA_API beluga_context *beluga_context_ref(beluga_context *context);
BELUGA_API void beluga_context_unref(beluga_context *context);

BELUGA_END_DECLS
#endif
