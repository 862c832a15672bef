/* JSON Merge Patch (RFC 7396): a patch that is an object is merged member by member. A null in the
 * patch removes a member, any other value replaces it. */
#include "base/json.h"

typedef struct merging {
    beluga_json_writer w;
    beluga__json_scratch target, patch;
} merging;

static void copy(merging *m, beluga__json_scratch *from, const char *key, const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga__json_scratch_text(from, value, &n);
    if (text)
        beluga_json_put_raw(&m->w, key, text, n);
    else if (!m->w.status)
        m->w.status = BELUGA_ERROR_NO_MEMORY;
}

static const beluga_json *member(const beluga_json *object, const char *key)
{
    return beluga_json_is_object(object) ? beluga_json_get(object, key) : NULL;
}

/* Recursion is limited, since the parser limits how deep JSON nests. */
static void merge(merging *m, const char *key, const beluga_json *target, const beluga_json *patch)
{
    if (!beluga_json_is_object(patch)) {
        copy(m, &m->patch, key, patch);
        return;
    }
    beluga_json_begin_object(&m->w, key);
    const beluga_json *first = beluga_json_is_object(target) ? beluga_json_first(target) : NULL;
    for (const beluga_json *v = first; v; v = beluga_json_next(target, v)) {
        const char *name = beluga_json_key(v, NULL);
        const beluga_json *change = member(patch, name);
        if (!change)
            copy(m, &m->target, name, v);
        else if (!beluga_json_is_null(change))
            merge(m, name, v, change);
    }
    for (const beluga_json *v = beluga_json_first(patch); v; v = beluga_json_next(patch, v)) {
        const char *name = beluga_json_key(v, NULL);
        if (!beluga_json_is_null(v) && !member(target, name)) merge(m, name, NULL, v);
    }
    beluga_json_end_object(&m->w);
}

int beluga__json_merge(beluga__buf *out, const char *text, size_t length, const char *patch,
                       size_t patch_length)
{
    merging m;
    const beluga_json *target_root, *patch_root;
    beluga__json_writer_init(&m.w, out);
    beluga__json_scratch_init(&m.target, out->allocator);
    beluga__json_scratch_init(&m.patch, out->allocator);
    int status = beluga__json_scratch_parse(&m.target, text, length, &target_root, NULL);
    if (!status)
        status = beluga__json_scratch_parse(&m.patch, patch, patch_length, &patch_root, NULL);
    if (!status) {
        merge(&m, NULL, target_root, patch_root);
        status = beluga__json_writer_status(&m.w);
    }
    beluga__json_scratch_free(&m.target);
    beluga__json_scratch_free(&m.patch);
    return status;
}
