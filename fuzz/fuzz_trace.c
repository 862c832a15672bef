/* Reads recorded traces: lines of OTLP/JSON, by this library or by other programs, well-formed or
 * not. A trace that can be read can also be drawn and written as a page and as JSON, and its parts
 * take no longer than the whole trace. The first byte chooses the output. */
#include "fuzz.h"
#include "trace/draw.h"
#include "trace/list.h"
#include "trace/page.h"

#include <unistd.h>

enum { SHOWN = 10 };

static void check_times(const recorded_trace *trace)
{
    int64_t all = trace->end_ns - trace->start_ns;
    FUZZ_CHECK(all >= 0);
    for (size_t i = 0; i < TRACE_WHERE_COUNT; i++) {
        FUZZ_CHECK(trace->where_ns[i] >= 0 && trace->where_ns[i] <= all);
        all -= trace->where_ns[i];
    }
}

static void check_tree(const recorded_trace *trace)
{
    size_t n = 0;
    for (const trace_span *s = trace->root; s; s = trace_next(s), n++) {
        FUZZ_CHECK(n < trace->n);
        FUZZ_CHECK(s->end_ns >= s->start_ns);
    }
    FUZZ_CHECK(n == trace->n);
}

static void draw(recorded_trace *trace)
{
    trace_canvas canvas = {0};
    draw_begin(&canvas, STDOUT_FILENO);
    FUZZ_CHECK(draw_trace(&canvas, trace) == 0);
    draw_legend(&canvas);
    fuzz_check_text(canvas.words.data, canvas.words.length);
    text_free(&canvas.words);
}

static void make_page(recorded_trace *trace)
{
    cli_text page = {0};
    page_begin(&page, "<title>");
    page_add_trace(&page, trace);
    page_end(&page, NULL);
    FUZZ_CHECK(!page.status && page.data);
    fuzz_check_text(page.data, page.length);
    FUZZ_CHECK(!strcasestr(page.data, "<script"));
    text_free(&page);
}

static void make_list(const recorded_trace *trace)
{
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_doc *doc;
    const char *text;
    size_t n;
    FUZZ_CHECK(w);
    beluga_json_begin_array(w, NULL);
    list_put_trace(w, trace);
    beluga_json_end_array(w);
    FUZZ_CHECK(beluga_json_writer_text(w, &text, &n) == 0);
    FUZZ_CHECK(beluga_json_parse(text, n, &doc, NULL) == 0);
    beluga_json_doc_free(doc);
    beluga_json_writer_free(w);
}

static void show(recorded_trace *trace, uint8_t choice)
{
    check_times(trace);
    check_tree(trace);
    if (choice % 3 == 0) make_list(trace);
    FUZZ_CHECK(trace_select(trace, choice & 4 ? SHOWN : 0) == 0);
    if (choice % 3 == 1) draw(trace);
    if (choice % 3 == 2) make_page(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    trace_file file = {0};
    uint8_t choice = fuzz_byte(&data, &size);
    char *text = fuzz_text(data, size);
    if (!trace_file_read(&file, "x.jsonl", text, size, NULL))
        for (size_t i = 0; i < file.n_traces; i++) show(&file.traces[i], choice);
    trace_file_free(&file);
    free(text);
    return 0;
}
