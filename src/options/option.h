/* Options by name, and the text form of their values. */
#ifndef BELUGA__OPTION_H
#define BELUGA__OPTION_H

#include <beluga/error.h>
#include <beluga/option.h>

/* Returns the key of a name, or 0. */
int beluga__option_find(const char *name, size_t length);

/* Returns the option's name that differs by at most two letters, or NULL. */
const char *beluga__option_nearest(const char *name);

/* Read a value according to the key's type; the option points into `value`. INVALID_INPUT with
 * `name: "value" is not …`. */
int beluga__option_parse_value(int key, const char *value, size_t length, beluga_option *out,
                               beluga_error *err);

/* Returns the names of an ENUM option's values in order, ended by NULL; NULL for another option. */
const char *const *beluga__option_words(int key);

#endif
