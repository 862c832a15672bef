/* Text of others on its way out: the characters that a header, a name or a URL can carry.
 *
 * All that an option, a file, a variable, a plug-in or a server's page says is held against these
 * functions before it becomes part of a request: options and variables where they are read, so that
 * the error can name them, and everything once more where the request is made (http_request.c). */
#ifndef BELUGA__OUTGOING_H
#define BELUGA__OUTGOING_H

#include <stdbool.h>
#include <stddef.h>

/* The character that does not fit, and its byte: "\r", "a space", "U+0085", "byte 0xff". */
typedef struct beluga__misfit {
    size_t at;
    char what[16];
} beluga__misfit;

/* A header's value: UTF-8 without control characters, but for the tab. */
bool beluga__fits_header(const char *text, size_t n, beluga__misfit *misfit);
/* A header's name: a token of RFC 9110. An empty one is a misfit at 0. */
bool beluga__fits_header_name(const char *text, size_t n, beluga__misfit *misfit);
/* A name, such as a model's: UTF-8 without control characters. */
bool beluga__fits_name(const char *text, size_t n, beluga__misfit *misfit);
/* A URL: UTF-8 without control characters, space, "\" and "#", which would begin a fragment. */
bool beluga__fits_url(const char *text, size_t n, beluga__misfit *misfit);

/* Why nobody but the transport may set that header: it says how requests are framed, led and kept
 * apart. NULL: anybody may. */
const char *beluga__header_is_ours(const char *name, size_t n);

/* Whether a path has a segment "." or "..", in whatever way a server on the way may read it: "\" as
 * "/", and both as well as dots percent-encoded. */
bool beluga__path_climbs(const char *path, size_t n);

/* Write a byte as it may stand in a segment or a query: as it is where it is unreserved (RFC 3986),
 * else as an escape. Returns how many were written, 1 or 3. */
size_t beluga__percent_encode(char byte, char out[3]);

#endif
