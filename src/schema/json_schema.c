#include "schema/json_schema.h"

#include "base/json.h"
#include "base/line.h"
#include "base/utf8.h"

#include <beluga/error.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Work is counted in lookups. Checking one value against one schema is one step and counts as STEP
 * lookups. */
enum { MAX_DEPTH = 64, STEP = 100, MAX_WORK = 1000000 * STEP, MAX_PATH = 256, MAX_UNKNOWN = 16 };

/* The state of a check; `path` is the current place in the value. */
typedef struct check {
    const beluga_json *root; /* root of the schema, for $ref */
    beluga__buf *why, *unknown;
    char path[MAX_PATH];
    size_t path_length;
    int depth;
    long work; /* limited, since a schema that refers to itself twice could take exponential time */
    const char *told[MAX_UNKNOWN]; /* the unknown keywords that were reported */
    size_t n_told;
} check;

static int fits(check *c, const beluga_json *schema, const beluga_json *value);

/* --- reporting -------------------------------------------------------------------------------- */

/* Report why the value does not fit. Names in a schema or a value may be long and contain line
 * breaks, so callers shorten them with "%.80s", and this function writes the message as one
 * line. */
static int misfit(check *c, const char *format, ...) BELUGA_PRINTF(2, 3);

static int misfit(check *c, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    beluga__buf_clear(c->why);
    beluga__line_append(c->why, c->path, c->path_length, BELUGA__BREAKS_ESCAPED);
    if (c->path_length) beluga__buf_puts(c->why, ": ");
    int status = beluga__line_append(c->why, text, strlen(text), BELUGA__BREAKS_ESCAPED);
    return status ? status : BELUGA_ERROR_INVALID_INPUT;
}

static void tell_unknown(check *c, const char *keyword)
{
    if (!c->unknown || c->n_told == MAX_UNKNOWN) return;
    for (size_t i = 0; i < c->n_told; i++)
        if (strcmp(c->told[i], keyword) == 0) return;
    c->told[c->n_told++] = keyword;
    if (c->n_told > 1) beluga__buf_puts(c->unknown, ", ");
    beluga__line_append(c->unknown, keyword, strlen(keyword), BELUGA__BREAKS_ESCAPED);
}

/* Add n to the work that was done so far. Returns whether the sum is still below the limit. */
static bool afford(check *c, size_t n)
{
    c->work = n < (size_t)(MAX_WORK - c->work) ? c->work + (long)n : MAX_WORK;
    return c->work < MAX_WORK;
}

/* Find the member of `object` that has the same name as the key `like`. Also returns NULL if the
 * limit for work is reached; the next step reports this. */
static const beluga_json *find(check *c, const beluga_json *object, const beluga_json *like)
{
    size_t n;
    const char *name = beluga_json_key(like, &n);
    return afford(c, beluga_json_count(object)) ? beluga__json_get_n(object, name, n) : NULL;
}

/* Append a member's name to the path, or an item's index if name is NULL. Returns the old length of
 * the path, which the caller restores later. */
static size_t step(check *c, const char *name, size_t index)
{
    size_t before = c->path_length, room = sizeof c->path - before;
    int n = name ? snprintf(c->path + before, room, "%s%s", before ? "." : "", name)
                 : snprintf(c->path + before, room, "[%zu]", index);
    if (n >= 0 && (size_t)n < room)
        c->path_length = before + (size_t)n;
    else /* the buffer is too small: cut the name, but not within a character */
        c->path_length = before + beluga__utf8_valid(c->path + before, room - 1);
    return before;
}

static int fits_at(check *c, const beluga_json *schema, const beluga_json *value, const char *name,
                   size_t index)
{
    size_t before = step(c, name, index);
    int status = fits(c, schema, value);
    c->path_length = before;
    return status;
}

/* --- types ------------------------------------------------------------------------------------ */

/* Returns the nearest whole number. This does not use libm, which no other part of the library
 * needs. */
static double nearest(double number)
{
    static const double all_whole = 1LL << 52; /* a larger number is always whole */
    if (!(fabs(number) < all_whole)) return number;
    return (double)(int64_t)(number < 0 ? number - 0.5 : number + 0.5);
}

static bool is_integer(const beluga_json *value)
{
    double number = beluga_json_double(value, 0.5);
    return beluga_json_is_number(value) && isfinite(number) && number == nearest(number);
}

static bool is_bool(const beluga_json *value)
{
    return value && beluga_json_bool(value, true) == beluga_json_bool(value, false);
}

static bool is_type(const beluga_json *value, const char *type)
{
    if (strcmp(type, "object") == 0) return beluga_json_is_object(value);
    if (strcmp(type, "array") == 0) return beluga_json_is_array(value);
    if (strcmp(type, "string") == 0) return beluga_json_is_string(value);
    if (strcmp(type, "integer") == 0) return is_integer(value);
    if (strcmp(type, "number") == 0) return beluga_json_is_number(value);
    if (strcmp(type, "boolean") == 0) return is_bool(value);
    return strcmp(type, "null") == 0 && beluga_json_is_null(value);
}

static int check_type(check *c, const beluga_json *type, const beluga_json *value)
{
    const char *one = beluga_json_string(type, NULL);
    if (one) return is_type(value, one) ? 0 : misfit(c, "must be of type %.40s", one);
    for (const beluga_json *t = beluga_json_first(type); t; t = beluga_json_next(type, t)) {
        const char *name = beluga_json_string(t, NULL);
        if (name && is_type(value, name)) return 0;
    }
    return misfit(c, "must be of one of the types allowed");
}

/* --- values ----------------------------------------------------------------------------------- */

static bool equal(check *c, const beluga_json *a, const beluga_json *b);

static bool equal_members(check *c, const beluga_json *a, const beluga_json *b)
{
    for (const beluga_json *v = beluga_json_first(a); v; v = beluga_json_next(a, v)) {
        const beluga_json *other = find(c, b, v);
        if (!other || !equal(c, v, other)) return false;
    }
    return true;
}

static bool equal_items(check *c, const beluga_json *a, const beluga_json *b)
{
    const beluga_json *w = beluga_json_first(b);
    for (const beluga_json *v = beluga_json_first(a); v;
         v = beluga_json_next(a, v), w = beluga_json_next(b, w))
        if (!equal(c, v, w)) return false;
    return true;
}

static bool equal(check *c, const beluga_json *a, const beluga_json *b)
{
    size_t n, m;
    if (!afford(c, 1)) return false;
    if (beluga_json_is_string(a) && beluga_json_is_string(b)) {
        const char *s = beluga_json_string(a, &n), *t = beluga_json_string(b, &m);
        return n == m && memcmp(s, t, n) == 0;
    }
    if (beluga_json_is_number(a) && beluga_json_is_number(b))
        return beluga_json_double(a, 0) == beluga_json_double(b, 1);
    if (is_bool(a) && is_bool(b)) return beluga_json_bool(a, false) == beluga_json_bool(b, true);
    if (beluga_json_is_null(a) && beluga_json_is_null(b)) return true;
    if (beluga_json_count(a) != beluga_json_count(b)) return false;
    if (beluga_json_is_object(a) && beluga_json_is_object(b)) return equal_members(c, a, b);
    return beluga_json_is_array(a) && beluga_json_is_array(b) && equal_items(c, a, b);
}

static int check_enum(check *c, const beluga_json *values, const beluga_json *value)
{
    for (const beluga_json *v = beluga_json_first(values); v; v = beluga_json_next(values, v))
        if (equal(c, v, value)) return 0;
    return misfit(c, "must be one of the values allowed");
}

static int check_const(check *c, const beluga_json *wanted, const beluga_json *value)
{
    return equal(c, wanted, value) ? 0 : misfit(c, "must be the one value allowed");
}

/* --- numbers, strings ------------------------------------------------------------------------- */

static int check_minimum(check *c, const beluga_json *limit, const beluga_json *value)
{
    double least = beluga_json_double(limit, -INFINITY);
    if (!beluga_json_is_number(value) || beluga_json_double(value, 0) >= least) return 0;
    return misfit(c, "must be at least %.17g", least);
}

static int check_maximum(check *c, const beluga_json *limit, const beluga_json *value)
{
    double most = beluga_json_double(limit, INFINITY);
    if (!beluga_json_is_number(value) || beluga_json_double(value, 0) <= most) return 0;
    return misfit(c, "must be at most %.17g", most);
}

static int check_above(check *c, const beluga_json *limit, const beluga_json *value)
{
    double least = beluga_json_double(limit, -INFINITY);
    if (!beluga_json_is_number(value) || beluga_json_double(value, 0) > least) return 0;
    return misfit(c, "must be more than %.17g", least);
}

static int check_below(check *c, const beluga_json *limit, const beluga_json *value)
{
    double most = beluga_json_double(limit, INFINITY);
    if (!beluga_json_is_number(value) || beluga_json_double(value, 0) < most) return 0;
    return misfit(c, "must be less than %.17g", most);
}

static int check_multiple(check *c, const beluga_json *step_size, const beluga_json *value)
{
    double unit = beluga_json_double(step_size, 0), n = beluga_json_double(value, 0) / unit;
    if (!beluga_json_is_number(value) || !(unit > 0) || fabs(n - nearest(n)) < 1e-9) return 0;
    return misfit(c, "must be a multiple of %.17g", unit);
}

/* Returns the length in characters, as JSON Schema defines it, not in bytes. */
static int64_t length_of(check *c, const beluga_json *value)
{
    size_t n = 0, count = 0;
    const char *text = beluga_json_string(value, &n);
    if (!afford(c, n / STEP)) return 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return (int64_t)count;
}

static int check_min_length(check *c, const beluga_json *limit, const beluga_json *value)
{
    int64_t least = beluga_json_int(limit, 0);
    if (!beluga_json_is_string(value) || length_of(c, value) >= least) return 0;
    return misfit(c, "must have at least %lld characters", (long long)least);
}

static int check_max_length(check *c, const beluga_json *limit, const beluga_json *value)
{
    int64_t most = beluga_json_int(limit, INT64_MAX);
    if (!beluga_json_is_string(value) || length_of(c, value) <= most) return 0;
    return misfit(c, "must have at most %lld characters", (long long)most);
}

/* --- arrays, objects -------------------------------------------------------------------------- */

static int check_items(check *c, const beluga_json *items, const beluga_json *value)
{
    size_t index = 0;
    if (!beluga_json_is_array(value)) return 0;
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v)) {
        int status = fits_at(c, items, v, NULL, index++);
        if (status) return status;
    }
    return 0;
}

static int check_min_items(check *c, const beluga_json *limit, const beluga_json *value)
{
    int64_t least = beluga_json_int(limit, 0);
    if (!beluga_json_is_array(value) || (int64_t)beluga_json_count(value) >= least) return 0;
    return misfit(c, "must have at least %lld items", (long long)least);
}

static int check_max_items(check *c, const beluga_json *limit, const beluga_json *value)
{
    int64_t most = beluga_json_int(limit, INT64_MAX);
    if (!beluga_json_is_array(value) || (int64_t)beluga_json_count(value) <= most) return 0;
    return misfit(c, "must have at most %lld items", (long long)most);
}

static int check_required(check *c, const beluga_json *names, const beluga_json *value)
{
    if (!beluga_json_is_object(value)) return 0;
    for (const beluga_json *n = beluga_json_first(names); n; n = beluga_json_next(names, n)) {
        size_t length = 0;
        const char *name = beluga_json_string(n, &length);
        if (!afford(c, beluga_json_count(value))) return BELUGA_ERROR_LIMIT_EXCEEDED;
        if (name && !beluga__json_get_n(value, name, length))
            return misfit(c, "%.80s is missing", name);
    }
    return 0;
}

static int check_properties(check *c, const beluga_json *properties, const beluga_json *value)
{
    for (const beluga_json *p = beluga_json_first(properties); p;
         p = beluga_json_next(properties, p)) {
        const beluga_json *member = find(c, value, p);
        int status = member ? fits_at(c, p, member, beluga_json_key(p, NULL), 0) : 0;
        if (status) return status;
    }
    return 0;
}

static int check_additional(check *c, const beluga_json *schema, const beluga_json *additional,
                            const beluga_json *value)
{
    const beluga_json *properties = beluga_json_get(schema, "properties");
    if (!beluga_json_is_object(value)) return 0;
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v)) {
        const char *name = beluga_json_key(v, NULL);
        if (find(c, properties, v)) continue;
        if (is_bool(additional) && !beluga_json_bool(additional, true))
            return misfit(c, "%.80s is not allowed", name);
        int status = fits_at(c, additional, v, name, 0);
        if (status) return status;
    }
    return 0;
}

/* --- combinations ----------------------------------------------------------------------------- */

/* Returns how many of the schemas the value fits, or a negative code if the check itself fails, for
 * example because memory is exhausted. */
static int count_fits(check *c, const beluga_json *schemas, const beluga_json *value)
{
    int count = 0;
    for (const beluga_json *s = beluga_json_first(schemas); s; s = beluga_json_next(schemas, s)) {
        int status = fits(c, s, value);
        if (status && status != BELUGA_ERROR_INVALID_INPUT) return status;
        count += status == 0;
    }
    return count;
}

static int check_any_of(check *c, const beluga_json *schemas, const beluga_json *value)
{
    int n = count_fits(c, schemas, value);
    return n < 0 ? n : n ? 0 : misfit(c, "fits none of the schemas of anyOf");
}

static int check_one_of(check *c, const beluga_json *schemas, const beluga_json *value)
{
    int n = count_fits(c, schemas, value);
    return n < 0    ? n
           : n == 1 ? 0
                    : misfit(c, "must fit exactly one of the forms allowed (fits %d)", n);
}

static int check_all_of(check *c, const beluga_json *schemas, const beluga_json *value)
{
    for (const beluga_json *s = beluga_json_first(schemas); s; s = beluga_json_next(schemas, s)) {
        int status = fits(c, s, value);
        if (status) return status;
    }
    return 0;
}

static int check_not(check *c, const beluga_json *schema, const beluga_json *value)
{
    int status = fits(c, schema, value);
    if (status == BELUGA_ERROR_INVALID_INPUT) return 0;
    return status ? status : misfit(c, "has a form that is not allowed");
}

/* Check a value against a schema that is given by reference. Only references within the same
 * schema, such as "#/$defs/name", are followed. */
static int check_ref(check *c, const beluga_json *ref, const beluga_json *value)
{
    const char *text = beluga_json_string(ref, NULL);
    const beluga_json *target = c->root;
    char name[128];
    if (!text || *text != '#') {
        tell_unknown(c, "$ref");
        return 0;
    }
    for (const char *at = text + 1; *at == '/' && target;) {
        size_t n = strcspn(++at, "/");
        if (n >= sizeof name) return misfit(c, "the schema refers to a name that is too long");
        memcpy(name, at, n);
        name[n] = '\0';
        if (!afford(c, beluga_json_count(target))) return BELUGA_ERROR_LIMIT_EXCEEDED;
        target = beluga_json_get(target, name);
        at += n;
    }
    return target ? fits(c, target, value)
                  : misfit(c, "the schema refers to %.80s, which does not exist", text);
}

/* --- the whole check -------------------------------------------------------------------------- */

typedef struct keyword {
    const char *name;
    int (*check)(check *c, const beluga_json *argument, const beluga_json *value);
} keyword;

static const keyword keywords[] = {
    {"type", check_type},
    {"properties", check_properties},
    {"required", check_required},
    {"items", check_items},
    {"enum", check_enum},
    {"const", check_const},
    {"minimum", check_minimum},
    {"maximum", check_maximum},
    {"exclusiveMinimum", check_above},
    {"exclusiveMaximum", check_below},
    {"multipleOf", check_multiple},
    {"minLength", check_min_length},
    {"maxLength", check_max_length},
    {"minItems", check_min_items},
    {"maxItems", check_max_items},
    {"anyOf", check_any_of},
    {"oneOf", check_one_of},
    {"allOf", check_all_of},
    {"not", check_not},
    {"$ref", check_ref},
};

/* Returns whether a keyword only describes a value and checks nothing. */
static bool is_annotation(const char *name)
{
    static const char *const names[] = {"title",       "description", "default",    "examples",
                                        "example",     "$schema",     "$id",        "$defs",
                                        "definitions", "$comment",    "deprecated", "readOnly",
                                        "writeOnly",   "format",      "nullable",   "strict"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static int check_keyword(check *c, const beluga_json *schema, const beluga_json *argument,
                         const beluga_json *value)
{
    const char *name = beluga_json_key(argument, NULL);
    if (!afford(c, STEP / 4)) return BELUGA_ERROR_LIMIT_EXCEEDED;
    if (strcmp(name, "additionalProperties") == 0)
        return check_additional(c, schema, argument, value);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strcmp(keywords[i].name, name) == 0) return keywords[i].check(c, argument, value);
    if (!is_annotation(name)) tell_unknown(c, name);
    return 0;
}

static int fits(check *c, const beluga_json *schema, const beluga_json *value)
{
    if (is_bool(schema)) return beluga_json_bool(schema, true) ? 0 : misfit(c, "is not allowed");
    if (c->depth == MAX_DEPTH || !afford(c, STEP)) return BELUGA_ERROR_LIMIT_EXCEEDED;
    int status = 0;
    c->depth++;
    for (const beluga_json *k = beluga_json_first(schema); k && !status;
         k = beluga_json_next(schema, k))
        if (beluga_json_is_object(schema)) status = check_keyword(c, schema, k, value);
    c->depth--;
    return status;
}

int beluga__json_schema_check(const beluga_json *schema, const beluga_json *value, beluga__buf *why,
                              beluga__buf *unknown)
{
    check c = {.root = schema, .why = why, .unknown = unknown};
    int status = fits(&c, schema, value);
    if (c.work == MAX_WORK) /* the check stopped early, so its result is not valid */
        status = BELUGA_ERROR_LIMIT_EXCEEDED;
    if (!status) status = why->status;
    return status || !unknown ? status : unknown->status;
}
