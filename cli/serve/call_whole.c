/* The form for an answer in one piece: the events are joined, and written as one body in the
 * client's protocol. */
#include "serve/call.h"

static int start(serve_call *call, beluga_error *err)
{
    beluga_option options[CALL_MAX_OPTIONS];
    size_t n = call_read_options(call, options);
    call->own = beluga_response_builder_new();
    if (!call->own)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the answer");
    return call_ask(call, false, options, n, err);
}

static void answer(serve_call *call, const beluga_response *response)
{
    const char *text;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) {
        call_fail_with(call, BELUGA_ERROR_NO_MEMORY);
        return;
    }
    beluga_json_begin_object(w, NULL);
    call->body.protocol->answer(w, &call->body, &call->identity, response);
    beluga_json_end_object(w);
    int status = beluga_json_writer_text(w, &text, &length);
    if (status)
        call_fail_with(call, status);
    else
        call_answer(call, 200, "application/json", text, length);
    beluga_json_writer_free(w);
}

static void take(serve_call *call, const beluga_event *event)
{
    beluga_response *response = NULL;
    if (event->kind == BELUGA_EVENT_ERROR) {
        call_fail(call, event->u.error);
        return;
    }
    int status = beluga_response_builder_add(call->own, event);
    if (!status && event->kind != BELUGA_EVENT_FINISH) return;
    if (!status) status = beluga_response_builder_finish(call->own, &response);
    if (status)
        call_fail_with(call, status);
    else
        answer(call, response);
    beluga_response_free(response);
}

static void release(serve_call *call)
{
    beluga_response_builder_free(call->own);
}

const call_form call_whole = {.start = start, .event = take, .release = release};
