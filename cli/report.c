#include "report.h"

#include "exit.h"
#include "output.h"
#include "text.h"

#include <beluga/allocator.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Room for the longest line of beluga_error_format. */
#define ERROR_LINE_BYTES 1536

/* ---- failures -------------------------------------------------------------------------------- */

static void put_known(beluga_json_writer *w, const char *key, const char *value)
{
    if (*value) beluga_json_put_string(w, key, value);
}

static void put_error(beluga_json_writer *w, const char *key, const beluga_error *err, int code)
{
    beluga_json_begin_object(w, key);
    beluga_json_put_string(w, "code", beluga_error_name(err->code));
    beluga_json_put_int(w, "exit_code", code);
    beluga_json_put_string(w, "message", err->message);
    put_known(w, "cause", err->cause);
    put_known(w, "operation", err->operation);
    put_known(w, "provider", err->provider);
    put_known(w, "model", err->model);
    put_known(w, "provider_code", err->provider_code);
    put_known(w, "request_id", err->request_id);
    if (err->http_status) beluga_json_put_int(w, "http_status", err->http_status);
    if (err->retry_after_ms >= 0) beluga_json_put_int(w, "retry_after_ms", err->retry_after_ms);
    beluga_json_put_bool(w, "retryable", beluga_error_is_retryable(err));
    beluga_json_put_int(w, "attempts", err->attempts);
    beluga_json_end_object(w);
}

void report_put_error(beluga_json_writer *w, const char *key, const beluga_error *err)
{
    put_error(w, key, err, exit_from(err));
}

static void put_partial(beluga_json_writer *w, const beluga_response *partial)
{
    char *json = NULL;
    size_t length = 0;
    if (partial && beluga_response_to_json(partial, &json, &length) == 0)
        beluga_json_put_raw(w, "partial", json, length);
    else
        beluga_json_put_null(w, "partial");
    beluga_free(json);
}

static void print_error_json(const beluga_error *err, const beluga_response *partial, int code)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        put_error(w, "error", err, code);
        put_partial(w, partial);
        beluga_json_end_object(w);
    }
    report_json(w);
}

/* Returns whether no key was found, so that nothing was sent. Any other authentication error is a
 * key that the server has refused. */
static bool lacks_key(const beluga_error *err)
{
    return err->code == BELUGA_ERROR_AUTHENTICATION && !err->http_status && *err->provider &&
           strncmp(err->message, "no key for ", strlen("no key for ")) == 0;
}

static int report_as(const cli_args *args, const beluga_error *err, const beluga_response *partial,
                     int code)
{
    char line[ERROR_LINE_BYTES];
    beluga_error_format(err, line, sizeof line);
    if (err->code == BELUGA_ERROR_CONTEXT_CANCELED)
        out_note("interrupted");
    else
        out_error("%s", line);
    if (lacks_key(err)) out_detail("To store a key: beluga keys set %s", err->provider);
    if (args->json) print_error_json(err, partial, code);
    return code;
}

int report_error(const cli_args *args, const beluga_error *err, const beluga_response *partial)
{
    return report_as(args, err, partial, exit_from(err));
}

int report_file_error(const cli_args *args, const beluga_error *err, int code)
{
    return report_as(args, err, NULL, err->code == BELUGA_ERROR_NO_MEMORY ? CLI_EXIT_OTHER : code);
}

/* ---- answers --------------------------------------------------------------------------------- */

int report_json(beluga_json_writer *w)
{
    const char *text;
    size_t length;
    int rc = w ? beluga_json_writer_text(w, &text, &length) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) {
        out_json(text, length);
        out_printf("\n");
    } else {
        out_error("the JSON can't be written: %s", beluga_error_text(rc));
    }
    beluga_json_writer_free(w);
    return exit_from_error(rc);
}

static int put_runs(cli_text *json, const tool_runs *runs)
{
    const char *text;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    int rc = w ? 0 : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) {
        tool_runs_put(runs, w, NULL);
        rc = beluga_json_writer_text(w, &text, &length);
    }
    if (rc == 0) text_puts(json, ",\"tool_runs\":");
    if (rc == 0) rc = text_add(json, text, length);
    beluga_json_writer_free(w);
    return rc;
}

int report_response(const beluga_response *response, const tool_runs *runs)
{
    char *json = NULL;
    size_t length = 0;
    cli_text text = {0};
    int rc = beluga_response_to_json(response, &json, &length);
    if (rc == 0 && runs->count) {
        text_add(&text, json, length - 1); /* without the brace that ends the object */
        rc = put_runs(&text, runs);
        if (rc == 0) rc = text_add(&text, "}", 1);
    }
    if (rc == 0) {
        out_json(runs->count ? text.data : json, runs->count ? text.length : length);
        out_printf("\n");
    }
    beluga_free(json);
    text_free(&text);
    return rc ? out_no_memory() : 0;
}

static void format_tokens(char *text, size_t size, const char *name, int64_t total,
                          const char *part_name, int64_t part)
{
    if (total < 0)
        snprintf(text, size, "%s unknown", name);
    else if (part > 0)
        snprintf(text, size, "%s %" PRId64 " (%s %" PRId64 ")", name, total, part_name, part);
    else
        snprintf(text, size, "%s %" PRId64, name, total);
}

static void format_time(char *text, size_t size, const char *name, int64_t ns)
{
    text[0] = '\0';
    if (ns >= 1000000000)
        snprintf(text, size, ", %s %.2f s", name, (double)ns / 1e9);
    else if (ns >= 0)
        snprintf(text, size, ", %s %.0f ms", name, (double)ns / 1e6);
}

void report_usage(const beluga_response *response)
{
    char input[96], output[96], whole[48], first[48];
    const beluga_usage *usage = beluga_response_usage(response);
    format_tokens(input, sizeof input, "input", usage->input_total, "cached",
                  usage->input_cache_read);
    format_tokens(output, sizeof output, "output", usage->output_total, "reasoning",
                  usage->output_reasoning);
    format_time(whole, sizeof whole, "time", beluga_response_duration_ns(response));
    format_time(first, sizeof first, "first token", beluga_response_first_content_ns(response));
    out_detail("tokens: %s, %s%s%s, finish: %s", input, output, whole, first,
               beluga_finish_reason_name(beluga_response_finish_reason(response)));
}

void report_vectors(uint64_t count, size_t dimensions, int64_t tokens, int64_t ns)
{
    char input[96], time[48];
    format_tokens(input, sizeof input, "input", tokens, "", 0);
    format_time(time, sizeof time, "time", ns);
    out_detail("tokens: %s%s, vectors: %" PRIu64 " of %zu numbers", input, time, count, dimensions);
}

static void note_tool_calls(const beluga_response *response)
{
    for (size_t i = 0; i < beluga_response_tool_call_count(response); i++) {
        const beluga_tool_call *call = beluga_response_tool_call(response, i);
        out_note("the model asks for the tool %s(%s); --json prints the whole call", call->name,
                 call->arguments);
    }
}

int report_finish(const cli_args *args, const beluga_response *response)
{
    note_tool_calls(response);
    switch (beluga_response_finish_reason(response)) {
    case BELUGA_FINISH_LENGTH:
        /* With --json this is only a note, since the JSON of the answer shows it, too. */
        out_say(args->json ? OUT_NOTE : OUT_WARNING,
                "the answer was cut at its token limit (raise it with -o max_tokens=N; "
                "--strict makes it an error)");
        return CLI_EXIT_OK;
    case BELUGA_FINISH_CONTENT_FILTER:
        out_error("the provider refused or filtered the content (%s)",
                  beluga_response_raw_finish_reason(response));
        return CLI_EXIT_REFUSED;
    case BELUGA_FINISH_PAUSE:
        out_note("the model paused, so the answer is not finished (%s)",
                 beluga_response_raw_finish_reason(response));
        return CLI_EXIT_OK;
    case BELUGA_FINISH_OTHER:
        out_note("the answer may be incomplete: the provider ended it with \"%s\", a reason that "
                 "beluga does not know",
                 beluga_response_raw_finish_reason(response));
        return CLI_EXIT_OK;
    default: return CLI_EXIT_OK;
    }
}
