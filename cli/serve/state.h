/* The state of a server: its parts, its current configuration, and the reload of the configuration.
 */
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

/* Everything that is made from one version of the configuration. Reference counted: a request keeps
 * the snapshot with which it began. */
typedef struct serve_snapshot {
    unsigned refs;
    beluga_config *config;
    serve_settings settings;
    serve_models *models;
    char fingerprint[SERVE_FINGERPRINT_BYTES]; /* hash of the file; "" without a file */
} serve_snapshot;

/* Work for a request, such as a call of a model. The struct is a member of its owner's struct. */
typedef struct serve_work {
    beluga__list node;
    void (*cut)(struct serve_work *work); /* ends the work early, because the server ends */
} serve_work;

typedef struct serve {
    const cli_args *args;
    char *path; /* path of the configuration file; NULL: none */
    reactor *reactor;
    beluga_loop *loop; /* the library's event loop, which makes the calls of models */
    reactor_watch loop_watch;
    reactor_task loop_turn; /* used by serve_work_begin */
    http_server *http;
    http_limits limits; /* copy of the limits of the current settings; the HTTP server borrows it */
    serve_snapshot *now;
    serve_access *access;
    shared_keys *shared; /* NULL: only the keys of the configuration are valid */
    reactor_watch shared_watch;
    serve_observer *observer;
    beluga__list works;
    size_t n_works;
    uint64_t id_prefix, n_ids; /* for making the ids of requests */
    int64_t reloads, failed_reloads;
    char reload_error[512]; /* error of the last reload; "": no error */
    bool draining;
} serve;

/* Read the configuration, open its models and create all parts. Free with serve_free in either
 * case.
 * @return 0, or an exit code after printing the error. */
int serve_begin(serve *s, const cli_args *args);
void serve_free(serve *s);

/* Read the configuration again. Running requests keep the old configuration. @return 0, or an error
 * code with `err` set; then the old configuration is still in use. */
int serve_reload(serve *s, beluga_error *err);

serve_snapshot *serve_snapshot_ref(serve_snapshot *snapshot);
void serve_snapshot_unref(serve_snapshot *snapshot);

/* Add a work to the server's list, and remove it. When a work begins, the library's event loop
 * (`loop`) runs a step at the end of the same turn of the reactor. The call is then started without
 * waiting for the loop's file descriptor. */
void serve_work_begin(serve *s, serve_work *work, void (*cut)(serve_work *work));
void serve_work_end(serve *s, serve_work *work);

/* Collect the current values for the metrics. */
serve_gauges serve_get_gauges(const serve *s);

#endif
