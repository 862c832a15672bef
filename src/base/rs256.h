/* Signatures of JSON Web Tokens by an RSA key: RS256 (RFC 7518, section 3.3), which is PKCS #1 v1.5
 * with SHA-256. GMP computes the power in a time that does not depend on the key, in memory that is
 * given to it: so it never allocates, which would end the process without memory. */
#ifndef BELUGA__RS256_H
#define BELUGA__RS256_H

#include "base/buf.h"

enum { BELUGA__RS256_MOST = 512 }; /* bytes of a signature by a key of 4096 bits, the longest */

/*
 * Append the signature of a text.
 *
 * @param pem    The private key in PEM, in PKCS #8 ("BEGIN PRIVATE KEY") or PKCS #1 ("BEGIN RSA
 * PRIVATE KEY"); of 1024 to 4096 bits.
 * @param out    Receives the bytes.
 * @param wrong  Receives what is wrong with the key, for "the key %s"; static. NULL where memory is
 * short.
 * @return 0; BELUGA_ERROR_INVALID_INPUT the key can't sign; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_LIMIT_EXCEEDED `out` is full.
 */
int beluga__rs256_sign(const char *pem, const void *text, size_t length, beluga__buf *out,
                       const char **wrong);

#endif
