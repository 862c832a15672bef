#include "decoder.h"

#include "base/limits.h"
#include "wire/framing.h"

void fuzz_decoder_init(fuzz_decoder *d, const beluga_provider *provider,
                       void (*event)(beluga__sink *sink, const beluga_event *event))
{
    const beluga_allocator *allocator = beluga_allocator_default();
    memset(d, 0, sizeof *d);
    d->provider = provider;
    size_t of_jobs = provider->batch ? provider->batch->state_size : 0;
    d->state = calloc(1, (of_jobs > provider->state_size ? of_jobs : provider->state_size) + 1);
    d->sink.event = event;
    d->loop.random = 1;
    beluga__json_scratch_init(&d->loop.scratch, allocator);
    d->target.provider = d->target.protocol = provider;
    d->call = calloc(1, sizeof *d->call);
    FUZZ_CHECK(d->state && d->call);
    d->call->target = &d->target;
    d->call->settings = &d->target.settings;
    d->call->loop = &d->loop;
    d->call->model_name = "the-model";
    d->call->operation = "generate";
    beluga__arena_init(&d->call->arena, allocator, NULL, 0, BELUGA__MAX_CALL_BYTES);
    beluga__emit_init(&d->emit, d->call, &d->sink);
    FUZZ_CHECK(&d->emit == &d->stage.emit);
    beluga__http_request_init(&d->stage.request, allocator, &d->call->arena, "https://h.example");
    beluga_http_request_set_path(&d->stage.request, "/jobs");
}

void fuzz_decoder_free(fuzz_decoder *d)
{
    beluga__http_request_free(&d->stage.request);
    beluga__emit_free(&d->emit);
    beluga__arena_free(&d->call->arena);
    beluga__json_scratch_free(&d->loop.scratch);
    free(d->call);
    free(d->state);
}

static int on_frame(void *payload, const beluga_frame *frame)
{
    fuzz_decoder *d = payload;
    int code = d->provider->decode_event(d->state, frame, &d->emit);
    FUZZ_CHECK(code >= 0 || d->emit.failed);
    return code || d->emit.failed;
}

static void decode_lines(fuzz_decoder *d, char *text)
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
        if (on_frame(d, &frame)) return;
    }
}

void fuzz_decoder_stream(fuzz_decoder *d, const char *data, size_t size)
{
    beluga__framer framer;
    int code = 1;
    char *copy = fuzz_text((const uint8_t *)data, size);
    beluga__framer_init(&framer, d->provider->framing, beluga_allocator_default(), 1 << 20);
    if (d->provider->framing == BELUGA_FRAMING_AWS_EVENT_STREAM)
        decode_lines(d, copy);
    else
        code = beluga__framer_feed(&framer, copy, size, on_frame, d);
    if (!code) code = beluga__framer_end(&framer, on_frame, d);
    if (!code && d->provider->decode_end) d->provider->decode_end(d->state, &d->emit);
    beluga__framer_free(&framer);
    free(copy);
}
