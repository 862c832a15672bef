/**
 * @file loop.h
 * The non-blocking interface, for a program that has an event loop of its own.
 *
 *     beluga_loop_new(NULL, &loop);
 *     watch beluga_loop_fd(loop) for reading;      // epoll, libuv, kqueue's or glib's way
 *     whenever it is readable: beluga_loop_step(loop);
 *
 * Nothing else is needed: timers make the descriptor readable, too. Callbacks come only from
 * beluga_loop_step and beluga_loop_wait. A loop is used by one thread at a time; several loops on
 * several threads share nothing.
 */
#ifndef BELUGA_LOOP_H
#define BELUGA_LOOP_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/**
 * Make a loop.
 *
 * @param client  Shared; NULL for the default one.
 * @param out     Owned (beluga_loop_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_LIMIT_EXCEEDED if the process can't open more
 * descriptors.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_loop_new(beluga_client *client, beluga_loop **out);

/**
 * Free a loop; NULL does nothing. Calls that still run on it are ended without a callback. In a
 * forked child the parent's loop is left alone.
 *
 * Threads: one at a time, and not from a callback of the loop.
 */
BELUGA_API void beluga_loop_free(beluga_loop *loop);

/**
 * Return the descriptor to watch for reading. It stays the same and belongs to the loop, which from
 * then on keeps it readable as long as there is work. Since that costs system calls, a program that
 * only uses beluga_loop_wait should not call this function.
 *
 * Threads: any, until the loop is freed. Blocks: never.
 */
BELUGA_API int beluga_loop_fd(beluga_loop *loop);

/**
 * Do the work that is due, at most 64 socket events or 256 KiB of bodies. If work is left, the
 * descriptor stays readable. When a step is more than a second late, the timeouts of calls do not
 * count that time. Bytes that arrived in that time are read before a timeout fails their call.
 *
 * @return 0; BELUGA_ERROR_RECURSIVE if the caller is a callback of the loop; BELUGA_ERROR_FORKED if
 * the loop belongs to the parent process.
 *
 * Threads: one at a time. Blocks: never.
 */
BELUGA_API int beluga_loop_step(beluga_loop *loop);

/**
 * Return the milliseconds until a step may be due: 0: now; -1: no timer runs, so wait for the
 * descriptor. A program that polls needs this function; one that watches the descriptor does not.
 *
 * Threads: one at a time.
 */
BELUGA_API int64_t beluga_loop_timeout_ms(beluga_loop *loop);

/**
 * Wait until a step is due, then do it; for programs without an event loop of their own.
 *
 * @param timeout_ms  Longest wait in milliseconds; -1: no limit.
 * @return as beluga_loop_step; 0 also when timeout_ms has passed.
 *
 * Threads: one at a time. Blocks: at most timeout_ms.
 */
BELUGA_API int beluga_loop_wait(beluga_loop *loop, int64_t timeout_ms);

/**
 * Return the number of calls and tool loops that run on the loop, plus the requests that inform a
 * service about a cancelled call (encode_cancel in provider/provider.h). Threads: one at a time.
 */
BELUGA_API size_t beluga_loop_active(const beluga_loop *loop);

/**
 * Cancel the calls on the loop that only wait: for their turn under a limit, such as
 * `requests_per_minute`, or for the time of another attempt after a failure. They end with
 * BELUGA_ERROR_CONTEXT_CANCELED in the loop's next step. All other calls go on: those whose request
 * is under way, the later steps of a tool loop, and the parts of a list of texts that is embedded
 * in several requests, since something of these may be paid for.
 *
 * This is for a program that wants to end soon and keep what it pays for. A call that fails later
 * may wait again, so call this function again after each step, until beluga_loop_active is 0.
 *
 * @return the number of calls that were cancelled. In a forked child 0, for the parent's loop.
 *
 * Threads: one at a time, and not from a callback of the loop. Blocks: never. Since: 0.1
 */
BELUGA_API size_t beluga_loop_cancel_waiting(beluga_loop *loop);

BELUGA_END_DECLS
#endif
