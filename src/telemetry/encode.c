#include "telemetry/encode.h"

#include "base/mem.h"

#include <beluga/version.h>

#include <errno.h>
#include <stdio.h>

enum {
    KIND_INTERNAL = 1,
    KIND_CLIENT = 3,
    STATUS_ERROR = 2,
    FLAG_KNOWN = 0x100,
    FLAG_REMOTE = 0x200
};

#define NEW BELUGA__NEW

/* --- attributes ------------------------------------------------------------------------------- */

/* Append an attribute. Returns its value, which the caller fills in, or NULL if out of memory. */
static Otlp__AnyValue *put(beluga__key_values *list, const char *key)
{
    enum { FIRST = 8 };
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : FIRST;
        Otlp__KeyValue **items = beluga__arena_alloc(list->arena, capacity * sizeof *items);
        if (!items) {
            list->failed = true;
            return NULL;
        }
        if (list->count) memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    Otlp__KeyValue *pair = NEW(list->arena, Otlp__KeyValue, OTLP__KEY_VALUE__INIT);
    Otlp__AnyValue *value = NEW(list->arena, Otlp__AnyValue, OTLP__ANY_VALUE__INIT);
    if (!pair || !value) {
        list->failed = true;
        return NULL;
    }
    pair->key = (char *)key;
    pair->value = value;
    list->items[list->count++] = pair;
    return value;
}

void beluga__put_text(beluga__key_values *list, const char *key, const char *text)
{
    Otlp__AnyValue *value = put(list, key);
    if (!value) return;
    value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
    value->string_value = (char *)text;
}

void beluga__put_int(beluga__key_values *list, const char *key, int64_t number)
{
    Otlp__AnyValue *value = put(list, key);
    if (!value) return;
    value->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
    value->int_value = number;
}

void beluga__put_bool(beluga__key_values *list, const char *key, bool truth)
{
    Otlp__AnyValue *value = put(list, key);
    if (!value) return;
    value->value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
    value->bool_value = truth;
}

static void put_double(beluga__key_values *list, const char *key, double number)
{
    Otlp__AnyValue *value = put(list, key);
    if (!value) return;
    value->value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;
    value->double_value = number;
}

static void put_texts(beluga__key_values *list, const char *key, const char *texts, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) n += !texts[i];
    Otlp__AnyValue *value = put(list, key);
    Otlp__ArrayValue *array = NEW(list->arena, Otlp__ArrayValue, OTLP__ARRAY_VALUE__INIT);
    Otlp__AnyValue **items = beluga__arena_alloc(list->arena, n * sizeof *items);
    if (!value || !array || !items) {
        list->failed = true;
        return;
    }
    value->value_case = OTLP__ANY_VALUE__VALUE_ARRAY_VALUE;
    value->array_value = array;
    array->values = items;
    for (; array->n_values < n; texts += strlen(texts) + 1) {
        Otlp__AnyValue *item = NEW(list->arena, Otlp__AnyValue, OTLP__ANY_VALUE__INIT);
        if (!item) {
            list->failed = true;
            return;
        }
        item->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
        item->string_value = (char *)texts;
        items[array->n_values++] = item;
    }
}

static void put_recorded(beluga__key_values *list, const beluga__attributes *attributes)
{
    for (const beluga__attribute *a = attributes->first; a; a = a->next) switch (a->type) {
        case BELUGA_ATTRIBUTE_STRING: beluga__put_text(list, a->name, a->value.string); break;
        case BELUGA_ATTRIBUTE_INT: beluga__put_int(list, a->name, a->value.integer); break;
        case BELUGA_ATTRIBUTE_DOUBLE: put_double(list, a->name, a->value.number); break;
        case BELUGA_ATTRIBUTE_BOOL: beluga__put_bool(list, a->name, a->value.boolean); break;
        case BELUGA__ATTRIBUTE_TEXTS: put_texts(list, a->name, a->value.string, a->length); break;
        }
}

/* --- the resource ----------------------------------------------------------------------------- */

static bool has_key(const beluga__key_values *list, const char *key)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i]->key, key) == 0) return true;
    return false;
}

/* Add a pair, unless the list already has this name. OTEL_SERVICE_NAME was added earlier, so it
 * wins. */
static bool put_pair(void *payload, const char *name, const char *value)
{
    beluga__key_values *list = payload;
    if (!has_key(list, name)) beluga__put_text(list, name, value);
    return !list->failed;
}

static const char *fallback_name(beluga__arena *arena)
{
    char name[128];
    int n = snprintf(name, sizeof name, "unknown_service:%s", program_invocation_short_name);
    return beluga__arena_copy(arena, name, n < (int)sizeof name ? (size_t)n : sizeof name - 1);
}

Otlp__Resource *beluga__encode_resource(beluga_telemetry *t, beluga__arena *arena)
{
    const beluga__telemetry_setup *s = &t->settings;
    beluga__key_values list = {.arena = arena};
    Otlp__Resource *resource = NEW(arena, Otlp__Resource, OTLP__RESOURCE__INIT);
    if (s->service_name) beluga__put_text(&list, "service.name", s->service_name);
    beluga__key_values with = list;
    /* a list that can't be decoded is ignored completely */
    if (s->resource && beluga__pairs_read(arena, s->resource, put_pair, &with)) list = with;
    if (!has_key(&list, "service.name"))
        beluga__put_text(&list, "service.name", fallback_name(arena));
    if (!has_key(&list, "service.instance.id"))
        beluga__put_text(&list, "service.instance.id", t->instance);
    beluga__put_text(&list, "telemetry.sdk.name", "beluga");
    beluga__put_text(&list, "telemetry.sdk.language", "c");
    beluga__put_text(&list, "telemetry.sdk.version", BELUGA_VERSION_STRING);
    if (!resource || list.failed) return NULL;
    resource->attributes = list.items;
    resource->n_attributes = list.count;
    return resource;
}

/* --- spans ------------------------------------------------------------------------------------ */

static void put_big_endian(uint8_t *to, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8) to[i] = (uint8_t)value;
}

static ProtobufCBinaryData id_bytes(beluga__arena *arena, const uint64_t *words, size_t n)
{
    uint8_t *bytes = beluga__arena_alloc(arena, 8 * n);
    if (!bytes) return (ProtobufCBinaryData){0, NULL};
    for (size_t i = 0; i < n; i++) put_big_endian(bytes + 8 * i, words[i]);
    return (ProtobufCBinaryData){8 * n, bytes};
}

static char *joined(beluga__arena *arena, const char *a, const char *b)
{
    size_t n = strlen(a), m = b ? strlen(b) : 0;
    char *text = beluga__arena_alloc(arena, n + m + 2);
    if (!text) return NULL;
    snprintf(text, n + m + 2, "%s%s%s", a, m ? " " : "", m ? b : "");
    return text;
}

static const char *method_of(const beluga__span *span)
{
    const char *name = beluga__name_of(BELUGA__NAME_HTTP_METHOD, span->telemetry->settings.latest);
    const beluga__attribute *first = span->attributes.first;
    return first && first->name == name ? first->value.string : "POST";
}

static char *name_of(beluga__arena *arena, const beluga__span *span)
{
    const beluga__subject *s = span->subject;
    switch (span->kind) {
    case BELUGA_SPAN_ATTEMPT: return joined(arena, s->host ? method_of(span) : "attempt", NULL);
    case BELUGA_SPAN_TOOL_LOOP: return joined(arena, s->operation, NULL);
    default: return joined(arena, s->operation, s->model);
    }
}

/* Add the attributes of the subject, which come before all others. */
static void put_subject(beluga__key_values *list, const beluga__span *span)
{
    const beluga__subject *s = span->subject;
    bool latest = span->telemetry->settings.latest, call = s->about == 'c';
    if (span->kind != BELUGA_SPAN_ATTEMPT)
        beluga__put_text(list, beluga__name_of(BELUGA__NAME_OPERATION, latest), s->operation);
    beluga__put_text(list, beluga__name_of(BELUGA__NAME_PROVIDER, latest), s->shown_provider);
    if (s->model)
        beluga__put_text(
            list,
            beluga__name_of(s->about == 't' ? BELUGA__NAME_TOOL_NAME : BELUGA__NAME_REQUEST_MODEL,
                            latest),
            s->model);
    if (!s->host || !call) return;
    beluga__put_text(list, beluga__name_of(BELUGA__NAME_SERVER_ADDRESS, latest), s->host);
    beluga__put_int(list, beluga__name_of(BELUGA__NAME_SERVER_PORT, latest), s->port);
}

static bool encode_marks(beluga_telemetry *t, beluga__arena *arena, const beluga__span *span,
                         Otlp__Span *out)
{
    if (!span->n_marks) return true;
    out->events = beluga__arena_alloc(arena, span->n_marks * sizeof *out->events);
    if (!out->events) return false;
    for (const beluga__mark *m = span->marks; m; m = m->next) {
        Otlp__Event *event = NEW(arena, Otlp__Event, OTLP__EVENT__INIT);
        beluga__key_values list = {.arena = arena};
        put_recorded(&list, &m->attributes);
        if (!event || list.failed) return false;
        event->time_unix_nano = (uint64_t)beluga__telemetry_wall_ns(t, m->at_ns);
        event->name = (char *)m->name;
        event->attributes = list.items;
        event->n_attributes = list.count;
        out->events[out->n_events++] = event;
    }
    return true;
}

static bool encode_links(beluga__arena *arena, const beluga__span *span, Otlp__Span *out)
{
    if (!span->n_links) return true;
    out->links = beluga__arena_alloc(arena, span->n_links * sizeof *out->links);
    for (uint32_t i = 0; out->links && i < span->n_links; i++) {
        Otlp__Link *link = NEW(arena, Otlp__Link, OTLP__LINK__INIT);
        if (!link) return false;
        link->trace_id = out->trace_id;
        link->span_id = id_bytes(arena, &span->links[i], 1);
        link->flags = FLAG_KNOWN | 1;
        out->links[out->n_links++] = link;
    }
    return out->links != NULL;
}

static bool encode_status(beluga__arena *arena, const beluga__span *span, Otlp__Span *out)
{
    out->status = NEW(arena, Otlp__Status, OTLP__STATUS__INIT);
    if (!out->status) return false;
    if (!span->code) return true;
    out->status->code = STATUS_ERROR;
    out->status->message = (char *)(span->message ? span->message : beluga_error_text(span->code));
    return true;
}

static void encode_ids(beluga__arena *arena, const beluga__span *span, Otlp__Span *out)
{
    const uint64_t trace[] = {span->trace.high, span->trace.low};
    out->trace_id = id_bytes(arena, trace, 2);
    out->span_id = id_bytes(arena, &span->id, 1);
    if (span->parent_id) out->parent_span_id = id_bytes(arena, &span->parent_id, 1);
    out->flags = 1u | FLAG_KNOWN | (span->remote_parent ? FLAG_REMOTE : 0u);
    if (span->tracestate) out->trace_state = (char *)span->tracestate;
}

static Otlp__Span *encode_span(beluga_telemetry *t, beluga__arena *arena, const beluga__span *span)
{
    Otlp__Span *out = NEW(arena, Otlp__Span, OTLP__SPAN__INIT);
    beluga__key_values list = {.arena = arena};
    if (!out) return NULL;
    bool internal = span->kind == BELUGA_SPAN_TOOL || span->kind == BELUGA_SPAN_TOOL_LOOP ||
                    span->kind == BELUGA_SPAN_BATCH;
    encode_ids(arena, span, out);
    out->name = name_of(arena, span);
    out->kind = internal ? KIND_INTERNAL : KIND_CLIENT;
    out->start_time_unix_nano = (uint64_t)beluga__telemetry_wall_ns(t, span->start_ns);
    out->end_time_unix_nano = (uint64_t)beluga__telemetry_wall_ns(t, span->end_ns);
    put_subject(&list, span);
    put_recorded(&list, &span->attributes);
    out->attributes = list.items;
    out->n_attributes = list.count;
    out->dropped_attributes_count = span->attributes.dropped;
    out->dropped_events_count = span->marks_dropped;
    out->dropped_links_count = span->links_dropped;
    bool whole = !list.failed && out->name && out->span_id.data &&
                 encode_marks(t, arena, span, out) && encode_links(arena, span, out) &&
                 encode_status(arena, span, out);
    return whole ? out : NULL;
}

Otlp__InstrumentationScope *beluga__encode_scope(beluga__arena *arena)
{
    Otlp__InstrumentationScope *scope =
        NEW(arena, Otlp__InstrumentationScope, OTLP__INSTRUMENTATION_SCOPE__INIT);
    if (!scope) return NULL;
    scope->name = (char *)"beluga";
    scope->version = (char *)BELUGA_VERSION_STRING;
    return scope;
}

Otlp__TraceRequest *beluga__encode_spans(beluga_telemetry *t, beluga__arena *arena,
                                         beluga__span *const *spans, size_t n)
{
    Otlp__TraceRequest *request = NEW(arena, Otlp__TraceRequest, OTLP__TRACE_REQUEST__INIT);
    Otlp__ResourceSpans *resource = NEW(arena, Otlp__ResourceSpans, OTLP__RESOURCE_SPANS__INIT);
    Otlp__ScopeSpans *scope = NEW(arena, Otlp__ScopeSpans, OTLP__SCOPE_SPANS__INIT);
    Otlp__ResourceSpans **resources = beluga__arena_alloc(arena, sizeof *resources);
    Otlp__ScopeSpans **scopes = beluga__arena_alloc(arena, sizeof *scopes);
    Otlp__Span **list = beluga__arena_alloc(arena, n * sizeof *list);
    if (!request || !resource || !scope || !resources || !scopes || !list) return NULL;
    for (size_t i = 0; i < n; i++)
        if (!(list[i] = encode_span(t, arena, spans[i]))) return NULL;
    resource->resource = beluga__encode_resource(t, arena);
    scope->scope = beluga__encode_scope(arena);
    if (!resource->resource || !scope->scope) return NULL;
    *resources = resource;
    *scopes = scope;
    request->resource_spans = resources;
    resource->scope_spans = scopes;
    scope->spans = list;
    scope->n_spans = n;
    request->n_resource_spans = resource->n_scope_spans = 1;
    return request;
}
