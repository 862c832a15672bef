/* Decides which characters a header, a name or a URL may contain.
 *
 * Text from an option, a file, a variable, a plug-in or a server's answer is checked here before it
 * becomes part of a request. Options and variables are checked when they are read, so that the
 * error can name them. All text is checked again when the request is made (http_request.c). */
#ifndef BELUGA__OUTGOING_H
#define BELUGA__OUTGOING_H

#include <stdbool.h>
#include <stddef.h>

/* A misfit: a character that is not allowed in a text, and the offset of its byte. */
typedef struct beluga__misfit {
    size_t at;
    char what[16];
} beluga__misfit;

/* Check the value of a header: UTF-8 without control characters except the tab. */
bool beluga__fits_header(const char *text, size_t n, beluga__misfit *misfit);
/* Check the name of a header: a token of RFC 9110. For an empty name the misfit is at offset 0. */
bool beluga__fits_header_name(const char *text, size_t n, beluga__misfit *misfit);
/* Check a name, such as a model's: UTF-8 without control characters. */
bool beluga__fits_name(const char *text, size_t n, beluga__misfit *misfit);
/* Check a URL: UTF-8 without control characters, space, "\" and "#", which would begin a
 * fragment. */
bool beluga__fits_url(const char *text, size_t n, beluga__misfit *misfit);

/* Returns the reason why only the library may set this header, which frames or routes requests;
 * NULL if users and providers may set it. */
const char *beluga__header_is_ours(const char *name, size_t n);

/* Returns whether a server may read a segment of this path as "." or "..". Some servers treat "\"
 * like "/", and decode percent escapes of ".", "/" and "\" first. */
bool beluga__path_climbs(const char *path, size_t n);

/* Write a byte for a path segment or a query: unchanged if it is unreserved (RFC 3986), otherwise
 * as an escape. Returns the number of bytes written, 1 or 3. */
size_t beluga__percent_encode(char byte, char out[3]);

#endif
