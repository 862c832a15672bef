/* The adapter between a call and the pure functions of an HTTP provider: it starts, pauses and
 * cancels calls, and ends them when they take too long. http_stage.h lists the files of the
 * adapter. */
#include "base/clock.h"
#include "model/call_kind.h"
#include "model/course.h"
#include "model/http_log.h"
#include "model/http_stage.h"
#include "model/span.h"
#include "schema/event.h"

/* --- pause and cancel ------------------------------------------------------------------------- */

static void cancel(beluga__stage *stage)
{
    beluga__http_stage *self = beluga__container_of(stage, beluga__http_stage, stage);
    if (beluga__http_stage_is_over(self)) return;
    self->emit.sink = NULL;
    beluga__http_stage_let_go(self, false);
}

static void pause_stage(beluga__stage *stage, bool paused)
{
    beluga__http_stage *self = beluga__container_of(stage, beluga__http_stage, stage);
    beluga_loop *loop = self->emit.call->loop;
    self->paused = paused;
    /* Between two requests the call does not wait for the server, so the watchdog is stopped
     * anyway. */
    if (beluga__http_stage_is_read(self)) return;
    beluga__watchdog_pause(&self->dog, paused);
    if (self->emit.finished)
        beluga__http_stage_set_grace(self); /* after a pause the grace period starts again */
    /* Without a transfer the call still waits for its key, so nothing can be paused. */
    if (self->transfer) loop->ops->transfer_pause(self->transfer, paused);
}

static void barked(beluga__watchdog *dog, const beluga_error *err)
{
    beluga__http_stage *self = beluga__container_of(dog, beluga__http_stage, dog);
    beluga_call *call = beluga__http_stage_begin_reading(self);
    if (self->phase == BELUGA__HTTP_FETCHING) {
        beluga_error late;
        beluga__http_stage_fail(self, beluga__http_secrets_late(&self->secrets, &late), &late);
    } else if (beluga__http_stage_is_proven(self, BELUGA__BODY_CUT))
        beluga__http_stage_conclude(self);
    else
        beluga__http_stage_fail(self, err->code, err);
    beluga__http_stage_end_reading(self, call);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* Record the request's URL and method in the attempt's span. */
static void tell_url(const beluga__http_stage *self)
{
    const beluga_call *call = self->emit.call;
    if (!call->attempt_span) return;
    beluga__buf url;
    beluga__buf_init(&url, call->arena.allocator, BELUGA__MAX_URL_BYTES);
    if (!beluga__http_redact_url(&url, beluga_http_request_url(&self->request))) {
        /* Some providers expect the key in the query of the URL. */
        beluga__http_secrets_mask(&self->secrets, url.data, url.length);
        beluga__span_text(call, "url.full", url.data, url.length);
    }
    beluga__buf_free(&url);
    const char *method = beluga_http_request_method(&self->request);
    if (strcmp(method, "POST") != 0)
        beluga__span_text(call, "http.request.method", method, strlen(method));
}

/* Note that a request is sent: from now on the service must be told if the call ends early, if the
 * provider has a function for that. */
static int note_request(beluga__http_stage *self, beluga_error *err)
{
    if (!beluga__http_stage_provider(self)->encode_cancel) return 0;
    beluga__course *course = beluga__course_of(self->emit.call);
    if (!course) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    course->unended = self;
    return 0;
}

static int write_request(beluga__http_stage *self, beluga_error *err)
{
    int status =
        beluga__http_stage_write(self, beluga__call_kind_encoder(self->emit.call), false, err);
    return status ? status : note_request(self, err);
}

static void start_watching(beluga__http_stage *self)
{
    if (self->request.token)
        beluga__watchdog_next(&self->dog);
    else
        beluga__watchdog_start(&self->dog);
}

static int send_request(beluga__http_stage *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    int status = write_request(self, err);
    if (!status && beluga__course_note_sent(call, self->request.token))
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    if (status) return status;
    beluga__http_log_request(beluga__http_stage_runtime(self), &self->request);
    tell_url(self);
    beluga__transfer_spec spec = {
        .connection = &call->target->connection,
        .request = &self->request,
        .response = &self->response,
        .handler = &beluga__http_answer,
        .owner = self,
        .secrets = self->secrets.list,
        .random = &self->emit.random,
        .streamed = call->streamed,
        /* an upload, too, since its address may be valid only once */
        .once = call->kind == BELUGA_CALL_BATCH_CREATE,
        .connect_timeout_ms = beluga__settings_int(call->settings, BELUGA_OPTION_CONNECT_TIMEOUT,
                                                   BELUGA__CONNECT_TIMEOUT_MS),
    };
    beluga__http_stage_enter(self, BELUGA__HTTP_ASKED);
    status = call->loop->ops->transfer_start(call->loop, &spec, &self->transfer, err);
    if (status) return status;
    start_watching(self);
    if (self->paused) pause_stage(&self->stage, true);
    return 0;
}

static void send_warnings(beluga__http_stage *self)
{
    beluga__emit_start(&self->emit, self->request.warnings, self->request.n_warnings);
}

/* Called when the secrets have been fetched after a wait. The call has started, so a failure is
 * delivered as an event. */
static void secrets_ready(beluga__http_secrets *secrets, int status, beluga_error *err)
{
    beluga__http_stage *self = beluga__container_of(secrets, beluga__http_stage, secrets);
    if (!status) status = send_request(self, err);
    if (status)
        beluga__http_stage_fail(self, status, err);
    else
        send_warnings(self);
}

/* --- the next request ------------------------------------------------------------------------- */

/* Fetch the secrets, and send the request if all are available. Returns 1 if it was sent, 0 if it
 * waits for a secret, or a code with detail. */
static int fetch_and_send(beluga__http_stage *self, beluga_error *err)
{
    int status = beluga__http_secrets_fetch(&self->secrets, err);
    /* start the watchdog for the wait; it is started again when the request is sent */
    if (!status) start_watching(self);
    if (!status && self->paused) beluga__watchdog_pause(&self->dog, true);
    if (status <= 0) return status;
    status = send_request(self, err);
    return status ? status : 1;
}

/* Send the next request. Its secrets are fetched again, since a key may have expired since the last
 * request. */
static void ask_again(beluga__http_stage *self)
{
    beluga_error err;
    if (beluga__now_ns() >= beluga__watchdog_end_ns(&self->dog)) {
        beluga__http_stage_fail(self, beluga__watchdog_late(&self->dog, &err), &err);
        return;
    }
    beluga__emit_pass(&self->emit, BELUGA__EVENT_REQUEST);
    int status = beluga__http_stage_renew(self, &err);
    if (!status) status = fetch_and_send(self, &err);
    if (status < 0)
        beluga__http_stage_fail(self, status, &err);
    else if (status)
        send_warnings(self);
}

static void time_came(beluga__timer *timer)
{
    beluga__http_stage *self = beluga__container_of(timer, beluga__http_stage, timer);
    if (self->phase == BELUGA__HTTP_WAITING)
        ask_again(self);
    else
        beluga__http_stage_grace_over(self);
}

/* Send the next request if the call waits for it. Otherwise this is the first step of the loop:
 * send the warnings, since a stage delivers nothing inside `start`. */
static void turn_came(beluga__task *task)
{
    beluga__http_stage *self = beluga__container_of(task, beluga__http_stage, soon);
    if (self->phase == BELUGA__HTTP_WAITING)
        ask_again(self);
    else
        send_warnings(self);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static int prepare(beluga__http_stage *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    size_t max_event = (size_t)beluga__settings_int(call->settings, BELUGA_OPTION_MAX_EVENT_BYTES,
                                                    BELUGA__MAX_FRAME_BYTES);
    size_t max_body = (size_t)beluga__settings_int(call->settings, BELUGA_OPTION_MAX_RESPONSE_BYTES,
                                                   BELUGA__MAX_BODY_BYTES);
    beluga__watchdog_init(&self->dog, call, barked);
    self->timer.fire = time_came;
    self->soon.run = turn_came;
    self->raw = beluga__settings_int(call->settings, BELUGA_OPTION_RAW_EVENTS, call->body_given);
    size_t state = beluga__call_state_size(call);
    if (state && !(self->state = beluga__arena_zalloc(&call->arena, state)))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the decoder");
    int status = beluga__http_stage_set_up(self, max_event, max_body, err);
    return status ? status : beluga__http_secrets_init(&self->secrets, call, secrets_ready, err);
}

static int begin(beluga__http_stage *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    int status = prepare(self, err);
    if (status) return status;
    beluga__http_stage_take_up(self);
    beluga__call_holds_secrets(call);
    status = fetch_and_send(self, err);
    if (status > 0 && self->request.n_warnings) call->loop->ops->defer(call->loop, &self->soon);
    return status < 0 ? status : 0;
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **stage,
                 beluga_error *err)
{
    if (!beluga__call_kind_encoder(call)) return beluga__call_kind_refuse(call, err);
    beluga__http_stage *self = beluga__arena_zalloc(&call->arena, sizeof *self);
    if (!self) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    self->stage.ops = model->ops;
    beluga__emit_init(&self->emit, call, sink);
    self->emit.response = &self->response;
    if (beluga__emit_use_handle(&self->emit))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    int status = begin(self, err);
    if (status) {
        self->emit.sink = NULL;
        beluga__http_stage_let_go(self, false);
        return status;
    }
    *stage = &self->stage;
    return 0;
}

static const beluga__model_ops http_ops = {.start = start, .cancel = cancel, .pause = pause_stage};
static beluga__model http_adapter = {&http_ops};

beluga__model *beluga__http_adapter_new(beluga__runtime *runtime)
{
    (void)runtime; /* this adapter has no state of its own */
    return &http_adapter;
}
