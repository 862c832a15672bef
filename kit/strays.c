#include "kit/strays.h"

#include "base/text.h"
#include "kit/samples.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { NEAR = 2 /* most letters in which a similar name may differ */ };

/* ---- names ----------------------------------------------------------------------------------- */

static const char *nearer(const char *name, const char *candidate, const char *nearest,
                          unsigned *distance)
{
    unsigned d = beluga__text_distance(name, candidate, NEAR);
    if (d >= *distance) return nearest;
    *distance = d;
    return candidate;
}

/* @return whether a scenario with this name exists. If not, `nearest` receives the most similar
 * name, or NULL. */
static bool is_scenario(const check_scenario *scenarios, const char *name, const char **nearest)
{
    unsigned distance = NEAR + 1;
    *nearest = NULL;
    for (const check_scenario *s = scenarios; s->name; s++) {
        if (strcmp(s->name, name) == 0) return true;
        *nearest = nearer(name, s->name, *nearest, &distance);
    }
    return false;
}

static int refuse_scenario(const char *path, const char *name, const char *nearest,
                           beluga_error *err)
{
    if (nearest)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "%s: no check is called %.60s: did you mean %s?", path, name,
                                nearest);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                            "%s: no check is called %.60s: beluga check --list shows all checks",
                            path, name);
}

/* ---- check.json ------------------------------------------------------------------------------ */

static bool is_sample(const beluga_json *value)
{
    beluga_part_kind kind;
    const char *name = beluga_json_string(value, NULL);
    return name && check_sample_kind(name, &kind);
}

static const struct {
    const char *name, *is;
    bool (*fits)(const beluga_json *);
} members[] = {
    {"attach", "\"audio\", \"image\" or \"file\", the sample in each question", is_sample},
    {"base", "a provider's name", beluga_json_is_string},
    {"model", "a model's name", beluga_json_is_string},
    {"options", "a list of \"NAME=VALUE\"", beluga_json_is_array},
    {"prompt", "a text", beluga_json_is_string},
    {"proof", "a text", beluga_json_is_string},
    {"servers", "a list of URLs such as \"https://stream.example\"", beluga_json_is_array},
    {"skip", "an object {\"CHECK\": \"why it is not run\"}", beluga_json_is_object},
};
enum { MEMBERS = sizeof members / sizeof *members };

static int refuse_member(const char *path, const char *name, beluga_error *err)
{
    unsigned distance = NEAR + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < MEMBERS; i++)
        nearest = nearer(name, members[i].name, nearest, &distance);
    if (nearest)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "%s: no member is called %.60s: did you mean %s?", path, name,
                                nearest);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                            "%s: no member is called %.60s; the members are attach, base, model, "
                            "options, prompt, proof, servers and skip",
                            path, name);
}

static int look_at_member(const char *path, const char *name, const beluga_json *value,
                          beluga_error *err)
{
    size_t i = 0;
    while (i < MEMBERS && strcmp(members[i].name, name) != 0) i++;
    if (i == MEMBERS) return refuse_member(path, name, err);
    if (members[i].fits(value)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s: \"%s\" must be %s", path, name,
                            members[i].is);
}

static int look_at_skips(const char *path, const beluga_json *skip, const check_scenario *scenarios,
                         beluga_error *err)
{
    const char *nearest;
    for (const beluga_json *v = beluga_json_first(skip); v; v = beluga_json_next(skip, v)) {
        const char *name = beluga_json_key(v, NULL);
        if (!is_scenario(scenarios, name, &nearest))
            return refuse_scenario(path, name, nearest, err);
    }
    return 0;
}

static int look_at_settings(const char *path, const beluga_json *root,
                            const check_scenario *scenarios, beluga_error *err)
{
    if (!beluga_json_is_object(root))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s: want a JSON object", path);
    for (const beluga_json *v = beluga_json_first(root); v; v = beluga_json_next(root, v)) {
        int code = look_at_member(path, beluga_json_key(v, NULL), v, err);
        if (code) return code;
    }
    return look_at_skips(path, beluga_json_get(root, "skip"), scenarios, err);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool take_ending(char *name, const char *ending)
{
    size_t n = strlen(name), k = strlen(ending);
    if (n <= k || strcmp(name + n - k, ending) != 0) return false;
    name[n - k] = '\0';
    return true;
}

/* Remove the number from the name of an answer's file, such as the 2 in "CASE.2.answer". */
static void take_number(char *name)
{
    size_t n = strlen(name);
    if (n > 2 && name[n - 2] == '.' && name[n - 1] >= '2' &&
        name[n - 1] <= '0' + CHECK_MAX_EXCHANGES)
        name[n - 2] = '\0';
}

static int look_at_file(const char *folder, const char *file, const check_scenario *scenarios,
                        beluga_error *err)
{
    char name[256], path[CHECK_MAX_PATH + sizeof name];
    const char *nearest;
    snprintf(name, sizeof name, "%s", file);
    if (take_ending(name, CHECK_ANSWER_ENDING))
        take_number(name);
    else if (!take_ending(name, CHECK_FIXTURE_ENDING))
        return 0;
    if (is_scenario(scenarios, name, &nearest)) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return refuse_scenario(path, name, nearest, err);
}

static int look_at_folder(const char *settings, const check_scenario *scenarios, beluga_error *err)
{
    char folder[CHECK_MAX_PATH];
    int code = 0;
    snprintf(folder, sizeof folder, "%s", settings);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    DIR *dir = opendir(folder);
    if (!dir) return 0;
    for (const struct dirent *entry; !code && (entry = readdir(dir));)
        code = look_at_file(folder, entry->d_name, scenarios, err);
    closedir(dir);
    return code;
}

int check_strays(const check_profile *profile, const check_scenario *scenarios, beluga_error *err)
{
    int code = 0;
    for (size_t i = 0; i < profile->n_levels && !code; i++) {
        const char *path = profile->levels[i].path;
        code = look_at_settings(path, beluga_json_doc_root(profile->levels[i].doc), scenarios, err);
        if (!code) code = look_at_folder(path, scenarios, err);
    }
    return code;
}
