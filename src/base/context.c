#include "base/context.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

static beluga_context *new_context(beluga_context *parent)
{
    beluga_context *context = beluga__zalloc(beluga_allocator_default(), sizeof *context);
    if (!context) return NULL;
    atomic_init(&context->refs, 1);
    atomic_init(&context->cancelled, false);
    context->parent = beluga_context_ref(parent);
    context->deadline_ns = beluga__context_deadline_ns(parent);
    context->wake = BELUGA__NO_WAKE;
    return context;
}

beluga_context *beluga_context_new_cancellable(beluga_context *parent)
{
    beluga_context *context = new_context(parent);
    if (!context) return NULL;
    if (beluga__wake_open(&context->wake)) return context;
    beluga_context_unref(context);
    return NULL;
}

beluga_context *beluga_context_new_timeout(beluga_context *parent, int64_t timeout_ms)
{
    beluga_context *context = new_context(parent);
    if (!context) return NULL;
    int64_t now = beluga__now_ns(), deadline = now;
    if (timeout_ms > 0 && __builtin_mul_overflow(timeout_ms, BELUGA__NS_PER_MS, &deadline))
        deadline = INT64_MAX;
    else if (timeout_ms > 0 && __builtin_add_overflow(deadline, now, &deadline))
        deadline = INT64_MAX;
    if (deadline < context->deadline_ns) context->deadline_ns = deadline;
    return context;
}

/* Check a traceparent. W3C Trace Context, level 2, requires "00-32 hex-16 hex-2 hex" in lower case,
 * with ids that are not all zeros. Later versions may have more fields behind another dash. */
static bool valid_traceparent(const char *text)
{
    static const char pattern[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    size_t length = sizeof pattern - 1;
    if (!text || strnlen(text, length) != length) return false;
    if (text[length] && (text[length] != '-' || strncmp(text, "00", 2) == 0)) return false;
    for (size_t i = 0; i < length; i++) {
        bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (pattern[i] == 'h' ? !hex : text[i] != '-') return false;
    }
    return strncmp(text, "ff", 2) != 0 && strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}

static bool valid_tracestate(const char *text)
{
    size_t n = text ? strnlen(text, BELUGA__MAX_TRACESTATE_BYTES + 1) : 0;
    if (!n || n > BELUGA__MAX_TRACESTATE_BYTES) return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e) return false;
    return true;
}

beluga_context *beluga_context_new_trace(beluga_context *parent, const char *traceparent,
                                         const char *tracestate)
{
    if (!valid_traceparent(traceparent)) return NULL;
    beluga_context *context = new_context(parent);
    if (!context) return NULL;
    memcpy(context->traceparent, traceparent, sizeof context->traceparent - 1);
    if (!valid_tracestate(tracestate)) return context;
    context->tracestate = beluga__copy(beluga_allocator_default(), tracestate, strlen(tracestate));
    if (context->tracestate) return context;
    beluga_context_unref(context);
    return NULL;
}

beluga_context *beluga_context_new_traced(beluga_context *parent, const char *traceparent)
{
    return beluga_context_new_trace(parent, traceparent, NULL);
}

/* A signal handler may call this: it only stores a value and writes to a file descriptor. */
void beluga_context_cancel(beluga_context *context)
{
    while (context && context->wake.fd < 0) context = context->parent;
    if (!context) return;
    int saved = errno;
    if (!atomic_exchange(&context->cancelled, true)) beluga__wake_up(&context->wake);
    errno = saved;
}

bool beluga_context_is_cancelled(const beluga_context *context)
{
    for (; context; context = context->parent)
        if (atomic_load_explicit(&context->cancelled, memory_order_acquire)) return true;
    return false;
}

int64_t beluga_context_remaining_ms(const beluga_context *context)
{
    int64_t deadline = beluga__context_deadline_ns(context);
    if (deadline == INT64_MAX) return -1;
    int64_t left = deadline - beluga__now_ns();
    return left <= 0 ? 0 : (left + BELUGA__NS_PER_MS - 1) / BELUGA__NS_PER_MS;
}

const char *beluga_context_traceparent(const beluga_context *context)
{
    for (; context; context = context->parent)
        if (*context->traceparent) return context->traceparent;
    return NULL;
}

const char *beluga_context_tracestate(const beluga_context *context)
{
    for (; context; context = context->parent)
        if (*context->traceparent) return context->tracestate;
    return NULL;
}

beluga_context *beluga_context_ref(beluga_context *context)
{
    if (context) atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    return context;
}

void beluga_context_unref(beluga_context *context)
{
    while (context && atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) == 1) {
        beluga_context *parent = context->parent;
        beluga__wake_close(&context->wake);
        beluga__release(beluga_allocator_default(), context->tracestate);
        beluga__release(beluga_allocator_default(), context);
        context = parent;
    }
}
