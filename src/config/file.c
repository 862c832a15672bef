#include "base/file.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/text.h"
#include "base/trust.h"
#include "base/utf8.h"
#include "config/config.h"
#include "config/yaml.h"
#include "options/option.h"
#include "registry/plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN = 60 }; /* how many bytes of a bad name an error shows */

/* The state of reading one file. */
typedef struct reader {
    beluga__config_file *file;
    beluga__config_problems *problems; /* NULL: the first problem is the error */
    beluga_error *err;
    beluga__yaml_place place; /* position of the last key */
    /* position of the first setting that names a program; line 0: there is none */
    beluga__yaml_place runs;
} reader;

static int fault(const reader *r, beluga__yaml_place place, const char *format, ...)
    BELUGA_PRINTF(3, 4);

/* Report a fault. If problems are recorded, this returns 0, so that the rest of the file is read as
 * well. */
static int fault(const reader *r, beluga__yaml_place place, const char *format, ...)
{
    char text[sizeof r->err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!r->problems)
        return beluga__config_fault(r->err, BELUGA_ERROR_INVALID_CONFIG, r->file->path, place.line,
                                    place.column, "%s", text);
    beluga__config_note(r->problems, BELUGA_SEVERITY_ERROR, place.line, place.column, "%s", text);
    return 0;
}

static int no_memory(reader *r)
{
    return beluga_error_set(r->err, BELUGA_ERROR_NO_MEMORY, "%s: no memory to read it",
                            r->file->path);
}

/* Returns the position of a value, or, if the value is missing, the position of its key. */
static beluga__yaml_place place_of(const reader *r, beluga__yaml_node *node)
{
    beluga__yaml_place place = r->place;
    beluga__yaml_place_of(node, &place);
    return place;
}

static char *keep(reader *r, beluga__yaml_node *scalar, size_t *length)
{
    const char *text = beluga__yaml_text(scalar, length);
    return beluga__arena_copy(&r->file->arena, text, *length);
}

/* --- maps ------------------------------------------------------------------------------------ */

typedef int (*visit_fn)(reader *r, const char *name, beluga__yaml_node *value, void *argument);

static int visit(reader *r, beluga__yaml_node *key, beluga__yaml_node *value, visit_fn function,
                 void *argument)
{
    size_t n;
    if (!key) return fault(r, r->place, "a name was expected here");
    r->place = place_of(r, key);
    if (beluga__yaml_kind_of(value) == BELUGA__YAML_ALIAS)
        return fault(r, place_of(r, value), "YAML aliases are not supported");
    char *name = keep(r, key, &n);
    if (!name) return no_memory(r);
    if (strlen(name) < n) return fault(r, r->place, "a name has a NUL byte in it");
    return function(r, name, value, argument);
}

/* Call a function for each member of a map. A missing value counts as an empty map. */
static int walk(reader *r, beluga__yaml_node *map, const char *what, visit_fn function,
                void *argument)
{
    beluga__yaml_node *key, *value;
    void *at = NULL;
    int status = 0;
    beluga__yaml_kind kind = beluga__yaml_kind_of(map);
    if (kind == BELUGA__YAML_NULL) return 0;
    if (kind != BELUGA__YAML_MAP) return fault(r, place_of(r, map), "%s must be a map", what);
    while (!status && beluga__yaml_next_pair(map, &at, &key, &value))
        status = visit(r, key, value, function, argument);
    return status;
}

/* --- settings -------------------------------------------------------------------------------- */

/* Returns whether an option names a command: an API key "command:…", or a header "Name:
 * command:…". */
static bool names_command(const beluga_option *option)
{
    static const char command[] = "command:";
    if (option->key != BELUGA_OPTION_API_KEY && option->key != BELUGA_OPTION_HEADERS) return false;
    const char *text = option->value.string;
    if (option->key == BELUGA_OPTION_HEADERS) {
        text += strcspn(text, ":");
        text += strspn(text, ": \t");
    }
    return strncmp(text, command, sizeof command - 1) == 0;
}

static int add_entry(reader *r, beluga__config_section *section, const char *name,
                     const beluga_option *option, beluga__yaml_place place)
{
    if (section->n_entries++ >= BELUGA__MAX_OPTIONS)
        return fault(r, place, "more than %d settings", BELUGA__MAX_OPTIONS);
    beluga__config_entry *entry = beluga__arena_zalloc(&r->file->arena, sizeof *entry);
    if (!entry) return no_memory(r);
    entry->name = name;
    entry->option = *option;
    entry->line = place.line;
    entry->column = place.column;
    *section->entries_end = entry;
    section->entries_end = &entry->next;
    if (!r->runs.line && names_command(option)) r->runs = place;
    return 0;
}

static int add_scalar(reader *r, beluga__config_section *section, int key, const char *name,
                      beluga__yaml_node *value)
{
    size_t n;
    beluga_option option = {.key = BELUGA_OPTION_PROVIDER_SPECIFIC, .type = BELUGA_OPTION_STRING};
    beluga_error why;
    beluga__yaml_place place = place_of(r, value);
    if (beluga__yaml_kind_of(value) == BELUGA__YAML_NULL)
        return fault(r, place, "%s has no value", name);
    if (beluga__yaml_kind_of(value) != BELUGA__YAML_SCALAR)
        return fault(r, place, "%s must be one value", name);
    char *text = keep(r, value, &n);
    if (!text) return no_memory(r);
    if (key && beluga__option_parse_value(key, text, n, &option, &why))
        return fault(r, place, "%s", why.message);
    if (!key) {
        option.value.string = text;
        option.length = n;
    }
    return add_entry(r, section, name, &option, place);
}

static int add_list(reader *r, beluga__config_section *section, int key, const char *name,
                    beluga__yaml_node *list)
{
    void *at = NULL;
    beluga__yaml_node *item;
    int status = 0;
    while (!status && beluga__yaml_next_item(list, &at, &item))
        status = add_scalar(r, section, key, name, item);
    return status;
}

/* The state of reading a map that sets an option of type LIST. */
typedef struct pairs {
    beluga__config_section *section;
    int key;
    const char *option, *separator;
} pairs;

/* Add one name and value of a map. `extra_headers: {X-Team: a}` becomes "X-Team: a", `headers:
 * {X-Team: null}` becomes "X-Team: ", and `models: {fast: a}` becomes "fast=a". */
static int add_pair(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    const pairs *p = argument;
    size_t n = 0, name_length = strlen(name), separator = strlen(p->separator);
    beluga__yaml_place place = place_of(r, value);
    beluga__yaml_kind kind = beluga__yaml_kind_of(value);
    bool none = kind == BELUGA__YAML_NULL && p->key == BELUGA_OPTION_HEADERS;
    if (kind != BELUGA__YAML_SCALAR && !none) return fault(r, place, "%s must be one value", name);
    if (strchr(name, *p->separator))
        return fault(r, r->place, "%s: a name can't contain %c", p->option, *p->separator);
    const char *text = none ? "" : beluga__yaml_text(value, &n);
    char *line = beluga__arena_alloc(&r->file->arena, name_length + separator + n + 1);
    if (!line) return no_memory(r);
    memcpy(line, name, name_length);
    memcpy(line + name_length, p->separator, separator);
    memcpy(line + name_length + separator, text, n);
    line[name_length + separator + n] = '\0';
    beluga_option option = {.key = (uint16_t)p->key, .type = BELUGA_OPTION_LIST};
    option.value.string = line;
    option.length = strlen(line);
    return add_entry(r, p->section, p->option, &option, place);
}

/* Write a value as JSON. A value that can't be written is reported with fault(); if problems are
 * only recorded, this then returns 0, and *json stays NULL. */
static int make_json(reader *r, const char *name, beluga__yaml_node *value, const char **json,
                     size_t *length)
{
    beluga__buf text;
    *json = NULL;
    beluga__buf_init(&text, beluga__secret_allocator(), 2 * BELUGA__MAX_CONFIG_BYTES);
    int status = beluga__yaml_to_json(value, &text);
    if (!status) *json = beluga__arena_copy(&r->file->arena, text.data, text.length);
    *length = text.length;
    beluga__buf_free(&text);
    if (status == BELUGA_ERROR_INVALID_CONFIG)
        return fault(r, r->place,
                     "%s: it can't be converted to JSON: use only maps, lists and single values, "
                     "and plain names",
                     name);
    if (status && status != BELUGA_ERROR_NO_MEMORY)
        return fault(r, r->place, "%s is too large", name);
    return *json ? 0 : no_memory(r);
}

static int add_json(reader *r, beluga__config_section *section, int key, const char *name,
                    beluga__yaml_node *map)
{
    beluga_option option = {.key = (uint16_t)key, .type = BELUGA_OPTION_STRING};
    int status = make_json(r, name, map, &option.value.string, &option.length);
    if (status || !option.value.string) return status;
    return add_entry(r, section, name, &option, r->place);
}

/* Returns whether an option can't be set in a file, because the section itself names the provider,
 * or because the option can only be set for a call. */
static bool is_foreign(int key)
{
    return key == BELUGA_OPTION_PROVIDER || key == BELUGA_OPTION_PROVIDER_SPECIFIC ||
           (key && beluga_option_get_info(key)->scope == 'C');
}

static int add_setting(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    beluga__config_section *section = argument;
    int key = beluga__option_find(name, strlen(name));
    beluga__yaml_kind kind = beluga__yaml_kind_of(value);
    if (is_foreign(key)) return fault(r, r->place, "%s can't be set here", name);
    if (kind == BELUGA__YAML_LIST && key && beluga_option_get_info(key)->type == BELUGA_OPTION_LIST)
        return add_list(r, section, key, name, value);
    if (kind == BELUGA__YAML_MAP &&
        (key == BELUGA_OPTION_EXTRA_HEADERS || key == BELUGA_OPTION_HEADERS)) {
        pairs p = {section, key, name, ": "};
        return walk(r, value, name, add_pair, &p);
    }
    if (kind == BELUGA__YAML_MAP && key == BELUGA_OPTION_MODELS) {
        pairs p = {section, key, name, "="};
        return walk(r, value, name, add_pair, &p);
    }
    if (kind == BELUGA__YAML_MAP &&
        (key == BELUGA_OPTION_EXTRA_BODY || key == BELUGA_OPTION_RESPONSE_SCHEMA ||
         key == BELUGA_OPTION_BODY))
        return add_json(r, section, key, name, value);
    return add_scalar(r, section, key, name, value);
}

/* --- sections -------------------------------------------------------------------------------- */

static int add_section(reader *r, beluga__config_sections *list, const char *name,
                       beluga__config_section **out)
{
    if (list->count++ >= BELUGA__MAX_CONFIG_SECTIONS)
        return fault(r, r->place, "more than %d sections", BELUGA__MAX_CONFIG_SECTIONS);
    beluga__config_section *section = beluga__arena_zalloc(&r->file->arena, sizeof *section);
    if (!section) return no_memory(r);
    section->name = name;
    section->line = section->name_line = r->place.line;
    section->column = section->name_column = r->place.column;
    section->entries_end = &section->entries;
    *list->end = *out = section;
    list->end = &section->next;
    return 0;
}

/* Add a setting of a provider's section, in which the name `model` sets the default model. */
static int add_provider_setting(reader *r, const char *name, beluga__yaml_node *value,
                                void *argument)
{
    if (strcmp(name, "model") == 0)
        return add_scalar(r, argument, BELUGA_OPTION_MODEL_NAME, name, value);
    return add_setting(r, name, value, argument);
}

static int read_provider(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    (void)argument;
    beluga__config_section *section = NULL;
    int status = add_section(r, &r->file->providers, name, &section);
    return status || !section ? status : walk(r, value, name, add_provider_setting, section);
}

/* Read a reference to a model: a text that is not empty. */
static int read_reference(reader *r, const char *what, beluga__yaml_node *value, const char **out,
                          int *line, int *column)
{
    size_t n = 0;
    beluga__yaml_place place = place_of(r, value);
    bool scalar = beluga__yaml_kind_of(value) == BELUGA__YAML_SCALAR;
    const char *text = scalar ? keep(r, value, &n) : NULL;
    if (scalar && !text) return no_memory(r);
    *line = place.line;
    *column = place.column;
    if (!n || strlen(text) < n)
        return fault(r, place, "%s must name a model, such as openai/gpt-5-mini", what);
    *out = text;
    return 0;
}

static int read_system(reader *r, beluga__yaml_node *value, const char **out)
{
    size_t n;
    if (beluga__yaml_kind_of(value) != BELUGA__YAML_SCALAR)
        return fault(r, place_of(r, value), "system must be text");
    const char *text = keep(r, value, &n);
    if (!text) return no_memory(r);
    if (strlen(text) < n) return fault(r, place_of(r, value), "system has a NUL byte in it");
    *out = text;
    return 0;
}

static int add_model_setting(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    beluga__config_section *section = argument;
    if (strcmp(name, "model") == 0)
        return read_reference(r, name, value, &section->reference, &section->line,
                              &section->column);
    if (strcmp(name, "system") == 0) return read_system(r, value, &section->system);
    if (strcmp(name, "model_name") == 0)
        return fault(r, r->place, "model_name can't be set here: write model: PROVIDER/NAME");
    if (strcmp(name, "base") == 0 || strcmp(name, "models") == 0)
        return fault(r, r->place, "%s can't be set for a model: set it for its provider", name);
    return add_setting(r, name, value, section);
}

static int read_model(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    (void)argument;
    beluga__yaml_place place = r->place;
    beluga__config_section *section = NULL;
    int status = add_section(r, &r->file->models, name, &section);
    if (status || !section) return status;
    if (beluga__yaml_kind_of(value) == BELUGA__YAML_SCALAR)
        return read_reference(r, name, value, &section->reference, &section->line,
                              &section->column);
    status = walk(r, value, name, add_model_setting, section);
    bool named = section->line != place.line || section->column != place.column;
    if (!status && !section->reference && !named)
        return fault(r, place, "%s has no model: add model: PROVIDER/NAME, or another alias", name);
    return status;
}

/* Make a path absolute. It is relative to the folder of the file that names it, not to the current
 * folder. */
static const char *complete_path(reader *r, const char *path, size_t n)
{
    const char *slash = strrchr(r->file->path, '/');
    bool whole = path[0] == '/' || !slash || strcmp(path, BELUGA__PLUGIN_PATH) == 0;
    size_t folder = whole ? 0 : (size_t)(slash - r->file->path) + 1;
    char *text = beluga__arena_alloc(&r->file->arena, folder + n + 1);
    if (!text) return NULL;
    memcpy(text, r->file->path, folder);
    memcpy(text + folder, path, n + 1);
    return text;
}

static int add_plugin(reader *r, beluga__yaml_node *value)
{
    size_t n = 0;
    beluga__yaml_place place = place_of(r, value);
    bool scalar = beluga__yaml_kind_of(value) == BELUGA__YAML_SCALAR;
    const char *path = scalar ? keep(r, value, &n) : NULL;
    if (scalar && !path) return no_memory(r);
    if (!n || strlen(path) < n) return fault(r, place, "plugins must name files or folders");
    if (!r->runs.line) r->runs = place;
    if (r->file->n_plugins++ >= BELUGA__MAX_PLUGINS)
        return fault(r, place, "more than %u plug-ins", BELUGA__MAX_PLUGINS);
    beluga__config_plugin *plugin = beluga__arena_zalloc(&r->file->arena, sizeof *plugin);
    if (!plugin || !(plugin->path = complete_path(r, path, n))) return no_memory(r);
    plugin->line = place.line;
    plugin->column = place.column;
    *r->file->plugins_end = plugin;
    r->file->plugins_end = &plugin->next;
    return 0;
}

static int read_plugins(reader *r, beluga__yaml_node *value)
{
    void *at = NULL;
    beluga__yaml_node *item;
    int status = 0;
    if (beluga__yaml_kind_of(value) != BELUGA__YAML_LIST) return add_plugin(r, value);
    while (!status && beluga__yaml_next_item(value, &at, &item)) status = add_plugin(r, item);
    return status;
}

/* Returns the closest word (at most two letters differ), or NULL. */
static const char *nearest(const char *name, const char *const *words)
{
    const char *best = NULL;
    for (unsigned limit = 2; *words; words++) {
        unsigned distance = beluga__text_distance(name, *words, limit);
        if (distance > limit || (best && distance == limit)) continue;
        best = *words;
        limit = distance;
    }
    return best;
}

/* Keep a section for the host program, which reads it as JSON. `runs`: the host program may run
 * programs that the section names. */
static int keep_section(reader *r, const char *name, beluga__yaml_node *value, bool runs)
{
    if (beluga__yaml_kind_of(value) == BELUGA__YAML_NULL) return 0;
    if (beluga__yaml_kind_of(value) != BELUGA__YAML_MAP)
        return fault(r, place_of(r, value), "%s must be a map", name);
    if (runs && !r->runs.line) r->runs = r->place;
    beluga__config_kept *kept = beluga__arena_zalloc(&r->file->arena, sizeof *kept);
    if (!kept) return no_memory(r);
    *kept = (beluga__config_kept){.next = r->file->kept,
                                  .name = name,
                                  .node = value,
                                  .line = r->place.line,
                                  .column = r->place.column};
    int status = make_json(r, name, value, &kept->json, &kept->length);
    if (kept->json) r->file->kept = kept;
    return status;
}

static int read_top(reader *r, const char *name, beluga__yaml_node *value, void *argument)
{
    static const char *const names[] = {"model", "providers",   "models", "plugins",
                                        "tools", "mcp_servers", "serve",  NULL};
    beluga__config_file *file = argument;
    if (strcmp(name, "model") == 0)
        return read_reference(r, name, value, &file->default_model, &file->line, &file->column);
    if (strcmp(name, "providers") == 0) return walk(r, value, name, read_provider, NULL);
    if (strcmp(name, "models") == 0) return walk(r, value, name, read_model, NULL);
    if (strcmp(name, "plugins") == 0) return read_plugins(r, value);
    if (strcmp(name, "tools") == 0 || strcmp(name, "mcp_servers") == 0)
        return keep_section(r, name, value, true);
    if (strcmp(name, "serve") == 0) return keep_section(r, name, value, false);
    int shown = (int)beluga__utf8_cut(name, strlen(name), SHOWN);
    const char *near = nearest(name, names);
    if (near)
        return fault(r, r->place, "\"%.*s\" is not known here; did you mean %s?", shown, name,
                     near);
    return fault(r, r->place,
                 "\"%.*s\" is not known here; a file has model, providers, models, plugins, "
                 "tools, mcp_servers and serve",
                 shown, name);
}

/* --- files ----------------------------------------------------------------------------------- */

/* Report a name that occurs twice in its map. If problems are recorded, this function is called for
 * all such names, otherwise only for the first one. */
static int tell_twice(void *argument, beluga__yaml_node *key)
{
    size_t n;
    const reader *r = argument;
    const char *name = beluga__yaml_text(key, &n);
    return fault(r, place_of(r, key), "\"%.*s\" occurs twice here",
                 (int)beluga__utf8_cut(name, n, SHOWN), name);
}

static int read_yaml(reader *r, const beluga__buf *text)
{
    beluga__yaml *yaml;
    char why[128];
    int status = beluga__yaml_parse(text->data, text->length, &yaml, &r->place, why, sizeof why);
    if (status == BELUGA_ERROR_INVALID_CONFIG) return fault(r, r->place, "%s", why);
    if (status) return no_memory(r);
    if (!yaml) return 0;
    status = beluga__yaml_find_twice(beluga__yaml_root(yaml), tell_twice, r);
    if (!status) status = walk(r, beluga__yaml_root(yaml), "a configuration", read_top, r->file);
    if (r->file->kept)
        r->file->yaml = yaml;
    else
        beluga__yaml_free(yaml);
    return status;
}

/* If the file names commands or plug-ins, check that no other user can have written the file: such
 * programs run with the rights of the user who reads it. The folders of the path of a regular file
 * are checked, too. */
static int check_trust(reader *r)
{
    struct stat info;
    char real[PATH_MAX];
    beluga_error why = {0};
    if (!r->runs.line) return 0;
    if (stat(r->file->path, &info) == 0 && !S_ISREG(info.st_mode)) {
        beluga__trust_check(&info, NULL, "it", &why);
    } else {
        int fd = beluga__trusted_open(r->file->path, real, &why);
        if (fd >= 0) close(fd);
    }
    if (!why.code) return 0;
    return fault(r, r->runs, "this setting runs a program, but others may change the file: %s",
                 why.message);
}

int beluga__config_try(const char *path, const beluga__buf *text, beluga_error *err)
{
    beluga__config_file file = {.path = path};
    beluga__arena_init(&file.arena, beluga__secret_allocator(), NULL, 0,
                       64 * BELUGA__MAX_CONFIG_BYTES);
    file.providers.end = &file.providers.first;
    file.models.end = &file.models.first;
    file.plugins_end = &file.plugins;
    reader r = {.file = &file, .err = err, .place = {1, 1}};
    int status = read_yaml(&r, text);
    beluga__yaml_free(file.yaml);
    beluga__arena_free(&file.arena);
    return status;
}

static int read_file(reader *r)
{
    beluga__buf text;
    beluga__buf_init(&text, beluga__secret_allocator(), BELUGA__MAX_CONFIG_BYTES);
    int status = beluga__file_read(r->file->path, &text, r->err);
    if (status == BELUGA_ERROR_INVALID_INPUT) {
        status = BELUGA_ERROR_INVALID_CONFIG;
        if (r->err) r->err->code = status;
    } else if (!status) {
        status = read_yaml(r, &text);
        if (!status) status = check_trust(r);
    }
    beluga__buf_free(&text);
    return status;
}

int beluga__config_file_new(const char *path, beluga__config_problems *problems,
                            beluga__config_file **out, beluga_error *err)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga__config_file *file = beluga__zalloc(allocator, sizeof *file);
    *out = NULL;
    if (!file)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "%s: no memory to read it", path);
    file->allocator = allocator;
    atomic_init(&file->refs, 1);
    beluga__arena_init(&file->arena, beluga__secret_allocator(), NULL, 0,
                       64 * BELUGA__MAX_CONFIG_BYTES);
    file->providers.end = &file->providers.first;
    file->models.end = &file->models.first;
    file->plugins_end = &file->plugins;
    file->path = beluga__arena_copy(&file->arena, path, strlen(path));
    reader r = {.file = file, .problems = problems, .err = err, .place = {1, 1}};
    int status = file->path ? read_file(&r) : BELUGA_ERROR_NO_MEMORY;
    if (!file->path) beluga_error_set(err, status, "%s: no memory to read it", path);
    if (status)
        beluga__config_file_unref(file);
    else
        *out = file;
    return status;
}

void beluga__config_file_unref(beluga__config_file *file)
{
    if (!file || atomic_fetch_sub_explicit(&file->refs, 1, memory_order_acq_rel) != 1) return;
    beluga__yaml_free(file->yaml);
    beluga__arena_free(&file->arena);
    beluga__release(file->allocator, file);
}
