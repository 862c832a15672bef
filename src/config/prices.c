/* Reads files of prices. */
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/yaml.h"
#include "installed.h" /* a header that Meson writes */
#include "schema/price.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

typedef struct reader {
    beluga_prices *prices;
    const char *path;
    beluga_error *err;
    beluga__yaml_place place; /* position of the last key */
} reader;

#define fault(r, ...) fault_at(r, (r)->place, __VA_ARGS__)

static int fault_at(reader *r, beluga__yaml_place place, const char *what, const char *name)
{
    return beluga_error_set(r->err, BELUGA_ERROR_INVALID_CONFIG, "%s:%d:%d: %s%s%s", r->path,
                            place.line, place.column, name ? name : "", name ? " " : "", what);
}

static int no_memory(const reader *r)
{
    return beluga_error_set(r->err, BELUGA_ERROR_NO_MEMORY, "%s: no memory to read it", r->path);
}

static char *keep(reader *r, beluga__yaml_node *scalar)
{
    size_t n;
    const char *text = beluga__yaml_text(scalar, &n);
    return beluga__arena_copy(&r->prices->arena, text, n);
}

typedef int (*visit_fn)(reader *r, const char *name, beluga__yaml_node *value, void *argument);

static int walk(reader *r, beluga__yaml_node *map, visit_fn visit, void *argument)
{
    beluga__yaml_node *key, *value;
    void *at = NULL;
    int status = 0;
    if (beluga__yaml_kind_of(map) == BELUGA__YAML_NULL) return 0;
    if (beluga__yaml_kind_of(map) != BELUGA__YAML_MAP)
        return fault(r, "a map was expected here", NULL);
    while (!status && beluga__yaml_next_pair(map, &at, &key, &value)) {
        if (!key || beluga__yaml_kind_of(key) != BELUGA__YAML_SCALAR)
            return fault(r, "a name was expected here", NULL);
        beluga__yaml_place_of(key, &r->place);
        const char *name = keep(r, key);
        status = name ? visit(r, name, value, argument) : no_memory(r);
    }
    return status;
}

/* --- one price -------------------------------------------------------------------------------- */

static int read_number(reader *r, const char *name, beluga__yaml_node *value, double *out)
{
    size_t n = 0;
    bool scalar = beluga__yaml_kind_of(value) == BELUGA__YAML_SCALAR;
    const char *text = scalar ? beluga__yaml_text(value, &n) : NULL;
    if (!text || !beluga__text_to_double(text, n, out) || !(*out >= 0 && *out < 1e9))
        return fault(r, "must be US dollars for a million tokens, such as 0.25", name);
    return 0;
}

static int read_field(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    beluga_price *price = argument;
    if (strcmp(name, "input") == 0) return read_number(r, name, value, &price->input);
    if (strcmp(name, "cache_read") == 0) return read_number(r, name, value, &price->cache_read);
    if (strcmp(name, "cache_write") == 0) return read_number(r, name, value, &price->cache_write);
    if (strcmp(name, "output") == 0) return read_number(r, name, value, &price->output);
    return fault(r, "must be input, cache_read, cache_write or output", name);
}

static int read_price(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    (void)argument;
    beluga__price_entry *e = beluga__arena_zalloc(&r->prices->arena, sizeof *e);
    if (!e) return no_memory(r);
    beluga__yaml_place place = r->place;
    e->name = name;
    e->length = strlen(name);
    e->open = e->length && name[e->length - 1] == '*';
    e->length -= e->open;
    e->price = (beluga_price){-1, -1, -1, -1};
    if (!memchr(name, '/', e->length)) return fault(r, "must have the form PROVIDER/MODEL", name);
    int status = walk(r, value, read_field, &e->price);
    if (status) return status;
    if (e->price.input < 0 || e->price.output < 0)
        return fault_at(r, place, "needs input and output", name);
    if (e->price.cache_read < 0) e->price.cache_read = e->price.input;
    if (e->price.cache_write < 0) e->price.cache_write = e->price.input;
    e->next = r->prices->entries;
    r->prices->entries = e;
    return 0;
}

/* --- the file --------------------------------------------------------------------------------- */

static int read_top(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    (void)argument;
    if (strcmp(name, "prices") == 0) return walk(r, value, read_price, NULL);
    if (strcmp(name, "date") != 0) return fault(r, "must be date or prices", name);
    if (beluga__yaml_kind_of(value) != BELUGA__YAML_SCALAR) return fault(r, "must be a date", name);
    r->prices->date = keep(r, value);
    return r->prices->date ? 0 : no_memory(r);
}

static int refuse_twice(void *argument, beluga__yaml_node *key)
{
    reader *r = argument;
    size_t n;
    beluga__yaml_place_of(key, &r->place);
    return fault(r, "occurs twice here", beluga__yaml_text(key, &n));
}

static int read_text(reader *r, const char *text, size_t length)
{
    beluga__yaml *yaml = NULL;
    char why[160] = "";
    int status = beluga__yaml_parse(text, length, &yaml, &r->place, why, sizeof why);
    if (status == BELUGA_ERROR_INVALID_CONFIG) return fault(r, why, NULL);
    if (status) return no_memory(r);
    if (yaml) status = beluga__yaml_find_twice(beluga__yaml_root(yaml), refuse_twice, r);
    if (yaml && !status) status = walk(r, beluga__yaml_root(yaml), read_top, NULL);
    beluga__yaml_free(yaml);
    return status;
}

static int read_file(reader *r)
{
    beluga__buf text;
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_CONFIG_BYTES);
    int status = beluga__file_read(r->path, &text, r->err);
    if (!status) status = read_text(r, text.data, text.length);
    beluga__buf_free(&text);
    return status;
}

/* --- the list that is installed with the library ---------------------------------------------- */

static bool is_there(char *path, size_t size, const char *folder, size_t n, const char *file)
{
    int length = snprintf(path, size, "%.*s%s", (int)n, folder, file);
    return length > 0 && (size_t)length < size && access(path, R_OK) == 0;
}

/* Returns the path of the file that contains this code: of the shared library, or, if the loader
 * knows of no library, of the program. Returns NULL if the system reports neither. */
static const char *own_file(Dl_info *info, char *buffer, size_t size)
{
    static const char here;
    if (dladdr(&here, info)) return info->dli_fname;
    ssize_t length = readlink("/proc/self/exe", buffer, size);
    if (length <= 0 || (size_t)length >= size) return NULL;
    buffer[length] = '\0';
    return buffer;
}

/* Find the list where it was installed. If it is not there, look for it relative to the library,
 * which may have been moved, or may be in a build folder. */
static const char *own_list(char *path, size_t size)
{
    static const char *const places[] = {"/../share/beluga/prices.yaml",
                                         "/../../share/beluga/prices.yaml",
                                         "/../../data/prices.yaml"};
    if (access(BELUGA__PRICES_FILE, R_OK) == 0) return BELUGA__PRICES_FILE;
    Dl_info info;
    char program[PATH_BYTES];
    const char *file = own_file(&info, program, sizeof program);
    const char *slash = file ? strrchr(file, '/') : NULL;
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++)
        if (is_there(path, size, file, (size_t)(slash - file), places[i])) return path;
    return BELUGA__PRICES_FILE;
}

int beluga_prices_load(const char *path, beluga_prices **out, beluga_error *err)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga_prices *prices = beluga__zalloc(allocator, sizeof *prices);
    *out = NULL;
    if (!prices) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for prices");
    beluga__arena_init(&prices->arena, allocator, NULL, 0, 64 * BELUGA__MAX_CONFIG_BYTES);
    char found[PATH_BYTES];
    reader r = {.prices = prices,
                .path = path ? path : own_list(found, sizeof found),
                .err = err,
                .place = {1, 1}};
    int status = read_file(&r);
    if (status)
        beluga_prices_free(prices);
    else
        *out = prices;
    return status;
}

void beluga_prices_free(beluga_prices *prices)
{
    if (!prices) return;
    const beluga_allocator *allocator = prices->arena.allocator;
    beluga__arena_free(&prices->arena);
    beluga__release(allocator, prices);
}
