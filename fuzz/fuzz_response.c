/* The providers' decoders on any bytes: one terminal event at most, deltas only inside their tool
 * call, all text UTF-8, and no finish in an answer that failed. The first byte chooses the decoder
 * by its two lowest bits, and the provider by the others. */
#include "fuzz.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "model/emit.h"
#include "providers/builtin.h"
#include "wire/framing.h"

/* The corpus counts on the order: add at the end. */
static const beluga_provider *const providers[] = {
    &beluga__openai_provider,           &beluga__anthropic_provider, &beluga__bedrock_provider,
    &beluga__cohere_provider,           &beluga__ollama_provider,    &beluga__gemini_provider,
    &beluga__openai_responses_provider, &beluga__azure_provider,
};

struct run {
    beluga__sink sink;
    beluga_loop loop;
    beluga__target target;
    beluga_call *call;
    beluga_emit emit;
    const beluga_provider *provider;
    void *state;
    unsigned terminal;
    uint32_t open[BELUGA__MAX_TOOL_CALLS]; /* indices of the calls that are open */
    size_t n_open;
};

static void check_text(const char *text, size_t length)
{
    FUZZ_CHECK(beluga__utf8_valid(text, length) == length);
}

/* Its place in the list, or that after the last. */
static size_t find_open(const struct run *run, uint32_t index)
{
    size_t i = 0;
    while (i < run->n_open && run->open[i] != index) i++;
    return i;
}

static void check_tool_call(struct run *run, const beluga_event *event)
{
    size_t at = find_open(run, event->index);
    bool begin = event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN;
    FUZZ_CHECK((at < run->n_open) == !begin);
    FUZZ_CHECK(at < BELUGA__MAX_TOOL_CALLS);
    if (begin) run->open[run->n_open++] = event->index;
    if (event->kind == BELUGA_EVENT_TOOL_CALL_END) run->open[at] = run->open[--run->n_open];
    if (!begin) check_text(event->u.tool_call.arguments, event->u.tool_call.length);
    FUZZ_CHECK(*event->u.tool_call.id && *event->u.tool_call.name);
}

static void check_usage(const beluga_usage *usage)
{
    check_text(usage->raw, usage->raw_length);
    FUZZ_CHECK(usage->input_total >= -1 && usage->output_total >= -1);
    FUZZ_CHECK(usage->input_cache_read >= -1 && usage->input_cache_write >= -1);
    FUZZ_CHECK(usage->output_reasoning >= -1);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    struct run *run = beluga__container_of(sink, struct run, sink);
    FUZZ_CHECK(run->terminal == 0);
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: check_text(event->u.text.text, event->u.text.length); break;
    case BELUGA_EVENT_REASONING:
        check_text(event->u.reasoning.text, event->u.reasoning.length);
        check_text(event->u.reasoning.signature, event->u.reasoning.signature_length);
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
    case BELUGA_EVENT_TOOL_CALL_DELTA:
    case BELUGA_EVENT_TOOL_CALL_END: check_tool_call(run, event); break;
    case BELUGA_EVENT_MEDIA: FUZZ_CHECK(!event->u.media.bytes == !!event->u.media.url); break;
    case BELUGA_EVENT_STATE: check_text(event->u.state.json, event->u.state.length); break;
    case BELUGA_EVENT_USAGE: check_usage(&event->u.usage); break;
    case BELUGA_EVENT_ERROR:
        check_text(event->u.error->cause, strlen(event->u.error->cause));
        run->terminal++;
        break;
    case BELUGA_EVENT_FINISH: run->terminal++; break;
    }
}

static void set_up(struct run *run, const beluga_provider *provider)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    memset(run, 0, sizeof *run);
    run->provider = provider;
    run->state = calloc(1, provider->state_size + 1);
    run->sink.event = on_event;
    run->loop.random = 1;
    beluga__json_scratch_init(&run->loop.scratch, allocator);
    run->target.provider = run->target.protocol = provider;
    run->call = calloc(1, sizeof *run->call);
    FUZZ_CHECK(run->state && run->call);
    run->call->target = &run->target;
    run->call->settings = &run->target.settings;
    run->call->loop = &run->loop;
    run->call->model_name = "the-model";
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
    free(run->state);
}

static int on_frame(void *payload, const beluga_frame *frame)
{
    struct run *run = payload;
    int code = run->provider->decode_event(run->state, frame, &run->emit);
    FUZZ_CHECK(code >= 0 || run->emit.failed);
    return code || run->emit.failed;
}

/* Frames with checksums that fit are hard to guess: a line is one, "NAME PAYLOAD", with "!" before
 * the name of an exception. */
static void decode_lines(struct run *run, char *text)
{
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        char *space = strchr(line, ' ');
        if (space) *space++ = '\0';
        bool exception = *line == '!';
        beluga_frame frame = {.kind = exception ? BELUGA_FRAME_EXCEPTION : BELUGA_FRAME_EVENT,
                              .event = line + exception,
                              .event_length = strlen(line + exception),
                              .data = space ? space : "",
                              .length = space ? strlen(space) : 0};
        if (on_frame(run, &frame)) return;
    }
}

static void decode_stream(struct run *run, const uint8_t *data, size_t size)
{
    beluga__framer framer;
    int code = 1;
    char *copy = malloc(size + 1);
    FUZZ_CHECK(copy);
    if (size) memcpy(copy, data, size);
    copy[size] = '\0';
    beluga__framer_init(&framer, run->provider->framing, beluga_allocator_default(), 1 << 20);
    if (run->provider->framing == BELUGA_FRAMING_AWS_EVENT_STREAM)
        decode_lines(run, copy);
    else
        code = beluga__framer_feed(&framer, copy, size, on_frame, run);
    if (!code) code = beluga__framer_end(&framer, on_frame, run);
    if (!code && run->provider->decode_end) run->provider->decode_end(run->state, &run->emit);
    beluga__framer_free(&framer);
    free(copy);
}

static void decode_error(const beluga_provider *provider, const uint8_t *data, size_t size)
{
    beluga_http_response response;
    beluga_error err;
    beluga__http_response_init(&response, beluga_allocator_default(), BELUGA__MAX_ERROR_BODY);
    beluga__http_response_add_line(&response, (const char *)data, size);
    beluga__buf_append(&response.body, data, size);
    beluga__http_retry_after_ms(&response, 0);
    beluga_error_set(&err, BELUGA_ERROR_INVALID_REQUEST, "refused");
    provider->decode_error(&response, &err);
    FUZZ_CHECK(err.code < 0 && *err.message);
    check_text(err.cause, strlen(err.cause));
    check_text(err.provider_code, strlen(err.provider_code));
    check_text(err.request_id, strlen(err.request_id));
    beluga__http_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    uint8_t choice = fuzz_byte(&data, &size);
    const beluga_provider *provider =
        providers[(choice >> 2) % (sizeof providers / sizeof *providers)];
    choice %= 4;
    set_up(&run, provider);
    run.call->list_models = choice == 2;
    if (choice == 0) decode_stream(&run, data, size);
    if (choice == 1) provider->decode_response(run.state, (const char *)data, size, &run.emit);
    if (choice == 2) provider->decode_list_models((const char *)data, size, &run.emit);
    if (choice == 3) decode_error(provider, data, size);
    beluga__emit_deliver(&run.emit);
    tear_down(&run);
    return 0;
}
