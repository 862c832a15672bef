#include "batch/utf8.h"

#include <beluga/log.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Return how many bytes the character takes, or 0 when it is none: overlong, a surrogate, cut. */
static size_t character(const unsigned char *s, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (n == 1) return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > left) return 0;
    uint32_t code = s[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (s[i] & 0x3fU);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[n] || code > 0x10ffff || surrogate ? 0 : n;
}

bool batch_utf8_is_valid(const char *text, size_t length, size_t *bad)
{
    const unsigned char *s = (const unsigned char *)text;
    uint64_t word;
    for (size_t i = 0; i < length;) {
        if (length - i >= sizeof word && (memcpy(&word, s + i, sizeof word), !(word & HIGH_BITS))) {
            i += sizeof word;
            continue;
        }
        size_t n = character(s + i, length - i);
        if (!n) {
            *bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

void batch_say_why(char why[BATCH_REASON_BYTES], const char *format, ...)
{
    char text[2 * BATCH_REASON_BYTES]; /* more, so that it is seen where it is cut */
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    beluga_text_to_line(text, strlen(text), why, BATCH_REASON_BYTES);
}
