/* Additions to the public JSON reader and writer of beluga/provider/json.h, such as parsing into
 * reused memory. Only the sources of this room include yyjson. */
#ifndef BELUGA__JSON_H
#define BELUGA__JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

/* Memory for one parse at a time. It grows to the size that the largest text needs, and is then
 * reused. Texts above BELUGA__MAX_POOLED_JSON get memory of their own until the next parse. */
typedef struct beluga__json_scratch {
    const beluga_allocator *allocator;
    void *pool; /* memory into which yyjson parses */
    size_t pool_size;
    struct yyjson_doc *large; /* a document that did not fit into the pool */
    /* Accept NaN and Infinity, as values of a type other than number. */
    bool lenient;
    /* The last text that was parsed was repaired. `text` holds the repaired text until a value is
     * written into it. */
    bool repaired;
    size_t fault;     /* if the last text was not JSON: offset of the byte where the fault is */
    beluga__buf text; /* the result of beluga__json_scratch_text, or the repaired text */
} beluga__json_scratch;

void beluga__json_scratch_init(beluga__json_scratch *scratch, const beluga_allocator *allocator);
void beluga__json_scratch_free(beluga__json_scratch *scratch);
/* Parse a text. `root` is valid until the next parse. The input is not changed and need not end in
 * NUL. Returns the codes of beluga_json_parse. */
int beluga__json_scratch_parse(beluga__json_scratch *scratch, const char *text, size_t length,
                               const beluga_json **root, beluga_error *err);
/* Write a value of the last parse as compact JSON. The text is valid until the next parse or the
 * next call of this function. Returns NULL if memory runs out. */
const char *beluga__json_scratch_text(beluga__json_scratch *scratch, const beluga_json *value,
                                      size_t *length);

/* Replace the content of a buffer by the JSON text of a value, on several lines and indented by two
 * spaces. Returns 0 or NO_MEMORY. NO_MEMORY also means that the text is longer than the buffer's
 * maximum. */
int beluga__json_pretty(beluga__buf *out, const beluga_json *value);

/* Read the first n items of an array as floats; numbers outside a float's range become infinite.
 * Returns the number of items before the first that is not a number. */
size_t beluga__json_floats(const beluga_json *array, float *values, size_t n);

/* Append bytes as base64 with padding. Returns out->status. */
int beluga__base64_encode(beluga__buf *out, const void *bytes, size_t length);
/* Append the bytes of a base64 text. Padding is optional, both alphabets are accepted, and other
 * characters are not. Returns out->status, or INVALID_INPUT. */
int beluga__base64_decode(beluga__buf *out, const char *text, size_t length);

/* Copy a JSON text, with U+FFFD for each byte that is not UTF-8 and for each lone surrogate inside
 * its strings. A byte order mark at the beginning is left out. Returns out->status. */
int beluga__json_repair(beluga__buf *out, const char *text, size_t length);

/* Check that a text is one JSON object, and write it in compact form into an arena. */
int beluga__json_compact(beluga__arena *arena, const char *text, size_t length, const char **out,
                         size_t *out_length, beluga_error *err);

/* Append `text` with `patch` merged into it (RFC 7396) to `out`. Returns 0; NO_MEMORY;
 * LIMIT_EXCEEDED; MALFORMED_RESPONSE if one of them is not JSON. */
int beluga__json_merge(beluga__buf *out, const char *text, size_t length, const char *patch,
                       size_t patch_length);

/* Find the first member with that name in the text of a JSON object. Returns where its value begins
 * in the text, or NULL if there is none. The text must be valid JSON; with another text the result
 * is undefined, but nothing beyond its end is read. `name` is ASCII without characters that JSON
 * escapes. */
const char *beluga__json_member_text(const char *text, size_t length, const char *name,
                                     size_t *value_length);
/* Append the text of a JSON object to `out`, with the value of each member of that name replaced by
 * `value`. If no member has the name, a new member is put first. All other bytes stay the same.
 * Returns out->status, or INVALID_INPUT if the text is not an object. */
int beluga__json_set_member(beluga__buf *out, const char *text, size_t length, const char *name,
                            const char *value, size_t value_length);

/* A writer appends to a buffer of its caller, up to the buffer's maximum. */
struct beluga_json_writer {
    beluga__buf *buf;
    beluga__buf own; /* the buffer of a writer that beluga_json_writer_new made */
    uint32_t depth;
    bool in_string;  /* a string is being written in pieces */
    bool need_comma; /* this level has a value already; at depth 0 the text is complete then */
    /* the first failure, except failures of the buffer, which has a status of its own */
    int status;
    uint64_t arrays[BELUGA__MAX_JSON_DEPTH / 64]; /* one bit for each level; 1: it is an array */
};

void beluga__json_writer_init(beluga_json_writer *w, beluga__buf *buf);
/* Returns whether the text of a JSON value has more than `max` levels. */
bool beluga__json_nests_deeper(const char *text, size_t length, size_t max);
/* Write the text of one JSON value, which must come from this library's writer or reader. */
void beluga__json_put_valid(beluga_json_writer *w, const char *key, const char *json,
                            size_t length);
/* Returns 0 if one complete value was written; the first failure; or INVALID_INPUT if a value is
 * still open. */
int beluga__json_writer_status(const beluga_json_writer *w);

/* Like beluga_json_get, for a name of n bytes, which may contain NUL. */
const beluga_json *beluga__json_get_n(const beluga_json *object, const char *key, size_t n);

#endif
