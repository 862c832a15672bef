#include "trace/show.h"

#include "exit.h"
#include "output.h"
#include "report.h"
#include "trace/draw.h"
#include "trace/list.h"
#include "trace/page.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The limits for a terminal, where more would be hard to read; --all shows everything. */
#define MAX_DRAWN_TRACES 10
#define MAX_DRAWN_SPANS  60
/* The limits for an HTML page, which can show more than a terminal. */
#define MAX_PAGE_TRACES 100
#define MAX_PAGE_SPANS  2000

/* The traces that the options ask for. If there are too many, these are the last ones. */
typedef struct trace_choice {
    const cli_args *args;
    trace_file *file;
    /* n: number of matching traces; skipped: earlier matching traces that are left out */
    size_t n, skipped;
} trace_choice;

static bool fits(const cli_args *args, const recorded_trace *trace)
{
    return !args->trace_id || strncasecmp(trace->id, args->trace_id, strlen(args->trace_id)) == 0;
}

static int choose(trace_choice *choice, size_t limit)
{
    const trace_file *file = choice->file;
    for (size_t i = 0; i < file->n_traces; i++) choice->n += fits(choice->args, &file->traces[i]);
    if (!choice->n) {
        out_error("there is no trace whose id begins with %s", choice->args->trace_id);
        return CLI_EXIT_USAGE;
    }
    if (!choice->args->all && choice->n > limit) choice->skipped = choice->n - limit;
    return 0;
}

/* Return the next chosen trace at or after *index, or NULL. */
static recorded_trace *next_chosen(const trace_choice *choice, size_t *index, size_t *seen)
{
    while (*index < choice->file->n_traces) {
        recorded_trace *trace = &choice->file->traces[(*index)++];
        if (fits(choice->args, trace) && (*seen)++ >= choice->skipped) return trace;
    }
    return NULL;
}

/* ---- on a terminal --------------------------------------------------------------------------- */

static int write_canvas(trace_canvas *canvas, int rc)
{
    const cli_text *text = &canvas->words;
    if (rc != 0 || canvas->words.status)
        rc = out_no_memory();
    else
        out_drawn(canvas->fd, text->data, text->length);
    text_free(&canvas->words);
    return rc;
}

int trace_show(const cli_args *args, trace_file *file, int fd)
{
    trace_choice choice = {.args = args, .file = file};
    trace_canvas canvas;
    recorded_trace *trace;
    size_t index = 0, seen = 0;
    int rc = choose(&choice, MAX_DRAWN_TRACES);
    if (rc != 0) return rc;
    draw_begin(&canvas, fd);
    if (choice.skipped)
        text_printf(&canvas.words, "%s %zu earlier traces (--all, --trace-id)\n",
                    canvas.utf8 ? "\u2026" : "...", choice.skipped);
    while (rc == 0 && (trace = next_chosen(&choice, &index, &seen)) != NULL) {
        rc = trace_select(trace, args->all ? 0 : MAX_DRAWN_SPANS);
        if (rc == 0) rc = draw_trace(&canvas, trace);
    }
    draw_legend(&canvas);
    return write_canvas(&canvas, rc);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static int put_traces(beluga_json_writer *w, trace_choice *choice)
{
    recorded_trace *trace;
    size_t index = 0, seen = 0;
    int rc = 0;
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "traces");
    while (rc == 0 && (trace = next_chosen(choice, &index, &seen)) != NULL)
        rc = list_put_trace(w, trace);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return rc;
}

int trace_show_json(const cli_args *args, trace_file *file)
{
    trace_choice choice = {.args = args, .file = file};
    int rc = choose(&choice, (size_t)-1);
    if (rc != 0) return rc;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w || put_traces(w, &choice) == 0) return report_json(w);
    beluga_json_writer_free(w);
    return out_no_memory();
}

/* ---- as a page ------------------------------------------------------------------------------- */

static int make_page(const trace_choice *choice, const char *title, cli_text *page)
{
    recorded_trace *trace;
    size_t index = 0, seen = 0;
    cli_text note = {0};
    page_begin(page, title);
    while ((trace = next_chosen(choice, &index, &seen)) != NULL) {
        if (trace_select(trace, choice->args->all ? 0 : MAX_PAGE_SPANS) != 0) return -1;
        page_add_trace(page, trace);
    }
    if (choice->skipped) text_printf(&note, "\u2026 %zu earlier traces (--all)", choice->skipped);
    page_end(page, note.data);
    words_end(&note, page);
    return page->status ? -1 : 0;
}

int trace_show_page(const cli_args *args, trace_file *file, const char *title)
{
    trace_choice choice = {.args = args, .file = file};
    cli_text page = {0};
    int rc = choose(&choice, MAX_PAGE_TRACES);
    if (rc == 0 && make_page(&choice, title, &page) != 0) rc = out_no_memory();
    if (rc == 0 && strcmp(args->html, "-") == 0)
        out_text(page.data, page.length);
    else if (rc == 0)
        rc = out_file(args->html, O_TRUNC, page.data, page.length);
    text_free(&page);
    return rc;
}
