#include "base/json.h"
#include "base/word.h"

#include <string.h>

/* ---- encoding */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* For input of at least WORTH_PAIRS bytes, a table of all pairs of base64 digits is made first. */
enum { WORTH_PAIRS = 16 * 1024, PAIRS = 64 * 64, BEFORE = 4 };

/* Write the table. Each pair is followed by two zeros, so the four bytes that begin at a
 * pair's place are the pair and two zeros, and the four bytes that begin two bytes before it are
 * two zeros and the pair. */
static void write_pairs(char *pairs)
{
    memset(pairs, 0, BEFORE);
    pairs += BEFORE;
    for (size_t first = 0; first < 64; first++)
        for (size_t second = 0; second < 64; second++, pairs += 4) {
            const char pair[4] = {alphabet[first], alphabet[second], 0, 0};
            memcpy(pairs, pair, sizeof pair);
        }
}

/* Write the four digits of 24 bits; `first` and `second` are the numbers of the two pairs. */
static inline void put_pairs(char *to, const char *pairs, size_t first, size_t second)
{
    uint32_t left, right;
    memcpy(&left, pairs + BEFORE + 4 * first, 4);
    memcpy(&right, pairs + BEFORE + 4 * second - 2, 4);
    left |= right;
    memcpy(to, &left, 4);
}

/* Encode groups of 24 bytes, as long as at least two more bytes follow the group. Returns how many
 * bytes were encoded. */
static size_t encode_pairs(char *to, const char *from, size_t n)
{
    /* each of the four parts of a step reads eight bytes and uses six */
    enum { STEP = 24, BEHIND = 2 };
    char pairs[BEFORE + PAIRS * 4];
    size_t i = 0;
    write_pairs(pairs);
    for (; n - i >= STEP + BEHIND; i += STEP, to += STEP / 3 * 4)
#pragma GCC unroll 4
        for (size_t k = 0; k < STEP / 6; k++) {
            uint64_t bits = __builtin_bswap64(beluga__load8(from + i + 6 * k));
            put_pairs(to + 8 * k, pairs, bits >> 52, bits >> 40 & (PAIRS - 1));
            put_pairs(to + 8 * k + 4, pairs, bits >> 28 & (PAIRS - 1), bits >> 16 & (PAIRS - 1));
        }
    return i;
}

static void encode_group(char *to, const char *from, size_t n)
{
    unsigned char in[3] = {0};
    memcpy(in, from, n);
    uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    to[0] = alphabet[bits >> 18];
    to[1] = alphabet[bits >> 12 & 63];
    to[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
    to[3] = n > 2 ? alphabet[bits & 63] : '=';
}

int beluga__base64_encode(beluga__buf *out, const void *bytes, size_t length)
{
    const char *from = bytes;
    if (length > SIZE_MAX / 2) return out->status = BELUGA_ERROR_LIMIT_EXCEEDED;
    if (beluga__buf_reserve(out, (length + 2) / 3 * 4)) return out->status;
    char *to = out->data + out->length;
    size_t i = length < WORTH_PAIRS ? 0 : encode_pairs(to, from, length);
    to += i / 3 * 4;
    for (; length - i >= 3; i += 3, to += 4) encode_group(to, from + i, 3);
    if (i < length) {
        encode_group(to, from + i, length - i);
        to += 4;
    }
    *to = '\0';
    out->length = (size_t)(to - out->data);
    return 0;
}

/* ---- decoding */

/* The value of each digit in both alphabets; all bits are set for bytes that are not digits. */
#define NONE_8  ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u
#define NONE_16 NONE_8, NONE_8
static const uint32_t
    digits[256] = {NONE_16, NONE_16, NONE_8,  ~0u,     ~0u,     ~0u,     62,      ~0u,
                   62,      ~0u,     63, /* up to '/' */
                   52,      53,      54,      55,      56,      57,      58,      59,
                   60,      61,      ~0u,     ~0u,     ~0u,     ~0u,     ~0u,     ~0u, /* '0' */
                   ~0u,     0,       1,       2,       3,       4,       5,       6,
                   7,       8,       9,       10,      11,      12,      13,      14, /* '@' */
                   15,      16,      17,      18,      19,      20,      21,      22,
                   23,      24,      25,      ~0u,     ~0u,     ~0u,     ~0u,     63, /* 'P' */
                   ~0u,     26,      27,      28,      29,      30,      31,      32,
                   33,      34,      35,      36,      37,      38,      39,      40, /* '`' */
                   41,      42,      43,      44,      45,      46,      47,      48,
                   49,      50,      51,      ~0u,     ~0u,     ~0u,     ~0u,     ~0u, /* 'p' */
                   NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16};

/* Returns three bytes, or a number above 24 bits if one of the four characters is not a digit. */
static inline uint32_t decode_group(const uint8_t *from)
{
    uint32_t bits = digits[from[0]];
    bits = bits << 6 | digits[from[1]];
    bits = bits << 6 | digits[from[2]];
    return bits << 6 | digits[from[3]];
}

/* Decode n groups of four digits. Returns whether all characters were digits. For speed two groups
 * are written as eight bytes, and the next groups overwrite the last two of them. */
static bool decode_groups(uint8_t *to, const uint8_t *from, size_t n)
{
    uint32_t odd = 0;
    for (; n > 2; n -= 2, from += 8, to += 6) {
        uint32_t first = decode_group(from), second = decode_group(from + 4);
        odd |= first | second;
        beluga__store8((char *)to,
                       __builtin_bswap64((uint64_t)first << 40 | (uint64_t)second << 16));
    }
    for (; n--; from += 4, to += 3) {
        uint32_t bits = decode_group(from);
        odd |= bits;
        to[0] = (uint8_t)(bits >> 16);
        to[1] = (uint8_t)(bits >> 8);
        to[2] = (uint8_t)bits;
    }
    return odd >> 24 == 0;
}

int beluga__base64_decode(beluga__buf *out, const char *text, size_t length)
{
    for (int padding = 0; padding < 2 && length && text[length - 1] == '='; padding++) length--;
    if (length % 4 == 1) return BELUGA_ERROR_INVALID_INPUT;
    size_t groups = length / 4, rest = length % 4;
    if (beluga__buf_reserve(out, groups * 3 + 3)) return out->status;
    uint8_t *to = (uint8_t *)out->data + out->length, last[4] = "AAAA";
    if (rest) memcpy(last, text + groups * 4, rest);
    bool whole = decode_groups(to, (const uint8_t *)text, groups);
    if (rest) whole = decode_groups(to + groups * 3, last, 1) && whole;
    if (!whole) return BELUGA_ERROR_INVALID_INPUT;
    out->length += groups * 3 + (rest ? rest - 1 : 0);
    out->data[out->length] = '\0';
    return 0;
}
