/*
 * The desk lets threads use the terminal, which belongs to the main thread. Tools run on threads of
 * the library. A thread that needs to ask the user or to print calls desk_visit with a function,
 * and waits until the main thread has run this function.
 */
#ifndef BELUGA_CLI_TOOLS_DESK_H
#define BELUGA_CLI_TOOLS_DESK_H

#include <beluga/loop.h>

#include <stdbool.h>

typedef struct tool_desk tool_desk;

/* Make a desk, which is closed at first. @return one reference, or NULL if memory or file
 * descriptors run out. */
tool_desk *desk_new(void);
tool_desk *desk_ref(tool_desk *desk);
void desk_unref(tool_desk *desk);

/* Open or close the desk. Threads that wait when it is closed return without being served. Only the
 * main thread may call these functions. */
void desk_open(tool_desk *desk);
void desk_close(tool_desk *desk);

/* Run a function on the main thread, and wait for its end. @return false if the desk is closed. Any
 * thread except the main thread may call this. */
bool desk_visit(tool_desk *desk, void (*serve)(void *payload), void *payload);

/* Called by a thread at the beginning and at the end of a tool call. */
void desk_begin(tool_desk *desk);
void desk_end(tool_desk *desk);
/* Wait until no tool call is running, but at most a few seconds, since a tool may not notice that
 * its context has ended. */
void desk_settle(tool_desk *desk);

/* Like beluga_loop_wait, but also serves waiting threads. Only the main thread may call this. */
int desk_wait(tool_desk *desk, beluga_loop *loop, int64_t timeout_ms);

#endif
