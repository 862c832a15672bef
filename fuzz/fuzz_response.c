/* Feeds any bytes to a provider's decoders. At most one terminal event comes, deltas come only
 * inside their tool call, all text is UTF-8, and an answer that failed has no finish. An input is a
 * provider's name, a line whose letter chooses the decoder, and the bytes to decode. For a call
 * about batch jobs these are answers, separated by empty lines; a file of results is decoded line
 * by line. */
#include "base/limits.h"
#include "decoder.h"
#include "events.h"
#include "model/call.h"
#include "model/course.h"
#include "providers.h"

typedef struct run_state {
    fuzz_decoder decoder;
    fuzz_events events;
} run_state;

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    fuzz_events_add(&beluga__container_of(sink, run_state, decoder.sink)->events, event);
}

/* Decode an answer that reports an error. An empty line separates its head from its body; without
 * an empty line, the whole text is used for both. */
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

/* Returns the kind of a call about batch jobs for a letter; 0 for other letters. */
static uint32_t kind_of(char letter)
{
    static const char letters[] = "cgpxrd"; /* create, get, list (p), cancel (x), results, delete */
    const char *at = letter ? strchr(letters, letter) : NULL;
    return at ? BELUGA_CALL_BATCH_CREATE + (uint32_t)(at - letters) : 0;
}

static int decode_lines(fuzz_decoder *d, char *text)
{
    const beluga_batch_api *api = d->provider->batch;
    int code = 0;
    for (char *line; !code && (line = fuzz_line(&text));)
        if (*line) code = api->decode_result(d->state, line, strlen(line), &d->emit);
    return code || !api->decode_results_end ? code : api->decode_results_end(d->state, &d->emit);
}

/* Decode answers one after another: a decoder that asks for a further request gets the next one. */
static void decode_answers(fuzz_decoder *d, char *text)
{
    static const beluga__job_question question = {.id = "job-1", .name = "a-name"};
    const beluga_batch_api *api = d->provider->batch;
    bool results = d->call->kind == BELUGA_CALL_BATCH_RESULTS;
    int code = 0;
    if (d->call->kind != BELUGA_CALL_BATCH_LIST) d->call->u.job = &question;
    for (size_t i = 0; text && !code; i++) {
        char *gap = strstr(text, "\n\n");
        if (gap) *gap = '\0';
        code = results && i ? decode_lines(d, text)
                            : api->decode_job(d->state, text, strlen(text), &d->emit);
        FUZZ_CHECK(code >= 0 || d->emit.failed);
        if (code || d->emit.failed || !beluga__course_goes_on(d->call)) return;
        d->call->course->asked = NULL;
        text = gap ? gap + 2 : NULL;
    }
}

/* Decode answers about batch jobs. Each has a status line but no headers, so that a decoder may
 * look for a header. */
static void decode_jobs(fuzz_decoder *d, char *text)
{
    static const char head[] = "HTTP/1.1 200 OK";
    beluga_http_response response;
    if (!d->provider->batch) return;
    beluga__http_response_init(&response, beluga_allocator_default(), BELUGA__MAX_ERROR_BODY);
    beluga__http_response_add_line(&response, head, strlen(head));
    d->emit.response = &response;
    decode_answers(d, text);
    d->emit.response = NULL;
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
    uint32_t of_jobs = kind_of(letter);
    d->call->kind = letter == 'l' ? BELUGA_CALL_MODELS : of_jobs;
    switch (letter) {
    case 's': fuzz_decoder_stream(d, body, n); break;
    case 'l':
        if (provider->decode_list_models) provider->decode_list_models(body, n, &d->emit);
        break;
    case 'e': decode_error(d, body, n); break;
    default:
        if (of_jobs)
            decode_jobs(d, rest);
        else
            provider->decode_response(d->state, body, n, &d->emit);
    }
    beluga__emit_deliver(&d->emit);
    fuzz_decoder_free(d);
    fuzz_events_free(&run.events);
    free(text);
    return 0;
}
