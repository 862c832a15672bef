#include "calls.h"

#include <beluga/providers/mock.h>

#include <poll.h>
#include <stdio.h>

/* --- the record ------------------------------------------------------------------------------- */

void record_clear(record *r)
{
    memset(r, 0, sizeof *r);
}

bool record_ended(const record *r)
{
    return r->finishes || r->errors;
}

__attribute__((format(printf, 2, 3))) static void tell(record *r, const char *format, ...)
{
    va_list args;
    size_t room = sizeof r->story - r->length;
    va_start(args, format);
    int n = vsnprintf(r->story + r->length, room, format, args);
    va_end(args);
    if (n > 0) r->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void tell_start(record *r, const beluga_event *event)
{
    tell(r, "start");
    for (size_t i = 0; i < event->u.start.count; i++) tell(r, "(%s)", event->u.start.warnings[i]);
}

static void tell_tool(record *r, const char *what, const beluga_event *event)
{
    bool begin = event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN;
    tell(r, "%s(%u %.*s)", what, event->index,
         begin ? (int)strlen(event->u.tool_call.name) : (int)event->u.tool_call.length,
         begin ? event->u.tool_call.name : event->u.tool_call.arguments);
}

static void tell_event(record *r, const beluga_event *event)
{
    if (r->length) tell(r, " ");
    switch (event->kind) {
    case BELUGA_EVENT_START: tell_start(r, event); return;
    case BELUGA_EVENT_TEXT:
        tell(r, "[%.*s]", (int)event->u.text.length, event->u.text.text);
        return;
    case BELUGA_EVENT_TOOL_CALL_BEGIN: tell_tool(r, "begin", event); return;
    case BELUGA_EVENT_TOOL_CALL_DELTA: tell_tool(r, "delta", event); return;
    case BELUGA_EVENT_TOOL_CALL_END: tell_tool(r, "end", event); return;
    case BELUGA_EVENT_USAGE:
        tell(r, "usage(%lld,%lld)", (long long)event->u.usage.input_total,
             (long long)event->u.usage.output_total);
        return;
    case BELUGA_EVENT_FINISH:
        tell(r, "finish(%s)", beluga_finish_reason_name(event->u.finish.reason));
        return;
    case BELUGA_EVENT_ERROR: tell(r, "error(%s)", beluga_error_name(event->u.error->code)); return;
    default: tell(r, "%s", beluga_event_kind_name(event->kind));
    }
}

void record_event(void *payload, const beluga_event *event)
{
    record *r = payload;
    assert_false(record_ended(r)); /* no event may follow the terminal event */
    tell_event(r, event);
    r->events++;
    r->starts += event->kind == BELUGA_EVENT_START;
    r->restarts += event->kind == BELUGA_EVENT_RESTART;
    if (event->kind == BELUGA_EVENT_RESTART)
        r->restarted_for = event->u.error ? event->u.error->code : 0;
    r->finishes += event->kind == BELUGA_EVENT_FINISH;
    r->errors += event->kind == BELUGA_EVENT_ERROR;
    r->texts += event->kind == BELUGA_EVENT_TEXT;
    if (event->kind == BELUGA_EVENT_TEXT) r->bytes += event->u.text.length;
    if (event->kind == BELUGA_EVENT_ERROR) r->error = *event->u.error;
}

/* --- models ----------------------------------------------------------------------------------- */

static beluga_chat_model *open_model(const char *provider, beluga_config *config,
                                     const beluga_option *opts, size_t n)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    assert_non_null(config);
    assert_int_equal(beluga_config_set_n(config, opts, n), 0);
    if (beluga_registry_open(beluga_registry_default(), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

beluga_chat_model *open_at_n(const char *url, const beluga_option *opts, size_t n)
{
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key("sk-test"),
                          beluga_with_model_name("peer-chat"), beluga_with_max_retries(0),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    return open_model("openai", config, opts, n);
}

beluga_chat_model *open_peer(peer *p)
{
    return open_at_n(peer_url(p), NULL, 0);
}

beluga_chat_model *open_mock_n(const beluga_option *opts, size_t n)
{
    return open_model("mock", beluga_config_new(beluga_with_model_name("any")), opts, n);
}

/* --- pull ------------------------------------------------------------------------------------- */

beluga_stream *begin_stream(beluga_chat_model *model, beluga_context *ctx)
{
    beluga_error err = {0};
    beluga_stream *stream = NULL;
    if (beluga_stream_input(model, ctx, beluga_input_text("Hi"), &stream, &err))
        fail_msg("stream: %s", err.message);
    return stream;
}

const beluga_event *pull_one(beluga_stream *stream, record *r)
{
    const beluga_event *event = NULL;
    r->status = beluga_stream_next(stream, &event, &r->error);
    if (r->status) assert_null(event);
    if (event) record_event(r, event);
    return event;
}

void pull_all(beluga_stream *stream, record *r)
{
    while (pull_one(stream, r)) {
    }
    if (r->status == 0) assert_int_equal(r->finishes, 1);
    if (r->status) assert_int_equal(r->finishes, 0);
}

const beluga_event *pull_until(beluga_stream *stream, record *r, uint32_t kind)
{
    const beluga_event *event;
    while ((event = pull_one(stream, r)) && event->kind != kind) {
    }
    if (!event) fail_msg("the stream ended: %s", r->story);
    return event;
}

int stream_whole_n(beluga_chat_model *model, beluga_context *ctx, record *r,
                   const beluga_option *opts, size_t n)
{
    beluga_stream *stream = NULL;
    record_clear(r);
    r->status =
        beluga_stream_input_n(model, ctx, beluga_input_text("Hi"), &stream, &r->error, opts, n);
    if (r->status == 0) pull_all(stream, r);
    beluga_stream_free(stream);
    return r->status;
}

int stream_whole(beluga_chat_model *model, record *r)
{
    return stream_whole_n(model, NULL, r, NULL, 0);
}

int generate_under(beluga_chat_model *model, beluga_context *ctx, const char *expected,
                   beluga_error *err)
{
    beluga_response *response = NULL;
    beluga_error unused;
    if (!err) err = &unused;
    memset(err, 0, sizeof *err);
    int status = beluga_invoke(model, ctx, beluga_input_text("Hi"), &response, err);
    if (status) assert_null(response);
    if (status == 0) assert_true(beluga_response_is_complete(response));
    if (status == 0 && expected)
        assert_string_equal(beluga_response_text(response, NULL), expected);
    beluga_response_free(response);
    return status;
}

int generate(beluga_chat_model *model, const char *expected, beluga_error *err)
{
    return generate_under(model, NULL, expected, err);
}

/* --- push ------------------------------------------------------------------------------------- */

beluga_loop *new_loop(void)
{
    beluga_loop *loop = NULL;
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    return loop;
}

beluga_op *push_to(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                   beluga_event_cb cb, void *payload)
{
    beluga_error err = {0};
    beluga_op *op = NULL;
    beluga_messages *messages = beluga_messages_new();
    assert_int_equal(beluga_messages_add(messages, beluga_human_message("Hi")), 0);
    if (beluga_stream_start(model, loop, ctx, messages, cb, payload, &op, &err))
        fail_msg("start: %s", err.message);
    beluga_messages_free(messages);
    return op;
}

beluga_op *push_stream(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx, record *r)
{
    return push_to(model, loop, ctx, record_event, r);
}

static int poll_once(beluga_loop *loop, int timeout_ms)
{
    struct pollfd p = {.fd = beluga_loop_fd(loop), .events = POLLIN};
    return poll(&p, 1, timeout_ms);
}

bool is_readable(beluga_loop *loop)
{
    return poll_once(loop, 0) == 1;
}

void poll_and_step(beluga_loop *loop)
{
    if (poll_once(loop, PATIENCE_MS) != 1)
        fail_msg("the loop's descriptor did not become readable");
    assert_int_equal(beluga_loop_step(loop), 0);
}

void step_until_end(beluga_loop *loop, const record *r)
{
    while (!record_ended(r)) poll_and_step(loop);
}

void step_until_quiet(beluga_loop *loop)
{
    enum { MOST = 100000 };
    for (int i = 0; i < MOST; i++) {
        if (!is_readable(loop)) return;
        assert_int_equal(beluga_loop_step(loop), 0);
    }
    fail_msg("the loop's descriptor stays readable");
}

/* --- fixtures --------------------------------------------------------------------------------- */

int start_peer(void **state)
{
    *state = peer_start();
    return *state ? 0 : -1;
}

int stop_peer(void **state)
{
    peer_stop(*state);
    return 0;
}
