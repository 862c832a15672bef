#include "kit/fixtures.h"

#include "kit/answer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- check.json ------------------------------------------------------------------------------ */

/* Write "openai/check/text", or "check/text" in a folder that belongs to one provider. */
static void name_of(char *name, size_t size, const char *provider, const char *below)
{
    snprintf(name, size, "%s%scheck/%s", provider, *provider ? "/" : "", below);
}

/* Return whether the first folder may contain the files of this provider alone, and so have no
 * folder for each provider. */
static bool may_be_alone(const check_profile *p, const char *provider)
{
    return p->folders[0] && p->foreign && strcmp(provider, p->name) == 0;
}

/* Read the check.json in a folder. It may be missing if the folder is that of the provider's
 * author. */
static bool read_settings_in(const char *folder, bool own, check_text *text,
                             char path[CHECK_MAX_PATH])
{
    snprintf(path, CHECK_MAX_PATH, "%s/check", folder);
    bool there = own && access(path, X_OK) == 0;
    snprintf(path, CHECK_MAX_PATH, "%s/check/check.json", folder);
    if (check_text_read(text, path)) return true;
    if (there) check_text_puts(text, "{}");
    return there;
}

static bool read_settings(const check_profile *p, const char *provider, check_text *text,
                          char path[CHECK_MAX_PATH])
{
    bool own = p->foreign && strcmp(provider, p->name) == 0;
    char folder[CHECK_MAX_PATH / 2];
    if (may_be_alone(p, provider) && read_settings_in(p->folders[0], own, text, path)) return true;
    for (size_t i = 0; p->folders[i]; i++) {
        snprintf(folder, sizeof folder, "%s/%s", p->folders[i], provider);
        if (read_settings_in(folder, own, text, path)) return true;
    }
    return false;
}

static int read_level(check_profile *p, const char *provider, beluga_error *err)
{
    char *path = p->levels[p->n_levels].path;
    check_text text = {0};
    beluga_json_doc **doc = &p->levels[p->n_levels].doc;
    snprintf(p->levels[p->n_levels].provider, sizeof p->levels[0].provider, "%s", provider);
    int code =
        read_settings(p, provider, &text, path)
            ? beluga_json_parse(text.data, text.length, doc, err)
            : beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                               "%s has no fixtures: there is no %s; fixtures of the built-in "
                               "providers are in the source of Beluga: "
                               "--fixtures tests/fixtures",
                               provider, path);
    check_text_free(&text);
    if (!code) p->n_levels++;
    if (code == BELUGA_ERROR_MALFORMED_RESPONSE)
        code = beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s is not JSON", path);
    return code;
}

/* Write the path of a URL: for "https://host/v1" it is "/v1". Braces are left out, so that a
 * placeholder such as {account} is replaced by its own name. */
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
                                    "the fixtures of %s are based on those of too many others",
                                    p->name);
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

const char *check_profile_server(const check_profile *p, size_t i)
{
    const beluga_json *root = p->n_levels ? beluga_json_doc_root(p->levels[0].doc) : NULL;
    return beluga_json_string(beluga_json_at(beluga_json_get(root, "servers"), i), NULL);
}

const char *check_profile_skip(const check_profile *p, const char *scenario)
{
    for (size_t i = 0; i < p->n_levels; i++) {
        const beluga_json *skip = beluga_json_get(beluga_json_doc_root(p->levels[i].doc), "skip");
        const beluga_json *reason = beluga_json_get(skip, scenario);
        /* With null the scenario is not skipped, even if the base skips it. */
        if (reason) return beluga_json_string(reason, NULL);
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
                "check.json: \"options\" must be a list of at most %d \"NAME=VALUE\"",
                CHECK_MAX_OPTIONS);
        int code = beluga_option_parse(text, &options[n++], err);
        if (code) return code;
    }
    return n;
}

/* ---- the sections of a case ------------------------------------------------------------------ */

void check_section_name(char *out, const char *what, size_t n)
{
    if (n == 1)
        snprintf(out, CHECK_SECTION_BYTES, "%s", what);
    else
        snprintf(out, CHECK_SECTION_BYTES, "%s %zu", what, n);
}

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
    name_of(name, sizeof name, alone ? "" : provider, scenario);
    const char *const *folders = p->folders + (alone ? 0 : place - 1);
    return check_fixture_file_read(file, folders, name, sections, err);
}

/* ---- answers in separate files --------------------------------------------------------------- */

static bool is_answer(const char *section)
{
    return strncmp(section, "answer", 6) == 0;
}

/* Read CASE.answer, or CASE.2.answer for "answer 2", at one of the places. */
static bool read_answer(const check_profile *p, const char *provider, size_t place,
                        const char *scenario, const char *section, check_text *text, char *path)
{
    char name[CHECK_MAX_PATH / 2];
    const char *number = section + strlen("answer");
    bool alone = place == 0;
    if (alone && !may_be_alone(p, provider)) return false;
    name_of(name, sizeof name, alone ? "" : provider, scenario);
    const char *const *folder = p->folders + (alone ? 0 : place - 1);
    if (!*folder) return false;
    snprintf(path, CHECK_MAX_PATH, "%s/%s%s%s" CHECK_ANSWER_ENDING, *folder, name,
             *number ? "." : "", *number ? number + 1 : "");
    return check_text_read(text, path);
}

static int judge_answer(const check_text *text, const char *path, size_t before, beluga_error *err)
{
    check_answer answer;
    size_t line;
    const char *wrong = check_answer_parse(&answer, check_text_get(text), text->length, &line);
    check_answer_free(&answer);
    if (!wrong) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s:%zu: %s", path, before + line,
                            wrong);
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool find_at(const check_profile *p, const char *provider, size_t place,
                    const char *scenario, const char *name, check_text *text)
{
    char path[CHECK_MAX_PATH];
    check_fixture_file file;
    int code = read_case(p, provider, place, scenario, &file, NULL);
    const check_case *of = code ? NULL : check_fixture_file_case(&file, scenario);
    const check_section *found = of ? check_case_section(of, name) : NULL;
    check_text_clear(text);
    if (found) check_text_add(text, found->text.data, found->text.length);
    check_fixture_file_free(&file);
    if (found) return true;
    return is_answer(name) && read_answer(p, provider, place, scenario, name, text, path);
}

static bool find_of(const check_profile *p, const char *provider, const char *scenario,
                    const char *name, check_text *text)
{
    for (size_t place = 0; place < PLACES; place++)
        if (find_at(p, provider, place, scenario, name, text)) return true;
    return false;
}

/* Find a section in the case of one provider. The answers of a case belong together: if a provider
 * has a first answer of its own, such as a list of one page, no further answers are taken from its
 * base. */
static bool find_in(const check_profile *p, const char *scenario, const char *name,
                    check_text *text)
{
    bool follows = is_answer(name) && strcmp(name, "answer") != 0;
    for (size_t i = 0; i < p->n_levels; i++) {
        if (find_of(p, p->levels[i].provider, scenario, name, text)) return true;
        if (!follows || !find_of(p, p->levels[i].provider, scenario, "answer", text)) continue;
        check_text_clear(text);
        return false;
    }
    return false;
}

/* Check that the answers of a case can be read, in whichever file they are. */
static int look_at_answer(const check_profile *p, const char *provider, size_t place,
                          const check_fixture_file *file, const char *scenario, const char *name,
                          beluga_error *err)
{
    char path[CHECK_MAX_PATH];
    check_text text = {0};
    const check_case *of = file->n_cases ? check_fixture_file_case(file, scenario) : NULL;
    const check_section *section = of ? check_case_section(of, name) : NULL;
    bool own = section && !section->inherited;
    bool alone = read_answer(p, provider, place, scenario, name, &text, path);
    int code = 0;
    if (own)
        code = judge_answer(&section->text, file->path, section->line, err);
    else if (alone)
        code = judge_answer(&text, path, 0, err);
    if (!code && own && alone)
        code = beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "%s: %s:%zu has the same answer: remove one of the two", path,
                                file->path, section->line);
    check_text_free(&text);
    return code;
}

static int look_at(const check_profile *p, const char *provider, size_t place, const char *scenario,
                   beluga_error *err)
{
    check_fixture_file file;
    int code = read_case(p, provider, place, scenario, &file, err);
    if (!code && !check_fixture_file_case(&file, scenario))
        code =
            beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                             "%s: no case is called %s: add it, or remove the \"=== case\" lines, "
                             "so that the file is for every scenario",
                             file.path, scenario);
    if (code == BELUGA_ERROR_NOT_FOUND) code = 0;
    for (size_t n = 1; n <= CHECK_MAX_EXCHANGES && !code; n++) {
        char name[CHECK_SECTION_BYTES];
        check_section_name(name, "answer", n);
        code = look_at_answer(p, provider, place, &file, scenario, name, err);
    }
    check_fixture_file_free(&file);
    return code;
}

int check_fixture_look(const check_profile *p, const char *scenario, beluga_error *err)
{
    int code = 0;
    for (size_t i = 0; i < p->n_levels * PLACES && !code; i++)
        code = look_at(p, p->levels[i / PLACES].provider, i % PLACES, scenario, err);
    return code;
}

bool check_fixture_find(const check_profile *p, const char *scenario, const char *const *others,
                        const char *section, check_text *text)
{
    bool found = find_in(p, scenario, section, text);
    for (; !found && others && *others; others++) found = find_in(p, *others, section, text);
    return found;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Find the folders that have the provider's own cases: the folder with its check.json and those
 * after it. `name` receives the name of the case there. */
static const char *const *own_folders(const check_profile *p, const char *scenario, char *name,
                                      size_t size)
{
    char path[CHECK_MAX_PATH];
    size_t i = 0;
    name_of(name, size, "", scenario);
    snprintf(path, sizeof path, "%s/check/check.json", p->folders[0]);
    if (may_be_alone(p, p->levels[0].provider) && strcmp(path, p->levels[0].path) == 0)
        return p->folders;
    name_of(name, size, p->levels[0].provider, scenario);
    for (; p->folders[i + 1]; i++) {
        snprintf(path, sizeof path, "%s/%s/check/check.json", p->folders[i], p->levels[0].provider);
        if (strcmp(path, p->levels[0].path) == 0) break;
    }
    return p->folders + i;
}

bool check_fixture_is_there(const check_profile *p, const char *scenario)
{
    char name[CHECK_MAX_PATH / 4], path[CHECK_MAX_PATH];
    if (!p->n_levels) return false;
    const char *folder = *own_folders(p, scenario, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s" CHECK_FIXTURE_ENDING, folder, name);
    if (access(path, F_OK) == 0) return true;
    snprintf(path, sizeof path, "%s/%s" CHECK_ANSWER_ENDING, folder, name);
    return access(path, F_OK) == 0;
}

bool check_fixture_write(const check_profile *p, const char *scenario, const char *section,
                         const char *text, char path[CHECK_MAX_PATH])
{
    char name[CHECK_MAX_PATH / 4];
    check_fixture_file file;
    snprintf(path, CHECK_MAX_PATH, "check/%s" CHECK_FIXTURE_ENDING, scenario);
    if (!p->n_levels) return false;
    const char *const *own = own_folders(p, scenario, name, sizeof name);
    int code = check_fixture_file_read(&file, own, name, sections, NULL);
    if (code == BELUGA_ERROR_NOT_FOUND)
        snprintf(file.path, sizeof file.path, "%s/%s" CHECK_FIXTURE_ENDING, *own, name);
    snprintf(path, CHECK_MAX_PATH, "%s", file.path);
    const check_case *of = code ? NULL : check_fixture_file_case(&file, scenario);
    bool written = (of || code == BELUGA_ERROR_NOT_FOUND) &&
                   check_fixture_file_write(&file, of, section, text, strlen(text));
    check_fixture_file_free(&file);
    return written;
}
