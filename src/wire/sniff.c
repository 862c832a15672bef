#include "wire/sniff.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t beluga__sniff_skip(const char *bytes, size_t n)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t at = 0, before;
    do { /* White space may come before and after a byte order mark. */
        before = at;
        while (at < n && is_blank(bytes[at])) at++;
        if (n - at >= 3 && memcmp(bytes + at, mark, 3) == 0) at += 3;
    } while (at != before);
    return at;
}

/* --- the first bytes -------------------------------------------------------------------------- */

/* Returns `what` if the text begins with `word`, MORE if the text is too short to decide, else
 * OTHER. Case is ignored. */
static beluga__sniffed begins(const char *bytes, size_t n, const char *word, beluga__sniffed what)
{
    size_t length = strlen(word);
    if (strncasecmp(bytes, word, n < length ? n : length) != 0) return BELUGA__SNIFF_OTHER;
    return n < length ? BELUGA__SNIFF_MORE : what;
}

static const struct {
    const char *word;
    beluga__sniffed what;
} beginnings[] = {
    {":", BELUGA__SNIFF_SSE},
    {"data:", BELUGA__SNIFF_SSE},
    {"event:", BELUGA__SNIFF_SSE},
    {"id:", BELUGA__SNIFF_SSE},
    {"retry:", BELUGA__SNIFF_SSE},
    {"<!doctype html", BELUGA__SNIFF_PAGE},
    {"<html", BELUGA__SNIFF_PAGE},
    {"<head", BELUGA__SNIFF_PAGE},
    {"\xef\xbb\xbf", BELUGA__SNIFF_MORE},
};

/* Returns JSON if the value may end in its first line, and PRETTY if a line end follows the
 * bracket. */
static beluga__sniffed sniff_json(const char *bytes, size_t n)
{
    size_t at = 1;
    while (at < n && is_blank(bytes[at]) && bytes[at] != '\n') at++;
    if (at == n) return BELUGA__SNIFF_MORE;
    return bytes[at] == '\n' ? BELUGA__SNIFF_PRETTY : BELUGA__SNIFF_JSON;
}

beluga__sniffed beluga__sniff(const char *bytes, size_t n)
{
    beluga__sniffed found = n ? BELUGA__SNIFF_OTHER : BELUGA__SNIFF_MORE;
    if (n && (*bytes == '{' || *bytes == '[')) return sniff_json(bytes, n);
    for (size_t i = 0; n && i < sizeof beginnings / sizeof *beginnings; i++) {
        beluga__sniffed one = begins(bytes, n, beginnings[i].word, beginnings[i].what);
        if (one != BELUGA__SNIFF_OTHER) found = one;
    }
    return found;
}

/* --- several values --------------------------------------------------------------------------- */

/* Returns the end of the string whose first quote is at `at`, or n if it has no end. */
static size_t skip_string(const char *text, size_t at, size_t n)
{
    for (at++; at < n && text[at] != '"'; at++)
        if (text[at] == '\\') at++;
    return at < n ? at : n;
}

size_t beluga__sniff_value(const char *text, size_t n)
{
    size_t depth = 0, at = 0;
    for (; at < n; at++) {
        char c = text[at];
        if (c == '"') at = skip_string(text, at, n);
        if (c == '{' || c == '[') depth++;
        if ((c == '}' || c == ']') && depth && --depth == 0) break;
    }
    if (at >= n) return 0;
    for (at++; at < n && is_blank(text[at]);) at++;
    return at;
}

/* --- signs of life ---------------------------------------------------------------------------- */

static bool is_sign(const char *text, size_t n)
{
    static const char *const words[] = {"ping",      "pong",        "heartbeat",
                                        "keepalive", "keep-alive",  "keep_alive",
                                        "null",      "[heartbeat]", "[ping]"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == n && strncasecmp(words[i], text, n) == 0) return true;
    return false;
}

static void trim(const char **text, size_t *n)
{
    for (; *n && is_blank(**text); --*n) ++*text;
    while (*n && is_blank((*text)[*n - 1])) --*n;
}

bool beluga__frame_is_heartbeat(const beluga_frame *frame)
{
    const char *text = frame->data;
    size_t n = frame->length;
    trim(&text, &n);
    if (n > 1 && *text == '"' && text[n - 1] == '"') {
        text++;
        n -= 2;
    }
    if (!n || is_sign(text, n)) return true;
    return frame->event && *text != '{' && is_sign(frame->event, frame->event_length);
}
