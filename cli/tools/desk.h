/*
 * The desk lets threads use the terminal, which belongs to the main thread. Tools run on threads of
 * the library. A thread that wants to ask or show something calls desk_visit, and waits until the
 * main thread has run its function.
 */
#ifndef BELUGA_CLI_TOOLS_DESK_H
#define BELUGA_CLI_TOOLS_DESK_H

#include <beluga/loop.h>

#include <stdbool.h>

typedef struct tool_desk tool_desk;

/* @return one reference, or NULL without memory or file descriptors. The desk begins closed. */
tool_desk *desk_new(void);
tool_desk *desk_ref(tool_desk *desk);
void desk_unref(tool_desk *desk);

/* Open or close the desk. Threads that wait when it is closed return without being served. Main
 * thread. */
void desk_open(tool_desk *desk);
void desk_close(tool_desk *desk);

/* Run a function on the main thread, and wait for it. @return false if the desk is closed. Any
 * thread except the main thread. */
bool desk_visit(tool_desk *desk, void (*serve)(void *payload), void *payload);

/* Called by a thread at the beginning and at the end of a tool call. */
void desk_begin(tool_desk *desk);
void desk_end(tool_desk *desk);
/* Wait until no tool call is running, but only for some seconds, since a tool may not notice that
 * its context has ended. */
void desk_settle(tool_desk *desk);

/* Like beluga_loop_wait, but also serves threads. Main thread. */
int desk_wait(tool_desk *desk, beluga_loop *loop, int64_t timeout_ms);

#endif
