/* Runs an MCP client with a server that may send any bytes. Each request ends once, names of tools
 * are valid, and text for a model or for people can be shown. The first byte chooses the protocol
 * revision of the server, and the size of the pieces in which the remaining bytes arrive, which are
 * lines with messages. The client numbers its requests from 1. */
#include "fuzz.h"
#include "mcp/lines.h"
#include "mcp/result.h"
#include "mcp/session.h"

enum { CALLS = 2, MAX_LINE = 4096 };

typedef struct call {
    beluga__mcp_request request;
    int ends;
} call;

typedef struct run_state {
    beluga__mcp_wire wire;
    beluga_loop loop;
    beluga__runtime runtime;
    beluga__mcp_session session;
    beluga__lines lines;
    call calls[CALLS];
    bool open, closed, over;
} run_state;

static run_state run;

/* ---- a loop whose time never passes ---------------------------------------------------------- */

static void timer_set(beluga_loop *loop, beluga__timer *timer, int64_t deadline_ns)
{
    (void)loop;
    timer->deadline_ns = deadline_ns;
    timer->heap_index = 1;
}

static void timer_clear(beluga_loop *loop, beluga__timer *timer)
{
    (void)loop;
    timer->heap_index = 0;
}

static const beluga__loop_ops loop_ops = {.timer_set = timer_set, .timer_clear = timer_clear};

/* ---- a wire without a server ----------------------------------------------------------------- */

static int open_wire(beluga__mcp_wire *wire, beluga_error *err)
{
    (void)wire;
    (void)err;
    FUZZ_CHECK(!run.open);
    run.open = true;
    return 0;
}

static int send_text(beluga__mcp_wire *wire, const char *text, size_t n,
                     beluga__mcp_request *request, beluga_error *err)
{
    (void)wire;
    (void)request;
    (void)err;
    beluga_json_doc *doc;
    FUZZ_CHECK(run.open);
    FUZZ_CHECK(!memchr(text, '\n', n));
    FUZZ_CHECK(!beluga_json_parse(text, n, &doc, NULL));
    beluga_json_doc_free(doc);
    return 0;
}

static void drop(beluga__mcp_wire *wire, beluga__mcp_request *request, bool answered)
{
    (void)wire;
    (void)request;
    (void)answered;
}

static void close_wire(beluga__mcp_wire *wire)
{
    (void)wire;
    FUZZ_CHECK(run.open && !run.closed);
    run.closed = true;
}

static const beluga__mcp_wire_ops wire_ops = {open_wire, send_text, drop, close_wire, NULL};

/* ---- callbacks of the session ---------------------------------------------------------------- */

static void opened(void *owner, const beluga_error *err)
{
    (void)owner;
    if (err) fuzz_check_error(err->code, err);
}

static void listed(void *owner, beluga__mcp_catalogue *catalogue)
{
    (void)owner;
    for (const beluga__mcp_entry *e = catalogue->entries; e; e = e->next) {
        size_t n = strlen(e->tool_name);
        FUZZ_CHECK(n && n <= BELUGA__MAX_TOOL_NAME);
        fuzz_check_text(e->description, strlen(e->description));
        for (const beluga__mcp_entry *o = e->next; o; o = o->next)
            FUZZ_CHECK(strcmp(o->tool_name, e->tool_name) != 0);
    }
    beluga__mcp_catalogue_unref(catalogue);
}

static void over(void *owner)
{
    (void)owner;
    run.over = true;
}

static void called(beluga__mcp_request *request, const beluga__mcp_answer *answer)
{
    beluga__buf text;
    beluga__container_of(request, call, request)->ends++;
    if (answer->status) {
        fuzz_check_error(answer->status, answer->err);
        return;
    }
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_TOOL_RESULT);
    if (beluga__mcp_result_text(&text, answer->result, &run.loop.scratch) >= 0)
        fuzz_check_text(text.data, text.length);
    beluga__buf_free(&text);
}

static void got_line(void *payload, const char *line, size_t n, size_t cut)
{
    (void)payload;
    if (!run.closed) run.wire.events->message(run.wire.owner, line, n, cut);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void begin(bool legacy)
{
    static const beluga__mcp_place place = {.name = "srv"};
    static const beluga__mcp_choice choice = {.server = "srv"};
    static const beluga__mcp_session_events events = {opened, listed, over};
    run = (run_state){.wire = {.ops = &wire_ops, .runtime = &run.runtime},
                      .loop = {.ops = &loop_ops, .runtime = &run.runtime},
                      .runtime = {.allocator = *beluga_allocator_default()}};
    beluga__json_scratch_init(&run.loop.scratch, &run.runtime.allocator);
    beluga__lines_init(&run.lines, &run.runtime.allocator, MAX_LINE);
    beluga__mcp_session_init(&run.session, &run.loop, &run.wire, &place, &choice, 1000, &events,
                             NULL);
    run.session.legacy = legacy;
    for (int i = 0; i < CALLS; i++) {
        beluga_error err;
        run.calls[i].request = (beluga__mcp_request){
            .method = "tools/call", .tool = "t", .done = called, .deadline_ns = INT64_MAX};
        FUZZ_CHECK(!beluga__mcp_session_ask(&run.session, &run.calls[i].request, &err));
    }
}

static void end(void)
{
    beluga__mcp_session_close(&run.session);
    if (run.open && !run.over) run.wire.events->closed(run.wire.owner);
    FUZZ_CHECK(run.over);
    for (int i = 0; i < CALLS; i++) FUZZ_CHECK(run.calls[i].ends == 1);
    beluga__mcp_session_end(&run.session);
    beluga__lines_free(&run.lines);
    beluga__json_scratch_free(&run.loop.scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t choice = fuzz_byte(&data, &size);
    size_t piece = (size_t)(choice >> 1) + 1;
    begin(choice & 1);
    for (size_t at = 0; at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        char *copy = fuzz_copy(data + at, n);
        beluga__lines_feed(&run.lines, copy, n, got_line, NULL);
        free(copy);
    }
    beluga__lines_end(&run.lines, got_line, NULL);
    end();
    return 0;
}
