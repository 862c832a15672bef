#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Returns the number of a \uXXXX escape at `at`, or -1. */
static int unicode_escape(const char *at, const char *end)
{
    int number = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    for (int i = 2; i < 6; i++) {
        int digit = beluga__hex_digit(at[i]);
        if (digit < 0) return -1;
        number = number * 16 + digit;
    }
    return number;
}

/* Copy the escape at `at`. Returns the end of the escape. */
static const char *copy_escape(beluga__buf *out, const char *at, const char *end)
{
    int number = unicode_escape(at, end);
    size_t length = end - at < 2 ? 1 : 2;
    if (number >= 0) {
        int low = number >> 10 == 0xd800 >> 10 ? unicode_escape(at + 6, end) : -1;
        bool pair = low >> 10 == 0xdc00 >> 10;
        length = pair ? 12 : 6;
        if (!pair && number >> 11 == 0xd800 >> 11) {
            beluga__buf_append(out, replacement, 3);
            return at + length;
        }
    } else if (length == 2 && (unsigned char)at[1] >= 0x80) {
        length = 1; /* the byte behind the backslash may itself need a repair */
    }
    beluga__buf_append(out, at, length);
    return at + length;
}

int beluga__json_repair(beluga__buf *out, const char *text, size_t length)
{
    const char *at = text, *end = text + length, *stop = NULL;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) at += 3;
    while (at < end) {
        /* Search for the next backslash only after the last one was passed, and not after each
         * repaired byte, since there may be many of them. */
        if (!stop || stop < at) stop = memchr(at, '\\', (size_t)(end - at));
        if (!stop) stop = end;
        size_t run = (size_t)(stop - at);
        size_t valid = beluga__utf8_valid(at, run);
        beluga__buf_append(out, at, valid);
        at += valid;
        if (valid < run) {
            beluga__buf_append(out, replacement, 3);
            at++;
        } else if (stop < end) {
            at = copy_escape(out, at, end);
        }
        if (out->status) break;
    }
    return out->status;
}
