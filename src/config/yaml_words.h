/* Explains faults in a YAML text, and what to do about them. */
#ifndef BELUGA__YAML_WORDS_H
#define BELUGA__YAML_WORDS_H

#include "config/yaml.h"

#define BELUGA__YAML_NO_TAGS \
    "YAML tags are not supported: put quotes around a text that begins with !"

/* Check the bytes before the parser reads them, and skip a byte order mark. Returns 0, or
 * INVALID_CONFIG with a position and a sentence. */
int beluga__yaml_look_at(const char **text, size_t *length, beluga__yaml_place *place, char *why,
                         size_t size);

/* Explain the error that libyaml has just reported. Returns NO_MEMORY if it ran out of memory, else
 * INVALID_CONFIG. */
struct yaml_parser_s;
int beluga__yaml_explain(const struct yaml_parser_s *parser, const char *text, size_t length,
                         beluga__yaml_place *place, char *why, size_t size);

#endif
