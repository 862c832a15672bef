#include "template.h"

#include "base/text.h"
#include "configuration.h"
#include "exit.h"
#include "output.h"
#include "report.h"

#include <beluga/config.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".yaml"

/* ---- files ----------------------------------------------------------------------------------- */

int template_folder(const cli_args *args, char folder[PATH_MAX])
{
    char *config;
    int rc = configuration_find_file(args, &config);
    if (rc != 0) return rc;
    const char *slash = config ? strrchr(config, '/') : NULL;
    int n = snprintf(folder, PATH_MAX, "%.*s/templates", slash ? (int)(slash - config) : 1,
                     slash ? config : ".");
    bool good = config && n > 0 && n < PATH_MAX;
    free(config);
    return good ? 0
                : out_usage("there is no place for templates: neither XDG_CONFIG_HOME nor HOME "
                            "is set");
}

static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return *name && !name[strspn(name, allowed)];
}

int template_find(const cli_args *args, const char *name, char path[PATH_MAX])
{
    if (strchr(name, '/')) {
        int n = snprintf(path, PATH_MAX, "%s", name);
        return n < PATH_MAX ? 0 : out_usage("the path of the template is too long");
    }
    if (!is_name(name))
        return out_usage("\"%s\" is not a valid template name, which has only letters, digits, - "
                         "and _; a prompt text must contain a field, such as {{input}}",
                         name);
    int rc = template_folder(args, path);
    size_t n = strlen(path);
    if (rc == 0 && n + strlen(name) + sizeof "/" SUFFIX > PATH_MAX)
        return out_usage("the path of the template is too long");
    if (rc == 0) snprintf(path + n, PATH_MAX - n, "/%s" SUFFIX, name);
    return rc;
}

static int is_template(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return entry->d_name[0] != '.' && n > suffix && strcmp(entry->d_name + n - suffix, SUFFIX) == 0;
}

static int visit_folder(const char *folder, void (*visit)(void *payload, const char *name),
                        void *payload)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_template, alphasort);
    for (int i = 0; i < n; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        visit(payload, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (n >= 0 || errno == ENOENT) return 0;
    out_error("%s can't be read: %s", folder, strerror(errno));
    return CLI_EXIT_OTHER;
}

int template_each(const cli_args *args, void (*visit)(void *payload, const char *name),
                  void *payload)
{
    char folder[PATH_MAX];
    int rc = template_folder(args, folder);
    return rc ? rc : visit_folder(folder, visit, payload);
}

typedef struct nearest_template {
    const char *wanted;
    char best[NAME_MAX + 1];
    unsigned least;
} nearest_template;

static void compare(void *payload, const char *name)
{
    nearest_template *n = payload;
    unsigned slips = beluga__text_distance(n->wanted, name, 2);
    if (slips >= n->least || slips >= strlen(n->wanted)) return;
    n->least = slips;
    snprintf(n->best, sizeof n->best, "%s", name);
}

static int explain_missing(const cli_args *args, const cli_template *t, const char *name,
                           const beluga_error *err)
{
    nearest_template near = {.wanted = name, .least = 3};
    if (err->code != BELUGA_ERROR_NOT_FOUND || strchr(name, '/'))
        return report_file_error(args, err, CLI_EXIT_CONFIG);
    template_each(args, compare, &near);
    if (*near.best) return out_usage("there is no template %s; did you mean %s?", name, near.best);
    return out_usage("there is no template %s (%s); beluga templates lists them, and a prompt text "
                     "must contain a field, such as {{input}}",
                     name, t->path);
}

/* ---- members --------------------------------------------------------------------------------- */

static bool is_text(const beluga_json *value)
{
    return beluga_json_is_string(value);
}

static bool is_schema(const beluga_json *value)
{
    return beluga_json_is_string(value) || beluga_json_is_object(value);
}

static const struct {
    const char *name;
    bool (*fits)(const beluga_json *value);
    const char *form;
} members[] = {
    {"description", is_text, "a string"},
    {"model", is_text, "a model, such as openai/gpt-5-mini"},
    {"system", is_text, "a string"},
    {"prompt", is_text, "a string"},
    {"options", beluga_json_is_object, "a map of options, such as temperature: 0.2"},
    {"schema", is_schema, "a JSON Schema, its short form, or the path of a file"},
    {"tools", beluga_json_is_array, "a list of tool names"},
    {"parameters", beluga_json_is_object,
     "a map from names to default values, where null means no default"},
};
#define N_MEMBERS (sizeof members / sizeof members[0])

static int check_member(const cli_template *t, const char *key, const beluga_json *value)
{
    const char *near = NULL;
    for (size_t i = 0; i < N_MEMBERS; i++) {
        if (strcmp(members[i].name, key) != 0) {
            if (!near && beluga__text_is_near(key, members[i].name)) near = members[i].name;
            continue;
        }
        if (members[i].fits(value)) return 0;
        out_error("%s: %s must be %s", t->path, key, members[i].form);
        return CLI_EXIT_CONFIG;
    }
    if (near)
        out_error("%s: \"%s\" is not known here; did you mean %s?", t->path, key, near);
    else
        out_error("%s: \"%s\" is not known here; a template has the members description, "
                  "model, system, prompt, options, schema, tools and parameters",
                  t->path, key);
    return CLI_EXIT_CONFIG;
}

static int check(cli_template *t)
{
    if (beluga_json_is_null(t->root)) return 0; /* an empty file */
    if (!beluga_json_is_object(t->root)) {
        out_error("%s: a template must be a map, such as prompt: \"Say hello\"", t->path);
        return CLI_EXIT_CONFIG;
    }
    for (const beluga_json *v = beluga_json_first(t->root); v; v = beluga_json_next(t->root, v)) {
        int rc = check_member(t, beluga_json_key(v, NULL), v);
        if (rc != 0) return rc;
    }
    t->parameters = beluga_json_get(t->root, "parameters");
    return 0;
}

int template_read(const cli_args *args, const char *name, cli_template *t)
{
    beluga_error err = {0};
    size_t length;
    int rc = template_find(args, name, t->path);
    if (rc != 0) return rc;
    int status = beluga_yaml_file_to_json(t->path, &t->json, &length, &err);
    if (status) return explain_missing(args, t, name, &err);
    if (beluga_json_parse(t->json, length, &t->doc, &err) != 0)
        return report_file_error(args, &err, CLI_EXIT_CONFIG);
    t->root = beluga_json_doc_root(t->doc);
    return check(t);
}

void template_free(cli_template *t)
{
    beluga_json_doc_free(t->doc);
    beluga_free(t->json);
    text_free(&t->prompt);
    text_free(&t->system);
    text_free(&t->options);
    text_free(&t->schema);
    free(t->items);
    *t = (cli_template){.path = ""};
}
