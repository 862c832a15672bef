/* beluga health: shows whether the model could be called, and whether it answers. */
#include "commands/command.h"
#include "exit.h"
#include "operation.h"
#include "output.h"
#include "report.h"
#include "session.h"

#include <beluga/context.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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
    out_name(health->provider);
    if (*health->model) out_printf("/");
    out_name(health->model);
    out_printf(": %s", health->state);
    if (health->latency_ms >= 0) out_printf(" (%" PRId64 " ms)", health->latency_ms);
    out_printf("\n");
    if (!health->probed && strcmp(health->state, "unknown") == 0)
        out_note(
            "the model could be called; nothing was sent, and --probe checks whether it answers");
}

/* Print an error on stderr only. With --json, stdout already has an object that contains the error.
 */
static int print_error(const beluga_error *err)
{
    const cli_args to_stderr = {0};
    return report_error(&to_stderr, err, NULL);
}

static int tell(const cli_args *args, const beluga_health *health, const beluga_error *err)
{
    int rc = 0;
    if (args->json)
        rc = print_json(health, err);
    else
        print_text(health);
    return err ? print_error(err) : rc;
}

/* Report a model that can't be opened, for example because its key is missing, as unhealthy. */
static int tell_unopened(const cli_args *args, const beluga_error *err)
{
    if (!*err->provider) return report_error(args, err, NULL);
    const beluga_health health = {.state = "unhealthy",
                                  .provider = err->provider,
                                  .model = err->model,
                                  .timestamp = (int64_t)time(NULL),
                                  .latency_ms = -1};
    return tell(args, &health, err);
}

static int check(const cli_args *args, beluga_chat_model *model)
{
    beluga_health health = {0};
    beluga_error err = {0};
    beluga_context *context = operation_begin();
    if (!context) return out_no_memory();
    int status = beluga_check_health(model, context, args->probe, &health, &err);
    operation_end(context);
    return tell(args, &health, status ? &err : NULL);
}

static int run(const cli_args *args)
{
    cli_session session;
    beluga_error err;
    const char *model = args->operands.count ? args->operands.items[0] : NULL;
    if (model && args->model)
        return out_usage("name the model only once: -m %s or %s", args->model, model);
    int rc = session_load(&session, args);
    if (rc == 0 && !model && !session.chosen_by)
        rc = session_explain_no_model(&session, args);
    else if (rc == 0)
        rc = session_try_open(&session, model, &err) ? tell_unopened(args, &err)
                                                     : check(args, session.model);
    session_free(&session);
    return rc;
}

const cli_command cmd_health = {
    .name = "health",
    .operands = "[MODEL]",
    .summary = "Check whether a model could be called; with --probe, whether it answers.",
    .takes = ARG_SET(ARG_MODEL, ARG_PROBE, ARG_JSON, ARG_CALLS),
    .max_operands = 1,
    .run = run,
    .details = "Without --probe nothing is sent. The state is then healthy if the model needs no "
               "network, unhealthy if no call could succeed (for example because a required key is "
               "missing), and unknown otherwise. With --probe, beluga asks for the provider's list "
               "of models, or else generates one token, and the state is healthy or unhealthy. The "
               "exit status is that of the error that makes it unhealthy.\n\n"
               "With --json: {state, provider, model, api_key_set, probed, tools_count, timestamp, "
               "latency_ms, error}.",
};
