/* Detects what a body is from its first bytes, since the types that servers and proxies declare are
 * often wrong. */
#ifndef BELUGA__SNIFF_H
#define BELUGA__SNIFF_H

#include <beluga/provider/http.h>

#include <stdbool.h>
#include <stddef.h>

typedef enum beluga__sniffed {
    BELUGA__SNIFF_MORE,   /* too few bytes to decide */
    BELUGA__SNIFF_SSE,    /* server-sent events */
    BELUGA__SNIFF_JSON,   /* a JSON object or array that may end in its first line */
    BELUGA__SNIFF_PRETTY, /* a JSON object or array that continues in its second line */
    BELUGA__SNIFF_PAGE,   /* a web page */
    BELUGA__SNIFF_NONE,   /* the body has ended and is empty */
    BELUGA__SNIFF_OTHER,
} beluga__sniffed;

/* Returns how many bytes at the beginning of a body say nothing about it: byte order mark, blank
 * lines, spaces. */
size_t beluga__sniff_skip(const char *bytes, size_t n);
/* Detect what a body is. `bytes` is its beginning, without the bytes that beluga__sniff_skip
 * counts. Once the result is not MORE, further bytes do not change it. */
beluga__sniffed beluga__sniff(const char *bytes, size_t n);

/* Like beluga__sniff, for a body whose form only its provider knows: only a web page is
 * detected. */
static inline beluga__sniffed beluga__sniff_page(const char *bytes, size_t n)
{
    return n && *bytes != '<' ? BELUGA__SNIFF_OTHER : beluga__sniff(bytes, n);
}

/* Returns the length of the first JSON object or array in a text, with the white space behind it; 0
 * if it does not end. Whether the value is valid JSON is not checked. */
size_t beluga__sniff_value(const char *text, size_t n);

/* Returns whether a frame only shows that its sender is alive, in any protocol: it is empty, or a
 * word such as "ping", or it is not JSON and its event has such a name. */
bool beluga__frame_is_heartbeat(const beluga_frame *frame);

#endif
