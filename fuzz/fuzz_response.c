/* The providers' decoders on any bytes: one terminal event at most, deltas only inside their tool
 * call, all text UTF-8, and no finish in an answer that failed. An input is a provider's name, a
 * line whose letter chooses the decoder, and what it decodes. */
#include "base/limits.h"
#include "decoder.h"
#include "events.h"
#include "providers.h"

typedef struct run_state {
    fuzz_decoder decoder;
    fuzz_events events;
} run_state;

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    fuzz_events_add(&beluga__container_of(sink, run_state, decoder.sink)->events, event);
}

/* A head, an empty line and the body; without one all of it is both. */
static void decode_error(const fuzz_decoder *d, const char *text, size_t size)
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
    d->provider->decode_error(d->call, &response, &err);
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
    fuzz_decoder *d = &run.decoder;
    fuzz_events_init(&run.events);
    fuzz_decoder_init(d, provider, on_event);
    d->call->kind = letter == 'l' ? BELUGA_CALL_MODELS : BELUGA_CALL_ANSWER;
    switch (letter) {
    case 's': fuzz_decoder_stream(d, body, n); break;
    case 'l':
        if (provider->decode_list_models) provider->decode_list_models(body, n, &d->emit);
        break;
    case 'e': decode_error(d, body, n); break;
    default: provider->decode_response(d->state, body, n, &d->emit);
    }
    beluga__emit_deliver(&d->emit);
    fuzz_decoder_free(d);
    fuzz_events_free(&run.events);
    free(text);
    return 0;
}
