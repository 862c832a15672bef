#include "base/json_escape.h"

#include "base/utf8.h"

#include <beluga/error.h>

static bool needs_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* Returns a number in which the highest bit is set in the first byte of the word that is not ASCII
 * or must be escaped. The bits of later bytes mean nothing. With bit 1 flipped, control characters
 * and the quote are below 0x21, so the subtraction makes their byte borrow and sets its highest
 * bit; a backslash becomes 0, and borrows too. Bytes that are not ASCII keep their highest bit in
 * one of the two terms. */
static inline uint64_t mark_special(uint64_t word)
{
    uint64_t low_or_quote = (word ^ BELUGA__EIGHT(2)) - BELUGA__EIGHT(0x21);
    uint64_t backslash = (word ^ BELUGA__EIGHT('\\')) - BELUGA__EIGHT(1);
    return (low_or_quote | backslash) & BELUGA__EIGHT(0x80);
}

static inline size_t copy_ascii(char *to, const char *text, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t special = mark_special(beluga__load8(text + i));
        memcpy(to + i, text + i, 8);
        if (special) return i + beluga__first_high(special);
    }
    for (; i < n && !beluga__utf8_is_multibyte(text[i]) && !needs_escape(text[i]); i++)
        to[i] = text[i];
    return i;
}

/* Write an escape, and reserve room for the bytes that follow it. Returns the end of the escape, or
 * NULL if memory runs out. */
static inline char *put_escape(beluga__buf *buf, char *to, char c, size_t n_following)
{
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char letter = (unsigned char)c < 0x20 ? letters[(unsigned char)c] : c;
    if (letter && buf->capacity - (size_t)(to - buf->data) > n_following + 2) {
        to[0] = '\\';
        to[1] = letter;
        return to + 2;
    }
    buf->length = (size_t)(to - buf->data);
    if (letter)
        beluga__buf_append(buf, (const char[]){'\\', letter}, 2);
    else
        beluga__buf_printf(buf, "\\u%04x", c);
    return beluga__buf_reserve(buf, n_following) ? NULL : buf->data + buf->length;
}

/* Append a text, escaped. Most text needs no escapes, so memory for the whole text is reserved, and
 * the text is copied eight bytes at a time while it is checked. */
int beluga__json_escape(beluga__buf *buf, const char *text, size_t length)
{
    int status = 0;
    if (!length || beluga__buf_reserve(buf, length)) return buf->status;
    char *to = buf->data + buf->length;
    for (const char *end = text + length; text < end;) {
        bool multibyte = beluga__utf8_is_multibyte(*text);
        size_t n = (size_t)(end - text);
        size_t copied =
            multibyte ? beluga__utf8_copy_multibyte(to, text, n) : copy_ascii(to, text, n);
        if (!copied && multibyte) {
            status = BELUGA_ERROR_INVALID_INPUT;
            break;
        }
        text += copied;
        to += copied;
        if (copied == n || beluga__utf8_is_multibyte(*text) || !needs_escape(*text)) continue;
        to = put_escape(buf, to, *text, n - copied - 1);
        text++;
        if (!to) return buf->status;
    }
    buf->length = (size_t)(to - buf->data);
    *to = '\0';
    return status;
}
