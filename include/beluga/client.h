/**
 * @file client.h
 * The client owns everything that calls share: allocator, log hook, loops, executor, telemetry,
 * registry.
 *
 * Most programs never need to name a client, since there is a default one. Make one to set an
 * allocator or a log hook, or to keep two parts of a program apart.
 */
#ifndef BELUGA_CLIENT_H
#define BELUGA_CLIENT_H

#include <beluga/allocator.h>
#include <beluga/common.h>
#include <beluga/log.h>
#include <beluga/telemetry.h>

BELUGA_BEGIN_DECLS

/** A thread pool of the host program, on which the library runs blocking work. */
typedef struct beluga_executor {
    /**
     * Arrange that run(argument) is called once, soon, on any thread, which it may block.
     * @return 0; or a negative code, after which `run` must not be called.
     */
    int (*submit)(void *payload, void (*run)(void *argument), void *argument);
    void *payload; /**< passed to submit; borrowed until the client is freed */
} beluga_executor;

/** A recording of HTTP exchanges, to be written or replayed: cassette.h. */
typedef struct beluga_cassette beluga_cassette;

/**
 * The settings of a client. Zero-initialise them, then set `size` and the members that you need.
 * The structs that they point to are copied; payloads are borrowed until beluga_client_close has
 * returned 0.
 */
typedef struct beluga_client_settings {
    size_t size;                       /**< sizeof(beluga_client_settings) */
    const beluga_allocator *allocator; /**< NULL: the process's default */
    beluga_log_fn log;                 /**< NULL: no log */
    void *log_payload;                 /**< passed to log */
    beluga_log_level log_level;        /**< least severe level that is logged; 0: BELUGA_LOG_INFO */
    bool capture_content;              /**< prompts and answers may be logged and traced */
    const beluga_telemetry_sink *telemetry; /**< NULL: none */
    const beluga_executor *executor;        /**< NULL: the client's own pool, made at first use */
    uint32_t max_threads;                   /**< limit for the threads of the client's pool; 0: 8 */
    /** how many loops are kept for blocking calls, at most 4,096; 0: 16 */
    uint32_t max_idle_loops;
    /** loops that were idle for longer are closed, milliseconds; 0: 60,000 */
    int64_t idle_loop_ms;
    /** the cassette to record or replay (cassette.h); NULL: none. Since: 0.1 */
    const beluga_cassette *cassette;
    /**
     * Load the plug-ins of BELUGA_PLUGIN_PATH. A plug-in that is refused is logged as
     * "plugin.refused".
     */
    bool load_plugin_path;
} beluga_client_settings;

/**
 * Return the default client, which is made at first use.
 *
 * @return the client, borrowed until it is closed (beluga_client_close); NULL when out of memory.
 * Threads: any.
 */
BELUGA_API beluga_client *beluga_client_default(void);

/**
 * Make a client.
 *
 * @param settings  Borrowed; NULL for the defaults.
 * @param out       A reference that the caller releases (beluga_client_unref or
 * beluga_client_close). NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if `size` is missing or max_idle_loops is over 4,096;
 * BELUGA_ERROR_NOT_SUPPORTED if a member is set that only a later version knows;
 * BELUGA_ERROR_NO_MEMORY; for a cassette also the codes of beluga_client_set_cassette, whose detail
 * goes to the log.
 *
 * Threads: any. Blocks: while it reads the files of a cassette or a plug-in.
 */
BELUGA_API int beluga_client_new(const beluga_client_settings *settings, beluga_client **out);

/**
 * Take a reference.
 * @return `client`; NULL for NULL. Threads: any.
 */
BELUGA_API beluga_client *beluga_client_ref(beluga_client *client);
/**
 * Release a reference; NULL does nothing. The last one frees the client.
 *
 * Models, loops and calls hold references of their own, and so do responses of a client with an
 * allocator of its own. So the client may be freed later than at your last unref, and on another
 * thread, for example when a worker of a cancelled call ends late. A program that must know when
 * the client is freed calls beluga_client_close instead.
 *
 * Threads: any. Blocks: the last unref waits for the threads of the client's pool.
 */
BELUGA_API void beluga_client_unref(beluga_client *client);

/**
 * Release the last reference, and wait until nothing of the client is left.
 *
 * When it returns 0, all memory was released to the client's allocator, the threads of its pool
 * have ended, and no function of its settings is called again: allocator, log, executor and
 * telemetry sink may be freed, with all that their payloads point to. Otherwise the client and the
 * reference are as before, and everything in the settings must stay valid; free the objects that
 * are left, and close the client again.
 *
 * It ends no call. Before calling it, or on other threads while it waits, cancel the contexts of
 * running calls, and free streams, operations, tool runs, batches, loops, models and responses. A
 * worker whose call is over sees that the call is cancelled, and this function waits for the worker
 * to end; if the worker never does, the wait lasts until timeout_ms. Telemetry of
 * beluga_telemetry_init sends its data and ends, unless another reference to it exists: then the
 * telemetry goes on, and so does its log hook.
 *
 * The default client may be closed, too, for example by an extension that is unloaded. The next
 * caller of beluga_client_default gets a new client, without the providers that were registered in
 * the old one. No other thread may use the default client during this call.
 *
 * @param client      A client of yours, or the default one. It must not be used after the result 0.
 * With NULL the result is 0.
 * @param timeout_ms  Longest wait in milliseconds; 0 or less: it checks once and does not wait.
 * @param err         NULL, or storage for the detail, which has the number of references that are
 * left.
 * @return 0; BELUGA_ERROR_TIMEOUT if references are left; BELUGA_ERROR_RECURSIVE if the caller is a
 * callback, a tool or other work of the client, which itself holds a reference; BELUGA_ERROR_FORKED
 * if the client belongs to the parent process, so that not all of its memory can be released here;
 * BELUGA_ERROR_INVALID_INPUT if another thread is closing it.
 *
 * Threads: any. Blocks: at most timeout_ms, and a moment more with telemetry. Since: 0.1
 */
BELUGA_API int beluga_client_close(beluga_client *client, int64_t timeout_ms, beluga_error *err);

/**
 * Return the client's registry, borrowed until the client is freed; NULL if `client` is NULL.
 * Threads: any.
 */
BELUGA_API beluga_registry *beluga_client_registry(beluga_client *client);

/**
 * Replace the log hook of a client, also of the default one.
 *
 * @param log              NULL: no log.
 * @param payload          Passed to log; borrowed until the client is freed.
 * @param level            Least severe level that is logged; 0: BELUGA_LOG_INFO.
 * @param capture_content  Prompts and answers may be logged and traced. False does not stop
 * telemetry that captures them already.
 *
 * Threads: no thread may be in a call of the client.
 */
BELUGA_API void beluga_client_set_log(beluga_client *client, beluga_log_fn log, void *payload,
                                      beluga_log_level level, bool capture_content);

BELUGA_END_DECLS
#endif
