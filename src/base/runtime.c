#include "base/runtime.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_uint generation;

static void forked(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

/* Registered once, when the library is loaded: a later point could miss a fork. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forked);
}

uint32_t beluga__fork_generation(void)
{
    return atomic_load_explicit(&generation, memory_order_relaxed);
}

_Thread_local const beluga__runtime *beluga__inside;

const char *beluga_log_level_name(beluga_log_level level)
{
    static const char *const names[] = {"none", "error", "warn", "info", "debug", "trace"};
    return level >= BELUGA_LOG_ERROR && level <= BELUGA_LOG_TRACE ? names[level] : names[0];
}
