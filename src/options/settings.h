/* Settings: merged options, with one slot for each key, and chains of items for lists and for
 * providers' own options. A call without options shares its model's settings; a call with options
 * copies the table and changes the copy. */
#ifndef BELUGA__SETTINGS_H
#define BELUGA__SETTINGS_H

#include "base/arena.h"

#include <beluga/config.h>
#include <beluga/error.h>
#include <beluga/option.h>

/* One item of a LIST option, or one provider's own option, which has a `name`. */
typedef struct beluga__item {
    struct beluga__item *next;
    const char *name;
    union {
        double number;
        int64_t integer;
        const char *string; /* ends in NUL */
    } value;
    size_t length;
    uint8_t type;   /* a beluga_option_type */
    uint8_t origin; /* a beluga_origin */
} beluga__item;

typedef struct beluga__setting {
    union {
        double number;
        int64_t integer;
        const char *string; /* ends in NUL */
        void *pointer;
        beluga__item *items; /* for LIST and PROVIDER_SPECIFIC */
    } value;
    uint32_t length; /* length of `string` */
    uint8_t type;    /* a beluga_option_type; 0: not set */
    uint8_t origin;  /* a beluga_origin */
} beluga__setting;

typedef struct beluga__settings {
    beluga__setting known[BELUGA_OPTION_COUNT];
} beluga__settings;

/* The type of a slot whose option was given with a value of the wrong type; value.integer is that
 * type. The slot of BELUGA_OPTION_END holds a key that this library does not know.
 * beluga__settings_check reports both. */
enum { BELUGA__SETTING_WRONG = 255 };

/* Apply options in order. A slot that a later layer has set is left alone. Strings and items are
 * copied into the arena. A LIST of a later layer replaces an earlier layer's list, and within one
 * layer items are added; a provider's own option replaces an earlier one with the same name. Types
 * are converted (INT to DOUBLE) here; a value that can't be converted is stored so that
 * beluga__settings_check can report it. n may be BELUGA_OPTIONS_TERMINATED. A copied table shares
 * its items with the original, so chains are never changed in place, but rebuilt in the arena.
 * Returns 0; NO_MEMORY; LIMIT_EXCEEDED for more than 4096 options or a value above 64 MiB. */
int beluga__settings_apply(beluga__settings *settings, beluga__arena *arena,
                           const beluga_option *opts, size_t n, beluga_origin origin,
                           beluga_error *err);

/* Copy the slots that are set in `from`, and their strings, into the arena. Returns 0 or
 * NO_MEMORY. */
int beluga__settings_copy(beluga__settings *to, beluga__arena *arena, const beluga__settings *from);

struct beluga_own_option;

/* Check all settings. Scope 'M': for opening a model (INVALID_CONFIG). Scope 'C': for starting a
 * call (INVALID_INPUT); only options that the call set are checked, and options that can be set
 * only for a model are refused. Scope 'E': for one section of a configuration file
 * (INVALID_INPUT). One error lists all faults, each with the allowed values. */
int beluga__settings_check(const beluga__settings *settings, char scope, beluga_error *err);

/* Check only for options that have no effect because another option is missing.
 * beluga__settings_check does this only for scope 'M'. */
int beluga__settings_check_company(const beluga__settings *settings, beluga_error *err);

/* Like beluga__settings_check, and also check the provider's own options. `own` is the provider's
 * table of options, which ends with a NULL name, or NULL if it has none. */
int beluga__settings_check_all(const beluga__settings *settings, char scope, const char *provider,
                               const struct beluga_own_option *own, beluga_error *err);

static inline bool beluga__settings_has(const beluga__settings *s, int key)
{
    return s->known[key].type != 0;
}

static inline int64_t beluga__settings_int(const beluga__settings *s, int key, int64_t otherwise)
{
    return s->known[key].type ? s->known[key].value.integer : otherwise;
}

static inline double beluga__settings_double(const beluga__settings *s, int key, double otherwise)
{
    return s->known[key].type ? s->known[key].value.number : otherwise;
}

static inline const char *beluga__settings_string(const beluga__settings *s, int key)
{
    return s->known[key].type ? s->known[key].value.string : NULL;
}

/* Returns the provider's own option of that name, or NULL. */
const beluga__item *beluga__settings_own(const beluga__settings *s, const char *name);

/* Returns the model for which a name is an alias in the option `models`. Other names are returned
 * unchanged. */
const char *beluga__settings_model(const beluga__settings *s, const char *name);

/* Read the value of a provider's own option. Text (from a file or `-o`) is parsed, and numbers are
 * converted. Returns false if `item` is NULL, or if its value does not have this type. */
bool beluga__item_int(const beluga__item *item, int64_t *value);
bool beluga__item_double(const beluga__item *item, double *value);
bool beluga__item_bool(const beluga__item *item, bool *value);

#endif
