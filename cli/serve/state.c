#include "serve/state.h"

#include "base/epoll.h"
#include "base/file.h"
#include "base/mix.h"
#include "configuration.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"

#include <beluga/allocator.h>
#include <beluga/registry.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES ((size_t)1 << 20)
/* The start waits at most this time for the keys in a bucket. */
#define SHARED_MS 5000

/* ---- snapshots ------------------------------------------------------------------------------- */

serve_snapshot *serve_snapshot_ref(serve_snapshot *snapshot)
{
    if (snapshot) snapshot->refs++;
    return snapshot;
}

void serve_snapshot_unref(serve_snapshot *snapshot)
{
    if (!snapshot || --snapshot->refs) return;
    serve_models_free(snapshot->models);
    serve_settings_free(&snapshot->settings);
    beluga_config_free(snapshot->config);
    free(snapshot);
}

/* Compute a 64-bit FNV-1a hash of the configuration file, which shows whether two servers have the
 * same file. */
static void make_fingerprint(const char *path, char fingerprint[SERVE_FINGERPRINT_BYTES])
{
    beluga__buf file;
    beluga_error unused;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    *fingerprint = '\0';
    beluga__buf_init(&file, beluga_allocator_default(), MAX_FILE_BYTES);
    if (path && beluga__file_read(path, &file, &unused) == 0) {
        for (size_t i = 0; i < file.length; i++)
            hash = (hash ^ (unsigned char)file.data[i]) * UINT64_C(0x100000001b3);
        snprintf(fingerprint, SERVE_FINGERPRINT_BYTES, "%016llx", (unsigned long long)hash);
    }
    beluga__buf_free(&file);
}

/* Returns the model to ask if a client names an unknown model: that of -m, or else that of the
 * section `serve`. */
static const char *otherwise_of(const serve *s, const serve_snapshot *snapshot)
{
    return s->args->model ? s->args->model : snapshot->settings.default_model;
}

/* Make a snapshot of a configuration. The snapshot then owns the configuration. */
static int make_snapshot(const serve *s, beluga_config *config, serve_snapshot **out,
                         beluga_error *err)
{
    serve_snapshot *snapshot = calloc(1, sizeof *snapshot);
    *out = NULL;
    if (!snapshot) {
        beluga_config_free(config);
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the configuration");
    }
    snapshot->refs = 1;
    snapshot->config = config;
    make_fingerprint(s->path, snapshot->fingerprint);
    int status = serve_settings_read(config, &snapshot->settings, err);
    if (!status)
        status = serve_models_load(config, otherwise_of(s, snapshot), &snapshot->models, err);
    if (status)
        serve_snapshot_unref(snapshot);
    else
        *out = snapshot;
    return status;
}

/* ---- the beginning --------------------------------------------------------------------------- */

/* Runs a step of the library's event loop, which makes the calls of models, when its file
 * descriptor is readable. */
static void step(reactor_watch *watch, uint32_t events)
{
    serve *s = beluga__container_of(watch, serve, loop_watch);
    (void)events;
    beluga_loop_step(s->loop);
}

static void step_now(reactor_task *task)
{
    beluga_loop_step(beluga__container_of(task, serve, loop_turn)->loop);
}

static int no_loop(int error)
{
    out_error("can't create the event loop: %s", strerror(error));
    return CLI_EXIT_OTHER;
}

static int make_loops(serve *s)
{
    int error = reactor_new(&s->reactor);
    if (error) return no_loop(error);
    if (beluga_loop_new(NULL, &s->loop)) return out_no_memory();
    s->loop_watch = (reactor_watch){.fd = beluga_loop_fd(s->loop), .ready = step};
    s->loop_turn.run = step_now;
    error = reactor_set(s->reactor, &s->loop_watch, EPOLLIN);
    return error ? no_loop(error) : 0;
}

static int make_parts(serve *s, beluga_error *err)
{
    int status = serve_access_new(&s->now->settings, &s->access, err);
    if (!status) status = serve_observer_new(&s->now->settings, &s->observer, err);
    s->limits = s->now->settings.http;
    return status;
}

/* Replace the shared keys with those that the bucket has now. */
static void take_shared(serve *s)
{
    serve_settings keys;
    beluga_error err;
    shared_keys_tell(s->shared);
    if (!shared_keys_take(s->shared, &keys)) return;
    if (serve_access_share(s->access, &s->now->settings, &keys, &err) == 0) return;
    out_warning("the keys of keys_from can't be used, so the old keys stay valid: %s", err.message);
    shared_keys_again(s->shared);
}

static void on_shared(reactor_watch *watch, uint32_t events)
{
    (void)events;
    take_shared(beluga__container_of(watch, serve, shared_watch));
}

/* Begin to read shared keys. A NATS server that can't be reached delays the start by a few seconds
 * at most. */
static int begin_shared(serve *s, beluga_error *err)
{
    const char *where = s->now->settings.keys_from, *spend = s->now->settings.spend;
    if (!where) return 0;
    if (spend && strcmp(spend, where) == 0)
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_CONFIG,
            "serve.keys_from and serve.spend name the same bucket: give each a bucket of its own");
    int status = shared_keys_new(where, &s->shared, err);
    if (status) return status;
    shared_keys_wait(s->shared, SHARED_MS);
    take_shared(s);
    serve_access_wait(s->access);
    s->shared_watch = (reactor_watch){.fd = shared_keys_fd(s->shared), .ready = on_shared};
    int error = reactor_set(s->reactor, &s->shared_watch, EPOLLIN);
    if (!error) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "can't watch the keys in NATS: %s",
                            strerror(error));
}

int serve_begin(serve *s, const cli_args *args)
{
    cli_session session;
    beluga_error err;
    *s = (serve){.args = args};
    beluga__list_init(&s->works);
    s->id_prefix = beluga__seed();
    int rc = session_load(&session, args);
    if (rc == 0) {
        beluga_config *config = session.base;
        s->path = session.path;
        session.base = NULL;
        session.path = NULL;
        if (make_snapshot(s, config, &s->now, &err)) rc = report_error(args, &err, NULL);
    }
    session_free(&session);
    if (rc == 0 && make_parts(s, &err)) rc = report_error(args, &err, NULL);
    if (rc == 0) rc = make_loops(s);
    if (rc == 0 && begin_shared(s, &err)) rc = report_error(args, &err, NULL);
    return rc;
}

void serve_free(serve *s)
{
    http_server_free(s->http);
    if (s->loop) reactor_set(s->reactor, &s->loop_watch, 0);
    beluga_loop_free(s->loop);
    if (s->shared_watch.events) reactor_set(s->reactor, &s->shared_watch, 0);
    shared_keys_free(s->shared);
    reactor_free(s->reactor);
    serve_observer_free(s->observer);
    serve_access_free(s->access);
    serve_snapshot_unref(s->now);
    free(s->path);
}

/* ---- reload ---------------------------------------------------------------------------------- */

/* Pass the settings of a new snapshot to all parts, and use the snapshot. On failure the parts keep
 * the old settings. */
static int take_snapshot(serve *s, serve_snapshot *snapshot, beluga_error *err)
{
    beluga_error unused;
    int status = serve_access_renew(s->access, &snapshot->settings, err);
    if (status) return status;
    status = serve_observer_renew(s->observer, &snapshot->settings, err);
    if (status) {
        serve_access_renew(s->access, &s->now->settings, &unused);
        return status;
    }
    s->limits = snapshot->settings.http;
    serve_snapshot_unref(s->now);
    s->now = snapshot;
    return 0;
}

/* Refuse a reload that would remove all keys, since other machines may be able to reach the server.
 */
static int check_keys(const serve *s, const serve_snapshot *snapshot, beluga_error *err)
{
    const char *old = s->now->settings.keys_from, *new = snapshot->settings.keys_from;
    if (strcmp(old ? old : "", new ? new : "") != 0)
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_CONFIG,
            "serve.keys_from can't change while the server runs; restart the server");
    if (!serve_has_keys(&s->now->settings) || serve_has_keys(&snapshot->settings)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                            "serve.keys is now empty, but a reload can't remove all keys: restart "
                            "the server to serve without keys");
}

static bool listens_alike(const serve_settings *a, const serve_settings *b)
{
    if (a->n_listen != b->n_listen) return false;
    for (size_t i = 0; i < a->n_listen; i++)
        if (strcmp(a->listen[i], b->listen[i]) != 0) return false;
    return true;
}

static int try_reload(serve *s, beluga_error *err)
{
    beluga_config *config = NULL;
    serve_snapshot *snapshot = NULL;
    beluga_error unused;
    int status = configuration_reread(s->args, s->path, &config, err);
    if (status) return status;
    beluga_config_load_plugins(config, beluga_registry_default(), NULL, &unused);
    status = make_snapshot(s, config, &snapshot, err);
    if (!status) status = check_keys(s, snapshot, err);
    bool moves = !status && !listens_alike(&s->now->settings, &snapshot->settings);
    if (!status) status = take_snapshot(s, snapshot, err);
    if (status) serve_snapshot_unref(snapshot);
    if (!status && moves)
        out_note(
            "serve.listen has changed; the server uses the new addresses only after a restart");
    return status;
}

int serve_reload(serve *s, beluga_error *err)
{
    int status = try_reload(s, err);
    if (status) {
        s->failed_reloads++;
        snprintf(s->reload_error, sizeof s->reload_error, "%s", err->message);
        out_warning("the new configuration is not valid, so the old one stays in use: %s",
                    err->message);
        return status;
    }
    s->reloads++;
    *s->reload_error = '\0';
    out_note("the configuration was read again");
    return 0;
}

/* ---- works ----------------------------------------------------------------------------------- */

void serve_work_begin(serve *s, serve_work *work, void (*cut)(serve_work *work))
{
    work->cut = cut;
    beluga__list_append(&s->works, &work->node);
    s->n_works++;
    reactor_defer(s->reactor, &s->loop_turn);
}

void serve_work_end(serve *s, serve_work *work)
{
    beluga__list_remove(&work->node);
    s->n_works--;
}

serve_gauges serve_get_gauges(const serve *s)
{
    return (serve_gauges){.connections = s->http ? http_server_connections(s->http) : 0,
                          .requests = s->n_works,
                          .draining = s->draining,
                          .keys_failing = s->shared && shared_keys_fail(s->shared),
                          .reloads = s->reloads,
                          .failed_reloads = s->failed_reloads,
                          .access = s->access};
}
