#include "base/rs256.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/sha256.h"

#include <gmp.h>

enum {
    LEAST = 128, /* bytes of a key of 1024 bits */
    MOST = BELUGA__RS256_MOST,
    MAX_EXPONENT = 8, /* bytes of the public exponent; real keys use 65537 */
    MAX_PEM = 8192,   /* PEM with a key of 4096 bits has less than 3.3 KB */
    LIMB = sizeof(mp_limb_t),
    LIMBS = MOST / sizeof(mp_limb_t)
};

/* --- PEM -------------------------------------------------------------------------------------- */

#define BEGIN "-----BEGIN "
#define END   "-----END "

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Returns why a PEM block with this label is not an RSA key. */
static const char *other_kind(const char *label)
{
    if (begins(label, "ENCRYPTED")) return "is encrypted: use a key without a password";
    if (begins(label, "PUBLIC") || begins(label, "RSA PUBLIC"))
        return "is a public key: use the private key";
    if (begins(label, "CERTIFICATE")) return "is a certificate: use the private key";
    return "is not an RSA key";
}

/* Decode the base64 between the begin and end lines of a PEM block. */
static int decode_pem(const char *pem, beluga__buf *der, const char **wrong)
{
    const char *label = strstr(pem, BEGIN);
    *wrong = "is not in PEM: it has no line \"" BEGIN "PRIVATE KEY-----\"";
    if (!label) return BELUGA_ERROR_INVALID_INPUT;
    label += sizeof BEGIN - 1;
    *wrong = other_kind(label);
    if (!begins(label, "PRIVATE KEY-----") && !begins(label, "RSA PRIVATE KEY-----"))
        return BELUGA_ERROR_INVALID_INPUT;
    const char *at = strstr(label, "-----") + 5, *end = strstr(at, END);
    *wrong = "is cut off: it has no line \"" END "PRIVATE KEY-----\"";
    if (!end) return BELUGA_ERROR_INVALID_INPUT;

    beluga__buf digits;
    beluga__buf_init(&digits, beluga__secret_allocator(), MAX_PEM);
    for (; at < end; at++)
        if (!strchr(" \t\r\n", *at)) beluga__buf_putc(&digits, *at);
    *wrong = "has characters that are not base64, or is too long";
    int status = digits.status;
    if (!status) status = beluga__base64_decode(der, digits.data, digits.length);
    beluga__buf_free(&digits);
    return status == BELUGA_ERROR_NO_MEMORY ? status : status ? BELUGA_ERROR_INVALID_INPUT : 0;
}

/* --- DER -------------------------------------------------------------------------------------- */

enum { DER_INTEGER = 0x02, DER_BYTES = 0x04, DER_OID = 0x06, DER_SEQUENCE = 0x30 };

typedef struct der {
    const uint8_t *at;
    size_t n;
} der;

/* Read the next value, which must have this tag, from the front of `from`. `from` and `value` must
 * differ. Only lengths of up to two bytes are understood. */
static bool take(der *from, uint8_t tag, der *value)
{
    if (from->n < 2 || from->at[0] != tag) return false;
    size_t length = from->at[1], head = 2;
    if (length > 0x7f) {
        size_t bytes = length & 0x7f;
        if (bytes < 1 || bytes > 2 || from->n < head + bytes) return false;
        length = from->at[2];
        if (bytes == 2) length = length << 8 | from->at[3];
        head += bytes;
    }
    if (from->n - head < length) return false;
    *value = (der){from->at + head, length};
    from->at += head + length;
    from->n -= head + length;
    return true;
}

/* Read a positive integer from the front of `from`, without leading zeros. */
static bool take_number(der *from, der *number)
{
    if (!take(from, DER_INTEGER, number) || !number->n || number->at[0] & 0x80) return false;
    for (; number->n && !number->at[0]; number->n--) number->at++;
    return number->n > 0;
}

/* Remove the wrapping of PKCS #8: {version, {algorithm, …}, key of PKCS #1}. A key of PKCS #1,
 * which has a number in the place of the algorithm, is left unchanged. */
static bool unwrap(der *key, const char **wrong)
{
    static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
    der rest = *key, version, algorithm, name, bytes;
    if (!take(&rest, DER_INTEGER, &version) || !take(&rest, DER_SEQUENCE, &algorithm)) return true;
    *wrong = "is not an RSA key";
    if (!take(&algorithm, DER_OID, &name) || name.n != sizeof rsa ||
        memcmp(name.at, rsa, sizeof rsa) != 0)
        return false;
    *wrong = "is damaged";
    return take(&rest, DER_BYTES, &bytes) && take(&bytes, DER_SEQUENCE, key);
}

typedef struct rsa_key {
    der modulus, public_exponent, private_exponent;
} rsa_key;

static bool read_key(const beluga__buf *bytes, rsa_key *key, const char **wrong)
{
    der all = {(const uint8_t *)bytes->data, bytes->length}, inside, version;
    *wrong = "is damaged";
    if (!take(&all, DER_SEQUENCE, &inside) || !unwrap(&inside, wrong)) return false;
    if (!take(&inside, DER_INTEGER, &version) || !take_number(&inside, &key->modulus) ||
        !take_number(&inside, &key->public_exponent) ||
        !take_number(&inside, &key->private_exponent))
        return false;
    const der *modulus = &key->modulus, *d = &key->private_exponent;
    *wrong = "has not 1024 to 4096 bits";
    if (modulus->n < LEAST || modulus->n > MOST) return false;
    *wrong = "is damaged";
    return modulus->at[modulus->n - 1] & 1 && d->n <= modulus->n &&
           key->public_exponent.n <= MAX_EXPONENT;
}

/* --- modular powers --------------------------------------------------------------------------- */

static mp_size_t limbs_of(size_t bytes)
{
    return (mp_size_t)((bytes + LIMB - 1) / LIMB);
}

/* Convert big-endian bytes to limbs (GMP's words), the lowest limb first. */
static void to_limbs(const uint8_t *bytes, size_t n, mp_limb_t limbs[LIMBS])
{
    memset(limbs, 0, LIMBS * LIMB);
    for (size_t i = 0; i < n; i++) limbs[i / LIMB] |= (mp_limb_t)bytes[n - 1 - i] << 8 * (i % LIMB);
}

static void to_bytes(const mp_limb_t *limbs, uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) bytes[n - 1 - i] = (uint8_t)(limbs[i / LIMB] >> 8 * (i % LIMB));
}

/* All numbers of a signature, in secret memory. */
typedef struct powers {
    mp_limb_t modulus[LIMBS], exponent[LIMBS], base[LIMBS], power[LIMBS];
} powers;

static mp_limb_t *scratch_for(const rsa_key *key)
{
    mp_size_t n = limbs_of(key->modulus.n);
    mp_size_t need = mpn_sec_powm_itch(n, (mp_bitcnt_t)key->modulus.n * 8, n);
    return beluga__alloc(beluga__secret_allocator(), (size_t)need * LIMB);
}

/* Compute base to the power of the exponent, modulo the modulus. The exponent's length is not
 * secret. */
static void raise_to(powers *p, const rsa_key *key, const der *exponent, mp_limb_t *scratch)
{
    mp_size_t n = limbs_of(key->modulus.n);
    to_limbs(exponent->at, exponent->n, p->exponent);
    mpn_sec_powm(p->power, p->base, n, p->exponent, (mp_bitcnt_t)exponent->n * 8, p->modulus, n,
                 scratch);
}

/* --- the signature ---------------------------------------------------------------------------- */

/* Write 00 01 FF … FF 00, the name of the digest's algorithm, and the digest (RFC 8017, section
 * 9.2). */
static void pad(const void *text, size_t length, uint8_t *out, size_t n)
{
    static const uint8_t name[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    size_t filled = n - sizeof name - BELUGA__SHA256;
    beluga__sha256 sha;
    memset(out, 0xff, filled);
    out[0] = 0;
    out[1] = 1;
    out[filled - 1] = 0;
    memcpy(out + filled, name, sizeof name);
    beluga__sha256_begin(&sha);
    beluga__sha256_add(&sha, text, length);
    beluga__sha256_end_bytes(&sha, out + filled + sizeof name, BELUGA__SHA256);
}

/* Sign, and verify the signature with the public exponent. Returns false if it is wrong: a
 * signature from numbers that do not belong together would reveal the key. */
static bool sign(powers *p, const rsa_key *key, const void *text, size_t length,
                 uint8_t signature[MOST], mp_limb_t *scratch)
{
    size_t n = key->modulus.n;
    uint8_t padded[MOST], back[MOST];
    pad(text, length, padded, n);
    to_limbs(key->modulus.at, n, p->modulus);
    to_limbs(padded, n, p->base);
    raise_to(p, key, &key->private_exponent, scratch);
    to_bytes(p->power, signature, n);
    memcpy(p->base, p->power, sizeof p->base);
    raise_to(p, key, &key->public_exponent, scratch);
    to_bytes(p->power, back, n);
    return memcmp(back, padded, n) == 0;
}

static int sign_with(const rsa_key *key, const void *text, size_t length, beluga__buf *out,
                     const char **wrong)
{
    const beluga_allocator *secret = beluga__secret_allocator();
    uint8_t signature[MOST];
    powers *p = beluga__zalloc(secret, sizeof *p);
    mp_limb_t *scratch = scratch_for(key);
    int status = p && scratch ? 0 : BELUGA_ERROR_NO_MEMORY;
    if (!status && !sign(p, key, text, length, signature, scratch)) {
        *wrong = "is damaged: its numbers don't fit together";
        status = BELUGA_ERROR_INVALID_INPUT;
    }
    if (!status) status = beluga__buf_append(out, signature, key->modulus.n);
    beluga__release(secret, scratch);
    beluga__release(secret, p);
    return status;
}

int beluga__rs256_sign(const char *pem, const void *text, size_t length, beluga__buf *out,
                       const char **wrong)
{
    rsa_key key;
    beluga__buf bytes;
    beluga__buf_init(&bytes, beluga__secret_allocator(), MAX_PEM);
    int status = decode_pem(pem, &bytes, wrong);
    if (!status && !read_key(&bytes, &key, wrong)) status = BELUGA_ERROR_INVALID_INPUT;
    if (!status) status = sign_with(&key, text, length, out, wrong);
    beluga__buf_free(&bytes);
    return status;
}
