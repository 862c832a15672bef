#include "kit/fixtures.h"

#include <stdio.h>
#include <string.h>

/* ---- check.json ------------------------------------------------------------------------------ */

/* Write "openai/check/text", or "check/text" in a folder that belongs to one provider. */
static void name_of(char name[CHECK_MAX_PATH], const char *provider, const char *below)
{
    snprintf(name, CHECK_MAX_PATH, "%s%scheck/%s", provider, *provider ? "/" : "", below);
}

/* Only the first folder may belong to one provider. */
static bool may_be_alone(const check_profile *p, const char *provider)
{
    return p->folders[0] && p->foreign && strcmp(provider, p->name) == 0;
}

static bool read_settings(const check_profile *p, const char *provider, check_text *text,
                          char path[CHECK_MAX_PATH])
{
    if (may_be_alone(p, provider)) {
        snprintf(path, CHECK_MAX_PATH, "%s/check/check.json", p->folders[0]);
        if (check_text_read(text, path)) return true;
    }
    for (size_t i = 0; p->folders[i]; i++) {
        snprintf(path, CHECK_MAX_PATH, "%s/%s/check/check.json", p->folders[i], provider);
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
    int code = read_settings(p, provider, &text, path)
                   ? beluga_json_parse(text.data, text.length, doc, err)
                   : beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                                      "%s has no fixtures: no %s; those of the built-in providers "
                                      "are in the source of Beluga: --fixtures tests/fixtures",
                                      provider, path);
    check_text_free(&text);
    if (!code) p->n_levels++;
    if (code == BELUGA_ERROR_MALFORMED_RESPONSE)
        code = beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s is not JSON", path);
    return code;
}

/* Write the path of a URL: "https://host/v1" has "/v1". The name of an account stands for it. */
static void path_of_url(char *out, size_t size, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    for (; path && *path && size > 1; path++) {
        if (strchr("{}", *path)) continue;
        *out++ = *path;
        size--;
    }
    *out = '\0';
}

/* Read the settings of `next`, and of the providers on which it is based. */
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
        if (reason) return beluga_json_string(reason, NULL); /* null revokes the reason */
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

/* ---- the sections of a case ------------------------------------------------------------------ */

static const char *const sections[] = {"request#", "answer#", "events", "options", NULL};

enum { PLACES = 3 }; /* the places where a case of a provider may be */

/* Read the case of a provider at one of the places. */
static int read_case(const check_profile *p, const char *provider, size_t place,
                     const char *scenario, check_fixture_file *file, beluga_error *err)
{
    char name[CHECK_MAX_PATH];
    bool alone = place == 0;
    *file = (check_fixture_file){0};
    if (alone && !may_be_alone(p, provider)) return BELUGA_ERROR_NOT_FOUND;
    name_of(name, alone ? "" : provider, scenario);
    const char *const *folders = p->folders + (alone ? 0 : place - 1);
    return check_fixture_file_read(file, folders, name, sections, err);
}

static bool find_at(const check_profile *p, const char *provider, size_t place,
                    const char *scenario, const char *name, check_text *text)
{
    check_fixture_file file;
    int code = read_case(p, provider, place, scenario, &file, NULL);
    const check_case *of = code ? NULL : check_fixture_file_case(&file, scenario);
    const check_section *found = of ? check_case_section(of, name) : NULL;
    check_text_clear(text);
    if (found) check_text_add(text, found->text.data, found->text.length);
    check_fixture_file_free(&file);
    return found != NULL;
}

static bool find_in(const check_profile *p, const char *scenario, const char *name,
                    check_text *text)
{
    for (size_t i = 0; i < p->n_levels; i++)
        for (size_t place = 0; place < PLACES; place++)
            if (find_at(p, p->levels[i].provider, place, scenario, name, text)) return true;
    return false;
}

int check_fixture_look(const check_profile *p, const char *scenario, beluga_error *err)
{
    for (size_t i = 0; i < p->n_levels * PLACES; i++) {
        check_fixture_file file;
        int code = read_case(p, p->levels[i / PLACES].provider, i % PLACES, scenario, &file, err);
        if (!code && !check_fixture_file_case(&file, scenario))
            code = beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                    "%s: it has no case %s: leave out its lines \"=== case\"",
                                    file.path, scenario);
        check_fixture_file_free(&file);
        if (code && code != BELUGA_ERROR_NOT_FOUND) return code;
    }
    return 0;
}

bool check_fixture_find(const check_profile *p, const char *scenario, const char *const *others,
                        const char *section, check_text *text)
{
    bool found = find_in(p, scenario, section, text);
    for (; !found && others && *others; others++) found = find_in(p, *others, section, text);
    return found;
}

bool check_fixture_write(const check_profile *p, const char *scenario, const char *section,
                         const char *text)
{
    const char *const own[] = {p->folders[0], NULL};
    char name[CHECK_MAX_PATH];
    check_fixture_file file;
    name_of(name, p->levels[0].provider, scenario);
    int code = check_fixture_file_read(&file, own, name, sections, NULL);
    const check_case *of = code ? NULL : check_fixture_file_case(&file, scenario);
    bool written = (of || code == BELUGA_ERROR_NOT_FOUND) &&
                   check_fixture_file_write(&file, of, section, text, strlen(text));
    check_fixture_file_free(&file);
    return written;
}
