/* beluga new: creates a provider in a folder of its own. */
#include "base/limits.h"
#include "commands/command.h"
#include "commands/new_templates.h"
#include "exit.h"
#include "output.h"

#include <beluga/registry.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_PATH 512

/* ---- the name -------------------------------------------------------------------------------- */

static int check_name(const char *name)
{
    size_t n = strlen(name);
    if (n > BELUGA__MAX_PROVIDER_NAME || !islower((unsigned char)name[0]) ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n)
        return out_usage("\"%.60s\" is not a valid provider name: it must be a letter a-z, "
                         "followed by at most %d of a-z 0-9 _ -",
                         name, BELUGA__MAX_PROVIDER_NAME - 1);
    if (beluga_registry_contains(beluga_registry_default(), name))
        return out_usage("there is already a provider called %s: beluga providers %s", name, name);
    return 0;
}

/* ---- templates with the provider's name filled in -------------------------------------------- */

static const struct {
    const char *text;
    int (*spell)(int c); /* converts each character, after '-' was replaced by '_'; NULL: the name
                          * is used unchanged */
} tokens[] = {{"example-name", NULL}, {"example_name", tolower}, {"EXAMPLE_NAME", toupper}};
#define N_TOKENS (sizeof tokens / sizeof tokens[0])

static void spell(char *out, const char *name, int (*how)(int c))
{
    for (; *name; name++) *out++ = (char)(how ? how(*name == '-' ? '_' : *name) : *name);
}

/* Returns a copy of a template with the name filled in; NULL if memory runs out. The caller frees
 * it. */
static char *fill(const char *text, const char *name)
{
    const size_t token = strlen(tokens[0].text), n = strlen(name);
    size_t places = 0;
    for (const char *at = text; *at; at++)
        for (size_t i = 0; i < N_TOKENS; i++) places += strncmp(at, tokens[i].text, token) == 0;
    char *filled = calloc(1, strlen(text) + places * n + 1), *to = filled;
    while (filled && *text) {
        size_t i = 0;
        while (i < N_TOKENS && strncmp(text, tokens[i].text, token) != 0) i++;
        if (i == N_TOKENS) {
            *to++ = *text++;
            continue;
        }
        spell(to, name, tokens[i].spell);
        to += n;
        text += token;
    }
    return filled;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int complain(const char *path)
{
    int why = errno;
    out_error("%s: %s", path, strerror(why));
    return CLI_EXIT_OTHER;
}

/* Make the folders of the path of a file. The first `first` bytes of the path name a folder that
 * exists. */
static int make_folders(const char *path, size_t first)
{
    char folder[MAX_PATH];
    for (const char *slash = strchr(path + first, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (mkdir(folder, 0777) && errno != EEXIST) return complain(folder);
    }
    return 0;
}

static bool write_lines(FILE *file, const char *const *lines, const char *name)
{
    bool written = true;
    for (; *lines && written; lines++) {
        char *line = fill(*lines, name);
        written = line && fputs(line, file) >= 0;
        free(line);
    }
    return written;
}

static int write_file(const char *path, const char *const *lines, const char *name)
{
    FILE *file = fopen(path, "wxe"); /* mode x: an existing file is never replaced */
    if (!file) return complain(path);
    bool written = write_lines(file, lines, name);
    if (fclose(file) || !written) return complain(path);
    return 0;
}

static int write_template(const template_file *template, const char *name)
{
    char path[MAX_PATH];
    char *below = fill(template->path, name);
    if (!below) return out_no_memory();
    snprintf(path, sizeof path, "%s/%s", name, below);
    free(below);
    int rc = make_folders(path, strlen(name) + 1);
    return rc ? rc : write_file(path, template->lines, name);
}

static int write_folder(const char *name, const char *kind)
{
    int rc = 0;
    if (mkdir(name, 0777)) {
        if (errno != EEXIST) return complain(name);
        out_error("%s already exists: nothing was written", name);
        return CLI_EXIT_USAGE;
    }
    for (const template_file *t = template_files; t->kind && rc == 0; t++)
        if (strcmp(t->kind, kind) == 0) rc = write_template(t, name);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(const cli_args *args)
{
    const char *const *words = args->operands.items;
    if (args->operands.count < 2 || strcmp(words[0], "provider") != 0)
        return out_usage("name the provider to create: beluga new provider NAME");
    if (args->http && args->full)
        return out_usage("--http and --full exclude each other: give only one");
    int rc = check_name(words[1]);
    if (rc == 0) rc = write_folder(words[1], args->http ? "http" : "full");
    if (rc == 0 && !args->quiet) {
        out_note("Created the folder %s/. Next:", words[1]);
        out_detail("  cd %s && meson setup b && meson test -C b\n"
                   "and then follow its README.md.",
                   words[1]);
    }
    return rc;
}

const cli_command cmd_new = {
    .name = "new",
    .operands = "provider NAME",
    .words = "provider",
    .summary = "Create a provider of your own, in a new folder.",
    .takes = ARG_SET(ARG_HTTP, ARG_FULL, ARG_QUIET),
    .max_operands = 2,
    .run = run,
    .details = "The folder NAME gets a source file, a build file for Meson, tests and a README. "
               "All of them work at once: the provider is a plug-in that streams. Comments mark "
               "the four or five places that you should change. Existing files are not touched.\n\n"
               "--full, which is the default, is for a model that is not behind HTTP. --http is "
               "for a model behind HTTP, and adds answers for the checks in fixtures/check.",
};
