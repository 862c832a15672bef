/* The part of a client that everything below the client uses: memory, log, telemetry, and threads
 * for blocking work. */
#ifndef BELUGA__RUNTIME_H
#define BELUGA__RUNTIME_H

#include <beluga/client.h>

#include <stdatomic.h>
#include <string.h>

typedef struct beluga__loop_ops beluga__loop_ops; /* loop/loop.h */

typedef struct beluga__runtime {
    beluga_allocator allocator;
    /* the allocator is the host program's, and may not be used after the client's end */
    bool own_allocator;
    beluga_log_fn log;
    void *log_payload;
    beluga_log_level log_level;
    bool capture_content;
    const beluga_telemetry_sink *telemetry; /* NULL: no telemetry */
    /* functions of new loops; NULL: those of the network */
    const beluga__loop_ops *loop_ops;
    bool replays;     /* calls are answered from recordings: no key is needed */
    bool never_waits; /* retries start at once, without a wait */
    /* Run a function on a thread that may block. */
    int (*submit)(struct beluga__runtime *runtime, void (*run)(void *), void *argument);
    /* Lease a network loop for a thread that may block. Exchanges on it are neither recorded nor
     * replayed. Returns 0, NO_MEMORY or LIMIT_EXCEEDED. */
    int (*lease_loop)(struct beluga__runtime *runtime, beluga_loop **out);
    void (*give_back_loop)(struct beluga__runtime *runtime, beluga_loop *loop);
    /* Take or release a reference, which keeps the runtime's client alive. */
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

/* Pass a record to the log function. Each text becomes one line (base/line.h). */
void beluga__log_record(beluga_log_fn log, void *payload, beluga_log_level level, const char *event,
                        const beluga_log_field *fields, size_t n);

/* Log one record with the fields that follow. The fields are not evaluated if the level is off. */
#define beluga__log(runtime, level, event, ...)                                               \
    do {                                                                                      \
        if (beluga__log_enabled(runtime, level)) {                                            \
            const beluga_log_field fields_[] = {__VA_ARGS__};                                 \
            beluga__log_record((runtime)->log, (runtime)->log_payload, level, event, fields_, \
                               sizeof fields_ / sizeof *fields_);                             \
        }                                                                                     \
    } while (0)

/* The runtime whose calls or work this thread runs now; NULL: none. The calls keep the runtime
 * alive. Every step of a loop writes this variable, so it uses the TLS model that needs no function
 * call. */
extern _Thread_local const beluga__runtime *beluga__inside
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Note that this thread works for a runtime. Returns the previous runtime, for beluga__leave. */
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

extern atomic_uint beluga__forks; /* use beluga__fork_generation to read it */

/* Returns how many forks lie between the first process and this one. An object that was made under
 * another number belongs to a parent process. */
static inline uint32_t beluga__fork_generation(void)
{
    return atomic_load_explicit(&beluga__forks, memory_order_relaxed);
}

#endif
