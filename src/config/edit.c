#include "config/edit.h"

#include "base/limits.h"
#include "base/secret_memory.h"
#include "config/yaml.h"
#include "config/yaml_words.h"

#include <stdio.h>
#include <string.h>

enum { STEP = 2, DEEPEST_INDENT = 64 };

/* The state of changing a text. */
typedef struct edit {
    const char *text; /* the text after its byte order mark */
    size_t length;
    const beluga__edit_path *path;
    const char *value; /* the new value; NULL: remove the old one */
    size_t found;      /* how many names of the path exist already */
    /* the deepest existing map on the path; NULL: the document is empty */
    beluga__yaml_node *map;
    beluga__yaml_node *key;    /* the last name of the path that exists; NULL: none */
    beluga__yaml_node *target; /* the value of `key`; NULL if that is `map` */
    size_t at, removed;        /* offset and number of the bytes that are removed from the text */
    beluga__buf put;           /* the bytes that are inserted in their place */
} edit;

/* --- paths ------------------------------------------------------------------------------------ */

bool beluga__edit_path_read(beluga__edit_path *path, const char *pointer)
{
    size_t n = 0;
    path->count = 0;
    for (; *pointer == '/'; path->text[n++] = '\0') {
        if (path->count == BELUGA__EDIT_NAMES || n + 1 >= sizeof path->text) return false;
        path->names[path->count++] = path->text + n;
        for (pointer++; *pointer && *pointer != '/'; pointer++) {
            if (n + 1 >= sizeof path->text) return false;
            char c = *pointer;
            if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
                c = *++pointer == '1' ? '/' : '~';
            path->text[n++] = c;
        }
    }
    return path->count && !*pointer;
}

/* --- positions in the text -------------------------------------------------------------------- */

static size_t byte_of(const edit *e, size_t characters)
{
    size_t at = 0;
    for (; at < e->length; at++) {
        bool inside = ((unsigned char)e->text[at] & 0xc0) == 0x80;
        if (!inside && characters-- == 0) break;
    }
    return at;
}

static size_t begin_of(const edit *e, const beluga__yaml_node *node)
{
    size_t begin, end;
    beluga__yaml_span_of(node, &begin, &end);
    return byte_of(e, begin);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Returns the position before the white space that ends at `at`. */
static size_t back(const edit *e, size_t at)
{
    while (at && is_space(e->text[at - 1])) at--;
    return at;
}

/* Returns the position after the last character of a value, not counting white space at its end. */
static size_t end_of(const edit *e, const beluga__yaml_node *node)
{
    size_t begin, end, from;
    beluga__yaml_span_of(node, &begin, &end);
    from = byte_of(e, begin);
    end = back(e, byte_of(e, end));
    return end > from ? end : from;
}

static size_t line_begin(const edit *e, size_t at)
{
    while (at && e->text[at - 1] != '\n') at--;
    return at;
}

/* Returns the position of the line's end, before its line break. */
static size_t line_end(const edit *e, size_t at)
{
    while (at < e->length && e->text[at] != '\n') at++;
    return at && at < e->length && e->text[at - 1] == '\r' ? at - 1 : at;
}

/* Returns the indentation of a name, in columns. */
static size_t indent_of(const edit *e, const beluga__yaml_node *key)
{
    size_t at = begin_of(e, key);
    return at - line_begin(e, at);
}

/* Returns how many columns deeper the file indents a map inside a map. */
static size_t step_of(const edit *e, const beluga__yaml_node *root)
{
    void *at = NULL, *inner = NULL;
    beluga__yaml_node *key, *value, *first, *unused;
    if (beluga__yaml_kind_of(root) != BELUGA__YAML_MAP) return STEP;
    while (beluga__yaml_next_pair(root, &at, &key, &value)) {
        bool block =
            beluga__yaml_kind_of(value) == BELUGA__YAML_MAP && !beluga__yaml_is_flow(value);
        if (!block || !key || !beluga__yaml_next_pair(value, &inner, &first, &unused) || !first)
            continue;
        size_t outer = indent_of(e, key), deeper = indent_of(e, first);
        return deeper > outer ? deeper - outer : STEP;
    }
    return STEP;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put(edit *e, const char *text)
{
    beluga__buf_puts(&e->put, text);
}

static void put_line_break(edit *e, size_t indent)
{
    put(e, memchr(e->text, '\r', e->length) ? "\r\n" : "\n");
    for (; indent; indent--) beluga__buf_putc(&e->put, ' ');
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Returns whether a text needs no quotes, wherever it is written. */
static bool is_plain(const char *text)
{
    static const char *const nulls[] = {"null", "Null", "NULL", NULL};
    if (!*text || !strchr(LETTERS "/", *text)) return false;
    for (size_t i = 0; nulls[i]; i++)
        if (strcmp(text, nulls[i]) == 0) return false;
    for (; *text; text++) {
        bool between = (*text == ':' || *text == ' ') && text[1] && text[1] != ' ';
        if (!between && !strchr(LETTERS "_-./+@=", *text)) return false;
    }
    return true;
}

/* If a parser of YAML 1.1 or 1.2 would not read the next character unchanged, write it as an
 * escape. Returns how many bytes the character has, or 0 if it needs no escape. */
static size_t put_escaped(edit *e, const char *text)
{
    unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
    bool separator = c == 0xe2 && next == 0x80 && ((unsigned char)text[2] | 1) == 0xa9;
    if (c == '\n')
        put(e, "\\n");
    else if (c == '\t')
        put(e, "\\t");
    else if (c == '"' || c == '\\')
        beluga__buf_printf(&e->put, "\\%c", c);
    else if (c < ' ' || c == 0x7f)
        beluga__buf_printf(&e->put, "\\x%02x", c);
    else if (c == 0xc2 && next < 0xa0)
        beluga__buf_printf(&e->put, "\\x%02x", next);
    else if (separator)
        beluga__buf_printf(&e->put, "\\u20%02x", (unsigned char)text[2] - 0x80);
    else
        return 0;
    return separator ? 3 : c == 0xc2 ? 2 : 1;
}

static void put_scalar(edit *e, const char *text)
{
    if (is_plain(text)) {
        put(e, text);
        return;
    }
    put(e, "\"");
    while (*text) {
        size_t n = put_escaped(e, text);
        if (!n) beluga__buf_putc(&e->put, *text);
        text += n ? n : 1;
    }
    put(e, "\"");
}

/* Write the names of the path from index `from` on, and the value, as {name: {name: value}}.
 * Without `braces` the outermost braces are left out. */
static void put_flow(edit *e, size_t from, bool braces)
{
    for (size_t i = from; i < e->path->count; i++) {
        if (i > from || braces) put(e, "{");
        put_scalar(e, e->path->names[i]);
        put(e, ": ");
    }
    put_scalar(e, e->value);
    for (size_t i = from; i < e->path->count; i++)
        if (i > from || braces) put(e, "}");
}

/* Write the names of the path from index `from` on, each on a line of its own, and then the
 * value. */
static void put_block(edit *e, size_t from, size_t indent, size_t step)
{
    for (size_t i = from; i < e->path->count; i++) {
        if (i > from || e->at) put_line_break(e, indent);
        put_scalar(e, e->path->names[i]);
        put(e, ":");
        indent += step;
    }
    put(e, " ");
    put_scalar(e, e->value);
    if (e->at == e->length) put(e, "\n");
}

/* --- setting a value -------------------------------------------------------------------------- */

static void replace(edit *e, const beluga__yaml_node *node)
{
    e->at = begin_of(e, node);
    e->removed = end_of(e, node) - e->at;
    /* a missing value has its position directly after the colon, so a space is needed */
    if (!e->removed && e->at && !is_space(e->text[e->at - 1])) put(e, " ");
}

/* Add the missing names of the path, and the value, at the end of a map in braces. */
static void add_to_flow(edit *e)
{
    size_t begin, end;
    beluga__yaml_span_of(e->map, &begin, &end);
    e->at = byte_of(e, end) - 1;
    char before = e->text[back(e, e->at) - 1];
    if (before == ',')
        put(e, is_space(e->text[e->at - 1]) ? "" : " ");
    else if (before != '{')
        put(e, ", ");
    put_flow(e, e->found, false);
}

static void add_to_block(edit *e, size_t step)
{
    void *at = NULL;
    beluga__yaml_node *key = NULL, *value;
    size_t indent = 0;
    if (e->map && beluga__yaml_next_pair(e->map, &at, &key, &value) && key)
        indent = indent_of(e, key);
    e->at = e->map ? line_end(e, end_of(e, e->map)) : e->length;
    /* a document without values may have comments; insert before its last line break, if it has
     * one */
    if (!e->map && e->at && e->text[e->at - 1] == '\n') e->at--;
    put_block(e, e->found, indent, step);
}

/* Add the missing names of the path, and the value, below a name that has no value yet. */
static void fill_empty(edit *e, size_t step)
{
    size_t indent = indent_of(e, e->key);
    e->at = line_end(e, end_of(e, e->target));
    put_block(e, e->found, indent + step, step);
}

static void set(edit *e, const beluga__yaml_node *root)
{
    size_t step = step_of(e, root), begin, end;
    bool whole = e->found == e->path->count;
    if (e->target) beluga__yaml_span_of(e->target, &begin, &end);
    if (whole || e->target) {
        bool empty = begin == end && beluga__yaml_kind_of(e->target) == BELUGA__YAML_NULL;
        if (!whole && empty && !beluga__yaml_is_flow(e->map)) {
            fill_empty(e, step);
            return;
        }
        replace(e, e->target);
        if (whole)
            put_scalar(e, e->value);
        else
            put_flow(e, e->found, true);
    } else if (e->map && beluga__yaml_is_flow(e->map)) {
        add_to_flow(e);
    } else {
        add_to_block(e, step);
    }
}

/* --- removing a value ------------------------------------------------------------------------- */

static void remove_lines(edit *e)
{
    size_t end = line_end(e, end_of(e, e->target));
    e->at = line_begin(e, begin_of(e, e->key));
    while (end < e->length && e->text[end] != '\n') end++;
    e->removed = end + (end < e->length) - e->at;
}

static void remove_pair(edit *e)
{
    size_t end = end_of(e, e->target), next = end;
    e->at = begin_of(e, e->key);
    while (next < e->length && is_space(e->text[next])) next++;
    if (next < e->length && e->text[next] == ',') {
        for (end = next + 1; end < e->length && e->text[end] == ' ';) end++;
    } else {
        size_t before = back(e, e->at);
        if (before && e->text[before - 1] == ',') e->at = before - 1;
    }
    e->removed = end - e->at;
}

/* --- checking the result ---------------------------------------------------------------------- */

static beluga__yaml_node *find(const beluga__yaml_node *map, const char *name, size_t n,
                               beluga__yaml_node **key)
{
    void *at = NULL;
    beluga__yaml_node *k, *value;
    size_t length;
    if (beluga__yaml_kind_of(map) != BELUGA__YAML_MAP) return NULL;
    while (beluga__yaml_next_pair(map, &at, &k, &value)) {
        const char *text = k ? beluga__yaml_text(k, &length) : NULL;
        if (!text || length != n || memcmp(text, name, n) != 0) continue;
        *key = k;
        return value;
    }
    return NULL;
}

static bool is_same(const beluga__yaml_node *a, const beluga__yaml_node *b)
{
    void *at = NULL, *bt = NULL;
    beluga__yaml_node *x, *y;
    size_t n, m;
    beluga__yaml_kind kind = beluga__yaml_kind_of(a);
    if (kind != beluga__yaml_kind_of(b)) return false;
    if (kind != BELUGA__YAML_LIST && kind != BELUGA__YAML_MAP) {
        const char *s = a ? beluga__yaml_text(a, &n) : NULL,
                   *t = b ? beluga__yaml_text(b, &m) : NULL;
        return !s || !t || kind == BELUGA__YAML_NULL || (n == m && memcmp(s, t, n) == 0);
    }
    while (beluga__yaml_next_item(a, &at, &x))
        if (!beluga__yaml_next_item(b, &bt, &y) || !is_same(x, y)) return false;
    return !beluga__yaml_next_item(b, &bt, &y);
}

static size_t count_pairs(const beluga__yaml_node *map)
{
    void *at = NULL;
    beluga__yaml_node *key, *value;
    size_t n = 0;
    if (beluga__yaml_kind_of(map) != BELUGA__YAML_MAP) return 0;
    while (beluga__yaml_next_pair(map, &at, &key, &value)) n++;
    return n;
}

static bool is_value(const beluga__yaml_node *node, const char *value)
{
    size_t n = strlen(value), length;
    if (beluga__yaml_kind_of(node) != BELUGA__YAML_SCALAR) return false;
    const char *text = beluga__yaml_text(node, &length);
    return length == n && memcmp(text, value, n) == 0;
}

/* Returns whether the new text means the same as the old one, except for the value that was
 * changed. */
static bool is_proved(const edit *e, const beluga__yaml_node *before,
                      const beluga__yaml_node *after, size_t depth)
{
    void *at = NULL;
    beluga__yaml_node *key, *value, *other, *unused;
    const char *name = e->path->names[depth];
    size_t n;
    if (depth == e->path->count) return is_value(after, e->value);
    if (beluga__yaml_kind_of(before) == BELUGA__YAML_MAP)
        while (beluga__yaml_next_pair(before, &at, &key, &value)) {
            const char *text = key ? beluga__yaml_text(key, &n) : NULL;
            if (!text) return false;
            if (strcmp(text, name) == 0) continue;
            if (!(other = find(after, text, n, &unused)) || !is_same(value, other)) return false;
        }
    value = find(before, name, strlen(name), &unused);
    other = find(after, name, strlen(name), &unused);
    bool last = depth + 1 == e->path->count;
    size_t added = (other ? 1U : 0U) + count_pairs(before) - (value ? 1U : 0U);
    if (count_pairs(after) != added) return false;
    if (!e->value && last) return !other;
    return other && is_proved(e, value, other, depth + 1);
}

/* --- the whole change ------------------------------------------------------------------------- */

static void walk(edit *e, beluga__yaml_node *node)
{
    beluga__yaml_node *key = NULL;
    if (beluga__yaml_kind_of(node) == BELUGA__YAML_MAP) e->map = node;
    while (e->map && e->found < e->path->count) {
        const char *name = e->path->names[e->found];
        e->target = find(e->map, name, strlen(name), &key);
        if (!e->target) return;
        e->key = key;
        if (++e->found == e->path->count) return;
        if (beluga__yaml_kind_of(e->target) != BELUGA__YAML_MAP) return;
        e->map = e->target;
        e->target = NULL;
    }
}

static int assemble(const edit *e, size_t skipped, beluga__buf *out)
{
    beluga__buf_clear(out);
    beluga__buf_append(out, e->text - skipped, skipped + e->at);
    beluga__buf_append(out, e->put.data, e->put.length);
    size_t behind = e->at + e->removed;
    return beluga__buf_append(out, e->text + behind, e->length - behind);
}

static int prove(edit *e, const beluga__yaml_node *root, const beluga__buf *out, char *why,
                 size_t size)
{
    beluga__yaml *made = NULL;
    beluga__yaml_place place;
    int status = beluga__yaml_parse(out->data, out->length, &made, &place, why, size);
    if (status == BELUGA_ERROR_NO_MEMORY) return status;
    const beluga__yaml_node *after = made ? beluga__yaml_root(made) : NULL;
    bool good = !status && is_proved(e, root, after, 0);
    beluga__yaml_free(made);
    if (good) return 0;
    snprintf(why, size,
             "this can't be changed without changing more than one value: change it by hand");
    return BELUGA_ERROR_NOT_SUPPORTED;
}

static int line_of(const edit *e)
{
    int line = 1;
    for (size_t i = 0; i < e->at; i++) line += e->text[i] == '\n';
    return line;
}

static int change(edit *e, beluga__yaml_node *root, size_t skipped, beluga__buf *out, int *line,
                  char *why, size_t size)
{
    walk(e, root);
    if (e->value)
        set(e, root);
    else if (e->found == e->path->count && beluga__yaml_is_flow(e->map))
        remove_pair(e);
    else if (e->found == e->path->count)
        remove_lines(e);
    *line = line_of(e);
    int status = e->put.status ? e->put.status : assemble(e, skipped, out);
    bool nothing = !e->value && e->found < e->path->count;
    return status || nothing ? status : prove(e, root, out, why, size);
}

int beluga__edit_text(const char *text, size_t length, const beluga__edit_path *path,
                      const char *value, beluga__buf *out, int *line, char *why, size_t why_size)
{
    beluga__yaml *yaml = NULL;
    beluga__yaml_place place = {1, 1};
    const char *inner = text;
    size_t left = length;
    int status = beluga__yaml_parse(text, length, &yaml, &place, why, why_size);
    *line = place.line;
    if (status) return status;
    beluga__yaml_look_at(&inner, &left, &place, why, why_size);
    edit e = {.text = inner, .length = left, .path = path, .value = value};
    beluga__buf_init(&e.put, beluga__secret_allocator(), BELUGA__MAX_CONFIG_BYTES);
    status = change(&e, yaml ? beluga__yaml_root(yaml) : NULL, (size_t)(inner - text), out, line,
                    why, why_size);
    beluga__buf_free(&e.put);
    beluga__yaml_free(yaml);
    return status;
}
