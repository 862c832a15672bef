#include "options/settings.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

/* The maximum number of chains: one for each LIST option, and one for the providers' own
 * options. */
#define IS_LIST(key, name, type, ...) +(BELUGA_OPTION_##type == BELUGA_OPTION_LIST)
enum { MAX_CHAINS = 1 BELUGA_OPTION_MAP(IS_LIST) };
#undef IS_LIST

/* The items of a list that is being extended. */
typedef struct chain {
    int key;
    bool fresh; /* the current beluga__settings_apply made all items and may change them */
    beluga__item **end;
} chain;

/* The state of applying one list of options. The old items of a list are copied before the first
 * new item is appended. */
typedef struct applying {
    beluga__settings *settings;
    beluga__arena *arena;
    beluga_origin origin;
    chain chains[MAX_CHAINS];
} applying;

static bool is_integer(int type)
{
    return type == BELUGA_OPTION_BOOL || type == BELUGA_OPTION_INT ||
           type == BELUGA_OPTION_DURATION || type == BELUGA_OPTION_ENUM;
}

static bool is_text(int type)
{
    return type == BELUGA_OPTION_STRING || type == BELUGA_OPTION_LIST;
}

static bool converts(int given, int wanted)
{
    if (given == wanted || (is_text(given) && is_text(wanted))) return true;
    return given == BELUGA_OPTION_INT && (is_integer(wanted) || wanted == BELUGA_OPTION_DOUBLE);
}

/* --- single values ---------------------------------------------------------------------------- */

static void mark_wrong(beluga__setting *slot, int64_t what, beluga_origin origin)
{
    *slot = (beluga__setting){.type = BELUGA__SETTING_WRONG, .origin = (uint8_t)origin};
    slot->value.integer = what;
}

static int set_value(applying *a, beluga__setting *slot, const beluga_option *o, int wanted)
{
    beluga__setting made = {.type = (uint8_t)wanted, .origin = (uint8_t)a->origin};
    if (wanted == BELUGA_OPTION_DOUBLE && o->type == BELUGA_OPTION_INT)
        made.value.number = (double)o->value.integer;
    else if (wanted == BELUGA_OPTION_DOUBLE)
        made.value.number = o->value.number;
    else if (wanted == BELUGA_OPTION_POINTER)
        made.value.pointer = o->value.pointer;
    else if (!is_text(wanted))
        made.value.integer = o->value.integer;
    else if (!(made.value.string = beluga__arena_copy(a->arena, o->value.string, o->length)))
        return BELUGA_ERROR_NO_MEMORY;
    else
        made.length = (uint32_t)o->length;
    *slot = made;
    return 0;
}

/* --- lists ------------------------------------------------------------------------------------ */

static beluga__item *copy_item(beluga__arena *arena, const beluga__item *from)
{
    beluga__item *item = beluga__arena_alloc(arena, sizeof *item);
    if (!item) return NULL;
    *item = *from;
    item->next = NULL;
    return item;
}

/* Give a slot a chain of its own, since the chain that it has may be shared and must not change. If
 * `keep` is set, the new chain begins with copies of the old items. */
static int own_chain(applying *a, chain *list, bool keep)
{
    beluga__setting *slot = &a->settings->known[list->key];
    const beluga__item *old = keep && slot->type == BELUGA_OPTION_LIST ? slot->value.items : NULL;
    beluga__item *first = NULL, **end = &first;
    for (; old; old = old->next) {
        *end = copy_item(a->arena, old);
        if (!*end) return BELUGA_ERROR_NO_MEMORY;
        end = &(*end)->next;
    }
    *slot = (beluga__setting){.type = BELUGA_OPTION_LIST, .origin = (uint8_t)a->origin};
    slot->value.items = first;
    list->end = first ? end : &slot->value.items;
    list->fresh = true;
    return 0;
}

static chain *chain_of(applying *a, int key)
{
    chain *list = a->chains;
    while (list->key && list->key != key) list++;
    list->key = key;
    return list;
}

static int fill_item(applying *a, beluga__item *item, const beluga_option *o)
{
    item->origin = (uint8_t)a->origin;
    item->type = (uint8_t)(is_text(o->type) ? BELUGA_OPTION_STRING : o->type);
    item->length = is_text(o->type) ? o->length : 0;
    if (o->type == BELUGA_OPTION_DOUBLE)
        item->value.number = o->value.number;
    else if (!is_text(o->type))
        item->value.integer = o->value.integer;
    else if (!(item->value.string = beluga__arena_copy(a->arena, o->value.string, o->length)))
        return BELUGA_ERROR_NO_MEMORY;
    return 0;
}

static int append_item(applying *a, chain *list, const char *name, const beluga_option *o)
{
    beluga__item *item = beluga__arena_zalloc(a->arena, sizeof *item);
    if (!item) return BELUGA_ERROR_NO_MEMORY;
    item->name = name;
    int status = fill_item(a, item, o);
    if (status) return status;
    *list->end = item;
    list->end = &item->next;
    return 0;
}

static int add_to_list(applying *a, const beluga_option *o)
{
    chain *list = chain_of(a, o->key);
    const beluga__setting *slot = &a->settings->known[o->key];
    if (slot->origin > a->origin) return 0;
    int status = list->fresh ? 0 : own_chain(a, list, slot->origin == a->origin);
    return status ? status : append_item(a, list, NULL, o);
}

/* Set a provider's own option. Its name ends at NUL, or at '=' if it was parsed from
 * "name=value". */
static int set_own(applying *a, const beluga_option *o)
{
    chain *list = chain_of(a, o->key);
    size_t n = o->name ? strcspn(o->name, "=") : 0;
    int status = list->fresh ? 0 : own_chain(a, list, true);
    if (status || !n) return status;
    beluga__item *item = a->settings->known[o->key].value.items;
    while (item && (strncmp(item->name, o->name, n) != 0 || item->name[n])) item = item->next;
    if (item) return item->origin > a->origin ? 0 : fill_item(a, item, o);
    const char *name = beluga__arena_copy(a->arena, o->name, n);
    return name ? append_item(a, list, name, o) : BELUGA_ERROR_NO_MEMORY;
}

/* --- applying --------------------------------------------------------------------------------- */

static int apply_one(applying *a, const beluga_option *o)
{
    if (o->key == BELUGA_OPTION_END || !o->type) return 0;
    if (o->key >= BELUGA_OPTION_COUNT) {
        mark_wrong(&a->settings->known[BELUGA_OPTION_END], o->key, a->origin);
        return 0;
    }
    if (is_text(o->type) && o->length > BELUGA__MAX_PART_BYTES) return BELUGA_ERROR_LIMIT_EXCEEDED;
    if (o->key == BELUGA_OPTION_PROVIDER_SPECIFIC) return set_own(a, o);
    beluga__setting *slot = &a->settings->known[o->key];
    int wanted = beluga_option_get_info(o->key)->type;
    if (slot->origin > a->origin) return 0;
    if (!converts(o->type, wanted)) {
        mark_wrong(slot, o->type, a->origin);
        return 0;
    }
    return wanted == BELUGA_OPTION_LIST ? add_to_list(a, o) : set_value(a, slot, o, wanted);
}

int beluga__settings_apply(beluga__settings *settings, beluga__arena *arena,
                           const beluga_option *opts, size_t n, beluga_origin origin,
                           beluga_error *err)
{
    applying a = {.settings = settings, .arena = arena, .origin = origin};
    int status = 0;
    for (size_t i = 0; opts && i < n && !status; i++) {
        if (n == BELUGA_OPTIONS_TERMINATED && opts[i].key == BELUGA_OPTION_END) break;
        if (i >= BELUGA__MAX_OPTIONS)
            return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                    "there are more than %d options", BELUGA__MAX_OPTIONS);
        status = apply_one(&a, &opts[i]);
    }
    if (status == BELUGA_ERROR_LIMIT_EXCEEDED)
        return beluga_error_set(err, status, "an option's value is over 64 MiB");
    return status ? beluga_error_set(err, status, "no memory for options") : 0;
}

/* --- copying ---------------------------------------------------------------------------------- */

static int copy_chain(beluga__arena *arena, const beluga__item *from, beluga__item **to)
{
    *to = NULL;
    for (; from; from = from->next, to = &(*to)->next) {
        *to = copy_item(arena, from);
        if (!*to) return BELUGA_ERROR_NO_MEMORY;
        if (from->name &&
            !((*to)->name = beluga__arena_copy(arena, from->name, strlen(from->name))))
            return BELUGA_ERROR_NO_MEMORY;
        if (from->type == BELUGA_OPTION_STRING &&
            !((*to)->value.string = beluga__arena_copy(arena, from->value.string, from->length)))
            return BELUGA_ERROR_NO_MEMORY;
    }
    return 0;
}

int beluga__settings_copy(beluga__settings *to, beluga__arena *arena, const beluga__settings *from)
{
    *to = *from;
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga__setting *slot = &from->known[key];
        if (slot->type == BELUGA_OPTION_LIST &&
            copy_chain(arena, slot->value.items, &to->known[key].value.items))
            return BELUGA_ERROR_NO_MEMORY;
        if (slot->type == BELUGA_OPTION_STRING &&
            !(to->known[key].value.string =
                  beluga__arena_copy(arena, slot->value.string, slot->length)))
            return BELUGA_ERROR_NO_MEMORY;
    }
    return 0;
}

/* --- names of models -------------------------------------------------------------------------- */

const char *beluga__settings_model(const beluga__settings *s, const char *name)
{
    const beluga__setting *slot = &s->known[BELUGA_OPTION_MODELS];
    const beluga__item *item = slot->type == BELUGA_OPTION_LIST ? slot->value.items : NULL;
    size_t n = strlen(name);
    for (; item; item = item->next)
        if (strncmp(item->value.string, name, n) == 0 && item->value.string[n] == '=')
            return item->value.string + n + 1;
    return name;
}

/* --- options of one provider ------------------------------------------------------------------ */

const beluga__item *beluga__settings_own(const beluga__settings *s, const char *name)
{
    const beluga__setting *slot = &s->known[BELUGA_OPTION_PROVIDER_SPECIFIC];
    const beluga__item *item = slot->type == BELUGA_OPTION_LIST ? slot->value.items : NULL;
    while (item && strcmp(item->name, name) != 0) item = item->next;
    return item;
}

bool beluga__item_int(const beluga__item *item, int64_t *value)
{
    if (!item || item->type == BELUGA_OPTION_DOUBLE) return false;
    if (item->type == BELUGA_OPTION_STRING)
        return beluga__text_to_int(item->value.string, item->length, value);
    *value = item->value.integer;
    return true;
}

bool beluga__item_double(const beluga__item *item, double *value)
{
    if (!item) return false;
    if (item->type == BELUGA_OPTION_STRING)
        return beluga__text_to_double(item->value.string, item->length, value);
    *value = item->type == BELUGA_OPTION_DOUBLE ? item->value.number : (double)item->value.integer;
    return true;
}

bool beluga__item_bool(const beluga__item *item, bool *value)
{
    if (!item || item->type == BELUGA_OPTION_DOUBLE) return false;
    if (item->type == BELUGA_OPTION_STRING)
        return beluga__text_to_bool(item->value.string, item->length, value);
    *value = item->value.integer != 0;
    return true;
}
