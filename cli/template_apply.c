/* Applies a template to the command line. */
#include "batch/template.h"
#include "batch/why.h"
#include "commands/command.h"
#include "exit.h"
#include "output.h"
#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The field that stands for the prompt. */
#define INPUT "input"

/* ---- parameters ------------------------------------------------------------------------------ */

/* What to do with fields that are not parameters. */
typedef enum field_rule {
    FIELDS_NONE,  /* such fields are errors: a parameter is missing */
    FIELDS_INPUT, /* {{input}} is kept for the prompt */
    FIELDS_LINE   /* fields are kept for the lines of a batch; {{input}} becomes {{text}} */
} field_rule;

typedef struct filling {
    const cli_args *args;
    const cli_template *template;
    const char *what; /* "prompt" or "system text", for messages */
    field_rule rule;
    cli_text *out;
    cli_text missing; /* "-p NAME=…" for each parameter without a value */
} filling;

static bool is_same(const char *name, const char *field, size_t length)
{
    return strlen(name) == length && memcmp(name, field, length) == 0;
}

static const beluga_json *declared(const cli_template *t, const char *name, size_t length)
{
    for (const beluga_json *v = beluga_json_first(t->parameters); v;
         v = beluga_json_next(t->parameters, v))
        if (is_same(beluga_json_key(v, NULL), name, length)) return v;
    return NULL;
}

/* Find the value that -p gives to a field. Returns NULL if there is none. */
static const char *given(const cli_args *args, const char *name, size_t length)
{
    for (size_t i = args->parameters.count; i-- > 0;) {
        const char *item = args->parameters.items[i];
        if (strncmp(item, name, length) == 0 && item[length] == '=') return item + length + 1;
    }
    return NULL;
}

/* Add a text, with its braces escaped so that it contains no fields. */
static void put_literal(cli_text *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool opens = text[i] == '{' && i + 1 < length && text[i + 1] == '{';
        text_add(out, opens ? "{{{{" : text + i, opens ? 4 : 1);
        i += opens;
    }
}

/* Add a default value, which may be a string, a number or another JSON value. */
static void put_default(filling *f, const beluga_json *value)
{
    size_t length;
    const char *text = beluga_json_string(value, &length);
    if (!text) text = beluga_json_text(f->template->doc, value, &length);
    if (text) put_literal(f->out, text, length);
}

static void put_field(filling *f, const char *name, size_t length)
{
    const char *value = given(f->args, name, length);
    const beluga_json *usual = declared(f->template, name, length);
    if (value)
        put_literal(f->out, value, strlen(value));
    else if (usual && !beluga_json_is_null(usual))
        put_default(f, usual);
    else if (!usual && f->rule != FIELDS_NONE && is_same(INPUT, name, length))
        text_puts(f->out, f->rule == FIELDS_LINE ? "{{text}}" : "{{" INPUT "}}");
    else if (!usual && f->rule == FIELDS_LINE)
        text_printf(f->out, "{{%.*s}}", (int)length, name);
    else
        text_printf(&f->missing, " -p %.*s=VALUE", (int)length, name);
}

static int complain(const filling *f)
{
    if (f->missing.status || f->out->status) return out_no_memory();
    if (!f->missing.length) return 0;
    return out_usage("the template %s needs%s", f->args->template, text_get(&f->missing));
}

/* Replace the parameters in a text. */
static int fill(filling *f, const char *text)
{
    char why[BATCH_WHY_BYTES];
    batch_template *t = malloc(sizeof *t);
    if (!t) return out_no_memory();
    int rc = batch_template_parse(t, text, why);
    for (size_t i = 0; rc == 0 && i < t->count; i++) {
        const batch_piece *p = &t->pieces[i];
        if (p->is_field)
            put_field(f, p->text, p->length);
        else
            put_literal(f->out, p->text, p->length);
    }
    free(t);
    if (rc != 0) return out_usage("the %s of the template %s: %s", f->what, f->args->template, why);
    rc = complain(f);
    text_free(&f->missing);
    return rc;
}

/* Replace the parameters in the system text. Then turn its escaped braces into plain ones here,
 * since the system text is not filled in again later. */
static int fill_system(filling *f, const char *text)
{
    cli_text made = {0};
    cli_text *out = f->out;
    char why[BATCH_WHY_BYTES];
    batch_template *t = malloc(sizeof *t);
    f->out = &made;
    int rc = t ? fill(f, text) : out_no_memory();
    if (rc == 0 && (batch_template_parse(t, text_get(&made), why) != 0 ||
                    batch_template_fill(t, NULL, NULL, out, why) != 0))
        rc = out_no_memory();
    text_free(&made);
    free(t);
    return rc;
}

/* ---- -p -------------------------------------------------------------------------------------- */

static bool has_field(const char *text, const char *name, size_t length)
{
    char why[BATCH_WHY_BYTES];
    bool found = false;
    batch_template *t = text ? malloc(sizeof *t) : NULL;
    if (t && batch_template_parse(t, text, why) == 0)
        for (size_t i = 0; i < t->count && !found; i++)
            found = t->pieces[i].is_field && t->pieces[i].length == length &&
                    memcmp(t->pieces[i].text, name, length) == 0;
    free(t);
    return found;
}

static int check_parameters(const cli_args *args, const cli_template *t, const char *prompt)
{
    const char *system = beluga_json_get_string(t->root, "system", NULL);
    for (size_t i = 0; i < args->parameters.count; i++) {
        const char *item = args->parameters.items[i];
        size_t n = strcspn(item, "=");
        if (!n || !item[n]) return out_usage("-p: must have the form NAME=VALUE, not %s", item);
        if (!declared(t, item, n) && !has_field(prompt, item, n) && !has_field(system, item, n))
            return out_usage("the template %s has no parameter %.*s", args->template, (int)n, item);
    }
    return 0;
}

/* Remove the newlines at the end, since a block of YAML ends with one. */
static void trim(cli_text *text)
{
    while (text->length && text->data[text->length - 1] == '\n') text->data[--text->length] = '\0';
}

/* ---- the parts ------------------------------------------------------------------------------- */

static int take_prompt(cli_args *args, cli_template *t, const char *prompt)
{
    bool batch = args->command == &cmd_batch;
    filling f = {.args = args,
                 .template = t,
                 .what = "prompt",
                 .rule = batch ? FIELDS_LINE : FIELDS_INPUT,
                 .out = &t->prompt};
    int rc = prompt ? fill(&f, prompt) : 0;
    trim(&t->prompt);
    if (rc == 0 && prompt && batch && !strstr(text_get(&t->prompt), "{{"))
        text_puts(&t->prompt, "\n\n{{text}}");
    if (t->prompt.status) return out_no_memory();
    const char *made = prompt ? text_get(&t->prompt) : NULL;
    if (batch)
        args->template = made;
    else
        args->frame = made;
    args->frame_is_whole = args->frame && !has_field(args->frame, INPUT, strlen(INPUT));
    return rc;
}

static int take_system(cli_args *args, cli_template *t)
{
    const char *system = beluga_json_get_string(t->root, "system", NULL);
    filling f = {.args = args, .template = t, .what = "system text", .out = &t->system};
    int rc = system && !args->system ? fill_system(&f, system) : 0;
    trim(&t->system);
    if (rc == 0 && system && !args->system) args->system = text_get(&t->system);
    return rc;
}

static int take_schema(cli_args *args, cli_template *t)
{
    size_t length;
    const beluga_json *schema = beluga_json_get(t->root, "schema");
    const char *text = beluga_json_string(schema, &length);
    if (!schema || args->schema) return 0;
    if (!command_takes(args->command, ARG_SCHEMA))
        return out_usage("beluga %s takes no schema, but the template %s has one",
                         args->command->name, args->template);
    const char *slash = strrchr(t->path, '/');
    bool relative = text && slash && text[0] != '/' && strchr(text, '/');
    if (relative) text_add(&t->schema, t->path, (size_t)(slash - t->path) + 1);
    if (!text) text = beluga_json_text(t->doc, schema, &length);
    if (!text || text_puts(&t->schema, text) != 0) return out_no_memory();
    args->schema = text_get(&t->schema);
    return 0;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Add "key=value". The texts are stored one after the other, each ended by NUL. */
static void put_option(cli_template *t, const char *key, const beluga_json *value)
{
    size_t length;
    const char *text = beluga_json_string(value, &length);
    if (!text) text = beluga_json_text(t->doc, value, &length);
    text_printf(&t->options, "%s=", key);
    if (text) text_add(&t->options, text, length);
    text_add(&t->options, "", 1);
}

static size_t put_options(cli_template *t, const beluga_json *options)
{
    size_t n = 0;
    for (const beluga_json *v = beluga_json_first(options); v; v = beluga_json_next(options, v)) {
        const char *key = beluga_json_key(v, NULL);
        const beluga_json *item = beluga_json_is_array(v) ? beluga_json_first(v) : NULL;
        for (; item; item = beluga_json_next(v, item), n++) put_option(t, key, item);
        if (beluga_json_is_array(v)) continue;
        put_option(t, key, v);
        n++;
    }
    return n;
}

/* Join the options and tools of the template with those of the command line. The options of the
 * command line come last, so that they override those of the template. */
static int take_lists(cli_args *args, cli_template *t)
{
    const beluga_json *tools = beluga_json_get(t->root, "tools");
    size_t n_options = put_options(t, beluga_json_get(t->root, "options"));
    size_t n_tools = beluga_json_count(tools);
    if (n_tools && !command_takes(args->command, ARG_TOOL))
        return out_usage("beluga %s takes no tools, but the template %s has some",
                         args->command->name, args->template);
    const char **items = t->items =
        calloc(n_options + n_tools + args->options.count + args->tools.count + 1, sizeof *t->items);
    if (!items || t->options.status) return out_no_memory();
    arg_list options = {.items = items}, all = {.items = items + n_options + args->options.count};
    const char *text = text_get(&t->options);
    for (size_t i = 0; i < n_options; i++, text += strlen(text) + 1)
        options.items[options.count++] = text;
    for (size_t i = 0; i < args->options.count; i++)
        options.items[options.count++] = args->options.items[i];
    for (const beluga_json *v = beluga_json_first(tools); v; v = beluga_json_next(tools, v))
        if (beluga_json_is_string(v)) all.items[all.count++] = beluga_json_string(v, NULL);
    for (size_t i = 0; i < args->tools.count; i++) all.items[all.count++] = args->tools.items[i];
    args->options = options;
    args->tools = all;
    return 0;
}

/* ---- the template ---------------------------------------------------------------------------- */

static int take_file(cli_args *args, cli_template *t)
{
    int rc = template_read(args, args->template, t);
    if (rc != 0) return rc;
    const char *prompt = beluga_json_get_string(t->root, "prompt", NULL);
    rc = check_parameters(args, t, prompt);
    if (rc == 0) rc = take_system(args, t);
    if (rc == 0) rc = take_schema(args, t);
    if (rc == 0) rc = take_lists(args, t);
    if (rc != 0) return rc;
    const char *model = beluga_json_get_string(t->root, "model", NULL);
    if (model && !args->model) {
        args->model = model;
        args->model_by = "template";
    }
    return take_prompt(args, t, prompt);
}

int template_apply(cli_args *args, cli_template *t)
{
    if (args->help || args->version) return 0;
    if (!args->template && args->parameters.count)
        return out_usage("-p sets a parameter of a template: name the template with -t");
    if (!args->template) return 0;
    if (!strstr(args->template, "{{")) return take_file(args, t);
    int rc = check_parameters(args, t, args->template);
    return rc ? rc : take_prompt(args, t, args->template);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int look_up(void *payload, const char *name, size_t name_length, const char **text,
                   size_t *length)
{
    const cli_text *input = payload;
    (void)name;
    (void)name_length;
    *text = text_get(input);
    *length = input->length;
    return 1;
}

int template_put_into_frame(const char *frame, cli_text *text)
{
    char why[BATCH_WHY_BYTES];
    cli_text made = {0};
    batch_template *t = frame ? malloc(sizeof *t) : NULL;
    if (!frame) return 0;
    int status = t ? batch_template_parse(t, frame, why) : -1;
    if (status == 0) status = batch_template_fill(t, look_up, text, &made, why);
    if (status == 0 && text->length && !batch_template_has_field(t)) {
        text_puts(&made, "\n\n");
        status = text_add(&made, text->data, text->length);
    }
    free(t);
    if (status != 0) {
        text_free(&made);
        return out_no_memory();
    }
    text_free(text);
    *text = made;
    return 0;
}
