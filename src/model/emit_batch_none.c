/* Replaces emit_batch.c and emit_batch_api.c in a library that is built without batch jobs. */
#include "base/left_out.h"
#include "model/emit_rules.h"

const char *beluga_call_batch_id(const beluga_call *call)
{
    (void)call;
    return NULL;
}

const char *beluga_call_batch_name(const beluga_call *call)
{
    (void)call;
    return NULL;
}

const char *beluga_call_batch_requests(const beluga_call *call, size_t *length)
{
    (void)call;
    if (length) *length = 0;
    return NULL;
}

beluga_kind_of_call beluga_call_batch_kind(const beluga_call *call)
{
    return beluga_call_kind(call);
}

int beluga__emit_job(beluga_emit *emit, beluga_event *event)
{
    BELUGA__UNUSED(emit, event);
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga__emit_job_result(beluga_emit *emit, beluga_event *event)
{
    BELUGA__UNUSED(emit, event);
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_emit_batch_job(beluga_emit *emit, const beluga_batch_job *job)
{
    BELUGA__UNUSED(emit, job);
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_emit_batch_result(beluga_emit *emit, const char *id, int status, const char *body,
                             size_t length)
{
    BELUGA__UNUSED(emit, id, status, body, length);
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_emit_batch_embedding(beluga_emit *emit, const char *id, const char *body, size_t length)
{
    BELUGA__UNUSED(emit, id, body, length);
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_emit_batch_failure(beluga_emit *emit, const char *id, int code,
                              const char *provider_code, const char *message)
{
    BELUGA__UNUSED(emit, id, code, provider_code, message);
    return BELUGA_ERROR_NOT_SUPPORTED;
}
