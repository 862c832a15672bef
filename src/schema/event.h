/* A table of the fields of each kind of event. Names, copies and JSON of events are made from the
 * table, which also tells whether an event is part of the answer. */
#ifndef BELUGA__SCHEMA_EVENT_H
#define BELUGA__SCHEMA_EVENT_H

#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/model_info.h>
#include <beluga/telemetry.h>

#include <stddef.h>
#include <string.h>

/* Internal kinds, which go from a provider to its emit and no further. */
enum {
    BELUGA__EVENT_WARNING = 32,  /* has u.text */
    BELUGA__EVENT_MODEL,         /* has u.text, a name from a list of models */
    BELUGA__EVENT_REASONING_END, /* has no data */
    BELUGA__EVENT_MEDIA_BASE64,  /* has u.media, whose bytes are base64 */
    BELUGA__EVENT_ATTRIBUTE,     /* attribute of a span, in beluga__any_event.attribute */
    /* attribute of a span, whose value is a string that ends in NUL */
    BELUGA__EVENT_STRING_ATTRIBUTE,
    BELUGA__EVENT_MEASUREMENT, /* has beluga__any_event.measurement */
    /* These two go from the HTTP adapter to the retry layer and no further; neither has data. */
    BELUGA__EVENT_ANSWERED, /* a request was answered, and its call will make another one */
    BELUGA__EVENT_REQUEST,  /* the other request is about to be sent */
    BELUGA__EVENT_KINDS
};

/* The index of a listed model of which facts are told. */
enum { BELUGA__MODEL_WITH_INFO = 1 };

/* A public event, or an internal one that does not fit into the public struct. */
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
    struct { /* begins like the text that it is delivered as */
        uint32_t kind, index;
        const char *name;
        size_t length;
        const beluga_model_info *info; /* where the index is BELUGA__MODEL_WITH_INFO */
    } model;
} beluga__any_event;

/* Begin an event of which the caller sets the whole member of its kind. The rest is never read, and
 * zeroing 128 bytes for each event costs time. */
static inline void beluga__event_begin(beluga_event *event, uint32_t kind)
{
    event->kind = kind;
    event->index = 0;
}

typedef enum beluga__field_type {
    BELUGA__FIELD_TEXT = 1, /* a text with a length */
    BELUGA__FIELD_STRING,   /* a string that ends in NUL */
    BELUGA__FIELD_STRINGS,  /* an array of strings, none of them NULL */
    BELUGA__FIELD_LIMITS,   /* a beluga_rate_limits */
    BELUGA__FIELD_ERROR,    /* a beluga_error */
    BELUGA__FIELD_FLOATS,   /* an array of floats with their number */
    /* The types from here on have no pointers. */
    BELUGA__FIELD_COUNT,  /* int64_t; in JSON unless it is negative */
    BELUGA__FIELD_NUMBER, /* int64_t; in JSON unless it is 0 */
    BELUGA__FIELD_WORD    /* uint32_t */
} beluga__field_type;

typedef enum beluga__field_need {
    BELUGA__FIELD_OPTIONAL,
    BELUGA__FIELD_NEEDED,
    BELUGA__FIELD_EITHER /* an event needs at least one of its fields with this flag */
} beluga__field_need;

/* A field of an event. */
typedef struct beluga__event_field {
    const char *key; /* name in JSON; NULL: the field is not in JSON */
    uint8_t type, need;
    uint8_t at;        /* offset of the field */
    uint8_t length_at; /* offset of the field's length, where it has one */
} beluga__event_field;

typedef struct beluga__event_shape {
    const char *name;                  /* NULL: an internal kind */
    const beluga__event_field *fields; /* fields that need alignment come first */
    uint8_t n_fields;
    uint8_t size;    /* bytes of an event of this kind that hold something; 0: all */
    bool is_content; /* the event is content of the answer, which can't be taken back */
    bool is_kept;    /* the event is kept when an answer is stored as JSON */
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

/* Returns whether the caller gets something with this event that another attempt can't take back.
 * The body of a refusal is delivered only once it is known that no other attempt follows. */
static inline bool beluga__event_is_final(const beluga_event *event)
{
    return beluga__event_is_content(event) ||
           (event->kind == BELUGA_EVENT_RAW && !event->u.raw.refused);
}

/* Returns the library's own word for a finish reason where the provider has the same, which need
 * not be copied; else NULL. */
static inline const char *beluga__finish_word(uint32_t reason, const char *raw, size_t n)
{
    const char *name = beluga_finish_reason_name(reason);
    bool same = n && (raw == name || (strlen(name) == n && memcmp(name, raw, n) == 0));
    return same ? name : NULL;
}

/* Returns how many bytes of an event hold something. */
static inline size_t beluga__event_size(const beluga_event *event)
{
    const beluga__event_shape *shape = beluga__event_shape_of(event->kind);
    return shape && shape->size ? shape->size : sizeof *event;
}

/* Returns the size of everything to which an event points. */
size_t beluga__event_room(const beluga_event *event);
/* Copy an event, and everything to which it points into `room`, whose size is beluga__event_room
 * and which is aligned for a pointer. Texts of the copy end in NUL. */
void beluga__event_copy(beluga_event *copy, const beluga_event *event, char *room);
/* Correct the pointers of a copy after its room was moved by this many bytes. */
void beluga__event_moved(beluga_event *copy, ptrdiff_t by);

#endif
