/* The kind of a body is told by its first bytes, since servers and proxies declare other types than
 * they send. */
#ifndef BELUGA__SNIFF_H
#define BELUGA__SNIFF_H

#include <beluga/provider/http.h>

#include <stdbool.h>
#include <stddef.h>

typedef enum beluga__sniffed {
    BELUGA__SNIFF_MORE,   /* too few bytes to tell */
    BELUGA__SNIFF_SSE,    /* server-sent events */
    BELUGA__SNIFF_JSON,   /* a JSON object or array that may end in its line */
    BELUGA__SNIFF_PRETTY, /* one that goes on in its next line */
    BELUGA__SNIFF_PAGE,   /* a web page */
    BELUGA__SNIFF_OTHER,
} beluga__sniffed;

/* Returns how many bytes at the beginning of a body say nothing: byte order mark, blank lines,
 * spaces.
 */
size_t beluga__sniff_skip(const char *bytes, size_t n);
/* `bytes` is the beginning of a body without what beluga__sniff_skip counts. The answer for more
 * bytes is the same, once it is not MORE. */
beluga__sniffed beluga__sniff(const char *bytes, size_t n);

/* Returns the length of the first JSON object or array of a text, white space after it included; 0
 * when it does not end. It is not checked to be JSON. */
size_t beluga__sniff_value(const char *text, size_t n);

/* Returns whether a frame only shows that its sender lives, in whatever protocol: it is empty, a
 * word such as "ping", or anything but JSON in an event of such a name. */
bool beluga__frame_is_heartbeat(const beluga_frame *frame);

#endif
