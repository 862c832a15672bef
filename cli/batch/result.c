#include "batch/result.h"

#include "batch/openai_result.h"
#include "batch/why.h"
#include "embed/vectors.h"
#include "report.h"

#include <beluga/allocator.h>
#include <beluga/provider/json.h>

#include <stdio.h>
#include <string.h>

static bool find_price(const batch_result_source *s, const char *provider, const char *model,
                       beluga_price *price)
{
    const beluga_prices *list = s->prices->list;
    return list && (beluga_prices_find(list, provider, model, price) ||
                    beluga_prices_find(list, provider, beluga_model_name(s->model), price));
}

/* Find the price of a model, and remember it for the next look-up. Names that are too long are not
 * remembered. */
static void look_up(const batch_result_source *s, const char *provider, const char *model)
{
    batch_prices *prices = s->prices;
    if (*prices->model && strcmp(prices->model, model) == 0 &&
        strcmp(prices->provider, provider) == 0)
        return;
    prices->known = find_price(s, provider, model, &prices->price);
    snprintf(prices->provider, sizeof prices->provider, "%s", provider);
    snprintf(prices->model, sizeof prices->model, "%s", model);
}

double batch_price_cost(const batch_prices *prices, const beluga_price *price,
                        const beluga_usage *usage)
{
    double cost = beluga_price_cost(price, usage);
    return prices->factor > 0 && cost > 0 ? cost * prices->factor : cost;
}

/* Returns the cost of an answer: 0 if it came from a cache, -1 if its price is not known. */
static double find_cost(const batch_result_source *s, const beluga_response *response)
{
    if (beluga_response_is_cached(response)) return 0;
    look_up(s, beluga_response_provider(response), beluga_response_model(response));
    return s->prices->known
               ? batch_price_cost(s->prices, &s->prices->price, beluga_response_usage(response))
               : -1;
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

/* Returns whether an answer must fit the schema. An answer that calls tools has no text to check.
 */
static bool is_checked(const batch_result_source *s, const beluga_response *response)
{
    size_t length;
    beluga_response_text(response, &length);
    return s->schema && (length || !beluga_response_tool_call_count(response));
}

/* Check an answer against the schema. An answer that does not fit is kept, and its member `misfit`
 * says why. */
static int check_schema(beluga_json_writer *w, const batch_result_source *s,
                        const beluga_response *response, batch_entry *entry)
{
    char why[BATCH_REASON_BYTES];
    beluga_error err = {.message = ""};
    if (!is_checked(s, response)) return 0;
    int rc = beluga_response_check_schema(response, s->schema, strlen(s->schema), &err);
    if (rc == 0 || rc == BELUGA_ERROR_NO_MEMORY) return rc;
    batch_say_why(why, "%s%s",
                  rc == BELUGA_ERROR_MALFORMED_RESPONSE ? "it is not valid JSON: " : "",
                  err.message);
    beluga_json_put_string(w, "misfit", why);
    entry->misfit = true;
    return 0;
}

/* Write the facts that the totals of a run need, and for which OpenAI's form has no members. */
static void put_facts(beluga_json_writer *w, const beluga_response *response)
{
    const beluga_usage *usage = beluga_response_usage(response);
    beluga_json_put_string(w, "finish_reason",
                           beluga_finish_reason_name(beluga_response_finish_reason(response)));
    beluga_json_begin_object(w, "usage");
    if (usage->input_total >= 0) beluga_json_put_int(w, "input_total", usage->input_total);
    if (usage->output_total >= 0) beluga_json_put_int(w, "output_total", usage->output_total);
    beluga_json_end_object(w);
    if (!beluga_response_media_count(response)) return;
    beluga_json_begin_object(w, "answer");
    beluga_response_put_json(response, w);
    beluga_json_end_object(w);
}

static int put_answer(beluga_json_writer *w, const batch_result_source *s,
                      const beluga_response *response, batch_entry *entry)
{
    take_usage(s, response, entry);
    entry->unfinished =
        !batch_is_whole(beluga_finish_reason_name(beluga_response_finish_reason(response)));
    if (s->openai)
        put_facts(w, response);
    else
        beluga_response_put_json(response, w);
    put_cost(w, entry->cost);
    if (beluga_response_is_cached(response)) beluga_json_put_bool(w, "cached", true);
    return check_schema(w, s, response, entry);
}

static bool has_come(const beluga_response *partial)
{
    return partial &&
           (*beluga_response_text(partial, NULL) || *beluga_response_reasoning(partial, NULL) ||
            beluga_response_tool_call_count(partial) ||
            beluga_response_usage(partial)->output_total > 0);
}

/* Write the part of an answer that arrived before it failed, since it was paid for. */
static int put_partial(beluga_json_writer *w, const batch_result_source *s,
                       const beluga_response *partial, batch_entry *entry)
{
    char *json = NULL;
    size_t length;
    beluga_json_doc *doc = NULL;
    if (!has_come(partial)) return 0;
    take_usage(s, partial, entry);
    entry->begun = true;
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

/* Write what an answer has cost that is not part of the result. */
static void put_paid(beluga_json_writer *w, const batch_entry *paid, batch_entry *entry)
{
    entry->begun = true;
    entry->cost = paid->cost;
    entry->input_tokens = paid->input_tokens;
    entry->output_tokens = paid->output_tokens;
    beluga_json_begin_object(w, "usage");
    if (paid->input_tokens >= 0) beluga_json_put_int(w, "input_total", paid->input_tokens);
    if (paid->output_tokens >= 0) beluga_json_put_int(w, "output_total", paid->output_tokens);
    beluga_json_end_object(w);
    put_cost(w, paid->cost);
}

/* Write the digest of the line, with which later runs check whether the result belongs to it. */
static void put_digest(beluga_json_writer *w, uint64_t digest)
{
    char text[] = "\"0123456789abcdef\"";
    for (size_t i = 16; i > 0; i--, digest >>= 4) text[i] = "0123456789abcdef"[digest & 15];
    beluga_json_put_raw(w, "digest", text, sizeof text - 1);
}

/* Write one vector for each text of the line. */
static void put_vectors(beluga_json_writer *w, const batch_result_source *s, batch_entry *entry)
{
    const beluga_embeddings *e = s->vectors;
    const beluga_usage *usage = beluga_embeddings_usage(e);
    look_up(s, beluga_embeddings_provider(e), beluga_embeddings_model(e));
    entry->input_tokens = usage->input_total;
    entry->cost = s->prices->known ? batch_price_cost(s->prices, &s->prices->price, usage) : -1;
    if (!s->openai) {
        beluga_json_begin_array(w, "embeddings");
        for (size_t i = 0; i < beluga_embeddings_count(e); i++)
            vectors_put_numbers(w, NULL, beluga_embeddings_vector(e, i),
                                beluga_embeddings_dimensions(e));
        beluga_json_end_array(w);
    }
    beluga_json_begin_object(w, "usage");
    if (usage->input_total >= 0) beluga_json_put_int(w, "input_total", usage->input_total);
    beluga_json_end_object(w);
    beluga_json_put_string(w, "model", beluga_embeddings_model(e));
    beluga_json_put_string(w, "provider", beluga_embeddings_provider(e));
    put_cost(w, entry->cost);
}

static int put_members(beluga_json_writer *w, const batch_result_source *s,
                       const beluga_batch_result *result, batch_entry *entry)
{
    int rc = 0;
    beluga_json_put_int(w, "line", (int64_t)s->line);
    if (s->vectors) {
        put_vectors(w, s, entry);
    } else if (result->response) {
        rc = put_answer(w, s, result->response, entry);
    } else {
        report_put_error(w, "error", &result->error);
        rc = put_partial(w, s, result->partial, entry);
        if (s->paid) put_paid(w, s->paid, entry);
    }
    if (s->runs->count) {
        tool_runs_put(s->runs, w, "tool_runs");
        entry->begun = true;
    }
    put_digest(w, s->digest);
    return rc || !s->runs->failed ? rc : BELUGA_ERROR_NO_MEMORY;
}

static int put_result(beluga_json_writer *w, const batch_result_source *s,
                      const beluga_batch_result *result, batch_entry *entry)
{
    beluga_json_begin_object(w, NULL);
    if (s->openai) {
        batch_openai_put(w, s, result);
        beluga_json_begin_object(w, "beluga");
    } else {
        beluga_json_put_string(w, "id", s->id);
    }
    int rc = put_members(w, s, result, entry);
    if (s->openai) beluga_json_end_object(w);
    beluga_json_end_object(w);
    return rc;
}

/* Append a result. @return 0, or the error's code: LIMIT_EXCEEDED if the result is too long. */
static int write_line(const batch_result_source *source, const beluga_batch_result *result,
                      cli_text *text, batch_entry *entry)
{
    const char *json;
    size_t length;
    *entry = (batch_entry){.line = source->line,
                           .failed = !result->response && !source->vectors,
                           .cost = -1,
                           .input_tokens = -1,
                           .output_tokens = -1};
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    int rc = put_result(w, source, result, entry);
    if (rc == 0) rc = beluga_json_writer_text(w, &json, &length);
    if (rc == 0 && length > BATCH_MAX_RECORD_BYTES) rc = BELUGA_ERROR_LIMIT_EXCEEDED;
    if (rc == 0 && (text_add(text, json, length) || text_add(text, "\n", 1)))
        rc = BELUGA_ERROR_NO_MEMORY;
    beluga_json_writer_free(w);
    return rc;
}

/* Write an error instead of an answer, with what the answer has cost. */
static int write_instead(const batch_result_source *source, const beluga_error *error,
                         cli_text *text, batch_entry *entry)
{
    static const tool_runs none;
    const batch_entry paid = *entry;
    batch_result_source without = *source;
    const beluga_batch_result result = {.error = *error};
    without.vectors = NULL;
    without.runs = &none;
    without.paid = &paid;
    return write_line(&without, &result, text, entry);
}

/* Later runs, and the collector of a queue, could not read a longer result, and would ask the line
 * again. So an error becomes its result. */
static int write_too_long(const batch_result_source *source, const beluga_error *error,
                          cli_text *text, batch_entry *entry)
{
    beluga_error too_long;
    if (entry->failed) return write_instead(source, error, text, entry);
    beluga_error_set(&too_long, BELUGA_ERROR_LIMIT_EXCEEDED,
                     "the result is longer than %zu MiB: ask for less in this line",
                     BATCH_MAX_RECORD_BYTES >> 20);
    return write_instead(source, &too_long, text, entry);
}

int batch_result_write(const batch_result_source *source, const beluga_batch_result *result,
                       cli_text *text, batch_entry *entry)
{
    size_t begin = text->length;
    int rc = write_line(source, result, text, entry);
    bool too_long = rc == BELUGA_ERROR_LIMIT_EXCEEDED;
    if (source->misfit && (rc == 0 || too_long)) {
        text->length = begin;
        rc = write_instead(source, source->misfit, text, entry);
    } else if (too_long) {
        rc = write_too_long(source, &result->error, text, entry);
    }
    return rc ? -1 : 0;
}
