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

/* Returns the key that follows a value, which must not be the last one. Most values are not
 * containers, so their next key is the next element. */
static yyjson_val *after(yyjson_val *value)
{
    return unsafe_yyjson_is_ctn(value) ? unsafe_yyjson_get_next(value) : value + 1;
}

/* Returns whether a name has 4 to 32 bytes, as nearly all names do. These are compared by
 * overlapping words, without a function call. */
static inline bool has_usual_length(size_t n)
{
    return n - 4 <= 32 - 4;
}

static inline bool is_same_usual(const char *a, const char *b, size_t n)
{
    if (n < 8)
        return beluga__load4(a) == beluga__load4(b) &&
               beluga__load4(a + n - 4) == beluga__load4(b + n - 4);
    if (beluga__load8(a) != beluga__load8(b)) return false;
    if (n > 16 && beluga__load8(a + 8) != beluga__load8(b + 8)) return false;
    if (n > 24 && beluga__load8(a + 16) != beluga__load8(b + 16)) return false;
    return beluga__load8(a + n - 8) == beluga__load8(b + n - 8);
}

static inline bool is_same(const char *a, const char *b, size_t n)
{
    if (has_usual_length(n)) return is_same_usual(a, b, n);
    if (n > 3) return memcmp(a, b, n) == 0;
    return !n || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

/* Find a member. Decoders use this more than any other function: they look for a dozen members in
 * each chunk of a stream. */
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

/* Find the name that equals a key, or NULL: first among the names from `next` on, then among the
 * earlier ones. */
static const beluga_json_name *find_name(const beluga_json_name *names, const beluga_json_name *end,
                                         const beluga_json_name *next, yyjson_val *key)
{
    size_t n = unsafe_yyjson_get_len(key);
    for (const beluga_json_name *name = next; name < end; name++)
        if (name->length == n && is_same(name->text, key->uni.str, n)) return name;
    for (const beluga_json_name *name = names; name < next; name++)
        if (name->length == n && is_same(name->text, key->uni.str, n)) return name;
    return NULL;
}

/* Pick from the last `left` members, which do not come in the order of the names. The search for a
 * member's name begins at `next`. Returns how many more values were found. */
static __attribute__((noinline)) size_t pick_others(yyjson_val *k, size_t left,
                                                    const beluga_json_name *names,
                                                    const beluga_json_name *end,
                                                    const beluga_json_name *next,
                                                    const beluga_json **values)
{
    size_t found = 0;
    for (; left; left--, k = after(k + 1)) {
        const beluga_json_name *name = find_name(names, end, next, k);
        if (!name) continue;
        next = name + 1;
        if (values[name - names]) continue;
        values[name - names] = json(k + 1);
        found++;
    }
    return found;
}

/* Usually the members come in the order of the names. As long as they do, each member is the first
 * with its name, so no search is needed. */
size_t beluga_json_pick(const beluga_json *object, const beluga_json_name *names, size_t count,
                        const beluga_json **values)
{
    yyjson_val *o = val(object), *k = NULL;
    size_t found = 0, left = 0;
    if (yyjson_is_obj(o)) {
        left = unsafe_yyjson_get_len(o);
        k = o + 1;
    }
    for (; left && found < count; left--, found++, k = after(k + 1)) {
        size_t n = unsafe_yyjson_get_len(k);
        const beluga_json_name *name = &names[found];
        if (name->length != n) break;
        if (has_usual_length(n) ? !is_same_usual(name->text, k->uni.str, n)
                                : n != 2 || memcmp(name->text, k->uni.str, 2) != 0)
            break;
        values[found] = json(k + 1);
    }
    for (size_t i = found; i < count; i++) values[i] = NULL;
    /* if several members have the same name, the first one counts */
    if (!left || found == count) return found;
    return found + pick_others(k, left, names, names + count, names + found, values);
}

const beluga_json *beluga_json_at(const beluga_json *array, size_t index)
{
    return json(yyjson_arr_get(val(array), index));
}

size_t beluga_json_count(const beluga_json *value)
{
    return yyjson_is_ctn(val(value)) ? unsafe_yyjson_get_len(val(value)) : 0;
}

/* Returns the value at an element. In yyjson a container's content follows it, and in an object a
 * key precedes each value. */
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

/* A lenient parse stores NaN and Infinity as a double; they are not numbers in JSON. */
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
    /* the items of an array follow each other if none is a container */
    yyjson_val *v = val(array) + 1;
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
