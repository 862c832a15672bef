/* The content of requests, whatever their form: a value is looked for by its meaning, not by the
 * bytes that carry it.
 *
 * A request's path, query, headers and body are taken apart: JSON, JSON in a string of JSON, forms,
 * multipart, base64. What none of these is counts as one text. */
#ifndef BELUGA_KIT_SENT_H
#define BELUGA_KIT_SENT_H

#include "kit/text.h"
#include "peer/peer.h"

#include <beluga/provider/json.h>

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise this struct, and free it with check_sent_free. */
typedef struct check_sent {
    check_text texts;   /* every text as it was sent, in its order, a separator behind each */
    check_text nested;  /* texts that were found inside of others */
    check_text numbers; /* doubles: numbers, and texts that are numbers */
    check_text whole;   /* method, path, headers and body as they are, for a comparison */
    check_text accept;  /* the headers Accept, which the library may have written: not in whole */
} check_sent;

/* Take request `i` apart, and add what it has. */
void check_sent_add(check_sent *sent, const peer *p, size_t i);
/* Add the texts and numbers of one JSON value, or of a body of any other form. `type` is its
 * content type, or NULL. */
void check_sent_add_body(check_sent *sent, const char *type, const char *body, size_t length);
void check_sent_free(check_sent *sent);

/* Return whether these bytes stand in some text. */
bool check_sent_has(const check_sent *sent, const char *bytes, size_t n);
/* Return how often they stand in texts that are not nested. */
size_t check_sent_count(const check_sent *sent, const char *bytes);
bool check_sent_has_number(const check_sent *sent, double number);
/* Return whether both have the same method, path, headers and body. */
bool check_sent_equal(const check_sent *a, const check_sent *b);

#endif
