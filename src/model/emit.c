#include "model/emit.h"

#include "base/hint.h"
#include "base/line.h"
#include "model/handle.h"
#include "schema/event.h"

void beluga__emit_init(beluga_emit *emit, beluga_call *call, beluga__sink *sink)
{
    emit->call = call;
    emit->given = emit;
    emit->sink = sink;
    emit->last_tool = &emit->tools;
}

void beluga__emit_free(beluga_emit *emit)
{
    for (beluga__tool_slot *tool = emit->tools; tool; tool = tool->next)
        beluga__buf_free(&tool->arguments);
    emit->tools = NULL;
    beluga__handle_free(emit->given);
    emit->given = emit;
}

/* Copy the state of an earlier attempt's emit. Tool calls that the failed attempt added after this
 * state was saved are dropped; the other tool calls have ended. */
void beluga__emit_take_up(beluga_emit *emit, const beluga_emit *known)
{
    emit->seen = known->seen;
    emit->has_usage = known->has_usage;
    emit->reasoning_block = known->reasoning_block;
    emit->id = known->id;
    emit->model = known->model;
    emit->created = known->created;
    emit->tools = known->tools;
    emit->n_tools = known->n_tools;
    if (!known->tools) return;
    emit->last_tool = known->last_tool;
    *emit->last_tool = NULL;
}

int beluga__emit_use_handle(beluga_emit *emit)
{
    if (emit->call->target->builtin) return 0;
    emit->given = beluga__handle_new(emit);
    return emit->given ? 0 : BELUGA_ERROR_NO_MEMORY;
}

/* --- failures --------------------------------------------------------------------------------- */

/* Replace an error code that the library does not define, since a provider may return any
 * number. */
static void refuse_unknown(beluga_error *err)
{
    int code = err->code;
    if (code < 0 && code >= -BELUGA_ERROR_COUNT) return;
    beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE,
                     "the provider failed with %d, which is not an error code", code);
    beluga__hint_set_rule(err, BELUGA__RULE_ERROR_CODE);
}

void beluga__emit_fail(beluga_emit *emit, int code, const beluga_error *err)
{
    if (emit->failed) return;
    emit->failed = true;
    if (!emit->error) emit->error = beluga__arena_alloc(&emit->call->arena, sizeof *emit->error);
    /* if memory runs out, there is no error: beluga__emit_deliver then reports no_memory */
    if (!emit->error) return;
    if (err && err->code)
        *emit->error = *err;
    else
        beluga_error_set(emit->error, code, "%s", beluga_error_text(code));
    refuse_unknown(emit->error);
    beluga__call_locate(emit->call, emit->error);
    if (emit->request_id && !*emit->error->request_id)
        beluga__error_label(emit->error, request_id, emit->request_id);
}

int beluga__emit_broke_rule(beluga_emit *emit, beluga__rule rule, int code, const char *message)
{
    beluga_error err;
    beluga_error_set(&err, code, "%s", message);
    beluga__hint_set_rule(&err, rule);
    beluga__emit_fail(emit, code, &err);
    return code;
}

void beluga__emit_misused(beluga_emit *emit)
{
    beluga__emit_broke_rule(emit, BELUGA__RULE_OWN_TURN, BELUGA_ERROR_INVALID_RESPONSE,
                            "the provider emitted on another thread, or outside its turn");
}

void beluga__emit_check_turns(beluga_emit *emit)
{
    if (beluga__handle_is_misused(emit->given)) beluga__emit_misused(emit);
}

/* --- events that the adapter sends on its own account ----------------------------------------- */

int beluga__emit_head(beluga_emit *emit)
{
    beluga_event event;
    bool known = emit->model || !emit->call->stands_in;
    beluga__event_begin(&event, BELUGA_EVENT_METADATA);
    event.u.metadata.id = emit->id;
    event.u.metadata.model = known ? emit->model : emit->call->model_name;
    event.u.metadata.provider = emit->call->target->provider->name;
    event.u.metadata.request_id = emit->request_id;
    event.u.metadata.created = emit->created;
    event.u.metadata.rate_limits = emit->rate_limits;
    event.u.metadata.cached = false;
    event.u.metadata.attempts = 1;
    return beluga__emit_event(emit, &event);
}

void beluga__emit_start(beluga_emit *emit, const char *const *warnings, size_t n)
{
    if (!n || !emit->sink) return;
    beluga_event event = {.kind = BELUGA_EVENT_START};
    event.u.start.warnings = warnings;
    event.u.start.count = n;
    beluga__emit_event(emit, &event);
}

void beluga__emit_raw(beluga_emit *emit, const beluga_http_response *response, const char *bytes,
                      size_t n, bool refused)
{
    if (!emit->sink) return;
    beluga_event event = {.kind = BELUGA_EVENT_RAW}, copy;
    event.u.raw.bytes = bytes;
    event.u.raw.length = n;
    event.u.raw.status = (uint32_t)beluga_http_response_status(response);
    event.u.raw.refused = refused;
    event.u.raw.content_type = beluga_http_response_header(response, "content-type");
    if (refused) {
        char *room = beluga__arena_alloc(&emit->call->arena, beluga__event_room(&event));
        if (!room)
            return; /* if memory runs out, the body is left out; the error is delivered anyway */
        beluga__event_copy(&copy, &event, room);
        event = copy;
    }
    beluga__emit_event(emit, &event);
}

/* --- the terminal event ----------------------------------------------------------------------- */

static void deliver_error(beluga_emit *emit, beluga__sink *sink)
{
    if (emit->error) {
        beluga__sink_error(sink, emit->error);
        return;
    }
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "no memory for the answer");
    beluga__call_locate(emit->call, &err);
    beluga__sink_error(sink, &err);
}

bool beluga__emit_deliver(beluga_emit *emit)
{
    beluga__sink *sink = emit->sink;
    if (!sink || (!emit->failed && !emit->finished)) return false;
    emit->sink = NULL;
    if (emit->failed) {
        deliver_error(emit, sink);
        return true;
    }
    beluga_event event;
    beluga__event_begin(&event, BELUGA_EVENT_FINISH);
    /* If an answer with tool calls ends naturally, its finish reason is always "tool calls", even
     * if the server named another one. */
    bool natural =
        emit->finish_reason == BELUGA_FINISH_STOP || emit->finish_reason == BELUGA_FINISH_UNKNOWN;
    event.u.finish.reason =
        natural && emit->n_tools ? BELUGA_FINISH_TOOL_CALLS : emit->finish_reason;
    event.u.finish.raw = emit->raw_finish;
    event.u.finish.raw_length = emit->raw_finish ? strlen(emit->raw_finish) : 0;
    sink->event(sink, &event);
    return true;
}
