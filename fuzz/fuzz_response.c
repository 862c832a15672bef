/* openai's decoders on any bytes: one terminal event at most, deltas only inside their tool call,
 * all text UTF-8, and no finish in an answer that failed. The first byte chooses the decoder. */
#include "fuzz.h"

#include "base/utf8.h"
#include "model/emit.h"
#include "providers/openai/openai.h"
#include "wire/framing.h"

enum { MAX_INDEX = 2048 };

struct run {
    beluga__sink sink;
    beluga_loop loop;
    beluga__target target;
    beluga_call *call;
    beluga_emit emit;
    beluga__openai_state state;
    unsigned terminal;
    uint8_t open[MAX_INDEX];
};

static void check_text(const char *text, size_t length)
{
    FUZZ_CHECK(beluga__utf8_valid(text, length) == length);
}

static void check_tool_call(struct run *run, const beluga_event *event)
{
    FUZZ_CHECK(event->index < MAX_INDEX);
    bool begin = event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN;
    FUZZ_CHECK(run->open[event->index] == !begin);
    run->open[event->index] = event->kind != BELUGA_EVENT_TOOL_CALL_END;
    if (!begin) check_text(event->u.tool_call.arguments, event->u.tool_call.length);
    FUZZ_CHECK(*event->u.tool_call.id && *event->u.tool_call.name);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    struct run *run = beluga__container_of(sink, struct run, sink);
    FUZZ_CHECK(run->terminal == 0);
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: check_text(event->u.text.text, event->u.text.length); break;
    case BELUGA_EVENT_REASONING:
        check_text(event->u.reasoning.text, event->u.reasoning.length);
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
    case BELUGA_EVENT_TOOL_CALL_DELTA:
    case BELUGA_EVENT_TOOL_CALL_END: check_tool_call(run, event); break;
    case BELUGA_EVENT_USAGE: check_text(event->u.usage.raw, event->u.usage.raw_length); break;
    case BELUGA_EVENT_ERROR:
        check_text(event->u.error->cause, strlen(event->u.error->cause));
        run->terminal++;
        break;
    case BELUGA_EVENT_FINISH: run->terminal++; break;
    }
}

static void set_up(struct run *run)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    memset(run, 0, sizeof *run);
    run->sink.event = on_event;
    run->loop.random = 1;
    beluga__json_scratch_init(&run->loop.scratch, allocator);
    run->target.provider = &beluga__openai_provider;
    run->call = calloc(1, sizeof *run->call);
    FUZZ_CHECK(run->call);
    run->call->target = &run->target;
    run->call->settings = &run->target.settings;
    run->call->loop = &run->loop;
    run->call->operation = "generate";
    beluga__arena_init(&run->call->arena, allocator, NULL, 0, BELUGA__MAX_CALL_BYTES);
    beluga__emit_init(&run->emit, run->call, &run->sink);
}

static void tear_down(struct run *run)
{
    beluga__emit_free(&run->emit);
    beluga__arena_free(&run->call->arena);
    beluga__json_scratch_free(&run->loop.scratch);
    free(run->call);
}

static int on_frame(void *payload, const beluga_frame *frame)
{
    struct run *run = payload;
    int code = beluga__openai_decode_event(&run->state, frame, &run->emit);
    FUZZ_CHECK(code >= 0 || run->emit.failed);
    return code || run->emit.failed;
}

static void decode_stream(struct run *run, const uint8_t *data, size_t size)
{
    beluga__framer framer;
    char *copy = malloc(size + 1);
    FUZZ_CHECK(copy);
    if (size) memcpy(copy, data, size);
    beluga__framer_init(&framer, BELUGA_FRAMING_SSE, beluga_allocator_default(), 1 << 20);
    if (!beluga__framer_feed(&framer, copy, size, on_frame, run))
        beluga__framer_end(&framer, on_frame, run);
    beluga__framer_free(&framer);
    free(copy);
}

static void decode_error(const uint8_t *data, size_t size)
{
    beluga_http_response response;
    beluga_error err;
    beluga__http_response_init(&response, beluga_allocator_default(), BELUGA__MAX_ERROR_BODY);
    beluga__http_response_add_line(&response, (const char *)data, size);
    beluga__buf_append(&response.body, data, size);
    beluga__http_retry_after_ms(&response, 0);
    beluga_error_set(&err, BELUGA_ERROR_INVALID_REQUEST, "refused");
    beluga__fault_decode_error(&response, &err);
    FUZZ_CHECK(err.code < 0 && *err.message);
    check_text(err.cause, strlen(err.cause));
    beluga__http_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    uint8_t choice = fuzz_byte(&data, &size) % 4;
    set_up(&run);
    run.call->list_models = choice == 2;
    if (choice == 0) decode_stream(&run, data, size);
    if (choice == 1)
        beluga__openai_decode_response(&run.state, (const char *)data, size, &run.emit);
    if (choice == 2) beluga__openai_decode_list_models((const char *)data, size, &run.emit);
    if (choice == 3) decode_error(data, size);
    beluga__emit_deliver(&run.emit);
    tear_down(&run);
    return 0;
}
