/* Copies of events, and events that are kept in a queue. */
#include "client/queue.h"
#include "schema/event.h"
#include "schema/event_json.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An event together with the memory that it points to, so that a test can overwrite this memory. */
typedef struct original {
    beluga__any_event what;
    const char *warnings[2];
    beluga_rate_limits limits;
    beluga_error error;
    char id[16], name[16], text[16];
} original;

/* Point a member of the event to the text of `o`, which has four bytes. */
static void point(original *o, const char **bytes, size_t *length)
{
    *bytes = o->text;
    *length = 4;
}

static void fill_public(original *o, beluga_event *e)
{
    switch (e->kind) {
    case BELUGA_EVENT_START:
        e->u.start.warnings = o->warnings;
        e->u.start.count = 2;
        break;
    case BELUGA_EVENT_METADATA:
        e->u.metadata.id = o->id;
        e->u.metadata.model = o->name;
        e->u.metadata.rate_limits = &o->limits;
        break;
    case BELUGA_EVENT_REASONING:
        e->u.reasoning.signature = o->id;
        e->u.reasoning.signature_length = 2;
        point(o, &e->u.reasoning.text, &e->u.reasoning.length);
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
    case BELUGA_EVENT_TOOL_CALL_DELTA:
    case BELUGA_EVENT_TOOL_CALL_END:
        e->u.tool_call.id = o->id;
        e->u.tool_call.name = o->name;
        e->u.tool_call.arguments = e->kind == BELUGA_EVENT_TOOL_CALL_BEGIN ? NULL : o->text;
        e->u.tool_call.length = e->kind == BELUGA_EVENT_TOOL_CALL_BEGIN ? 0 : 4;
        break;
    case BELUGA_EVENT_STATE:
        e->u.state.provider = o->id;
        point(o, &e->u.state.json, &e->u.state.length);
        break;
    case BELUGA_EVENT_USAGE:
        e->u.usage = (beluga_usage)BELUGA_USAGE_INIT;
        point(o, &e->u.usage.raw, &e->u.usage.raw_length);
        break;
    case BELUGA_EVENT_FINISH: point(o, &e->u.finish.raw, &e->u.finish.raw_length); break;
    case BELUGA_EVENT_ERROR: e->u.error = &o->error; break;
    case BELUGA_EVENT_RAW: point(o, &e->u.raw.bytes, &e->u.raw.length); break;
    case BELUGA_EVENT_TOOL_RESULT:
        e->u.tool_result.id = o->id;
        e->u.tool_result.name = o->name;
        point(o, &e->u.tool_result.text, &e->u.tool_result.length);
        break;
    case BELUGA_EVENT_MEDIA:
    case BELUGA__EVENT_MEDIA_BASE64:
        e->u.media.media_type = o->id;
        point(o, &e->u.media.bytes, &e->u.media.length);
        break;
    case BELUGA_EVENT_TEXT:
    case BELUGA__EVENT_WARNING:
    case BELUGA__EVENT_MODEL: point(o, &e->u.text.text, &e->u.text.length); break;
    default: break;
    }
}

static void fill(original *o, uint32_t kind)
{
    *o = (original){.what.event.kind = kind, .what.event.index = 7};
    strcpy(o->id, "id 1");
    strcpy(o->name, "name 22");
    strcpy(o->text, "text of more");
    o->warnings[0] = o->id;
    o->warnings[1] = o->name;
    o->limits = (beluga_rate_limits){.requests_limit = 5};
    beluga_error_set(&o->error, BELUGA_ERROR_TIMEOUT, "late");
    if (kind == BELUGA__EVENT_MEASUREMENT) {
        o->what.measurement.value.name = o->name;
        o->what.measurement.value.unit = o->id;
        o->what.measurement.value.value = 0.5;
    } else if (kind == BELUGA__EVENT_STRING_ATTRIBUTE || kind == BELUGA__EVENT_ATTRIBUTE) {
        o->what.attribute.value.name = o->name;
        if (kind == BELUGA__EVENT_STRING_ATTRIBUTE)
            o->what.attribute.value.value.string = o->id;
        else
            o->what.attribute.value.value.integer = 3;
    } else
        fill_public(o, &o->what.event);
}

static void spoil(original *o)
{
    memset(o->id, '#', sizeof o->id);
    memset(o->name, '#', sizeof o->name);
    memset(o->text, '#', sizeof o->text);
    o->warnings[0] = o->warnings[1] = NULL;
    o->limits.requests_limit = -7;
    o->error.code = 0;
}

static void assert_public(const beluga_event *e)
{
    switch (e->kind) {
    case BELUGA_EVENT_START:
        assert_int_equal(e->u.start.count, 2);
        assert_string_equal(e->u.start.warnings[0], "id 1");
        assert_string_equal(e->u.start.warnings[1], "name 22");
        break;
    case BELUGA_EVENT_METADATA:
        assert_string_equal(e->u.metadata.id, "id 1");
        assert_string_equal(e->u.metadata.model, "name 22");
        assert_null(e->u.metadata.provider);
        assert_int_equal(e->u.metadata.rate_limits->requests_limit, 5);
        break;
    case BELUGA_EVENT_REASONING:
        assert_string_equal(e->u.reasoning.text, "text");
        assert_string_equal(e->u.reasoning.signature, "id");
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
    case BELUGA_EVENT_TOOL_CALL_DELTA:
    case BELUGA_EVENT_TOOL_CALL_END:
        assert_string_equal(e->u.tool_call.id, "id 1");
        assert_string_equal(e->u.tool_call.name, "name 22");
        if (e->kind == BELUGA_EVENT_TOOL_CALL_BEGIN)
            assert_null(e->u.tool_call.arguments);
        else
            assert_string_equal(e->u.tool_call.arguments, "text");
        break;
    case BELUGA_EVENT_STATE:
        assert_string_equal(e->u.state.provider, "id 1");
        assert_string_equal(e->u.state.json, "text");
        break;
    case BELUGA_EVENT_USAGE:
        assert_string_equal(e->u.usage.raw, "text");
        assert_int_equal(e->u.usage.input_total, -1);
        break;
    case BELUGA_EVENT_FINISH: assert_string_equal(e->u.finish.raw, "text"); break;
    case BELUGA_EVENT_ERROR: assert_string_equal(e->u.error->message, "late"); break;
    case BELUGA_EVENT_RAW: assert_string_equal(e->u.raw.bytes, "text"); break;
    case BELUGA_EVENT_TOOL_RESULT:
        assert_string_equal(e->u.tool_result.id, "id 1");
        assert_string_equal(e->u.tool_result.name, "name 22");
        assert_string_equal(e->u.tool_result.text, "text");
        break;
    case BELUGA_EVENT_MEDIA:
    case BELUGA__EVENT_MEDIA_BASE64:
        assert_string_equal(e->u.media.media_type, "id 1");
        assert_string_equal(e->u.media.bytes, "text");
        assert_null(e->u.media.url);
        break;
    case BELUGA_EVENT_TEXT:
    case BELUGA__EVENT_WARNING:
    case BELUGA__EVENT_MODEL: assert_string_equal(e->u.text.text, "text"); break;
    default: break;
    }
}

static void assert_whole(const beluga__any_event *what, uint32_t kind)
{
    assert_int_equal(what->event.kind, kind);
    assert_int_equal(what->event.index, 7);
    if (kind == BELUGA__EVENT_MEASUREMENT) {
        assert_string_equal(what->measurement.value.name, "name 22");
        assert_string_equal(what->measurement.value.unit, "id 1");
        assert_true(what->measurement.value.value == 0.5);
    } else if (kind == BELUGA__EVENT_STRING_ATTRIBUTE || kind == BELUGA__EVENT_ATTRIBUTE) {
        assert_string_equal(what->attribute.value.name, "name 22");
        if (kind == BELUGA__EVENT_STRING_ATTRIBUTE)
            assert_string_equal(what->attribute.value.value.string, "id 1");
        else
            assert_int_equal(what->attribute.value.value.integer, 3);
    } else
        assert_public(&what->event);
}

static bool is_kind(uint32_t kind)
{
    return strcmp(beluga_event_kind_name(kind), "unknown") != 0 || kind >= BELUGA__EVENT_WARNING;
}

/* Before the copy is read, the original is overwritten, and the memory of the copy is moved
 * once. */
static void a_copy_has_all_that_its_event_points_to(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < BELUGA__EVENT_KINDS; kind++) {
        original o;
        beluga__any_event copy;
        if (!is_kind(kind)) continue;
        fill(&o, kind);
        size_t size = beluga__event_room(&o.what.event);
        char *first = malloc(size + 1), *second = malloc(size + 1);
        assert_true(first && second);
        first[size] = '!';
        beluga__event_copy(&copy.event, &o.what.event, first);
        assert_int_equal(first[size], '!');
        spoil(&o);
        assert_whole(&copy, kind);
        memcpy(second, first, size);
        ptrdiff_t by = (ptrdiff_t)((uintptr_t)second - (uintptr_t)first);
        memset(first, '#', size);
        free(first);
        beluga__event_moved(&copy.event, by);
        assert_whole(&copy, kind);
        free(second);
    }
}

static void a_kind_of_a_later_version_is_copied_as_it_is(void **state)
{
    (void)state;
    beluga_event copy, event = {.kind = 1000, .index = 3};
    assert_int_equal(beluga__event_room(&event), 0);
    beluga__event_copy(&copy, &event, NULL);
    beluga__event_moved(&copy, 64);
    assert_int_equal(copy.kind, 1000);
    assert_int_equal(copy.index, 3);
    assert_string_equal(beluga_event_kind_name(1000), "unknown");
}

static void kinds_that_stay_inside_have_no_name(void **state)
{
    (void)state;
    for (uint32_t kind = BELUGA__EVENT_WARNING; kind <= BELUGA__EVENT_KINDS; kind++)
        assert_string_equal(beluga_event_kind_name(kind), "unknown");
}

/* While events are in the queue, it grows, so that their memory is moved. */
static void events_that_wait_in_a_queue_are_whole(void **state)
{
    enum { ROUNDS = 50 };
    beluga__runtime runtime = {0};
    beluga_loop loop = {.runtime = &runtime};
    beluga__queue queue;
    (void)state;
    beluga__queue_init(&queue, &loop, beluga_allocator_default());
    for (int round = 0; round < ROUNDS; round++)
        for (uint32_t kind = 1; kind < BELUGA__EVENT_WARNING; kind++) {
            original o;
            if (!is_kind(kind)) continue;
            fill(&o, kind);
            assert_int_equal(beluga__queue_push(&queue, &o.what.event), 0);
            spoil(&o);
        }
    for (int round = 0; round < ROUNDS; round++)
        for (uint32_t kind = 1; kind < BELUGA__EVENT_WARNING; kind++) {
            if (!is_kind(kind)) continue;
            const beluga_event *event = beluga__queue_pop(&queue);
            assert_non_null(event);
            assert_whole((const beluga__any_event *)event, kind);
        }
    assert_null(beluga__queue_pop(&queue));
    beluga__queue_free(&queue, &loop);
}

/* If an event is written as JSON, read and written again, the JSON must be the same. */
static void what_json_has_of_an_event_it_gives_back(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < BELUGA__EVENT_WARNING; kind++) {
        original o;
        beluga_event read;
        beluga_json_doc *doc;
        const char *first, *second;
        size_t n, n_second;
        beluga_json_writer *w = beluga_json_writer_new(), *again = beluga_json_writer_new();
        fill(&o, kind);
        if (beluga__event_to_json(w, &o.what.event)) {
            assert_int_equal(beluga_json_writer_text(w, &first, &n), 0);
            assert_int_equal(beluga_json_parse(first, n, &doc, NULL), 0);
            assert_true(beluga__event_from_json(beluga_json_doc_root(doc), &read));
            assert_true(beluga__event_to_json(again, &read));
            assert_int_equal(beluga_json_writer_text(again, &second, &n_second), 0);
            assert_string_equal(first, second);
            beluga_json_doc_free(doc);
        } else
            assert_false(beluga__event_shapes[kind].is_kept);
        beluga_json_writer_free(w);
        beluga_json_writer_free(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_has_all_that_its_event_points_to),
        cmocka_unit_test(a_kind_of_a_later_version_is_copied_as_it_is),
        cmocka_unit_test(kinds_that_stay_inside_have_no_name),
        cmocka_unit_test(events_that_wait_in_a_queue_are_whole),
        cmocka_unit_test(what_json_has_of_an_event_it_gives_back),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
