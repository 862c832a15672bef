/* Finds values in requests, in whatever form they are written.
 *
 * Reads the path, query, headers and body of a request: JSON, JSON inside a JSON string, forms,
 * multipart, base64. Anything else counts as one text. */
#ifndef BELUGA_KIT_SENT_H
#define BELUGA_KIT_SENT_H

#include "kit/text.h"
#include "peer/peer.h"

#include <beluga/provider/json.h>

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise this struct, and free it with check_sent_free. */
typedef struct check_sent {
    check_text texts;   /* every text as it was sent, in order, each followed by a separator */
    check_text nested;  /* texts that were found inside other texts */
    check_text numbers; /* doubles: numbers, and texts that contain numbers */
    check_text whole;   /* method, path, headers and body unchanged, for comparisons */
    check_text accept;  /* the Accept headers, which are not in `whole` since the library may have
                           written them */
} check_sent;

/* Parse request `i`, and add its texts and numbers. */
void check_sent_add(check_sent *sent, const peer *p, size_t i);
/* Add the texts and numbers of a JSON value, or of a body in any other form. `type` is its content
 * type, or NULL. */
void check_sent_add_body(check_sent *sent, const char *type, const char *body, size_t length);
void check_sent_free(check_sent *sent);

/* Return whether any text contains these bytes. */
bool check_sent_has(const check_sent *sent, const char *bytes, size_t n);
/* Return how often the bytes occur, without the texts that were found inside other texts. */
size_t check_sent_count(const check_sent *sent, const char *bytes);
bool check_sent_has_number(const check_sent *sent, double number);
/* Return whether two requests have the same method, path, headers and body. */
bool check_sent_equal(const check_sent *a, const check_sent *b);

#endif
