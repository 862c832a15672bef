#include "configuration.h"

#include "exit.h"
#include "folders.h"
#include "output.h"
#include "report.h"
#include "text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_TIME_BYTES 96

const char *configuration_variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* ---- the configuration ----------------------------------------------------------------------- */

/* Write the path of the usual file. Returns false if there is no home, or the path is too long. */
static bool make_usual_path(char path[PATH_MAX])
{
    int n = -1;
    const char *base = configuration_variable("XDG_CONFIG_HOME"),
               *home = configuration_variable("HOME");
    if (base && base[0] == '/')
        n = snprintf(path, PATH_MAX, "%s/beluga/config.yaml", base);
    else if (home)
        n = snprintf(path, PATH_MAX, "%s/.config/beluga/config.yaml", home);
    return n > 0 && n < PATH_MAX;
}

static const char *named_path(const cli_args *args)
{
    return args->config_file ? args->config_file : configuration_variable("BELUGA_CONFIG");
}

bool configuration_is_named(const cli_args *args)
{
    return named_path(args) != NULL;
}

int configuration_find_file(const cli_args *args, char **path)
{
    char usual[PATH_MAX];
    const char *named = named_path(args);
    *path = NULL;
    if (!named && !make_usual_path(usual)) return 0;
    *path = strdup(named ? named : usual);
    return *path ? 0 : out_no_memory();
}

/* Load the configuration file. A file that the user named must exist; the usual file may be
 * missing. */
static int load_file(const cli_args *args, beluga_config *config, const char *path, bool *has_file)
{
    beluga_error err;
    if (!path || (!named_path(args) && access(path, F_OK) != 0)) return 0;
    *has_file = beluga_config_load_file(config, path, &err) == 0;
    return *has_file ? 0 : report_file_error(args, &err, CLI_EXIT_CONFIG);
}

static int set_option(const cli_args *args, beluga_config *config, const char *text)
{
    beluga_option option;
    beluga_error err;
    int status = beluga_option_parse(text, &option, &err);
    if (status == BELUGA_ERROR_INVALID_INPUT && strchr(text, '='))
        err.code = BELUGA_ERROR_INVALID_CONFIG; /* as for any other bad value */
    if (status) return report_error(args, &err, NULL);
    return beluga_config_set_n(config, &option, 1) ? out_no_memory() : 0;
}

/* Read a time. Here a number alone means seconds, while for the library's options it means
 * milliseconds. */
int configuration_read_time(const char *time, int64_t *ms, beluga_error *err)
{
    char text[MAX_TIME_BYTES];
    beluga_option option;
    bool bare = *time && strspn(time, "0123456789.") == strlen(time);
    snprintf(text, sizeof text, "timeout=%.80s%s", time, bare ? "s" : "");
    int status = beluga_option_parse(text, &option, err);
    if (!status) *ms = option.value.integer;
    return status;
}

static int set_timeout(const cli_args *args, beluga_config *config)
{
    beluga_error err;
    int64_t ms;
    if (configuration_read_time(args->timeout, &ms, &err)) {
        err.code = BELUGA_ERROR_INVALID_CONFIG;
        return report_error(args, &err, NULL);
    }
    const beluga_option option = beluga_with_timeout_ms(ms);
    return beluga_config_set_n(config, &option, 1) ? out_no_memory() : 0;
}

static int set_options(const cli_args *args, beluga_config *config)
{
    int rc = 0;
    for (size_t i = 0; i < args->options.count && rc == 0; i++)
        rc = set_option(args, config, args->options.items[i]);
    if (rc == 0 && args->timeout) rc = set_timeout(args, config);
    if (rc == 0 && args->strict) rc = set_option(args, config, "strict=true");
    return rc;
}

int configuration_read(const cli_args *args, beluga_config **config, char **path, bool *has_file)
{
    const beluga_option environment = beluga_with_env();
    *path = NULL;
    *has_file = false;
    *config = beluga_config_new_n(&environment, 1);
    if (!*config) return out_no_memory();
    int rc = configuration_find_file(args, path);
    if (rc == 0) rc = load_file(args, *config, *path, has_file);
    return rc == 0 ? set_options(args, *config) : rc;
}

int configuration_reread(const cli_args *args, const char *path, beluga_config **config,
                         beluga_error *err)
{
    const beluga_option environment = beluga_with_env();
    beluga_config *fresh = beluga_config_new_n(&environment, 1);
    int status = fresh ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    if (!status && path && (named_path(args) || access(path, F_OK) == 0))
        status = beluga_config_load_file(fresh, path, err);
    /* the command line was checked when the program started, so only a lack of memory can make this
     * fail */
    if (!status && set_options(args, fresh) != 0)
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    if (status)
        beluga_config_free(fresh);
    else
        *config = fresh;
    return status;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Write a name as a part of a JSON Pointer. */
static void put_name(cli_text *pointer, const char *name)
{
    text_add(pointer, "/", 1);
    for (; *name; name++) {
        if (*name == '~' || *name == '/')
            text_puts(pointer, *name == '~' ? "~0" : "~1");
        else
            text_add(pointer, name, 1);
    }
}

void configuration_put(configuration_change *change, const char *value, const char *const *names)
{
    cli_text pointer = {0};
    for (; *names; names++) put_name(&pointer, *names);
    char *copy = pointer.status ? NULL : strdup(text_get(&pointer));
    text_free(&pointer);
    change->failed = change->failed || !copy || change->count == CONFIGURATION_MAX_CHANGES;
    if (change->failed) {
        free(copy);
        return;
    }
    change->pointers[change->count] = copy;
    change->values[change->count++] = value;
}

/* Print the changes, so that the user can make them by hand. Values may be long, but are not
 * secrets. */
static void tell_changes(const configuration_change *change)
{
    for (size_t i = 0; i < change->count; i++) {
        char *name = change->pointers[i] + 1;
        for (char *slash = strchr(name, '/'); slash; slash = strchr(slash, '/')) *slash = '.';
        if (change->values[i])
            out_detail("  %s: %s", name, change->values[i]);
        else
            out_detail("  %s: remove this entry", name);
    }
}

static int make_changes(const cli_args *args, char *path, const configuration_change *change)
{
    const char *pairs[2 * CONFIGURATION_MAX_CHANGES];
    beluga_error err;
    for (size_t i = 0; i < change->count; i++) {
        pairs[2 * i] = change->pointers[i];
        pairs[2 * i + 1] = change->values[i];
    }
    if (change->failed) return out_no_memory();
    if (!path)
        return out_usage("there is no place for a configuration file, since neither "
                         "XDG_CONFIG_HOME nor HOME is set: name a file with --config");
    folders_make(path);
    int status = beluga_config_change_file(path, pairs, change->count, &err);
    if (status == 0) return 0;
    int rc = report_file_error(args, &err, CLI_EXIT_CONFIG);
    if (status == BELUGA_ERROR_NOT_SUPPORTED) tell_changes(change);
    return rc;
}

int configuration_write(const cli_args *args, configuration_change *change)
{
    char *path;
    int rc = configuration_find_file(args, &path);
    if (rc == 0) rc = make_changes(args, path, change);
    free(path);
    while (change->count) free(change->pointers[--change->count]);
    return rc;
}
