/* YAML for configuration files, over libfyaml, which nothing else includes: documents, places, and
 * values as text or JSON. */
#ifndef BELUGA__CONFIG_YAML_H
#define BELUGA__CONFIG_YAML_H

#include "base/buf.h"

#include <beluga/error.h>

typedef struct beluga__yaml beluga__yaml; /* a document */
typedef struct fy_node beluga__yaml_node;

typedef struct beluga__yaml_place {
    int line, column; /* from 1 */
} beluga__yaml_place;

typedef enum beluga__yaml_kind {
    BELUGA__YAML_NULL, /* nothing, or ~ or null */
    BELUGA__YAML_SCALAR,
    BELUGA__YAML_LIST,
    BELUGA__YAML_MAP,
    BELUGA__YAML_ALIAS /* *name: not supported, for it lets a small file mean a huge one */
} beluga__yaml_kind;

/* Parse a text, which must live as long as the document. Returns 0 with *out NULL when there is
 * nothing in it; on failure `place` and a text, with INVALID_CONFIG; NO_MEMORY. A name may be in a
 * map twice where `twice` says so. */
int beluga__yaml_parse(const char *text, size_t length, bool twice, beluga__yaml **out,
                       beluga__yaml_place *place, char *why, size_t why_size);
/* Tell of each name that its map has already, the first 4,096 of a map compared. */
void beluga__yaml_find_twice(beluga__yaml_node *node,
                             void (*tell)(void *argument, beluga__yaml_node *key), void *argument);
void beluga__yaml_free(beluga__yaml *yaml);
beluga__yaml_node *beluga__yaml_root(beluga__yaml *yaml);

beluga__yaml_kind beluga__yaml_kind_of(beluga__yaml_node *node);
/* A scalar's bytes; not NUL-terminated. */
const char *beluga__yaml_text(beluga__yaml_node *node, size_t *length);
/* Where a scalar stands; false for the others. */
bool beluga__yaml_place_of(beluga__yaml_node *node, beluga__yaml_place *place);

/* Walk a list or a map; *at starts as NULL. False at the end. A key that is no scalar comes as
 * NULL. */
bool beluga__yaml_next_item(beluga__yaml_node *list, void **at, beluga__yaml_node **item);
bool beluga__yaml_next_pair(beluga__yaml_node *map, void **at, beluga__yaml_node **key,
                            beluga__yaml_node **value);

/* Write a value as JSON: plain scalars become null, bools and numbers as YAML 1.2 reads them.
 * Returns buf->status, or INVALID_CONFIG for an alias or a key that is no scalar. */
int beluga__yaml_to_json(beluga__yaml_node *node, beluga__buf *buf);

#endif
