/* Handles the change from one request to the next, in calls that take several requests. The decoder
 * asks for the next request while it reads an answer; that answer ends before the request begins.
 * The state for the next request is in the call's course (model/course.h). */
#include "base/clock.h"
#include "loop/rooms.h"
#include "model/call_kind.h"
#include "model/course.h"
#include "model/emit_rules.h"
#include "model/http_stage.h"
#include "schema/event.h"
#include "wire/resolve.h"

/* --- the end of an answer --------------------------------------------------------------------- */

static int no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the next request");
}

/* Save a copy of the state with which the next request begins, for a retry of that request. */
static int keep(beluga__http_stage *self, beluga__course *course, beluga_error *err)
{
    size_t n = beluga__call_state_size(self->emit.call);
    if (course->n_asked++ == BELUGA__MAX_REQUESTS)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the call needs more than %u requests", BELUGA__MAX_REQUESTS);
    if (n && !course->state) course->state = beluga__arena_alloc(&self->emit.call->arena, n);
    if (n && !course->state) return no_memory(err);
    if (n) memcpy(course->state, self->state, n);
    course->known = self->emit;
    course->token = course->asked;
    course->asked = NULL;
    return 0;
}

static void tell_log(const beluga__http_stage *self, const beluga__course *course)
{
    const beluga_call *call = self->emit.call;
    beluga__log(beluga__http_stage_runtime(self), BELUGA_LOG_DEBUG, "call.next_request",
                BELUGA__TEXT_FIELD("provider", call->target->provider->name),
                BELUGA__TEXT_FIELD("model", call->model_name),
                BELUGA__NUMBER_FIELD("request", course->n_asked + 1),
                BELUGA__NUMBER_FIELD("wait_ms", course->wait_ms > 0 ? course->wait_ms : 0));
}

static void wait_first(beluga__http_stage *self, const beluga__course *course)
{
    beluga_loop *loop = self->emit.call->loop;
    int64_t ms = beluga__http_stage_runtime(self)->never_waits ? 0 : course->wait_ms;
    int64_t until = beluga__ends_ns(ms), end = beluga__watchdog_end_ns(&self->dog);
    if (ms > 0)
        loop->ops->timer_set(loop, &self->timer, until < end ? until : end);
    else
        loop->ops->defer(loop, &self->soon);
}

/* Send the warnings of the first request now, if they still wait for the next step of the loop. */
static void send_waiting_warnings(beluga__http_stage *self)
{
    if (!self->soon.queued) return;
    beluga__task_cancel(&self->soon);
    beluga__emit_start(&self->emit, self->request.warnings, self->request.n_warnings);
}

void beluga__http_stage_go_on(beluga__http_stage *self)
{
    beluga__course *course = self->emit.call->course;
    beluga_error err;
    send_waiting_warnings(self);
    if (!beluga__http_stage_is_over(self)) beluga__emit_end_tools(&self->emit);
    if (beluga__http_stage_is_over(self)) return; /* a callback cancelled the call */
    beluga__emit_take_brought(&self->emit);
    int status = keep(self, course, &err);
    if (status) {
        beluga__http_stage_fail(self, status, &err);
        return;
    }
    beluga__http_stage_enter(self, BELUGA__HTTP_WAITING);
    beluga__watchdog_stop(&self->dog);
    if (self->transfer) self->emit.call->loop->ops->transfer_finish(self->transfer);
    self->transfer = NULL;
    tell_log(self, course);
    beluga__emit_pass(&self->emit, BELUGA__EVENT_ANSWERED);
    wait_first(self, course);
}

/* --- the URL of the next request -------------------------------------------------------------- */

static int put_url(const beluga__http_stage *self, const char *reference, char *out, size_t size)
{
    beluga__buf url;
    beluga__buf_init(&url, self->emit.call->arena.allocator, BELUGA__MAX_URL_BYTES);
    int status = beluga__url_resolve(&url, beluga_http_request_url(&self->request), reference);
    if (!status && url.length >= size) status = BELUGA_ERROR_LIMIT_EXCEEDED;
    if (!status) memcpy(out, url.data, url.length + 1);
    beluga__buf_free(&url);
    return status;
}

int beluga_emit_resolve_url(beluga_emit *given, const char *reference, char *url, size_t size)
{
    int status = 0;
    beluga_emit *emit = beluga__emit_find(given, &status);
    if (!emit) return status;
    if (emit->remote || emit->full || emit->lone) return BELUGA_ERROR_NOT_SUPPORTED;
    if (!reference || !*reference)
        return beluga_emit_failure(given, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer has no URL for the next request");
    status = put_url(beluga__container_of(emit, beluga__http_stage, emit), reference, url, size);
    if (!status) return 0;
    return beluga_emit_failure(given, status, NULL,
                               "the service gave a bad URL for the next request: %s",
                               beluga_error_text(status));
}

/* --- before the next request ------------------------------------------------------------------ */

static void name_request(beluga__http_stage *self)
{
    const beluga__course *course = self->emit.call->course;
    self->request.token = course ? course->token : NULL;
    self->request.state = self->state;
}

int beluga__http_stage_set_up(beluga__http_stage *self, size_t max_event, size_t max_body,
                              beluga_error *err)
{
    beluga_call *call = self->emit.call;
    const beluga_allocator *allocator = call->arena.allocator;
    bool results = beluga__call_is_of_results(call);
    uint32_t framing = results ? BELUGA_FRAMING_NDJSON : beluga__http_stage_provider(self)->framing;
    /* a line of results is a complete answer, so it may be as long as one */
    if (results) max_event = max_body;
    beluga__http_request_init(&self->request, allocator, &call->arena, call->target->base_url);
    beluga__http_response_init(&self->response, allocator, max_body);
    beluga__room_lend(call->loop, BELUGA__ROOM_REQUEST, &self->request.body);
    beluga__room_lend(call->loop, BELUGA__ROOM_HEADERS, &self->response.headers);
    if (!call->streamed) beluga__room_lend(call->loop, BELUGA__ROOM_ANSWER, &self->response.body);
    name_request(self);
    int status = beluga__framer_init(&self->framer, framing, allocator, max_event);
    /* a result that is too large is skipped, since the user pays for the job's other results */
    self->framer.passes_over = results;
    self->framer.cut = beluga__http_stage_provider(self)->cut;
    if (!status) return 0;
    return beluga_error_set(err, status,
                            "this provider's framing is unknown, or not part of this library (AWS "
                            "event streams need a library that is built with bedrock)");
}

int beluga__http_stage_renew(beluga__http_stage *self, beluga_error *err)
{
    size_t max_event = self->framer.max, max_body = self->response.body.max;
    beluga__framer_free(&self->framer);
    beluga__http_request_free(&self->request);
    beluga__http_response_free(&self->response);
    beluga__http_secrets_forget(&self->secrets);
    self->proof = (beluga__proof){0};
    self->heard = BELUGA__HTTP_HEARD_NOTHING;
    self->line_read = self->line_lost = false;
    self->dog.got_event = false;
    beluga__http_stage_enter(self, BELUGA__HTTP_FETCHING);
    return beluga__http_stage_set_up(self, max_event, max_body, err);
}

void beluga__http_stage_take_up(beluga__http_stage *self)
{
    beluga__course *course = self->emit.call->course;
    if (!course) return;
    course->asked = NULL;
    if (!course->token) return;
    if (self->state) memcpy(self->state, course->state, beluga__call_state_size(self->emit.call));
    beluga__emit_take_up(&self->emit, &course->known);
}
