/* The default client, and the values that callers without a client take from it. */
#include "client/client.h"

#include <beluga/registry.h>

static pthread_mutex_t default_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(beluga_client *) default_client;

beluga_client *beluga_client_default(void)
{
    beluga_client *made = atomic_load_explicit(&default_client, memory_order_acquire);
    if (made) return made;
    pthread_mutex_lock(&default_lock);
    made = atomic_load_explicit(&default_client, memory_order_relaxed);
    if (!made && beluga_client_new(NULL, &made) == 0)
        atomic_store_explicit(&default_client, made, memory_order_release);
    pthread_mutex_unlock(&default_lock);
    return made;
}

bool beluga__client_leave_default(beluga_client *client)
{
    return atomic_compare_exchange_strong(&default_client, &client, NULL);
}

void beluga__client_resume_default(beluga_client *client)
{
    beluga_client *none = NULL;
    atomic_compare_exchange_strong(&default_client, &none, client);
}

beluga_registry *beluga_registry_default(void)
{
    return beluga_client_registry(beluga_client_default());
}

int beluga_loop_new(beluga_client *client, beluga_loop **out)
{
    *out = NULL;
    if (!client) client = beluga_client_default();
    if (!client) return BELUGA_ERROR_NO_MEMORY;
    beluga__network_loop *loop;
    int status = beluga__network_loop_new(&client->runtime, true, &loop);
    if (status) return status;
    beluga_client_ref(client);
    *out = &loop->base;
    return 0;
}
