#include "base/json.h"
#include "base/mem.h"

#include <yyjson.h>

/* Numbers that neither 64 bits nor a double can hold are kept as text, instead of failing or losing
 * digits. */
#define READ_FLAGS YYJSON_READ_BIGNUM_AS_RAW

/* The longest repaired or written text: repair makes a byte three bytes long, an escape six. */
#define MAX_TEXT ((size_t)6 * BELUGA__MAX_REQUEST_BYTES)

/* A text shorter than this can't be nested too deep, since every bracket needs its closing
 * bracket. */
enum { SHORTEST_DEEP_TEXT = 2 * BELUGA__MAX_JSON_DEPTH, SMALLEST_POOL = 8 * 1024 };

static yyjson_val *val(const beluga_json *value)
{
    return (yyjson_val *)(uintptr_t)value;
}

static const beluga_json *json(const yyjson_val *value)
{
    return (const beluga_json *)value;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *general_alloc(void *allocator, size_t size)
{
    return beluga__alloc(allocator, size);
}

static void *general_resize(void *allocator, void *pointer, size_t old_size, size_t size)
{
    return beluga__resize(allocator, pointer, old_size, size);
}

static void general_release(void *allocator, void *pointer)
{
    beluga__release(allocator, pointer);
}

static yyjson_alc general(const beluga_allocator *allocator)
{
    return (yyjson_alc){general_alloc, general_resize, general_release,
                        (void *)(uintptr_t)allocator};
}

/* An allocator that hands out the memory of the pool from one end. yyjson's reader allocates two
 * blocks, of which only the last grows, so this simple allocator is enough. */
typedef struct pool {
    char *at, *end, *last;
} pool;

static void *pool_alloc(void *opaque, size_t size)
{
    enum { ALIGNMENT = 16 };
    pool *p = opaque;
    size_t room = (size_t)(p->end - p->at), taken = (size + ALIGNMENT - 1) & -(size_t)ALIGNMENT;
    if (size > room || taken > room) return NULL;
    p->last = p->at;
    p->at += taken;
    return p->last;
}

static void *pool_resize(void *opaque, void *pointer, size_t old_size, size_t size)
{
    pool *p = opaque;
    if (pointer == p->last) p->at = p->last;
    void *moved = pool_alloc(p, size);
    if (moved && moved != pointer) memcpy(moved, pointer, old_size < size ? old_size : size);
    return moved;
}

static void pool_release(void *opaque, void *pointer)
{
    (void)opaque;
    (void)pointer;
}

/* The allocator for yyjson's writer. The writer uses one block at a time, so this block can be a
 * beluga__buf. */
static void *buf_resize(void *buffer, void *pointer, size_t old_size, size_t size)
{
    beluga__buf *buf = buffer;
    (void)pointer;
    (void)old_size;
    if (size > buf->length && beluga__buf_reserve(buf, size - buf->length)) return NULL;
    buf->length = size; /* the length covers all bytes, so that the next growth copies them */
    return buf->data;
}

static void *buf_alloc(void *buffer, size_t size)
{
    return buf_resize(buffer, NULL, 0, size);
}

static void buf_release(void *buffer, void *pointer)
{
    (void)buffer;
    (void)pointer;
}

static const char *write_as(beluga__buf *buf, const beluga_json *value, yyjson_write_flag flags,
                            size_t *length)
{
    yyjson_alc alc = {buf_alloc, buf_resize, buf_release, buf};
    size_t n;
    if (!value) return NULL;
    beluga__buf_clear(buf);
    if (!yyjson_val_write_opts(val(value), flags, &alc, &n, NULL)) return NULL;
    buf->length = n;
    if (length) *length = n;
    return buf->data;
}

static const char *write_to(beluga__buf *buf, const beluga_json *value, size_t *length)
{
    return write_as(buf, value, YYJSON_WRITE_INF_AND_NAN_AS_NULL, length);
}

int beluga__json_pretty(beluga__buf *out, const beluga_json *value)
{
    return write_as(out, value, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL) ? 0 : BELUGA_ERROR_NO_MEMORY;
}

/* ---- parsing --------------------------------------------------------------------------------- */

static const char *string_end(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++)
        if (*at == '\\' && ++at == end) break;
    return at;
}

bool beluga__json_nests_deeper(const char *text, size_t length, size_t max)
{
    size_t depth = 0;
    for (const char *at = text, *end = text + length; at < end; at++) {
        switch (*at) {
        case '"': at = string_end(at + 1, end); break;
        case '[':
        case '{':
            if (++depth > max) return true;
            break;
        case ']':
        case '}':
            if (depth) depth--;
            break;
        }
        if (at == end) break;
    }
    return false;
}

/* Returns whether a document is nested too deep. yyjson stores each container before its values, so
 * one pass over all values is enough. */
static bool is_too_deep(const yyjson_doc *doc)
{
    yyjson_val *ends[BELUGA__MAX_JSON_DEPTH], *at = doc->root, *end = unsafe_yyjson_get_next(at);
    for (size_t depth = 0; at < end; at++) {
        if (!unsafe_yyjson_is_ctn(at)) continue;
        while (depth && ends[depth - 1] <= at) depth--;
        if (depth == BELUGA__MAX_JSON_DEPTH) return true;
        ends[depth++] = unsafe_yyjson_get_next(at);
    }
    return false;
}

/* Returns whether a text is nested too deep. yyjson parses without recursion, but functions that
 * walk over the result may recurse. Only a text that failed to parse is scanned byte by byte, so
 * that its depth is reported rather than its fault. */
static bool too_deep(const yyjson_doc *doc, const char *text, size_t length)
{
    if (length < SHORTEST_DEEP_TEXT) return false;
    if (!doc) return beluga__json_nests_deeper(text, length, BELUGA__MAX_JSON_DEPTH);
    return yyjson_doc_get_val_count((yyjson_doc *)(uintptr_t)doc) > BELUGA__MAX_JSON_DEPTH &&
           is_too_deep(doc);
}

static int fail(const yyjson_read_err *why, size_t length, beluga_error *err)
{
    if (why->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to parse %zu bytes",
                                length);
    if (why->code == YYJSON_READ_ERROR_EMPTY_CONTENT || length == 0)
        return beluga_error_set(err, BELUGA_ERROR_MALFORMED_RESPONSE,
                                "malformed JSON at byte 0: the text is empty");
    return beluga_error_set(err, BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte %zu: %s",
                            why->pos, why->msg);
}

void beluga__json_scratch_init(beluga__json_scratch *scratch, const beluga_allocator *allocator)
{
    *scratch = (beluga__json_scratch){.allocator = allocator};
    beluga__buf_init(&scratch->text, allocator, MAX_TEXT);
}

void beluga__json_scratch_free(beluga__json_scratch *scratch)
{
    yyjson_doc_free(scratch->large);
    beluga__release(scratch->allocator, scratch->pool);
    beluga__buf_free(&scratch->text);
    bool lenient = scratch->lenient;
    beluga__json_scratch_init(scratch, scratch->allocator);
    scratch->lenient = lenient;
}

/* Make the pool large enough for a text. Returns false if memory runs out; then the pool is NULL.
 */
static bool fit_pool(beluga__json_scratch *scratch, size_t length)
{
    size_t needed = yyjson_read_max_memory_usage(length, READ_FLAGS);
    size_t size = scratch->pool_size ? scratch->pool_size : SMALLEST_POOL;
    if (needed <= scratch->pool_size) return true;
    while (size < needed) size *= 2;
    beluga__release(scratch->allocator, scratch->pool);
    scratch->pool = beluga__alloc(scratch->allocator, size);
    scratch->pool_size = scratch->pool ? size : 0;
    return scratch->pool != NULL;
}

static yyjson_doc *read_with(beluga__json_scratch *scratch, bool pooled, yyjson_read_flag flags,
                             const char *text, size_t length, yyjson_read_err *why)
{
    yyjson_alc alc;
    char *input = (char *)(uintptr_t)text;
    if (pooled && length <= BELUGA__MAX_POOLED_JSON && fit_pool(scratch, length)) {
        char *memory = scratch->pool;
        pool p = {.at = memory, .end = memory + scratch->pool_size};
        alc = (yyjson_alc){pool_alloc, pool_resize, pool_release, &p};
        yyjson_doc *doc = yyjson_read_opts(input, length, flags, &alc, why);
        if (doc || why->code != YYJSON_READ_ERROR_MEMORY_ALLOCATION) return doc;
    }
    alc = general(scratch->allocator);
    scratch->large = yyjson_read_opts(input, length, flags, &alc, why);
    return scratch->large;
}

/* Parse a text that is not strict JSON again, if that may help: Python writes NaN and Infinity. A
 * lenient scratch reads these as values that are not numbers. They are not kept as text, since the
 * text would be written back as JSON. */
static yyjson_doc *read_leniently(beluga__json_scratch *scratch, bool pooled, const char *text,
                                  size_t length, const yyjson_read_err *why)
{
    yyjson_read_err again;
    bool odd = why->code == YYJSON_READ_ERROR_UNEXPECTED_CHARACTER ||
               why->code == YYJSON_READ_ERROR_INVALID_NUMBER;
    if (!odd || !scratch->lenient) return NULL;
    return read_with(scratch, pooled, YYJSON_READ_ALLOW_INF_AND_NAN, text, length, &again);
}

static bool can_repair(const yyjson_read_err *why, const char *text, size_t length)
{
    return why->code == YYJSON_READ_ERROR_INVALID_STRING ||
           (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0);
}

static int fail_deep(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "JSON nested deeper than %d levels",
                            BELUGA__MAX_JSON_DEPTH);
}

/* Parse a text again after the strict parser refused it: leniently, or after a repair. */
static __attribute__((noinline)) int parse_again(beluga__json_scratch *scratch, bool pooled,
                                                 const char *text, size_t length,
                                                 yyjson_read_err why, yyjson_doc **doc,
                                                 beluga_error *err)
{
    *doc = read_leniently(scratch, pooled, text, length, &why);
    if (!*doc && can_repair(&why, text, length)) {
        const beluga__buf *repaired = &scratch->text;
        beluga__buf_clear(&scratch->text);
        if (beluga__json_repair(&scratch->text, text, length))
            return beluga_error_set(err, repaired->status,
                                    "can't repair JSON that is not UTF-8: %s",
                                    beluga_error_text(repaired->status));
        scratch->repaired = true;
        *doc = read_with(scratch, pooled, READ_FLAGS, repaired->data, repaired->length, &why);
        if (!*doc) *doc = read_leniently(scratch, pooled, repaired->data, repaired->length, &why);
    }
    if (too_deep(*doc, text, length)) return fail_deep(err);
    scratch->fault = why.pos;
    return *doc ? 0 : fail(&why, length, err);
}

static inline int parse(beluga__json_scratch *scratch, bool pooled, const char *text, size_t length,
                        yyjson_doc **doc, beluga_error *err)
{
    yyjson_read_err why;
    *doc = read_with(scratch, pooled, READ_FLAGS, text, length, &why);
    if (!*doc) return parse_again(scratch, pooled, text, length, why, doc, err);
    if (too_deep(*doc, text, length)) return fail_deep(err);
    scratch->fault = 0;
    return 0;
}

int beluga__json_scratch_parse(beluga__json_scratch *scratch, const char *text, size_t length,
                               const beluga_json **root, beluga_error *err)
{
    yyjson_doc *doc;
    if (scratch->large) yyjson_doc_free(scratch->large);
    scratch->large = NULL;
    scratch->repaired = false;
    int code = parse(scratch, true, text, length, &doc, err);
    *root = code ? NULL : json(yyjson_doc_get_root(doc));
    return code;
}

const char *beluga__json_scratch_text(beluga__json_scratch *scratch, const beluga_json *value,
                                      size_t *length)
{
    return write_to(&scratch->text, value, length);
}

int beluga__json_compact(beluga__arena *arena, const char *text, size_t length, const char **out,
                         size_t *out_length, beluga_error *err)
{
    beluga__json_scratch scratch;
    const beluga_json *root;
    const char *compact = NULL;
    size_t n = 0;
    beluga__json_scratch_init(&scratch, arena->allocator);
    int code = beluga__json_scratch_parse(&scratch, text, length, &root, err);
    if (code == BELUGA_ERROR_MALFORMED_RESPONSE) {
        code = BELUGA_ERROR_INVALID_INPUT;
        if (err) {
            err->code = code;
            err->retryable = 0;
        }
    } else if (!code && !beluga_json_is_object(root)) {
        code = beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "not a JSON object");
    } else if (!code) {
        compact = beluga__json_scratch_text(&scratch, root, &n);
        *out = compact ? beluga__arena_copy(arena, compact, n) : NULL;
        *out_length = n;
        if (!*out)
            code =
                beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for %zu bytes of JSON", n);
    }
    beluga__json_scratch_free(&scratch);
    return code;
}

/* ---- documents ------------------------------------------------------------------------------- */

typedef struct json_text {
    struct json_text *next;
    beluga__buf buf;
} json_text;

struct beluga_json_doc {
    const beluga_allocator *allocator;
    yyjson_doc *doc;
    json_text *texts;
};

int beluga_json_parse(const char *text, size_t length, beluga_json_doc **out, beluga_error *err)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga_json_doc *doc = beluga__zalloc(allocator, sizeof *doc);
    beluga__json_scratch scratch;
    *out = NULL;
    if (!doc) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to parse JSON");
    beluga__json_scratch_init(&scratch, allocator);
    doc->allocator = allocator;
    int code = parse(&scratch, false, text, length, &doc->doc, err);
    if (code) {
        beluga__release(allocator, doc);
    } else {
        scratch.large = NULL; /* the document owns this memory now */
        *out = doc;
    }
    beluga__json_scratch_free(&scratch);
    return code;
}

void beluga_json_doc_free(beluga_json_doc *doc)
{
    if (!doc) return;
    for (json_text *t = doc->texts, *next; t; t = next) {
        next = t->next;
        beluga__buf_free(&t->buf);
        beluga__release(doc->allocator, t);
    }
    yyjson_doc_free(doc->doc);
    beluga__release(doc->allocator, doc);
}

const beluga_json *beluga_json_doc_root(const beluga_json_doc *doc)
{
    return doc ? json(yyjson_doc_get_root(doc->doc)) : NULL;
}

const char *beluga_json_text(beluga_json_doc *doc, const beluga_json *value, size_t *length)
{
    json_text *text = doc && value ? beluga__zalloc(doc->allocator, sizeof *text) : NULL;
    if (!text) return NULL;
    beluga__buf_init(&text->buf, doc->allocator, MAX_TEXT);
    text->next = doc->texts;
    doc->texts = text;
    return write_to(&text->buf, value, length);
}
