/* YAML for configuration files: a tree of a document's values, their places, and what they are as
 * text or JSON. It is made of the events of libyaml, which only yaml.c and yaml_words.c
 * know. */
#ifndef BELUGA__CONFIG_YAML_H
#define BELUGA__CONFIG_YAML_H

#include "base/buf.h"

#include <beluga/error.h>

typedef struct beluga__yaml beluga__yaml; /* a document */
typedef struct beluga__yaml_node beluga__yaml_node;

typedef struct beluga__yaml_place {
    int line, column; /* from 1; columns are characters */
} beluga__yaml_place;

typedef enum beluga__yaml_kind {
    BELUGA__YAML_NULL, /* nothing, or ~ or null */
    BELUGA__YAML_SCALAR,
    BELUGA__YAML_LIST,
    BELUGA__YAML_MAP,
    BELUGA__YAML_ALIAS /* *name: not supported, for it lets a small file mean a huge one */
} beluga__yaml_kind;

/* Parse a text, which may go afterwards. Returns 0 with *out NULL when there is nothing in it; on
 * failure `place` and a sentence, with INVALID_CONFIG; NO_MEMORY. */
int beluga__yaml_parse(const char *text, size_t length, beluga__yaml **out,
                       beluga__yaml_place *place, char *why, size_t why_size);
/* Tell of each name that its map has already, until `tell` returns other than 0; return that. */
int beluga__yaml_find_twice(const beluga__yaml_node *node,
                            int (*tell)(void *argument, beluga__yaml_node *key), void *argument);
void beluga__yaml_free(beluga__yaml *yaml);
/* NULL counts as BELUGA__YAML_NULL. */
beluga__yaml_node *beluga__yaml_root(const beluga__yaml *yaml);

beluga__yaml_kind beluga__yaml_kind_of(const beluga__yaml_node *node);
/* Return a scalar's bytes, with a NUL behind them; "" of the others. */
const char *beluga__yaml_text(const beluga__yaml_node *node, size_t *length);
/* Tell where a scalar or an alias stands; false for the others, and for a value that is not
 * there. */
bool beluga__yaml_place_of(const beluga__yaml_node *node, beluga__yaml_place *place);

/* Walk a list or a map; *at starts as NULL. False at the end. A key that is no scalar comes as
 * NULL. */
bool beluga__yaml_next_item(const beluga__yaml_node *list, void **at, beluga__yaml_node **item);
bool beluga__yaml_next_pair(const beluga__yaml_node *map, void **at, beluga__yaml_node **key,
                            beluga__yaml_node **value);

/* Write a value as JSON: plain scalars become null, bools and numbers as YAML 1.2 reads them.
 * Returns buf->status, or INVALID_CONFIG for an alias or a key that is no scalar. */
int beluga__yaml_to_json(const beluga__yaml_node *node, beluga__buf *buf);

#endif
