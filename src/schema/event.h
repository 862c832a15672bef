/* One table tells what each kind of event carries. Names, copies and JSON of events are read from
 * it, and whether an event is part of the answer. */
#ifndef BELUGA__SCHEMA_EVENT_H
#define BELUGA__SCHEMA_EVENT_H

#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/telemetry.h>

#include <stddef.h>

/* These kinds go from a provider to its emit, and no further. */
enum {
    BELUGA__EVENT_WARNING = 32,     /* u.text */
    BELUGA__EVENT_MODEL,            /* u.text: a name of a list of models */
    BELUGA__EVENT_REASONING_END,    /* nothing */
    BELUGA__EVENT_MEDIA_BASE64,     /* u.media, whose bytes are base64 */
    BELUGA__EVENT_ATTRIBUTE,        /* of a span: beluga__any_event.attribute */
    BELUGA__EVENT_STRING_ATTRIBUTE, /* likewise; its value is a string that ends in NUL */
    BELUGA__EVENT_MEASUREMENT,      /* beluga__any_event.measurement */
    BELUGA__EVENT_KINDS
};

/* It is an event, or one of those that have no room in the public struct. */
typedef union beluga__any_event {
    beluga_event event;
    struct {
        uint32_t kind, index;
        beluga_span_attribute value;
    } attribute;
    struct {
        uint32_t kind, index;
        beluga_measurement value;
    } measurement;
} beluga__any_event;

typedef enum beluga__field_type {
    BELUGA__FIELD_TEXT = 1, /* with a length */
    BELUGA__FIELD_STRING,   /* ends in NUL */
    BELUGA__FIELD_STRINGS,  /* an array of those, none of them NULL */
    BELUGA__FIELD_LIMITS,   /* beluga_rate_limits */
    BELUGA__FIELD_ERROR,    /* beluga_error */
    /* The types from here on point nowhere. */
    BELUGA__FIELD_COUNT,  /* int64_t; in JSON unless it is negative */
    BELUGA__FIELD_NUMBER, /* int64_t; in JSON unless it is 0 */
    BELUGA__FIELD_WORD    /* uint32_t */
} beluga__field_type;

typedef enum beluga__field_need {
    BELUGA__FIELD_OPTIONAL,
    BELUGA__FIELD_NEEDED,
    BELUGA__FIELD_EITHER /* an event needs one of its fields of this kind */
} beluga__field_need;

/* A field is a member of an event. */
typedef struct beluga__event_field {
    const char *key; /* its name in JSON; NULL: it is not there */
    uint8_t type, need;
    uint8_t at;        /* its offset */
    uint8_t length_at; /* the offset of its length, where it has one */
} beluga__event_field;

typedef struct beluga__event_shape {
    const char *name;                  /* NULL: not a public kind */
    const beluga__event_field *fields; /* those that must be aligned come first */
    uint8_t n_fields;
    bool is_content; /* it begins a part of the answer, so it can't be taken back */
    bool is_kept;    /* it is part of an answer that is kept as JSON */
} beluga__event_shape;

extern const beluga__event_shape beluga__event_shapes[BELUGA__EVENT_KINDS];

/* Returns NULL for kinds of a later version. */
static inline const beluga__event_shape *beluga__event_shape_of(uint32_t kind)
{
    return kind < BELUGA__EVENT_KINDS ? &beluga__event_shapes[kind] : NULL;
}

static inline bool beluga__event_is_content(const beluga_event *event)
{
    return event->kind < BELUGA__EVENT_KINDS && beluga__event_shapes[event->kind].is_content;
}

/* Returns the bytes of all that an event points to. */
size_t beluga__event_room(const beluga_event *event);
/* Copy an event, and all that it points to into `room`, which has the bytes of beluga__event_room
 * and is aligned for a pointer. Texts of the copy end in NUL. */
void beluga__event_copy(beluga_event *copy, const beluga_event *event, char *room);
/* Make a copy point into its room again, after that was moved by so many bytes. */
void beluga__event_moved(beluga_event *copy, ptrdiff_t by);

#endif
