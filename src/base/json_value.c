#include "base/json.h"
#include "base/word.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

static yyjson_val *val(const beluga_json *value)
{
    return (yyjson_val *)(uintptr_t)value;
}

static const beluga_json *json(const yyjson_val *value)
{
    return (const beluga_json *)value;
}

/* Returns the next key after a value that is not the last one. Most values are no containers. */
static yyjson_val *after(yyjson_val *value)
{
    return unsafe_yyjson_is_ctn(value) ? unsafe_yyjson_get_next(value) : value + 1;
}

/* Names are short, so most are compared without a call, by words that overlap. */
static inline bool is_same(const char *a, const char *b, size_t n)
{
    if (n > 16) return memcmp(a, b, n) == 0;
    if (n >= 8)
        return beluga__load8(a) == beluga__load8(b) &&
               beluga__load8(a + n - 8) == beluga__load8(b + n - 8);
    if (n >= 4)
        return beluga__load4(a) == beluga__load4(b) &&
               beluga__load4(a + n - 4) == beluga__load4(b + n - 4);
    return !n || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

/* Decoders use this more than any other function: they look for a dozen members in each chunk of a
 * stream. */
static inline const beluga_json *get(const beluga_json *object, const char *key, size_t n)
{
    yyjson_val *o = val(object);
    yyjson_val *k = o + 1;
    for (size_t left = unsafe_yyjson_get_len(o); left; left--, k = after(k + 1))
        if (unsafe_yyjson_get_len(k) == n && is_same(k->uni.str, key, n)) return json(k + 1);
    return NULL;
}

const beluga_json *beluga_json_get(const beluga_json *object, const char *key)
{
    return yyjson_is_obj(val(object)) && key ? get(object, key, strlen(key)) : NULL;
}

const beluga_json *beluga__json_get_n(const beluga_json *object, const char *key, size_t n)
{
    return yyjson_is_obj(val(object)) ? get(object, key, n) : NULL;
}

/* Returns the name that a key is, or NULL: of those from `next` on first, then of those before. */
static __attribute__((noinline)) const beluga_json_name *find_name(const beluga_json_name *names,
                                                                   const beluga_json_name *end,
                                                                   const beluga_json_name *next,
                                                                   yyjson_val *key)
{
    size_t n = unsafe_yyjson_get_len(key);
    for (const beluga_json_name *name = next; name < end; name++)
        if (name->length == n && is_same(name->text, key->uni.str, n)) return name;
    return next > names ? find_name(names, next, names, key) : NULL;
}

/* Members mostly come in the order of the names, so the name after the last one found is tried
 * first, and without a call. */
size_t beluga_json_pick(const beluga_json *object, const beluga_json_name *names, size_t count,
                        const beluga_json **values)
{
    yyjson_val *o = val(object);
    const beluga_json_name *name = names, *end = names + count;
    const beluga_json **value = values; /* of the name */
    size_t found = 0;
    for (size_t i = 0; i < count; i++) values[i] = NULL;
    if (!yyjson_is_obj(o)) return 0;
    yyjson_val *k = o + 1;
    for (size_t left = unsafe_yyjson_get_len(o); left; left--, k = after(k + 1)) {
        size_t n = unsafe_yyjson_get_len(k);
        if (name == end || name->length != n || !is_same(name->text, k->uni.str, n)) {
            const beluga_json_name *other = find_name(names, end, name, k);
            if (!other) continue;
            name = other;
            value = values + (name - names);
        }
        if (!*value) found++;
        if (!*value) *value = json(k + 1);
        name++;
        value++;
    }
    return found;
}

const beluga_json *beluga_json_at(const beluga_json *array, size_t index)
{
    return json(yyjson_arr_get(val(array), index));
}

size_t beluga_json_count(const beluga_json *value)
{
    return yyjson_is_ctn(val(value)) ? unsafe_yyjson_get_len(val(value)) : 0;
}

/* In yyjson a container's content follows it; in an object a key stands before each value. */
static const beluga_json *value_at(yyjson_val *container, yyjson_val *at)
{
    if (at >= unsafe_yyjson_get_next(container)) return NULL;
    return json(unsafe_yyjson_is_obj(container) ? at + 1 : at);
}

const beluga_json *beluga_json_first(const beluga_json *container)
{
    return yyjson_is_ctn(val(container)) ? value_at(val(container), val(container) + 1) : NULL;
}

const beluga_json *beluga_json_next(const beluga_json *container, const beluga_json *value)
{
    if (!value || !yyjson_is_ctn(val(container))) return NULL;
    return value_at(val(container), unsafe_yyjson_get_next(val(value)));
}

const char *beluga_json_key(const beluga_json *value, size_t *length)
{
    return value ? beluga_json_string(json(val(value) - 1), length) : NULL;
}

bool beluga_json_is_object(const beluga_json *value)
{
    return yyjson_is_obj(val(value));
}

bool beluga_json_is_array(const beluga_json *value)
{
    return yyjson_is_arr(val(value));
}

bool beluga_json_is_string(const beluga_json *value)
{
    return yyjson_is_str(val(value));
}

/* NaN and Infinity are read as values of no type. */
bool beluga_json_is_number(const beluga_json *value)
{
    if (yyjson_is_real(val(value))) return isfinite(unsafe_yyjson_get_real(val(value)));
    return yyjson_is_num(val(value)) || yyjson_is_raw(val(value));
}

bool beluga_json_is_null(const beluga_json *value)
{
    return yyjson_is_null(val(value));
}

const char *beluga_json_string(const beluga_json *value, size_t *length)
{
    if (!yyjson_is_str(val(value))) return NULL;
    if (length) *length = unsafe_yyjson_get_len(val(value));
    return unsafe_yyjson_get_str(val(value));
}

int64_t beluga_json_int(const beluga_json *value, int64_t otherwise)
{
    yyjson_val *v = val(value);
    if (yyjson_is_sint(v)) return unsafe_yyjson_get_sint(v);
    if (yyjson_is_uint(v)) {
        uint64_t number = unsafe_yyjson_get_uint(v);
        return number > INT64_MAX ? INT64_MAX : (int64_t)number;
    }
    if (!beluga_json_is_number(value)) return otherwise;
    double number = beluga_json_double(value, 0);
    if (number >= 9223372036854775808.0) return INT64_MAX;
    if (number < -9223372036854775808.0) return INT64_MIN;
    return (int64_t)number;
}

double beluga_json_double(const beluga_json *value, double otherwise)
{
    yyjson_val *v = val(value), number;
    if (yyjson_is_num(v))
        return beluga_json_is_number(value) ? unsafe_yyjson_get_num(v) : otherwise;
    if (!yyjson_is_raw(v)) return otherwise;
    const char *text = unsafe_yyjson_get_raw(v);
    if (yyjson_read_number(text, &number, YYJSON_READ_ALLOW_INF_AND_NAN, NULL, NULL))
        return unsafe_yyjson_get_num(&number);
    return otherwise;
}

bool beluga_json_bool(const beluga_json *value, bool otherwise)
{
    return yyjson_is_bool(val(value)) ? unsafe_yyjson_get_bool(val(value)) : otherwise;
}

size_t beluga__json_floats(const beluga_json *array, float *values, size_t n)
{
    yyjson_val *v = val(array) + 1; /* items that are no containers follow each other */
    for (size_t i = 0; i < n; i++, v++) {
        if (yyjson_is_real(v))
            values[i] = (float)unsafe_yyjson_get_real(v);
        else if (beluga_json_is_number(json(v)))
            values[i] = (float)beluga_json_double(json(v), 0);
        else
            return i;
    }
    return n;
}

const char *beluga_json_get_string(const beluga_json *object, const char *key, size_t *length)
{
    return beluga_json_string(beluga_json_get(object, key), length);
}

int64_t beluga_json_get_int(const beluga_json *object, const char *key, int64_t otherwise)
{
    return beluga_json_int(beluga_json_get(object, key), otherwise);
}
