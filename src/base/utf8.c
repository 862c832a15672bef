#include "base/utf8.h"

#include <string.h>

/* Returns the length of the character at p, or 0 when there is no valid character. */
static size_t character(const unsigned char *p, size_t n)
{
    unsigned char lead = p[0];
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length > n) return 0;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    return length;
}

size_t beluga__utf8_valid(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint64_t eight;
        while (n - i >= 8) {
            memcpy(&eight, text + i, 8);
            if (eight & 0x8080808080808080u) break;
            i += 8;
        }
        while (i < n && (unsigned char)text[i] < 0x80) i++;
        if (i == n) break;
        size_t length = character((const unsigned char *)text + i, n - i);
        if (!length) return i;
        i += length;
    }
    return n;
}

/* Eight bytes are tested at a time: a byte that is too small borrows, and a byte that is too large
 * has its highest bit set or gets it. */
size_t beluga__ascii_visible(const char *text, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t eight;
        memcpy(&eight, text + i, 8);
        if (((eight - 0x2020202020202020u) | (eight + 0x0101010101010101u)) & 0x8080808080808080u)
            break;
    }
    while (i < n && text[i] >= ' ' && text[i] <= '~') i++;
    return i;
}

size_t beluga__utf8_read(const char *text, size_t n, uint32_t *c)
{
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p = (const unsigned char *)text;
    size_t length = character(p, n);
    *c = p[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++) *c = *c << 6 | (p[i] & 0x3f);
    return length;
}

/* A cut character is completed with made-up bytes; if the result is a character, its beginning is
 * valid.
 */
size_t beluga__utf8_begun(const char *text, size_t n)
{
    unsigned char whole[4] = {0x80, 0x80, 0x80, 0x80};
    size_t begun = 1;
    while (begun < n && begun < sizeof whole && ((unsigned char)text[begun] & 0xc0) == 0x80)
        begun++;
    memcpy(whole, text, begun);
    /* after 0xe0, the second byte must be at least 0xa0 */
    if (begun == 1 && whole[0] == 0xe0) whole[1] = 0xa0;
    if (begun == 1 && whole[0] == 0xf0) whole[1] = 0x90;
    return begun < character(whole, sizeof whole) ? begun : 0;
}

size_t beluga__utf8_cut(const char *text, size_t n, size_t max)
{
    if (n <= max) return n;
    for (size_t back = 1; back <= 3 && back <= max; back++)
        if (beluga__utf8_begun(text + max - back, back) == back) return max - back;
    return max;
}
