/**
 * @file provider/embedding.h
 * What a provider needs for calls that embed texts (BELUGA_CALL_EMBED) or count the tokens of
 * messages (BELUGA_CALL_COUNT). provider.h includes it; its rules for reading calls and for
 * emitting hold here.
 */
#ifndef BELUGA_PROVIDER_EMBEDDING_H
#define BELUGA_PROVIDER_EMBEDDING_H

#include <beluga/common.h>
#include <beluga/provider/json.h>

BELUGA_BEGIN_DECLS

/** Return the number of texts to embed; 0 for a call of another kind. Since: 0.1 */
BELUGA_API size_t beluga_call_input_count(const beluga_call *call);
/**
 * Return a text to embed, which ends in NUL and is not empty; NULL if `index` is out of range.
 *
 * @param length  Receives its length in bytes when there is one; NULL allowed. Since: 0.1
 */
BELUGA_API const char *beluga_call_input(const beluga_call *call, size_t index, size_t *length);

/**
 * Emit the vector of an input.
 *
 * @param index   Of the input (beluga_call_input), from 0.
 * @param values  `count` finite numbers, 1 to 65,536, as many for each input.
 * @return besides: BELUGA_ERROR_INVALID_INPUT the call does not embed, or NULL;
 * BELUGA_ERROR_INVALID_RESPONSE, which ends the call, when there is no such input, when it has a
 * vector already, or when this is not a vector that fits to the others. Since: 0.1
 */
BELUGA_API int beluga_emit_embedding(beluga_emit *emit, uint32_t index, const float *values,
                                     size_t count);
/**
 * Emit the vector of an input from its base64: that of 32-bit floats, the lowest byte first.
 *
 * @return besides: BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, when it is none.
 */
BELUGA_API int beluga_emit_embedding_base64(beluga_emit *emit, uint32_t index, const char *base64,
                                            size_t length);
/**
 * Emit the vector of an input from JSON: an array of numbers, or a string of base64.
 *
 * @return besides: BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, when it is neither.
 */
BELUGA_API int beluga_emit_embedding_json(beluga_emit *emit, uint32_t index,
                                          const beluga_json *value);
/**
 * Emit the number of tokens, in a call that counts them. Warn of what the service leaves out of its
 * count (beluga_http_request_warn, beluga_emit_warning): the caller is told.
 *
 * @param tokens  Their number; not less than 0.
 * @return besides: BELUGA_ERROR_INVALID_INPUT the call does not count;
 * BELUGA_ERROR_INVALID_RESPONSE, which ends the call, less than 0. Since: 0.1
 */
BELUGA_API int beluga_emit_token_count(beluga_emit *emit, int64_t tokens);

BELUGA_END_DECLS
#endif
