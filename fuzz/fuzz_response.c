/* The providers' decoders on any bytes: one terminal event at most, deltas only inside their tool
 * call, all text UTF-8, and no finish in an answer that failed. An input is a provider's name, a
 * line whose letter chooses the decoder, and what it decodes. */
#include "base/limits.h"
#include "events.h"
#include "model/emit.h"
#include "providers.h"
#include "wire/framing.h"

typedef struct run_state {
    beluga__sink sink;
    beluga_loop loop;
    beluga__target target;
    beluga_call *call;
    beluga_emit emit;
    const beluga_provider *provider;
    void *state;
    fuzz_events events;
} run_state;

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    fuzz_events_add(&beluga__container_of(sink, run_state, sink)->events, event);
}

static void set_up(run_state *run, const beluga_provider *provider)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    memset(run, 0, sizeof *run);
    fuzz_events_init(&run->events);
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

static void tear_down(run_state *run)
{
    beluga__emit_free(&run->emit);
    fuzz_events_free(&run->events);
    beluga__arena_free(&run->call->arena);
    beluga__json_scratch_free(&run->loop.scratch);
    free(run->call);
    free(run->state);
}

static int on_frame(void *payload, const beluga_frame *frame)
{
    run_state *run = payload;
    int code = run->provider->decode_event(run->state, frame, &run->emit);
    FUZZ_CHECK(code >= 0 || run->emit.failed);
    return code || run->emit.failed;
}

/* Frames with checksums that fit are hard to guess: a line is one, "NAME PAYLOAD", with "!" before
 * the name of an exception. */
static void decode_lines(run_state *run, char *text)
{
    for (char *line; (line = fuzz_line(&text));) {
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

static void decode_stream(run_state *run, const char *data, size_t size)
{
    beluga__framer framer;
    int code = 1;
    char *copy = fuzz_text((const uint8_t *)data, size);
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

/* A head, an empty line and the body; without one all of it is both. */
static void decode_error(const run_state *run, const char *text, size_t size)
{
    beluga_http_response response;
    beluga_error err;
    const char *body = memmem(text, size, "\n\n", 2);
    body = body ? body + 2 : text;
    beluga__http_response_init(&response, beluga_allocator_default(), BELUGA__MAX_ERROR_BODY);
    for (const char *line = text; line < text + size && (line < body || body == text);) {
        size_t n = strcspn(line, "\n") + 1;
        if (n > size - (size_t)(line - text)) n = size - (size_t)(line - text);
        beluga__http_response_add_line(&response, line, n);
        line += n;
    }
    beluga__buf_append(&response.body, body, size - (size_t)(body - text));
    beluga__http_retry_after_ms(&response, 0);
    beluga_error_set(&err, BELUGA_ERROR_INVALID_REQUEST, "refused");
    run->provider->decode_error(run->call, &response, &err);
    fuzz_check_error(err.code, &err);
    beluga__http_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static run_state run;
    char *text = fuzz_text(data, size), *rest = text;
    const beluga_provider *provider = fuzz_provider(fuzz_line(&rest));
    char letter = rest ? *fuzz_line(&rest) : 'w';
    const char *body = rest ? rest : "";
    size_t n = rest ? size - (size_t)(rest - text) : 0;
    set_up(&run, provider);
    run.call->kind = letter == 'l' ? BELUGA_CALL_MODELS : BELUGA_CALL_ANSWER;
    switch (letter) {
    case 's': decode_stream(&run, body, n); break;
    case 'l':
        if (provider->decode_list_models) provider->decode_list_models(body, n, &run.emit);
        break;
    case 'e': decode_error(&run, body, n); break;
    default: provider->decode_response(run.state, body, n, &run.emit);
    }
    beluga__emit_deliver(&run.emit);
    tear_down(&run);
    free(text);
    return 0;
}
