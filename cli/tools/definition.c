#include "tools/definition.h"

#include "base/text.h"
#include "schema_short.h"
#include "text.h"

#include <beluga/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS    1024
#define MEMBER_BYTES 256
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
#define NAME_BYTES   64

static char *keep(section_reader *r, const char *text, size_t n)
{
    char *copy = strndup(text, n);
    if (!copy) r->status = BELUGA_ERROR_NO_MEMORY;
    return copy;
}

/* ---- members --------------------------------------------------------------------------------- */

static void read_description(section_reader *r, const char *member, const beluga_json *value)
{
    tool_definition *out = r->out;
    const char *text = section_text(r, member, value);
    if (text) out->description = keep(r, text, strlen(text));
}

static char *in_folder(section_reader *r, const char *member, const char *path)
{
    char whole[PATH_MAX];
    size_t n = section_path(r, path, whole);
    if (n < sizeof whole) return keep(r, whole, n);
    section_fault(r, member, false, "this path is too long");
    return NULL;
}

/* Use a string as a command line, which the shell runs. */
static void take_line(section_reader *r, const char *line)
{
    tool_definition *out = r->out;
    static const char *const shell[] = {"/bin/sh", "-c"};
    if (!line[strspn(line, " \t\n")]) {
        section_fault(r, "command", false, "command does not name a program");
        return;
    }
    out->argv = calloc(4, sizeof *out->argv);
    if (!out->argv) r->status = BELUGA_ERROR_NO_MEMORY;
    for (int i = 0; i < 3 && !r->status; i++) {
        const char *word = i < 2 ? shell[i] : line;
        out->argv[i] = keep(r, word, strlen(word));
    }
}

/* Use a list as a program and its arguments. If the program's name has a slash, it is relative to
 * the file's folder, like the path of a plug-in. */
static void take_words(section_reader *r, const beluga_json *list)
{
    tool_definition *out = r->out;
    char member[64];
    size_t n = beluga_json_count(list);
    if (!n || n > MAX_WORDS) {
        section_fault(r, "command", false,
                      "command must have 1 to %d words: a program and its arguments", MAX_WORDS);
        return;
    }
    out->argv = calloc(n + 1, sizeof *out->argv);
    if (!out->argv) r->status = BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < n && !r->status; i++) {
        snprintf(member, sizeof member, "command/%zu", i);
        const char *word = section_text(r, member, beluga_json_at(list, i));
        if (!word) return;
        bool path = i == 0 && strchr(word, '/');
        out->argv[i] = path ? in_folder(r, member, word) : keep(r, word, strlen(word));
    }
}

static void read_command(section_reader *r, const char *member, const beluga_json *value)
{
    if (beluga_json_is_array(value)) {
        take_words(r, value);
        return;
    }
    const char *line = beluga_json_string(value, NULL) ? section_text(r, member, value) : NULL;
    if (line)
        take_line(r, line);
    else if (!beluga_json_is_string(value))
        section_fault(
            r, member, false,
            "command must be a list, [PROGRAM, ARGUMENT...], or a command line for the shell");
}

/* Read a string as the short form of a schema: "city, days int". */
static void read_short(section_reader *r, const char *member, const char *text)
{
    tool_definition *out = r->out;
    beluga_error err;
    cli_text json = {0};
    int rc = schema_short_expand(text, &json, &err);
    if (rc == BELUGA_ERROR_INVALID_INPUT)
        section_fault(r, member, false, "parameters: %s", err.message);
    else if (rc == 0)
        out->parameters = keep(r, json.data, json.length);
    else
        r->status = BELUGA_ERROR_NO_MEMORY;
    text_free(&json);
}

static void read_parameters(section_reader *r, const char *member, const beluga_json *value)
{
    tool_definition *out = r->out;
    size_t n;
    const char *words = beluga_json_string(value, NULL);
    if (words) {
        read_short(r, member, words);
        return;
    }
    const char *type = beluga_json_get_string(value, "type", NULL);
    if (!beluga_json_is_object(value) || !type || strcmp(type, "object") != 0) {
        section_fault(
            r, member, false,
            "parameters must be a JSON Schema of an object, {type: object, properties: {...}}, or "
            "its short form, such as city, days int");
        return;
    }
    const char *json = beluga_json_text(r->doc, value, &n);
    out->parameters = json ? keep(r, json, n) : NULL;
    if (!json) r->status = BELUGA_ERROR_NO_MEMORY;
}

static void read_timeout(section_reader *r, const char *member, const beluga_json *value)
{
    tool_definition *out = r->out;
    out->timeout_ms = section_time(r, member, value, TOOL_MAX_TIMEOUT_MS);
}

static void read_max_output(section_reader *r, const char *member, const beluga_json *value)
{
    tool_definition *out = r->out;
    out->max_output = section_size(r, member, value, TOOL_MAX_OUTPUT);
}

static void read_allow(section_reader *r, const char *member, const beluga_json *value)
{
    static const char *const words[] = {
        [TOOL_ASK] = "ask", [TOOL_ALWAYS] = "always", [TOOL_NEVER] = "never"};
    tool_definition *out = r->out;
    int word = section_word(r, member, value, words, sizeof words / sizeof *words);
    if (word >= 0) out->allow = (tool_allow)word;
}

static void read_cwd(section_reader *r, const char *member, const beluga_json *value)
{
    tool_definition *out = r->out;
    const char *text = section_text(r, member, value);
    if (text && !*text)
        section_fault(r, member, false, "cwd must name a folder");
    else if (text)
        out->cwd = in_folder(r, member, text);
}

static void add_variable(section_reader *r, const beluga_json *value)
{
    tool_definition *out = r->out;
    char member[256] = "env";
    const char *name = beluga_json_key(value, NULL);
    char **at = out->env;
    while (*at) at++;
    beluga__text_add_step(member, sizeof member, name);
    const char *text = section_text(r, member, value);
    if (!text) return;
    if (!*name || strchr(name, '=')) {
        section_fault(r, member, true, "\"%.60s\" is not a valid name of an environment variable",
                      name);
        return;
    }
    cli_text line = {0};
    if (text_printf(&line, "%s=%s", name, text) == 0)
        *at = keep(r, line.data, line.length);
    else
        r->status = BELUGA_ERROR_NO_MEMORY;
    text_free(&line);
}

static void read_env(section_reader *r, const char *member, const beluga_json *value)
{
    tool_definition *out = r->out;
    if (!beluga_json_is_object(value)) {
        section_fault(r, member, false, "env must be a map of variables");
        return;
    }
    out->env = calloc(beluga_json_count(value) + 1, sizeof *out->env);
    if (!out->env) r->status = BELUGA_ERROR_NO_MEMORY;
    const beluga_json *v = beluga_json_first(value);
    for (; v && !r->status; v = beluga_json_next(value, v)) add_variable(r, v);
}

/* ---- the definition -------------------------------------------------------------------------- */

static const section_member members[] = {
    {"description", read_description},
    {"command", read_command},
    {"parameters", read_parameters},
    {"timeout", read_timeout},
    {"max_output", read_max_output},
    {"allow", read_allow},
    {"cwd", read_cwd},
    {"env", read_env},
};
#define N_MEMBERS (sizeof members / sizeof *members)

static void check_name(section_reader *r, const char *name)
{
    size_t n = strlen(name);
    if (!n || n > NAME_BYTES || strspn(name, NAME_LETTERS) < n)
        section_fault(r, "", true,
                      "\"%.70s\" is not a valid tool name: use 1 to 64 of A-Z a-z 0-9 _ -", name);
    else if (strcmp(name, "all") == 0)
        section_fault(r, "", true, "a tool can't be named \"all\", because -T all means all tools");
}

int tool_definition_read(tool_definition *out, const beluga_json *value, beluga_json_doc *doc,
                         const char *folder, section_fault_fn fault, void *payload)
{
    size_t length;
    const char *name = beluga_json_key(value, &length);
    section_reader r = {
        .out = out, .doc = doc, .folder = folder, .fault = fault, .payload = payload};
    *out = (tool_definition){.timeout_ms = TOOL_TIMEOUT_MS, .max_output = TOOL_OUTPUT};
    section_enter(&r, name);
    out->name = keep(&r, name, length);
    check_name(&r, name);
    if (!beluga_json_is_object(value)) {
        section_fault(&r, "", false, "%.60s must be a map with a member command", name);
        return r.status;
    }
    section_read(&r, "a tool", members, N_MEMBERS, value);
    if (!beluga_json_get(value, "command"))
        section_fault(&r, "", true, "%.60s needs a command: [PROGRAM, ARGUMENT...]", name);
    return r.status;
}

static void free_list(char **list)
{
    for (char **item = list; item && *item; item++) free(*item);
    free(list);
}

void tool_definition_free(tool_definition *d)
{
    free(d->name);
    free(d->description);
    free(d->parameters);
    free(d->cwd);
    free_list(d->argv);
    free_list(d->env);
    *d = (tool_definition){0};
}
