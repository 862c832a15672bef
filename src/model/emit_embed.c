/* Vectors and counts of tokens: the functions by which a provider emits them, and their rules. */
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "model/emit_rules.h"
#include "model/handle.h"

#include <stdarg.h>
#include <stdio.h>

/* Which inputs of a call have a vector, and how long vectors are. */
struct beluga__vectors {
    size_t dimensions;
    size_t n;      /* inputs that have one */
    uint8_t has[]; /* a bit for each input */
};

/* --- rules ------------------------------------------------------------------------------------ */

static int refuse(beluga_emit *emit, const char *format, ...) BELUGA_PRINTF(2, 3);
static int refuse(beluga_emit *emit, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return beluga__emit_broken(emit, BELUGA_ERROR_INVALID_RESPONSE, text);
}

/* All exponent bits are set in NaN and infinity only. The loop has no branch, so that it is
 * vectorized. */
static bool are_finite(const float *values, size_t n)
{
    const uint32_t exponent = UINT32_C(0x7f800000);
    uint32_t odd = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        odd |= (bits & exponent) == exponent;
    }
    return !odd;
}

static beluga__vectors *vectors_of(beluga_emit *emit)
{
    if (!emit->vectors)
        emit->vectors = beluga__arena_zalloc(&emit->call->arena,
                                             sizeof *emit->vectors + emit->call->n_inputs / 8 + 1);
    return emit->vectors;
}

static bool has_vector(const beluga__vectors *vectors, size_t index)
{
    return vectors->has[index / 8] >> index % 8 & 1;
}

static int check_vector(beluga_emit *emit, const beluga__vectors *vectors,
                        const beluga_event *event)
{
    const beluga_call *call = emit->call;
    size_t index = event->index, n = event->u.embedding.count;
    if (index >= call->n_inputs)
        return refuse(emit, "the answer has a vector for input %zu, and only %zu were sent", index,
                      call->n_inputs);
    if (has_vector(vectors, index))
        return refuse(emit, "the answer has two vectors for input %zu", index);
    if (!n || n > BELUGA__MAX_DIMENSIONS)
        return refuse(emit, "the vector of input %zu has %zu numbers", index, n);
    if (vectors->n && n != vectors->dimensions)
        return refuse(emit, "the vector of input %zu has %zu numbers, and those before have %zu",
                      index, n, vectors->dimensions);
    if (!are_finite(event->u.embedding.values, n))
        return refuse(emit, "the vector of input %zu has a number that is not finite", index);
    return 0;
}

int beluga__emit_vector(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check_content(emit);
    if (status) return status;
    if (emit->call->kind != BELUGA_CALL_EMBED) return BELUGA_ERROR_INVALID_INPUT;
    beluga__vectors *vectors = vectors_of(emit);
    if (!vectors) return beluga__emit_no_memory(emit);
    status = check_vector(emit, vectors, event);
    if (status) return status;
    vectors->dimensions = event->u.embedding.count;
    vectors->has[event->index / 8] |= (uint8_t)(1u << event->index % 8);
    vectors->n++;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return beluga__emit_event(emit, event);
}

int beluga__emit_count(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check_content(emit);
    if (status) return status;
    if (emit->call->kind != BELUGA_CALL_COUNT) return BELUGA_ERROR_INVALID_INPUT;
    if (event->u.tokens < 0 || event->u.tokens > BELUGA__MAX_TOKENS)
        return refuse(emit, "the answer counts %lld tokens", (long long)event->u.tokens);
    emit->counted = true;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return beluga__emit_event(emit, event);
}

static int check_vectors(beluga_emit *emit)
{
    const beluga__vectors *vectors = vectors_of(emit);
    size_t index = 0;
    if (!vectors) return beluga__emit_no_memory(emit);
    if (vectors->n == emit->call->n_inputs) return 0;
    while (has_vector(vectors, index)) index++;
    return refuse(emit, "the answer has no vector for input %zu: %zu of %zu came", index,
                  vectors->n, emit->call->n_inputs);
}

int beluga__emit_check_whole(beluga_emit *emit)
{
    if (emit->call->kind == BELUGA_CALL_EMBED) return check_vectors(emit);
    /* the token of a further request is kept as the finish word */
    bool lacks = emit->call->kind == BELUGA_CALL_COUNT && !emit->counted && !emit->raw_finish;
    return lacks ? refuse(emit, "the answer has no count of tokens") : 0;
}

/* --- what a provider calls -------------------------------------------------------------------- */

int beluga_emit_embedding(beluga_emit *emit, uint32_t index, const float *values, size_t count)
{
    if (!values) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA_EVENT_EMBEDDING,
                                             .index = index,
                                             .u.embedding = {.values = values, .count = count}});
}

/* The format has the lowest byte first, as nearly every machine has it. */
static void to_own_order(float *values, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits = __builtin_bswap32(bits);
        memcpy(&values[i], &bits, sizeof bits);
    }
#else
    (void)values;
    (void)n;
#endif
}

static int emit_bytes(beluga_emit *given, uint32_t index, beluga__buf *bytes)
{
    size_t n = bytes->length / sizeof(float);
    if (bytes->length % sizeof(float))
        return beluga_emit_failure(given, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                                   "the vector of input %u has %zu bytes: not a number of floats",
                                   index, bytes->length);
    float *values = (float *)(void *)bytes->data;
    to_own_order(values, n);
    return beluga_emit_embedding(given, index, values, n);
}

int beluga_emit_embedding_base64(beluga_emit *given, uint32_t index, const char *base64,
                                 size_t length)
{
    int status = 0;
    beluga__buf bytes;
    beluga_emit *emit = beluga__emit_find(given, &status);
    if (!emit) return status;
    if (!base64) return BELUGA_ERROR_INVALID_INPUT;
    beluga__buf_init(&bytes, emit->call->arena.allocator, BELUGA__MAX_DIMENSIONS * sizeof(float));
    status = beluga__base64_decode(&bytes, base64, length);
    if (status == BELUGA_ERROR_INVALID_INPUT)
        status = beluga_emit_failure(given, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                                     "the vector of input %u is not base64", index);
    else if (status)
        status =
            beluga_emit_failure(given, status, NULL, "the vector of input %u can't be kept: %s",
                                index, beluga_error_text(status));
    else
        status = emit_bytes(given, index, &bytes);
    beluga__buf_free(&bytes);
    return status;
}

static int emit_array(beluga_emit *given, const beluga_allocator *allocator, uint32_t index,
                      const beluga_json *array)
{
    size_t n = beluga_json_count(array);
    if (!n || n > BELUGA__MAX_DIMENSIONS)
        return beluga_emit_failure(given, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the vector of input %u has %zu numbers", index, n);
    float *values = beluga__alloc(allocator, n * sizeof *values);
    if (!values)
        return beluga_emit_failure(given, BELUGA_ERROR_NO_MEMORY, NULL, "no memory for a vector");
    size_t read = beluga__json_floats(array, values, n);
    int status = read == n ? beluga_emit_embedding(given, index, values, n)
                           : beluga_emit_failure(given, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                                                 "item %zu of the vector of input %u is no number",
                                                 read, index);
    beluga__release(allocator, values);
    return status;
}

int beluga_emit_embedding_json(beluga_emit *given, uint32_t index, const beluga_json *value)
{
    int status = 0;
    size_t length = 0;
    beluga_emit *emit = beluga__emit_find(given, &status);
    if (!emit) return status;
    const char *base64 = beluga_json_string(value, &length);
    if (base64) return beluga_emit_embedding_base64(given, index, base64, length);
    if (beluga_json_is_array(value))
        return emit_array(given, emit->call->arena.allocator, index, value);
    return beluga_emit_failure(given, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                               "the vector of input %u is neither numbers nor base64", index);
}

int beluga_emit_token_count(beluga_emit *emit, int64_t tokens)
{
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA_EVENT_TOKEN_COUNT, .u.tokens = tokens});
}
