/* YAML for configuration files: a tree of a document's values with their positions, and functions
 * that read them as text or JSON. The tree is built from libyaml's events; only yaml.c and
 * yaml_words.c use libyaml. */
#ifndef BELUGA__CONFIG_YAML_H
#define BELUGA__CONFIG_YAML_H

#include "base/buf.h"

#include <beluga/error.h>

typedef struct beluga__yaml beluga__yaml; /* a document */
typedef struct beluga__yaml_node beluga__yaml_node;

typedef struct beluga__yaml_place {
    int line, column; /* both count from 1; columns count characters */
} beluga__yaml_place;

typedef enum beluga__yaml_kind {
    BELUGA__YAML_NULL, /* empty, ~ or null */
    BELUGA__YAML_SCALAR,
    BELUGA__YAML_LIST,
    BELUGA__YAML_MAP,
    /* *name; the library refuses it, since it lets a small file expand to a huge one */
    BELUGA__YAML_ALIAS
} beluga__yaml_kind;

/* Parse a text, which the caller may free afterwards. Returns 0, with *out NULL for an empty
 * document; INVALID_CONFIG with `place` and a sentence in `why`; NO_MEMORY. */
int beluga__yaml_parse(const char *text, size_t length, beluga__yaml **out,
                       beluga__yaml_place *place, char *why, size_t why_size);
/* Call `tell` for each name that occurs in its map for a second time (or more often), until `tell`
 * returns a value other than 0. Returns that value, or 0. */
int beluga__yaml_find_twice(const beluga__yaml_node *node,
                            int (*tell)(void *argument, beluga__yaml_node *key), void *argument);
void beluga__yaml_free(beluga__yaml *yaml);
/* For the functions below, a NULL node is the same as BELUGA__YAML_NULL. */
beluga__yaml_node *beluga__yaml_root(const beluga__yaml *yaml);

beluga__yaml_kind beluga__yaml_kind_of(const beluga__yaml_node *node);
/* Returns the bytes of a scalar, followed by a NUL, or "" for other nodes. */
const char *beluga__yaml_text(const beluga__yaml_node *node, size_t *length);
/* Get the position of a scalar or an alias. Returns false for other nodes and for a missing
 * value. */
bool beluga__yaml_place_of(const beluga__yaml_node *node, beluga__yaml_place *place);

/* Returns whether a list or a map is written as {…} or […]. */
bool beluga__yaml_is_flow(const beluga__yaml_node *node);
/* Get where a node begins and ends, in characters from the beginning of the text, without a byte
 * order mark. A missing value has length 0. A list or map without brackets ends where its last
 * value ends. */
void beluga__yaml_span_of(const beluga__yaml_node *node, size_t *begin, size_t *end);

/* Step through a list or a map. *at must start as NULL. Returns false at the end. A key that is not
 * a scalar is returned as NULL. */
bool beluga__yaml_next_item(const beluga__yaml_node *list, void **at, beluga__yaml_node **item);
bool beluga__yaml_next_pair(const beluga__yaml_node *map, void **at, beluga__yaml_node **key,
                            beluga__yaml_node **value);

/* Write a value as JSON. A scalar without quotes becomes null, a boolean or a number if it is one
 * in YAML 1.2. Returns buf->status, or INVALID_CONFIG for an alias, or for a key that is not a
 * scalar. */
int beluga__yaml_to_json(const beluga__yaml_node *node, beluga__buf *buf);

#endif
