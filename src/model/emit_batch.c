/* The rules for events about batch jobs. */
#include "model/emit_rules.h"

static int deliver(beluga_emit *emit, const beluga_event *event)
{
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return beluga__emit_event(emit, event);
}

int beluga__emit_job(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check_content(emit);
    const beluga_batch_job *job = event->u.batch_job;
    if (status) return status;
    if (!beluga__call_is_of_jobs(emit->call)) return BELUGA_ERROR_INVALID_INPUT;
    if (!job->id || !*job->id)
        return beluga__emit_broken(emit, BELUGA_ERROR_INVALID_RESPONSE,
                                   "the answer has a batch job without an id");
    bool utf8 = beluga__emit_is_utf8(job->id) && beluga__emit_is_utf8(job->name) &&
                beluga__emit_is_utf8(job->raw_state) && beluga__emit_is_utf8(job->reason);
    if (!utf8)
        return beluga__emit_broke_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                                       "the answer has a batch job whose text is not valid UTF-8");
    return deliver(emit, event);
}

int beluga__emit_job_result(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check_content(emit);
    if (status) return status;
    if (!beluga__call_is_of_results(emit->call)) return BELUGA_ERROR_INVALID_INPUT;
    const char *id = event->u.batch_result.id;
    if (!id || !*id)
        return beluga__emit_broken(emit, BELUGA_ERROR_INVALID_RESPONSE,
                                   "a result of the batch job does not name its request");
    if (!beluga__emit_is_utf8(id))
        return beluga__emit_broke_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                                       "the id of a result is not valid UTF-8");
    return deliver(emit, event);
}
