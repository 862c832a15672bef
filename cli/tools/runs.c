#include "tools/runs.h"

#include <beluga/error.h>

#include <stdlib.h>
#include <string.h>

/* ---- noting ---------------------------------------------------------------------------------- */

static char *copy(tool_runs *runs, const char *text, size_t n)
{
    char *made = malloc(n + 1);
    if (made) {
        if (n) memcpy(made, text, n);
        made[n] = '\0';
    }
    runs->failed |= !made;
    return made;
}

static char *copy_string(tool_runs *runs, const char *text)
{
    return text ? copy(runs, text, strlen(text)) : NULL;
}

static tool_run *add(tool_runs *runs)
{
    if (runs->count == runs->room) {
        size_t room = runs->room ? 2 * runs->room : 8;
        tool_run *items = realloc(runs->items, room * sizeof *items);
        runs->failed |= !items;
        if (!items) return NULL;
        runs->items = items;
        runs->room = room;
    }
    runs->items[runs->count] = (tool_run){.ns = -1};
    return &runs->items[runs->count++];
}

/* Returns the newest tool call with this index whose arguments are not complete. */
static tool_run *find_open(const tool_runs *runs, uint32_t index)
{
    for (size_t i = runs->count; i-- > 0;)
        if (runs->items[i].index == index && !runs->items[i].arguments) return &runs->items[i];
    return NULL;
}

/* Returns the first tool call with this id and name that has no result. A later answer may use the
 * same ids again. */
static tool_run *find_waiting(const tool_runs *runs, const char *id, const char *name)
{
    for (size_t i = 0; i < runs->count; i++) {
        tool_run *run = &runs->items[i];
        if (run->result || !run->name || strcmp(run->name, name) != 0) continue;
        if (!run->id || !id || strcmp(run->id, id) == 0) return run;
    }
    return NULL;
}

static void note_begin(tool_runs *runs, const beluga_event *event)
{
    tool_run *run = add(runs);
    if (!run) return;
    run->index = event->index;
    run->id = copy_string(runs, event->u.tool_call.id);
    run->name = copy_string(runs, event->u.tool_call.name);
}

static void note_end(tool_runs *runs, const beluga_event *event)
{
    tool_run *run = find_open(runs, event->index);
    if (!run) {
        note_begin(runs, event);
        run = find_open(runs, event->index);
    }
    if (!run) return;
    if (!run->id) run->id = copy_string(runs, event->u.tool_call.id);
    if (!run->name) run->name = copy_string(runs, event->u.tool_call.name);
    run->arguments_length = event->u.tool_call.length;
    run->arguments = copy(runs, event->u.tool_call.arguments, run->arguments_length);
}

static void note_result(tool_runs *runs, const beluga_event *event)
{
    tool_run *run = find_waiting(runs, event->u.tool_result.id, event->u.tool_result.name);
    if (!run) return;
    run->status = event->u.tool_result.status;
    run->ns = event->u.tool_result.duration_ns;
    run->result_length = event->u.tool_result.length;
    run->result = copy(runs, event->u.tool_result.text, run->result_length);
}

void tool_runs_note(tool_runs *runs, const beluga_event *event)
{
    if (event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN) note_begin(runs, event);
    if (event->kind == BELUGA_EVENT_TOOL_CALL_END) note_end(runs, event);
    if (event->kind == BELUGA_EVENT_TOOL_RESULT) note_result(runs, event);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Write the arguments of a tool call: as JSON, or as a string if the model wrote invalid JSON. */
static void put_arguments(beluga_json_writer *w, const tool_run *run)
{
    beluga_json_doc *doc = NULL;
    const char *text = run->arguments_length ? run->arguments : "{}";
    size_t n = run->arguments_length ? run->arguments_length : 2;
    if (!run->arguments) return;
    if (beluga_json_parse(text, n, &doc, NULL) == 0)
        beluga_json_put_raw(w, "arguments", text, n);
    else
        beluga_json_put_string_n(w, "arguments", text, n);
    beluga_json_doc_free(doc);
}

static void put_run(beluga_json_writer *w, const tool_run *run)
{
    beluga_json_begin_object(w, NULL);
    if (run->id) beluga_json_put_string(w, "id", run->id);
    if (run->name) beluga_json_put_string(w, "name", run->name);
    put_arguments(w, run);
    if (run->result) beluga_json_put_string_n(w, "result", run->result, run->result_length);
    if (run->status) beluga_json_put_string(w, "error", beluga_error_name(run->status));
    if (run->ns >= 0) beluga_json_put_double(w, "ms", (double)(run->ns / 1000) / 1e3);
    beluga_json_end_object(w);
}

void tool_runs_put(const tool_runs *runs, beluga_json_writer *w, const char *key)
{
    beluga_json_begin_array(w, key);
    for (size_t i = 0; i < runs->count; i++) put_run(w, &runs->items[i]);
    beluga_json_end_array(w);
}

void tool_runs_free(tool_runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        tool_run *run = &runs->items[i];
        free(run->id);
        free(run->name);
        free(run->arguments);
        free(run->result);
    }
    free(runs->items);
    *runs = (tool_runs){0};
}
