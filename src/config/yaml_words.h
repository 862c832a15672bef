/* Sentences that say what is wrong with a text that is to be YAML, and what to do. */
#ifndef BELUGA__YAML_WORDS_H
#define BELUGA__YAML_WORDS_H

#include "config/yaml.h"

#define BELUGA__YAML_NO_TAGS "YAML tags are not supported; quote a text that begins with !"

/* Look at the bytes before the parser does; a byte order mark is stepped over. Returns 0, or
 * INVALID_CONFIG with a place and a sentence. */
int beluga__yaml_look_at(const char **text, size_t *length, beluga__yaml_place *place, char *why,
                         size_t size);

/* Do the same for what a libyaml parser has just refused; NO_MEMORY where that was why. */
struct yaml_parser_s;
int beluga__yaml_explain(const struct yaml_parser_s *parser, const char *text, size_t length,
                         beluga__yaml_place *place, char *why, size_t size);

#endif
