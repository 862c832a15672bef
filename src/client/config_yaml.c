#include "client/config_yaml.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct beluga__yaml {
    struct fy_diag *diag;
    struct fy_parser *parser;
    struct fy_document *document;
};

/* --- parsing ---------------------------------------------------------------------------------- */

/* libfyaml says everything twice: what matters is collected. */
static void ignore(struct fy_diag *diag, void *user, const char *text, size_t n)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)n;
}

static struct fy_diag *new_diag(void)
{
    struct fy_diag_cfg config;
    fy_diag_cfg_default(&config);
    config.fp = NULL;
    config.output_fn = ignore;
    struct fy_diag *diag = fy_diag_create(&config);
    if (diag) fy_diag_set_collect_errors(diag, true);
    return diag;
}

static void place_at(const char *text, size_t byte, beluga__yaml_place *place)
{
    *place = (beluga__yaml_place){1, 1};
    for (size_t i = 0; i < byte; i++) {
        place->column++;
        if (text[i] == '\n') *place = (beluga__yaml_place){place->line + 1, 1};
    }
}

/* What the parser complained of first; false when it did not. */
static bool first_complaint(struct fy_diag *diag, beluga__yaml_place *place, char *why, size_t size)
{
    void *at = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &at);
    if (!e) return false;
    *place = (beluga__yaml_place){e->line, e->column};
    /* Its words alone do not say what they are about. */
    bool plain = strstr(e->msg, "duplicate") != NULL;
    snprintf(why, size, "%s%s", plain ? "" : "not YAML: ", e->msg);
    return true;
}

static int load(beluga__yaml *yaml, const char *text, size_t length, bool twice,
                beluga__yaml_place *place, char *why, size_t size)
{
    enum fy_parse_cfg_flags flags = FYPCF_QUIET | (twice ? FYPCF_ALLOW_DUPLICATE_KEYS : 0);
    struct fy_parse_cfg config = {.search_path = "", .flags = flags, .diag = yaml->diag};
    yaml->parser = fy_parser_create(&config);
    if (!yaml->parser || fy_parser_set_string(yaml->parser, text, length))
        return BELUGA_ERROR_NO_MEMORY;
    yaml->document = fy_parse_load_document(yaml->parser);
    struct fy_document *second = yaml->document ? fy_parse_load_document(yaml->parser) : NULL;
    if (first_complaint(yaml->diag, place, why, size) || second) {
        if (second) snprintf(why, size, "a second document: a configuration is one");
        fy_parse_document_destroy(yaml->parser, second);
        return BELUGA_ERROR_INVALID_CONFIG;
    }
    return fy_parser_get_stream_error(yaml->parser) ? BELUGA_ERROR_NO_MEMORY : 0;
}

int beluga__yaml_parse(const char *text, size_t length, bool twice, beluga__yaml **out,
                       beluga__yaml_place *place, char *why, size_t why_size)
{
    *out = NULL;
    *place = (beluga__yaml_place){1, 1};
    size_t valid = beluga__utf8_valid(text, length);
    if (valid < length) {
        place_at(text, valid, place);
        snprintf(why, why_size, "invalid UTF-8");
        return BELUGA_ERROR_INVALID_CONFIG;
    }
    beluga__yaml *yaml = beluga__zalloc(beluga_allocator_default(), sizeof *yaml);
    if (yaml) yaml->diag = new_diag();
    int status = yaml && yaml->diag ? load(yaml, text, length, twice, place, why, why_size)
                                    : BELUGA_ERROR_NO_MEMORY;
    if (!status && yaml->document) {
        *out = yaml;
        return 0;
    }
    beluga__yaml_free(yaml);
    return status;
}

void beluga__yaml_free(beluga__yaml *yaml)
{
    if (!yaml) return;
    if (yaml->document) fy_parse_document_destroy(yaml->parser, yaml->document);
    if (yaml->parser) fy_parser_destroy(yaml->parser);
    if (yaml->diag) fy_diag_destroy(yaml->diag);
    beluga__release(beluga_allocator_default(), yaml);
}

beluga__yaml_node *beluga__yaml_root(beluga__yaml *yaml)
{
    return fy_document_root(yaml->document);
}

/* --- nodes ----------------------------------------------------------------------------------- */

static bool is_plain(beluga__yaml_node *node)
{
    return fy_node_get_style(node) == FYNS_PLAIN;
}

static bool is_one_of(const char *text, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == n && memcmp(*words, text, n) == 0) return true;
    return false;
}

beluga__yaml_kind beluga__yaml_kind_of(beluga__yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    if (!node) return BELUGA__YAML_NULL;
    if (fy_node_is_alias(node)) return BELUGA__YAML_ALIAS;
    if (fy_node_is_sequence(node)) return BELUGA__YAML_LIST;
    if (fy_node_is_mapping(node)) return BELUGA__YAML_MAP;
    size_t n;
    const char *text = beluga__yaml_text(node, &n);
    return is_plain(node) && is_one_of(text, n, nulls) ? BELUGA__YAML_NULL : BELUGA__YAML_SCALAR;
}

const char *beluga__yaml_text(beluga__yaml_node *node, size_t *length)
{
    const char *text = fy_node_get_scalar(node, length);
    if (!text) *length = 0;
    return text ? text : "";
}

bool beluga__yaml_place_of(beluga__yaml_node *node, beluga__yaml_place *place)
{
    size_t length = 0;
    if (!node || !fy_node_is_scalar(node)) return false;
    enum fy_node_style style = fy_node_get_style(node);
    /* Marks count from 0, and stand after an opening quote or the star of an alias. */
    bool inside = style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED || style == FYNS_ALIAS;
    /* A value that is not there has a place in some versions of libfyaml; the key's says more. */
    beluga__yaml_text(node, &length);
    if (!length && !inside) return false;
    struct fy_token *token = fy_node_get_scalar_token(node);
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    if (!mark) return false;
    *place = (beluga__yaml_place){mark->line + 1, mark->column + (inside ? 0 : 1)};
    return true;
}

bool beluga__yaml_next_item(beluga__yaml_node *list, void **at, beluga__yaml_node **item)
{
    *item = fy_node_sequence_iterate(list, at);
    return *item;
}

bool beluga__yaml_next_pair(beluga__yaml_node *map, void **at, beluga__yaml_node **key,
                            beluga__yaml_node **value)
{
    struct fy_node_pair *pair = fy_node_mapping_iterate(map, at);
    if (!pair) return false;
    beluga__yaml_node *k = fy_node_pair_key(pair);
    *key = k && fy_node_is_scalar(k) && !fy_node_is_alias(k) ? k : NULL;
    *value = fy_node_pair_value(pair);
    return true;
}

/* --- names that are there twice --------------------------------------------------------------- */

enum { COMPARED = 4096 };

static bool same_text(beluga__yaml_node *a, beluga__yaml_node *b)
{
    size_t n, m;
    const char *x = beluga__yaml_text(a, &n), *y = beluga__yaml_text(b, &m);
    return n == m && memcmp(x, y, n) == 0;
}

static bool came_before(beluga__yaml_node *map, beluga__yaml_node *key)
{
    void *at = NULL;
    beluga__yaml_node *other, *value;
    while (beluga__yaml_next_pair(map, &at, &other, &value) && other != key)
        if (other && same_text(other, key)) return true;
    return false;
}

void beluga__yaml_find_twice(beluga__yaml_node *node,
                             void (*tell)(void *argument, beluga__yaml_node *key), void *argument)
{
    void *at = NULL;
    beluga__yaml_node *key, *value;
    beluga__yaml_kind kind = beluga__yaml_kind_of(node);
    if (kind == BELUGA__YAML_LIST)
        while (beluga__yaml_next_item(node, &at, &value))
            beluga__yaml_find_twice(value, tell, argument);
    if (kind != BELUGA__YAML_MAP) return;
    for (int i = 0; beluga__yaml_next_pair(node, &at, &key, &value); i++) {
        if (key && i < COMPARED && came_before(node, key)) tell(argument, key);
        beluga__yaml_find_twice(value, tell, argument);
    }
}

/* --- JSON ------------------------------------------------------------------------------------ */

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

static bool put(beluga_json_writer *w, const char *key, beluga__yaml_node *node);

static bool put_list(beluga_json_writer *w, const char *key, beluga__yaml_node *node)
{
    void *at = NULL;
    beluga__yaml_node *item;
    bool good = true;
    beluga_json_begin_array(w, key);
    while (good && beluga__yaml_next_item(node, &at, &item)) good = put(w, NULL, item);
    beluga_json_end_array(w);
    return good;
}

static bool put_map(beluga_json_writer *w, const char *key, beluga__yaml_node *node)
{
    void *at = NULL;
    beluga__yaml_node *k, *value;
    bool good = true;
    beluga_json_begin_object(w, key);
    while (good && beluga__yaml_next_pair(node, &at, &k, &value)) {
        const char *name = k ? fy_node_get_scalar0(k) : NULL;
        good = k && put(w, name ? name : "", value);
    }
    beluga_json_end_object(w);
    return good;
}

/* As deep as libfyaml lets a document be: 64 levels. */
static bool put(beluga_json_writer *w, const char *key, beluga__yaml_node *node)
{
    size_t n;
    const char *text;
    switch (beluga__yaml_kind_of(node)) {
    case BELUGA__YAML_NULL: beluga_json_put_null(w, key); return true;
    case BELUGA__YAML_LIST: return put_list(w, key, node);
    case BELUGA__YAML_MAP: return put_map(w, key, node);
    case BELUGA__YAML_ALIAS: return false;
    case BELUGA__YAML_SCALAR: break;
    }
    text = beluga__yaml_text(node, &n);
    if (is_plain(node))
        put_plain(w, key, text, n);
    else
        beluga_json_put_string_n(w, key, text, n);
    return true;
}

int beluga__yaml_to_json(beluga__yaml_node *node, beluga__buf *buf)
{
    beluga_json_writer w;
    beluga__json_writer_init(&w, buf);
    if (!put(&w, NULL, node)) return BELUGA_ERROR_INVALID_CONFIG;
    return beluga__json_writer_status(&w);
}
