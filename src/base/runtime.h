/* What a client lends to everything below it: memory, log, telemetry, a place for work that blocks.
 */
#ifndef BELUGA__RUNTIME_H
#define BELUGA__RUNTIME_H

#include <beluga/client.h>
#include <string.h>

typedef struct beluga__runtime {
    beluga_allocator allocator;
    bool own_allocator; /* not the process's: it may end when the client has */
    beluga_log_fn log;
    void *log_payload;
    beluga_log_level log_level;
    bool capture_content;
    const beluga_telemetry_sink *telemetry;  /* NULL: none */
    const struct beluga__loop_ops *loop_ops; /* of new loops; NULL: the network's own */
    bool replays;     /* calls are answered from recordings: no key is needed */
    bool never_waits; /* and nobody waits before another attempt */
    /* Run on a thread where blocking is allowed. */
    int (*submit)(struct beluga__runtime *runtime, void (*run)(void *), void *argument);
    /* The owner lives as long as anything that holds a reference. */
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

/* Hand a record over: every text of it becomes one line (base/line.h). */
void beluga__log_record(beluga_log_fn log, void *payload, beluga_log_level level, const char *event,
                        const beluga_log_field *fields, size_t n);

/* Log one record: fields follow. Nothing is evaluated when the level is off. */
#define beluga__log(runtime, level, event, ...)                                               \
    do {                                                                                      \
        if (beluga__log_enabled(runtime, level)) {                                            \
            const beluga_log_field fields_[] = {__VA_ARGS__};                                 \
            beluga__log_record((runtime)->log, (runtime)->log_payload, level, event, fields_, \
                               sizeof fields_ / sizeof *fields_);                             \
        }                                                                                     \
    } while (0)

/* Whose calls or work this thread runs, which hold it; NULL: nobody's. Every step of a loop writes
 * it, so it is of the model that needs no call to find it. */
extern _Thread_local const beluga__runtime *beluga__inside
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Leave takes what enter returned. */
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

/* Counts fork()s: what was made under another number belongs to the parent process. */
uint32_t beluga__fork_generation(void);

#endif
