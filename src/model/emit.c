#include "model/emit.h"

#include "base/hint.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/handle.h"
#include "schema/event.h"

#include <stdarg.h>
#include <stdio.h>

void beluga__emit_init(beluga_emit *emit, beluga_call *call, beluga__sink *sink)
{
    memset(emit, 0, sizeof *emit);
    emit->call = call;
    emit->name = emit;
    emit->sink = sink;
    emit->last_tool = &emit->tools;
}

void beluga__emit_free(beluga_emit *emit)
{
    for (beluga__tool_slot *tool = emit->tools; tool; tool = tool->next)
        beluga__buf_free(&tool->arguments);
    emit->tools = NULL;
    beluga__handle_free(emit->name);
    emit->name = emit;
}

int beluga__emit_rename(beluga_emit *emit)
{
    if (emit->call->target->builtin) return 0;
    emit->name = beluga__handle_new(emit);
    return emit->name ? 0 : BELUGA_ERROR_NO_MEMORY;
}

void beluga__emit_fail(beluga_emit *emit, int code, const beluga_error *err)
{
    if (emit->failed) return;
    emit->failed = true;
    if (!emit->error) emit->error = beluga__arena_alloc(&emit->call->arena, sizeof *emit->error);
    if (!emit->error) return; /* deliver says no_memory */
    if (err && err->code)
        *emit->error = *err;
    else
        beluga_error_set(emit->error, code, "%s", beluga_error_text(code));
    beluga__call_locate(emit->call, emit->error);
    if (emit->request_id && !*emit->error->request_id)
        beluga__error_name(emit->error, request_id, emit->request_id);
}

static int broken_rule(beluga_emit *emit, beluga__rule rule, int code, const char *message)
{
    beluga_error err;
    beluga_error_set(&err, code, "%s", message);
    beluga__hint_set_rule(&err, rule);
    beluga__emit_fail(emit, code, &err);
    return code;
}

static int broken(beluga_emit *emit, int code, const char *message)
{
    return broken_rule(emit, BELUGA__RULE_NONE, code, message);
}

void beluga__emit_misused(beluga_emit *emit)
{
    broken_rule(emit, BELUGA__RULE_OWN_TURN, BELUGA_ERROR_INVALID_RESPONSE,
                "the provider emitted from another thread, or when it was not its turn");
}

void beluga__emit_check_turns(beluga_emit *emit)
{
    if (beluga__handle_is_misused(emit->name)) beluga__emit_misused(emit);
}

static int no_memory(beluga_emit *emit)
{
    return broken(emit, BELUGA_ERROR_NO_MEMORY, "no memory for the answer");
}

/* Whether an event may be emitted now. */
static int check(beluga_emit *emit)
{
    if (!emit->sink) return BELUGA_ERROR_CONTEXT_CANCELED;
    if (emit->failed) return emit->error ? emit->error->code : BELUGA_ERROR_NO_MEMORY;
    return 0;
}

static int check_content(beluga_emit *emit)
{
    int status = check(emit);
    /* Behind HTTP a finish reason is not the end of a stream: see model/proof.h. */
    if (status || !emit->finished || !emit->full) return status;
    return broken_rule(emit, BELUGA__RULE_ONE_END, BELUGA_ERROR_INVALID_RESPONSE,
                       "the provider went on after its finish");
}

static int check_text(beluga_emit *emit, const char *text, size_t length)
{
    int status = check_content(emit);
    if (status || beluga__utf8_valid(text, length) == length) return status;
    return broken_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                       "the answer is not valid UTF-8");
}

/* Hand an event over. A callback may have cancelled the call: then the sink is gone. */
static int send(beluga_emit *emit, const beluga_event *event)
{
    emit->sink->event(emit->sink, event);
    return emit->sink ? 0 : BELUGA_ERROR_CONTEXT_CANCELED;
}

static int emit_text(beluga_emit *emit, beluga_event *event)
{
    int status = check_text(emit, event->u.text.text, event->u.text.length);
    if (status || !event->u.text.length) return status;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return send(emit, event);
}

static int emit_reasoning(beluga_emit *emit, beluga_event *event)
{
    int status = check_text(emit, event->u.reasoning.text, event->u.reasoning.length);
    if (!status)
        status =
            check_text(emit, event->u.reasoning.signature, event->u.reasoning.signature_length);
    if (status || event->u.reasoning.length + event->u.reasoning.signature_length == 0)
        return status;
    if (!event->u.reasoning.text) event->u.reasoning.text = "";
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    event->index = emit->reasoning_block;
    return send(emit, event);
}

static int end_reasoning(beluga_emit *emit, beluga_event *event)
{
    (void)event;
    emit->reasoning_block++;
    return check(emit);
}

static beluga__tool_slot *find_tool(beluga_emit *emit, uint32_t index)
{
    for (beluga__tool_slot *tool = emit->tools; tool; tool = tool->next)
        if (tool->index == index && tool->open) return tool;
    return NULL;
}

static int send_tool(beluga_emit *emit, const beluga__tool_slot *tool, beluga_event *event)
{
    event->u.tool_call.id = tool->id;
    event->u.tool_call.name = tool->name;
    return send(emit, event);
}

static const char *made_up_id(beluga_emit *emit)
{
    char id[32];
    int n = snprintf(id, sizeof id, "call_%016llx", (unsigned long long)beluga_emit_random(emit));
    return beluga__arena_copy(&emit->call->arena, id, (size_t)n);
}

static const char *keep(beluga_emit *emit, const char *text)
{
    return beluga__arena_copy(&emit->call->arena, text, strlen(text));
}

static bool printable_utf8(const char *text)
{
    size_t n = text ? strlen(text) : 0;
    return beluga__utf8_valid(text, n) == n;
}

/* Results are told apart by the ids of their calls. */
static bool is_used(const beluga_emit *emit, const char *id)
{
    for (const beluga__tool_slot *tool = emit->tools; tool; tool = tool->next)
        if (strcmp(tool->id, id) == 0) return true;
    return false;
}

static int add_tool(beluga_emit *emit, beluga_event *event)
{
    const char *id = event->u.tool_call.id, *name = event->u.tool_call.name;
    if (!name || !*name)
        return broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE, "a tool call has no name");
    if (emit->n_tools++ >= BELUGA__MAX_TOOL_CALLS)
        return broken(emit, BELUGA_ERROR_LIMIT_EXCEEDED, "more than 1024 tool calls in one answer");
    beluga__tool_slot *tool = beluga__arena_zalloc(&emit->call->arena, sizeof *tool);
    if (!tool) return no_memory(emit);
    tool->index = event->index;
    tool->id = id && *id && !is_used(emit, id) ? keep(emit, id) : made_up_id(emit);
    tool->name = keep(emit, name);
    if (!tool->id || !tool->name) return no_memory(emit);
    beluga__buf_init(&tool->arguments, emit->call->arena.allocator, BELUGA__MAX_FRAME_BYTES);
    tool->open = true;
    *emit->last_tool = tool;
    emit->last_tool = &tool->next;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return send_tool(emit, tool, event);
}

static int emit_tool_begin(beluga_emit *emit, beluga_event *event)
{
    const char *id = event->u.tool_call.id;
    int status = check_content(emit);
    if (status) return status;
    if (!printable_utf8(id) || !printable_utf8(event->u.tool_call.name))
        return broken_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                           "a tool call is not valid UTF-8");
    const beluga__tool_slot *tool = find_tool(emit, event->index);
    if (!tool) return add_tool(emit, event);
    if (!id || !*id || strcmp(tool->id, id) == 0) return 0;
    return broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE, "two tool calls share an index");
}

static int emit_tool_delta(beluga_emit *emit, beluga_event *event)
{
    const char *text = event->u.tool_call.arguments;
    size_t length = event->u.tool_call.length;
    int status = check_text(emit, text, length);
    if (status || !length) return status;
    beluga__tool_slot *tool = find_tool(emit, event->index);
    if (!tool)
        return broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE,
                      "arguments of a tool call that never began");
    status = beluga__buf_append(&tool->arguments, text, length);
    if (status) return broken(emit, status, "the arguments of a tool call can't be kept");
    return send_tool(emit, tool, event);
}

static int end_tool(beluga_emit *emit, beluga__tool_slot *tool)
{
    tool->open = false;
    beluga_event event = {.kind = BELUGA_EVENT_TOOL_CALL_END, .index = tool->index};
    bool none = tool->arguments.length == 0;
    event.u.tool_call.arguments = none ? "{}" : tool->arguments.data;
    event.u.tool_call.length = none ? 2 : tool->arguments.length;
    int status = send_tool(emit, tool, &event);
    if (!status) beluga__buf_free(&tool->arguments);
    return status;
}

static int emit_tool_end(beluga_emit *emit, beluga_event *event)
{
    int status = check_content(emit);
    beluga__tool_slot *tool = status ? NULL : find_tool(emit, event->index);
    return tool ? end_tool(emit, tool) : status;
}

static int check_media(beluga_emit *emit, const beluga_event *event)
{
    uint32_t kind = event->u.media.kind;
    int status = check_content(emit);
    bool known = kind == BELUGA_PART_IMAGE || kind == BELUGA_PART_AUDIO || kind == BELUGA_PART_FILE;
    if (status) return status;
    if (!known || (!event->u.media.bytes && !event->u.media.url)) return BELUGA_ERROR_INVALID_INPUT;
    size_t length = event->u.media.url ? strlen(event->u.media.url) : event->u.media.length;
    if (length > BELUGA__MAX_PART_BYTES)
        return broken(emit, BELUGA_ERROR_LIMIT_EXCEEDED, "the answer's media is too large");
    if (printable_utf8(event->u.media.media_type) && printable_utf8(event->u.media.url)) return 0;
    return broken_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                       "the answer's media is not valid UTF-8");
}

static int send_media(beluga_emit *emit, beluga_event *event)
{
    const char *type = event->u.media.media_type;
    if (type && !*type) event->u.media.media_type = NULL;
    event->kind = BELUGA_EVENT_MEDIA;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return send(emit, event);
}

static int send_base64(beluga_emit *emit, beluga_event *event)
{
    beluga__buf bytes;
    beluga__buf_init(&bytes, emit->call->arena.allocator, BELUGA__MAX_PART_BYTES);
    int status = beluga__base64_decode(&bytes, event->u.media.bytes, event->u.media.length);
    event->u.media.bytes = bytes.data;
    event->u.media.length = bytes.length;
    if (status == BELUGA_ERROR_INVALID_INPUT)
        status = broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE, "the answer's media is not base64");
    else if (status)
        status = broken(emit, status, "the answer's media can't be kept");
    else
        status = send_media(emit, event);
    beluga__buf_free(&bytes);
    return status;
}

static int emit_media(beluga_emit *emit, beluga_event *event)
{
    int status = check_media(emit, event);
    if (status) return status;
    return event->kind == BELUGA__EVENT_MEDIA_BASE64 ? send_base64(emit, event)
                                                     : send_media(emit, event);
}

/* Also of a call that has ended; the newest of that index. */
static const beluga__tool_slot *find_begun(const beluga_emit *emit, uint32_t index)
{
    const beluga__tool_slot *found = NULL;
    for (const beluga__tool_slot *tool = emit->tools; tool; tool = tool->next)
        if (tool->index == index) found = tool;
    return found;
}

static int check_state(beluga_emit *emit, const beluga_event *event)
{
    uint32_t of = event->u.state.of;
    beluga_json_doc *doc = NULL;
    int status = check_text(emit, event->u.state.json, event->u.state.length);
    if (status) return status;
    if (of != BELUGA_PART_TEXT && of != BELUGA_PART_REASONING && of != BELUGA_PART_TOOL_CALL &&
        of != BELUGA_PART_STATE)
        return BELUGA_ERROR_INVALID_INPUT;
    if (of == BELUGA_PART_TOOL_CALL && !find_begun(emit, event->index))
        return broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE, "state of a call that never began");
    status = beluga_json_parse(event->u.state.json, event->u.state.length, &doc, NULL);
    beluga_json_doc_free(doc);
    if (status == BELUGA_ERROR_NO_MEMORY) return no_memory(emit);
    return status ? broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE, "state that is not JSON") : 0;
}

static int emit_state(beluga_emit *emit, beluga_event *event)
{
    int status = check_state(emit, event);
    if (status) return status;
    if (event->u.state.of == BELUGA_PART_REASONING) event->index = emit->reasoning_block;
    event->u.state.provider = emit->call->target->provider->name;
    emit->brought |= BELUGA__BROUGHT_OTHER; /* nobody reads it: it is no answer */
    return send(emit, event);
}

int beluga__emit_head(beluga_emit *emit)
{
    beluga_event event = {.kind = BELUGA_EVENT_METADATA};
    event.u.metadata.id = emit->id;
    bool known = emit->model || !emit->call->stands_in;
    event.u.metadata.model = known ? emit->model : emit->call->model_name;
    event.u.metadata.provider = emit->call->target->provider->name;
    event.u.metadata.request_id = emit->request_id;
    event.u.metadata.created = emit->created;
    event.u.metadata.rate_limits = emit->rate_limits;
    return send(emit, &event);
}

static int emit_metadata(beluga_emit *emit, beluga_event *event)
{
    const char *id = event->u.metadata.id, *model = event->u.metadata.model;
    int64_t created = event->u.metadata.created;
    int status = check(emit);
    if (status) return status;
    bool new_id = !emit->id && id && *id, new_model = !emit->model && model && *model;
    bool new_time = !emit->created && created > 0;
    if (!new_id && !new_model && !new_time) return 0;
    if (!printable_utf8(id) || !printable_utf8(model))
        return broken_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                           "metadata is not valid UTF-8");
    if (new_id && !(emit->id = keep(emit, id))) return no_memory(emit);
    if (new_model && !(emit->model = keep(emit, model))) return no_memory(emit);
    if (new_time) emit->created = created;
    emit->brought |= BELUGA__BROUGHT_OTHER;
    return beluga__emit_head(emit);
}

/* Providers read numbers that anybody may have written: less than none is unknown, and so is what
 * would not add up with others. */
static void clean_count(int64_t *count)
{
    if (*count < 0 || *count > BELUGA__MAX_TOKENS) *count = -1;
}

static bool counts_nothing(const beluga_usage *usage)
{
    return usage->input_total <= 0 && usage->output_total <= 0 && usage->input_cache_read <= 0 &&
           usage->input_cache_write <= 0 && usage->output_reasoning <= 0;
}

static int emit_usage(beluga_emit *emit, beluga_event *event)
{
    int status = check(emit);
    if (status) return status;
    bool empty = counts_nothing(&event->u.usage);
    emit->brought |= BELUGA__BROUGHT_OTHER;
    if (empty && emit->has_usage) return 0; /* a placeholder is not the last word */
    emit->has_usage = !empty;
    clean_count(&event->u.usage.input_total);
    clean_count(&event->u.usage.input_cache_read);
    clean_count(&event->u.usage.input_cache_write);
    clean_count(&event->u.usage.output_total);
    clean_count(&event->u.usage.output_reasoning);
    return send(emit, event);
}

static int emit_warning(beluga_emit *emit, beluga_event *event)
{
    int status = check(emit);
    if (status) return status;
    char line[BELUGA__MAX_WARNING_BYTES];
    beluga__line(line, sizeof line, event->u.text.text, event->u.text.length, BELUGA__BREAKS_BLANK);
    const char *warning = beluga__arena_copy(&emit->call->arena, line, strlen(line));
    if (!warning) return no_memory(emit);
    beluga__emit_start(emit, &warning, 1);
    return check(emit);
}

/* Some servers say it in every chunk: it is kept once. */
static int keep_word(beluga_emit *emit, const char *raw, size_t n)
{
    const char *kept = emit->raw_finish;
    if (beluga__utf8_valid(raw, n) != n) n = 0;
    if (!n && emit->call->list_models) return 0; /* it is the next page's name */
    if (n && kept && strlen(kept) == n && memcmp(kept, raw, n) == 0) return 0;
    emit->raw_finish = n ? beluga__arena_copy(&emit->call->arena, raw, n) : NULL;
    return n && !emit->raw_finish ? no_memory(emit) : 0;
}

/* A filter's answer is empty by its nature, and says so. */
static bool is_nothing(const beluga_emit *emit)
{
    return !((emit->seen | emit->brought) & BELUGA__BROUGHT_CONTENT) &&
           emit->finish_reason != BELUGA_FINISH_CONTENT_FILTER && !emit->call->list_models;
}

void beluga__emit_complete(beluga_emit *emit)
{
    static const char *const nothing =
        "the answer is empty: the model ended without text, reasoning or a tool call";
    if (!emit->sink || emit->failed || !emit->finished) return;
    int status = 0;
    for (beluga__tool_slot *tool = emit->tools; tool && !status; tool = tool->next)
        if (tool->open) status = end_tool(emit, tool);
    if (!status && is_nothing(emit)) beluga__emit_start(emit, &nothing, 1);
}

/* It is delivered by beluga__emit_deliver; behind HTTP the last reason holds. */
static int emit_finish(beluga_emit *emit, beluga_event *event)
{
    int status = check(emit);
    if (status || (emit->finished && emit->full)) return status;
    emit->finish_reason = event->u.finish.reason;
    emit->finished = true;
    emit->brought |= BELUGA__BROUGHT_REASON;
    return keep_word(emit, event->u.finish.raw, event->u.finish.raw_length);
}

/* Likewise. */
static int emit_error(beluga_emit *emit, beluga_event *event)
{
    const beluga_error *error = event->u.error;
    int status = check(emit);
    if (status) return status;
    if (!error || error->code >= 0)
        return broken_rule(emit, BELUGA__RULE_ERROR_CODE, BELUGA_ERROR_INTERNAL,
                           "the provider failed without a code");
    beluga__emit_fail(emit, error->code, error);
    return error->code;
}

/* A list of models travels as texts, one a name, each of them one line: it goes through the same
 * path as an answer. */
static int emit_model(beluga_emit *emit, beluga_event *event)
{
    if (!emit->call->list_models) return BELUGA_ERROR_INVALID_INPUT;
    char line[BELUGA__MAX_LISTED_BYTES];
    event->kind = BELUGA_EVENT_TEXT;
    if (!beluga__is_line(event->u.text.text, event->u.text.length)) {
        beluga__line(line, sizeof line, event->u.text.text, event->u.text.length,
                     BELUGA__BREAKS_ESCAPED);
        event->u.text.text = line;
        event->u.text.length = strlen(line);
    }
    return event->u.text.length ? emit_text(emit, event) : check(emit);
}

static int emit_attribute(beluga_emit *emit, beluga_event *event)
{
    beluga__span_apply(emit->call, event);
    return check(emit);
}

static int emit_measurement(beluga_emit *emit, beluga_event *event)
{
    beluga__measure_apply(emit->call, event);
    return check(emit);
}

/* The rules that an event of each kind keeps. What is not listed is not a provider's to say. */
static int (*const rules[BELUGA__EVENT_KINDS])(beluga_emit *emit, beluga_event *event) = {
    [BELUGA_EVENT_METADATA] = emit_metadata,
    [BELUGA_EVENT_REASONING] = emit_reasoning,
    [BELUGA_EVENT_TOOL_CALL_BEGIN] = emit_tool_begin,
    [BELUGA_EVENT_TOOL_CALL_DELTA] = emit_tool_delta,
    [BELUGA_EVENT_TOOL_CALL_END] = emit_tool_end,
    [BELUGA_EVENT_USAGE] = emit_usage,
    [BELUGA_EVENT_FINISH] = emit_finish,
    [BELUGA_EVENT_ERROR] = emit_error,
    [BELUGA_EVENT_MEDIA] = emit_media,
    [BELUGA_EVENT_STATE] = emit_state,
    [BELUGA__EVENT_WARNING] = emit_warning,
    [BELUGA__EVENT_MODEL] = emit_model,
    [BELUGA__EVENT_REASONING_END] = end_reasoning,
    [BELUGA__EVENT_MEDIA_BASE64] = emit_media,
    [BELUGA__EVENT_ATTRIBUTE] = emit_attribute,
    [BELUGA__EVENT_STRING_ATTRIBUTE] = emit_attribute,
    [BELUGA__EVENT_MEASUREMENT] = emit_measurement,
};

static inline int apply(beluga_emit *emit, beluga_event *event)
{
    if (event->kind == BELUGA_EVENT_TEXT) return emit_text(emit, event); /* nearly always */
    bool known = event->kind < BELUGA__EVENT_KINDS && rules[event->kind];
    return known ? rules[event->kind](emit, event) : BELUGA_ERROR_INVALID_INPUT;
}

int beluga__emit_apply(beluga_emit *emit, beluga_event *event)
{
    return apply(emit, event);
}

void beluga__emit_start(beluga_emit *emit, const char *const *warnings, size_t n)
{
    if (!n || !emit->sink) return;
    beluga_event event = {.kind = BELUGA_EVENT_START};
    event.u.start.warnings = warnings;
    event.u.start.count = n;
    send(emit, &event);
}

void beluga__emit_raw(beluga_emit *emit, const char *bytes, size_t n)
{
    if (!emit->sink || !beluga__settings_int(emit->call->settings, BELUGA_OPTION_RAW_EVENTS, 0))
        return;
    beluga_event event = {.kind = BELUGA_EVENT_RAW};
    event.u.raw.bytes = bytes;
    event.u.raw.length = n;
    send(emit, &event);
}

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

/* Who calls tools wants them to be run, whatever word a server has for a natural end. */
static uint32_t reason_of(const beluga_emit *emit)
{
    bool natural =
        emit->finish_reason == BELUGA_FINISH_STOP || emit->finish_reason == BELUGA_FINISH_UNKNOWN;
    return natural && emit->n_tools ? BELUGA_FINISH_TOOL_CALLS : emit->finish_reason;
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
    beluga_event event = {.kind = BELUGA_EVENT_FINISH};
    event.u.finish.reason = reason_of(emit);
    event.u.finish.raw = emit->raw_finish;
    event.u.finish.raw_length = emit->raw_finish ? strlen(emit->raw_finish) : 0;
    sink->event(sink, &event);
    return true;
}

/* --- the public functions ---
 * Each begins by looking up what it was given. */

static beluga_emit *look_up(const beluga_emit *given, int *status)
{
    return beluga__is_handle(given) ? beluga__handle_resolve(given, status)
                                    : (beluga_emit *)(uintptr_t)given;
}

int beluga__emit_send(beluga_emit *given, beluga_event *event)
{
    int status = 0;
    beluga_emit *emit = look_up(given, &status);
    if (!emit) return status;
    return emit->remote ? beluga__remote_post(emit->remote, event) : apply(emit, event);
}

const beluga_call *beluga_emit_call(const beluga_emit *given)
{
    int status;
    const beluga_emit *emit = look_up(given, &status);
    return emit ? emit->call : NULL;
}

int beluga_emit_text(beluga_emit *emit, const char *text, size_t length)
{
    beluga_event
        event; /* no initializer: most events are texts, and zeroing 128 bytes is not free */
    event.kind = BELUGA_EVENT_TEXT;
    event.index = 0;
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
    return beluga__emit_send(
        emit, &(beluga_event){.kind = BELUGA_EVENT_METADATA,
                              .u.metadata = {.id = id, .model = model, .created = created}});
}

int beluga_emit_usage(beluga_emit *emit, const beluga_usage *usage)
{
    if (!usage) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_send(emit, &(beluga_event){.kind = BELUGA_EVENT_USAGE, .u.usage = *usage});
}

int beluga_emit_warning(beluga_emit *emit, const char *format, ...)
{
    char text[2 * BELUGA__MAX_WARNING_BYTES] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA__EVENT_WARNING,
                                             .u.text = {.text = text, .length = strlen(text)}});
}

int beluga_emit_finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw)
{
    return beluga__emit_send(
        emit, &(beluga_event){
                  .kind = BELUGA_EVENT_FINISH,
                  .u.finish = {.reason = reason, .raw = raw, .raw_length = raw ? strlen(raw) : 0}});
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
    beluga_error err;
    beluga_error_set(&err, code, "%s", text);
    if (provider_code) beluga_error_set_provider_code(&err, provider_code, strlen(provider_code));
    return beluga_emit_error(emit, &err);
}

int beluga_emit_model(beluga_emit *emit, const char *name, size_t length)
{
    return beluga__emit_send(emit, &(beluga_event){.kind = BELUGA__EVENT_MODEL,
                                                   .u.text = {.text = name, .length = length}});
}

/* The finish of a list of models needs no word: it carries what asks for the rest of the list. */
int beluga_emit_next_page(beluga_emit *given, const char *token)
{
    int status = 0;
    beluga_emit *emit = look_up(given, &status);
    if (!emit) return status;
    if (emit->remote || !emit->call->list_models || !token || !*token)
        return BELUGA_ERROR_INVALID_INPUT;
    status = check_text(emit, token, strlen(token));
    if (status) return status;
    emit->raw_finish = keep(emit, token);
    return emit->raw_finish ? 0 : no_memory(emit);
}

int beluga_emit_parse(beluga_emit *given, const char *text, size_t length, const beluga_json **root)
{
    int status = 0;
    beluga_emit *emit = look_up(given, &status);
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
    beluga_emit *emit = look_up(given, &status);
    if (!emit || emit->remote) return NULL;
    return beluga__json_scratch_text(&emit->call->loop->scratch, value, length);
}

void *beluga_emit_alloc(beluga_emit *given, size_t size)
{
    int status;
    beluga_emit *emit = look_up(given, &status);
    /* The arena is the loop's: a worker has memory of its own. */
    return !emit || emit->remote ? NULL : beluga__arena_zalloc(&emit->call->arena, size);
}

/* The emit of a full provider, on the loop. */
static beluga_emit *look_up_full(beluga_emit *given, int *status)
{
    beluga_emit *emit = look_up(given, status);
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

bool beluga_emit_is_cancelled(beluga_emit *given)
{
    int status;
    beluga_emit *emit = look_up(given, &status);
    if (!emit) return true;
    bool over = emit->remote ? beluga__remote_is_cancelled(emit->remote) : !emit->sink;
    const beluga_context *context = emit->call->context;
    return over || beluga_context_is_cancelled(context) ||
           beluga_context_remaining_ms(context) == 0;
}

uint64_t beluga_emit_random(beluga_emit *given)
{
    int status;
    beluga_emit *emit = look_up(given, &status);
    if (!emit) return 0;
    return emit->random ? beluga__random_next(&emit->random)
                        : beluga__loop_random(emit->call->loop);
}
