/* beluga health: could the model be called, and does it answer. */
#include <inttypes.h>
#include <stdio.h>

#include <beluga/context.h>

#include "command.h"
#include "exit.h"
#include "interrupt.h"
#include "observe.h"
#include "output.h"
#include "report.h"
#include "session.h"

static void put_health(beluga_json_writer *w, const beluga_health *health)
{
    beluga_json_put_string(w, "state", health->state);
    beluga_json_put_string(w, "provider", health->provider);
    beluga_json_put_string(w, "model", health->model);
    beluga_json_put_bool(w, "api_key_set", health->api_key_set);
    beluga_json_put_bool(w, "probed", health->probed);
    beluga_json_put_int(w, "tools_count", health->tools_count);
    beluga_json_put_int(w, "timestamp", health->timestamp);
    if (health->latency_ms >= 0)
        beluga_json_put_int(w, "latency_ms", health->latency_ms);
    else
        beluga_json_put_null(w, "latency_ms");
}

static int print_json(const beluga_health *health, const beluga_error *err)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        put_health(w, health);
        if (err)
            report_put_error(w, "error", err);
        else
            beluga_json_put_null(w, "error");
        beluga_json_end_object(w);
    }
    return report_json(w);
}

static void print_text(const beluga_health *health)
{
    out_printf("%s/%s: %s", health->provider, health->model, health->state);
    if (health->latency_ms >= 0) out_printf(" (%" PRId64 " ms)", health->latency_ms);
    out_printf("\n");
    if (!health->probed && health->state[0] == 'u')
        out_note("nothing was sent; --probe makes a live request");
}

/* --json prints its one object here, so an error only goes to stderr. */
static int print_error(const beluga_error *err)
{
    const struct args to_stderr = {0};
    return report_error(&to_stderr, err, NULL);
}

static int check(const struct args *args, beluga_chat_model *model)
{
    beluga_health health = {0};
    beluga_error err = {0};
    beluga_context *traced = observe_context(NULL);
    beluga_context *context = beluga_context_new_cancellable(traced);
    beluga_context_unref(traced);
    if (!context) return out_no_memory();
    interrupt_watch(context, false);
    int status = beluga_check_health(model, context, args->probe, &health, &err);
    interrupt_unwatch();
    beluga_context_unref(context);
    int rc = 0;
    if (args->json)
        rc = print_json(&health, status ? &err : NULL);
    else
        print_text(&health);
    return status ? print_error(&err) : rc;
}

static int run(const struct args *args)
{
    struct session session;
    const char *model = args->operands.count ? args->operands.items[0] : NULL;
    if (model && args->model)
        return out_usage("name the model once: -m %s or %s", args->model, model);
    int rc = session_load(&session, args);
    if (rc == 0) rc = session_open(&session, args, model);
    if (rc == 0) rc = check(args, session.model);
    session_free(&session);
    return rc;
}

const struct command cmd_health = {
    .name = "health",
    .operands = "[MODEL]",
    .summary = "Tell whether a model could be called; with --probe, whether it answers.",
    .details = "Without --probe nothing is sent: the state is healthy where no network stands "
               "between, and otherwise unknown. With it the provider's list of models is asked "
               "for, or else one token is generated; the exit status tells what came of it.\n\n"
               "With --json: {state, provider, model, api_key_set, probed, tools_count, timestamp, "
               "latency_ms, error}.",
    .takes = ARG_MODEL | ARG_OPTION | ARG_TIMEOUT | ARG_PROBE | ARG_JSON | ARG_VERBOSE | ARG_QUIET |
             ARG_CALLS | ARG_PLUGIN | ARG_CONFIG | ARG_HELP | ARG_VERSION,
    .max_operands = 1,
    .run = run,
};
