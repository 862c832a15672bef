/* The tools that a command line asks for: each is asked for, drawn and run as the user allows. */
#ifndef BELUGA_CLI_TOOLS_SET_H
#define BELUGA_CLI_TOOLS_SET_H

#include <beluga/tool.h>

#include <stdbool.h>
#include <stddef.h>

/* Whether a tool may run. */
typedef enum tool_allow {
    TOOL_ASK,    /* when the user says so, at each call */
    TOOL_ALWAYS, /* without a question */
    TOOL_NEVER   /* not at all */
} tool_allow;

typedef struct tool_item {
    beluga_tool *inner;  /* as its source made it */
    beluga_tool *tool;   /* asks, draws, and calls the inner one; what a model gets */
    struct tool_set *set;
    tool_allow allow;
    char *from; /* owned; the place that it is from: "path:line", or a server's name */
} tool_item;

/* Zero-initialise this struct. */
typedef struct tool_set {
    tool_item **items; /* owned */
    size_t count, room;
    struct tool_desk *desk; /* at which calls are asked for and drawn; NULL: neither is done */
} tool_set;

/*
 * Add a tool of a source. A tool of the same name that is there already stays, and this one is
 * refused.
 * @param tool  One reference, taken over, also on failure.
 * @param from  Copied.
 * @return 0, or a code with an error.
 */
int tool_set_add(tool_set *set, beluga_tool *tool, tool_allow allow, const char *from,
                 beluga_error *err);
/* Free all of it, and wait for calls that still run: their contexts must have been cancelled. */
void tool_set_free(tool_set *set);

#endif
