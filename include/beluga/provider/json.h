/**
 * @file provider/json.h
 * Reading and writing JSON in a provider: an opaque reader and a streaming writer.
 *
 * Every getter accepts NULL and a value of another type, so that a chain of them needs one test at
 * its end. Lone surrogates and bytes that are not UTF-8 are read as U+FFFD; numbers beyond 64 bits
 * are kept as text; nesting deeper than 512 is limit_exceeded. NaN and Infinity, which are no JSON,
 * are taken by beluga_emit_parse alone, and read as values of another type.
 */
#ifndef BELUGA_PROVIDER_JSON_H
#define BELUGA_PROVIDER_JSON_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** A value inside a document; borrowed as long as the document. */
typedef struct beluga_json beluga_json;
/** A parsed text. */
typedef struct beluga_json_doc beluga_json_doc;
/** Writes one JSON text. */
typedef struct beluga_json_writer beluga_json_writer;

/**
 * Parse a text that you own the result of. Decoders use beluga_emit_parse instead, which reuses
 * memory from one event to the next.
 *
 * @param out  Owned (beluga_json_doc_free).
 * @return 0; BELUGA_ERROR_MALFORMED_RESPONSE with the position; BELUGA_ERROR_LIMIT_EXCEEDED;
 * BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_json_parse(const char *text, size_t length, beluga_json_doc **out,
                                 beluga_error *err);
BELUGA_API void beluga_json_doc_free(beluga_json_doc *doc);
BELUGA_API const beluga_json *beluga_json_doc_root(const beluga_json_doc *doc);

/** Return the member `key` of an object, or NULL. */
BELUGA_API const beluga_json *beluga_json_get(const beluga_json *object, const char *key);
/** A member's name, for beluga_json_pick. Since: 0.1 */
typedef struct beluga_json_name {
    const char *text;
    size_t length; /**< of text, bytes */
} beluga_json_name;

/** A name that is a literal: {BELUGA_JSON_NAME("id"), BELUGA_JSON_NAME("model")} */
#define BELUGA_JSON_NAME(literal) {"" literal, sizeof(literal) - 1}

/**
 * Look up several members of an object in one walk, which costs less than a beluga_json_get for
 * each. The names are best in the order in which members usually come.
 *
 * @param values  Set to the value of each name, the first where a member comes twice; NULL for what
 * is missing, and for all of them when `object` is none.
 * @return how many were found.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API size_t beluga_json_pick(const beluga_json *object, const beluga_json_name *names,
                                   size_t count, const beluga_json **values);
/** Return item `index` of an array, or NULL. Walking an array: beluga_json_first and _next. */
BELUGA_API const beluga_json *beluga_json_at(const beluga_json *array, size_t index);
/** Return the number of items or members; 0 for other types. */
BELUGA_API size_t beluga_json_count(const beluga_json *value);

/**
 * Walk the items of an array or the values of an object, in order:
 *
 *     for (const beluga_json *v = beluga_json_first(a); v; v = beluga_json_next(a, v))
 */
BELUGA_API const beluga_json *beluga_json_first(const beluga_json *container);
BELUGA_API const beluga_json *beluga_json_next(const beluga_json *container,
                                               const beluga_json *value);
/** Return the key of a value that _first or _next of an object gave. */
BELUGA_API const char *beluga_json_key(const beluga_json *value, size_t *length);

BELUGA_API bool beluga_json_is_object(const beluga_json *value);
BELUGA_API bool beluga_json_is_array(const beluga_json *value);
BELUGA_API bool beluga_json_is_string(const beluga_json *value);
BELUGA_API bool beluga_json_is_number(const beluga_json *value);
/** JSON's null; not a missing value */
BELUGA_API bool beluga_json_is_null(const beluga_json *value);

/** Return a string's bytes (NUL-terminated), or NULL for another type. `length` may be NULL. */
BELUGA_API const char *beluga_json_string(const beluga_json *value, size_t *length);
/** Return a number as an integer (cut, saturated), or `otherwise` for another type. */
BELUGA_API int64_t beluga_json_int(const beluga_json *value, int64_t otherwise);
BELUGA_API double beluga_json_double(const beluga_json *value, double otherwise);
BELUGA_API bool beluga_json_bool(const beluga_json *value, bool otherwise);

/** The same for a member: beluga_json_get, then the getter. */
BELUGA_API const char *beluga_json_get_string(const beluga_json *object, const char *key,
                                              size_t *length);
BELUGA_API int64_t beluga_json_get_int(const beluga_json *object, const char *key,
                                       int64_t otherwise);

/**
 * Write a value as compact JSON into a buffer that lives as long as the document.
 * @return NUL-terminated, or NULL without memory. `length` may be NULL.
 */
BELUGA_API const char *beluga_json_text(beluga_json_doc *doc, const beluga_json *value,
                                        size_t *length);

/* Writing. Commas are put by the writer. A failure (memory, a value where a key is due, bytes that
 * are not UTF-8, the maximum size) sticks, and what the text is for reports it: no call needs
 * checking. `key` is for members of an object; pass NULL inside arrays. */
BELUGA_API void beluga_json_begin_object(beluga_json_writer *w, const char *key);
BELUGA_API void beluga_json_end_object(beluga_json_writer *w);
BELUGA_API void beluga_json_begin_array(beluga_json_writer *w, const char *key);
BELUGA_API void beluga_json_end_array(beluga_json_writer *w);
/** A string; NULL writes null. */
BELUGA_API void beluga_json_put_string(beluga_json_writer *w, const char *key, const char *value);
BELUGA_API void beluga_json_put_string_n(beluga_json_writer *w, const char *key, const char *value,
                                         size_t length);
BELUGA_API void beluga_json_put_int(beluga_json_writer *w, const char *key, int64_t value);
/** A number with the shortest text that reads back the same; not finite: null. */
BELUGA_API void beluga_json_put_double(beluga_json_writer *w, const char *key, double value);
BELUGA_API void beluga_json_put_bool(beluga_json_writer *w, const char *key, bool value);
BELUGA_API void beluga_json_put_null(beluga_json_writer *w, const char *key);
/** JSON text as it is; it is checked to be one JSON value. */
BELUGA_API void beluga_json_put_raw(beluga_json_writer *w, const char *key, const char *json,
                                    size_t length);
/** A string made of `prefix` and the base64 of bytes: "data:image/png;base64,…". */
BELUGA_API void beluga_json_put_base64(beluga_json_writer *w, const char *key, const char *prefix,
                                       const void *bytes, size_t length);

/** Make a writer of your own. @return owned (beluga_json_writer_free), or NULL without memory. */
BELUGA_API beluga_json_writer *beluga_json_writer_new(void);
BELUGA_API void beluga_json_writer_free(beluga_json_writer *w);
/**
 * Return what was written so far.
 * @param text  Borrowed until the next write; NUL-terminated. NULL on failure.
 * @return 0; what stuck; BELUGA_ERROR_INVALID_INPUT an object or array is still open.
 */
BELUGA_API int beluga_json_writer_text(beluga_json_writer *w, const char **text, size_t *length);

BELUGA_END_DECLS
#endif
