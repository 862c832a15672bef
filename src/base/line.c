#include "base/line.h"

#include "base/utf8.h"

#include <beluga/log.h>

#include <stdint.h>
#include <stdio.h>

static const char ellipsis[] = "\u2026";

enum { ELLIPSIS = sizeof ellipsis - 1 };

/* Characters that are invisible but change how others look: they move the cursor, begin a line,
 * turn the direction of writing, or hide that two names differ. The joiners U+200C and U+200D are
 * not in the list, since scripts and emoji need them; nor is U+00AD, since it is visible where it
 * breaks a word. */
static const struct {
    uint32_t first, last;
} invisible[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f}, /* C0, DEL, C1 */
    {0x061c, 0x061c},                     /* Arabic letter mark */
    {0x180e, 0x180e},   {0x200b, 0x200b}, /* zero-width spaces */
    {0x200e, 0x200f},                     /* left-to-right and right-to-left marks */
    {0x2028, 0x202e},                     /* line and paragraph separators, embeddings, overrides */
    {0x2060, 0x206f},                     /* word joiner, invisible operators, isolates */
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb}, /* byte order mark, interlinear annotations */
    {0xe0000, 0xe007f}, /* tags: invisible letters, which can spell whole sentences */
};

static bool is_visible(uint32_t c)
{
    if (c >= 0x20 && c < 0x7f) return true;
    for (size_t i = 0; i < sizeof invisible / sizeof *invisible; i++)
        if (c <= invisible[i].last) return c < invisible[i].first;
    return true;
}

/* Returns whether a character is shown like a line break. A tab is included, since it takes more
 * than one column. */
static bool is_break(uint32_t c)
{
    return (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static size_t put_escape(uint32_t c, char unit[BELUGA__LINE_UNIT])
{
    const char *named = c && c < 0x80 ? strchr("t\tn\nr\r", (int)c) : NULL;
    char text[BELUGA__LINE_UNIT + 1];
    int n = named        ? snprintf(text, sizeof text, "\\%c", named[-1])
            : c < 0x80   ? snprintf(text, sizeof text, "\\x%02x", (unsigned)c)
            : c > 0xffff ? snprintf(text, sizeof text, "\\U%08x", (unsigned)c)
                         : snprintf(text, sizeof text, "\\u%04x", (unsigned)c);
    memcpy(unit, text, (size_t)n);
    return (size_t)n;
}

static size_t put_byte(unsigned char byte, char unit[BELUGA__LINE_UNIT])
{
    static const char digits[] = "0123456789abcdef";
    const char text[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    memcpy(unit, text, sizeof text);
    return sizeof text;
}

/* Show the beginning of a character that was cut, or else one byte that is not part of a
 * character. */
static size_t put_broken(const char *text, size_t n, char unit[BELUGA__LINE_UNIT], size_t *length)
{
    size_t begun = beluga__utf8_begun(text, n);
    if (!begun) {
        *length = put_byte((unsigned char)*text, unit);
        return 1;
    }
    memcpy(unit, ellipsis, ELLIPSIS);
    *length = ELLIPSIS;
    return begun;
}

size_t beluga__line_unit(const char *text, size_t n, beluga__line_breaks breaks,
                         char unit[BELUGA__LINE_UNIT], size_t *length)
{
    uint32_t c;
    size_t taken = beluga__utf8_read(text, n, &c);
    if (!taken) return put_broken(text, n, unit, length);
    if (is_visible(c)) {
        memcpy(unit, text, taken);
        *length = taken;
    } else if (is_break(c) && breaks == BELUGA__BREAKS_BLANK) {
        unit[0] = ' ';
        *length = 1;
    } else {
        *length = put_escape(c, unit);
    }
    return taken;
}

bool beluga__is_line(const char *text, size_t n)
{
    uint32_t c;
    for (size_t i = beluga__ascii_visible(text, n), taken; i < n; i += taken) {
        taken = beluga__utf8_read(text + i, n - i, &c);
        if (!taken || !is_visible(c)) return false;
    }
    return true;
}

size_t beluga__line(char *line, size_t size, const char *text, size_t n, beluga__line_breaks breaks)
{
    char unit[BELUGA__LINE_UNIT];
    /* `cut`: the length up to which the text is written if it must be cut, so that the ellipsis
     * fits */
    size_t whole = 0, kept = 0, cut = 0, length;
    if (n < size && beluga__is_line(text, n)) {
        memcpy(line, text, n);
        line[n] = '\0';
        return n;
    }
    for (size_t i = 0; i < n; whole += length) {
        i += beluga__line_unit(text + i, n - i, breaks, unit, &length);
        if (kept < whole || whole + length >= size) continue;
        memcpy(line + kept, unit, length);
        kept += length;
        if (kept + ELLIPSIS < size) cut = kept;
    }
    if (!size) return whole;
    if (kept < whole && size > ELLIPSIS) {
        memcpy(line + cut, ellipsis, ELLIPSIS);
        kept = cut + ELLIPSIS;
    }
    line[kept] = '\0';
    return whole;
}

int beluga__line_append(beluga__buf *out, const char *text, size_t n, beluga__line_breaks breaks)
{
    char unit[BELUGA__LINE_UNIT];
    size_t length;
    if (beluga__is_line(text, n)) return beluga__buf_append(out, text, n);
    for (size_t i = 0; i < n && !out->status;) {
        i += beluga__line_unit(text + i, n - i, breaks, unit, &length);
        beluga__buf_append(out, unit, length);
    }
    return out->status;
}

size_t beluga_text_to_line(const char *text, size_t length, char *buffer, size_t n)
{
    return beluga__line(buffer, n, text ? text : "", text ? length : 0, BELUGA__BREAKS_ESCAPED);
}
