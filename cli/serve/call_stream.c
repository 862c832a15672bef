/* The form for a stream that is translated: the library's events are written in the client's
 * protocol. */
#include "serve/call.h"

static int start(serve_call *call, beluga_error *err)
{
    beluga_option options[CALL_MAX_OPTIONS];
    size_t n = call_read_options(call, options);
    call->stream = protocol_stream_new(&call->body, &call->identity, &call->out);
    if (!call->stream)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the answer");
    /* an answer that is held back is also requested as a stream, so that the timeouts of a stream
     * apply */
    if (call->held) options[n++] = beluga_with_wire_streaming(true);
    return call_ask(call, !call->held, options, n, err);
}

static void take(serve_call *call, const beluga_event *event)
{
    if (event->kind == BELUGA_EVENT_ERROR) {
        call_fail(call, event->u.error);
        return;
    }
    int status = call->stream->protocol->event(call->stream, event);
    if (status)
        call_fail_with(call, status);
    else if (event->kind == BELUGA_EVENT_FINISH)
        call_finish(call);
    else if (call->out.length)
        call_send_later(call);
}

const call_form call_streamed = {.start = start, .event = take};
