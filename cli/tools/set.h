/* The tools of a command line. Before a call runs, the user is asked whether it may run, unless
 * this is already decided; the call and its result are drawn on the terminal. */
#ifndef BELUGA_CLI_TOOLS_SET_H
#define BELUGA_CLI_TOOLS_SET_H

#include <beluga/mcp.h>
#include <beluga/tool.h>

#include <stdbool.h>
#include <stddef.h>

/* The permission to run a tool. */
typedef enum tool_allow {
    TOOL_ASK,    /* ask the user before each call */
    TOOL_ALWAYS, /* run without asking */
    TOOL_NEVER   /* never */
} tool_allow;

typedef struct tool_item {
    beluga_tool *inner;     /* the tool that its source has made */
    beluga_tool *tool;      /* the tool that the model gets: asks, draws, and calls the inner one */
    struct tool_desk *desk; /* owned reference to the desk through which the user is asked and calls
                             * are drawn; NULL: neither is done */
    tool_allow allow;
    char *from; /* owned; where the tool is defined: "path:line", or the name of a server */
} tool_item;

/* Zero-initialise this struct. */
typedef struct tool_set {
    tool_item **items; /* each item lives as long as its `tool` */
    size_t count, room;
    beluga_mcp **servers; /* owned references to the servers that have tools in the set */
    size_t n_servers;
    /* set before tools are added; NULL: the user is not asked, and calls are not drawn */
    struct tool_desk *desk;
} tool_set;

/*
 * Add a tool of a source. If the set already has a tool with this name from another place, the new
 * tool is refused.
 * @param tool  One reference, which the function takes over, even on failure.
 * @param from  Copied.
 * @return 0, or a code with an error.
 */
int tool_set_add(tool_set *set, beluga_tool *tool, tool_allow allow, const char *from,
                 beluga_error *err);
/* Keep a server until the set is freed; tool_set_free then waits until the server has ended. The
 * function takes over the reference, even on failure. Returns 0, or a code with an error. */
int tool_set_keep(tool_set *set, beluga_mcp *server, beluga_error *err);
/* Remove the tools that may never run. */
void tool_set_drop_forbidden(tool_set *set);
/* Free the set. A call that still runs has references to everything that it needs. */
void tool_set_free(tool_set *set);

#endif
