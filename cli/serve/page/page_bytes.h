/* The page as a C string, which the build makes from page.html (embed.py). */
#ifndef BELUGA_CLI_SERVE_PAGE_BYTES_H
#define BELUGA_CLI_SERVE_PAGE_BYTES_H

#include <stddef.h>

extern const unsigned char page_bytes[];
extern const size_t page_length;
/* The Content-Security-Policy for these bytes. */
extern const char page_policy[];

#endif
