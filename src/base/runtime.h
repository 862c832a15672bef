/* A client lends this to everything below the client: memory, log, telemetry, and threads for work
 * that blocks. */
#ifndef BELUGA__RUNTIME_H
#define BELUGA__RUNTIME_H

#include <beluga/client.h>

#include <stdatomic.h>
#include <string.h>

typedef struct beluga__loop_ops beluga__loop_ops; /* loop/loop.h */

typedef struct beluga__runtime {
    beluga_allocator allocator;
    bool own_allocator; /* the allocator is the host's, and may end when the client has ended */
    beluga_log_fn log;
    void *log_payload;
    beluga_log_level log_level;
    bool capture_content;
    const beluga_telemetry_sink *telemetry; /* NULL: no telemetry */
    /* operations of new loops; NULL: the network's operations */
    const beluga__loop_ops *loop_ops;
    bool replays;     /* calls are answered from recordings: no key is needed */
    bool never_waits; /* retries come at once */
    /* Run a function on a thread where blocking is allowed. */
    int (*submit)(struct beluga__runtime *runtime, void (*run)(void *), void *argument);
    /* Lease a loop over the network for a thread where blocking is allowed. Nothing that goes over
     * it is recorded, and none of it is replayed. Returns 0, NO_MEMORY or LIMIT_EXCEEDED. */
    int (*lease_loop)(struct beluga__runtime *runtime, beluga_loop **out);
    void (*give_back_loop)(struct beluga__runtime *runtime, beluga_loop *loop);
    /* The runtime's client lives as long as there is a reference. */
    void (*ref)(struct beluga__runtime *runtime);
    void (*unref)(struct beluga__runtime *runtime);
} beluga__runtime;

static inline bool beluga__log_enabled(const beluga__runtime *runtime, beluga_log_level level)
{
    return runtime->log && level <= runtime->log_level;
}

#define BELUGA__TEXT_FIELD(field, string) \
    ((beluga_log_field){(field), (string) ? (string) : "", (string) ? strlen(string) : 0, 0})
#define BELUGA__NUMBER_FIELD(field, value) ((beluga_log_field){(field), NULL, 0, (value)})

/* Give a record to the log function. Each text becomes one line (base/line.h). */
void beluga__log_record(beluga_log_fn log, void *payload, beluga_log_level level, const char *event,
                        const beluga_log_field *fields, size_t n);

/* Log one record with the fields that follow. The fields are not evaluated when the level is
 * off. */
#define beluga__log(runtime, level, event, ...)                                               \
    do {                                                                                      \
        if (beluga__log_enabled(runtime, level)) {                                            \
            const beluga_log_field fields_[] = {__VA_ARGS__};                                 \
            beluga__log_record((runtime)->log, (runtime)->log_payload, level, event, fields_, \
                               sizeof fields_ / sizeof *fields_);                             \
        }                                                                                     \
    } while (0)

/* The runtime whose calls or work this thread runs; NULL: none. Those calls hold the runtime.
 * Every step of a loop writes this variable, so it has the TLS model that needs no call. */
extern _Thread_local const beluga__runtime *beluga__inside
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Begin to work for a runtime. Returns the previous runtime, for beluga__leave. */
static inline const beluga__runtime *beluga__enter(const beluga__runtime *runtime)
{
    const beluga__runtime *before = beluga__inside;
    beluga__inside = runtime;
    return before;
}

static inline void beluga__leave(const beluga__runtime *before)
{
    beluga__inside = before;
}

extern atomic_uint beluga__forks; /* read it by beluga__fork_generation */

/* Returns how often the process has forked. An object that was made under another number belongs
 * to a parent process. */
static inline uint32_t beluga__fork_generation(void)
{
    return atomic_load_explicit(&beluga__forks, memory_order_relaxed);
}

#endif
