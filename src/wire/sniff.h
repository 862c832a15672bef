/* Detects the kind of a body by its first bytes, since the declared types of servers and proxies
 * are often wrong. */
#ifndef BELUGA__SNIFF_H
#define BELUGA__SNIFF_H

#include <beluga/provider/http.h>

#include <stdbool.h>
#include <stddef.h>

typedef enum beluga__sniffed {
    BELUGA__SNIFF_MORE,   /* too few bytes to tell */
    BELUGA__SNIFF_SSE,    /* server-sent events */
    BELUGA__SNIFF_JSON,   /* a JSON object or array that may end in its first line */
    BELUGA__SNIFF_PRETTY, /* a JSON object or array that continues in its second line */
    BELUGA__SNIFF_PAGE,   /* a web page */
    BELUGA__SNIFF_NONE,   /* the body has ended, and has no bytes */
    BELUGA__SNIFF_OTHER,
} beluga__sniffed;

/* Returns the number of bytes at the beginning of a body that tell nothing: byte order mark, blank
 * lines, spaces.
 */
size_t beluga__sniff_skip(const char *bytes, size_t n);
/* `bytes` is the beginning of a body without what beluga__sniff_skip counts. The answer for more
 * bytes is the same, once it is not MORE. */
beluga__sniffed beluga__sniff(const char *bytes, size_t n);

/* Do the same for a body of which only its provider knows what it looks like, unless it is a web
 * page. */
static inline beluga__sniffed beluga__sniff_page(const char *bytes, size_t n)
{
    return n && *bytes != '<' ? BELUGA__SNIFF_OTHER : beluga__sniff(bytes, n);
}

/* Returns the length of the first JSON object or array of a text, with the white space behind it;
 * 0 when it does not end. The value is not checked to be valid JSON. */
size_t beluga__sniff_value(const char *text, size_t n);

/* Returns whether a frame only shows that its sender is alive, in any protocol: an empty frame, a
 * word such as "ping", or a text other than JSON in an event of such a name. */
bool beluga__frame_is_heartbeat(const beluga_frame *frame);

#endif
