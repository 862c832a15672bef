#include "schema/event_json.h"

#include <string.h>

/* --- writing ---------------------------------------------------------------------------------- */

/* Where nothing is known nothing is written. */
static void put_text(beluga_json_writer *w, const char *key, const char *text, size_t n)
{
    if (text) beluga_json_put_string_n(w, key, text, n);
}

static void put_string(beluga_json_writer *w, const char *key, const char *text)
{
    if (text) beluga_json_put_string(w, key, text);
}

static void put_count(beluga_json_writer *w, const char *key, int64_t value)
{
    if (value >= 0) beluga_json_put_int(w, key, value);
}

static void put_metadata(beluga_json_writer *w, const beluga_event *e)
{
    put_string(w, "id", e->u.metadata.id);
    put_string(w, "model", e->u.metadata.model);
    put_string(w, "provider", e->u.metadata.provider);
    put_string(w, "request_id", e->u.metadata.request_id);
    if (e->u.metadata.created) beluga_json_put_int(w, "created", e->u.metadata.created);
}

static void put_usage(beluga_json_writer *w, const beluga_usage *usage)
{
    put_count(w, "input", usage->input_total);
    put_count(w, "cache_read", usage->input_cache_read);
    put_count(w, "cache_write", usage->input_cache_write);
    put_count(w, "output", usage->output_total);
    put_count(w, "reasoning", usage->output_reasoning);
    put_text(w, "raw", usage->raw, usage->raw_length);
}

static void put_tool_call(beluga_json_writer *w, const beluga_event *e)
{
    put_string(w, "id", e->u.tool_call.id);
    put_string(w, "name", e->u.tool_call.name);
    put_text(w, "arguments", e->u.tool_call.arguments, e->u.tool_call.length);
}

static void put_body(beluga_json_writer *w, const beluga_event *e)
{
    switch (e->kind) {
    case BELUGA_EVENT_METADATA: put_metadata(w, e); break;
    case BELUGA_EVENT_TEXT: put_text(w, "text", e->u.text.text, e->u.text.length); break;
    case BELUGA_EVENT_REASONING:
        put_text(w, "text", e->u.reasoning.text, e->u.reasoning.length);
        put_text(w, "signature", e->u.reasoning.signature, e->u.reasoning.signature_length);
        break;
    case BELUGA_EVENT_USAGE: put_usage(w, &e->u.usage); break;
    case BELUGA_EVENT_FINISH:
        beluga_json_put_int(w, "reason", e->u.finish.reason);
        put_text(w, "raw", e->u.finish.raw, e->u.finish.raw_length);
        break;
    default: put_tool_call(w, e);
    }
}

static bool is_kept(uint32_t kind)
{
    return kind >= BELUGA_EVENT_METADATA && kind <= BELUGA_EVENT_FINISH;
}

bool beluga__event_to_json(beluga_json_writer *w, const beluga_event *event)
{
    if (!is_kept(event->kind)) return false;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "kind", beluga_event_kind_name(event->kind));
    if (event->index) beluga_json_put_int(w, "index", event->index);
    put_body(w, event);
    beluga_json_end_object(w);
    return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void get_body(const beluga_json *o, beluga_event *e)
{
    switch (e->kind) {
    case BELUGA_EVENT_METADATA:
        e->u.metadata.id = beluga_json_get_string(o, "id", NULL);
        e->u.metadata.model = beluga_json_get_string(o, "model", NULL);
        e->u.metadata.provider = beluga_json_get_string(o, "provider", NULL);
        e->u.metadata.request_id = beluga_json_get_string(o, "request_id", NULL);
        e->u.metadata.created = beluga_json_get_int(o, "created", 0);
        break;
    case BELUGA_EVENT_TEXT:
        e->u.text.text = beluga_json_get_string(o, "text", &e->u.text.length);
        break;
    case BELUGA_EVENT_REASONING:
        e->u.reasoning.text = beluga_json_get_string(o, "text", &e->u.reasoning.length);
        e->u.reasoning.signature =
            beluga_json_get_string(o, "signature", &e->u.reasoning.signature_length);
        break;
    case BELUGA_EVENT_USAGE:
        e->u.usage.input_total = beluga_json_get_int(o, "input", -1);
        e->u.usage.input_cache_read = beluga_json_get_int(o, "cache_read", -1);
        e->u.usage.input_cache_write = beluga_json_get_int(o, "cache_write", -1);
        e->u.usage.output_total = beluga_json_get_int(o, "output", -1);
        e->u.usage.output_reasoning = beluga_json_get_int(o, "reasoning", -1);
        e->u.usage.raw = beluga_json_get_string(o, "raw", &e->u.usage.raw_length);
        break;
    case BELUGA_EVENT_FINISH:
        e->u.finish.reason = (uint32_t)beluga_json_get_int(o, "reason", BELUGA_FINISH_UNKNOWN);
        e->u.finish.raw = beluga_json_get_string(o, "raw", &e->u.finish.raw_length);
        break;
    default:
        e->u.tool_call.id = beluga_json_get_string(o, "id", NULL);
        e->u.tool_call.name = beluga_json_get_string(o, "name", NULL);
        e->u.tool_call.arguments = beluga_json_get_string(o, "arguments", &e->u.tool_call.length);
    }
}

/* What every event of its kind has; the text may come from a store that is not ours. */
static bool has_all(const beluga_event *e)
{
    switch (e->kind) {
    case BELUGA_EVENT_TEXT: return e->u.text.text;
    case BELUGA_EVENT_REASONING: return e->u.reasoning.text || e->u.reasoning.signature;
    case BELUGA_EVENT_TOOL_CALL_BEGIN: return e->u.tool_call.id && e->u.tool_call.name;
    case BELUGA_EVENT_TOOL_CALL_DELTA: return e->u.tool_call.arguments;
    case BELUGA_EVENT_TOOL_CALL_END:
        return e->u.tool_call.id && e->u.tool_call.name && e->u.tool_call.arguments;
    }
    return true;
}

bool beluga__event_from_json(const beluga_json *object, beluga_event *event)
{
    const char *kind = beluga_json_get_string(object, "kind", NULL);
    *event = (beluga_event){.kind = 0};
    for (uint32_t k = BELUGA_EVENT_METADATA; kind && k <= BELUGA_EVENT_FINISH; k++)
        if (strcmp(beluga_event_kind_name(k), kind) == 0) event->kind = k;
    if (!is_kept(event->kind)) return false;
    event->index = (uint32_t)beluga_json_get_int(object, "index", 0);
    get_body(object, event);
    return has_all(event);
}
