/* An author's answers, made into others that his service could send: with other letters, or another
 * word for the end. */
#ifndef BELUGA_KIT_REMAKE_H
#define BELUGA_KIT_REMAKE_H

#include "kit/answer.h"

#include <beluga/provider/json.h>

#include <stdbool.h>

/*
 * Copy an answer, with each JSON string in its body that stands as a value replaced by what `make`
 * writes. `make` gets the string as it is written between its quotes, writes its replacement in the
 * same form, and returns false where the string stays.
 * @return whether any was replaced; AWS frames, whose checksums would be wrong, have none. Free
 * `out` in any case.
 */
typedef bool check_maker(void *payload, const char *text, size_t n, check_text *out);
bool check_remake(check_answer *out, const check_answer *from, check_maker *make, void *payload);

/* Copy an answer up to a frame, with other bytes behind it. */
void check_remake_end(check_answer *out, const check_answer *from, size_t frames, const char *bytes,
                      size_t n);

/* Call `look` for the JSON of each frame, or of the body. */
typedef void check_looker(void *payload, const beluga_json *root);
void check_look_through(const check_answer *answer, check_looker *look, void *payload);

/* Read a string as it is written in JSON, without its quotes. */
bool check_unescape(const char *text, size_t n, check_text *out);

#endif
