/* beluga batch: asks each of many lines once, and continues an interrupted run. */
#include "base/limits.h"
#include "batch/calls.h"
#include "batch/estimate.h"
#include "batch/file_supply.h"
#include "batch/gather.h"
#include "batch/resume.h"
#include "batch/summary.h"
#include "batch/survey.h"
#include "commands/batch_queue.h"
#include "commands/command.h"
#include "exit.h"
#include "input.h"
#include "jobs/jobs.h"
#include "output.h"
#include "prices.h"
#include "report.h"
#include "schema.h"
#include "session.h"
#include "tools/tools.h"

#include <beluga/registry.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Between two looks at a provider's jobs. */
#define DEFAULT_POLL_MS    30000
#define MAX_POLL_MS        (24 * 60 * 60 * 1000)
#define DEFAULT_TIMEOUT_MS 30000

/* Everything that a batch needs from its beginning to its end. */
typedef struct batch_command {
    const cli_args *args;
    const char *path; /* path of the input; "-": stdin */
    const char *out;  /* "": no output, for --dry-run */
    size_t jobs;
    double budget;  /* 0: no budget */
    bool openai;    /* results have the form of OpenAI's batches */
    uint64_t limit; /* number of lines to ask; 0: all */
    cli_session session;
    char *system; /* owned; NULL: none */
    tool_set tools;
    cli_text tools_text; /* what the model is told of them; empty: no tools */
    cli_text schema;
    batch_template template;
    int input;
    batch_survey survey;
    batch_digest digest; /* digest of the second reading, during which lines are asked */
    batch_reader reader;
    batch_plan plan;
    batch_facts facts;
    batch_fact_texts texts;
    batch_output output;
    batch_progress progress;
    beluga_prices *prices;
    beluga_price price; /* of the model, where `is_priced` */
    bool is_priced;
    batch_layout layout;
    batch_journal journal;    /* of the provider's batch jobs */
    batch_jobs by_jobs;       /* how they are asked: --provider-batch */
    batch_gatherer collector; /* with --queue */
    cli_text options;         /* for the job's manifest */
} batch_command;

/* ---- the command line ------------------------------------------------------------------------ */

static int take_budget(batch_command *b)
{
    char *end;
    const char *text = b->args->budget;
    if (!text) return 0;
    if (*text == '$') text++;
    b->budget = strtod(text, &end);
    if (end == text || *end || !(b->budget > 0) || b->budget > 1e9)
        return out_usage("--budget: %s is not an amount of US dollars", b->args->budget);
    return 0;
}

static int take_limit(batch_command *b)
{
    char *end;
    const char *text = b->args->limit;
    if (!text) return 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (end == text || *end || n < 1 || *text == '-')
        return out_usage("--limit: %s is not a number of lines", text);
    b->limit = n;
    return 0;
}

static int take_template(batch_command *b)
{
    char why[BATCH_WHY_BYTES];
    if (!b->args->template) return 0;
    if (batch_template_parse(&b->template, b->args->template, why) != 0)
        return out_usage("--template: %s", why);
    if (batch_template_has_field(&b->template)) return 0;
    return out_usage("--template: it names no field, so that every line would ask the same: a "
                     "field is {{text}}, in two braces");
}

/* A delimiter and a missing header are those of CSV. */
static int take_layout(batch_command *b)
{
    const cli_args *args = b->args;
    batch_layout *layout = &b->layout;
    bool csv = args->delimiter || args->no_header;
    *layout = (batch_layout){.format = csv ? BATCH_CSV : BATCH_AUTO, .headless = args->no_header};
    if (args->format && !(layout->format = batch_format_from_name(args->format)))
        return out_usage("--format: it is jsonl, csv or text, not %s", args->format);
    if (csv && layout->format != BATCH_CSV)
        return out_usage("--%s is for CSV, and not for %s",
                         args->delimiter ? "delimiter" : "no-header", args->format);
    if (args->delimiter && !(layout->delimiter = batch_delimiter_from_name(args->delimiter)))
        return out_usage("--delimiter: it is one character, or comma, semicolon, tab or pipe");
    return 0;
}

static int take_output_format(batch_command *b)
{
    const char *name = b->args->output_format;
    b->openai = name && strcmp(name, "openai") == 0;
    if (!name || b->openai || strcmp(name, "beluga") == 0) return 0;
    return out_usage("--output-format: it is beluga or openai, not %s", name);
}

/* A number alone means seconds, as with --timeout. */
static int take_poll(batch_command *b)
{
    char text[64];
    beluga_option option;
    beluga_error err;
    const char *time = b->args->poll;
    b->by_jobs.poll_ms = DEFAULT_POLL_MS;
    if (!time) return 0;
    bool bare = *time && strspn(time, "0123456789.") == strlen(time);
    snprintf(text, sizeof text, "timeout=%.32s%s", time, bare ? "s" : "");
    if (beluga_option_parse(text, &option, &err) || option.value.integer < 1 ||
        option.value.integer > MAX_POLL_MS)
        return out_usage("--poll: not a time up to a day, such as 30s or 5m: %s", time);
    b->by_jobs.poll_ms = option.value.integer;
    return 0;
}

/* By jobs the lines are asked, or those that were given to some are cancelled. */
static bool is_by_jobs(const cli_args *args)
{
    return args->provider_batch || args->cancel;
}

static int take_by_jobs(batch_command *b)
{
    const cli_args *args = b->args;
    const char *alone = args->wait         ? "wait"
                        : args->poll       ? "poll"
                        : args->keep_files ? "keep-files"
                                           : NULL;
    if (alone && !is_by_jobs(args))
        return out_usage("--%s goes with --provider-batch: other calls are waited for anyway",
                         alone);
    if (is_by_jobs(args) && args->queue)
        return out_usage("--queue: workers ask each line by a call of its own, and the provider's "
                         "jobs are another way: leave out one of them");
    if (is_by_jobs(args) && args->tools.count)
        return out_usage("--tool: a batch job calls no tools: leave out --provider-batch");
    if (args->cancel && args->dry_run)
        return out_usage("--cancel: it does something, and --dry-run does nothing");
    b->by_jobs.wait = args->wait;
    b->by_jobs.cancel = args->cancel;
    b->by_jobs.keep_files = args->keep_files;
    return take_poll(b);
}

static int take_options(batch_command *b)
{
    const cli_args *args = b->args;
    if (!args->operands.count && !args->cancel) return out_usage("name the input, or - for stdin");
    b->path = args->operands.count ? args->operands.items[0] : "";
    b->out = args->out ? args->out : "";
    if (!*b->out && !args->dry_run) return out_usage("name the output: --out FILE");
    if (strcmp(b->out, "-") == 0)
        return out_usage("--out: name a file; a run that stopped could not go on from stdout");
    if (args->keep_job && !args->queue) return out_usage("--keep-job goes with --queue");
    if (args->stay || args->idle)
        return out_usage("--%s goes with --work", args->stay ? "stay" : "idle");
    int rc = take_layout(b);
    if (rc == 0) rc = batch_calls_take(args, &b->jobs);
    if (rc == 0) rc = take_budget(b);
    if (rc == 0) rc = take_limit(b);
    if (rc == 0) rc = take_output_format(b);
    if (rc == 0) rc = take_by_jobs(b);
    return rc ? rc : take_template(b);
}

/* ---- the input ------------------------------------------------------------------------------- */

static int complain_of_input(const batch_command *b, const char *why)
{
    out_error("%s: %s", batch_input_name(b->path), why);
    return CLI_EXIT_USAGE;
}

static int begin_reading(batch_command *b)
{
    char why[BATCH_FAULT_BYTES];
    b->reader = batch_layout_reader(&b->layout, b->input);
    b->reader.seen = batch_digest_bytes;
    b->reader.payload = &b->digest;
    batch_digest_begin(&b->digest);
    b->plan.reader = &b->reader;
    if (batch_reader_begin(&b->reader, why) == 0 && batch_plan_columns(&b->plan, why) == 0)
        return 0;
    return complain_of_input(b, why);
}

/* The input was read twice, perhaps hours apart, so it is compared. */
static int check_input(batch_command *b)
{
    char digest[BATCH_DIGEST_TEXT];
    if (!b->reader.at_end) return 0;
    batch_digest_finish(&b->digest, digest);
    if (strcmp(digest, b->survey.digest) == 0) return 0;
    out_error("%s was changed while it was asked: results may belong to lines that are no more",
              b->path);
    return CLI_EXIT_USAGE;
}

static int find_layout(batch_command *b)
{
    char why[BATCH_FAULT_BYTES];
    const char *path = b->path;
    batch_layout_find(&b->layout, path, b->input, b->args->prompt_column);
    const char *column = b->args->prompt_column   ? "prompt"
                         : b->args->attach_column ? "attach"
                                                  : NULL;
    if (column && b->layout.format == BATCH_TEXT)
        return out_usage("--%s-column: %s is text, which has no columns; --format csv reads a CSV",
                         column, batch_input_name(path));
    if (batch_layout_check(&b->layout, b->input, why) != 0) return complain_of_input(b, why);
    const char *name = batch_delimiter_name(b->layout.delimiter);
    if (!b->args->delimiter && name && b->layout.delimiter != ',')
        out_note("%s has %s between its columns (--delimiter says otherwise)",
                 batch_input_name(path), name);
    return 0;
}

/* An alias may have a system text. What is wrong with the model is told later. */
static int choose_system(batch_command *b)
{
    beluga_error err;
    const char *text = b->args->system;
    if (!text && b->session.chosen_by && session_resolve(&b->session, NULL, &err) == 0)
        text = beluga_config_system(b->session.config);
    if (!text) return 0;
    b->system = strdup(text);
    return b->system ? 0 : out_no_memory();
}

static int read_input(batch_command *b)
{
    const char *beside = *b->out ? b->out : "beluga-batch";
    b->plan = (batch_plan){.template = b->args->template ? &b->template : NULL,
                           .system = b->system,
                           .prompt_name = b->args->prompt_column,
                           .attach_name = b->args->attach_column,
                           .takes = UINT64_MAX};
    int rc = batch_input_open(b->path, beside, &b->input);
    if (rc == 0) rc = find_layout(b);
    if (rc == 0)
        rc = batch_survey_make(&b->survey, b->path, beside, b->input, &b->layout, &b->plan,
                               b->limit);
    return rc ? rc : begin_reading(b);
}

/* ---- the output ------------------------------------------------------------------------------ */

static int make_facts(batch_command *b)
{
    beluga_error err;
    const cli_args *args = b->args;
    if (!b->session.chosen_by) return session_explain_no_model(&b->session, args);
    if (session_resolve(&b->session, NULL, &err) != 0) return report_error(args, &err, NULL);
    const batch_fact_source source = {.input_digest = b->survey.digest,
                                      .layout = &b->layout,
                                      .openai = b->openai,
                                      .prompt_column = args->prompt_column,
                                      .attach_column = args->attach_column,
                                      .template = args->template,
                                      .system = b->system,
                                      .schema = b->schema.data,
                                      .tools = b->tools_text.data};
    return batch_facts_make(&b->facts, &b->texts, b->session.config, &source) ? out_no_memory() : 0;
}

static bool is_same(const struct stat *file, int fd)
{
    struct stat other;
    return fstat(fd, &other) == 0 && other.st_dev == file->st_dev && other.st_ino == file->st_ino;
}

/* The output must not be the input, since a message advises the user to remove the output. */
static int check_out(const batch_command *b)
{
    struct stat file;
    if (stat(b->out, &file) != 0 || !is_same(&file, b->input)) return 0;
    return out_usage("--out: %s is the input: name another file", b->out);
}

static int check_errors(batch_command *b)
{
    struct stat file;
    const char *path = b->args->errors;
    if (!path || stat(path, &file) != 0) return 0;
    if (!S_ISREG(file.st_mode))
        return out_usage("--errors: %s is not a file, and could not be replaced", path);
    if (!is_same(&file, b->input) && !is_same(&file, b->output.fd)) return 0;
    return out_usage("--errors: %s is the input or the output, and would be lost", path);
}

static batch_again who_again(const cli_args *args)
{
    if (!args->retry_failed) return BATCH_AGAIN_NONE;
    return args->strict ? BATCH_AGAIN_UNFINISHED : BATCH_AGAIN_FAILED;
}

static bool has_open_jobs(const batch_command *b)
{
    uint64_t lines;
    return batch_journal_open_jobs(&b->journal, &lines) != 0;
}

static int go_on(batch_command *b)
{
    const batch_resume resume = {.facts = &b->facts,
                                 .survey = &b->survey,
                                 .layout = &b->layout,
                                 .input_path = b->path,
                                 .input = b->input,
                                 .again = who_again(b->args),
                                 .jobs_open = has_open_jobs(b),
                                 .dry = b->args->dry_run};
    return batch_resume_output(&b->output, &resume);
}

/* Lines that a job has would be paid for twice. */
static int refuse_jobs(const batch_command *b)
{
    uint64_t lines;
    size_t jobs = batch_journal_open_jobs(&b->journal, &lines);
    out_error("%s has %zu batch job%s with %" PRIu64 " line%s under way, which would be paid for "
              "twice: add --provider-batch to collect %s, or --cancel",
              b->out, jobs, jobs == 1 ? "" : "s", lines, lines == 1 ? "" : "s",
              jobs == 1 ? "it" : "them");
    return CLI_EXIT_USAGE;
}

/* The output is locked before its journal is read. */
static int open_journal(batch_command *b)
{
    bool writes = is_by_jobs(b->args) && !b->args->dry_run;
    if (!*b->out) return 0;
    int rc = batch_journal_open(&b->journal, b->out, b->survey.last_line, writes);
    if (rc == 0 && !is_by_jobs(b->args) && !b->args->dry_run && has_open_jobs(b))
        return refuse_jobs(b);
    return rc;
}

/* Failed lines that are asked again have as many tries as new ones; so have all lines, where the
 * output is a new one beside an old journal. */
static int retry_in_jobs(batch_command *b, bool is_new)
{
    bool again = b->output.retried || (is_new && !has_open_jobs(b));
    if (!is_by_jobs(b->args) || !again || batch_journal_retry(&b->journal) == 0) return 0;
    return batch_journal_complain(&b->journal);
}

static int open_output(batch_command *b)
{
    bool is_new = access(b->out, F_OK) != 0;
    int rc = batch_output_open(&b->output, b->out);
    if (rc == 0) rc = check_errors(b);
    if (rc == 0) rc = open_journal(b);
    if (rc == 0) rc = go_on(b);
    return rc ? rc : retry_in_jobs(b, is_new);
}

/* ---- the provider's batch API ---------------------------------------------------------------- */

/* Write the names of the providers that have one, as far as there is room. */
static void list_batch_providers(batch_command *b, char *text, size_t size)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    size_t used = 0, n = session_list_providers(&b->session, names, BELUGA__MAX_SHOWN_PROVIDERS);
    *text = '\0';
    for (size_t i = 0; i < n; i++) {
        beluga_provider provider;
        beluga_error err;
        if (session_describe(&b->session, names[i], &provider, &err) != 0 || !provider.batch)
            continue;
        size_t need = strlen(names[i]) + 2;
        if (used + need >= size) return;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", names[i]);
    }
}

static int refuse_provider(batch_command *b)
{
    char names[1024];
    list_batch_providers(b, names, sizeof names);
    out_error("--provider-batch: %s has no batch API that is known here; these have one: %s",
              b->texts.model, *names ? names : "none");
    return CLI_EXIT_CONFIG;
}

static int open_by_jobs(batch_command *b)
{
    beluga_error err;
    batch_jobs *jobs = &b->by_jobs;
    if (!is_by_jobs(b->args)) return 0;
    if (beluga_config_get_item(b->session.config, BELUGA_OPTION_FALLBACK, 0, NULL))
        return out_usage("--provider-batch: a job has one model; leave out the option fallback");
    jobs->limits.size = sizeof jobs->limits;
    int rc = beluga_batch_limits_get(b->session.model, &jobs->limits, &err);
    if (rc == BELUGA_ERROR_NOT_SUPPORTED) return refuse_provider(b);
    return rc ? report_error(b->args, &err, NULL) : 0;
}

/* ---- the model ------------------------------------------------------------------------------- */

static int set_budget(batch_command *b)
{
    double left = b->budget - b->output.totals.cost;
    const beluga_option option = beluga_with_budget(left);
    if (!b->budget) return 0;
    /* What is under way is collected whatever is left; the library then keeps no budget of it. */
    if (left <= 0 && is_by_jobs(b->args)) return 0;
    if (left > 0) return beluga_config_set_n(b->session.base, &option, 1) ? out_no_memory() : 0;
    out_error("the budget of $%.6g is spent: earlier runs took $%.6g", b->budget,
              b->output.totals.cost);
    return CLI_EXIT_RATE;
}

static uint64_t find_capabilities(const batch_command *b)
{
    beluga_provider provider;
    beluga_registry *registry = beluga_registry_default();
    int rc = beluga_registry_describe(registry, b->session.config, &provider, NULL);
    return rc ? UINT64_MAX : provider.capabilities;
}

static int open_model(batch_command *b)
{
    int rc = set_budget(b);
    if (rc == 0) rc = session_open(&b->session, b->args, NULL);
    if (rc == 0) rc = tools_bind(&b->tools, b->args, &b->session);
    if (rc == 0) b->plan.model = b->session.model;
    if (rc == 0 && !b->args->attach_anyway) b->plan.takes = find_capabilities(b);
    return rc ? rc : open_by_jobs(b);
}

/* ---- running --------------------------------------------------------------------------------- */

static int finish(batch_command *b, const batch_work *run)
{
    bool complete = b->output.totals.done + b->output.totals.failed == b->survey.records;
    int rc = 0;
    if (b->args->ordered && complete && !b->output.error) rc = batch_output_sort(&b->output);
    if (rc == 0 && b->args->errors) rc = batch_output_collect(&b->output, b->args->errors);
    if (rc == 0) rc = check_input(b);
    int code = batch_summary_tell(b->args, run);
    return rc ? rc : code;
}

/* Lines are asked by the provider's batch jobs. */
static void ask_by_jobs(batch_command *b, batch_work *run)
{
    batch_jobs *jobs = &b->by_jobs;
    const beluga_config *config = b->session.config;
    int64_t timeout = DEFAULT_TIMEOUT_MS;
    beluga_config_get_int(config, BELUGA_OPTION_TIMEOUT, &timeout);
    beluga_config_get_int(config, BELUGA_OPTION_MAX_TOKENS, &jobs->max_tokens);
    b->is_priced = batch_estimate_price(b->prices, b->texts.model, &b->price);
    run->prices.factor = jobs->limits.price_factor;
    jobs->work = run;
    jobs->journal = &b->journal;
    jobs->layout = &b->layout;
    jobs->input = b->input;
    jobs->model = b->texts.model;
    jobs->price = b->is_priced ? &b->price : NULL;
    jobs->budget = b->budget;
    jobs->timeout_ms = timeout;
    batch_jobs_run(jobs);
}

static int ask(batch_command *b)
{
    batch_calls_allow(b->args, b->session.config, &b->jobs);
    const beluga_option options[] = {beluga_with_max_concurrent_batches((int64_t)b->jobs),
                                     beluga_with_response_schema(b->schema.data)};
    batch_file_supply supply;
    batch_file_supply_begin(&supply, &b->reader, &b->survey, &b->output);
    batch_work run = {.model = b->session.model,
                      .plan = &b->plan,
                      .supply = &supply.base,
                      .totals = &b->output.totals,
                      .reader = &b->reader,
                      .survey = &b->survey,
                      .output = &b->output,
                      .progress = &b->progress,
                      .prices = {.list = b->prices},
                      .schema = b->schema.data,
                      .options = options,
                      .n_options = b->schema.data ? 2 : 1,
                      .jobs = b->jobs,
                      .ordered = b->args->ordered,
                      .openai = b->openai,
                      .run_tools = b->tools.count != 0};
    const batch_totals *there = &b->output.totals;
    batch_progress_begin(&b->progress, there->done + there->failed + batch_summary_left(&run),
                         there, b->args->verbose == 0);
    if (is_by_jobs(b->args))
        ask_by_jobs(b, &run);
    else
        batch_run(&run);
    return finish(b, &run);
}

/* ---- many machines --------------------------------------------------------------------------- */

static void take_limits(const batch_command *b, batch_limits *limits)
{
    const beluga_config *config = b->session.config;
    beluga_config_get_int(config, BELUGA_OPTION_REQUESTS_PER_MINUTE, &limits->requests_per_minute);
    beluga_config_get_int(config, BELUGA_OPTION_TOKENS_PER_MINUTE, &limits->tokens_per_minute);
    beluga_config_get_int(config, BELUGA_OPTION_MAX_CONCURRENT_CALLS,
                          &limits->max_concurrent_calls);
}

/* Find the job before the output is touched. */
static int find_job(batch_command *b)
{
    const cli_args *args = b->args;
    batch_gatherer *c = &b->collector;
    if (batch_manifest_options(args, b->session.config, &b->options) != 0) return out_no_memory();
    *c = (batch_gatherer){.args = args,
                          .out = b->out,
                          .facts = &b->facts,
                          .survey = &b->survey,
                          .reader = &b->reader,
                          .output = &b->output,
                          .progress = &b->progress,
                          .made = {.model = b->texts.model,
                                   .template = args->template,
                                   .system = b->system,
                                   .schema = b->schema.data,
                                   .prompt_column = args->prompt_column,
                                   .attach_column = args->attach_column,
                                   .options = b->options.data,
                                   .openai = b->openai,
                                   .strict = args->strict,
                                   .attach_anyway = args->attach_anyway,
                                   .has_tools = b->tools.count != 0,
                                   .layout = b->layout}};
    take_limits(b, &c->made.limits);
    return batch_gather_find(c);
}

/* The budget of the workers is what earlier runs have left of it. */
static int collect(batch_command *b)
{
    batch_gatherer *c = &b->collector;
    const batch_totals *there = &b->output.totals;
    batch_work run = {.totals = there,
                      .supply = &c->lines.base,
                      .progress = &b->progress,
                      .survey = &b->survey,
                      .output = &b->output};
    int rc = set_budget(b);
    c->made.limits.budget = b->budget ? b->budget - there->cost : 0;
    batch_progress_begin(&b->progress, there->done + there->failed + batch_summary_left(&run),
                         there, b->args->verbose == 0);
    if (rc == 0) rc = batch_gather_run(c);
    if (rc != 0) return rc;
    run.error = c->error;
    run.interrupted = c->interrupted;
    bool over = !c->code && !b->output.error && !batch_summary_left(&run);
    rc = finish(b, &run);
    if (over && !b->args->keep_job) batch_gather_end(c);
    return c->code ? c->code : rc;
}

/* ---- --dry-run ------------------------------------------------------------------------------- */

/* The price of a batch job beside the usual one; 0: the provider has none. No model is opened, as
 * no key is needed to estimate. */
static double find_factor(const batch_command *b)
{
    beluga_provider provider;
    beluga_registry *registry = beluga_registry_default();
    int rc = beluga_registry_describe(registry, b->session.config, &provider, NULL);
    return rc || !provider.batch ? 0 : provider.batch->price_factor;
}

static int estimate(batch_command *b)
{
    int rc = batch_output_look(&b->output, b->out);
    if (rc == 0) rc = open_journal(b);
    if (rc == 0) rc = go_on(b);
    if (rc == 0) rc = prices_load(b->session.config, true, &b->prices);
    if (rc != 0) return rc;
    const batch_estimate estimate = {.plan = &b->plan,
                                     .reader = &b->reader,
                                     .survey = &b->survey,
                                     .output = &b->output,
                                     .config = b->session.config,
                                     .prices = b->prices,
                                     .model = b->texts.model,
                                     .journal = &b->journal,
                                     .factor = b->args->provider_batch ? find_factor(b) : 0};
    if (b->args->provider_batch && !(estimate.factor > 0)) return refuse_provider(b);
    return batch_estimate_tell(b->args, &estimate);
}

/* ---- --cancel without the input -------------------------------------------------------------- */

static int tell_cancelled(const batch_command *b, size_t refused)
{
    if (b->by_jobs.work->journal_failed) return CLI_EXIT_OUTPUT;
    if (b->by_jobs.work->error.code) return report_error(b->args, &b->by_jobs.work->error, NULL);
    out_note(
        "the same command with the input and --provider-batch collects what was answered until "
        "now; with the input and --cancel it asks nothing anew");
    return refused ? CLI_EXIT_OTHER : CLI_EXIT_OK;
}

/* The journal tells the model, so that nobody has to repeat it. */
static int open_journaled_model(batch_command *b)
{
    const char *model = NULL;
    for (size_t i = 0; i < b->journal.count; i++)
        if (b->journal.jobs[i].phase < BATCH_JOB_COLLECTED) model = b->journal.jobs[i].model;
    int rc = session_load(&b->session, b->args);
    if (rc == 0) rc = session_open(&b->session, b->args, b->args->model ? NULL : model);
    snprintf(b->texts.model, sizeof b->texts.model, "%s", model);
    return rc ? rc : open_by_jobs(b);
}

static int cancel_jobs(batch_command *b)
{
    struct stat file;
    batch_work work = {.progress = &b->progress};
    if (stat(b->out, &file) != 0) return out_usage("--cancel: there is no %s", b->out);
    int rc = batch_output_open(&b->output, b->out);
    if (rc == 0) rc = batch_journal_open(&b->journal, b->out, 0, true);
    if (rc) return rc;
    if (!has_open_jobs(b)) {
        out_note("no batch job is under way for %s", b->out);
        return CLI_EXIT_OK;
    }
    rc = open_journaled_model(b);
    if (rc) return rc;
    work.model = b->session.model;
    b->by_jobs.work = &work;
    b->by_jobs.journal = &b->journal;
    b->by_jobs.model = b->texts.model;
    b->by_jobs.timeout_ms = DEFAULT_TIMEOUT_MS;
    return tell_cancelled(b, batch_jobs_cancel(&b->by_jobs));
}

static int run_batch(batch_command *b)
{
    int rc = take_options(b);
    if (rc == 0 && !*b->path) return cancel_jobs(b);
    if (rc == 0) rc = session_load(&b->session, b->args);
    if (rc == 0) rc = choose_system(b);
    if (rc == 0) rc = tools_open(&b->tools, b->args, b->session.base, false);
    if (rc == 0 && b->tools.count) rc = tools_describe(&b->tools, &b->tools_text);
    if (rc == 0) rc = schema_read(b->args->schema, &b->schema);
    if (rc == 0) rc = read_input(b);
    if (rc == 0) rc = check_out(b);
    if (rc == 0) rc = make_facts(b);
    if (rc == 0 && b->args->dry_run) return estimate(b);
    if (rc == 0 && b->args->queue) rc = find_job(b);
    if (rc == 0) rc = open_output(b);
    if (rc == 0 && b->args->queue) return collect(b);
    if (rc == 0) rc = open_model(b);
    if (rc == 0) rc = prices_load(b->session.config, true, &b->prices);
    if (rc != 0) return rc;
    return ask(b);
}

static int run(const cli_args *args)
{
    batch_command b = {.args = args, .input = -1, .output = {.fd = -1}, .journal = {.fd = -1}};
    if (batch_queue_is_asked(args)) return batch_queue_run(args);
    /* Without the signal, writing too large a file fails like any other write. */
    signal(SIGXFSZ, SIG_IGN);
    int rc = run_batch(&b);
    batch_journal_free(&b.journal);
    batch_output_close(&b.output);
    batch_gather_free(&b.collector);
    text_free(&b.options);
    batch_reader_free(&b.reader);
    if (b.input >= 0) close(b.input);
    beluga_prices_free(b.prices);
    batch_survey_free(&b.survey);
    text_free(&b.schema);
    free(b.system);
    session_free(&b.session);
    text_free(&b.tools_text);
    tool_set_free(&b.tools);
    return rc;
}

const cli_command cmd_batch = {
    .name = "batch",
    .operands = "FILE",
    .summary = "Ask a model about every line of a file, and go on where an earlier run stopped.",
    .takes = ARG_SET(ARG_OUT, ARG_MODEL, ARG_JOBS, ARG_TEMPLATE, ARG_PARAMETER, ARG_SYSTEM,
                     ARG_SCHEMA, ARG_TOOLS, ARG_FORMAT, ARG_DELIMITER, ARG_NO_HEADER,
                     ARG_PROMPT_COLUMN, ARG_ATTACH_COLUMN, ARG_ATTACH_ANYWAY, ARG_OUTPUT_FORMAT,
                     ARG_LIMIT, ARG_ORDERED, ARG_RETRY_FAILED, ARG_ERRORS, ARG_DRY_RUN, ARG_BUDGET,
                     ARG_STRICT, ARG_PROVIDER_BATCH, ARG_WAIT, ARG_POLL, ARG_KEEP_FILES, ARG_CANCEL,
                     ARG_QUEUE, ARG_KEEP_JOB, ARG_WORK, ARG_STAY, ARG_IDLE, ARG_STATUS, ARG_REMOVE,
                     ARG_JSON, ARG_CALLS),
    .max_operands = 1,
    .draws_progress = true,
    .run = run,
    .details =
        "Each line is a text, alone or as JSON; an object with \"prompt\" or \"messages\"; a list "
        "of "
        "messages; or a request in OpenAI's batch format (custom_id, method, url, body) to "
        "/v1/chat/completions, /v1/responses or /v1/embeddings, whose model "
        "is not taken: -m names it. Of a CSV the column \"prompt\" or "
        "\"text\" is asked, or that of --prompt-column. With "
        "--template any fields make the prompt. FILE may be - for stdin, compressed by "
        "gzip, or UTF-16. Blank lines are passed over.\n\n"
        "The output has an object for each finished line: id (that of the line, or its number), "
        "line, text, "
        "tool_calls, finish_reason, usage, misfit (why the "
        "answer does not fit --schema), cost in US dollars (null: unknown), or error. A line "
        "that "
        "can't be read is an error of its own, as is one whose id an earlier line has; what is "
        "wrong with "
        "all lines, such as a key that is refused, stops the run and fails none.\n\n"
        "Whatever stops it (Ctrl-C, a kill, a full disk, a power cut), the same command goes on: "
        "no "
        "finished line is asked again, and none is lost or there twice. Ctrl-C finishes what is "
        "under "
        "way; a second one ends at once. OUT.batch, beside the output, says what it belongs to: "
        "with "
        "another model, template or other options that change answers it is refused, unless no "
        "line is answered yet. The input may have other lines where none is answered. Lines that "
        "failed are finished, too, until --retry-failed asks them again; but ten in a row that "
        "fail alike, as by a wrong model or a server that is down, end the run and are left.\n\n"
        "An answer that was cut at its token limit, or filtered, is done, and counted as "
        "unfinished. "
        "With --strict it is a failed line, whose \"partial\" is what came; and --retry-failed "
        "then "
        "asks such lines of earlier runs again, too.\n\n"
        "With --provider-batch the lines become jobs of the provider's batch API, each as large as "
        "it takes and 64 MiB at most, and the command ends with 12 while some are under way. Run "
        "it "
        "again to collect what has ended, or say --wait. OUT.jobs remembers the jobs: a kill or a "
        "lost answer at any moment lets no line be paid for twice. A line whose job had no time "
        "for "
        "it, or failed for a while, is in three jobs at most. What was uploaded is deleted when "
        "the "
        "answers are safe. --cancel ends the jobs; what was answered until then is paid for, and "
        "collected.\n\n"
        "Many machines ask one file by a job in NATS JetStream: --queue nats://HOST/JOB puts the "
        "lines into it and collects their results, --work nats://HOST/JOB asks them on any number "
        "of machines, with the keys of each, --status draws the job, and --remove removes it. "
        "Any of them, and servers, may be killed and started again. What is asked is said with "
        "--queue; --budget and limits of requests hold for all workers together. When all results "
        "are in the output, the job is removed, unless --keep-job says otherwise.\n\n"
        "With --json a summary: {state, out, lines, done, failed, left, unfinished, misfits, "
        "input_tokens, "
        "output_tokens, cost, "
        "without_known_cost, jobs_under_way, lines_under_way, seconds, error, exit_code}; and of "
        "--dry-run its estimate.",
};
