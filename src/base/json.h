/* The public reader and writer of JSON are in beluga/provider/json.h; this header adds parsing into
 * memory that is used again. Only the sources of this room include yyjson. */
#ifndef BELUGA__JSON_H
#define BELUGA__JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

/* A scratch has the memory of one parse at a time. It grows to the need of the largest text, and
 * then allocates nothing. Texts over BELUGA__MAX_POOLED_JSON get memory of their own until the next
 * parse. */
typedef struct beluga__json_scratch {
    const beluga_allocator *allocator;
    void *pool; /* memory into which yyjson parses */
    size_t pool_size;
    struct yyjson_doc *large; /* a document that did not fit into the pool */
    /* NaN and Infinity are read as values without a number, instead of failing */
    bool lenient;
    /* the last text was repaired; until a value is written, `text` holds the repaired text */
    bool repaired;
    size_t fault;     /* the byte where the last text that is not JSON went wrong */
    beluga__buf text; /* a result of beluga__json_scratch_text, or a text that was repaired */
} beluga__json_scratch;

void beluga__json_scratch_init(beluga__json_scratch *scratch, const beluga_allocator *allocator);
void beluga__json_scratch_free(beluga__json_scratch *scratch);
/* Parse a text. `root` lives until the next parse. The input is not changed and need not end in
 * NUL. Returns the codes of beluga_json_parse. */
int beluga__json_scratch_parse(beluga__json_scratch *scratch, const char *text, size_t length,
                               const beluga_json **root, beluga_error *err);
/* Write a value of the last parse as compact JSON. The text lives until the next parse or the next
 * call of this function. Returns NULL without memory. */
const char *beluga__json_scratch_text(beluga__json_scratch *scratch, const beluga_json *value,
                                      size_t *length);

/* Replace the content of a buffer by a value over several lines, indented by two spaces.
 * Returns 0; NO_MEMORY, also past the buffer's maximum. */
int beluga__json_pretty(beluga__buf *out, const beluga_json *value);

/* Read the first n items of an array as floats; a number too large for one becomes infinite.
 * Returns how many were read before one that is not a number. */
size_t beluga__json_floats(const beluga_json *array, float *values, size_t n);

/* Append bytes as base64 with padding. Returns out->status. */
int beluga__base64_encode(beluga__buf *out, const void *bytes, size_t length);
/* Append the bytes of a base64 text, padded or not, of either alphabet, without any other
 * character. Returns out->status, or INVALID_INPUT. */
int beluga__base64_decode(beluga__buf *out, const char *text, size_t length);

/* Copy a text with U+FFFD for each byte that is not UTF-8 and each lone surrogate inside its
 * strings; a byte order mark before it is left out. Returns out->status. */
int beluga__json_repair(beluga__buf *out, const char *text, size_t length);

/* Check that a text is one JSON object, and write the object compactly into an arena. */
int beluga__json_compact(beluga__arena *arena, const char *text, size_t length, const char **out,
                         size_t *out_length, beluga_error *err);

/* Write `text` with `patch` merged into it (RFC 7396) at the end of `out`. Returns 0; NO_MEMORY;
 * LIMIT_EXCEEDED; MALFORMED_RESPONSE when one of them is not JSON. */
int beluga__json_merge(beluga__buf *out, const char *text, size_t length, const char *patch,
                       size_t patch_length);

/* Find the first member of that name in an object, as the text has it. Returns where its value
 * begins, NULL without one. The text is JSON; of another nothing is promised but that nothing
 * beyond it is read. `name` is ASCII without characters that JSON escapes. */
const char *beluga__json_member_text(const char *text, size_t length, const char *name,
                                     size_t *value_length);
/* Write an object at the end of `out` as its text is, but with `value` for each member of that
 * name; where it has none, one is put before the others. Returns out->status, or INVALID_INPUT for
 * a text that is no object. */
int beluga__json_set_member(beluga__buf *out, const char *text, size_t length, const char *name,
                            const char *value, size_t value_length);

/* A writer appends to a buffer of the caller's, up to the buffer's maximum. */
struct beluga_json_writer {
    beluga__buf *buf;
    beluga__buf own; /* memory of beluga_json_writer_new */
    uint32_t depth;
    bool in_string;  /* pieces of a string are written */
    bool need_comma; /* this level has a value already; at depth 0 the text is complete */
    int status;      /* the first failure; failures of the buffer are in the buffer */
    uint64_t arrays[BELUGA__MAX_JSON_DEPTH / 64]; /* one bit for each level: 1 for an array */
};

void beluga__json_writer_init(beluga_json_writer *w, beluga__buf *buf);
/* Returns whether the text of a JSON value has more levels than `max`. */
bool beluga__json_nests_deeper(const char *text, size_t length, size_t max);
/* Write JSON text that this library has written or read as one value. */
void beluga__json_put_valid(beluga_json_writer *w, const char *key, const char *json,
                            size_t length);
/* Returns 0 when one whole value was written; the first failure; or INVALID_INPUT while a value is
 * open. */
int beluga__json_writer_status(const beluga_json_writer *w);

/* Do as beluga_json_get for a name of n bytes, which may hold a NUL. */
const beluga_json *beluga__json_get_n(const beluga_json *object, const char *key, size_t n);

#endif
