/**
 * @file client.h
 * The client owns what calls share: allocator, log hook, loops, executor, telemetry, registry.
 *
 * Most programs never name it: there is a default one. Make your own for an allocator, a log, or to
 * keep two parts of a program apart.
 */
#ifndef BELUGA_CLIENT_H
#define BELUGA_CLIENT_H

#include <beluga/allocator.h>
#include <beluga/common.h>
#include <beluga/log.h>
#include <beluga/telemetry.h>

BELUGA_BEGIN_DECLS

/** Where work that blocks runs, when the host has a thread pool of its own. */
typedef struct beluga_executor {
    /** Arrange that run(argument) is called once, soon, on any thread. Return 0 or a negative code.
     */
    int (*submit)(void *payload, void (*run)(void *argument), void *argument);
    void *payload;
} beluga_executor;

/** See beluga/cassette.h. */
typedef struct beluga_cassette beluga_cassette;

/** How a client is made. Zero-initialise it, set `size` and what you need; all is copied. */
typedef struct beluga_client_settings {
    size_t size;                       /**< sizeof(beluga_client_settings) */
    const beluga_allocator *allocator; /**< NULL: the process's default */
    beluga_log_fn log;                 /**< NULL: no log */
    void *log_payload;
    beluga_log_level log_level;             /**< 0: BELUGA_LOG_INFO */
    bool capture_content;                   /**< prompts and answers may be logged and traced */
    const beluga_telemetry_sink *telemetry; /**< NULL: none */
    const beluga_executor *executor;        /**< NULL: a pool of our own, made at first use */
    uint32_t max_threads;                   /**< of our own pool; 0: 8 */
    uint32_t max_idle_loops;                /**< loops kept for blocking calls; 0: 16 */
    int64_t idle_loop_ms;                   /**< idle loops beyond this age are closed; 0: 60,000 */
    /** record or replay: cassette.h; NULL: neither. Since: 0.1 */
    const beluga_cassette *cassette;
    /** Load the plug-ins of BELUGA_PLUGIN_PATH. One that is refused is logged, "plugin.refused". */
    bool load_plugin_path;
} beluga_client_settings;

/** Return the default client, made at first use, or NULL without memory. Borrowed. Threads: any. */
BELUGA_API beluga_client *beluga_client_default(void);

/**
 * Make a client.
 *
 * @param settings  Borrowed; NULL for the defaults.
 * @param out       One reference, yours.
 * @return 0; BELUGA_ERROR_INVALID_INPUT; BELUGA_ERROR_NO_MEMORY; for a cassette what
 * beluga_client_set_cassette returns: the log gets the detail.
 */
BELUGA_API int beluga_client_new(const beluga_client_settings *settings, beluga_client **out);

/**
 * Models, loops and calls keep their client, and responses one that has an allocator of its own: it
 * goes with the last of them. That may be later than the last unref, and on another thread, as when
 * a worker of a cancelled call comes late. beluga_client_close is for those who must know.
 */
BELUGA_API beluga_client *beluga_client_ref(beluga_client *client);
BELUGA_API void beluga_client_unref(beluga_client *client);

/**
 * Give back the last reference, and wait until nothing of the client is left.
 *
 * When it returns 0 every block is back at the client's allocator, the threads of its pool have
 * ended, and nothing that its settings name is called again: allocator, log, executor and telemetry
 * sink may go, with all that their payloads point to. Otherwise the client and the reference are as
 * before, and what the settings name must stay; free what is left, and close it again.
 *
 * It ends no call. Before it, or on other threads while it waits: cancel the contexts that calls
 * run under, and free streams, operations, tool runs, batches, loops, models and responses. A
 * worker whose call is over has been told so and is waited for; one that never heeds it costs the
 * whole time. Telemetry of beluga_telemetry_init sends what it has and ends, unless somebody else
 * holds it: then it goes on, and so does its log hook.
 *
 * The default client may be closed, too, as by an extension that is unloaded: who asks for it next
 * gets a new one, without the providers that were registered. No other thread may use it meanwhile.
 *
 * @param client      Yours, or the default one, and no more to be used after 0; NULL is 0.
 * @param timeout_ms  How long to wait; 0 or less only looks.
 * @param err         NULL or where to write the detail: how often the client is still held.
 * @return 0; BELUGA_ERROR_TIMEOUT something is left; BELUGA_ERROR_RECURSIVE from a callback, a tool
 * or other work of the client, which holds it; BELUGA_ERROR_FORKED the client is the parent
 * process's: its blocks are not all given back here; BELUGA_ERROR_INVALID_INPUT another
 * thread closes it.
 * Threads: any. Blocks: at most timeout_ms, and a moment more with telemetry. Since: 0.1
 */
BELUGA_API int beluga_client_close(beluga_client *client, int64_t timeout_ms, beluga_error *err);

/** Return the client's registry; borrowed as long as the client. */
BELUGA_API beluga_registry *beluga_client_registry(beluga_client *client);

/** Replace the log hook of a client, also of the default one. Threads: none may be in a call. */
BELUGA_API void beluga_client_set_log(beluga_client *client, beluga_log_fn log, void *payload,
                                      beluga_log_level level, bool capture_content);

BELUGA_END_DECLS
#endif
