/**
 * @file loop.h
 * The non-blocking core, for a host that has an event loop of its own.
 *
 *     beluga_loop_new(NULL, &loop);
 *     watch beluga_loop_fd(loop) for reading;      // epoll, libuv, kqueue's or glib's way
 *     whenever it is readable: beluga_loop_step(loop);
 *
 * No more is needed: timers make the descriptor readable too. Callbacks come only from
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
 * @return 0; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_LIMIT_EXCEEDED no descriptors are left.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_loop_new(beluga_client *client, beluga_loop **out);

/**
 * Free a loop; NULL does nothing. Calls that still run on it end silently: no callback comes. In a
 * forked child the parent's loop is left alone.
 *
 * Threads: one at a time, and not from a callback of the loop.
 */
BELUGA_API void beluga_loop_free(beluga_loop *loop);

/**
 * Return the descriptor to watch for reading. It stays the same and belongs to the loop, which
 * keeps it readable from now on as long as there is work. That costs system calls, so a program
 * that only waits (beluga_loop_wait) does not ask for it.
 *
 * Threads: any, while the loop is not freed. Blocks: never.
 */
BELUGA_API int beluga_loop_fd(beluga_loop *loop);

/**
 * Do the work that is due, at most 64 socket events or 256 KiB of bodies; the descriptor is
 * readable again when more is left. When a step comes more than a second late, the timeouts of
 * calls leave that time out. Bytes that came meanwhile are read before a timeout fails their call.
 *
 * @return 0; BELUGA_ERROR_RECURSIVE the caller is a callback of the loop; BELUGA_ERROR_FORKED the
 * loop is the parent process's.
 *
 * Threads: one at a time. Blocks: never.
 */
BELUGA_API int beluga_loop_step(beluga_loop *loop);

/**
 * Return the milliseconds until a step may be due: 0 now, -1 only the descriptor tells. A host that
 * polls needs it; one that watches the descriptor does not.
 *
 * Threads: one at a time.
 */
BELUGA_API int64_t beluga_loop_timeout_ms(beluga_loop *loop);

/**
 * Wait until a step is due, and step: for programs without a loop of their own.
 *
 * @param timeout_ms  Longest wait; -1 for ever.
 * @return as beluga_loop_step, also when the time passed.
 *
 * Threads: one at a time. Blocks: at most timeout_ms.
 */
BELUGA_API int beluga_loop_wait(beluga_loop *loop, int64_t timeout_ms);

/**
 * Return the number of calls and tool loops that run on it, and of requests that tell a service
 * that its call is over (encode_cancel in provider/provider.h). Threads: one at a time.
 */
BELUGA_API size_t beluga_loop_active(const beluga_loop *loop);

BELUGA_END_DECLS
#endif
