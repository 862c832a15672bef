/* Signatures of JSON Web Tokens with an RSA key: RS256 (RFC 7518, section 3.3), which is PKCS #1
 * v1.5 with SHA-256. GMP computes the power in a time that does not depend on the key, and in
 * memory that is passed to it. So GMP never allocates; its allocation failures would end the
 * process. */
#ifndef BELUGA__RS256_H
#define BELUGA__RS256_H

#include "base/buf.h"

enum { BELUGA__RS256_MOST = 512 }; /* bytes of the longest signature, by a key of 4096 bits */

/* Append the signature of a text.
 *
 * @param pem    The private key in PEM: PKCS #8 ("BEGIN PRIVATE KEY") or PKCS #1 ("BEGIN RSA
 *               PRIVATE KEY"), of 1024 to 4096 bits.
 * @param out    Receives the bytes of the signature.
 * @param wrong  Receives what is wrong with the key, to follow "the key "; static. NULL on
 *               NO_MEMORY.
 * @return 0; BELUGA_ERROR_INVALID_INPUT the key can't sign; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_LIMIT_EXCEEDED `out` is full. */
int beluga__rs256_sign(const char *pem, const void *text, size_t length, beluga__buf *out,
                       const char **wrong);

#endif
