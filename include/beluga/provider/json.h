/**
 * @file provider/json.h
 * Reading and writing JSON in a provider: an opaque reader and a streaming writer.
 *
 * Every getter accepts NULL and a value of another type, so that a chain of getters needs only one
 * check at its end. Lone surrogates and bytes that are not UTF-8 are read as U+FFFD; numbers beyond
 * 64 bits are kept as text; a text that is nested deeper than 512 fails with limit_exceeded. NaN
 * and Infinity are not JSON: only beluga_emit_parse accepts them, and reads them as values of
 * another type.
 *
 * Threads: only one thread at a time may use a writer; any number of threads may read a document.
 */
#ifndef BELUGA_PROVIDER_JSON_H
#define BELUGA_PROVIDER_JSON_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** A value in a document; borrowed until the document is freed. */
typedef struct beluga_json beluga_json;
/** A document: a parsed JSON text. */
typedef struct beluga_json_doc beluga_json_doc;
/** Writes one JSON text. */
typedef struct beluga_json_writer beluga_json_writer;

/**
 * Parse a text into a document that the caller owns. Decoders should use beluga_emit_parse instead,
 * which reuses memory from one event to the next.
 *
 * @param text  Borrowed until the function returns; what the document needs is copied.
 * @param out   Owned (beluga_json_doc_free). NULL on failure.
 * @return 0; BELUGA_ERROR_MALFORMED_RESPONSE if the text is not JSON (the message has the
 * position); BELUGA_ERROR_LIMIT_EXCEEDED if it is nested deeper than 512; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_json_parse(const char *text, size_t length, beluga_json_doc **out,
                                 beluga_error *err);
/** Free a document with all its values; NULL does nothing. */
BELUGA_API void beluga_json_doc_free(beluga_json_doc *doc);
/**
 * Return the outermost value of a document, borrowed until the document is freed; NULL for NULL.
 */
BELUGA_API const beluga_json *beluga_json_doc_root(const beluga_json_doc *doc);

/**
 * Return the value of member `key` of an object, the first one if there are several; NULL if there
 * is none.
 */
BELUGA_API const beluga_json *beluga_json_get(const beluga_json *object, const char *key);
/** A member's name, for beluga_json_pick. Since: 0.1 */
typedef struct beluga_json_name {
    const char *text; /**< the name */
    size_t length;    /**< length of `text` in bytes */
} beluga_json_name;

/** Make a beluga_json_name from a literal: {BELUGA_JSON_NAME("id"), BELUGA_JSON_NAME("model")} */
#define BELUGA_JSON_NAME(literal) {"" literal, sizeof(literal) - 1}

/**
 * Look up several members of an object in one pass, which is faster than a beluga_json_get for
 * each.
 *
 * @param names   Array of `count` names; it is fastest if they are in the order in which the
 * members usually come.
 * @param values  Array of `count`, which receives the value of each name: the first one if a member
 * comes twice, NULL if it is missing or `object` is not an object.
 * @return the number of members that were found.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API size_t beluga_json_pick(const beluga_json *object, const beluga_json_name *names,
                                   size_t count, const beluga_json **values);
/**
 * Return item `index` of an array, or NULL. It counts from the first item each time, so use
 * beluga_json_first and beluga_json_next to go through an array.
 */
BELUGA_API const beluga_json *beluga_json_at(const beluga_json *array, size_t index);
/** Return the number of items of an array or members of an object; 0 for other types. */
BELUGA_API size_t beluga_json_count(const beluga_json *value);

/**
 * Iterate over the items of an array or the values of an object, in order:
 *
 *     for (const beluga_json *v = beluga_json_first(a); v; v = beluga_json_next(a, v))
 *
 * @param value  The value that the last call returned.
 * @return NULL after the last one, and for other types.
 * @{
 */
BELUGA_API const beluga_json *beluga_json_first(const beluga_json *container);
BELUGA_API const beluga_json *beluga_json_next(const beluga_json *container,
                                               const beluga_json *value);
/** @} */
/**
 * Return the key of a value that beluga_json_first or beluga_json_next returned for an object.
 *
 * @param value   A value of an object, not of an array.
 * @param length  Receives the key's length in bytes; NULL allowed.
 */
BELUGA_API const char *beluga_json_key(const beluga_json *value, size_t *length);

/**
 * Return whether a value is of this type; false for NULL. Null is JSON's null, not a missing value.
 * @{
 */
BELUGA_API bool beluga_json_is_object(const beluga_json *value);
BELUGA_API bool beluga_json_is_array(const beluga_json *value);
BELUGA_API bool beluga_json_is_string(const beluga_json *value);
BELUGA_API bool beluga_json_is_number(const beluga_json *value);
BELUGA_API bool beluga_json_is_null(const beluga_json *value);
/** @} */

/**
 * Return a string, NUL-terminated, borrowed until the document is freed; NULL for another type.
 *
 * @param length  Receives its length in bytes when it is a string; NULL allowed.
 */
BELUGA_API const char *beluga_json_string(const beluga_json *value, size_t *length);
/**
 * Return a number as an integer: a fraction is cut off, and for a number beyond 64 bits the nearest
 * integer that fits is returned. For another type return `otherwise`.
 */
BELUGA_API int64_t beluga_json_int(const beluga_json *value, int64_t otherwise);
/** Return a number as a double; for another type return `otherwise`. */
BELUGA_API double beluga_json_double(const beluga_json *value, double otherwise);
/** Return a bool; for another type return `otherwise`. */
BELUGA_API bool beluga_json_bool(const beluga_json *value, bool otherwise);

/** Return the string of a member: beluga_json_get, then beluga_json_string. */
BELUGA_API const char *beluga_json_get_string(const beluga_json *object, const char *key,
                                              size_t *length);
/** Return the integer of a member: beluga_json_get, then beluga_json_int. */
BELUGA_API int64_t beluga_json_get_int(const beluga_json *object, const char *key,
                                       int64_t otherwise);

/**
 * Write a value as compact JSON into a buffer that is freed with the document.
 *
 * @param doc     The document of the value. No other thread may use it during the call.
 * @param length  Receives its length in bytes when there is a text; NULL allowed.
 * @return the text, NUL-terminated; NULL when out of memory or if `value` is NULL.
 */
BELUGA_API const char *beluga_json_text(beluga_json_doc *doc, const beluga_json *value,
                                        size_t *length);

/*
 * Writing. The writer adds the commas. It remembers a failure (no memory, a value where a key is
 * needed, bytes that are not UTF-8, nesting deeper than 512, more than 256 MiB), and the function
 * that uses the text reports it, so that single calls need no checks. `key` is the name of a member
 * of an object; inside an array and for the outermost value it is NULL.
 */

/** Begin an object, which must be ended with beluga_json_end_object. */
BELUGA_API void beluga_json_begin_object(beluga_json_writer *w, const char *key);
/** End the object that was begun last. */
BELUGA_API void beluga_json_end_object(beluga_json_writer *w);
/** Begin an array, which must be ended with beluga_json_end_array. */
BELUGA_API void beluga_json_begin_array(beluga_json_writer *w, const char *key);
/** End the array that was begun last. */
BELUGA_API void beluga_json_end_array(beluga_json_writer *w);
/** Write a string; NULL writes null. */
BELUGA_API void beluga_json_put_string(beluga_json_writer *w, const char *key, const char *value);
/** Write a string of `length` bytes, which need not end in NUL; value is not NULL. */
BELUGA_API void beluga_json_put_string_n(beluga_json_writer *w, const char *key, const char *value,
                                         size_t length);
/**
 * Begin a string that is written in pieces, such as a prompt of many messages; it must be ended
 * with beluga_json_end_string. Until then only pieces of it may be written. Since: 0.1
 */
BELUGA_API void beluga_json_begin_string(beluga_json_writer *w, const char *key);
/** Add a piece to the string that is open. A piece must not end within a character. Since: 0.1 */
BELUGA_API void beluga_json_add_text(beluga_json_writer *w, const char *text, size_t length);
/**
 * Add a formatted piece, as with printf, of at most 4,095 bytes; a longer piece is a failure.
 * Since: 0.1
 */
BELUGA_API void beluga_json_add_format(beluga_json_writer *w, const char *format, ...)
    BELUGA_PRINTF(2, 3);
/** End the string. Since: 0.1 */
BELUGA_API void beluga_json_end_string(beluga_json_writer *w);
/** Write an integer. */
BELUGA_API void beluga_json_put_int(beluga_json_writer *w, const char *key, int64_t value);
/**
 * Write a number as the shortest text that is read back as the same number; a number that is not
 * finite is written as null.
 */
BELUGA_API void beluga_json_put_double(beluga_json_writer *w, const char *key, double value);
/** Write true or false. */
BELUGA_API void beluga_json_put_bool(beluga_json_writer *w, const char *key, bool value);
/** Write null. */
BELUGA_API void beluga_json_put_null(beluga_json_writer *w, const char *key);
/** Write JSON text of `length` bytes unchanged. It must be one JSON value, which is checked. */
BELUGA_API void beluga_json_put_raw(beluga_json_writer *w, const char *key, const char *json,
                                    size_t length);
/**
 * Write a string made of `prefix` and the base64 of bytes: "data:image/png;base64,…".
 *
 * @param prefix         NULL: none.
 * @param bytes, length  Borrowed.
 */
BELUGA_API void beluga_json_put_base64(beluga_json_writer *w, const char *key, const char *prefix,
                                       const void *bytes, size_t length);

/**
 * Make a writer of your own.
 * @return owned (beluga_json_writer_free), or NULL when out of memory.
 */
BELUGA_API beluga_json_writer *beluga_json_writer_new(void);
/**
 * Free a writer of beluga_json_writer_new; NULL does nothing. Do not free the writer of
 * beluga_http_request_json.
 */
BELUGA_API void beluga_json_writer_free(beluga_json_writer *w);
/**
 * Return the text of a writer.
 *
 * @param text    Borrowed until the next write; NUL-terminated. NULL on failure.
 * @param length  Receives its length in bytes, 0 on failure; NULL allowed.
 * @return 0; the code of the failure that the writer remembers; BELUGA_ERROR_INVALID_INPUT if
 * nothing was written yet, or an object or array is still open.
 */
BELUGA_API int beluga_json_writer_text(beluga_json_writer *w, const char **text, size_t *length);

BELUGA_END_DECLS
#endif
