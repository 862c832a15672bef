#include "base/json.h"

#include <string.h>

/* The value of each digit of either alphabet, and 64 for what is no digit. */
#define NONE_8  64, 64, 64, 64, 64, 64, 64, 64
#define NONE_16 NONE_8, NONE_8
static const uint8_t
    digits[256] = {NONE_16, NONE_16, NONE_8,  64,      64,      64,      62,      64,
                   62,      64,      63, /* up to '/' */
                   52,      53,      54,      55,      56,      57,      58,      59,
                   60,      61,      64,      64,      64,      64,      64,      64, /* '0' */
                   64,      0,       1,       2,       3,       4,       5,       6,
                   7,       8,       9,       10,      11,      12,      13,      14, /* '@' */
                   15,      16,      17,      18,      19,      20,      21,      22,
                   23,      24,      25,      64,      64,      64,      64,      63, /* 'P' */
                   64,      26,      27,      28,      29,      30,      31,      32,
                   33,      34,      35,      36,      37,      38,      39,      40, /* '`' */
                   41,      42,      43,      44,      45,      46,      47,      48,
                   49,      50,      51,      64,      64,      64,      64,      64, /* 'p' */
                   NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16};

/* Decode n whole groups of four digits. Returns whether all were digits. */
static bool decode_groups(uint8_t *to, const uint8_t *from, size_t n)
{
    uint32_t odd = 0;
    for (; n--; from += 4, to += 3) {
        uint32_t a = digits[from[0]], b = digits[from[1]], c = digits[from[2]], d = digits[from[3]];
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        odd |= a | b | c | d;
        to[0] = (uint8_t)(bits >> 16);
        to[1] = (uint8_t)(bits >> 8);
        to[2] = (uint8_t)bits;
    }
    return odd < 64;
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
