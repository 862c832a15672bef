/*
 * Tools run on threads of the library, and the main thread has the terminal. A thread that wants to
 * ask or show something goes to the desk, and waits there until the main thread has served it.
 */
#ifndef BELUGA_CLI_TOOLS_DESK_H
#define BELUGA_CLI_TOOLS_DESK_H

#include <beluga/loop.h>

#include <stdbool.h>

typedef struct tool_desk tool_desk;

/* @return one reference, or NULL without memory or descriptors. It begins closed. */
tool_desk *desk_new(void);
tool_desk *desk_ref(tool_desk *desk);
void desk_unref(tool_desk *desk);

/* Let threads in, or not. Those that wait at a desk that closes go away unserved. Main thread. */
void desk_open(tool_desk *desk);
void desk_close(tool_desk *desk);

/* Run a function on the main thread, and wait for it. @return false at a closed desk. Any thread
 * but that one. */
bool desk_visit(tool_desk *desk, void (*serve)(void *payload), void *payload);

/* A thread begins a call of a tool, and ends it. */
void desk_begin(tool_desk *desk);
void desk_end(tool_desk *desk);
/* Wait until no call runs, but not for ever: a tool may not notice that its context has ended. */
void desk_settle(tool_desk *desk);

/* Do as beluga_loop_wait, and serve those who come meanwhile. Main thread. */
int desk_wait(tool_desk *desk, beluga_loop *loop, int64_t timeout_ms);

#endif
