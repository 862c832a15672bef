#include "base/utf8.h"

#include <string.h>

/* Returns how many bytes at the beginning are ASCII. */
static inline size_t ascii_run(const char *text, size_t n)
{
    const uint64_t high = BELUGA__EIGHT(0x80);
    size_t i = 0;
    while (n - i >= 16 && !((beluga__load8(text + i) | beluga__load8(text + i + 8)) & high))
        i += 16;
    for (; n - i >= 8; i += 8) {
        uint64_t word = beluga__load8(text + i);
        if (word & high) return i + beluga__first_high(word);
    }
    /* the last word overlaps the words before it */
    if (n >= 8 && !(beluga__load8(text + n - 8) & high)) return n;
    if (n < 8 && n >= 4 && !((beluga__load4(text) | beluga__load4(text + n - 4)) & (uint32_t)high))
        return n;
    while (i < n && !beluga__utf8_is_multibyte(text[i])) i++;
    return i;
}

/* Continue the validation at i, where a character of more than one byte begins. The loop alternates
 * between runs of such characters and runs of ASCII. */
static __attribute__((noinline)) size_t valid_from(const char *text, size_t n, size_t i)
{
    size_t more;
    while (i < n && (more = beluga__utf8_copy_multibyte(NULL, text + i, n - i))) {
        i += more;
        i += ascii_run(text + i, n - i);
    }
    return i;
}

enum { BLOCK = 64 };

/* Combine the eight words of a block by OR, so that one test finds a byte that is not ASCII. */
static inline uint64_t fold(const char *block)
{
    uint64_t all = 0;
#pragma GCC unroll 8
    for (size_t i = 0; i < BLOCK; i += 8) all |= beluga__load8(block + i);
    return all;
}

/* Not inlined, since most texts are shorter than a block. */
static __attribute__((noinline)) size_t valid_blocks(const char *text, size_t n)
{
    size_t i = 0;
    while (n - i >= BLOCK && !(fold(text + i) & BELUGA__EIGHT(0x80))) i += BLOCK;
    return valid_from(text, n, i + ascii_run(text + i, n - i));
}

size_t beluga__utf8_valid(const char *text, size_t n)
{
    if (n >= BLOCK) return valid_blocks(text, n);
    size_t ascii = ascii_run(text, n);
    return ascii < n ? valid_from(text, n, ascii) : n;
}

/* Test eight bytes at once: subtraction and addition set the highest bit of each byte below ' ' or
 * above '~'. */
size_t beluga__ascii_visible(const char *text, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t word = beluga__load8(text + i);
        if (((word - BELUGA__EIGHT(0x20)) | (word + BELUGA__EIGHT(1))) & BELUGA__EIGHT(0x80)) break;
    }
    while (i < n && text[i] >= ' ' && text[i] <= '~') i++;
    return i;
}

size_t beluga__utf8_read(const char *text, size_t n, uint32_t *c)
{
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    char whole[4] = {0};
    memcpy(whole, text, n < sizeof whole ? n : sizeof whole);
    bool more = beluga__utf8_is_multibyte(text[0]);
    size_t length = more ? beluga__utf8_multibyte(beluga__load4(whole)) : 1;
    *c = (unsigned char)text[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++) *c = *c << 6 | (text[i] & 0x3f);
    return length;
}

/* Complete the first character with made-up bytes. If that makes it valid and longer, the character
 * was cut. */
size_t beluga__utf8_begun(const char *text, size_t n)
{
    char whole[4] = {'\x80', '\x80', '\x80', '\x80'};
    size_t begun = 1;
    while (begun < n && begun < sizeof whole && beluga__utf8_continues(text[begun])) begun++;
    memcpy(whole, text, begun);
    /* after 0xe0, the second byte must be at least 0xa0 */
    if (begun == 1 && whole[0] == '\xe0') whole[1] = '\xa0';
    if (begun == 1 && whole[0] == '\xf0') whole[1] = '\x90';
    return begun < beluga__utf8_multibyte(beluga__load4(whole)) ? begun : 0;
}

size_t beluga__utf8_cut(const char *text, size_t n, size_t max)
{
    if (n <= max) return n;
    for (size_t back = 1; back <= 3 && back <= max; back++)
        if (beluga__utf8_begun(text + max - back, back) == back) return max - back;
    return max;
}
