/* The public functions with which a provider reads a call about batch jobs, and emits the events of
 * such a call. */
#include "base/sized.h"
#include "model/emit.h"
#include "schema/event.h"

const char *beluga_call_batch_id(const beluga_call *call)
{
    const beluga__job_question *job = beluga__call_job(call);
    return job ? job->id : NULL;
}

const char *beluga_call_batch_name(const beluga_call *call)
{
    const beluga__job_question *job = beluga__call_job(call);
    return job ? job->name : NULL;
}

const char *beluga_call_batch_requests(const beluga_call *call, size_t *length)
{
    const beluga__job_question *job = beluga__call_job(call);
    if (length) *length = job ? job->length : 0;
    return job ? job->requests : NULL;
}

beluga_kind_of_call beluga_call_batch_kind(const beluga_call *call)
{
    const beluga__job_question *job = beluga__call_job(call);
    return job ? job->kind : (beluga_kind_of_call)call->kind;
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static int32_t failure_of(const beluga_batch_job *job)
{
    if (job->state != BELUGA_BATCH_STATE_FAILED) return 0;
    bool known = job->error_code < 0 && job->error_code >= -BELUGA_ERROR_COUNT;
    return known ? job->error_code : BELUGA_ERROR_INVALID_REQUEST;
}

int beluga_emit_batch_job(beluga_emit *given, const beluga_batch_job *job)
{
    beluga_batch_job whole;
    if (!job || beluga__sized_read(&whole, job, offsetof(beluga_batch_job, reserved), false))
        return BELUGA_ERROR_INVALID_INPUT;
    whole.size = sizeof whole;
    whole.id = text_of(whole.id);
    whole.name = text_of(whole.name);
    whole.raw_state = text_of(whole.raw_state);
    whole.reason = text_of(whole.reason);
    whole.error_code = failure_of(&whole);
    return beluga__emit_send(
        given, &(beluga_event){.kind = BELUGA_EVENT_BATCH_JOB, .u.batch_job = &whole});
}

int beluga_emit_batch_result(beluga_emit *given, const char *id, int status, const char *body,
                             size_t length)
{
    beluga_event event = {.kind = BELUGA_EVENT_BATCH_RESULT};
    event.u.batch_result.id = id;
    event.u.batch_result.body = body ? body : "";
    event.u.batch_result.length = body ? length : 0;
    event.u.batch_result.status = status;
    return beluga__emit_send(given, &event);
}

int beluga_emit_batch_embedding(beluga_emit *given, const char *id, const char *body, size_t length)
{
    beluga_event event = {.kind = BELUGA_EVENT_BATCH_RESULT, .index = BELUGA__RESULT_OF_VECTORS};
    event.u.batch_result.id = id;
    event.u.batch_result.body = body ? body : "";
    event.u.batch_result.length = body ? length : 0;
    event.u.batch_result.status = 200;
    return beluga__emit_send(given, &event);
}

int beluga_emit_batch_failure(beluga_emit *given, const char *id, int code,
                              const char *provider_code, const char *message)
{
    beluga_event event = {.kind = BELUGA_EVENT_BATCH_RESULT};
    beluga_error err;
    if (code >= 0 || code < -BELUGA_ERROR_COUNT) code = BELUGA_ERROR_INVALID_RESPONSE;
    beluga_error_set(&err, code, "%s", message && *message ? message : beluga_error_text(code));
    if (provider_code) beluga_error_set_provider_code(&err, provider_code, strlen(provider_code));
    event.u.batch_result.id = id;
    event.u.batch_result.error = &err;
    return beluga__emit_send(given, &event);
}
