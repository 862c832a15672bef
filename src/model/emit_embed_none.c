/* Replaces emit_embed.c and emit_vector.c in a library that is built without embeddings. */
#include "model/emit_rules.h"

int beluga_emit_embedding(beluga_emit *emit, uint32_t index, const float *values, size_t count)
{
    (void)emit;
    (void)index;
    (void)values;
    (void)count;
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_emit_embedding_base64(beluga_emit *emit, uint32_t index, const char *base64,
                                 size_t length)
{
    (void)emit;
    (void)index;
    (void)base64;
    (void)length;
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_emit_embedding_json(beluga_emit *emit, uint32_t index, const beluga_json *value)
{
    (void)emit;
    (void)index;
    (void)value;
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_emit_token_count(beluga_emit *emit, int64_t tokens)
{
    (void)emit;
    (void)tokens;
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga__emit_vector(beluga_emit *emit, beluga_event *event)
{
    (void)emit;
    (void)event;
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga__emit_count(beluga_emit *emit, beluga_event *event)
{
    (void)emit;
    (void)event;
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga__emit_check_whole(beluga_emit *emit)
{
    (void)emit;
    return 0;
}
