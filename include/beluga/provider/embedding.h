/**
 * @file provider/embedding.h
 * Functions for providers that embed texts (BELUGA_CALL_EMBED) or count the tokens of messages
 * (BELUGA_CALL_COUNT). provider.h includes this header; the rules of call.h for reading calls and
 * of emit.h for emitting also apply here.
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
 * @param index   Number of the input (beluga_call_input), from 0.
 * @param values  `count` finite numbers, 1 to 65,536; the count must be the same for all inputs.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if the call does not embed
 * texts, or an argument is NULL; BELUGA_ERROR_INVALID_RESPONSE, which ends the call, if there is no
 * such input, it has a vector already, or the vector is bad or has another length than the others.
 * Since: 0.1
 */
BELUGA_API int beluga_emit_embedding(beluga_emit *emit, uint32_t index, const float *values,
                                     size_t count);
/**
 * Emit the vector of an input from base64 of its 32-bit floats in little-endian byte order.
 *
 * @return as all emitting functions; also BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, if
 * the text is not such base64.
 */
BELUGA_API int beluga_emit_embedding_base64(beluga_emit *emit, uint32_t index, const char *base64,
                                            size_t length);
/**
 * Emit the vector of an input from JSON: an array of numbers, or a string of base64.
 *
 * @return as all emitting functions; also BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, if
 * the value is neither.
 */
BELUGA_API int beluga_emit_embedding_json(beluga_emit *emit, uint32_t index,
                                          const beluga_json *value);
/**
 * Emit the number of tokens, in a call that counts them. If the service does not count all parts,
 * warn of that (beluga_http_request_warn, beluga_emit_warning): the caller gets the warning.
 *
 * @param tokens  The number of tokens; not less than 0.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if the call does not count
 * tokens; BELUGA_ERROR_INVALID_RESPONSE, which ends the call, if the number is less than 0.
 * Since: 0.1
 */
BELUGA_API int beluga_emit_token_count(beluga_emit *emit, int64_t tokens);

BELUGA_END_DECLS
#endif
