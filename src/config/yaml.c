#include "config/yaml.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/text.h"
#include "base/utf8.h"
#include "config/yaml_words.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct beluga__yaml_node {
    /* the next node in its list or map; in a map keys and values alternate */
    beluga__yaml_node *next;
    union {
        beluga__yaml_node *first; /* the first node of a list or a map */
        /* The next key in sorted order, while the map is searched for duplicate names. */
        beluga__yaml_node *sorted;
    } u;
    const char *text;
    uint32_t length;
    uint32_t begin, end; /* offsets of the node's beginning and end, in characters */
    beluga__yaml_place place;
    uint8_t kind;
    bool flow;  /* {…} or […] */
    bool plain; /* a scalar without quotes that is not a block scalar */
    bool twice; /* a key that occurred before in its map */
};

struct beluga__yaml {
    beluga__arena arena;
    beluga__yaml_node *root;
    size_t n_nodes;
};

/* --- building the tree from events ------------------------------------------------------------ */

typedef struct builder {
    beluga__yaml *yaml;
    yaml_parser_t parser;
    struct {
        beluga__yaml_node *node, **end;
    } open[BELUGA__MAX_YAML_DEPTH]; /* the lists and maps that enclose the next event */
    size_t depth, documents;
    beluga__yaml_place *place; /* receives the position of a fault */
    char *why;
    size_t why_size;
} builder;

static beluga__yaml_place place_of(const yaml_mark_t *mark)
{
    return (beluga__yaml_place){(int)mark->line + 1, (int)mark->column + 1};
}

static int refuse(builder *b, const yaml_mark_t *mark, const char *why)
{
    *b->place = place_of(mark);
    snprintf(b->why, b->why_size, "%s", why);
    return BELUGA_ERROR_INVALID_CONFIG;
}

static int add_node(builder *b, beluga__yaml_kind kind, const yaml_mark_t *mark,
                    beluga__yaml_node **out)
{
    if (b->yaml->n_nodes++ >= BELUGA__MAX_YAML_NODES) {
        char why[64];
        snprintf(why, sizeof why, "the file has more than %u names and values",
                 BELUGA__MAX_YAML_NODES);
        return refuse(b, mark, why);
    }
    beluga__yaml_node *node = beluga__arena_zalloc(&b->yaml->arena, sizeof *node);
    if (!node) return BELUGA_ERROR_NO_MEMORY;
    node->kind = (uint8_t)kind;
    node->place = place_of(mark);
    node->begin = node->end = (uint32_t)mark->index;
    node->text = "";
    if (b->depth) {
        *b->open[b->depth - 1].end = node;
        b->open[b->depth - 1].end = &node->next;
    } else {
        b->yaml->root = node;
    }
    *out = node;
    return 0;
}

static bool is_one_of(const char *text, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == n && memcmp(*words, text, n) == 0) return true;
    return false;
}

static int add_scalar(builder *b, const yaml_event_t *e)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    const char *text = (const char *)e->data.scalar.value;
    size_t n = e->data.scalar.length;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool null = plain && is_one_of(text, n, nulls);
    beluga__yaml_node *node;
    int status = add_node(b, null ? BELUGA__YAML_NULL : BELUGA__YAML_SCALAR, &e->start_mark, &node);
    if (status) return status;
    node->plain = plain;
    node->end = (uint32_t)e->end_mark.index;
    node->length = (uint32_t)n;
    if (n) node->text = beluga__arena_copy(&b->yaml->arena, text, n);
    return node->text ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static int begin(builder *b, beluga__yaml_kind kind, bool flow, const yaml_mark_t *mark)
{
    if (b->depth == BELUGA__MAX_YAML_DEPTH) {
        char why[64];
        snprintf(why, sizeof why, "lists and maps are nested deeper than %d levels",
                 BELUGA__MAX_YAML_DEPTH);
        return refuse(b, mark, why);
    }
    beluga__yaml_node *node;
    int status = add_node(b, kind, mark, &node);
    if (status) return status;
    node->flow = flow;
    b->open[b->depth].node = node;
    b->open[b->depth++].end = &node->u.first;
    return 0;
}

static void mark_twice(beluga__yaml_node *map);

/* Set the end of a node. A list or map without brackets has no end mark, so it ends where its last
 * value ends. */
static int finish(builder *b, const yaml_mark_t *end)
{
    beluga__yaml_node *node = b->open[--b->depth].node;
    if (node->flow) node->end = (uint32_t)end->index;
    for (const beluga__yaml_node *n = node->flow ? NULL : node->u.first; n; n = n->next)
        node->end = n->end;
    if (node->kind == BELUGA__YAML_MAP) mark_twice(node);
    return 0;
}

static bool has_tag(const yaml_event_t *e)
{
    return (e->type == YAML_SCALAR_EVENT && e->data.scalar.tag) ||
           (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag) ||
           (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag);
}

static int take(builder *b, const yaml_event_t *e)
{
    beluga__yaml_node *node;
    if (has_tag(e)) return refuse(b, &e->start_mark, BELUGA__YAML_NO_TAGS);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ == 0) return 0;
        return refuse(b, &e->start_mark,
                      "a second document begins here, but a configuration must be one document");
    case YAML_ALIAS_EVENT: return add_node(b, BELUGA__YAML_ALIAS, &e->start_mark, &node);
    case YAML_SCALAR_EVENT: return add_scalar(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return begin(b, BELUGA__YAML_LIST, e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                     &e->start_mark);
    case YAML_MAPPING_START_EVENT:
        return begin(b, BELUGA__YAML_MAP, e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
                     &e->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return finish(b, &e->end_mark);
    default: return 0;
    }
}

static int build(builder *b, const char *text, size_t length)
{
    int status = 0;
    for (bool more = true; more && !status;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event))
            return beluga__yaml_explain(&b->parser, text, length, b->place, b->why, b->why_size);
        more = event.type != YAML_STREAM_END_EVENT;
        status = take(b, &event);
        if (event.type == YAML_SCALAR_EVENT)
            explicit_bzero(event.data.scalar.value, event.data.scalar.length);
        yaml_event_delete(&event);
    }
    return status;
}

/* Wipe the parser's buffers: they contain text of the file, which may be a key. (Earlier copies of
 * a scalar that grew while it was read can't be reached.) */
static void wipe_buffers(yaml_parser_t *parser)
{
    explicit_bzero(parser->raw_buffer.start,
                   (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
    explicit_bzero(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
}

/* Parse the text. libyaml always allocates with malloc, not with the library's allocator. It frees
 * everything before this function returns. */
static int build_from(beluga__yaml *yaml, const char *text, size_t length,
                      beluga__yaml_place *place, char *why, size_t size)
{
    builder b = {.yaml = yaml, .place = place, .why = why, .why_size = size};
    if (!yaml_parser_initialize(&b.parser)) return BELUGA_ERROR_NO_MEMORY;
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, length);
    int status = build(&b, text, length);
    wipe_buffers(&b.parser);
    yaml_parser_delete(&b.parser);
    return status;
}

int beluga__yaml_parse(const char *text, size_t length, beluga__yaml **out,
                       beluga__yaml_place *place, char *why, size_t why_size)
{
    /* The values may include a key, so they are in secret memory. */
    const beluga_allocator *allocator = beluga__secret_allocator();
    *out = NULL;
    int status = beluga__yaml_look_at(&text, &length, place, why, why_size);
    if (status) return status;
    beluga__yaml *yaml = beluga__zalloc(allocator, sizeof *yaml);
    if (!yaml) return BELUGA_ERROR_NO_MEMORY;
    beluga__arena_init(&yaml->arena, allocator, NULL, 0, BELUGA__MAX_YAML_BYTES);
    status = build_from(yaml, text, length, place, why, why_size);
    if (!status && yaml->root)
        *out = yaml;
    else
        beluga__yaml_free(yaml);
    return status;
}

void beluga__yaml_free(beluga__yaml *yaml)
{
    if (!yaml) return;
    const beluga_allocator *allocator = yaml->arena.allocator;
    beluga__arena_free(&yaml->arena);
    beluga__release(allocator, yaml);
}

beluga__yaml_node *beluga__yaml_root(const beluga__yaml *yaml)
{
    return yaml->root;
}

/* --- nodes ------------------------------------------------------------------------------------ */

beluga__yaml_kind beluga__yaml_kind_of(const beluga__yaml_node *node)
{
    return node ? (beluga__yaml_kind)node->kind : BELUGA__YAML_NULL;
}

const char *beluga__yaml_text(const beluga__yaml_node *node, size_t *length)
{
    *length = node->length;
    return node->text;
}

static bool is_scalar(const beluga__yaml_node *node)
{
    return node->kind == BELUGA__YAML_SCALAR || node->kind == BELUGA__YAML_NULL;
}

bool beluga__yaml_place_of(const beluga__yaml_node *node, beluga__yaml_place *place)
{
    if (!node || (!is_scalar(node) && node->kind != BELUGA__YAML_ALIAS)) return false;
    /* A missing value has no position of its own: the position of its key is more useful to
     * people. */
    if (node->plain && !node->length) return false;
    *place = node->place;
    return true;
}

bool beluga__yaml_is_flow(const beluga__yaml_node *node)
{
    return node->flow;
}

void beluga__yaml_span_of(const beluga__yaml_node *node, size_t *begin, size_t *end)
{
    *begin = node->begin;
    *end = node->end;
}

bool beluga__yaml_next_item(const beluga__yaml_node *list, void **at, beluga__yaml_node **item)
{
    const beluga__yaml_node *last = *at;
    *at = *item = last ? last->next : list->u.first;
    return *item;
}

bool beluga__yaml_next_pair(const beluga__yaml_node *map, void **at, beluga__yaml_node **key,
                            beluga__yaml_node **value)
{
    beluga__yaml_node *first;
    if (!beluga__yaml_next_item(map, at, &first)) return false;
    *key = is_scalar(first) ? first : NULL;
    return beluga__yaml_next_item(map, at, value);
}

/* --- duplicate names -------------------------------------------------------------------------- */

static int compare(const beluga__yaml_node *a, const beluga__yaml_node *b)
{
    size_t n = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, n);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Merge two sorted runs of keys. Equal keys keep their order. */
static beluga__yaml_node *merge(beluga__yaml_node *a, beluga__yaml_node *b)
{
    beluga__yaml_node *first, **end = &first;
    while (a && b) {
        beluga__yaml_node **from = compare(a, b) <= 0 ? &a : &b;
        *end = *from;
        end = &(*end)->u.sorted;
        *from = *end;
    }
    *end = a ? a : b;
    return first;
}

enum { MAX_RUNS = 32 }; /* for runs of 1, 2, 4, … keys */

/* Sort the keys with a bottom-up merge sort, which needs no memory and never takes quadratic
 * time. */
static beluga__yaml_node *sort_keys(beluga__yaml_node *map)
{
    beluga__yaml_node *runs[MAX_RUNS] = {0}, *sorted = NULL, *key, *value;
    void *at = NULL;
    while (beluga__yaml_next_pair(map, &at, &key, &value)) {
        if (!key) continue;
        size_t i = 0;
        for (key->u.sorted = NULL; runs[i]; runs[i++] = NULL) key = merge(runs[i], key);
        runs[i] = key;
    }
    for (size_t i = 0; i < MAX_RUNS; i++)
        if (runs[i]) sorted = merge(runs[i], sorted);
    return sorted;
}

static void mark_twice(beluga__yaml_node *map)
{
    beluga__yaml_node *key = sort_keys(map);
    for (; key && key->u.sorted; key = key->u.sorted)
        key->u.sorted->twice = compare(key, key->u.sorted) == 0;
}

int beluga__yaml_find_twice(const beluga__yaml_node *node,
                            int (*tell)(void *argument, beluga__yaml_node *key), void *argument)
{
    void *at = NULL;
    int status = 0;
    beluga__yaml_node *key, *value;
    beluga__yaml_kind kind = beluga__yaml_kind_of(node);
    if (kind == BELUGA__YAML_LIST)
        while (!status && beluga__yaml_next_item(node, &at, &value))
            status = beluga__yaml_find_twice(value, tell, argument);
    if (kind != BELUGA__YAML_MAP) return status;
    while (!status && beluga__yaml_next_pair(node, &at, &key, &value)) {
        if (key && key->twice) status = tell(argument, key);
        if (!status) status = beluga__yaml_find_twice(value, tell, argument);
    }
    return status;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void put_plain(beluga_json_writer *w, const char *key, const char *text, size_t n)
{
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    int64_t integer;
    double number;
    if (is_one_of(text, n, trues) || is_one_of(text, n, falses))
        beluga_json_put_bool(w, key, text[0] == 't' || text[0] == 'T');
    else if (beluga__text_to_int(text, n, &integer))
        beluga_json_put_int(w, key, integer);
    else if (beluga__text_to_double(text, n, &number))
        beluga_json_put_double(w, key, number);
    else
        beluga_json_put_string_n(w, key, text, n);
}

static bool put(beluga_json_writer *w, const char *key, const beluga__yaml_node *node);

static bool put_list(beluga_json_writer *w, const char *key, const beluga__yaml_node *node)
{
    void *at = NULL;
    beluga__yaml_node *item;
    bool good = true;
    beluga_json_begin_array(w, key);
    while (good && beluga__yaml_next_item(node, &at, &item)) good = put(w, NULL, item);
    beluga_json_end_array(w);
    return good;
}

static bool put_map(beluga_json_writer *w, const char *key, const beluga__yaml_node *node)
{
    void *at = NULL;
    beluga__yaml_node *k, *value;
    bool good = true;
    beluga_json_begin_object(w, key);
    while (good && beluga__yaml_next_pair(node, &at, &k, &value))
        good = k && strlen(k->text) == k->length && put(w, k->text, value);
    beluga_json_end_object(w);
    return good;
}

/* The recursion is limited by the maximum depth of a document. */
static bool put(beluga_json_writer *w, const char *key, const beluga__yaml_node *node)
{
    switch (beluga__yaml_kind_of(node)) {
    case BELUGA__YAML_NULL: beluga_json_put_null(w, key); return true;
    case BELUGA__YAML_LIST: return put_list(w, key, node);
    case BELUGA__YAML_MAP: return put_map(w, key, node);
    case BELUGA__YAML_ALIAS: return false;
    case BELUGA__YAML_SCALAR: break;
    }
    if (node->plain)
        put_plain(w, key, node->text, node->length);
    else
        beluga_json_put_string_n(w, key, node->text, node->length);
    return true;
}

int beluga__yaml_to_json(const beluga__yaml_node *node, beluga__buf *buf)
{
    beluga_json_writer w;
    beluga__json_writer_init(&w, buf);
    if (!put(&w, NULL, node)) return BELUGA_ERROR_INVALID_CONFIG;
    return beluga__json_writer_status(&w);
}
