/* The tools that a command line asks for: each is asked for, drawn and run as the user allows. */
#ifndef BELUGA_CLI_TOOLS_SET_H
#define BELUGA_CLI_TOOLS_SET_H

#include <beluga/mcp.h>
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
    beluga_tool *inner;     /* as its source made it */
    beluga_tool *tool;      /* asks, draws, and calls the inner one; what a model gets */
    struct tool_desk *desk; /* a reference; at which calls are asked for and drawn, or NULL */
    tool_allow allow;
    char *from; /* owned; the place that it is from: "path:line", or a server's name */
} tool_item;

/* Zero-initialise this struct. */
typedef struct tool_set {
    tool_item **items; /* each lives as long as its `tool` */
    size_t count, room;
    beluga_mcp **servers; /* of which tools are in the set; each is a reference */
    size_t n_servers;
    struct tool_desk *desk; /* set before tools are added; NULL: nothing is asked for and drawn */
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
/* Keep a server until the set is freed, which then waits for its end. The reference is taken over,
 * also on failure. Returns 0, or a code with an error. */
int tool_set_keep(tool_set *set, beluga_mcp *server, beluga_error *err);
/* Leave out the tools that may not run. */
void tool_set_drop_forbidden(tool_set *set);
/* Free all of it. A call that still runs keeps what it needs. */
void tool_set_free(tool_set *set);

#endif
