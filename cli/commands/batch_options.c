/* The options that `beluga batch` reads itself, and which options can be combined. */
#include "batch/calls.h"
#include "commands/batch.h"
#include "configuration.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

/* The time between two requests for the state of the provider's jobs. */
#define DEFAULT_POLL_MS 30000
#define MAX_POLL_MS     (24 * 60 * 60 * 1000)

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
        return out_usage("--limit: %s is not a number of lines (expected 1 or more)", text);
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
    return out_usage("--template: it has no field, so every line would ask the same question: "
                     "write a field in two braces, such as {{text}}");
}

/* Read the options about the form of the input. --delimiter and --no-header imply CSV. */
static int take_layout(batch_command *b)
{
    const cli_args *args = b->args;
    batch_layout *layout = &b->layout;
    bool csv = args->delimiter || args->no_header;
    *layout = (batch_layout){.format = csv ? BATCH_CSV : BATCH_AUTO, .headless = args->no_header};
    if (args->format && !(layout->format = batch_format_from_name(args->format)))
        return out_usage("--format: must be jsonl, csv or text, not %s", args->format);
    if (csv && layout->format != BATCH_CSV)
        return out_usage("--%s is only for CSV, not for %s",
                         args->delimiter ? "delimiter" : "no-header", args->format);
    if (args->delimiter && !(layout->delimiter = batch_delimiter_from_name(args->delimiter)))
        return out_usage("--delimiter: must be one character, or comma, semicolon, tab or pipe");
    return 0;
}

static int take_output_format(batch_command *b)
{
    const char *name = b->args->output_format;
    b->openai = name && strcmp(name, "openai") == 0;
    if (!name || b->openai || strcmp(name, "beluga") == 0) return 0;
    return out_usage("--output-format: must be beluga or openai, not %s", name);
}

static int take_poll(batch_command *b)
{
    beluga_error err;
    int64_t *ms = &b->by_jobs.poll_ms;
    *ms = DEFAULT_POLL_MS;
    if (!b->args->poll) return 0;
    int rc = configuration_read_time(b->args->poll, ms, &err);
    if (rc == 0 && *ms >= 1 && *ms <= MAX_POLL_MS) return 0;
    return out_usage("--poll: must be a time up to a day, such as 30s or 5m, not %s",
                     b->args->poll);
}

/* Returns whether the run asks lines by jobs, or cancels jobs. */
bool batch_is_by_jobs(const cli_args *args)
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
    if (alone && !batch_is_by_jobs(args))
        return out_usage("--%s needs --provider-batch: beluga always waits for other calls", alone);
    if (batch_is_by_jobs(args) && args->queue)
        return out_usage(
            "--queue can't be combined with --provider-batch or --cancel, since the workers of a "
            "queue ask each line with a call of its own: leave out one of them");
    if (batch_is_by_jobs(args) && args->tools.count)
        return out_usage(
            "--tool: a batch job can't call tools: leave out --tool or --provider-batch");
    if (args->cancel && args->dry_run)
        return out_usage("--cancel: can't be combined with --dry-run");
    if (args->cancel && args->wait && !args->operands.count)
        return out_usage("--cancel --wait needs the input file, since it collects the answers that "
                         "came before: name it, or leave out --wait");
    b->by_jobs.wait = args->wait;
    b->by_jobs.cancel = args->cancel;
    b->by_jobs.keep_files = args->keep_files;
    return take_poll(b);
}

int batch_take_options(batch_command *b)
{
    const cli_args *args = b->args;
    if (!args->operands.count && !args->cancel)
        return out_usage("name the input file, or - for stdin");
    b->path = args->operands.count ? args->operands.items[0] : "";
    b->out = args->out ? args->out : "";
    if (!*b->out && !args->dry_run) return out_usage("name the output file: --out FILE");
    if (strcmp(b->out, "-") == 0)
        return out_usage(
            "--out: choose a file, since a stopped run can't be continued from stdout");
    if (args->keep_job && !args->queue) return out_usage("--keep-job needs --queue");
    if (args->stay || args->idle)
        return out_usage("--%s needs --work", args->stay ? "stay" : "idle");
    int rc = take_layout(b);
    if (rc == 0) rc = batch_calls_take(args, &b->jobs);
    if (rc == 0) rc = take_budget(b);
    if (rc == 0) rc = take_limit(b);
    if (rc == 0) rc = take_output_format(b);
    if (rc == 0) rc = take_by_jobs(b);
    return rc ? rc : take_template(b);
}
