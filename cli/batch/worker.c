#include "batch/worker.h"

#include "base/clock.h"
#include "batch/calls.h"
#include "batch/queue_supply.h"
#include "batch/run.h"
#include "batch/signals.h"
#include "configuration.h"
#include "exit.h"
#include "output.h"
#include "prices.h"
#include "report.h"
#include "session.h"
#include "text.h"
#include "tools/tools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* With --stay, the time between two checks for a job. */
#define STAY_MS          2000
#define COUNT_MS         2000
#define ERROR_LINE_BYTES 1536
#define MOST_BUDGET      1e9
/* In `told`: a message has said that the worker waits for the next job. */
#define TOLD_OVER (-1)

/* The state of a worker, for one job. */
typedef struct worker {
    const cli_args *args;
    int *told; /* the code of the error for which a message has said that the worker waits */
    size_t jobs;
    int64_t idle_ms;
    queue *queue;
    batch_manifest manifest;
    cli_session session;
    tool_set tools;
    cli_text tools_text;
    batch_template template;
    batch_plan plan;
    batch_facts facts;
    batch_fact_texts texts;
    beluga_prices *prices;
    batch_progress progress;
    batch_queue_supply supply;
} worker;

/* ---- the command line ------------------------------------------------------------------------ */

/* Read the option --idle. @param[out] ms  Its value; 0 if it is not given. */
static int take_idle(const cli_args *args, int64_t *ms)
{
    beluga_error err;
    *ms = 0;
    if (!args->idle || configuration_read_time(args->idle, ms, &err) == 0) return 0;
    return out_usage("--idle: %s is not a time, such as 90s or 5m", args->idle);
}

/* ---- the job --------------------------------------------------------------------------------- */

static int tell_missing(const worker *w)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NOT_FOUND,
                     "%s: there is no job of this name; create it with `beluga batch IN --out OUT "
                     "--queue %s`, or wait for it with --stay",
                     queue_where(w->queue), queue_where(w->queue));
    return report_error(w->args, &err, NULL);
}

/* Return whether to wait because of --stay: a job or server that is missing now may appear later. A
 * job of which only a part is there may just be on its way out. */
static bool may_come(const worker *w, const beluga_error *err)
{
    bool away = err->code == BELUGA_ERROR_NETWORK || err->code == BELUGA_ERROR_TIMEOUT;
    bool partly = w->queue && err->code == BELUGA_ERROR_INVALID_CONFIG;
    if (!w->args->stay || (!away && !partly && err->code != BELUGA_ERROR_NOT_FOUND)) return false;
    int code = away ? BELUGA_ERROR_NETWORK : err->code;
    if (*w->told == code) return true;
    *w->told = code;
    if (away || partly)
        out_note("%s; trying again because of --stay", err->message);
    else
        out_note("there is no job %s at %s; waiting for it because of --stay", queue_job(w->queue),
                 queue_where(w->queue));
    return true;
}

/* Return whether to wait because of --stay for the next job of this name: all lines of this one are
 * finished, but nobody has removed it. */
static bool is_waited_out(const worker *w)
{
    queue_counts counts;
    if (!w->args->stay || !queue_count(w->queue, &counts, COUNT_MS) || !queue_is_over(&counts))
        return false;
    if (*w->told != TOLD_OVER)
        out_note("the job %s at %s is over; waiting for the next one because of --stay",
                 queue_job(w->queue), queue_where(w->queue));
    *w->told = TOLD_OVER;
    return true;
}

/* Connect to the queue and read the manifest of the job. @param[out] missing  The job does not
 * exist, or is over, but another may appear later. */
static int join(worker *w, bool *missing)
{
    beluga_error err;
    const char *json;
    size_t n;
    const queue_settings settings = {.address = w->args->work};
    *missing = false;
    int rc = queue_open(&settings, &w->queue, &err);
    if (rc == 0) rc = queue_join(w->queue, &json, &n, &err);
    *missing = rc && may_come(w, &err);
    if (*missing) return 0;
    if (rc == BELUGA_ERROR_NOT_FOUND) return tell_missing(w);
    if (rc) return report_error(w->args, &err, NULL);
    *missing = is_waited_out(w);
    if (*missing) return 0;
    *w->told = 0;
    if (batch_manifest_read(&w->manifest, json, n) == 0) return 0;
    out_error("another version of beluga made the job %s: install the same version here, or create "
              "the job again with this one",
              queue_job(w->queue));
    return CLI_EXIT_USAGE;
}

/* Check that the user of this machine allows what the job needs. Otherwise, somebody who can write
 * into a queue could make this machine run programs or read files. */
static int check_consent(const worker *w)
{
    const batch_manifest *m = &w->manifest;
    if (m->attach_column && !w->args->attach_column)
        return out_usage("the job's lines name files and addresses to attach, in \"%s\": let this "
                         "worker read them with --attach-column \"%s\"",
                         m->attach_column, m->attach_column);
    if (m->attach_column && strcmp(m->attach_column, w->args->attach_column) != 0)
        return out_usage("--attach-column: the job's column is \"%s\"", m->attach_column);
    if (m->has_tools == (w->tools.count != 0)) return 0;
    return m->has_tools
               ? out_usage("the job's lines are asked with tools: name the same tools with -T, and "
                           "this worker will run them")
               : out_usage("--tool: the job's lines are asked without tools, so leave it out");
}

/* ---- the model ------------------------------------------------------------------------------- */

static int set_one(worker *w, const char *text)
{
    beluga_option option;
    beluga_error err;
    if (beluga_option_parse(text, &option, &err) != 0) return report_error(w->args, &err, NULL);
    return beluga_config_set_n(w->session.base, &option, 1) ? out_no_memory() : 0;
}

/* The supply enforces the budget, which all workers share. The model's own budget option only
 * ensures that the price is known, since no budget can be enforced without a price. */
static int set_budget(worker *w)
{
    const beluga_option option = beluga_with_budget(MOST_BUDGET);
    if (!(w->manifest.limits.budget > 0)) return 0;
    return beluga_config_set_n(w->session.base, &option, 1) ? out_no_memory() : 0;
}

static int set_options(worker *w)
{
    const batch_manifest *m = &w->manifest;
    int rc = batch_manifest_apply(m, w->args, w->session.base);
    if (rc == 0 && m->strict) rc = set_one(w, "strict=true");
    return rc ? rc : set_budget(w);
}

static int resolve(worker *w)
{
    beluga_error err;
    if (!w->args->model) {
        w->session.reference = w->manifest.model;
        w->session.chosen_by = "the job";
    }
    return session_resolve(&w->session, NULL, &err) ? report_error(w->args, &err, NULL) : 0;
}

static int make_facts(worker *w)
{
    const batch_manifest *m = &w->manifest;
    const beluga_json *facts = beluga_json_get(beluga_json_doc_root(m->doc), "facts");
    const batch_fact_source source = {.input_digest = beluga_json_get_string(facts, "input", NULL),
                                      .layout = &m->layout,
                                      .openai = m->openai,
                                      .prompt_column = m->prompt_column,
                                      .attach_column = m->attach_column,
                                      .template = m->template,
                                      .system = m->system,
                                      .schema = m->schema,
                                      .tools = w->tools_text.data};
    if (!source.input_digest) return tell_missing(w);
    return batch_facts_make(&w->facts, &w->texts, w->session.config, &source) ? out_no_memory() : 0;
}

/* Warn if the user chose another model than that of the job. */
static void tell_model(worker *w)
{
    const char *model = w->manifest.model;
    if (strcmp(w->texts.model, model) == 0) return;
    out_warning("this worker asks %s, because of -m, but the job was made for %s; each result "
                "names the model that answered",
                w->texts.model, model);
    snprintf(w->texts.model, sizeof w->texts.model, "%s", model);
}

/* Compare the facts with those of the job. All workers must use the same options, so that their
 * answers are comparable. */
static int check_facts(worker *w)
{
    batch_difference difference;
    int rc = make_facts(w);
    if (rc) return rc;
    tell_model(w);
    batch_manifest_compare(&w->manifest, &w->facts, &difference);
    if (difference.kind == BATCH_SAME) return 0;
    out_error("the job %s %s, but this machine would use something else: set the same value here, "
              "with -o or in the configuration",
              queue_job(w->queue), difference.text);
    return CLI_EXIT_CONFIG;
}

static int make_plan(worker *w)
{
    char why[BATCH_WHY_BYTES];
    const batch_manifest *m = &w->manifest;
    w->plan =
        (batch_plan){.template = m->template ? &w->template : NULL,
                     .system = m->system,
                     .prompt_name = m->prompt_column,
                     .attach_name = m->attach_column,
                     .model = w->session.model,
                     .takes = m->attach_anyway ? UINT64_MAX : session_capabilities(&w->session),
                     .id_column = -1,
                     .prompt_column = -1,
                     .attach_column = -1};
    if (!m->template || batch_template_parse(&w->template, m->template, why) == 0) return 0;
    out_error("the job's template can't be used: %s", why);
    return CLI_EXIT_USAGE;
}

static int open_model(worker *w)
{
    const cli_args *args = w->args;
    int rc = tools_open(&w->tools, args, w->session.base, false);
    if (rc == 0 && w->tools.count) rc = tools_describe(&w->tools, &w->tools_text);
    if (rc == 0) rc = check_consent(w);
    if (rc == 0) rc = set_options(w);
    if (rc == 0) rc = resolve(w);
    if (rc == 0) rc = check_facts(w);
    if (rc == 0) rc = batch_calls_wait(&w->session);
    if (rc == 0) rc = session_open(&w->session, args, NULL);
    if (rc == 0) rc = tools_bind(&w->tools, args, &w->session);
    if (rc == 0) rc = prices_load(w->session.config, true, &w->prices);
    return rc ? rc : make_plan(w);
}

/* ---- the end --------------------------------------------------------------------------------- */

static int find_code(const batch_work *run, const batch_queue_supply *supply)
{
    if (run->error.code) return exit_from_error(run->error.code);
    if (supply->failure.code) return exit_from_error(supply->failure.code);
    return run->interrupted ? CLI_EXIT_INTERRUPTED : CLI_EXIT_OK;
}

static const char *name_state(const batch_queue_supply *supply, int code)
{
    if (code == CLI_EXIT_INTERRUPTED) return "interrupted";
    if (code) return "stopped";
    return supply->was_idle ? "idle" : "over";
}

static void tell_reason(const batch_work *run, const batch_queue_supply *supply)
{
    char line[ERROR_LINE_BYTES];
    const beluga_error *err = run->error.code ? &run->error : &supply->failure;
    if (!err->code) return;
    beluga_error_format(err, line, sizeof line);
    if (run->alike > 1)
        out_error(
            "%zu lines in a row failed for the same reason, and were returned to the queue: %s",
            run->alike, line);
    else
        out_error("%s", line);
}

static void tell_totals(const batch_queue_supply *supply)
{
    char time[32], cost[48] = "cost unknown";
    bool over = supply->removed || queue_is_over(&supply->counts);
    const batch_totals *own = &supply->own;
    batch_format_time(batch_progress_seconds(supply->progress), time, sizeof time);
    if (!own->unpriced || own->cost > 0) batch_format_cost(own->cost, cost, sizeof cost);
    out_note("this worker finished %" PRIu64 " line%s, of which %" PRIu64
             " failed, in %s; %s; the job is %s",
             own->done + own->failed, own->done + own->failed == 1 ? "" : "s", own->failed, time,
             cost, over ? "over" : "not finished");
    if (supply->returned)
        out_note("%" PRIu64 " line%s returned to the queue for another try", supply->returned,
                 supply->returned == 1 ? " was" : "s were");
}

static int put_json(const batch_work *run, const batch_queue_supply *supply, int code)
{
    const batch_totals *own = &supply->own;
    const beluga_error *err = run->error.code ? &run->error : &supply->failure;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "state", name_state(supply, code));
    beluga_json_put_string(w, "job", queue_job(supply->queue));
    beluga_json_put_int(w, "done", (int64_t)own->done);
    beluga_json_put_int(w, "failed", (int64_t)own->failed);
    beluga_json_put_int(w, "returned", (int64_t)supply->returned);
    beluga_json_put_int(w, "doubled", (int64_t)supply->doubled);
    beluga_json_put_int(w, "input_tokens", own->input_tokens);
    beluga_json_put_int(w, "output_tokens", own->output_tokens);
    beluga_json_put_double(w, "cost", own->cost);
    beluga_json_put_int(w, "without_known_cost", (int64_t)own->unpriced);
    beluga_json_put_double(w, "seconds", batch_progress_seconds(supply->progress));
    if (err->code)
        report_put_error(w, "error", err);
    else
        beluga_json_put_null(w, "error");
    beluga_json_put_int(w, "exit_code", code);
    beluga_json_end_object(w);
    return report_json(w);
}

static int tell(const worker *w, const batch_work *run)
{
    char line[ERROR_LINE_BYTES];
    int code = find_code(run, &w->supply);
    tell_reason(run, &w->supply);
    tell_totals(&w->supply);
    if (run->failure.code) {
        beluga_error_format(&run->failure, line, sizeof line);
        out_note("the first failure: %s", line);
    }
    int rc = w->args->json ? put_json(run, &w->supply, code) : 0;
    return code ? code : rc;
}

/* ---- the run --------------------------------------------------------------------------------- */

static int ask(worker *w)
{
    const char *schema = w->manifest.schema;
    batch_calls_allow(w->args, w->session.config, &w->jobs);
    const beluga_option options[] = {beluga_with_max_concurrent_batches((int64_t)w->jobs),
                                     beluga_with_response_schema(schema)};
    batch_work run = {.model = w->session.model,
                      .plan = &w->plan,
                      .supply = &w->supply.base,
                      .totals = &w->supply.job,
                      .progress = &w->progress,
                      .prices = {.list = w->prices},
                      .schema = schema,
                      .options = options,
                      .n_options = schema ? 2 : 1,
                      .jobs = w->jobs,
                      .openai = w->manifest.openai,
                      .run_tools = w->tools.count != 0};
    batch_progress_begin(&w->progress, w->manifest.lines, &w->supply.job, w->args->verbose == 0);
    if (batch_queue_supply_begin(&w->supply, w->queue, &w->manifest, &w->plan, &w->progress,
                                 w->jobs) != 0)
        return out_no_memory();
    w->supply.idle_ms = w->idle_ms;
    w->supply.stays = w->args->stay;
    batch_run(&run);
    return tell(w, &run);
}

static void release(worker *w)
{
    batch_queue_supply_free(&w->supply);
    queue_free(w->queue);
    beluga_prices_free(w->prices);
    session_free(&w->session);
    text_free(&w->tools_text);
    tool_set_free(&w->tools);
    batch_manifest_free(&w->manifest);
}

/* Connect to the job, and send its lines until it ends. @param[out] busy  The worker has sent
 * lines. */
static int work_once(const cli_args *args, int64_t idle_ms, int *told, bool *busy)
{
    worker w = {.args = args, .told = told, .idle_ms = idle_ms};
    bool missing = false;
    int rc = batch_calls_take(args, &w.jobs);
    if (rc == 0) rc = join(&w, &missing);
    if (rc == 0 && !missing) {
        rc = session_load(&w.session, args);
        if (rc == 0) rc = open_model(&w);
        if (rc == 0) rc = ask(&w);
    }
    *busy = w.supply.own.done + w.supply.own.failed != 0;
    release(&w);
    return rc;
}

int batch_worker_run(const cli_args *args)
{
    int64_t idle_ms;
    int told = 0;
    int rc = take_idle(args, &idle_ms);
    int64_t since = beluga__now_ms();
    while (rc == 0) {
        bool busy;
        rc = work_once(args, idle_ms, &told, &busy);
        if (rc || !args->stay) break;
        if (busy) since = beluga__now_ms();
        if (idle_ms && beluga__now_ms() - since >= idle_ms) break;
        batch_signals_pause(STAY_MS);
    }
    return rc;
}
