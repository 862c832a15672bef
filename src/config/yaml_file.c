/* Implements beluga_yaml_file_to_json, which reads YAML files of the host program. */
#include "base/file.h"
#include "base/limits.h"
#include "config/config.h"
#include "config/yaml.h"

#include <beluga/allocator.h>

typedef struct twice {
    const char *path;
    beluga_error *err;
} twice;

static int refuse_twice(void *argument, beluga__yaml_node *key)
{
    const twice *t = argument;
    size_t n;
    beluga__yaml_place place = {1, 1};
    beluga__yaml_place_of(key, &place);
    return beluga__config_fault(t->err, BELUGA_ERROR_INVALID_CONFIG, t->path, place.line,
                                place.column, "\"%.60s\" occurs twice here",
                                beluga__yaml_text(key, &n));
}

static int convert(const char *path, const beluga__yaml_node *root, beluga__buf *json,
                   beluga_error *err)
{
    twice t = {path, err};
    int status = beluga__yaml_find_twice(root, refuse_twice, &t);
    if (status) return status;
    status = beluga__yaml_to_json(root, json);
    if (status == BELUGA_ERROR_INVALID_CONFIG)
        return beluga_error_set(err, status,
                                "%s: it can't be converted to JSON: use only maps, lists and "
                                "single values, and plain names",
                                path);
    return status ? beluga_error_set(err, status, "%s: %s", path, beluga_error_text(status)) : 0;
}

static int read_text(const char *path, const beluga__buf *text, beluga__buf *json,
                     beluga_error *err)
{
    beluga__yaml *yaml = NULL;
    beluga__yaml_place place = {1, 1};
    char why[160] = "";
    int status = beluga__yaml_parse(text->data, text->length, &yaml, &place, why, sizeof why);
    if (status == BELUGA_ERROR_INVALID_CONFIG)
        return beluga__config_fault(err, status, path, place.line, place.column, "%s", why);
    if (status) return beluga_error_set(err, status, "%s: no memory to read it", path);
    status = convert(path, yaml ? beluga__yaml_root(yaml) : NULL, json, err);
    beluga__yaml_free(yaml);
    return status;
}

int beluga_yaml_file_to_json(const char *path, char **json, size_t *length, beluga_error *err)
{
    beluga__buf text, made;
    size_t n = 0;
    *json = NULL;
    if (!path) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "path is NULL");
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_CONFIG_BYTES);
    beluga__buf_init(&made, beluga_allocator_default(), 2 * BELUGA__MAX_CONFIG_BYTES);
    int status = beluga__file_read(path, &text, err);
    if (!status) status = read_text(path, &text, &made, err);
    if (!status && !(*json = beluga__buf_steal(&made, &n)))
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "%s: no memory to read it", path);
    if (length) *length = n;
    beluga__buf_free(&text);
    beluga__buf_free(&made);
    return status;
}
