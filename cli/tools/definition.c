#include "tools/definition.h"

#include "base/text.h"
#include "schema_short.h"
#include "size.h"
#include "text.h"

#include <beluga/error.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS     1024
#define POINTER_BYTES 512
#define NAME_LETTERS  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
#define NAME_BYTES    64

typedef struct reading {
    tool_definition *out;
    const beluga_json *value;
    beluga_json_doc *doc;
    const char *folder;
    tool_fault_fn fault;
    void *payload;
    char pointer[POINTER_BYTES]; /* of the tool */
    int status;
} reading;

/* ---- faults ---------------------------------------------------------------------------------- */

static void fault(reading *r, const char *member, bool of_name, const char *format, ...)
    BELUGA_PRINTF(4, 5);

static void fault(reading *r, const char *member, bool of_name, const char *format, ...)
{
    char pointer[2 * POINTER_BYTES], message[512];
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    snprintf(pointer, sizeof pointer, "%s%s%s", r->pointer, *member ? "/" : "", member);
    r->fault(r->payload, pointer, of_name, message);
    if (!r->status) r->status = BELUGA_ERROR_INVALID_CONFIG;
}

static char *keep(reading *r, const char *text, size_t n)
{
    char *copy = strndup(text, n);
    if (!copy) r->status = BELUGA_ERROR_NO_MEMORY;
    return copy;
}

/* Returns a member's text; NULL after a fault. A number that stands there without quotes is shown
 * by the fault. */
static const char *text_of(reading *r, const char *member, const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    if (!text)
        fault(r, member, false, "%.*s must be a text (quote what reads as a number)",
              (int)strcspn(member, "/"), member);
    else if (strlen(text) < n)
        fault(r, member, false, "%.*s holds a NUL byte", (int)strcspn(member, "/"), member);
    else
        return text;
    return NULL;
}

/* ---- members --------------------------------------------------------------------------------- */

static void read_description(reading *r, const char *member, const beluga_json *value)
{
    const char *text = text_of(r, member, value);
    if (text) r->out->description = keep(r, text, strlen(text));
}

static char *in_folder(reading *r, const char *path)
{
    cli_text text = {0};
    if (*path != '/') text_printf(&text, "%s/", r->folder);
    text_puts(&text, path);
    char *whole = text.status ? NULL : keep(r, text.data, text.length);
    if (text.status) r->status = BELUGA_ERROR_NO_MEMORY;
    text_free(&text);
    return whole;
}

/* A text is a line for the shell. */
static void take_line(reading *r, const char *line)
{
    static const char *const shell[] = {"/bin/sh", "-c"};
    if (!line[strspn(line, " \t\n")]) {
        fault(r, "command", false, "command names no program");
        return;
    }
    r->out->argv = calloc(4, sizeof *r->out->argv);
    if (!r->out->argv) r->status = BELUGA_ERROR_NO_MEMORY;
    for (int i = 0; i < 3 && !r->status; i++) {
        const char *word = i < 2 ? shell[i] : line;
        r->out->argv[i] = keep(r, word, strlen(word));
    }
}

/* A list is a program and its arguments. A program with a slash in its name is looked for from the
 * file's folder, as plug-ins are. */
static void take_words(reading *r, const beluga_json *list)
{
    char member[64];
    size_t n = beluga_json_count(list);
    if (!n || n > MAX_WORDS) {
        fault(r, "command", false, "command needs 1 to %d words: a program and its arguments",
              MAX_WORDS);
        return;
    }
    r->out->argv = calloc(n + 1, sizeof *r->out->argv);
    if (!r->out->argv) r->status = BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < n && !r->status; i++) {
        snprintf(member, sizeof member, "command/%zu", i);
        const char *word = text_of(r, member, beluga_json_at(list, i));
        if (!word) return;
        bool path = i == 0 && strchr(word, '/');
        r->out->argv[i] = path ? in_folder(r, word) : keep(r, word, strlen(word));
    }
}

static void read_command(reading *r, const char *member, const beluga_json *value)
{
    if (beluga_json_is_array(value)) {
        take_words(r, value);
        return;
    }
    const char *line = beluga_json_string(value, NULL) ? text_of(r, member, value) : NULL;
    if (line)
        take_line(r, line);
    else if (!beluga_json_is_string(value))
        fault(r, member, false,
              "command must be a list, [PROGRAM, ARGUMENT...], or a line for the shell");
}

/* A text is the short form of a schema: "city, days int". */
static void read_short(reading *r, const char *member, const char *text)
{
    beluga_error err;
    cli_text json = {0};
    int rc = schema_short_expand(text, &json, &err);
    if (rc == BELUGA_ERROR_INVALID_INPUT)
        fault(r, member, false, "parameters: %s", err.message);
    else if (rc == 0)
        r->out->parameters = keep(r, json.data, json.length);
    else
        r->status = BELUGA_ERROR_NO_MEMORY;
    text_free(&json);
}

static void read_parameters(reading *r, const char *member, const beluga_json *value)
{
    size_t n;
    const char *words = beluga_json_string(value, NULL);
    if (words) {
        read_short(r, member, words);
        return;
    }
    const char *type = beluga_json_get_string(value, "type", NULL);
    if (!beluga_json_is_object(value) || !type || strcmp(type, "object") != 0) {
        fault(
            r, member, false,
            "parameters must be a JSON Schema of an object, {type: object, properties: {...}}, or "
            "its short form, such as city, days int");
        return;
    }
    const char *json = beluga_json_text(r->doc, value, &n);
    r->out->parameters = json ? keep(r, json, n) : NULL;
    if (!json) r->status = BELUGA_ERROR_NO_MEMORY;
}

/* A number alone is seconds, as on the command line. */
static void read_timeout(reading *r, const char *member, const beluga_json *value)
{
    size_t n = 0;
    int64_t ms = 0;
    const char *text = beluga_json_string(value, &n);
    double seconds = beluga_json_double(value, 0);
    bool read = text ? beluga__text_to_ms(text, n, &ms) : beluga_json_is_number(value);
    if (!text && seconds > 0 && seconds <= (double)TOOL_MAX_TIMEOUT_MS / 1000)
        ms = (int64_t)(seconds * 1000);
    if (!read || ms < 1 || ms > TOOL_MAX_TIMEOUT_MS)
        fault(r, member, false, "timeout must be a time up to 24h, such as 30s, 500ms or 2m");
    else
        r->out->timeout_ms = ms;
}

static void read_max_output(reading *r, const char *member, const beluga_json *value)
{
    char number[32];
    const char *text = beluga_json_string(value, NULL);
    snprintf(number, sizeof number, "%" PRId64, beluga_json_int(value, -1));
    if (!size_read(text ? text : number, TOOL_MAX_OUTPUT, &r->out->max_output))
        fault(r, member, false, "max_output must be a size up to 16MiB, such as 64KiB");
}

static void read_allow(reading *r, const char *member, const beluga_json *value)
{
    static const char *const words[] = {
        [TOOL_ASK] = "ask", [TOOL_ALWAYS] = "always", [TOOL_NEVER] = "never"};
    const char *text = beluga_json_string(value, NULL);
    for (size_t i = 0; text && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], text) == 0) {
            r->out->allow = (tool_allow)i;
            return;
        }
    fault(r, member, false, "allow is ask, always or never");
}

static void read_cwd(reading *r, const char *member, const beluga_json *value)
{
    const char *text = text_of(r, member, value);
    if (text && !*text)
        fault(r, member, false, "cwd names no folder");
    else if (text)
        r->out->cwd = in_folder(r, text);
}

static void add_variable(reading *r, const beluga_json *value)
{
    char member[256] = "env";
    const char *name = beluga_json_key(value, NULL);
    char **at = r->out->env;
    while (*at) at++;
    beluga__text_add_step(member, sizeof member, name);
    const char *text = text_of(r, member, value);
    if (!text) return;
    if (!*name || strchr(name, '=')) {
        fault(r, member, true, "\"%.60s\" can't be the name of a variable", name);
        return;
    }
    cli_text line = {0};
    if (text_printf(&line, "%s=%s", name, text) == 0)
        *at = keep(r, line.data, line.length);
    else
        r->status = BELUGA_ERROR_NO_MEMORY;
    text_free(&line);
}

static void read_env(reading *r, const char *member, const beluga_json *value)
{
    if (!beluga_json_is_object(value)) {
        fault(r, member, false, "env must be a map of variables");
        return;
    }
    r->out->env = calloc(beluga_json_count(value) + 1, sizeof *r->out->env);
    if (!r->out->env) r->status = BELUGA_ERROR_NO_MEMORY;
    const beluga_json *v = beluga_json_first(value);
    for (; v && !r->status; v = beluga_json_next(value, v)) add_variable(r, v);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*read)(reading *r, const char *member, const beluga_json *value);
} members[] = {
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

static void unknown(reading *r, const char *name)
{
    char step[POINTER_BYTES] = "";
    const char *near = NULL;
    for (size_t i = 0; i < N_MEMBERS && !near; i++)
        if (beluga__text_is_near(name, members[i].name)) near = members[i].name;
    beluga__text_add_step(step, sizeof step, name);
    if (near)
        fault(r, step + 1, true, "\"%.60s\" is not known here; did you mean %s?", name, near);
    else
        fault(r, step + 1, true,
              "\"%.60s\" is not known here; a tool has description, command, parameters, timeout, "
              "max_output, allow, cwd and env",
              name);
}

static void read_member(reading *r, const beluga_json *value)
{
    const char *name = beluga_json_key(value, NULL);
    for (size_t i = 0; i < N_MEMBERS; i++)
        if (strcmp(members[i].name, name) == 0) {
            members[i].read(r, name, value);
            return;
        }
    unknown(r, name);
}

static void check_name(reading *r, const char *name)
{
    size_t n = strlen(name);
    if (!n || n > NAME_BYTES || strspn(name, NAME_LETTERS) < n)
        fault(r, "", true, "\"%.70s\" can't be a tool's name: it has 1 to 64 of A-Z a-z 0-9 _ -",
              name);
    else if (strcmp(name, "all") == 0)
        fault(r, "", true, "a tool can't be called all, which means all tools");
}

int tool_definition_read(tool_definition *out, const beluga_json *value, beluga_json_doc *doc,
                         const char *folder, tool_fault_fn report, void *payload)
{
    size_t length;
    const char *name = beluga_json_key(value, &length);
    reading r = {.out = out,
                 .value = value,
                 .doc = doc,
                 .folder = folder,
                 .fault = report,
                 .payload = payload};
    *out = (tool_definition){.timeout_ms = TOOL_TIMEOUT_MS, .max_output = TOOL_OUTPUT};
    beluga__text_add_step(r.pointer, sizeof r.pointer, name);
    out->name = keep(&r, name, length);
    check_name(&r, name);
    if (!beluga_json_is_object(value)) {
        fault(&r, "", false, "%.60s must be a map with a command", name);
        return r.status;
    }
    const beluga_json *m = beluga_json_first(value);
    for (; m && r.status != BELUGA_ERROR_NO_MEMORY; m = beluga_json_next(value, m))
        read_member(&r, m);
    if (!beluga_json_get(value, "command"))
        fault(&r, "", true, "%.60s needs a command: [PROGRAM, ARGUMENT...]", name);
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
