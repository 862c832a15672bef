/* Replaces change.c, check.c, edit.c, file.c, kept.c, yaml.c, yaml_words.c and prices.c in a
 * library that is built without YAML. */
#include "base/left_out.h"
#include "config/config.h"

#include <beluga/price.h>

int beluga__config_file_new(const char *path, beluga__config_problems *problems,
                            beluga__config_file **out, beluga_error *err)
{
    BELUGA__UNUSED(path, problems);
    *out = NULL;
    return beluga__left_out(err, "configuration files", "yaml=enabled");
}

void beluga__config_file_unref(beluga__config_file *file)
{
    (void)file;
}

int beluga_yaml_file_to_json(const char *path, char **json, size_t *length, beluga_error *err)
{
    BELUGA__UNUSED(path, length);
    *json = NULL;
    return beluga__left_out(err, "files of YAML", "yaml=enabled");
}

bool beluga_config_section(const beluga_config *config, const char *name, size_t index,
                           const char **json, size_t *length)
{
    BELUGA__UNUSED(config, name, index, json, length);
    return false;
}

bool beluga_config_section_place(const beluga_config *config, const char *name, size_t index,
                                 const char *pointer, bool of_name, const char **path, int *line,
                                 int *column)
{
    BELUGA__UNUSED(config, name, index, pointer, of_name, path, line, column);
    return false;
}

void beluga_config_report(beluga_config_checking *checking, beluga_severity severity,
                          const char *section, const char *pointer, bool of_name,
                          const char *message)
{
    BELUGA__UNUSED(checking, severity, section, pointer, of_name, message);
}

int beluga_config_check_sections(beluga_registry *registry, const char *path,
                                 beluga_config_check_fn check, beluga_config_problem_fn tell,
                                 void *payload, size_t *n_errors, beluga_error *err)
{
    (void)check;
    return beluga_config_check_file(registry, path, tell, payload, n_errors, err);
}

int beluga_config_change_file(const char *path, const char *const *changes, size_t n,
                              beluga_error *err)
{
    BELUGA__UNUSED(path, changes, n);
    return beluga__left_out(err, "configuration files", "yaml=enabled");
}

int beluga_config_check_file(beluga_registry *registry, const char *path,
                             beluga_config_problem_fn tell, void *payload, size_t *n_errors,
                             beluga_error *err)
{
    BELUGA__UNUSED(registry, path, tell, payload);
    if (n_errors) *n_errors = 0;
    return beluga__left_out(err, "configuration files", "yaml=enabled");
}

int beluga_prices_load(const char *path, beluga_prices **out, beluga_error *err)
{
    (void)path;
    *out = NULL;
    return beluga__left_out(err, "files of prices", "yaml=enabled");
}

void beluga_prices_free(beluga_prices *prices)
{
    (void)prices;
}
