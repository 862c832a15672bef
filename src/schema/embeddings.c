#include "schema/embeddings.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/sum.h"

beluga_embeddings *beluga__embeddings_new(size_t count)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga_embeddings *e = beluga__zalloc(allocator, sizeof *e);
    if (!e) return NULL;
    e->allocator = *allocator;
    beluga__arena_init(&e->arena, &e->allocator, NULL, 0, BELUGA__MAX_CALL_BYTES);
    e->count = count;
    e->usage = (beluga_usage)BELUGA_USAGE_INIT;
    return e;
}

void beluga_embeddings_free(beluga_embeddings *e)
{
    if (!e) return;
    beluga_allocator allocator = e->allocator;
    beluga__release(&allocator, e->values);
    beluga__arena_free(&e->arena);
    beluga__release(&allocator, e);
}

/* --- adding vectors --------------------------------------------------------------------------- */

/* Returns for how many vectors to get memory when vector `index` has arrived: for all, if their
 * number is known. */
static size_t next_room(const beluga_embeddings *e, size_t index)
{
    if (index < e->count) return e->count;
    return index < 2 * e->room ? 2 * e->room : index + 1;
}

/* Allocate memory for the vectors. Their length is known when the first one arrives. */
static int make_room(beluga_embeddings *e, size_t room, size_t dimensions, beluga_error *err)
{
    size_t bytes = dimensions * sizeof(float);
    if (dimensions > BELUGA__MAX_VECTOR_BYTES / sizeof(float) / room)
        return beluga_error_set(
            err, BELUGA_ERROR_LIMIT_EXCEEDED,
            "%zu vectors of %zu numbers have more than %u bytes: embed fewer texts at once", room,
            dimensions, BELUGA__MAX_VECTOR_BYTES);
    float *values = e->values
                        ? beluga__resize(&e->allocator, e->values, e->room * bytes, room * bytes)
                        : beluga__alloc(&e->allocator, room * bytes);
    if (!values)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY,
                                "no memory for %zu vectors of %zu numbers", room, dimensions);
    e->values = values;
    e->room = room;
    e->dimensions = dimensions;
    return 0;
}

int beluga__embeddings_put(beluga_embeddings *e, size_t index, const float *values, size_t n,
                           beluga_error *err)
{
    if (e->values && n != e->dimensions)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE,
                                "the vector of text %zu has %zu numbers, but others have %zu",
                                index, n, e->dimensions);
    int status = index < e->room ? 0 : make_room(e, next_room(e, index), n, err);
    if (status) return status;
    memcpy(e->values + index * n, values, n * sizeof *values);
    if (index >= e->count) e->count = index + 1;
    return 0;
}

static void add_count(int64_t *sum, int64_t count)
{
    if (count >= 0) *sum = *sum < 0 ? count : beluga__add(*sum, count);
}

static int keep_name(beluga_embeddings *e, const char **name, const char *text)
{
    if (*name || !text) return 0;
    *name = beluga__arena_copy(&e->arena, text, strlen(text));
    return *name ? 0 : BELUGA_ERROR_NO_MEMORY;
}

int beluga__embeddings_warn(beluga_embeddings *e, const char *warning)
{
    if (!e->warnings)
        e->warnings = beluga__arena_alloc(&e->arena, BELUGA__MAX_WARNINGS * sizeof *e->warnings);
    if (!e->warnings) return BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < e->n_warnings; i++)
        if (strcmp(e->warnings[i], warning) == 0) return 0;
    if (e->n_warnings == BELUGA__MAX_WARNINGS) return 0;
    const char *copy = beluga__arena_copy(&e->arena, warning, strlen(warning));
    if (!copy) return BELUGA_ERROR_NO_MEMORY;
    e->warnings[e->n_warnings++] = copy;
    return 0;
}

int beluga__embeddings_describe(beluga_embeddings *e, const char *provider, const char *model,
                                const char *request_id, const beluga_usage *usage)
{
    add_count(&e->usage.input_total, usage->input_total);
    add_count(&e->usage.input_cache_read, usage->input_cache_read);
    add_count(&e->usage.output_total, usage->output_total);
    int status = keep_name(e, &e->model, model);
    if (!status) status = keep_name(e, &e->provider, provider);
    return status ? status : keep_name(e, &e->request_id, request_id);
}

/* --- reading ---------------------------------------------------------------------------------- */

size_t beluga_embeddings_count(const beluga_embeddings *e)
{
    return e->count;
}

size_t beluga_embeddings_dimensions(const beluga_embeddings *e)
{
    return e->dimensions;
}

const float *beluga_embeddings_vector(const beluga_embeddings *e, size_t index)
{
    return index < e->count ? e->values + index * e->dimensions : NULL;
}

const beluga_usage *beluga_embeddings_usage(const beluga_embeddings *e)
{
    return &e->usage;
}

const char *beluga_embeddings_model(const beluga_embeddings *e)
{
    return e->model ? e->model : "";
}

const char *beluga_embeddings_provider(const beluga_embeddings *e)
{
    return e->provider ? e->provider : "";
}

const char *beluga_embeddings_request_id(const beluga_embeddings *e)
{
    return e->request_id ? e->request_id : "";
}

const char *beluga_embeddings_warning(const beluga_embeddings *e, size_t index)
{
    return index < e->n_warnings ? e->warnings[index] : NULL;
}
