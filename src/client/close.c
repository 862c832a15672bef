/* Closing a client: the closing thread waits until it holds the last reference, so it knows that
 * there is no other user. A client that is not closed is freed by the thread that releases the last
 * reference. */
#include "base/clock.h"
#include "base/thread.h"
#include "client/client.h"
#include "telemetry/telemetry.h"

/* ---- waiting for other users */

/* Clear the CLOSING bit. Fails if all other references have been released: the thread that released
 * the last of them is about to signal this thread. */
static bool reopen(beluga_client *client)
{
    unsigned refs = atomic_load(&client->refs);
    while (refs != (BELUGA__CLIENT_CLOSING | 1))
        if (atomic_compare_exchange_weak(&client->refs, &refs, refs & ~BELUGA__CLIENT_CLOSING))
            return true;
    return false;
}

static bool wait_until_last(beluga_client *client, int64_t end_ns)
{
    pthread_mutex_lock(&client->lock);
    while (!client->is_last && beluga__now_ns() < end_ns)
        beluga__wait_until(&client->last, &client->lock, end_ns);
    bool reopened = !client->is_last && reopen(client);
    while (!client->is_last && !reopened) pthread_cond_wait(&client->last, &client->lock);
    pthread_mutex_unlock(&client->lock);
    return !reopened;
}

/* Set an error that says what still holds the client. Work on the client's threads is named
 * separately, since a program's author may not know of it. */
static int tell_held(beluga_client *client, unsigned held, beluga_error *err)
{
    uint32_t busy = 0;
    pthread_mutex_lock(&client->lock);
    if (client->pool) busy = beluga__thread_pool_busy(client->pool);
    pthread_mutex_unlock(&client->lock);
    return beluga_error_set(err, BELUGA_ERROR_TIMEOUT,
                            "the client still has %u reference%s, held by models, loops, streams, "
                            "operations, responses or work on threads (busy threads of the "
                            "client: %u): free these first, and keep the client's allocator until "
                            "then",
                            held, held == 1 ? "" : "s", (unsigned)busy);
}

static int become_last(beluga_client *client, int64_t end_ns, beluga_error *err)
{
    unsigned before = atomic_fetch_or(&client->refs, BELUGA__CLIENT_CLOSING);
    if (before & BELUGA__CLIENT_CLOSING)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "another thread is closing the client");
    if (before == 1) return 0;
    if (wait_until_last(client, end_ns)) return 0;
    unsigned held = atomic_load(&client->refs) - 1;
    return tell_held(client, held, err);
}

/* ---- closing --------------------------------------------------------------------------------- */

/* Return an error if it would be useless to wait: in a forked child, or inside a callback of this
 * client. */
static int check(const beluga_client *client, beluga_error *err)
{
    if (client->generation != beluga__fork_generation())
        return beluga_error_set(
            err, BELUGA_ERROR_FORKED,
            "the client belongs to the parent process, as does some of its memory: close it there");
    if (beluga__inside == &client->runtime)
        return beluga_error_set(
            err, BELUGA_ERROR_RECURSIVE,
            "the client can't be closed inside one of its own callbacks, tools or other work");
    return 0;
}

/* End the telemetry exporter before the client, since the exporter's thread calls the client's log
 * hook. */
static int end_telemetry(beluga_client *client, int64_t end_ns, beluga_error *err)
{
    int64_t left_ms = (end_ns - beluga__now_ns()) / BELUGA__NS_PER_MS;
    if (!client->observer || beluga__telemetry_end(client->observer, left_ms)) return 0;
    client->is_last = false;
    atomic_store(&client->refs, 1);
    return beluga_error_set(err, BELUGA_ERROR_TIMEOUT,
                            "the thread that exports telemetry has not ended yet: keep the "
                            "client's log hook, and close again");
}

int beluga_client_close(beluga_client *client, int64_t timeout_ms, beluga_error *err)
{
    if (!client) return 0;
    int64_t end_ns = beluga__ends_ns(timeout_ms);
    int status = check(client, err);
    if (status) return status;
    bool was_default = beluga__client_leave_default(client);
    status = become_last(client, end_ns, err);
    if (!status) status = end_telemetry(client, end_ns, err);
    if (!status)
        beluga__client_destroy(client);
    else if (was_default)
        beluga__client_resume_default(client);
    return status;
}
