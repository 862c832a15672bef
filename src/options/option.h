/* Finds options by name, and reads their values from text. */
#ifndef BELUGA__OPTION_H
#define BELUGA__OPTION_H

#include <beluga/error.h>
#include <beluga/option.h>

/* Returns the key of the option with this name, or 0. */
int beluga__option_find(const char *name, size_t length);

/* Returns the name of the option that `name` resembles: at most two letters differ, or `name` is an
 * abbreviation. Returns NULL if no option is similar. */
const char *beluga__option_nearest(const char *name);

/* Read a value according to the type of the option `key`. `out` points into `value`. On
 * INVALID_INPUT the message is `name: "value" is not …`. */
int beluga__option_parse_value(int key, const char *value, size_t length, beluga_option *out,
                               beluga_error *err);

/* Returns the words for the values of an ENUM option, in order, ended by NULL; NULL for other
 * options. */
const char *const *beluga__option_words(int key);

#endif
