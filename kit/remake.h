/* Makes, from an author's answers, other answers that the service could send: with other letters,
 * or another finish reason. */
#ifndef BELUGA_KIT_REMAKE_H
#define BELUGA_KIT_REMAKE_H

#include "kit/answer.h"

#include <beluga/provider/json.h>

#include <stdbool.h>

/* Copy an answer, and replace strings in the JSON of its body. `make` is called for each string
 * that is a value, with the characters between its quotes; it writes the replacement in the same
 * form, or returns false to keep the string.
 * @return whether a string was replaced. Strings in AWS frames are not replaced, since the
 * checksums would be wrong. Free `out` in any case. */
typedef bool check_maker(void *payload, const char *text, size_t n, check_text *out);
bool check_remake(check_answer *out, const check_answer *from, check_maker *make, void *payload);

/* Copy the first `frames` frames of an answer, and append other bytes. */
void check_remake_end(check_answer *out, const check_answer *from, size_t frames, const char *bytes,
                      size_t n);

/* Call `look` for the JSON of each frame, or of the body. */
typedef void check_looker(void *payload, const beluga_json *root);
void check_look_through(const check_answer *answer, check_looker *look, void *payload);

/* Decode a JSON string, given without its quotes. */
bool check_unescape(const char *text, size_t n, check_text *out);

#endif
