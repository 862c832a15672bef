#include "events.h"

#include <beluga/batch_job.h>

#include <stdio.h>

void fuzz_events_init(fuzz_events *events)
{
    memset(events, 0, sizeof *events);
    beluga__buf_init(&events->content, beluga_allocator_default(), 1 << 24);
}

void fuzz_events_free(fuzz_events *events)
{
    beluga__buf_free(&events->content);
}

/* Keep content. Consecutive pieces of one kind are joined, since it does not matter where they were
 * cut. */
static void keep(fuzz_events *events, const beluga_event *event, const char *text, size_t n)
{
    if (!n) return;
    uint32_t kind = event->kind << 16 | (event->index & 0xffff);
    if (events->kind != kind) beluga__buf_append(&events->content, "\n", 1);
    events->kind = kind;
    beluga__buf_append(&events->content, text, n);
}

/* Returns the index of a call in the list, or the index after the last. */
static size_t find_open(const fuzz_events *events, uint32_t index)
{
    size_t i = 0;
    while (i < events->n_open && events->open[i] != index) i++;
    return i;
}

static void add_tool_call(fuzz_events *events, const beluga_event *event)
{
    size_t at = find_open(events, event->index);
    bool begin = event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN;
    FUZZ_CHECK((at < events->n_open) == !begin);
    FUZZ_CHECK(at < BELUGA__MAX_TOOL_CALLS);
    FUZZ_CHECK(*event->u.tool_call.id && *event->u.tool_call.name);
    if (begin) {
        events->open[events->n_open++] = event->index;
        keep(events, event, event->u.tool_call.name, strlen(event->u.tool_call.name));
        return;
    }
    const char *arguments = event->u.tool_call.arguments;
    fuzz_check_text(arguments, event->u.tool_call.length);
    if (event->kind == BELUGA_EVENT_TOOL_CALL_END)
        events->open[at] = events->open[--events->n_open];
    else
        keep(events, event, arguments, event->u.tool_call.length);
}

static void check_usage(const beluga_usage *usage)
{
    fuzz_check_text(usage->raw, usage->raw_length);
    FUZZ_CHECK(usage->input_total >= -1 && usage->output_total >= -1);
    FUZZ_CHECK(usage->input_cache_read >= -1 && usage->input_cache_write >= -1);
    FUZZ_CHECK(usage->output_reasoning >= -1);
}

static void check_string(const char *text)
{
    if (text) fuzz_check_text(text, strlen(text));
}

static void check_metadata(const beluga_event *event)
{
    check_string(event->u.metadata.id);
    check_string(event->u.metadata.model);
    check_string(event->u.metadata.request_id);
    FUZZ_CHECK(event->u.metadata.provider);
}

static void check_job(const beluga_batch_job *job)
{
    FUZZ_CHECK(job->id && *job->id);
    check_string(job->id);
    check_string(job->name);
    check_string(job->raw_state);
    check_string(job->reason);
    FUZZ_CHECK(job->total >= -1 && job->succeeded >= -1 && job->failed >= -1);
    FUZZ_CHECK(job->created >= 0 && job->ended >= 0 && job->expires >= 0);
}

static void check_result(const beluga_event *event)
{
    FUZZ_CHECK(event->u.batch_result.id && *event->u.batch_result.id);
    if (event->u.batch_result.error)
        fuzz_check_error(event->u.batch_result.error->code, event->u.batch_result.error);
    else
        FUZZ_CHECK(event->u.batch_result.status == 200 || event->u.batch_result.status >= 400);
}

static void end(fuzz_events *events, const beluga_event *event)
{
    events->terminal++;
    if (event->kind == BELUGA_EVENT_FINISH) {
        events->reason = event->u.finish.reason;
        fuzz_check_text(event->u.finish.raw, event->u.finish.raw_length);
        return;
    }
    fuzz_check_error(event->u.error->code, event->u.error);
    events->code = event->u.error->code;
}

void fuzz_events_add(fuzz_events *events, const beluga_event *event)
{
    FUZZ_CHECK(events->terminal == 0);
    switch (event->kind) {
    case BELUGA_EVENT_START:
        for (size_t i = 0; i < event->u.start.count; i++)
            fuzz_check_line(event->u.start.warnings[i]);
        break;
    case BELUGA_EVENT_METADATA: check_metadata(event); break;
    case BELUGA_EVENT_TEXT:
        fuzz_check_text(event->u.text.text, event->u.text.length);
        keep(events, event, event->u.text.text, event->u.text.length);
        break;
    case BELUGA_EVENT_REASONING:
        fuzz_check_text(event->u.reasoning.text, event->u.reasoning.length);
        fuzz_check_text(event->u.reasoning.signature, event->u.reasoning.signature_length);
        keep(events, event, event->u.reasoning.text, event->u.reasoning.length);
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
    case BELUGA_EVENT_TOOL_CALL_DELTA:
    case BELUGA_EVENT_TOOL_CALL_END: add_tool_call(events, event); break;
    case BELUGA_EVENT_MEDIA: FUZZ_CHECK(!event->u.media.bytes == !!event->u.media.url); break;
    case BELUGA_EVENT_STATE: fuzz_check_text(event->u.state.json, event->u.state.length); break;
    case BELUGA_EVENT_USAGE: check_usage(&event->u.usage); break;
    case BELUGA_EVENT_BATCH_JOB: check_job(event->u.batch_job); break;
    case BELUGA_EVENT_BATCH_RESULT: check_result(event); break;
    case BELUGA_EVENT_ERROR:
    case BELUGA_EVENT_FINISH: end(events, event); break;
    }
}

static bool begins(const fuzz_events *a, const fuzz_events *b)
{
    size_t n = a->content.length;
    return n <= b->content.length && (!n || memcmp(a->content.data, b->content.data, n) == 0);
}

static const char *content_of(const fuzz_events *events)
{
    return events->content.length ? events->content.data : "";
}

void fuzz_events_compare(const char *rule, const fuzz_events *a, const fuzz_events *b, bool whole)
{
    char text[4096];
    bool alike = a->code == b->code && a->reason == b->reason && a->terminal == b->terminal &&
                 a->content.length == b->content.length;
    if ((alike || !whole) && begins(a, b)) return;
    snprintf(text, sizeof text, "%s, %s:%.1500s\" and \"%s, %s:%.1500s",
             a->code ? beluga_error_name(a->code) : "", beluga_finish_reason_name(a->reason),
             content_of(a), b->code ? beluga_error_name(b->code) : "",
             beluga_finish_reason_name(b->reason), content_of(b));
    fuzz_broken(__FILE__, __LINE__, rule, text);
}
