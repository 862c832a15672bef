/**
 * @file client.h
 * The client owns what calls share: allocator, log hook, loops, executor, telemetry, registry.
 *
 * Most programs never name it, since there is a default one. Make your own for an allocator or a
 * log, or to keep two parts of a program apart.
 */
#ifndef BELUGA_CLIENT_H
#define BELUGA_CLIENT_H

#include <beluga/allocator.h>
#include <beluga/common.h>
#include <beluga/log.h>
#include <beluga/telemetry.h>

BELUGA_BEGIN_DECLS

/** A thread pool of the host, on which the library runs work that blocks. */
typedef struct beluga_executor {
    /**
     * Arrange that run(argument) is called once, soon, on any thread; it may block that thread.
     * @return 0, or a negative code: then `run` must not be called.
     */
    int (*submit)(void *payload, void (*run)(void *argument), void *argument);
    void *payload; /**< handed to submit; borrowed as long as the client */
} beluga_executor;

/** A recording to write or to answer from: cassette.h. */
typedef struct beluga_cassette beluga_cassette;

/**
 * The settings of a client. Zero-initialise them, set `size` and what you need. The structs that
 * they point to are copied; payloads are borrowed until beluga_client_close has returned 0.
 */
typedef struct beluga_client_settings {
    size_t size;                       /**< sizeof(beluga_client_settings) */
    const beluga_allocator *allocator; /**< NULL: the process's default */
    beluga_log_fn log;                 /**< NULL: no log */
    void *log_payload;                 /**< handed to log */
    beluga_log_level log_level;        /**< least severe level that is logged; 0: BELUGA_LOG_INFO */
    bool capture_content;              /**< prompts and answers may be logged and traced */
    const beluga_telemetry_sink *telemetry; /**< NULL: none */
    const beluga_executor *executor;        /**< NULL: a pool of the client, made at first use */
    uint32_t max_threads;                   /**< most threads of the client's pool; 0: 8 */
    /** most loops that are kept for blocking calls, at most 4,096; 0: 16 */
    uint32_t max_idle_loops;
    int64_t idle_loop_ms; /**< idle loops of a greater age are closed, milliseconds; 0: 60,000 */
    /** record or replay: cassette.h; NULL: neither. Since: 0.1 */
    const beluga_cassette *cassette;
    /** Load the plug-ins of BELUGA_PLUGIN_PATH. One that is refused is logged, "plugin.refused". */
    bool load_plugin_path;
} beluga_client_settings;

/**
 * Return the default client, which is made at first use.
 *
 * @return borrowed, until it is closed (beluga_client_close); NULL without memory. Threads: any.
 */
BELUGA_API beluga_client *beluga_client_default(void);

/**
 * Make a client.
 *
 * @param settings  Borrowed; NULL for the defaults.
 * @param out       One reference, yours (beluga_client_unref or beluga_client_close). NULL on
 * failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT `size` is missing, or max_idle_loops is over 4,096;
 * BELUGA_ERROR_NOT_SUPPORTED a member that only a later version knows is set;
 * BELUGA_ERROR_NO_MEMORY; for a cassette the codes of beluga_client_set_cassette: the log gets the
 * detail.
 *
 * Threads: any. Blocks: while the files of a cassette or plug-in are read.
 */
BELUGA_API int beluga_client_new(const beluga_client_settings *settings, beluga_client **out);

/**
 * Take a reference. @return `client`; NULL for NULL. Threads: any.
 */
BELUGA_API beluga_client *beluga_client_ref(beluga_client *client);
/**
 * Give a reference back; NULL does nothing. The last one frees the client.
 *
 * Models, loops and calls hold references of their own, and so do responses of a client with an
 * allocator of its own. So the client may be freed later than by your last unref, and on another
 * thread, as when a worker of a cancelled call comes late. A program that must know when it is gone
 * takes beluga_client_close.
 *
 * Threads: any. Blocks: the last one for the threads of its pool.
 */
BELUGA_API void beluga_client_unref(beluga_client *client);

/**
 * Give back the last reference, and wait until nothing of the client is left.
 *
 * When it returns 0 every block is back at the client's allocator, the threads of its pool have
 * ended, and nothing that its settings name is called again: allocator, log, executor and telemetry
 * sink may go, with all that their payloads point to. Otherwise the client and the reference are as
 * before, and all that the settings name must stay; free the objects that are left, and close it
 * again.
 *
 * It ends no call. Before it, or on other threads while it waits: cancel the contexts that calls
 * run under, and free streams, operations, tool runs, batches, loops, models and responses. A
 * worker whose call is over has been told so and is waited for; one that never heeds it costs the
 * whole time. Telemetry of beluga_telemetry_init sends the data that it has and ends, unless
 * somebody else holds a reference to it: then it goes on, and so does its log hook.
 *
 * The default client may be closed, too, as by an extension that is unloaded. The next caller of
 * beluga_client_default gets a new one, without the providers that were registered. No other thread
 * may use the default client meanwhile.
 *
 * @param client      Yours, or the default one. It must not be used after 0. NULL gives 0.
 * @param timeout_ms  Longest wait, milliseconds; 0 or less only looks.
 * @param err         NULL, or storage for the detail: how often the client is still held.
 * @return 0; BELUGA_ERROR_TIMEOUT something is left; BELUGA_ERROR_RECURSIVE the caller is a
 * callback, a tool or other work of the client, which holds it; BELUGA_ERROR_FORKED the client is
 * the parent process's, and not all of its blocks can be given back here;
 * BELUGA_ERROR_INVALID_INPUT another thread closes it.
 *
 * Threads: any. Blocks: at most timeout_ms, and a moment more with telemetry. Since: 0.1
 */
BELUGA_API int beluga_client_close(beluga_client *client, int64_t timeout_ms, beluga_error *err);

/** Return the client's registry, borrowed as long as the client; NULL for NULL. Threads: any. */
BELUGA_API beluga_registry *beluga_client_registry(beluga_client *client);

/**
 * Replace the log hook of a client, also of the default one.
 *
 * @param log              NULL: no log.
 * @param payload          Handed to log; borrowed as long as the client.
 * @param level            Least severe level that is logged; 0: BELUGA_LOG_INFO.
 * @param capture_content  Prompts and answers may be logged and traced. Where telemetry captures
 * them, false does not change that.
 *
 * Threads: no thread may be in a call of the client.
 */
BELUGA_API void beluga_client_set_log(beluga_client *client, beluga_log_fn log, void *payload,
                                      beluga_log_level level, bool capture_content);

BELUGA_END_DECLS
#endif
