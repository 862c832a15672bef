/* The state of a server: what it is made of, what it serves now, and its reload. */
#ifndef BELUGA_CLI_SERVE_STATE_H
#define BELUGA_CLI_SERVE_STATE_H

#include "args.h"
#include "base/list.h"
#include "serve/access.h"
#include "serve/http.h"
#include "serve/models.h"
#include "serve/observe.h"
#include "serve/reactor.h"
#include "serve/serve.h"
#include "serve/settings.h"
#include "serve/shared_keys.h"

#include <beluga/loop.h>

#include <stdbool.h>
#include <stdint.h>

#define SERVE_FINGERPRINT_BYTES 17

/* What a configuration says. Shared: a request keeps the one that it began with. */
typedef struct serve_snapshot {
    unsigned refs;
    beluga_config *config;
    serve_settings settings;
    serve_models *models;
    char fingerprint[SERVE_FINGERPRINT_BYTES]; /* of the file; "" without one */
} serve_snapshot;

/* Something that asks a model, or several, for a request; a member of a struct of its owner's. */
typedef struct serve_work {
    beluga__list node;
    void (*cut)(struct serve_work *work); /* end it now: the server ends */
} serve_work;

typedef struct serve {
    const cli_args *args;
    char *path; /* of the configuration's file; NULL: there is none */
    reactor *reactor;
    beluga_loop *loop;
    reactor_watch loop_watch;
    reactor_task loop_turn; /* see serve_work_begin */
    http_server *http;
    http_limits limits; /* those of the settings, where the HTTP server sees them change */
    serve_snapshot *now;
    serve_access *access;
    shared_keys *shared; /* NULL: the configuration has all keys */
    reactor_watch shared_watch;
    serve_observer *observer;
    beluga__list works;
    size_t n_works;
    uint64_t id_prefix, n_ids; /* of requests */
    int64_t reloads, failed_reloads;
    char reload_error[512]; /* of the last reload; "": it went well */
    bool draining;
} serve;

/* Read the configuration, open its models and make the parts. @return 0, or an exit code, reported.
 * Free with serve_free in either case. */
int serve_begin(serve *s, const cli_args *args);
void serve_free(serve *s);

/* Read the configuration anew. Requests that run keep the old one. @return 0; or a code with an
 * error, and all is as before. */
int serve_reload(serve *s, beluga_error *err);

serve_snapshot *serve_snapshot_ref(serve_snapshot *snapshot);
void serve_snapshot_unref(serve_snapshot *snapshot);

/* Begin and end a work. When one begins, the loop of the calls is stepped at the end of the turn,
 * which saves a look at the descriptors. */
void serve_work_begin(serve *s, serve_work *work, void (*cut)(serve_work *work));
void serve_work_end(serve *s, serve_work *work);

/* What others tell of themselves for the metrics. */
serve_gauges serve_get_gauges(const serve *s);

#endif
