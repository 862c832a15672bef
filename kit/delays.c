#include "kit/delays.h"

#include "kit/watch.h"

#include <beluga/provider/plugin.h>

#include <pthread.h>
#include <string.h>

static struct {
    const beluga_plugin_host *real;
    beluga_plugin_host table;
    pthread_mutex_t lock;
    check_delay asked[CHECK_MAX_DELAYS];
    size_t n;
} delays = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep(const char *token, int64_t delay_ms)
{
    size_t length = token ? strlen(token) : 0;
    bool is_long = length >= CHECK_TOKEN_BYTES;
    const char *end = is_long ? token + length - CHECK_TOKEN_BYTES + 1 : token;
    pthread_mutex_lock(&delays.lock);
    if (end && delays.n < CHECK_MAX_DELAYS) {
        check_delay *a = &delays.asked[delays.n++];
        memcpy(a->token, end, strlen(end) + 1);
        a->delay_ms = delay_ms;
    }
    pthread_mutex_unlock(&delays.lock);
}

static int next_request(beluga_emit *emit, const char *token, int64_t delay_ms)
{
    keep(token, delay_ms);
    return delays.real->beluga_emit_next_request(emit, token, 0);
}

/* Plug-ins in other languages look the library's functions up by name. */
static beluga_function find(const char *name)
{
    if (strcmp(name, "beluga_emit_next_request") == 0) return (beluga_function)next_request;
    return delays.real->find(name);
}

void check_delays_play(const char *file)
{
    const beluga_plugin *plugin = file ? watch_find(file) : NULL;
    if (!plugin || !plugin->host || !*plugin->host || *plugin->host == &delays.table) return;
    if ((*plugin->host)->size < sizeof delays.table) return;
    delays.real = *plugin->host;
    delays.table = *delays.real;
    delays.table.beluga_emit_next_request = next_request;
    delays.table.find = find;
    *plugin->host = &delays.table;
}

size_t check_delays_take(check_delay *out)
{
    pthread_mutex_lock(&delays.lock);
    size_t n = delays.n;
    memcpy(out, delays.asked, n * sizeof *out);
    delays.n = 0;
    pthread_mutex_unlock(&delays.lock);
    return n;
}
