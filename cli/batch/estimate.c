#include "batch/estimate.h"

#include "base/sum.h"
#include "exit.h"
#include "output.h"
#include "report.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* At most this number of bad lines is reported one by one. */
#define MAX_TOLD 10

typedef struct estimate_sums {
    uint64_t lines, bad, under_way;
    int64_t input, most_output;
    bool bounded;   /* every line has a limit for the length of its answer */
    double average; /* average output tokens of the existing answers; below 0: no answers */
    int64_t output; /* -1: unknown */
    beluga_price price;
    double cost; /* -1: unknown */
    const char *out_how, *cost_how;
} estimate_sums;

static const char input_how[] = "a quarter of each text's bytes, 1,000 for an image, 4 for each "
                                "message; the provider's own count may differ by up to a half";

/* ---- adding up ------------------------------------------------------------------------------- */

static void tell_bad(estimate_sums *s, const batch_item *item, const char *why)
{
    if (++s->bad <= MAX_TOLD) out_note("line %" PRIu64 ": %s", item->line, why);
}

int64_t batch_estimate_input(const batch_item *item)
{
    int64_t tokens = 0;
    for (size_t i = 0; i < item->n_texts; i++)
        tokens = beluga__add(tokens, (int64_t)(item->lengths[i] + 3) / 4);
    for (size_t i = 0; !item->n_texts && i < beluga_messages_count(item->request.messages); i++)
        tokens = beluga__add(
            tokens, beluga_message_estimate_tokens(beluga_messages_get(item->request.messages, i)));
    return tokens;
}

static void add(estimate_sums *s, const batch_item *item, int64_t max_tokens)
{
    s->input = beluga__add(s->input, batch_estimate_input(item));
    s->lines++;
    if (item->n_texts) return; /* a request for vectors has no output tokens */
    if (item->request.max_tokens) max_tokens = item->request.max_tokens;
    s->most_output = beluga__add(s->most_output, max_tokens);
    s->bounded &= max_tokens > 0;
}

static int add_up(const batch_estimate *e, estimate_sums *s)
{
    batch_record record;
    batch_item item;
    int64_t max_tokens = 0;
    int got, rc = 0;
    beluga_config_get_int(e->config, BELUGA_OPTION_MAX_TOKENS, &max_tokens);
    while (rc == 0 && (got = batch_reader_next(e->reader, &record)) != 0) {
        if (got < 0) return CLI_EXIT_USAGE;
        if (batch_survey_is_behind(e->survey, record.line)) break;
        if (batch_output_has(e->output, record.line)) continue;
        if (batch_journal_has(e->journal, record.line)) {
            s->under_way++;
            continue;
        }
        int status = batch_item_parse(e->plan, &record, &item);
        if (status == BELUGA_ERROR_NO_MEMORY)
            rc = out_no_memory();
        else if (status != 0)
            tell_bad(s, &item, item.why);
        else if (item.has_id && batch_lines_has(&e->survey->taken, record.line))
            tell_bad(s, &item, BATCH_REPEATED_ID);
        else
            add(s, &item, max_tokens);
        batch_item_free(&item);
    }
    return rc;
}

/* The best estimate is the average length of the existing answers. Without answers, use the largest
 * allowed length, if all lines have a limit. */
static void guess_output(const batch_estimate *e, estimate_sums *s)
{
    const batch_totals *t = &e->output->totals;
    s->output = -1;
    s->out_how = "no line is done yet, and max_tokens does not limit the length of an answer";
    if (t->done && t->output_tokens) {
        s->output = (int64_t)((double)t->output_tokens / (double)t->done * (double)s->lines);
        s->out_how = "average of the lines that are done";
    } else if (s->bounded) {
        s->output = s->most_output;
        s->out_how = "upper limit: max_tokens of each line";
    }
}

bool batch_estimate_price(const beluga_prices *prices, const char *model, beluga_price *price)
{
    char provider[128];
    const char *slash = strchr(model, '/');
    if (!slash || !prices) return false;
    snprintf(provider, sizeof provider, "%.*s", (int)(slash - model), model);
    return beluga_prices_find(prices, provider, slash + 1, price);
}

static void guess_cost(const batch_estimate *e, estimate_sums *s)
{
    s->cost = -1;
    s->cost_how = "the price of the model is not known";
    if (!batch_estimate_price(e->prices, e->model, &s->price)) return;
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.input_total = s->input;
    usage.output_total = s->output < 0 ? 0 : s->output;
    s->cost = beluga_price_cost(&s->price, &usage);
    s->cost_how = s->output < 0 ? "of the input alone" : "of input and output";
}

/* Return the cost of all runs and of the jobs under way together, as far as it can be estimated. */
static double sum_cost(const batch_estimate *e, const estimate_sums *s)
{
    return e->output->totals.cost + batch_journal_reserved(e->journal) +
           s->cost * (e->factor > 0 ? e->factor : 1);
}

/* An answer whose length is unknown may use up any budget. */
static const char *judge_budget(const batch_estimate *e, const estimate_sums *s)
{
    if (s->cost < 0) return "the price of the model is not known, so it can't have a budget";
    if (sum_cost(e, s) > e->budget) return "not enough, by this estimate";
    return s->output < 0 ? "enough for the input alone" : "enough, by this estimate";
}

/* ---- telling --------------------------------------------------------------------------------- */

static void put_words(const batch_estimate *e, const estimate_sums *s)
{
    const batch_totals *t = &e->output->totals;
    out_printf("Lines      %" PRIu64 ": %" PRIu64 " to ask, %" PRIu64 " finished, %" PRIu64
               " bad\n",
               e->survey->records, s->lines, t->done + t->failed, s->bad);
    if (s->under_way) out_printf("In jobs    %" PRIu64 " under way\n", s->under_way);
    out_printf("Input      about %" PRId64 " tokens (%s)\n", s->input, input_how);
    if (s->output < 0)
        out_printf("Output     unknown (%s)\n", s->out_how);
    else
        out_printf("Output     about %" PRId64 " tokens (%s)\n", s->output, s->out_how);
    if (s->cost < 0)
        out_printf("Cost       unknown (%s)\n", s->cost_how);
    else
        out_printf("Cost       about $%.4f %s (%s: $%g and $%g for a million tokens, as of %s)\n",
                   s->cost, s->cost_how, e->model, s->price.input, s->price.output,
                   beluga_prices_date(e->prices));
    if (s->cost >= 0 && e->factor > 0)
        out_printf("           about $%.4f in batch jobs (%g of the price)\n", s->cost * e->factor,
                   e->factor);
    if (t->cost > 0) out_printf("Spent      $%.4f by earlier runs\n", t->cost);
    if (e->budget > 0) out_printf("Budget     $%.6g: %s\n", e->budget, judge_budget(e, s));
}

static void put_known(beluga_json_writer *w, const char *key, int64_t value)
{
    if (value < 0)
        beluga_json_put_null(w, key);
    else
        beluga_json_put_int(w, key, value);
}

static int put_json(const batch_estimate *e, const estimate_sums *s)
{
    const batch_totals *t = &e->output->totals;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "lines", (int64_t)e->survey->records);
    beluga_json_put_int(w, "to_ask", (int64_t)s->lines);
    beluga_json_put_int(w, "finished", (int64_t)(t->done + t->failed));
    beluga_json_put_int(w, "bad", (int64_t)s->bad);
    if (s->under_way) beluga_json_put_int(w, "under_way", (int64_t)s->under_way);
    beluga_json_put_string(w, "model", e->model);
    beluga_json_put_int(w, "input_tokens", s->input);
    beluga_json_put_string(w, "input_how", input_how);
    put_known(w, "output_tokens", s->output);
    beluga_json_put_string(w, "output_how", s->out_how);
    if (s->cost < 0)
        beluga_json_put_null(w, "cost");
    else
        beluga_json_put_double(w, "cost", s->cost);
    beluga_json_put_string(w, "cost_how", s->cost_how);
    if (s->cost >= 0 && e->factor > 0)
        beluga_json_put_double(w, "cost_in_jobs", s->cost * e->factor);
    beluga_json_put_string(w, "prices_of", s->cost < 0 ? NULL : beluga_prices_date(e->prices));
    beluga_json_put_double(w, "spent", t->cost);
    if (e->budget > 0) {
        beluga_json_put_double(w, "budget", e->budget);
        beluga_json_put_string(w, "budget_how", judge_budget(e, s));
    }
    beluga_json_end_object(w);
    return report_json(w);
}

int batch_estimate_tell(const cli_args *args, const batch_estimate *e)
{
    estimate_sums s = {.bounded = true};
    int rc = add_up(e, &s);
    if (rc != 0) return rc;
    if (s.bad > MAX_TOLD) out_note("and %" PRIu64 " more lines with errors", s.bad - MAX_TOLD);
    guess_output(e, &s);
    guess_cost(e, &s);
    if (args->json) return put_json(e, &s);
    put_words(e, &s);
    return CLI_EXIT_OK;
}
