#include "options/copy.h"

#include "base/limits.h"

#include <beluga/error.h>

#include <string.h>

static int copy_text(beluga__arena *arena, beluga_option *o)
{
    bool text = o->type == BELUGA_OPTION_STRING || o->type == BELUGA_OPTION_LIST;
    if (!text || !o->value.string) return 0;
    o->value.string = beluga__arena_copy(arena, o->value.string, o->length);
    return o->value.string ? 0 : BELUGA_ERROR_NO_MEMORY;
}

int beluga__options_copy(beluga__options *options, const beluga_allocator *allocator,
                         const beluga_option *opts, size_t n)
{
    size_t count = 0;
    beluga__arena_init(&options->arena, allocator, NULL, 0, BELUGA__MAX_CALL_BYTES);
    options->arena.secret = true; /* an option may be a header with a secret */
    options->opts = NULL;
    options->n = 0;
    while (opts && count < n && opts[count].key != BELUGA_OPTION_END) count++;
    if (!count) return 0;
    options->opts = beluga__arena_alloc(&options->arena, count * sizeof *opts);
    if (!options->opts) return BELUGA_ERROR_NO_MEMORY;
    memcpy(options->opts, opts, count * sizeof *opts);
    options->n = count;
    int status = 0;
    for (size_t i = 0; i < count && !status; i++)
        status = copy_text(&options->arena, &options->opts[i]);
    return status;
}

void beluga__options_free(beluga__options *options)
{
    if (options->arena.allocator) beluga__arena_free(&options->arena);
}

void beluga__options_int(const beluga__options *options, int key, int64_t *value)
{
    const beluga_option_info *info = beluga_option_get_info(key);
    for (size_t i = 0; i < options->n; i++) {
        const beluga_option *o = &options->opts[i];
        bool fits =
            (double)o->value.integer >= info->minimum && (double)o->value.integer <= info->maximum;
        if (o->key == key && o->type == info->type && fits) *value = o->value.integer;
    }
}
