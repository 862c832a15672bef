#include "base/json.h"

#include <string.h>

/* Returns the value of a digit of either alphabet, or 64 where it is no digit. */
static uint32_t digit(char c)
{
    if (c >= 'A' && c <= 'Z') return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z') return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9') return (uint32_t)(c - '0') + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : 64;
}

int beluga__base64_decode(beluga__buf *out, const char *text, size_t length)
{
    for (int padding = 0; padding < 2 && length && text[length - 1] == '='; padding++) length--;
    if (length % 4 == 1) return BELUGA_ERROR_INVALID_INPUT;
    if (beluga__buf_reserve(out, length / 4 * 3 + 2)) return out->status;
    for (size_t i = 0; i < length; i += 4) {
        size_t n = length - i < 4 ? length - i : 4;
        uint32_t bits = 0;
        for (size_t j = 0; j < 4; j++) {
            uint32_t value = j < n ? digit(text[i + j]) : 0;
            if (value == 64) return BELUGA_ERROR_INVALID_INPUT;
            bits = bits << 6 | value;
        }
        const char bytes[] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        beluga__buf_append(out, bytes, n - 1);
    }
    return out->status;
}
