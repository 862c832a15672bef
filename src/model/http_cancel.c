/* Tells a service that a call ended before its answer was complete. The request for this outlives
 * the call. It runs on the call's loop, is in the loop's list of running calls, and has a reference
 * to the call. It has a stage of its own. Its answer is read, but not delivered. */
#include "base/clock.h"
#include "model/course.h"
#include "model/http_log.h"
#include "model/http_stage.h"

#include <stdio.h>

typedef struct farewell {
    beluga__http_stage stage; /* its task `soon` starts the request, its `timer` ends it */
    beluga__running run;
    const char *token; /* token of the call's last request */
    beluga_call *held; /* a reference to the call, or to the call from which it is derived */
} farewell;

static farewell *farewell_of(beluga__http_stage *stage)
{
    return beluga__container_of(stage, farewell, stage);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void end(farewell *f)
{
    beluga__http_stage *stage = &f->stage;
    beluga_call *held = f->held;
    beluga_loop *loop = held->loop;
    beluga__task_cancel(&stage->soon);
    beluga__timer_clear(loop, &stage->timer);
    beluga__http_secrets_cancel(&stage->secrets);
    if (stage->transfer) loop->ops->transfer_cancel(stage->transfer, NULL);
    beluga__framer_free(&stage->framer);
    beluga__http_request_free(&stage->request);
    beluga__http_response_free(&stage->response);
    beluga__list_remove(&f->run.node);
    loop->active--;
    beluga__call_unref(held); /* this may free `f`, which is in the call's arena */
}

static void tell_log(const beluga_call *call, const char *problem)
{
    beluga__log(call->target->runtime, problem ? BELUGA_LOG_WARN : BELUGA_LOG_DEBUG,
                problem ? "cancel.failed" : "cancel.told",
                BELUGA__TEXT_FIELD("provider", call->target->provider->name),
                BELUGA__TEXT_FIELD("model", call->model_name),
                BELUGA__TEXT_FIELD("message", problem ? problem : "the service was told"));
}

static void fail(farewell *f, const char *problem)
{
    tell_log(f->stage.emit.call, problem);
    end(f);
}

static void too_late(beluga__timer *timer)
{
    beluga__http_stage *stage = beluga__container_of(timer, beluga__http_stage, timer);
    fail(farewell_of(stage), "the service did not answer in time");
}

static void loop_ends(beluga__running *run)
{
    fail(beluga__container_of(run, farewell, run), "the loop was closed");
}

/* --- the answer ------------------------------------------------------------------------------- */

static void on_head(void *owner)
{
    const farewell *f = owner;
    beluga__http_log_response(beluga__http_stage_runtime(&f->stage), &f->stage.response);
}

static void on_body(void *owner, char *bytes, size_t n)
{
    const farewell *f = owner;
    beluga__http_log_body(beluga__http_stage_runtime(&f->stage), f->stage.secrets.list, bytes, n);
}

static void on_done(void *owner, int code, const beluga_error *err)
{
    farewell *f = owner;
    int status = f->stage.response.status;
    char text[64];
    f->stage.transfer = NULL;
    snprintf(text, sizeof text, "the service answered with status %d", status);
    if (code)
        fail(f, err->message);
    else if (status >= 300)
        fail(f, text);
    else {
        tell_log(f->stage.emit.call, NULL);
        end(f);
    }
}

static const beluga__transfer_handler answer = {on_head, on_body, on_done};

/* --- the request ------------------------------------------------------------------------------ */

static int send_request(farewell *f, beluga_error *err)
{
    beluga__http_stage *stage = &f->stage;
    beluga_call *call = stage->emit.call;
    beluga__http_encode encode = beluga__http_stage_provider(stage)->encode_cancel;
    int status = beluga__http_stage_write(stage, encode, true, err);
    if (status) return status;
    beluga__http_log_request(beluga__http_stage_runtime(stage), &stage->request);
    const beluga__transfer_spec spec = {
        .connection = &call->target->connection,
        .request = &stage->request,
        .response = &stage->response,
        .handler = &answer,
        .owner = f,
        .secrets = stage->secrets.list,
        .random = &stage->emit.random,
        .connect_timeout_ms = BELUGA__CANCEL_REQUEST_MS,
    };
    return call->loop->ops->transfer_start(call->loop, &spec, &stage->transfer, err);
}

static void go(farewell *f, int status, beluga_error *err)
{
    if (!status) status = send_request(f, err);
    if (status < 0)
        fail(f, err->message);
    else if (status)
        end(f); /* the provider wrote no request, so nothing is sent */
}

static void secrets_ready(beluga__http_secrets *secrets, int status, beluga_error *err)
{
    beluga__http_stage *stage = beluga__container_of(secrets, beluga__http_stage, secrets);
    go(farewell_of(stage), status, err);
}

/* Fetch the secrets again, since the key may have expired since the last request, and send the
 * request. */
static void begin(beluga__task *task)
{
    beluga__http_stage *stage = beluga__container_of(task, beluga__http_stage, soon);
    beluga_error err;
    int status = beluga__http_secrets_fetch(&stage->secrets, &err);
    if (status) go(farewell_of(stage), status > 0 ? 0 : status, &err);
}

static int set_up(farewell *f, const beluga__http_stage *last, beluga_error *err)
{
    beluga__http_stage *stage = &f->stage;
    beluga_call *call = last->emit.call;
    beluga__emit_init(&stage->emit, call, NULL);
    stage->state = last->state;
    stage->soon.run = begin;
    stage->timer.fire = too_late;
    f->run.abort = loop_ends;
    f->held = call->stands_in ? call->origin : call;
    int status = beluga__http_secrets_init(&stage->secrets, call, secrets_ready, err);
    if (!status && call->loop->ops->reserve(call->loop)) status = BELUGA_ERROR_NO_MEMORY;
    if (!status) status = beluga__http_stage_set_up(stage, 0, BELUGA__MAX_ERROR_BODY, err);
    stage->request.token = f->token;
    return status;
}

static void start(farewell *f)
{
    beluga_loop *loop = f->held->loop;
    beluga__call_ref(f->held);
    beluga__list_append(&loop->operations, &f->run.node);
    loop->active++;
    loop->ops->timer_set(loop, &f->stage.timer, beluga__ends_ns(BELUGA__CANCEL_REQUEST_MS));
    loop->ops->defer(loop, &f->stage.soon);
}

void beluga__http_abandon(beluga_call *call)
{
    const beluga__http_stage *last = call->course->unended;
    const char *token = call->course->token;
    beluga_error err;
    beluga__course_end(call);
    if (!last || beluga__loop_inherited(call->loop)) return;
    farewell *f = beluga__arena_zalloc(&call->arena, sizeof *f);
    if (f) f->token = token;
    if (f && !set_up(f, last, &err))
        start(f);
    else
        tell_log(call, "no memory for the request");
}
