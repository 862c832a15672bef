/* Decides which characters of other people's text a header, a name or a URL can carry.
 *
 * Text of an option, a file, a variable, a plug-in or a server's page is checked here before it
 * becomes part of a request. Options and variables are checked where they are read, so that the
 * error can name them, and all text is checked again where the request is made (http_request.c). */
#ifndef BELUGA__OUTGOING_H
#define BELUGA__OUTGOING_H

#include <stdbool.h>
#include <stddef.h>

/* A misfit is a character that does not fit, and the byte where it is. */
typedef struct beluga__misfit {
    size_t at;
    char what[16];
} beluga__misfit;

/* A header's value is UTF-8 without control characters, but for the tab. */
bool beluga__fits_header(const char *text, size_t n, beluga__misfit *misfit);
/* A header's name is a token of RFC 9110. An empty one is a misfit at 0. */
bool beluga__fits_header_name(const char *text, size_t n, beluga__misfit *misfit);
/* A name, such as a model's, is UTF-8 without control characters. */
bool beluga__fits_name(const char *text, size_t n, beluga__misfit *misfit);
/* A URL is UTF-8 without control characters, space, "\" and "#", since "#" would begin a
 * fragment. */
bool beluga__fits_url(const char *text, size_t n, beluga__misfit *misfit);

/* Returns why only the transport may set this header, which frames, routes or separates requests.
 * NULL: everybody may set it. */
const char *beluga__header_is_ours(const char *name, size_t n);

/* Returns whether a server on the way may find a segment "." or ".." in a path: servers treat "\"
 * like "/", and decode escapes of these characters. */
bool beluga__path_climbs(const char *path, size_t n);

/* Write a byte for a segment or a query: unchanged where it is unreserved (RFC 3986), else as an
 * escape. Returns the number of bytes written, 1 or 3. */
size_t beluga__percent_encode(char byte, char out[3]);

#endif
