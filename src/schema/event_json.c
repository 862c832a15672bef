#include "schema/event_json.h"

#include "schema/event.h"

#include <string.h>

/* --- writing ----------------------------------------------------------------------------------
 * A field whose value is unknown is not written. */

static void put_text(beluga_json_writer *w, const beluga_event *event, const beluga__event_field *f)
{
    const char *text;
    size_t length;
    memcpy(&text, (const char *)event + f->at, sizeof text);
    if (!text) return;
    if (f->type == BELUGA__FIELD_TEXT)
        memcpy(&length, (const char *)event + f->length_at, sizeof length);
    else
        length = strlen(text);
    beluga_json_put_string_n(w, f->key, text, length);
}

static void put_number(beluga_json_writer *w, const beluga_event *event,
                       const beluga__event_field *f)
{
    int64_t number = 0;
    uint32_t word;
    if (f->type == BELUGA__FIELD_WORD) {
        memcpy(&word, (const char *)event + f->at, sizeof word);
        beluga_json_put_int(w, f->key, word);
        return;
    }
    memcpy(&number, (const char *)event + f->at, sizeof number);
    if (f->type == BELUGA__FIELD_COUNT ? number >= 0 : number != 0)
        beluga_json_put_int(w, f->key, number);
}

bool beluga__event_to_json(beluga_json_writer *w, const beluga_event *event)
{
    const beluga__event_shape *shape = beluga__event_shape_of(event->kind);
    if (!shape || !shape->is_kept) return false;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "kind", shape->name);
    if (event->index) beluga_json_put_int(w, "index", event->index);
    for (const beluga__event_field *f = shape->fields; f < shape->fields + shape->n_fields; f++)
        if (f->key && f->type >= BELUGA__FIELD_COUNT)
            put_number(w, event, f);
        else if (f->key)
            put_text(w, event, f);
    beluga_json_end_object(w);
    return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool get_text(const beluga_json *object, beluga_event *event, const beluga__event_field *f)
{
    size_t length = 0;
    const char *text = beluga_json_get_string(object, f->key, &length);
    memcpy((char *)event + f->at, &text, sizeof text);
    if (f->type == BELUGA__FIELD_TEXT) memcpy((char *)event + f->length_at, &length, sizeof length);
    return text;
}

static void get_number(const beluga_json *object, beluga_event *event, const beluga__event_field *f)
{
    int64_t number = beluga_json_get_int(object, f->key, f->type == BELUGA__FIELD_COUNT ? -1 : 0);
    uint32_t word = (uint32_t)number;
    if (f->type == BELUGA__FIELD_WORD)
        memcpy((char *)event + f->at, &word, sizeof word);
    else
        memcpy((char *)event + f->at, &number, sizeof number);
}

/* Read the fields of an event. Returns false if a needed field is missing, which can happen, since
 * the JSON may come from a store outside of the library. */
static bool get_fields(const beluga_json *object, beluga_event *event,
                       const beluga__event_shape *shape)
{
    unsigned choices = 0, chosen = 0;
    for (const beluga__event_field *f = shape->fields; f < shape->fields + shape->n_fields; f++) {
        if (!f->key) continue;
        if (f->type >= BELUGA__FIELD_COUNT) {
            get_number(object, event, f);
            continue;
        }
        bool found = get_text(object, event, f);
        if (f->need == BELUGA__FIELD_NEEDED && !found) return false;
        choices += f->need == BELUGA__FIELD_EITHER;
        chosen += f->need == BELUGA__FIELD_EITHER && found;
    }
    return !choices || chosen;
}

static uint32_t kind_named(const char *name)
{
    for (uint32_t kind = 0; name && kind < BELUGA__EVENT_KINDS; kind++)
        if (beluga__event_shapes[kind].is_kept &&
            strcmp(beluga__event_shapes[kind].name, name) == 0)
            return kind;
    return 0;
}

bool beluga__event_from_json(const beluga_json *object, beluga_event *event)
{
    *event = (beluga_event){.kind = kind_named(beluga_json_get_string(object, "kind", NULL))};
    if (!event->kind) return false;
    event->index = (uint32_t)beluga_json_get_int(object, "index", 0);
    return get_fields(object, event, &beluga__event_shapes[event->kind]);
}
