/* The source of tools that the configuration defines as programs. */
#include "base/text.h"
#include "base/utf8.h"
#include "tools/child.h"
#include "tools/definition.h"
#include "tools/source.h"

#include <beluga/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "tools"

/* ---- running --------------------------------------------------------------------------------- */

static bool has_variable(char *const *env, const char *variable)
{
    size_t n = strcspn(variable, "=");
    for (; env && *env; env++)
        if (strncmp(*env, variable, n) == 0 && (*env)[n] == '=') return true;
    return false;
}

/* Returns the environment of a program: the variables of its definition, and the variables of this
 * process that the definition does not replace; NULL if memory runs out. Free with free(). */
static char **make_environment(const tool_definition *d)
{
    extern char **environ;
    size_t n = 0, own = 0;
    while (environ[n]) n++;
    while (d->env && d->env[own]) own++;
    char **env = calloc(n + own + 1, sizeof *env);
    if (!env) return NULL;
    if (own) memcpy(env, d->env, own * sizeof *env);
    for (char **v = environ; *v; v++)
        if (!has_variable(d->env, *v)) env[own++] = *v;
    return env;
}

/* Add what the program printed on stderr, or, if there is nothing, on stdout. */
static void add_words(cli_text *text, const child_outcome *o)
{
    bool use_out = !o->n_said && o->out.length;
    const char *said = use_out ? text_get(&o->out) : o->said;
    size_t n = use_out ? o->out.length : o->n_said;
    if (n > CHILD_SAID_BYTES) n = CHILD_SAID_BYTES;
    size_t from = beluga__utf8_valid(said, n) < n && !use_out ? strspn(said, "\x80\xbf") : 0;
    n = from + beluga__utf8_valid(said + from, n - from);
    while (n > from && strchr(" \t\r\n", said[n - 1])) n--;
    if (n <= from) return;
    text_puts(text, ": ");
    text_add(text, said + from, n - from);
}

/* Write the text that tells the model why a program failed. */
static void explain(const tool_definition *d, const child_outcome *o, cli_text *text)
{
    char time[BELUGA__NUMBER_TEXT];
    beluga__ms_to_text(d->timeout_ms, time);
    switch (o->end) {
    case CHILD_NOT_STARTED:
        text_printf(text, "%s can't be started%s%s: %s", d->argv[0], d->cwd ? " in " : "",
                    d->cwd ? d->cwd : "", strerror(o->code));
        return;
    case CHILD_LATE:
        text_printf(text, "the program gave no result within %s, and was ended", time);
        break;
    case CHILD_CANCELLED:
        text_puts(text, "the program was ended, because its result is no longer wanted");
        break;
    case CHILD_SIGNALLED: text_printf(text, "the program was ended by signal %d", o->code); break;
    case CHILD_NO_MEMORY:
        text_puts(text, "there is not enough memory for the program's result");
        return;
    default: text_printf(text, "the program failed with exit status %d", o->code); break;
    }
    add_words(text, o);
}

/* Use the program's output as the result. An output that is too long is cut between two characters,
 * and a line at its end reports this. */
static int take_output(const tool_definition *d, const child_outcome *o, cli_text *text)
{
    const char *out = text_get(&o->out);
    size_t n = o->out.length;
    bool cut = o->end == CHILD_OVERFLOWED;
    size_t valid = beluga__utf8_valid(out, n);
    if (cut && valid < n && beluga__utf8_begun(out + valid, n - valid) == n - valid) n = valid;
    if (valid < n || (n && memchr(out, '\0', n))) {
        text_puts(text, "the program's output is not UTF-8 text");
        return BELUGA_ERROR_TOOL_EXECUTION;
    }
    text_add(text, out, n);
    if (cut)
        text_printf(text, "\n[The output was cut here: it is longer than %zu bytes.]",
                    d->max_output);
    return 0;
}

static int make_result(const tool_definition *d, const child_outcome *o, cli_text *text)
{
    if (o->end == CHILD_OVERFLOWED || (o->end == CHILD_EXITED && o->code == 0))
        return take_output(d, o, text);
    explain(d, o, text);
    return o->end == CHILD_NO_MEMORY ? BELUGA_ERROR_NO_MEMORY : BELUGA_ERROR_TOOL_EXECUTION;
}

static int execute(void *payload, beluga_context *context, const char *arguments, size_t length,
                   beluga_tool_result *result)
{
    const tool_definition *d = payload;
    child_outcome outcome;
    cli_text text = {0};
    char **env = make_environment(d);
    if (!env) return BELUGA_ERROR_NO_MEMORY;
    const child_program program = {.argv = d->argv,
                                   .env = env,
                                   .cwd = d->cwd,
                                   .input = arguments,
                                   .input_length = length,
                                   .timeout_ms = d->timeout_ms,
                                   .max_output = d->max_output,
                                   .context = context};
    child_run(&program, &outcome);
    int status = make_result(d, &outcome, &text);
    if (text.status) status = text.status;
    int set = beluga_tool_result_set(result, text_get(&text), text.length);
    child_free(&outcome);
    text_free(&text);
    free(env);
    return status ? status : set;
}

static void release(void *payload)
{
    tool_definition_free(payload);
    free(payload);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the tool");
}

static int make_tool(tool_definition *d, beluga_tool **tool, beluga_error *err)
{
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = d->name,
                                               .description = d->description,
                                               .parameters = d->parameters,
                                               .execute = execute,
                                               .payload = d,
                                               .release = release,
                                               .timeout_ms = TOOL_MAX_TIMEOUT_MS};
    return beluga_tool_new(&definition, tool, err);
}

static int open_one(const section *s, const beluga_json *value, tool_set *set, beluga_error *err)
{
    beluga_tool *tool = NULL;
    section_first first = {.at = s, .err = err};
    char pointer[128], place[SECTION_PLACE_BYTES];
    tool_definition *d = calloc(1, sizeof *d);
    if (!d) return no_memory(err);
    int status = tool_definition_read(d, value, s->doc, s->folder, section_keep_first, &first);
    tool_allow allow = d->allow;
    snprintf(pointer, sizeof pointer, "/%s", status ? "" : d->name);
    section_place(s, pointer, true, place, sizeof place);
    if (status == BELUGA_ERROR_NO_MEMORY) no_memory(err);
    if (!status) status = make_tool(d, &tool, err);
    if (!tool) release(d);
    return status ? status : tool_set_add(set, tool, allow, place, err);
}

/* Open the tool with this name; the definition in a later configuration file overrides earlier
 * ones. */
static int open_named(const beluga_config *config, const char *name, tool_set *set,
                      beluga_error *err)
{
    section s = section_begin(config, SECTION), found = {0};
    const beluga_json *value = NULL;
    while (section_next(&s)) {
        const beluga_json *here = beluga_json_get(s.root, name);
        if (!here) continue;
        beluga_json_doc_free(found.doc);
        found = s;
        value = here;
        s.doc = NULL;
    }
    int status = s.status ? no_memory(err) : BELUGA_ERROR_TOOL_NOT_FOUND;
    if (value && !s.status) status = open_one(&found, value, set, err);
    beluga_json_doc_free(found.doc);
    return status;
}

/* ---- listing and checking -------------------------------------------------------------------- */

static int list(const beluga_config *config, tool_name_fn tell, void *payload)
{
    char pointer[128], place[SECTION_PLACE_BYTES];
    section s = section_begin(config, SECTION);
    while (section_next(&s)) {
        const beluga_json *tool = beluga_json_first(s.root);
        for (; tool; tool = beluga_json_next(s.root, tool)) {
            const char *name = beluga_json_key(tool, NULL);
            const char *description = beluga_json_get_string(tool, "description", NULL);
            const char *allow = beluga_json_get_string(tool, "allow", NULL);
            *pointer = '\0';
            beluga__text_add_step(pointer, sizeof pointer, name);
            section_place(&s, pointer, true, place, sizeof place);
            const tool_name told = {name, description ? description : "", place,
                                    allow ? allow : "ask"};
            tell(payload, &told);
        }
    }
    return s.status;
}

/* Check one definition. Warn if it has no description, since a model then can't know when to call
 * the tool. */
static void check_one(const beluga_json *value, const section *s, section_reports *reports)
{
    tool_definition d;
    char pointer[128] = "";
    int status = tool_definition_read(&d, value, s->doc, s->folder, section_report, reports);
    beluga__text_add_step(pointer, sizeof pointer, beluga_json_key(value, NULL));
    if (status == BELUGA_ERROR_NO_MEMORY) section_report(reports, pointer, true, "out of memory");
    if (!status && !d.description)
        beluga_config_report(
            reports->checking, BELUGA_SEVERITY_WARNING, SECTION, pointer, true,
            "without a description, a model can only guess when to call this tool");
    tool_definition_free(&d);
}

static void check(const beluga_config *config, beluga_config_checking *checking)
{
    section_reports reports = {SECTION, checking};
    section s = section_begin(config, SECTION);
    while (section_next(&s)) {
        const beluga_json *tool = beluga_json_first(s.root);
        for (; tool; tool = beluga_json_next(s.root, tool)) check_one(tool, &s, &reports);
    }
    if (s.status) section_report(&reports, "", true, "out of memory");
}

const tool_source tool_source_programs = {.list = list, .open = open_named, .check = check};
