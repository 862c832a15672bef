#include "terminal/keys.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>

#define ESC 0x1b
#define DEL 0x7f
/* Maximum length of a key's escape sequence. */
#define MAX_SEQUENCE 64
/* Modifiers are bits; a terminal sends their sum plus 1. */
#define SHIFT 1
#define ALT   2
#define CTRL  4

#define CONTROL(letter) ((letter) & 0x1f)

enum { MAX_NUMBERS = 4 };

/* The numbers of a sequence such as "1;5D", and its last byte. */
typedef struct key_sequence {
    unsigned numbers[MAX_NUMBERS];
    size_t count;
    char last;
} key_sequence;

/* ---- keys that are sent as one byte ---------------------------------------------------------- */

static key of_control(char c)
{
    static const unsigned char keys[] = {
        [CONTROL('A')] = KEY_LINE_START,
        [CONTROL('B')] = KEY_LEFT,
        [CONTROL('C')] = KEY_INTERRUPT,
        [CONTROL('D')] = KEY_END_OF_INPUT,
        [CONTROL('E')] = KEY_LINE_END,
        [CONTROL('F')] = KEY_RIGHT,
        [CONTROL('H')] = KEY_BACKSPACE,
        [CONTROL('I')] = KEY_TEXT,
        [CONTROL('J')] = KEY_NEWLINE,
        [CONTROL('K')] = KEY_KILL_LINE_END,
        [CONTROL('L')] = KEY_CLEAR_SCREEN,
        [CONTROL('M')] = KEY_ENTER,
        [CONTROL('N')] = KEY_DOWN,
        [CONTROL('P')] = KEY_UP,
        [CONTROL('U')] = KEY_KILL_LINE_START,
        [CONTROL('W')] = KEY_KILL_BLANK_LEFT,
        [CONTROL('Y')] = KEY_YANK,
        [CONTROL('Z')] = KEY_SUSPEND,
    };
    if (c == DEL) return KEY_BACKSPACE;
    return (size_t)c < sizeof keys ? keys[(size_t)c] : KEY_NONE;
}

static bool is_control(char c)
{
    return (c >= 0 && c < ' ') || c == DEL;
}

/* ---- sequences ------------------------------------------------------------------------------- */

static key of_letter(char letter, unsigned modifiers)
{
    bool word = modifiers & (ALT | CTRL);
    switch (letter) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return word ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D': return word ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H': return modifiers & CTRL ? KEY_TEXT_START : KEY_LINE_START;
    case 'F': return modifiers & CTRL ? KEY_TEXT_END : KEY_LINE_END;
    default: return KEY_NONE;
    }
}

static key of_number(unsigned number, unsigned modifiers)
{
    switch (number) {
    case 1:
    case 7: return of_letter('H', modifiers);
    case 4:
    case 8: return of_letter('F', modifiers);
    case 3: return modifiers & (ALT | CTRL) ? KEY_KILL_WORD_RIGHT : KEY_DELETE;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    case 200: return KEY_PASTE;
    default: return KEY_NONE;
    }
}

static key of_enter(unsigned modifiers)
{
    return modifiers ? KEY_NEWLINE : KEY_ENTER;
}

/* Returns the key for a sequence that contains a key as the number of its character. */
static key of_character(unsigned character, unsigned modifiers)
{
    return character == '\r' ? of_enter(modifiers) : KEY_NONE;
}

static key of_sequence(const key_sequence *s)
{
    unsigned sum = s->count > 1 ? s->numbers[1] : 1, modifiers = sum ? sum - 1 : 0;
    switch (s->last) {
    case '~':
        if (s->numbers[0] == 27 && s->count == 3) return of_character(s->numbers[2], modifiers);
        return of_number(s->numbers[0], modifiers);
    case 'u': return of_character(s->numbers[0], modifiers);
    case '^': return of_number(s->numbers[0], CTRL); /* rxvt sends this sequence and the next two */
    case '@':
    case '$': return of_number(s->numbers[0], SHIFT);
    case 'a':
    case 'b':
    case 'c':
    case 'd': return of_letter((char)(s->last - 'a' + 'A'), SHIFT);
    default: return of_letter(s->last, modifiers);
    }
}

/* Returns the key of a sequence that begins with "ESC O", which terminals send in application mode.
 */
static key of_application(const key_sequence *s)
{
    unsigned sum = s->count ? s->numbers[s->count - 1] : 1, modifiers = sum ? sum - 1 : 0;
    if (s->last >= 'a' && s->last <= 'd')
        return of_letter((char)(s->last - 'a' + 'A'), CTRL); /* sent by rxvt */
    return s->last == 'M' ? of_enter(modifiers) : of_letter(s->last, modifiers);
}

/* Begin the next number of a sequence. The first number may be missing. Numbers beyond MAX_NUMBERS
 * overwrite each other in the last place. */
static void begin_number(key_sequence *s)
{
    if (!s->count) s->count = 1;
    if (s->count < MAX_NUMBERS) s->count++;
}

static void add_digit(key_sequence *s, char digit)
{
    if (!s->count) s->count = 1;
    unsigned *number = &s->numbers[s->count - 1];
    if (*number < 100000) *number = *number * 10 + (unsigned)(digit - '0');
}

/* Read the parameters and the last byte, from bytes[2] on. If a byte can't be part of the sequence,
 * the sequence ends before it. */
static size_t read_sequence(const char *bytes, size_t n, key_sequence *s)
{
    for (size_t i = 2; i < n; i++) {
        char c = bytes[i];
        if (c >= '0' && c <= '9')
            add_digit(s, c);
        else if (c == ';' || c == ':')
            begin_number(s);
        else if ((c >= 0x40 && c < DEL) || (c == '$' && s->count && bytes[2] != '?')) {
            s->last = c;
            return i + 1;
        } else if (is_control(c) || beluga__utf8_is_multibyte(c))
            return i;
    }
    return n < MAX_SEQUENCE ? 0 : n;
}

/* Returns the meaning of a key that is pressed together with Alt. A terminal sends the same bytes
 * if the key is pressed after ESC. */
static key with_alt(key plain, char c)
{
    switch (plain) {
    case KEY_ENTER:
    case KEY_NEWLINE: return KEY_NEWLINE;
    case KEY_BACKSPACE: return KEY_KILL_WORD_LEFT;
    case KEY_LEFT: return KEY_WORD_LEFT;
    case KEY_RIGHT: return KEY_WORD_RIGHT;
    case KEY_TEXT: break;
    default: return plain >= KEY_LINE_START && plain <= KEY_DELETE ? plain : KEY_NONE;
    }
    switch (c) {
    case 'b': return KEY_WORD_LEFT;
    case 'f': return KEY_WORD_RIGHT;
    case 'd': return KEY_KILL_WORD_RIGHT;
    case '<': return KEY_TEXT_START;
    case '>': return KEY_TEXT_END;
    default: return KEY_NONE;
    }
}

/* Read a sequence that begins with "ESC [". The function keys of the Linux console ("ESC [ [" and a
 * letter), and reports (the byte after "ESC [" is one of < = > ?), have no meaning. */
static size_t read_bracketed(const char *bytes, size_t n, key *out)
{
    key_sequence s = {.count = 0};
    if (n > 2 && bytes[2] == '[') return n > 3 ? 4 : 0;
    size_t length = read_sequence(bytes, n, &s);
    bool is_report = n > 2 && bytes[2] >= '<' && bytes[2] <= '?';
    if (s.last && !is_report) *out = of_sequence(&s);
    return length;
}

static size_t read_application(const char *bytes, size_t n, key *out)
{
    key_sequence s = {.count = 0};
    size_t length = read_sequence(bytes, n, &s);
    if (s.last) *out = of_application(&s);
    return length;
}

static size_t read_one(const char *bytes, size_t n, key *out);

static size_t read_escape(const char *bytes, size_t n, key *out)
{
    if (n < 2) return 0;
    if (bytes[1] == '[') return read_bracketed(bytes, n, out);
    if (bytes[1] == 'O') return read_application(bytes, n, out);
    size_t length =
        bytes[1] == ESC && n > 2 && bytes[2] == ESC ? 1 : read_one(bytes + 1, n - 1, out);
    *out = with_alt(*out, bytes[1]);
    return length ? length + 1 : 0;
}

/* ---- characters ------------------------------------------------------------------------------ */

static size_t read_character(const char *bytes, size_t n, key *out)
{
    uint32_t c;
    size_t length = beluga__utf8_read(bytes, n, &c);
    *out = KEY_TEXT;
    if (length) return length;
    if (beluga__utf8_begun(bytes, n < 4 ? n : 4) == n) return 0;
    *out = KEY_INVALID;
    return 1;
}

static size_t read_one(const char *bytes, size_t n, key *out)
{
    *out = KEY_NONE;
    if (bytes[0] == ESC) return read_escape(bytes, n, out);
    if (!is_control(bytes[0])) return read_character(bytes, n, out);
    if (bytes[0] != CONTROL('X')) {
        *out = of_control(bytes[0]);
        return 1;
    }
    if (n > 1 && bytes[1] == CONTROL('E')) *out = KEY_EDIT;
    return n > 1 ? 2 : 0;
}

size_t keys_read(const char *bytes, size_t n, key *out)
{
    return read_one(bytes, n, out);
}
