#include "decode.h"

#include "base/mem.h"
#include "kit/story.h"
#include "model/call_kind.h"
#include "model/emit.h"
#include "parts.h"
#include "wire/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The objects that surround a decoder, as the library's adapter for HTTP providers makes them. */
typedef struct decoder {
    beluga__sink sink;
    const beluga_provider *provider;
    beluga_loop loop;
    beluga__target target;
    beluga_call *call;
    beluga_emit emit;
    void *state;
    beluga__buf *out;
} decoder;

/* ---- events as text -------------------------------------------------------------------------- */

void decode_print(beluga__buf *out, const beluga_event *event)
{
    check_text line = {0};
    check_story_event(&line, event);
    assert_false(line.status);
    beluga__buf_puts(out, check_text_get(&line));
    check_text_free(&line);
}

static void print_failure(beluga__buf *out, const beluga_error *err)
{
    decode_print(out, &(beluga_event){.kind = BELUGA_EVENT_ERROR, .u.error = err});
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    decode_print(beluga__container_of(sink, decoder, sink)->out, event);
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void set_up(decoder *d, const beluga_provider *provider, beluga__buf *out)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    memset(d, 0, sizeof *d);
    d->provider = provider;
    d->out = out;
    d->sink.event = on_event;
    d->loop.random = 1;
    beluga__json_scratch_init(&d->loop.scratch, allocator);
    d->loop.scratch.lenient = true;
    d->target.provider = d->target.protocol = provider;
    d->call = calloc(1, sizeof *d->call);
    d->state = calloc(1, provider->state_size + 1);
    assert_true(d->call && d->state);
    d->call->target = &d->target;
    d->call->settings = &d->target.settings;
    d->call->loop = &d->loop;
    d->call->model_name = "the-model";
    d->call->operation = "generate";
    beluga__arena_init(&d->call->arena, allocator, NULL, 0, BELUGA__MAX_CALL_BYTES);
    beluga__emit_init(&d->emit, d->call, &d->sink);
}

static void tear_down(decoder *d)
{
    free(d->state);
    beluga__emit_free(&d->emit);
    beluga__arena_free(&d->call->arena);
    free(d->call);
    beluga__json_scratch_free(&d->loop.scratch);
}

/* Frames are decoded even after the finish, since usage may follow; decoding ends with an error or
 * with the end marker. */
static int on_frame(void *payload, const beluga_frame *frame)
{
    decoder *d = payload;
    int code = d->provider->decode_event(d->state, frame, &d->emit);
    if (code < 0) beluga__emit_fail(&d->emit, code, NULL);
    if (code == BELUGA_DECODE_DONE) beluga__buf_puts(d->out, "done\n");
    return code == BELUGA_DECODE_DONE ? code : d->emit.failed;
}

static int feed(decoder *d, beluga__framer *framer, const char *bytes, size_t length)
{
    char *piece = malloc(length ? length : 1);
    assert_non_null(piece);
    memcpy(piece, bytes, length);
    int code = beluga__framer_feed(framer, piece, length, on_frame, d);
    free(piece);
    return code;
}

static void conclude(decoder *d)
{
    beluga__emit_complete(&d->emit);
    if (!beluga__emit_deliver(&d->emit)) beluga__buf_puts(d->out, "closed without a finish\n");
}

void decode_stream(const beluga_provider *provider, const char *bytes, const size_t *ends,
                   size_t n_ends, beluga__buf *out)
{
    decoder d;
    beluga__framer framer;
    set_up(&d, provider, out);
    int code = beluga__framer_init(&framer, provider->framing, beluga_allocator_default(), 1 << 20);
    for (size_t i = 0, at = 0; i < n_ends && !code; at = ends[i++])
        code = feed(&d, &framer, bytes + at, ends[i] - at);
    if (!code) code = beluga__framer_end(&framer, on_frame, &d);
    if (!code && provider->decode_end) code = provider->decode_end(d.state, &d.emit);
    if (code < 0) beluga__emit_fail(&d.emit, code, NULL);
    conclude(&d);
    beluga__framer_free(&framer);
    tear_down(&d);
}

void decode_body(const beluga_provider *provider, const char *bytes, size_t length,
                 beluga_kind_of_call kind, beluga__buf *out)
{
    decoder d;
    if (kind == BELUGA_CALL_EMBED || kind == BELUGA_CALL_COUNT) needs_part("embeddings");
    set_up(&d, provider, out);
    d.call->kind = (uint8_t)kind;
    d.call->n_inputs = kind == BELUGA_CALL_EMBED ? DECODE_INPUTS : 0;
    beluga__decode_fn *decode =
        beluga__call_is_answer(d.call) ? NULL : beluga__call_kind_decoder(d.call);
    int code = decode ? decode(bytes, length, &d.emit)
                      : provider->decode_response(d.state, bytes, length, &d.emit);
    if (code < 0) beluga__emit_fail(&d.emit, code, NULL);
    if (decode && !code) beluga_emit_finish(&d.emit, BELUGA_FINISH_STOP, NULL);
    conclude(&d);
    tear_down(&d);
}

void decode_error(const beluga_provider *provider, const char *text, size_t length,
                  beluga__buf *out)
{
    beluga_http_response response;
    beluga_error err;
    const char *at = text, *end = text + length, *newline;
    beluga__http_response_init(&response, beluga_allocator_default(), BELUGA__MAX_ERROR_BODY);
    while ((newline = memchr(at, '\n', (size_t)(end - at))) && newline > at) {
        assert_int_equal(beluga__http_response_add_line(&response, at, (size_t)(newline - at)), 0);
        at = newline + 1;
    }
    if (newline) beluga__buf_append(&response.body, newline + 1, (size_t)(end - newline) - 1);
    int code = beluga_error_from_http(response.status);
    beluga_error_set(&err, code, "%s", beluga_error_text(code));
    err.http_status = response.status;
    err.retry_after_ms = beluga__http_retry_after_ms(&response, 0);
    decoder d;
    set_up(&d, provider, out);
    provider->decode_error(d.call, &response, &err);
    tear_down(&d);
    assert_int_equal(err.http_status, response.status);
    int64_t wait_ms = beluga__http_retry_after_ms(&response, 0);
    if (wait_ms >= 0) assert_int_equal(err.retry_after_ms, wait_ms);
    print_failure(out, &err);
    if (err.retry_after_ms != wait_ms)
        beluga__buf_printf(out, "retry after %lld ms\n", (long long)err.retry_after_ms);
    beluga__http_response_free(&response);
}
