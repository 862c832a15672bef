/* beluga templates: lists the templates for -t, and shows one of them. */
#include "base/new_file.h"
#include "base/utf8.h"
#include "commands/command.h"
#include "exit.h"
#include "folders.h"
#include "input.h"
#include "output.h"
#include "report.h"
#include "template.h"
#include "terminal/compose.h"
#include "terminal/table.h"
#include "terminal/term.h"

#include <beluga/log.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Size of a description in the list, which is more than a terminal shows in a line. */
#define TEXT_BYTES 256
#define TITLE      "TEMPLATE"

typedef struct template_listing {
    const cli_args *args;
    beluga_json_writer *w; /* NULL: text */
    term_table table;
    size_t count;
    int code; /* exit code of the first file with a mistake */
} template_listing;

/* ---- list ------------------------------------------------------------------------------------ */

static const char *text_of(const cli_template *t)
{
    static const char *const keys[] = {"description", "prompt", "system"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = beluga_json_get_string(t->root, keys[i], NULL);
        if (text) return text;
    }
    return "";
}

static void put_json(beluga_json_writer *w, const char *name, const cli_template *t)
{
    static const char *const keys[] = {"description", "model", "system", "prompt"};
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "name", name);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = beluga_json_get_string(t->root, keys[i], NULL);
        if (text) beluga_json_put_string(w, keys[i], text);
    }
    beluga_json_begin_array(w, "parameters");
    for (const beluga_json *v = beluga_json_first(t->parameters); v;
         v = beluga_json_next(t->parameters, v))
        beluga_json_put_string(w, NULL, beluga_json_key(v, NULL));
    beluga_json_end_array(w);
    beluga_json_end_object(w);
}

static void put_row(term_table *table, const char *name, const cli_template *t)
{
    char text[TEXT_BYTES];
    const char *all = text_of(t);
    size_t width = term_width(),
           column = strlen(name) > strlen(TITLE) ? strlen(name) : strlen(TITLE);
    beluga_text_to_line(all, strcspn(all, "\n"), text, sizeof text);
    size_t room = width > column + 3 ? width - column - 3 : 1;
    if (term_is_out() && strlen(text) > room)
        text[beluga__utf8_cut(text, strlen(text), room)] = '\0';
    table_add(table, name);
    table_add(table, text);
}

/* List one template. A mistake in its file is reported, and the other templates are still listed.
 */
static void list_one(void *payload, const char *name)
{
    template_listing *l = payload;
    cli_template t = {.path = ""};
    int rc = template_read(l->args, name, &t);
    if (rc == 0 && l->w) put_json(l->w, name, &t);
    if (rc == 0 && !l->w) put_row(&l->table, name, &t);
    if (rc != 0 && !l->code) l->code = rc;
    template_free(&t);
    l->count++;
}

static int list_json(template_listing *l)
{
    l->w = beluga_json_writer_new();
    if (!l->w) return out_no_memory();
    beluga_json_begin_object(l->w, NULL);
    beluga_json_begin_array(l->w, "templates");
    int rc = template_each(l->args, list_one, l);
    beluga_json_end_array(l->w);
    beluga_json_end_object(l->w);
    int code = report_json(l->w);
    return rc ? rc : code;
}

static int list_table(template_listing *l)
{
    static const char *const titles[] = {TITLE, "TEXT"};
    char folder[PATH_MAX];
    table_begin(&l->table, 2, titles);
    int rc = template_each(l->args, list_one, l);
    if (rc == 0 && l->count) return table_print(&l->table);
    table_free(&l->table);
    if (rc == 0 && (rc = template_folder(l->args, folder)) == 0)
        out_note("there are no templates in %s; create one with beluga templates edit NAME",
                 folder);
    return rc;
}

static int do_list(const cli_args *args, const char *name)
{
    template_listing l = {.args = args};
    if (name) return out_usage("beluga templates list takes no template name");
    int rc = args->json ? list_json(&l) : list_table(&l);
    return rc ? rc : l.code;
}

/* ---- one template ---------------------------------------------------------------------------- */

static int do_show(const cli_args *args, const char *name)
{
    cli_template t = {.path = ""};
    cli_text text = {0};
    if (!name) return out_usage("name the template: beluga templates show NAME");
    int rc = template_read(args, name, &t);
    if (rc == 0) rc = input_read_file(t.path, MAX_PROMPT_BYTES, &text);
    if (rc == 0) out_text(text_get(&text), text.length);
    if (rc == 0) out_end_line();
    text_free(&text);
    template_free(&t);
    return rc;
}

/* The contents of a new template file, which show its possible members. */
static const char skeleton[] = "# description: What it is for\n"
                               "# model: an alias, or PROVIDER/MODEL\n"
                               "# system: What the model should know or be\n"
                               "prompt: |\n"
                               "  {{input}}\n"
                               "# options: {temperature: 0.2}\n"
                               "# parameters: {language: null, tone: formal}\n";

static int read_or_begin(const char *path, cli_text *text)
{
    if (access(path, F_OK) == 0) return input_read_file(path, MAX_PROMPT_BYTES, text);
    return text_puts(text, skeleton) ? out_no_memory() : 0;
}

/* Write a file. It appears under its name only when it is complete. */
static int write_file(char *path, const cli_text *text)
{
    beluga__new_file file = {.fd = -1, .folder = -1};
    char why[128];
    int rc = 0;
    if (folders_make(path) != 0 || beluga__new_file_begin(&file, path, true) != 0 ||
        beluga__file_write(file.fd, text_get(text), text->length) != 0 ||
        beluga__file_write(file.fd, "\n", 1) != 0 || beluga__new_file_replace(&file) != 0) {
        out_error("%s can't be written: %s", path, beluga__file_explain(errno, why, sizeof why));
        rc = CLI_EXIT_OTHER;
    }
    beluga__new_file_end(&file);
    return rc;
}

/* Edit a template. The file is kept even if it has a mistake. */
static int do_edit(const cli_args *args, const char *name)
{
    char path[PATH_MAX];
    cli_text text = {0};
    cli_template t = {.path = ""};
    if (!name) return out_usage("name the template: beluga templates edit NAME");
    int rc = template_find(args, name, path);
    if (rc == 0) rc = read_or_begin(path, &text);
    if (rc == 0) rc = compose(&text);
    if (rc == 0) rc = write_file(path, &text);
    if (rc == 0) rc = template_read(args, name, &t);
    if (rc == 0) out_note("written: %s", path);
    template_free(&t);
    text_free(&text);
    return rc;
}

static int do_path(const cli_args *args, const char *name)
{
    char path[PATH_MAX];
    int rc = name ? template_find(args, name, path) : template_folder(args, path);
    if (rc != 0) return rc;
    out_name(path);
    out_printf("\n");
    return 0;
}

static int do_remove(const cli_args *args, const char *name)
{
    char path[PATH_MAX];
    if (!name) return out_usage("name the template: beluga templates remove NAME");
    int rc = template_find(args, name, path);
    if (rc != 0) return rc;
    if (unlink(path) == 0) {
        out_note("the template %s was removed", name);
        return 0;
    }
    out_error("%s can't be removed: %s", path, strerror(errno));
    return errno == ENOENT ? CLI_EXIT_USAGE : CLI_EXIT_OTHER;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(const cli_args *args)
{
    static const struct {
        const char *name;
        int (*run)(const cli_args *args, const char *name);
    } verbs[] = {{"list", do_list},
                 {"show", do_show},
                 {"edit", do_edit},
                 {"path", do_path},
                 {"remove", do_remove}};
    const arg_list *operands = &args->operands;
    const char *verb = operands->count ? operands->items[0] : "list";
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, verb) == 0)
            return verbs[i].run(args, operands->count > 1 ? operands->items[1] : NULL);
    return out_usage(
        "beluga templates has no subcommand \"%s\"; choose list, show, edit, path or remove", verb);
}

const cli_command cmd_templates = {
    .name = "templates",
    .operands = "[list|show|edit|path|remove] [NAME]",
    .words = "list show edit path remove",
    .summary = "Store prompts under a name, together with their options.",
    .takes = ARG_SET(ARG_JSON, ARG_CONFIG, ARG_QUIET),
    .max_operands = 2,
    .run = run,
    .details =
        "A template is the file NAME.yaml in the folder templates beside the configuration. It may "
        "have a description, a model, a system text, a prompt, options, a schema, tools (a list of "
        "names), and parameters: a map from names to default values, in which null means no "
        "default. -t NAME uses it in prompt, chat and batch; the command line overrides the "
        "template.\n\n"
        "{{NAME}} in the prompt or system text stands for the parameter of that name, which -p "
        "NAME=VALUE sets; {{{{ stands for two braces. {{input}} in the prompt stands for the "
        "prompt of the command line; if a template's prompt has no {{input}}, the prompt of the "
        "command line follows it. In a batch, other names are fields of the lines.\n\n"
        "show prints the file, edit opens it in $VISUAL or $EDITOR and creates it if it is "
        "missing, path prints where it is, remove deletes it.\n\n"
        "With --json: {templates: [{name, description, model, system, prompt, parameters}]}.",
};
