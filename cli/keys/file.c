#include "base/new_file.h"
#include "exit.h"
#include "folders.h"
#include "keys/keep.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Write the path of the folder. It is made absolute, because the reference to the key must be valid
 * in every working directory. */
bool keys_folder(const char *config, char folder[KEYS_REFERENCE_BYTES])
{
    char here[PATH_MAX] = "";
    if (!config) return false;
    const char *slash = strrchr(config, '/');
    if (config[0] != '/' && !getcwd(here, sizeof here)) return false;
    int n = snprintf(folder, KEYS_REFERENCE_BYTES, "%s%s%.*s/keys", here, *here ? "/" : "",
                     slash ? (int)(slash - config) : 1, slash ? config : ".");
    return n > 0 && n < PATH_MAX;
}

static bool path_of(const char *config, const char *provider, char path[KEYS_REFERENCE_BYTES])
{
    if (!keys_folder(config, path)) return false;
    size_t n = strlen(path);
    int more = snprintf(path + n, KEYS_REFERENCE_BYTES - n, "/%s", provider);
    return more > 0 && n + (size_t)more < PATH_MAX;
}

static int fail(const char *path)
{
    char text[128];
    out_error("%s can't be written: %s", path, beluga__file_explain(errno, text, sizeof text));
    return CLI_EXIT_OTHER;
}

static int no_place(void)
{
    out_error("there is no place for the key: neither XDG_CONFIG_HOME nor HOME is set");
    return CLI_EXIT_OTHER;
}

/* Write a key to a file. The file appears under its name only when it is complete, and is private
 * from the beginning, even if an older file was readable for others. */
static int write_file(char *path, const cli_text *key)
{
    beluga__new_file file;
    if (folders_make(path) != 0 || beluga__new_file_begin(&file, path, false) != 0)
        return fail(path);
    int rc = 0;
    if (fchmod(file.fd, BELUGA__PRIVATE_MODE) != 0 ||
        beluga__file_write(file.fd, key->data, key->length) != 0 ||
        beluga__file_write(file.fd, "\n", 1) != 0 || fsync(file.fd) != 0 ||
        beluga__new_file_replace(&file) != 0)
        rc = fail(path);
    beluga__new_file_end(&file);
    return rc;
}

int keys_store_file(const char *config, const char *provider, const cli_text *key,
                    char reference[KEYS_REFERENCE_BYTES])
{
    static const char prefix[] = "file:";
    char path[KEYS_REFERENCE_BYTES];
    if (!path_of(config, provider, path)) return no_place();
    snprintf(reference, KEYS_REFERENCE_BYTES, "%s%.*s", prefix, PATH_MAX, path);
    return write_file(path, key);
}

int keys_remove_file(const char *config, const char *provider)
{
    char path[KEYS_REFERENCE_BYTES];
    if (!path_of(config, provider, path) || unlink(path) == 0 || errno == ENOENT) return 0;
    out_error("%s can't be removed: %s", path, strerror(errno));
    return CLI_EXIT_OTHER;
}
