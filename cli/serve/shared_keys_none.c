/* A build without libnats refuses keys_from, since the server would otherwise accept no client at
 * all. */
#include "serve/shared_keys.h"

static int refuse(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                            "keys_from: this beluga was built without NATS: install libnats 3.4 or "
                            "later (libnats-dev), and build beluga with -Dqueue=enabled, or put "
                            "the keys into the configuration");
}

int shared_keys_new(const char *where, shared_keys **out, beluga_error *err)
{
    (void)where;
    *out = NULL;
    return refuse(err);
}

int shared_keys_make(const char *where, const char *name, FILE *out, beluga_error *err)
{
    (void)where;
    (void)name;
    (void)out;
    return refuse(err);
}

/* This build has no shared keys, so the functions below do nothing. */
void shared_keys_free(shared_keys *keys)
{
    (void)keys;
}

void shared_keys_wait(shared_keys *keys, int64_t timeout_ms)
{
    (void)keys;
    (void)timeout_ms;
}

int shared_keys_fd(const shared_keys *keys)
{
    (void)keys;
    return -1;
}

void shared_keys_tell(shared_keys *keys)
{
    (void)keys;
}

bool shared_keys_take(shared_keys *keys, serve_settings *settings)
{
    (void)keys;
    (void)settings;
    return false;
}

bool shared_keys_fail(shared_keys *keys)
{
    (void)keys;
    return false;
}

void shared_keys_again(shared_keys *keys)
{
    (void)keys;
}
