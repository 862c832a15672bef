/* The rules for vectors and token counts. */
#include "base/limits.h"
#include "model/emit_rules.h"

#include <stdarg.h>
#include <stdio.h>

/* Records which inputs of a call have a vector already, and the dimensions of the vectors. */
struct beluga__vectors {
    size_t dimensions;
    size_t n;      /* number of inputs that have a vector */
    size_t end;    /* the highest index of these inputs, plus 1 */
    uint8_t has[]; /* one bit for each input: 1 if it has a vector */
};

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

/* Only NaN and infinity have all exponent bits set. The loop has no branch, so the compiler can
 * vectorize it. */
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

/* Returns the largest number of vectors that the answer may have. */
static size_t most_vectors(const beluga_call *call)
{
    if (!call->any_inputs) return call->n_inputs;
    uint32_t most = call->target->provider->max_inputs;
    return most && most < BELUGA__MAX_INPUTS ? most : BELUGA__MAX_INPUTS;
}

static beluga__vectors *vectors_of(beluga_emit *emit)
{
    if (!emit->vectors)
        emit->vectors = beluga__arena_zalloc(
            &emit->call->arena, sizeof *emit->vectors + most_vectors(emit->call) / 8 + 1);
    return emit->vectors;
}

static bool has_vector(const beluga__vectors *vectors, size_t index)
{
    return vectors->has[index / 8] >> index % 8 & 1;
}

static int check_vector(beluga_emit *emit, const beluga__vectors *vectors,
                        const beluga_event *event)
{
    size_t index = event->index, n = event->u.embedding.count, most = most_vectors(emit->call);
    if (index >= most)
        return refuse(emit, "the answer has a vector for input %zu, but only %zu inputs were sent",
                      index, most);
    if (has_vector(vectors, index))
        return refuse(emit, "the answer has two vectors for input %zu", index);
    if (!n || n > BELUGA__MAX_DIMENSIONS)
        return refuse(emit, "the vector of input %zu has %zu numbers (expected 1 to %u)", index, n,
                      BELUGA__MAX_DIMENSIONS);
    if (vectors->n && n != vectors->dimensions)
        return refuse(emit, "the vector of input %zu has %zu numbers, but those before have %zu",
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
    if (event->index >= vectors->end) vectors->end = (size_t)event->index + 1;
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
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return beluga__emit_event(emit, event);
}

static int check_vectors(beluga_emit *emit)
{
    const beluga__vectors *vectors = vectors_of(emit);
    size_t index = 0;
    if (!vectors) return beluga__emit_no_memory(emit);
    size_t expected = !emit->call->any_inputs ? emit->call->n_inputs : vectors->end;
    if (!expected) return refuse(emit, "the answer has no vectors");
    if (vectors->n == expected) return 0;
    while (has_vector(vectors, index)) index++;
    return refuse(emit, "the answer has no vector for input %zu: only %zu of %zu came", index,
                  vectors->n, expected);
}

int beluga__emit_check_whole(beluga_emit *emit)
{
    if (emit->call->kind == BELUGA_CALL_EMBED) return check_vectors(emit);
    /* `raw_finish` is set if the provider asked for a further request: then it has that request's
     * token. */
    bool counted = (emit->seen | emit->brought) & BELUGA__BROUGHT_CONTENT;
    bool lacks = emit->call->kind == BELUGA_CALL_COUNT && !counted && !emit->raw_finish;
    return lacks ? refuse(emit, "the answer has no token count") : 0;
}
