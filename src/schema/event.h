/* A table describes the fields of each kind of event. The functions that name events, copy them and
 * convert them to JSON use it. The table also says whether an event is part of the answer. */
#ifndef BELUGA__SCHEMA_EVENT_H
#define BELUGA__SCHEMA_EVENT_H

#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/model_info.h>
#include <beluga/telemetry.h>

#include <stddef.h>
#include <string.h>

/* Internal kinds of events, which only the layers between the provider and the caller see. */
enum {
    BELUGA__EVENT_WARNING = 32,  /* uses u.text */
    BELUGA__EVENT_MODEL,         /* uses u.text: a name from a list of models */
    BELUGA__EVENT_REASONING_END, /* has no data */
    BELUGA__EVENT_MEDIA_BASE64,  /* uses u.media, whose bytes are base64 */
    BELUGA__EVENT_ATTRIBUTE,     /* a span's attribute, in beluga__any_event.attribute */
    /* A span's attribute whose value is a string that ends in NUL. */
    BELUGA__EVENT_STRING_ATTRIBUTE,
    BELUGA__EVENT_MEASUREMENT, /* uses beluga__any_event.measurement */
    /* The HTTP adapter sends the next two kinds only to the retry layer. Neither has data. */
    BELUGA__EVENT_ANSWERED, /* one request was answered, and the call will send another */
    BELUGA__EVENT_REQUEST,  /* the next request is about to be sent */
    BELUGA__EVENT_KINDS
};

/* The index of a BELUGA__EVENT_MODEL whose `info` is set. */
enum { BELUGA__MODEL_WITH_INFO = 1 };
/* The index of a BELUGA_EVENT_BATCH_RESULT whose body has vectors instead of an answer. */
enum { BELUGA__RESULT_OF_VECTORS = 1 };

/* A public event, or an internal event whose data has no member in the public struct. */
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
    struct { /* begins like a TEXT event, since it is passed on as a beluga_event */
        uint32_t kind, index;
        const char *name;
        size_t length;
        const beluga_model_info *info; /* set if the index is BELUGA__MODEL_WITH_INFO */
    } model;
} beluga__any_event;

/* Begin an event. The caller sets all of the union member that belongs to the kind. The other bytes
 * stay undefined and are never read; to zero all 128 bytes for each event would cost time. */
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
    BELUGA__FIELD_FLOATS,   /* an array of floats and its length */
    /* the following types contain no pointers */
    BELUGA__FIELD_COUNT,  /* int64_t; written to JSON unless it is negative */
    BELUGA__FIELD_NUMBER, /* int64_t; written to JSON unless it is 0 */
    BELUGA__FIELD_WORD    /* uint32_t */
} beluga__field_type;

typedef enum beluga__field_need {
    BELUGA__FIELD_OPTIONAL,
    BELUGA__FIELD_NEEDED,
    BELUGA__FIELD_EITHER /* at least one of the fields with this flag must be present */
} beluga__field_need;

/* A field of an event. */
typedef struct beluga__event_field {
    const char *key; /* the field's name in JSON; NULL if it is not written */
    uint8_t type, need;
    uint8_t at;        /* offset of the field */
    uint8_t length_at; /* offset of the length, if the field has one */
} beluga__event_field;

typedef struct beluga__event_shape {
    const char *name;                  /* NULL: an internal kind */
    const beluga__event_field *fields; /* fields whose data needs alignment come first */
    uint8_t n_fields;
    uint8_t size; /* how many bytes of events of this kind are used; 0: all */
    /* the event is content of the answer: once delivered, a retry can't take it back */
    bool is_content;
    bool is_kept; /* the event is stored when an answer is stored as JSON */
} beluga__event_shape;

extern const beluga__event_shape beluga__event_shapes[BELUGA__EVENT_KINDS];

/* Returns the shape of a kind; NULL for kinds of a later version. */
static inline const beluga__event_shape *beluga__event_shape_of(uint32_t kind)
{
    return kind < BELUGA__EVENT_KINDS ? &beluga__event_shapes[kind] : NULL;
}

static inline bool beluga__event_is_content(const beluga_event *event)
{
    return event->kind < BELUGA__EVENT_KINDS && beluga__event_shapes[event->kind].is_content;
}

/* Returns whether this event gives the caller something that another attempt can't take back. The
 * body of a refusal does not count: it is delivered only when no other attempt will follow. */
static inline bool beluga__event_is_final(const beluga_event *event)
{
    return beluga__event_is_content(event) ||
           (event->kind == BELUGA_EVENT_RAW && !event->u.raw.refused);
}

/* Returns the library's own name of a finish reason if the provider used the same word, which then
 * need not be copied; else NULL. */
static inline const char *beluga__finish_word(uint32_t reason, const char *raw, size_t n)
{
    const char *name = beluga_finish_reason_name(reason);
    bool same = n && (raw == name || (strlen(name) == n && memcmp(name, raw, n) == 0));
    return same ? name : NULL;
}

/* Returns how many bytes of an event are used. */
static inline size_t beluga__event_size(const beluga_event *event)
{
    const beluga__event_shape *shape = beluga__event_shape_of(event->kind);
    return shape && shape->size ? shape->size : sizeof *event;
}

/* Returns the size of everything that an event points to. */
size_t beluga__event_room(const beluga_event *event);
/* Copy an event. Everything that it points to is copied into `room`, which must have
 * beluga__event_room bytes and be aligned for a pointer. Texts of the copy end in NUL. */
void beluga__event_copy(beluga_event *copy, const beluga_event *event, char *room);
/* Correct the pointers of a copy after its `room` was moved by `by` bytes. */
void beluga__event_moved(beluga_event *copy, ptrdiff_t by);

#endif
