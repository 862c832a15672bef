/* beluga trace: shows where the time of calls went. */
#include "commands/command.h"
#include "exit.h"
#include "input.h"
#include "output.h"
#include "prices.h"
#include "trace/show.h"

#include <string.h>
#include <unistd.h>

static bool is_stdin(const char *name)
{
    return strcmp(name, "-") == 0;
}

static int show(const cli_args *args, trace_file *file, const char *name)
{
    if (file->torn_line)
        out_note("%s:%zu: the last line is incomplete, and was left out", name, file->torn_line);
    if (args->json) return trace_show_json(args, file);
    if (args->html) return trace_show_page(args, file, name);
    return trace_show(args, file, STDOUT_FILENO);
}

static int run(const cli_args *args)
{
    cli_text text = {0};
    trace_file file = {0};
    beluga_prices *prices = NULL;
    const char *operand = args->operands.count ? args->operands.items[0] : NULL;
    if (!operand) return out_usage("name the file, or - for stdin");
    if (args->json && args->html)
        return out_usage("--json and --html exclude each other: give only one");
    const char *name = is_stdin(operand) ? "stdin" : operand;
    int rc = is_stdin(operand) ? input_read_stdin(MAX_TRACE_FILE_BYTES, &text)
                               : input_read_file(operand, MAX_TRACE_FILE_BYTES, &text);
    if (rc == 0) rc = prices_load_configured(args, &prices);
    if (rc == 0) rc = trace_file_read(&file, name, text.data, text.length, prices);
    if (rc == 0) rc = show(args, &file, name);
    trace_file_free(&file);
    beluga_prices_free(prices);
    text_free(&text);
    return rc;
}

const cli_command cmd_trace = {
    .name = "trace",
    .operands = "FILE",
    .summary = "Draw a recorded trace, and show where its time went.",
    .takes = ARG_SET(ARG_TRACE_ID, ARG_HTML, ARG_ALL, ARG_JSON, ARG_OPTION, ARG_QUIET, ARG_CONFIG),
    .max_operands = 1,
    .run = run,
    .details =
        "FILE has lines of OTLP/JSON, written by --trace=FILE, by BELUGA_TELEMETRY_FILE, or by the "
        "file exporter of an OpenTelemetry collector, which may contain spans of other programs. - "
        "is stdin. Lines of metrics and logs are skipped, and so is an incomplete last line.\n\n"
        "Each trace is a tree of spans, drawn with bars on a common time axis. The line above the "
        "tree shows how the time was spent. Each moment counts only once: if several things happen "
        "at the same time, it counts for the first of receiving, waiting for an answer, failed "
        "attempts, tools, and the wait before a retry. Costs are computed from the prices file (-o "
        "prices=FILE); the cost of a model that is not in it is unknown. If there are many spans, "
        "only the failed and the longest are drawn; if there are many traces, only the last; --all "
        "draws them all.\n\n"
        "With --json: {traces: [{trace_id, start, duration_ms, where_ms, calls, failed_calls, "
        "attempts, retries, tools, input_tokens, output_tokens, cost_usd, spans}]}. The spans have "
        "the order of the tree, and the members id, parent_id, depth, name, kind, start_ms, "
        "duration_ms, and what else is known; a cost of null is unknown.\n\n"
        "With --html the page is written to a file that only you can read; - is stdout. The page "
        "loads nothing and runs no scripts.",
};
