#include "batch/result.h"

#include "report.h"

#include <beluga/allocator.h>
#include <beluga/provider/json.h>

#include <string.h>

/* A cached answer costs nothing; the cost of an answer without a price is unknown. */
static double find_cost(const batch_result_source *s, const beluga_response *response)
{
    beluga_price price;
    const char *provider = beluga_response_provider(response);
    if (beluga_response_is_cached(response)) return 0;
    if (!s->prices) return -1;
    if (!beluga_prices_find(s->prices, provider, beluga_response_model(response), &price) &&
        !beluga_prices_find(s->prices, provider, beluga_model_name(s->model), &price))
        return -1;
    return beluga_price_cost(&price, beluga_response_usage(response));
}

static void put_cost(beluga_json_writer *w, double cost)
{
    if (cost < 0)
        beluga_json_put_null(w, "cost");
    else
        beluga_json_put_double(w, "cost", cost);
}

static void take_usage(const batch_result_source *s, const beluga_response *response,
                       batch_entry *entry)
{
    const beluga_usage *usage = beluga_response_usage(response);
    entry->cost = find_cost(s, response);
    entry->input_tokens = usage->input_total;
    entry->output_tokens = usage->output_total;
}

static void put_answer(beluga_json_writer *w, const batch_result_source *s,
                       const beluga_response *response, batch_entry *entry)
{
    take_usage(s, response, entry);
    entry->unfinished =
        !batch_is_whole(beluga_finish_reason_name(beluga_response_finish_reason(response)));
    beluga_response_put_json(response, w);
    put_cost(w, entry->cost);
    if (beluga_response_is_cached(response)) beluga_json_put_bool(w, "cached", true);
}

static bool has_come(const beluga_response *partial)
{
    return partial &&
           (*beluga_response_text(partial, NULL) || *beluga_response_reasoning(partial, NULL) ||
            beluga_response_tool_call_count(partial) ||
            beluga_response_usage(partial)->output_total > 0);
}

/* The part of a failed answer that came has been paid for like any other answer. */
static int put_partial(beluga_json_writer *w, const batch_result_source *s,
                       const beluga_response *partial, batch_entry *entry)
{
    char *json = NULL;
    size_t length;
    beluga_json_doc *doc = NULL;
    if (!has_come(partial)) return 0;
    take_usage(s, partial, entry);
    int rc = beluga_response_to_json(partial, &json, &length);
    if (rc == 0) rc = beluga_json_parse(json, length, &doc, NULL);
    if (rc == 0) {
        beluga_json_put_raw(w, "partial", json, length);
        const beluga_json *usage = beluga_json_get(beluga_json_doc_root(doc), "usage");
        const char *text = usage ? beluga_json_text(doc, usage, &length) : NULL;
        if (usage && !text) rc = BELUGA_ERROR_NO_MEMORY;
        if (text) beluga_json_put_raw(w, "usage", text, length);
        put_cost(w, entry->cost);
    }
    beluga_json_doc_free(doc);
    beluga_free(json);
    return rc;
}

int batch_result_write(const batch_result_source *source, const beluga_batch_result *result,
                       cli_text *text, batch_entry *entry)
{
    const char *json;
    size_t length;
    int rc = 0;
    *entry = (batch_entry){.line = source->line,
                           .failed = !result->response,
                           .cost = -1,
                           .input_tokens = -1,
                           .output_tokens = -1};
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return -1;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", source->id);
    beluga_json_put_int(w, "line", (int64_t)source->line);
    if (result->response) {
        put_answer(w, source, result->response, entry);
    } else {
        report_put_error(w, "error", &result->error);
        rc = put_partial(w, source, result->partial, entry);
    }
    if (source->runs->count) tool_runs_put(source->runs, w, "tool_runs");
    beluga_json_end_object(w);
    if (rc == 0 && source->runs->failed) rc = BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) rc = beluga_json_writer_text(w, &json, &length);
    if (rc == 0) rc = text_add(text, json, length) || text_add(text, "\n", 1);
    beluga_json_writer_free(w);
    return rc ? -1 : 0;
}
