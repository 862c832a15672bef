#include "schema/event.h"

#include <string.h>

_Static_assert(sizeof(beluga_event) == 128, "the layout is frozen");
_Static_assert(sizeof(void *) != 8 || sizeof(beluga_usage) == 56, "the layout is frozen");
_Static_assert(sizeof(beluga__any_event) == sizeof(beluga_event), "what is internal fits as well");

/* --- the table -------------------------------------------------------------------------------- */

#define AT(member) offsetof(beluga__any_event, member)
#define FIELD(type, key, member, need) \
    {key, BELUGA__FIELD_##type, BELUGA__FIELD_##need, AT(member), 0}
#define LONG_FIELD(type, key, member, length, need) \
    {key, BELUGA__FIELD_##type, BELUGA__FIELD_##need, AT(member), AT(length)}
#define TEXT(key, member, length, need) LONG_FIELD(TEXT, key, member, length, need)

static const beluga__event_field start[] = {
    LONG_FIELD(STRINGS, NULL, event.u.start.warnings, event.u.start.count, OPTIONAL)};

static const beluga__event_field metadata[] = {
    FIELD(LIMITS, NULL, event.u.metadata.rate_limits, OPTIONAL),
    FIELD(STRING, "id", event.u.metadata.id, OPTIONAL),
    FIELD(STRING, "model", event.u.metadata.model, OPTIONAL),
    FIELD(STRING, "provider", event.u.metadata.provider, OPTIONAL),
    FIELD(STRING, "request_id", event.u.metadata.request_id, OPTIONAL),
    FIELD(NUMBER, "created", event.u.metadata.created, OPTIONAL)};

static const beluga__event_field text[] = {
    TEXT("text", event.u.text.text, event.u.text.length, NEEDED)};

static const beluga__event_field reasoning[] = {
    TEXT("text", event.u.reasoning.text, event.u.reasoning.length, EITHER),
    TEXT("signature", event.u.reasoning.signature, event.u.reasoning.signature_length, EITHER)};

/* A TOOL_CALL_BEGIN event has all of these fields except the last. */
static const beluga__event_field tool_call[] = {
    FIELD(STRING, "id", event.u.tool_call.id, NEEDED),
    FIELD(STRING, "name", event.u.tool_call.name, NEEDED),
    TEXT("arguments", event.u.tool_call.arguments, event.u.tool_call.length, NEEDED)};

static const beluga__event_field usage[] = {
    FIELD(COUNT, "input", event.u.usage.input_total, OPTIONAL),
    FIELD(COUNT, "cache_read", event.u.usage.input_cache_read, OPTIONAL),
    FIELD(COUNT, "cache_write", event.u.usage.input_cache_write, OPTIONAL),
    FIELD(COUNT, "output", event.u.usage.output_total, OPTIONAL),
    FIELD(COUNT, "reasoning", event.u.usage.output_reasoning, OPTIONAL),
    TEXT("raw", event.u.usage.raw, event.u.usage.raw_length, OPTIONAL)};

static const beluga__event_field finish[] = {
    FIELD(WORD, "reason", event.u.finish.reason, OPTIONAL),
    TEXT("raw", event.u.finish.raw, event.u.finish.raw_length, OPTIONAL)};

static const beluga__event_field error[] = {FIELD(ERROR, NULL, event.u.error, OPTIONAL)};

static const beluga__event_field raw[] = {
    FIELD(STRING, NULL, event.u.raw.content_type, OPTIONAL),
    TEXT(NULL, event.u.raw.bytes, event.u.raw.length, OPTIONAL)};

static const beluga__event_field tool_result[] = {
    FIELD(STRING, NULL, event.u.tool_result.id, OPTIONAL),
    FIELD(STRING, NULL, event.u.tool_result.name, OPTIONAL),
    TEXT(NULL, event.u.tool_result.text, event.u.tool_result.length, OPTIONAL)};

static const beluga__event_field media[] = {
    FIELD(STRING, NULL, event.u.media.media_type, OPTIONAL),
    FIELD(STRING, NULL, event.u.media.url, OPTIONAL),
    TEXT(NULL, event.u.media.bytes, event.u.media.length, OPTIONAL)};

static const beluga__event_field state[] = {
    FIELD(STRING, "provider", event.u.state.provider, NEEDED),
    TEXT("json", event.u.state.json, event.u.state.length, NEEDED),
    FIELD(WORD, "of", event.u.state.of, OPTIONAL)};

static const beluga__event_field embedding[] = {
    LONG_FIELD(FLOATS, NULL, event.u.embedding.values, event.u.embedding.count, OPTIONAL)};

static const beluga__event_field batch_result[] = {
    FIELD(STRING, NULL, event.u.batch_result.id, OPTIONAL),
    TEXT(NULL, event.u.batch_result.body, event.u.batch_result.length, OPTIONAL),
    FIELD(ERROR, NULL, event.u.batch_result.error, OPTIONAL)};

static const beluga__event_field attribute[] = {
    FIELD(STRING, NULL, attribute.value.name, OPTIONAL),
    FIELD(STRING, NULL, attribute.value.value.string, OPTIONAL)};

static const beluga__event_field measurement[] = {
    FIELD(STRING, NULL, measurement.value.name, OPTIONAL),
    FIELD(STRING, NULL, measurement.value.unit, OPTIONAL)};

#define N(rows)   (sizeof(rows) / sizeof *(rows))
#define ALL(rows) .fields = (rows), .n_fields = N(rows)
#define UP_TO(member) \
    .size = offsetof(beluga_event, u) + sizeof(((const beluga_event *)NULL)->u.member)

/* A media event can't be stored, since its bytes are too large for JSON. So an answer with media is
 * not stored at all. */
const beluga__event_shape beluga__event_shapes[BELUGA__EVENT_KINDS] = {
    [BELUGA_EVENT_START] = {"start", ALL(start), UP_TO(start)},
    [BELUGA_EVENT_METADATA] = {"metadata", ALL(metadata), UP_TO(metadata), .is_kept = true},
    [BELUGA_EVENT_TEXT] = {"text", ALL(text), UP_TO(text), .is_content = true, .is_kept = true},
    [BELUGA_EVENT_REASONING] = {"reasoning", ALL(reasoning), UP_TO(reasoning), .is_content = true,
                                .is_kept = true},
    [BELUGA_EVENT_TOOL_CALL_BEGIN] = {"tool_call_begin", tool_call, N(tool_call) - 1,
                                      UP_TO(tool_call), .is_content = true, .is_kept = true},
    [BELUGA_EVENT_TOOL_CALL_DELTA] = {"tool_call_delta", ALL(tool_call), UP_TO(tool_call),
                                      .is_kept = true},
    [BELUGA_EVENT_TOOL_CALL_END] = {"tool_call_end", ALL(tool_call), UP_TO(tool_call),
                                    .is_kept = true},
    [BELUGA_EVENT_USAGE] = {"usage", ALL(usage), UP_TO(usage), .is_kept = true},
    [BELUGA_EVENT_FINISH] = {"finish", ALL(finish), UP_TO(finish), .is_kept = true},
    [BELUGA_EVENT_ERROR] = {"error", ALL(error)},
    [BELUGA_EVENT_RAW] = {"raw", ALL(raw), UP_TO(raw)},
    [BELUGA_EVENT_RESTART] = {"restart", ALL(error)},
    [BELUGA_EVENT_TOOL_RESULT] = {"tool_result", ALL(tool_result)},
    [BELUGA_EVENT_MEDIA] = {"media", ALL(media), .is_content = true},
    [BELUGA_EVENT_STATE] = {"state", ALL(state), UP_TO(state), .is_content = true, .is_kept = true},
    [BELUGA_EVENT_EMBEDDING] = {"embedding", ALL(embedding), .is_content = true},
    [BELUGA_EVENT_TOKEN_COUNT] = {.name = "token_count", .is_content = true},
    [BELUGA_EVENT_BATCH_JOB] = {.name = "batch_job", .is_content = true},
    [BELUGA_EVENT_BATCH_RESULT] = {"batch_result", ALL(batch_result), .is_content = true},
    [BELUGA__EVENT_WARNING] = {NULL, ALL(text)},
    [BELUGA__EVENT_MODEL] = {NULL, ALL(text)},
    [BELUGA__EVENT_MEDIA_BASE64] = {NULL, ALL(media)},
    [BELUGA__EVENT_ATTRIBUTE] = {.fields = attribute, .n_fields = N(attribute) - 1},
    [BELUGA__EVENT_STRING_ATTRIBUTE] = {NULL, ALL(attribute)},
    [BELUGA__EVENT_MEASUREMENT] = {NULL, ALL(measurement)},
};

const char *beluga_event_kind_name(uint32_t kind)
{
    const beluga__event_shape *shape = beluga__event_shape_of(kind);
    return shape && shape->name ? shape->name : "unknown";
}

static const char *const reasons[] = {
    [BELUGA_FINISH_UNKNOWN] = "unknown",
    [BELUGA_FINISH_STOP] = "stop",
    [BELUGA_FINISH_LENGTH] = "length",
    [BELUGA_FINISH_TOOL_CALLS] = "tool_calls",
    [BELUGA_FINISH_CONTENT_FILTER] = "content_filter",
    [BELUGA_FINISH_OTHER] = "other",
    [BELUGA_FINISH_PAUSE] = "pause",
};

bool beluga_finish_reason_is_whole(uint32_t reason)
{
    return reason == BELUGA_FINISH_STOP || reason == BELUGA_FINISH_TOOL_CALLS ||
           reason == BELUGA_FINISH_UNKNOWN;
}

const char *beluga_finish_reason_name(uint32_t reason)
{
    return reason < sizeof reasons / sizeof *reasons ? reasons[reason] : "unknown";
}

/* --- copies ----------------------------------------------------------------------------------- */

static const void *pointer_at(const beluga_event *event, size_t at)
{
    const void *pointer;
    memcpy(&pointer, (const char *)event + at, sizeof pointer);
    return pointer;
}

static void set_pointer(beluga_event *event, size_t at, const void *pointer)
{
    memcpy((char *)event + at, &pointer, sizeof pointer);
}

static size_t length_at(const beluga_event *event, size_t at)
{
    size_t length;
    memcpy(&length, (const char *)event + at, sizeof length);
    return length;
}

static size_t room_for_strings(const char *const *strings, size_t n)
{
    size_t room = n * sizeof *strings;
    for (size_t i = 0; i < n; i++) room += strlen(strings[i]) + 1;
    return room;
}

/* Returns the number of bytes to which a field points; 0 for NULL. */
static size_t room_for(const beluga_event *event, const beluga__event_field *field)
{
    if (field->type >= BELUGA__FIELD_COUNT) return 0;
    const void *from = pointer_at(event, field->at);
    if (!from) return 0;
    switch (field->type) {
    case BELUGA__FIELD_TEXT: return length_at(event, field->length_at) + 1;
    case BELUGA__FIELD_STRING: return strlen(from) + 1;
    case BELUGA__FIELD_STRINGS: return room_for_strings(from, length_at(event, field->length_at));
    case BELUGA__FIELD_FLOATS: return length_at(event, field->length_at) * sizeof(float);
    case BELUGA__FIELD_LIMITS: return sizeof(beluga_rate_limits);
    default: return sizeof(beluga_error);
    }
}

size_t beluga__event_room(const beluga_event *event)
{
    const beluga__event_shape *shape = beluga__event_shape_of(event->kind);
    size_t room = 0;
    for (size_t i = 0; shape && i < shape->n_fields; i++)
        room += room_for(event, &shape->fields[i]);
    return room;
}

static void copy_strings(char *room, const char *const *strings, size_t n)
{
    const char **copies = (const char **)(void *)room;
    char *at = room + n * sizeof *copies;
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(strings[i]) + 1;
        memcpy(at, strings[i], size);
        copies[i] = at;
        at += size;
    }
}

void beluga__event_copy(beluga_event *copy, const beluga_event *event, char *room)
{
    const beluga__event_shape *shape = beluga__event_shape_of(event->kind);
    *copy = *event;
    for (size_t i = 0; shape && i < shape->n_fields; i++) {
        const beluga__event_field *field = &shape->fields[i];
        size_t size = room_for(event, field);
        if (!size) continue;
        const void *from = pointer_at(event, field->at);
        if (field->type == BELUGA__FIELD_STRINGS) {
            copy_strings(room, from, length_at(event, field->length_at));
        } else if (field->type == BELUGA__FIELD_TEXT) { /* the text need not end in NUL */
            memcpy(room, from, size - 1);
            room[size - 1] = '\0';
        } else {
            memcpy(room, from, size);
        }
        set_pointer(copy, field->at, room);
        room += size;
    }
}

/* Returns the pointer plus an offset. The sum is computed with integers, since the object at the
 * old address no longer exists, so pointer arithmetic would be undefined. */
static const void *moved(const void *pointer, ptrdiff_t by)
{
    return (const void *)((uintptr_t)pointer +
                          (uintptr_t)by); /* NOLINT(performance-no-int-to-ptr) */
}

void beluga__event_moved(beluga_event *copy, ptrdiff_t by)
{
    const beluga__event_shape *shape = beluga__event_shape_of(copy->kind);
    for (size_t i = 0; by && shape && i < shape->n_fields; i++) {
        const beluga__event_field *field = &shape->fields[i];
        if (field->type >= BELUGA__FIELD_COUNT || !pointer_at(copy, field->at)) continue;
        const void *now = moved(pointer_at(copy, field->at), by);
        set_pointer(copy, field->at, now);
        if (field->type != BELUGA__FIELD_STRINGS) continue;
        const char **strings = (const char **)(uintptr_t)now;
        size_t n = length_at(copy, field->length_at);
        for (size_t k = 0; k < n; k++) strings[k] = moved(strings[k], by);
    }
}

void beluga_usage_init(beluga_usage *counts)
{
    *counts = (beluga_usage)BELUGA_USAGE_INIT;
}
