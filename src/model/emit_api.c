/* The public functions that a provider calls. Each function looks up the emit behind the
 * provider's handle, makes an event from its arguments, and sends the event. */
#include "base/json.h"
#include "base/limits.h"
#include "model/emit_rules.h"
#include "model/handle.h"
#include "schema/event.h"

#include <stdarg.h>
#include <stdio.h>

/* Not inlined, since few providers have threads of their own. */
static __attribute__((noinline)) int send_attached(const beluga_emit *given,
                                                   const beluga_event *event, int status)
{
    beluga_emit *emit = beluga__attached_hold(given);
    if (!emit) return status == BELUGA_ERROR_NOT_SUPPORTED ? BELUGA_ERROR_CONTEXT_CANCELED : status;
    status = beluga__remote_post(emit->remote, event);
    beluga__attached_release(emit);
    return status;
}

/* Not inlined, since built-in providers never need this function. */
static __attribute__((noinline)) int send_by_handle(beluga_emit *given, beluga_event *event)
{
    int status = 0;
    beluga_emit *emit = beluga__handle_resolve(given, &status);
    if (!emit) return send_attached(given, event, status);
    return emit->remote ? beluga__remote_post(emit->remote, event)
                        : beluga__emit_apply(emit, event);
}

int beluga__emit_send(beluga_emit *given, beluga_event *event)
{
    if (beluga__is_handle(given)) return send_by_handle(given, event);
    return given->remote ? beluga__remote_post(given->remote, event)
                         : beluga__emit_apply(given, event);
}

const beluga_call *beluga_emit_call(const beluga_emit *given)
{
    int status;
    const beluga_emit *emit = beluga__emit_find(given, &status);
    if (emit) return emit->call;
    beluga_emit *held = beluga__attached_hold(given);
    const beluga_call *call = held ? held->call : NULL;
    if (held) beluga__attached_release(held);
    return call;
}

const beluga_http_response *beluga_emit_response(const beluga_emit *given)
{
    int status;
    const beluga_emit *emit = beluga__emit_find(given, &status);
    return emit && !emit->full && !emit->remote ? emit->response : NULL;
}

int beluga_emit_text(beluga_emit *emit, const char *text, size_t length)
{
    beluga_event event;
    beluga__event_begin(&event, BELUGA_EVENT_TEXT);
    event.u.text.text = text;
    event.u.text.length = length;
    return beluga__emit_send(emit, &event);
}

int beluga_emit_reasoning(beluga_emit *emit, const char *text, size_t length)
{
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA_EVENT_REASONING,
                                             .u.reasoning = {.text = text, .length = length}});
}

int beluga_emit_reasoning_signature(beluga_emit *emit, const char *signature, size_t length)
{
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA_EVENT_REASONING,
                                             .u.reasoning = {.text = "",
                                                             .signature = length ? signature : NULL,
                                                             .signature_length = length}});
}

int beluga_emit_reasoning_end(beluga_emit *emit)
{
    return beluga__emit_send(emit, &(beluga_event){.kind = BELUGA__EVENT_REASONING_END});
}

int beluga_emit_tool_call_begin(beluga_emit *emit, uint32_t index, const char *id, const char *name)
{
    return beluga__emit_send(emit, &(beluga_event){.kind = BELUGA_EVENT_TOOL_CALL_BEGIN,
                                                   .index = index,
                                                   .u.tool_call = {.id = id, .name = name}});
}

int beluga_emit_tool_call_delta(beluga_emit *emit, uint32_t index, const char *arguments,
                                size_t length)
{
    return beluga__emit_send(
        emit, &(beluga_event){.kind = BELUGA_EVENT_TOOL_CALL_DELTA,
                              .index = index,
                              .u.tool_call = {.arguments = arguments, .length = length}});
}

int beluga_emit_tool_call_end(beluga_emit *emit, uint32_t index)
{
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA_EVENT_TOOL_CALL_END, .index = index});
}

int beluga_emit_tool_call(beluga_emit *emit, uint32_t index, const char *id, const char *name,
                          const char *arguments, size_t length)
{
    int status = beluga_emit_tool_call_begin(emit, index, id, name);
    if (!status) status = beluga_emit_tool_call_delta(emit, index, arguments, length);
    return status ? status : beluga_emit_tool_call_end(emit, index);
}

static int emit_bytes(beluga_emit *emit, uint32_t event_kind, beluga_part_kind kind,
                      const char *media_type, const char *bytes, size_t length)
{
    return beluga__emit_send(
        emit,
        &(beluga_event){
            .kind = event_kind,
            .u.media = {.kind = kind, .media_type = media_type, .bytes = bytes, .length = length}});
}

int beluga_emit_media(beluga_emit *emit, beluga_part_kind kind, const char *media_type,
                      const void *data, size_t length)
{
    return emit_bytes(emit, BELUGA_EVENT_MEDIA, kind, media_type, data, length);
}

int beluga_emit_media_base64(beluga_emit *emit, beluga_part_kind kind, const char *media_type,
                             const char *base64, size_t length)
{
    return emit_bytes(emit, BELUGA__EVENT_MEDIA_BASE64, kind, media_type, base64, length);
}

int beluga_emit_media_url(beluga_emit *emit, beluga_part_kind kind, const char *media_type,
                          const char *url)
{
    return beluga__emit_send(
        emit, &(beluga_event){.kind = BELUGA_EVENT_MEDIA,
                              .u.media = {.kind = kind, .media_type = media_type, .url = url}});
}

int beluga_emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *json,
                      size_t length)
{
    if (!json) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_send(
        emit, &(beluga_event){.kind = BELUGA_EVENT_STATE,
                              .index = index,
                              .u.state = {.of = of, .json = json, .length = length}});
}

int beluga_emit_metadata(beluga_emit *emit, const char *id, const char *model, int64_t created)
{
    beluga_event event;
    beluga__event_begin(&event, BELUGA_EVENT_METADATA);
    memset(&event.u.metadata, 0, sizeof event.u.metadata);
    event.u.metadata.id = id;
    event.u.metadata.model = model;
    event.u.metadata.created = created;
    return beluga__emit_send(emit, &event);
}

int beluga_emit_usage(beluga_emit *emit, const beluga_usage *usage)
{
    if (!usage) return BELUGA_ERROR_INVALID_INPUT;
    beluga_event event;
    beluga__event_begin(&event, BELUGA_EVENT_USAGE);
    event.u.usage = *usage;
    return beluga__emit_send(emit, &event);
}

int beluga_emit_warning(beluga_emit *emit, const char *format, ...)
{
    char text[2 * BELUGA__MAX_WARNING_BYTES] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return beluga_emit_warning_text(emit, text, strlen(text));
}

int beluga_emit_warning_text(beluga_emit *emit, const char *text, size_t length)
{
    if (!text) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_send(emit, &(beluga_event){.kind = BELUGA__EVENT_WARNING,
                                                   .u.text = {.text = text, .length = length}});
}

int beluga_emit_finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw)
{
    beluga_event event;
    beluga__event_begin(&event, BELUGA_EVENT_FINISH);
    event.u.finish.reason = reason;
    event.u.finish.raw = raw;
    event.u.finish.raw_length = raw ? strlen(raw) : 0;
    return beluga__emit_send(emit, &event);
}

int beluga_emit_error(beluga_emit *emit, const beluga_error *error)
{
    return beluga__emit_send(emit, &(beluga_event){.kind = BELUGA_EVENT_ERROR, .u.error = error});
}

int beluga_emit_failure(beluga_emit *emit, int code, const char *provider_code, const char *format,
                        ...)
{
    char text[sizeof((beluga_error *)0)->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return beluga_emit_failure_text(emit, code, provider_code, text, strlen(text));
}

int beluga_emit_failure_text(beluga_emit *emit, int code, const char *provider_code,
                             const char *text, size_t length)
{
    beluga_error err;
    beluga_error_set_text(&err, code, text, length);
    if (provider_code) beluga_error_set_provider_code(&err, provider_code, strlen(provider_code));
    return beluga_emit_error(emit, &err);
}

int beluga_emit_model(beluga_emit *emit, const char *name, size_t length)
{
    return beluga__emit_send(emit, &(beluga_event){.kind = BELUGA__EVENT_MODEL,
                                                   .u.text = {.text = name, .length = length}});
}

int beluga_emit_model_info(beluga_emit *emit, const beluga_model_info *info)
{
    beluga__any_event event = {
        .model = {.kind = BELUGA__EVENT_MODEL, .index = BELUGA__MODEL_WITH_INFO, .info = info}};
    if (!info || !info->name) return BELUGA_ERROR_INVALID_INPUT;
    event.model.name = info->name;
    event.model.length = strlen(info->name);
    return beluga__emit_send(emit, &event.event);
}

int beluga_emit_next_page(beluga_emit *given, const char *token)
{
    int status = 0;
    beluga_emit *emit = beluga__emit_find(given, &status);
    if (!emit) return status;
    unsigned kind = emit->call->kind;
    bool paged =
        kind == BELUGA_CALL_MODELS || kind == BELUGA_CALL_COUNT || kind == BELUGA_CALL_BATCH_LIST;
    if (emit->remote || !paged || !token || !*token) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_keep_page(emit, token);
}

int beluga_emit_next_request(beluga_emit *given, const char *token, int64_t delay_ms)
{
    int status = 0;
    beluga_emit *emit = beluga__emit_find(given, &status);
    if (!emit) return status;
    if (emit->remote || emit->full) return BELUGA_ERROR_NOT_SUPPORTED;
    bool may = beluga__call_is_answer(emit->call) || beluga__call_is_of_jobs(emit->call);
    if (!may || !token || !*token) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_ask(emit, token, delay_ms);
}

int beluga_emit_parse(beluga_emit *given, const char *text, size_t length, const beluga_json **root)
{
    int status = 0;
    beluga_emit *emit = beluga__emit_find(given, &status);
    *root = NULL;
    if (!emit) return status;
    if (emit->remote) return BELUGA_ERROR_NOT_SUPPORTED;
    beluga_error err;
    err.code = 0;
    status = beluga__json_scratch_parse(&emit->call->loop->scratch, text, length, root, &err);
    if (status) {
        beluga_error_set_cause(&err, text, length < 80 ? length : 80);
        beluga__emit_fail(emit, status, &err);
    }
    return status;
}

const char *beluga_emit_json_text(beluga_emit *given, const beluga_json *value, size_t *length)
{
    int status;
    beluga_emit *emit = beluga__emit_find(given, &status);
    if (!emit || emit->remote) return NULL;
    return beluga__json_scratch_text(&emit->call->loop->scratch, value, length);
}

void *beluga_emit_alloc(beluga_emit *given, size_t size)
{
    int status;
    beluga_emit *emit = beluga__emit_find(given, &status);
    /* The arena may be used on the loop's thread only. A worker gets NULL, and must allocate its
     * own memory. */
    return !emit || emit->remote ? NULL : beluga__arena_zalloc(&emit->call->arena, size);
}

/* Find the emit of a full provider that runs on the loop. */
static beluga_emit *look_up_full(beluga_emit *given, int *status)
{
    beluga_emit *emit = beluga__emit_find(given, status);
    if (!emit) return NULL;
    *status = BELUGA_ERROR_NOT_SUPPORTED;
    return emit->full && !emit->remote ? emit : NULL;
}

int beluga_emit_after(beluga_emit *given, int64_t delay_ms, int (*next)(beluga_emit *, void *),
                      void *argument)
{
    int status;
    beluga_emit *emit = look_up_full(given, &status);
    return emit ? beluga__full_after(emit, delay_ms, next, argument) : status;
}

int beluga_emit_run_blocking(beluga_emit *given, int (*work)(beluga_emit *, void *), void *argument,
                             void (*release)(void *))
{
    int status;
    beluga_emit *emit = look_up_full(given, &status);
    return emit ? beluga__full_run_blocking(emit, work, argument, release) : status;
}

int beluga_emit_attach(beluga_emit *given, beluga_emit **attached, void (*wake)(void *),
                       void *argument, void (*release)(void *))
{
    int status;
    beluga_emit *emit = look_up_full(given, &status);
    *attached = NULL;
    return emit ? beluga__full_attach(emit, attached, wake, argument, release) : status;
}

static bool is_over(const beluga_emit *emit)
{
    bool over = emit->remote ? beluga__remote_is_cancelled(emit->remote) : !emit->sink;
    const beluga_context *context = emit->call->context;
    return over || beluga_context_is_cancelled(context) ||
           beluga_context_remaining_ms(context) == 0;
}

bool beluga_emit_is_cancelled(beluga_emit *given)
{
    int status;
    beluga_emit *emit = beluga__emit_find(given, &status);
    if (emit) return is_over(emit);
    emit = beluga__attached_hold(given);
    bool over = !emit || is_over(emit);
    if (emit) beluga__attached_release(emit);
    return over;
}

uint64_t beluga_emit_random(beluga_emit *given)
{
    int status;
    beluga_emit *emit = beluga__emit_find(given, &status);
    return emit ? beluga__draw_random(emit) : 0;
}
