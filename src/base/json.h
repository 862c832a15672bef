/* JSON over yyjson, which nothing else includes. The public reader and writer are in
 * beluga/provider/json.h; this adds parsing into memory that is used again. */
#ifndef BELUGA__JSON_H
#define BELUGA__JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

/* Memory for one parse at a time: grows to what the largest text needed, then allocates nothing.
 * Texts over BELUGA__MAX_POOLED_JSON get memory of their own until the next parse. */
typedef struct beluga__json_scratch {
    const beluga_allocator *allocator;
    void *pool; /* what yyjson parses into */
    size_t pool_size;
    struct yyjson_doc *large; /* a document outside the pool */
    bool lenient;             /* NaN and Infinity are no faults, but values without a number */
    bool repaired;    /* the last text; `text` is what it became, until a value is written */
    size_t fault;     /* the byte where the last text that is not JSON went wrong */
    beluga__buf text; /* results of beluga__json_scratch_text, and texts that had to be repaired */
} beluga__json_scratch;

void beluga__json_scratch_init(beluga__json_scratch *scratch, const beluga_allocator *allocator);
void beluga__json_scratch_free(beluga__json_scratch *scratch);
/* Parse; `root` lives until the next parse. The input is not changed and need not end in NUL. Codes
 * as beluga_json_parse. */
int beluga__json_scratch_parse(beluga__json_scratch *scratch, const char *text, size_t length,
                               const beluga_json **root, beluga_error *err);
/* Write a value of that parse as compact JSON; lives until the next parse or the next call of this.
 * NULL without memory. */
const char *beluga__json_scratch_text(beluga__json_scratch *scratch, const beluga_json *value,
                                      size_t *length);

/* Write a value over several lines, indented by two spaces, in place of what is in a buffer.
 * Returns 0; NO_MEMORY, also past the buffer's maximum. */
int beluga__json_pretty(beluga__buf *out, const beluga_json *value);

/* Append the bytes of a base64 text, padded or not, of either alphabet, without any other
 * character. Returns out->status, or INVALID_INPUT. */
int beluga__base64_decode(beluga__buf *out, const char *text, size_t length);

/* Copy a text with U+FFFD for each byte that is not UTF-8 and each lone surrogate inside its
 * strings; a byte order mark before it is left out. Returns out->status. */
int beluga__json_repair(beluga__buf *out, const char *text, size_t length);

/* Check that a text is one JSON object and write it compactly into an arena. */
int beluga__json_compact(beluga__arena *arena, const char *text, size_t length, const char **out,
                         size_t *out_length, beluga_error *err);

/* Write `text` with `patch` merged into it (RFC 7396) at the end of `out`. Returns 0; NO_MEMORY;
 * LIMIT_EXCEEDED; MALFORMED_RESPONSE when one of them is not JSON. */
int beluga__json_merge(beluga__buf *out, const char *text, size_t length, const char *patch,
                       size_t patch_length);

/* A writer over a buffer of the caller's; the buffer's maximum is the writer's. */
struct beluga_json_writer {
    beluga__buf *buf;
    beluga__buf own; /* for beluga_json_writer_new */
    uint32_t depth;
    bool need_comma; /* something stands before on this level; at depth 0: the value is complete */
    int status;      /* the first failure; the buffer's own is apart */
    uint64_t arrays[BELUGA__MAX_JSON_DEPTH / 64]; /* a bit a level: is it an array? */
};

void beluga__json_writer_init(beluga_json_writer *w, beluga__buf *buf);
/* Returns 0 when one whole value was written; else what stuck, or INVALID_INPUT while one is open.
 */
int beluga__json_writer_status(const beluga_json_writer *w);

/* beluga_json_get for a name of n bytes, which may hold a NUL. */
const beluga_json *beluga__json_get_n(const beluga_json *object, const char *key, size_t n);

#endif
