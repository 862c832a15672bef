/* The functions by which a provider emits vectors and counts of tokens. */
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "model/emit.h"
#include "model/handle.h"
#include "schema/event.h"

int beluga_emit_embedding(beluga_emit *emit, uint32_t index, const float *values, size_t count)
{
    if (!values) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA_EVENT_EMBEDDING,
                                             .index = index,
                                             .u.embedding = {.values = values, .count = count}});
}

/* Convert little-endian floats to the machine's byte order; nearly every machine needs no
 * change. */
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
            beluga_emit_failure(given, status, NULL, "the vector of input %u can't be stored: %s",
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
                                   "the vector of input %u has %zu numbers (expected 1 to %u)",
                                   index, n, BELUGA__MAX_DIMENSIONS);
    float *values = beluga__alloc(allocator, n * sizeof *values);
    if (!values)
        return beluga_emit_failure(given, BELUGA_ERROR_NO_MEMORY, NULL, "no memory for a vector");
    size_t read = beluga__json_floats(array, values, n);
    int status = read == n
                     ? beluga_emit_embedding(given, index, values, n)
                     : beluga_emit_failure(given, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                                           "item %zu of the vector of input %u is not a number",
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
                               "the vector of input %u is neither an array of numbers nor base64",
                               index);
}

int beluga_emit_token_count(beluga_emit *emit, int64_t tokens)
{
    return beluga__emit_send(emit,
                             &(beluga_event){.kind = BELUGA_EVENT_TOKEN_COUNT, .u.tokens = tokens});
}
