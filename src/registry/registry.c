#include "registry/registry.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/sized.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef struct entry {
    /* The provider's table. If the registered table or its batch table is shorter than the one that
     * this library knows, this is a copy of full length. */
    const beluga_provider *provider;
    const beluga_provider *given; /* the table as it was registered, which may be shorter */
    const char *file;             /* file of the provider's plug-in, or NULL */
    bool builtin;
} entry;

struct beluga_registry {
    beluga__runtime *runtime;
    const beluga_plugin_host *host;
    pthread_rwlock_t lock;
    entry *entries; /* sorted by name */
    size_t count, capacity;
    beluga__arena arena; /* contains copies of short tables in full length, and names of files */
};

static _Atomic(beluga_provider_node *) linked;

void beluga_provider_link(beluga_provider_node *node)
{
    node->next = atomic_load(&linked);
    while (!atomic_compare_exchange_weak(&linked, &node->next, node)) {
    }
}

/* --- checking a table ------------------------------------------------------------------------- */

int beluga__provider_name_check(const char *name, int code, beluga_error *err)
{
    size_t n = name ? strlen(name) : 0;
    if (n >= 1 && n <= BELUGA__MAX_PROVIDER_NAME &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n)
        return 0;
    return beluga_error_set(
        err, code, "a provider's name must be 1 to %d characters of a-z 0-9 _ - (is \"%.60s\")",
        BELUGA__MAX_PROVIDER_NAME, name ? name : "");
}

/* The smallest size of a batch table. */
enum { BATCH_MIN_SIZE = offsetof(beluga_batch_api, creates_job) };

/* Returns a copy of a provider's table. Fields that did not exist when the provider was compiled
 * are zero. */
static beluga_provider whole(const beluga_provider *given)
{
    beluga_provider p;
    beluga__sized_read(&p, given, BELUGA_PROVIDER_MIN_SIZE, false);
    p.size = sizeof p;
    return p;
}

static beluga_batch_api whole_batch(const beluga_batch_api *given)
{
    beluga_batch_api api;
    beluga__sized_read(&api, given, BATCH_MIN_SIZE, false);
    api.size = sizeof api;
    return api;
}

/* Returns what is missing in a table for batch jobs, or NULL. */
static const char *missing_in_batch(const beluga_batch_api *given)
{
    if (given->size < BATCH_MIN_SIZE) return "its batch table is too short: set its size";
    beluga_batch_api api = whole_batch(given);
    if (!api.put_request) return "put_request is missing in its batch table";
    if (!api.encode_create) return "encode_create is missing in its batch table";
    if (!api.encode_get) return "encode_get is missing in its batch table";
    if (!api.encode_list) return "encode_list is missing in its batch table";
    if (!api.encode_cancel) return "encode_cancel is missing in its batch table";
    if (!api.encode_results) return "encode_results is missing in its batch table";
    if (!api.decode_job) return "decode_job is missing in its batch table";
    if (!api.decode_result) return "decode_result is missing in its batch table";
    if (api.state_size > BELUGA__MAX_STATE_BYTES)
        return "state_size is over 64 KiB in its batch table";
    return NULL;
}

static const char *missing_slot(const beluga_provider *p)
{
    bool full = p->start || p->cancel,
         http = p->encode_request || p->decode_response || p->decode_event;
    if (full && http)
        return "it has functions of both kinds of providers, HTTP and full: choose one";
    if (full && p->batch) return "its batch table needs the functions of an HTTP provider";
    if (full) return !p->start ? "start is missing" : !p->cancel ? "cancel is missing" : NULL;
    if (!p->encode_request) return "encode_request is missing (or start and cancel)";
    if (!p->decode_response && !p->decode_event)
        return "decode_response or decode_event is missing";
    if (p->framing == BELUGA_FRAMING_OWN && p->decode_event && !p->cut)
        return "cut is missing, which BELUGA_FRAMING_OWN needs";
    if (!p->encode_list_models != !p->decode_list_models)
        return "encode_list_models and decode_list_models need each other";
    if (!p->encode_embed != !p->decode_embed)
        return "encode_embed and decode_embed need each other";
    if (!p->encode_count != !p->decode_count)
        return "encode_count and decode_count need each other";
    if (p->state_size > BELUGA__MAX_STATE_BYTES) return "state_size is over 64 KiB";
    if (p->batch && !p->decode_response) return "its batch table needs decode_response, too";
    return p->batch ? missing_in_batch(p->batch) : NULL;
}

/* Check the version and size of a table. The other fields may be read only after this. */
static int check_abi(const beluga_provider *p, beluga_error *err)
{
    if (!p) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no provider was given");
    if (p->abi != BELUGA_PROVIDER_ABI)
        return beluga_error_set(
            err, BELUGA_ERROR_PLUGIN_ABI,
            "the provider was built for ABI version %u, but this library has %d: the %s is older",
            p->abi, BELUGA_PROVIDER_ABI, p->abi < BELUGA_PROVIDER_ABI ? "provider" : "library");
    if (p->size < BELUGA_PROVIDER_MIN_SIZE)
        return beluga_error_set(
            err, BELUGA_ERROR_PLUGIN_ABI,
            "the provider's table has %zu bytes, but at least %zu are needed: set its size",
            p->size, (size_t)BELUGA_PROVIDER_MIN_SIZE);
    return 0;
}

static int check_table(const beluga_provider *given, beluga_error *err)
{
    int status = check_abi(given, err);
    if (status) return status;
    beluga_provider p = whole(given);
    status = beluga__provider_name_check(p.name, BELUGA_ERROR_INVALID_INPUT, err);
    if (status) return status;
    const char *missing = missing_slot(&p);
    if (missing)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "provider '%s': %s", p.name,
                                missing);
    return 0;
}

const char *beluga_capability_name(uint64_t capability)
{
    static const char *const names[] = {"stream", "tools",  "parallel_tools", "reasoning", "images",
                                        "audio",  "files",  "schema",         "cache",     "models",
                                        "local",  "no_key", "embed",          "count"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (capability == (uint64_t)1 << i) return names[i];
    return NULL;
}

/* --- the sorted list -------------------------------------------------------------------------- */

/* Returns the index of the name, or the index where it would be inserted. */
static size_t position(const beluga_registry *r, const char *name, bool *found)
{
    size_t low = 0, high = r->count;
    *found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(r->entries[middle].provider->name, name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int grow(beluga_registry *r)
{
    if (r->count < r->capacity) return 0;
    size_t capacity = r->capacity ? 2 * r->capacity : 16;
    entry *more = beluga__resize(&r->runtime->allocator, r->entries, r->capacity * sizeof *more,
                                 capacity * sizeof *more);
    if (!more) return BELUGA_ERROR_NO_MEMORY;
    r->entries = more;
    r->capacity = capacity;
    return 0;
}

static const beluga_batch_api *lengthen_batch(beluga_registry *r, const beluga_batch_api *given)
{
    if (given->size >= sizeof *given) return given;
    beluga_batch_api *copy = beluga__arena_alloc(&r->arena, sizeof *copy);
    if (copy) *copy = whole_batch(given);
    return copy;
}

/* Returns the table itself if it has the full length, else a copy of full length, so that no code
 * reads past its end. Returns NULL if memory is exhausted. */
static const beluga_provider *lengthen(beluga_registry *r, const beluga_provider *given)
{
    beluga_provider p = whole(given);
    if (p.batch && !(p.batch = lengthen_batch(r, p.batch))) return NULL;
    if (given->size >= sizeof *given && given->batch == p.batch) return given;
    beluga_provider *copy = beluga__arena_alloc(&r->arena, sizeof *copy);
    if (copy) *copy = p;
    return copy;
}

static int refuse_name(const beluga_registry *r, size_t at, beluga_error *err)
{
    const entry *there = &r->entries[at];
    if (there->file)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "a provider named '%s' is registered already, by %s",
                                there->provider->name, there->file);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "a provider named '%s' is registered already%s", there->provider->name,
                            there->builtin ? ": it is built in" : "");
}

/* Insert a table, unless it is registered already; *added says whether it was inserted. The caller
 * holds the lock. */
static int insert(beluga_registry *r, const beluga_provider *given, bool *added, beluga_error *err)
{
    bool found;
    size_t at = position(r, given->name, &found);
    *added = false;
    if (found && r->entries[at].given == given) return 0;
    if (found) return refuse_name(r, at, err);
    const beluga_provider *provider = grow(r) ? NULL : lengthen(r, given);
    if (!provider)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the registry");
    memmove(r->entries + at + 1, r->entries + at, (r->count - at) * sizeof *r->entries);
    r->entries[at] = (entry){.provider = provider, .given = given};
    r->count++;
    *added = true;
    return 0;
}

/* Remove a table. The caller holds the lock. */
static void take_out(beluga_registry *r, const beluga_provider *given)
{
    bool found;
    size_t at = position(r, given->name, &found);
    if (!found) return;
    r->count--;
    memmove(r->entries + at, r->entries + at + 1, (r->count - at) * sizeof *r->entries);
}

int beluga_registry_register(beluga_registry *registry, const beluga_provider *provider,
                             beluga_error *err)
{
    bool added;
    int status = check_table(provider, err);
    if (status) return status;
    pthread_rwlock_wrlock(&registry->lock);
    status = insert(registry, provider, &added, err);
    pthread_rwlock_unlock(&registry->lock);
    return status;
}

int beluga__registry_check(beluga_registry *registry, const beluga_provider *const *providers,
                           beluga_error *err)
{
    int status = 0;
    for (; *providers && !status; providers++) {
        bool found;
        status = check_table(*providers, err);
        if (status) break;
        pthread_rwlock_rdlock(&registry->lock);
        size_t at = position(registry, (*providers)->name, &found);
        if (found && registry->entries[at].given != *providers)
            status = refuse_name(registry, at, err);
        pthread_rwlock_unlock(&registry->lock);
    }
    return status;
}

/* Record the file of a plug-in's new tables; bit i of `added` is set if table i is new. The caller
 * holds the lock. */
static int set_file(beluga_registry *r, const beluga_provider *const *providers, uint64_t added,
                    const char *file, beluga_error *err)
{
    const char *name = added ? beluga__arena_copy(&r->arena, file, strlen(file)) : "";
    if (!name) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the registry");
    for (size_t i = 0; providers[i]; i++) {
        bool found;
        size_t at = position(r, providers[i]->name, &found);
        if (added >> i & 1) r->entries[at].file = name;
    }
    return 0;
}

int beluga__registry_add(beluga_registry *registry, const beluga_provider *const *providers,
                         const char *file, beluga_error *err)
{
    uint64_t added = 0;
    int status = 0;
    pthread_rwlock_wrlock(&registry->lock);
    for (size_t i = 0; providers[i] && !status; i++) {
        bool new;
        status = insert(registry, providers[i], &new, err);
        if (!status) added |= (uint64_t)new << i;
    }
    if (!status) status = set_file(registry, providers, added, file, err);
    for (size_t i = 0; status && providers[i]; i++)
        if (added >> i & 1) take_out(registry, providers[i]);
    pthread_rwlock_unlock(&registry->lock);
    return status;
}

static entry find_entry(const beluga_registry *registry, const char *name)
{
    /* the cast removes const only for locking */
    beluga_registry *r = (beluga_registry *)(uintptr_t)registry;
    bool found = false;
    if (!name) return (entry){0};
    pthread_rwlock_rdlock(&r->lock);
    size_t at = position(r, name, &found);
    entry there = found ? r->entries[at] : (entry){0};
    pthread_rwlock_unlock(&r->lock);
    return there;
}

const beluga_provider *beluga_registry_get(const beluga_registry *registry, const char *name)
{
    return find_entry(registry, name).provider;
}

const char *beluga_registry_plugin_file(const beluga_registry *registry, const char *name)
{
    return find_entry(registry, name).file;
}

beluga__provider_origin beluga__registry_origin(const beluga_registry *registry,
                                                const beluga_provider *provider)
{
    entry there = find_entry(registry, provider->name);
    if (there.provider != provider) return (beluga__provider_origin){.given = provider};
    return (beluga__provider_origin){there.given, there.file, there.builtin};
}

bool beluga_registry_contains(const beluga_registry *registry, const char *name)
{
    return beluga_registry_get(registry, name) != NULL;
}

size_t beluga_registry_list(const beluga_registry *registry, const char **names, size_t n)
{
    beluga_registry *r = (beluga_registry *)(uintptr_t)registry;
    pthread_rwlock_rdlock(&r->lock);
    size_t count = r->count;
    for (size_t i = 0; names && i < count && i < n; i++) names[i] = r->entries[i].provider->name;
    pthread_rwlock_unlock(&r->lock);
    return count;
}

/* Returns the name that is most similar to `name`, or NULL if more than two letters differ. */
static const char *nearest(const char *const *names, size_t count, const char *name)
{
    unsigned best = 3;
    const char *found = NULL;
    for (size_t i = 0; name && i < count; i++) {
        unsigned distance = beluga__text_distance(name, names[i], 2);
        if (distance < best && distance < strlen(name)) best = distance, found = names[i];
    }
    return found;
}

void beluga__registry_hint(const beluga_registry *registry, const char *name, char *buffer,
                           size_t n)
{
    enum { MOST = BELUGA__MAX_SHOWN_PROVIDERS, ROOM = sizeof " and 1234 more" };
    const char *names[MOST];
    size_t count = beluga_registry_list(registry, names, MOST), at, i = 0;
    size_t known = count < MOST ? count : MOST;
    const char *near = nearest(names, known, name);
    at = near ? (size_t)snprintf(buffer, n, "did you mean %s? ", near) : 0;
    at += (size_t)snprintf(buffer + at, n - at, "there are");
    for (; i < known && at + 2 + strlen(names[i]) + ROOM < n; i++)
        at += (size_t)snprintf(buffer + at, n - at, "%s%s", i ? ", " : " ", names[i]);
    if (i < count) snprintf(buffer + at, n - at, " and %zu more", count - i);
}

/* --- making and freeing ----------------------------------------------------------------------- */

int beluga__registry_new(beluga__runtime *runtime, const beluga__registry_stock *stock,
                         beluga_registry **out)
{
    beluga_registry *r = beluga__zalloc(&runtime->allocator, sizeof *r);
    *out = NULL;
    if (!r) return BELUGA_ERROR_NO_MEMORY;
    r->runtime = runtime;
    r->host = stock->host;
    pthread_rwlock_init(&r->lock, NULL);
    beluga__arena_init(&r->arena, &runtime->allocator, NULL, 0, BELUGA__MAX_REGISTRY_BYTES);
    const beluga_provider *builtin;
    int status = 0;
    for (size_t i = 0; !status && (builtin = stock->builtin(i)); i++)
        status = beluga_registry_register(r, builtin, NULL);
    for (size_t i = 0; i < r->count; i++) r->entries[i].builtin = true;
    /* an invalid table of a provider that was linked into the program is ignored, so that the
     * program can start */
    for (beluga_provider_node *n = atomic_load(&linked); n && status != BELUGA_ERROR_NO_MEMORY;
         n = n->next)
        status = beluga_registry_register(r, n->provider, NULL);
    if (status == BELUGA_ERROR_NO_MEMORY) {
        beluga__registry_free(r);
        return status;
    }
    *out = r;
    return 0;
}

void beluga__registry_free(beluga_registry *registry)
{
    if (!registry) return;
    const beluga_allocator *allocator = &registry->runtime->allocator;
    pthread_rwlock_destroy(&registry->lock);
    beluga__release(allocator, registry->entries);
    beluga__arena_free(&registry->arena);
    beluga__release(allocator, registry);
}

beluga__runtime *beluga__registry_runtime(beluga_registry *registry)
{
    return registry->runtime;
}

const beluga_plugin_host *beluga__registry_host(const beluga_registry *registry)
{
    return registry->host;
}

int beluga__registry_find(beluga_registry *registry, const char *name, const beluga_provider **out,
                          beluga_error *err)
{
    char hint[256];
    *out = beluga_registry_get(registry, name);
    if (*out) return 0;
    beluga__registry_hint(registry, name, hint, sizeof hint);
    if (!name)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "the provider's name is missing; %s", hint);
    return beluga_error_set(err, BELUGA_ERROR_UNSUPPORTED_PROVIDER,
                            "no provider is named '%.60s'; %s", name, hint);
}
