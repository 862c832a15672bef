#include "model/decode_answer.h"

#include "base/limits.h"
#include "model/call_kind.h"
#include "model/course.h"
#include "model/handle.h"
#include "model/http_stage.h"

/* The state of decoding one answer; in the call's arena. */
typedef struct decoding {
    beluga_emit emit;
    beluga_http_response response;
    void *state;
} decoding;

static void fail(beluga_emit *emit, int code, const char *message)
{
    beluga_error err;
    beluga_error_set(&err, code, "%s", message);
    beluga__emit_fail(emit, code, &err);
}

/* Returns whether a number is an HTTP status. It may come from a service's file, so it may be any
 * number. */
static bool is_status(int status)
{
    return status >= 100 && status <= 599;
}

static void read_refusal(decoding *d, const char *body, size_t length)
{
    beluga_error err;
    int status = d->response.status;
    /* If there is no memory for the body, the error is made from the status alone. */
    beluga__buf_append(&d->response.body, body,
                       length < BELUGA__MAX_ERROR_BODY ? length : BELUGA__MAX_ERROR_BODY);
    beluga__refusal_read(d->emit.call, &d->response, beluga_error_from_http(status), NULL, &err);
    beluga__emit_fail(&d->emit, err.code, &err);
}

/* Decode an answer to messages, or a list of vectors, whose decoder emits no finish. */
static int decode(decoding *d, const char *body, size_t length)
{
    beluga_emit *emit = &d->emit;
    const beluga_call *call = emit->call;
    if (beluga__call_is_answer(call))
        return call->target->provider->decode_response(d->state, body, length, emit->given);
    int status = beluga__call_kind_decoder(call)(body, length, emit->given);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int run_decoder(decoding *d, const char *body, size_t length)
{
    beluga_emit *emit = &d->emit;
    uintptr_t before = beluga__turn_begin(emit->given);
    int status = decode(d, body, length);
    beluga__turn_end(emit->given, before);
    beluga__emit_check_turns(emit);
    return status;
}

static bool can_decode(const beluga_call *call)
{
    return beluga__call_is_answer(call) ? call->target->provider->decode_response != NULL
                                        : beluga__call_kind_decoder(call) != NULL;
}

static void read_answer(decoding *d, const char *body, size_t length)
{
    beluga_emit *emit = &d->emit;
    if (!can_decode(emit->call)) {
        fail(emit, BELUGA_ERROR_NOT_SUPPORTED,
             beluga__call_is_answer(emit->call) ? "this provider answers only with streams"
                                                : "this provider does not embed texts");
        return;
    }
    int status = run_decoder(d, body, length);
    if (status < 0) beluga__emit_fail(emit, status, NULL);
    if (beluga__course_goes_on(emit->call))
        fail(emit, BELUGA_ERROR_INVALID_RESPONSE,
             "the answer needs a further request, which a batch job can't send");
    else if (!emit->failed && !emit->finished)
        fail(emit, BELUGA_ERROR_INVALID_RESPONSE,
             "the answer ended without its mark of completion, so it may be cut off");
    if (emit->error && emit->failed && !*emit->error->cause && length)
        beluga_error_set_cause(emit->error, body, length < 80 ? length : 80);
}

static bool prepare(decoding *d)
{
    beluga_call *call = d->emit.call;
    size_t bytes = call->target->provider->state_size;
    if (bytes && !(d->state = beluga__arena_zalloc(&call->arena, bytes))) return false;
    return !beluga__emit_use_handle(&d->emit);
}

void beluga__decode_answer(beluga_call *call, int status, const char *body, size_t length,
                           beluga__sink *sink)
{
    decoding *d = beluga__arena_zalloc(&call->arena, sizeof *d);
    if (!d) {
        beluga_error err;
        beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "no memory for the answer");
        beluga__sink_error(sink, &err);
        return;
    }
    beluga__emit_init(&d->emit, call, sink);
    d->emit.lone = true;
    beluga__http_response_init(&d->response, call->arena.allocator, BELUGA__MAX_ERROR_BODY);
    d->response.status = status;
    d->emit.response = &d->response;
    call->http_status = is_status(status) ? (int16_t)status : 0;
    if (!prepare(d))
        fail(&d->emit, BELUGA_ERROR_NO_MEMORY, "no memory for the answer");
    else if (!is_status(status))
        fail(&d->emit, BELUGA_ERROR_INVALID_RESPONSE, "the result has no HTTP status");
    else if (status < 200 || status >= 300)
        read_refusal(d, body, length);
    else if (!beluga__emit_head(&d->emit))
        read_answer(d, body, length);
    beluga__emit_complete(&d->emit);
    beluga__emit_deliver(&d->emit);
    beluga__http_response_free(&d->response);
    beluga__emit_free(&d->emit);
}
