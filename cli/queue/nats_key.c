#include "queue/nats_key.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define RAW_BYTES   32
#define SEED_BYTES  58 /* length as text */
#define PREFIX_SEED (18u << 3)
#define PREFIX_USER (20u << 3)
#define MAX_FILE    4096
#define KIND        1087 /* EVP_PKEY_ED25519; its value is part of OpenSSL's ABI */

/* ---- the text of keys ------------------------------------------------------------------------ */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static size_t encode(const uint8_t *bytes, size_t n, char *text)
{
    uint32_t bits = 0;
    size_t count = 0, used = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | bytes[i];
        for (count += 8; count >= 5; count -= 5) text[used++] = digits[bits >> (count - 5) & 31];
    }
    if (count) text[used++] = digits[bits << (5 - count) & 31];
    text[used] = '\0';
    return used;
}

/* Decode base32. Returns the number of bytes; 0 if the text has other characters. */
static size_t decode(const char *text, size_t n, uint8_t *bytes)
{
    uint32_t bits = 0;
    size_t count = 0, used = 0;
    for (size_t i = 0; i < n; i++) {
        const char *digit = memchr(digits, text[i], sizeof digits - 1);
        if (!digit) return 0;
        bits = bits << 5 | (uint32_t)(digit - digits);
        count += 5;
        if (count < 8) continue;
        count -= 8;
        bytes[used++] = (uint8_t)(bits >> count);
    }
    return used;
}

/* Compute the CRC-16/XMODEM that follows the bytes of a key. */
static uint16_t checksum(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return (uint16_t)crc;
}

static bool read_seed(const char *text, size_t n, uint8_t raw[RAW_BYTES])
{
    uint8_t bytes[SEED_BYTES];
    if (n != SEED_BYTES) return false;
    size_t got = decode(text, n, bytes);
    bool good = got == 2 + RAW_BYTES + 2 && (bytes[0] & 0xf8) == PREFIX_SEED &&
                (((unsigned)bytes[0] & 7) << 5 | bytes[1] >> 3) == PREFIX_USER &&
                checksum(bytes, got - 2) == (bytes[got - 2] | bytes[got - 1] << 8);
    if (good) memcpy(raw, bytes + 2, RAW_BYTES);
    explicit_bzero(bytes, sizeof bytes);
    return good;
}

/* ---- the key of a seed ----------------------------------------------------------------------- */

/* Derive the public key. libnats has already loaded OpenSSL, so its functions are looked up by
 * name, and the command is not linked with OpenSSL. */
static bool derive(const uint8_t seed[RAW_BYTES], uint8_t key[RAW_BYTES])
{
    void *(*make)(int kind, void *engine, const unsigned char *bytes, size_t n);
    int (*get)(const void *key, unsigned char *bytes, size_t *n);
    void (*release)(void *key);
    *(void **)&make = nats_symbol("EVP_PKEY_new_raw_private_key");
    *(void **)&get = nats_symbol("EVP_PKEY_get_raw_public_key");
    *(void **)&release = nats_symbol("EVP_PKEY_free");
    if (!make || !get || !release) return false;
    size_t n = RAW_BYTES;
    void *pair = make(KIND, NULL, seed, RAW_BYTES);
    bool done = pair && get(pair, key, &n) == 1 && n == RAW_BYTES;
    release(pair);
    return done;
}

bool nats_key_public(const char *seed, size_t n, char key[NATS_PUBLIC_KEY_BYTES])
{
    uint8_t raw[RAW_BYTES], bytes[1 + RAW_BYTES + 2] = {PREFIX_USER};
    bool done = read_seed(seed, n, raw) && derive(raw, bytes + 1);
    explicit_bzero(raw, sizeof raw);
    if (!done) return false;
    uint16_t crc = checksum(bytes, 1 + RAW_BYTES);
    bytes[1 + RAW_BYTES] = (uint8_t)crc;
    bytes[2 + RAW_BYTES] = (uint8_t)(crc >> 8);
    return encode(bytes, sizeof bytes, key) == NATS_PUBLIC_KEY_BYTES - 1;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Find the seed, which is the whole text of the file, or one line of it. */
static const char *find_seed(const char *text)
{
    const char *at = text;
    while (at && strncmp(at, "SU", 2) != 0) {
        at = strchr(at, '\n');
        if (at) at++;
    }
    return at;
}

int nats_key_use(const nats_library *nats, natsOptions *options, const char *path,
                 beluga_error *err)
{
    char text[MAX_FILE + 1], key[NATS_PUBLIC_KEY_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, MAX_FILE);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *seed = find_seed(text);
    bool done = seed && nats_key_public(seed, strcspn(seed, "\r\n \t"), key) &&
                nats->natsOptions_SetNKeyFromSeed(options, key, path) == NATS_OK;
    explicit_bzero(text, sizeof text);
    if (done) return 0;
    beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                     "%s: it does not contain the seed of a NATS user key (SU…)", path);
    return BELUGA_ERROR_INVALID_CONFIG;
}
