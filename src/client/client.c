#include "client/client.h"

#include "base/mem.h"
#include "base/sized.h"
#include "base/thread.h"
#include "client/plugin_host.h"
#include "providers/builtin.h"
#include "registry/registry.h"
#include "telemetry/telemetry.h"

#include <stddef.h>

enum { IDLE_LOOPS = 16, MAX_IDLE_LOOPS = 4096, IDLE_LOOP_MS = 60000 };

static void runtime_ref(beluga__runtime *runtime)
{
    beluga_client_ref(beluga__client_of(runtime));
}

static void runtime_unref(beluga__runtime *runtime)
{
    beluga_client_unref(beluga__client_of(runtime));
}

static int runtime_submit(beluga__runtime *runtime, void (*run)(void *), void *argument)
{
    beluga_client *client = beluga__client_of(runtime);
    if (client->host_executor.submit)
        return client->host_executor.submit(client->host_executor.payload, run, argument);
    pthread_mutex_lock(&client->lock);
    /* Make the thread pool at its first use, and again in a forked child, which has none of its
     * threads. */
    if (!client->pool || client->pool_generation != beluga__fork_generation()) {
        client->pool = beluga__thread_pool_new(&client->runtime.allocator, client->max_threads);
        client->pool_generation = beluga__fork_generation();
    }
    beluga__thread_pool *pool = client->pool;
    pthread_mutex_unlock(&client->lock);
    return pool ? beluga__thread_pool_submit(pool, run, argument) : BELUGA_ERROR_NO_MEMORY;
}

static int runtime_lease_loop(beluga__runtime *runtime, beluga_loop **out)
{
    beluga__network_loop *loop;
    int status = beluga__loops_lease(&beluga__client_of(runtime)->loops, &loop, NULL);
    if (status) return status;
    loop->base.ops = &beluga__network_ops;
    *out = &loop->base;
    return 0;
}

static void runtime_give_back_loop(beluga__runtime *runtime, beluga_loop *loop)
{
    beluga__loops_give_back(&beluga__client_of(runtime)->loops, beluga__loop_of(loop));
}

static void take_settings(beluga_client *client, const beluga_client_settings *s)
{
    beluga__runtime *runtime = &client->runtime;
    runtime->allocator = s->allocator ? *s->allocator : *beluga_allocator_default();
    runtime->own_allocator = s->allocator != NULL;
    runtime->log = s->log;
    runtime->log_payload = s->log_payload;
    runtime->log_level = s->log_level ? s->log_level : BELUGA_LOG_INFO;
    runtime->capture_content = s->capture_content;
    runtime->submit = runtime_submit;
    runtime->lease_loop = runtime_lease_loop;
    runtime->give_back_loop = runtime_give_back_loop;
    runtime->ref = runtime_ref;
    runtime->unref = runtime_unref;
    if (s->telemetry) {
        beluga__sized_read(&client->telemetry, s->telemetry, 0, false);
        runtime->telemetry = &client->telemetry;
    }
    if (s->executor) client->host_executor = *s->executor;
    client->max_threads = s->max_threads;
}

/* Open the cassette. The caller gets only an error code, so the detail goes to the log. */
static int take_cassette(beluga_client *client, const beluga_cassette *cassette)
{
    beluga_error err;
    int status = cassette ? beluga_client_set_cassette(client, cassette, &err) : 0;
    if (status)
        beluga__log(&client->runtime, BELUGA_LOG_ERROR, "cassette.refused",
                    BELUGA__TEXT_FIELD("error", err.message));
    return status;
}

/* Load the plug-ins that BELUGA_PLUGIN_PATH names. Failures are only logged: a plug-in that can't
 * be loaded must not prevent a program from starting. */
static void load_plugin_path(beluga_client *client)
{
    beluga_error err;
    if (!beluga_registry_load_plugin_path(client->registry, NULL, &err)) return;
    beluga__log(&client->runtime, BELUGA_LOG_WARN, "plugin.refused",
                BELUGA__TEXT_FIELD("error", err.message));
}

static void init_ending(beluga_client *client)
{
    atomic_init(&client->refs, 1);
    client->generation = beluga__fork_generation();
    pthread_mutex_init(&client->lock, NULL);
    beluga__cond_init(&client->last);
}

int beluga_client_new(const beluga_client_settings *given, beluga_client **out)
{
    const beluga__registry_stock stock = {beluga__builtin_provider, beluga__host_functions};
    beluga_client_settings settings;
    *out = NULL;
    int status =
        beluga__sized_read(&settings, given, offsetof(beluga_client_settings, allocator), true);
    if (!status && settings.max_idle_loops > MAX_IDLE_LOOPS) status = BELUGA_ERROR_INVALID_INPUT;
    if (status) return status;
    const beluga_allocator *allocator =
        settings.allocator ? settings.allocator : beluga_allocator_default();
    beluga_client *client = beluga__zalloc(allocator, sizeof *client);
    if (!client) return BELUGA_ERROR_NO_MEMORY;
    init_ending(client);
    take_settings(client, &settings);
    status = beluga__loops_init(&client->loops, &client->runtime,
                                settings.max_idle_loops ? settings.max_idle_loops : IDLE_LOOPS,
                                settings.idle_loop_ms ? settings.idle_loop_ms : IDLE_LOOP_MS);
    if (!status) status = beluga__registry_new(&client->runtime, &stock, &client->registry);
    if (!status) status = take_cassette(client, settings.cassette);
    if (status) {
        beluga_client_unref(client);
        return status;
    }
    if (settings.load_plugin_path) load_plugin_path(client);
    *out = client;
    return 0;
}

void beluga__client_destroy(beluga_client *client)
{
    beluga__loops_free(&client->loops);
    beluga__registry_free(client->registry);
    /* A forked child has the struct of its parent's pool but not the threads. */
    if (client->pool_generation == beluga__fork_generation())
        beluga__thread_pool_free(client->pool);
    beluga_telemetry_unref(client->observer);
    pthread_mutex_destroy(&client->lock);
    pthread_cond_destroy(&client->last);
    beluga__cassette_free(client->cassettes);
    beluga_allocator allocator = client->runtime.allocator;
    beluga__release(&allocator, client);
}

beluga_client *beluga_client_ref(beluga_client *client)
{
    if (client) atomic_fetch_add_explicit(&client->refs, 1, memory_order_relaxed);
    return client;
}

void beluga_client_unref(beluga_client *client)
{
    if (!client) return;
    unsigned before = atomic_fetch_sub_explicit(&client->refs, 1, memory_order_acq_rel);
    if (before == 1) {
        beluga__client_destroy(client);
        return;
    }
    if (before != (BELUGA__CLIENT_CLOSING | 2)) return;
    /* Tell the closing thread that it holds the last reference. */
    pthread_mutex_lock(&client->lock);
    client->is_last = true;
    pthread_cond_signal(&client->last);
    pthread_mutex_unlock(&client->lock);
}

beluga_registry *beluga_client_registry(beluga_client *client)
{
    return client ? client->registry : NULL;
}

void beluga_client_set_log(beluga_client *client, beluga_log_fn log, void *payload,
                           beluga_log_level level, bool capture_content)
{
    client->runtime.log = log;
    client->runtime.log_payload = payload;
    client->runtime.log_level = level ? level : BELUGA_LOG_INFO;
    client->runtime.capture_content =
        capture_content || (client->observer && beluga__telemetry_captures(client->observer));
}

int beluga_client_set_cassette(beluga_client *client, const beluga_cassette *given,
                               beluga_error *err)
{
    beluga__open_cassette *cassette = NULL;
    int status =
        given ? beluga__cassette_new(&client->runtime, given, &beluga__network_ops, &cassette, err)
              : 0;
    if (status) return status;
    if (cassette) {
        cassette->replaced = client->cassettes;
        client->cassettes = cassette;
    }
    client->cassette = cassette;
    client->runtime.loop_ops = cassette ? &cassette->ops : NULL;
    client->runtime.replays = given && given->mode == BELUGA_CASSETTE_REPLAY;
    client->runtime.never_waits = client->runtime.replays && !cassette->realtime;
    return 0;
}

int beluga_client_check_cassette(const beluga_client *client, beluga_error *err)
{
    const beluga__open_cassette *cassette = client ? client->cassette : NULL;
    if (!cassette || atomic_load_explicit(&cassette->loss, memory_order_acquire) != 2) return 0;
    unsigned lost = atomic_load(&cassette->lost);
    return beluga_error_set(err, cassette->loss_error.code, "%u exchange%s not recorded: %s", lost,
                            lost == 1 ? " was" : "s were", cassette->loss_error.message);
}
