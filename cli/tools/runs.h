/* The tool calls of an answer, with their results: for --json, batches and the log. */
#ifndef BELUGA_CLI_TOOLS_RUNS_H
#define BELUGA_CLI_TOOLS_RUNS_H

#include <beluga/event.h>
#include <beluga/provider/json.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One tool call; the strings are owned. */
typedef struct tool_run {
    char *id, *name, *arguments;
    char *result; /* NULL: the call did not run, or did not end */
    size_t arguments_length, result_length;
    uint32_t index; /* index in its answer */
    int status;     /* 0, or a BELUGA_ERROR_TOOL_ code */
    int64_t ns;
} tool_run;

/* Zero-initialise this struct. */
typedef struct tool_runs {
    tool_run *items; /* owned */
    size_t count, room;
    bool failed; /* a part of the list is missing, since memory ran out */
} tool_runs;

/* Record the tool calls and results that an event of a tool loop reports. */
void tool_runs_note(tool_runs *runs, const beluga_event *event);
/* Write an array of {"id", "name", "arguments", "result", "error", "ms"}. */
void tool_runs_put(const tool_runs *runs, beluga_json_writer *w, const char *key);
void tool_runs_free(tool_runs *runs);

#endif
