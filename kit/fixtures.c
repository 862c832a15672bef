#include "kit/fixtures.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- check.json ------------------------------------------------------------------------------ */

static bool read_file(const check_profile *p, const char *provider, const char *file,
                      check_text *text, char path[CHECK_MAX_PATH])
{
    if (p->folders[0] && p->foreign && strcmp(provider, p->name) == 0) {
        snprintf(path, CHECK_MAX_PATH, "%s/check/%s", p->folders[0], file);
        if (check_text_read(text, path)) return true;
    }
    for (size_t i = 0; p->folders[i]; i++) {
        snprintf(path, CHECK_MAX_PATH, "%s/%s/check/%s", p->folders[i], provider, file);
        if (check_text_read(text, path)) return true;
    }
    return false;
}

static int read_level(check_profile *p, const char *provider, beluga_error *err)
{
    char path[CHECK_MAX_PATH];
    check_text text = {0};
    beluga_json_doc **doc = &p->levels[p->n_levels].doc;
    snprintf(p->levels[p->n_levels].provider, sizeof p->levels[0].provider, "%s", provider);
    int code = read_file(p, provider, "check.json", &text, path)
                   ? beluga_json_parse(text.data, text.length, doc, err)
                   : beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "%s has no fixtures: no %s",
                                      provider, path);
    check_text_free(&text);
    if (!code) p->n_levels++;
    if (code == BELUGA_ERROR_MALFORMED_RESPONSE)
        code = beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s is not JSON", path);
    return code;
}

/* "https://host/v1" has "/v1". */
static void path_of_url(char *out, size_t size, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    snprintf(out, size, "%s", path ? path : "");
}

/* Those of `next`, and what they lean on. */
static int read_levels(check_profile *p, const char *next, beluga_error *err)
{
    while (next) {
        if (p->n_levels == CHECK_MAX_BASES)
            return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                    "the fixtures of %s lean on too many others", p->name);
        int code = read_level(p, next, err);
        if (code) return code;
        next = beluga_json_get_string(beluga_json_doc_root(p->levels[p->n_levels - 1].doc), "base",
                                      NULL);
    }
    return 0;
}

int check_profile_read(check_profile *p, const check_settings *settings,
                       const beluga_provider *provider, beluga_error *err)
{
    const char *own = settings->own_fixtures, *all = settings->fixtures, *model = NULL;
    *p = (check_profile){.folders = {own ? own : all, own ? all : NULL},
                         .name = provider->name,
                         .foreign = settings->foreign};
    int code = read_levels(p, provider->name, err);
    bool none = code == BELUGA_ERROR_NOT_FOUND && p->n_levels == 0;
    if (none && settings->base) {
        p->borrowed = true;
        code = read_levels(p, settings->base, err);
        none = code == BELUGA_ERROR_NOT_FOUND && p->n_levels == 0;
    }
    if (none && p->foreign) code = 0;
    if (code) return code;
    if (p->n_levels && !p->borrowed)
        model = beluga_json_get_string(beluga_json_doc_root(p->levels[0].doc), "model", NULL);
    if (!model) model = provider->default_model ? provider->default_model : "the-model";
    snprintf(p->model, sizeof p->model, "%s", model);
    path_of_url(p->base_path, sizeof p->base_path, provider->base_url);
    return 0;
}

void check_profile_free(check_profile *p)
{
    for (size_t i = 0; i < p->n_levels; i++) beluga_json_doc_free(p->levels[i].doc);
    *p = (check_profile){0};
}

const char *check_profile_get(const check_profile *p, const char *member)
{
    for (size_t i = 0; i < p->n_levels; i++) {
        const beluga_json *root = beluga_json_doc_root(p->levels[i].doc);
        const char *value = beluga_json_get_string(root, member, NULL);
        if (value) return value;
    }
    return NULL;
}

const char *check_profile_skip(const check_profile *p, const char *scenario)
{
    for (size_t i = 0; i < p->n_levels; i++) {
        const beluga_json *skip = beluga_json_get(beluga_json_doc_root(p->levels[i].doc), "skip");
        const beluga_json *reason = beluga_json_get(skip, scenario);
        if (reason) return beluga_json_string(reason, NULL); /* null takes it back */
    }
    return NULL;
}

int check_profile_options(const check_profile *p, beluga_option *options, beluga_error *err)
{
    const beluga_json *list = NULL;
    int n = 0;
    if (p->n_levels) list = beluga_json_get(beluga_json_doc_root(p->levels[0].doc), "options");
    for (const beluga_json *o = beluga_json_first(list); o; o = beluga_json_next(list, o)) {
        const char *text = beluga_json_string(o, NULL);
        if (!text || n == CHECK_MAX_OPTIONS)
            return beluga_error_set(
                err, BELUGA_ERROR_INVALID_CONFIG,
                "check.json: \"options\" is a list of at most %d \"NAME=VALUE\"",
                CHECK_MAX_OPTIONS);
        int code = beluga_option_parse(text, &options[n++], err);
        if (code) return code;
    }
    return n;
}

/* ---- the files of a case --------------------------------------------------------------------- */

static bool find_in(const check_profile *p, const char *scenario, const char *file,
                    check_text *text, char path[CHECK_MAX_PATH])
{
    char name[128];
    snprintf(name, sizeof name, "%s/%s", scenario, file);
    for (size_t i = 0; i < p->n_levels; i++)
        if (read_file(p, p->levels[i].provider, name, text, path)) return true;
    return false;
}

bool check_fixture_find(const check_profile *p, const char *scenario, const char *const *others,
                        const char *file, check_text *text, char path[CHECK_MAX_PATH])
{
    bool found = find_in(p, scenario, file, text, path);
    for (; !found && others && *others; others++) found = find_in(p, *others, file, text, path);
    return found;
}

bool check_fixture_write(const check_profile *p, const char *scenario, const char *file,
                         const char *text)
{
    char path[CHECK_MAX_PATH];
    snprintf(path, sizeof path, "%s/%s/check/%s", p->folders[0], p->levels[0].provider, scenario);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return false;
    snprintf(path, sizeof path, "%s/%s/check/%s/%s", p->folders[0], p->levels[0].provider, scenario,
             file);
    FILE *out = fopen(path, "wbe");
    if (!out) return false;
    bool written = fwrite(text, 1, strlen(text), out) == strlen(text);
    return fclose(out) == 0 && written;
}
