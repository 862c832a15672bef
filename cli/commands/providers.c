/* beluga providers: lists the providers. */
#include "base/limits.h"
#include "commands/command.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/table.h"
#include "terminal/term.h"

#include <beluga/chat_model.h>
#include <beluga/log.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 160
#define URL_BYTES 512

/* ---- facts about a provider ------------------------------------------------------------------ */

/* A provider as the configuration defines it. */
typedef struct listed_provider {
    /* the first member, so that a pointer to the table is also a pointer to this struct */
    beluga_provider table;
    /* holds the strings that the table borrows, and the provider's section */
    beluga_config *config;
} listed_provider;

static const beluga_config *config_of(const beluga_provider *p)
{
    return ((const listed_provider *)(const void *)p)->config;
}

static const char *base_of(const beluga_provider *p)
{
    const char *base = NULL;
    beluga_config_get_string(config_of(p), BELUGA_OPTION_BASE, &base);
    return base;
}

/* Write a provider's URL. A user name, password or key in a URL of the configuration is left
 * out. */
static const char *url_of(const beluga_provider *p, char *text)
{
    bool given =
        beluga_config_describe(config_of(p), BELUGA_OPTION_BASE_URL, text, URL_BYTES, NULL);
    return given ? text : p->base_url;
}

/* Describe the key that the configuration has for a provider, without revealing it. Returns false
 * if there is none. */
static bool has_key(const beluga_provider *p, char *text)
{
    return beluga_config_describe(config_of(p), BELUGA_OPTION_API_KEY, text, KEY_BYTES, NULL) > 0;
}

typedef enum key_presence {
    KEY_NONE,
    KEY_SET,
    KEY_MISSING,
    KEY_OPTIONAL,
    KEY_REFERENCE
} key_presence;

static const struct {
    const char *word, *mark;
} key_states[] = {
    [KEY_NONE] = {"none", "-"},           [KEY_SET] = {"set", "set"},
    [KEY_MISSING] = {"missing", "no"},    [KEY_OPTIONAL] = {"optional", "-"},
    [KEY_REFERENCE] = {"reference", "?"},
};

/* Returns the state of a key. A key that is given as a reference, such as the name of a profile,
 * counts as KEY_REFERENCE: whether it exists is only known when a call looks it up. */
static key_presence key_state(const beluga_provider *p)
{
    char key[KEY_BYTES];
    if (session_find_variable(p->key_variables)) return KEY_SET;
    if (has_key(p, key)) return strcmp(key, "set") == 0 ? KEY_SET : KEY_REFERENCE;
    if (p->key_reference) return KEY_REFERENCE;
    if (!p->key_variables || !p->key_variables[0]) return KEY_NONE;
    return p->capabilities & BELUGA_CAPABILITY_NO_KEY ? KEY_OPTIONAL : KEY_MISSING;
}

/* Return the environment variable that contains the key, or the provider's first variable if none
 * is set; "": the provider has no variables. */
static const char *key_variable(const beluga_provider *p)
{
    const char *variable = session_find_variable(p->key_variables);
    if (variable) return variable;
    return p->key_variables && p->key_variables[0] ? p->key_variables[0] : "";
}

static const char *or_else(const char *text, const char *other)
{
    return text ? text : other;
}

static const char *type_name(uint32_t type)
{
    switch (type) {
    case BELUGA_OPTION_BOOL: return "bool";
    case BELUGA_OPTION_INT: return "int";
    case BELUGA_OPTION_DOUBLE: return "number";
    default: return "text";
    }
}

/* Return the file of the provider's plug-in, or NULL. */
static const char *file_of(const beluga_provider *p)
{
    return beluga_registry_plugin_file(beluga_registry_default(), p->name);
}

static size_t count_capabilities(void)
{
    size_t n = 0;
    while (beluga_capability_name((uint64_t)1 << n)) n++;
    return n;
}

/* Return the name of the capability with this index. The index after the last capability stands for
 * the batch API, which has no capability bit. A larger index returns NULL. */
static const char *ability(size_t index)
{
    size_t n = count_capabilities();
    if (index < n) return beluga_capability_name((uint64_t)1 << index);
    return index == n ? "batch_jobs" : NULL;
}

static bool has_ability(const beluga_provider *p, size_t index)
{
    if (index < count_capabilities()) return p->capabilities >> index & 1;
    return p->batch;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_names(beluga_json_writer *w, const char *key, const char *const *names)
{
    beluga_json_begin_array(w, key);
    for (; names && *names; names++) beluga_json_put_string(w, NULL, *names);
    beluga_json_end_array(w);
}

static void put_capabilities(beluga_json_writer *w, const beluga_provider *p)
{
    const char *name;
    beluga_json_begin_array(w, "capabilities");
    for (size_t i = 0; (name = ability(i)); i++)
        if (has_ability(p, i)) beluga_json_put_string(w, NULL, name);
    beluga_json_end_array(w);
}

static void put_notes(beluga_json_writer *w, const char *const *notes)
{
    beluga_json_begin_array(w, "notes");
    for (; notes && *notes; notes++)
        if (**notes) beluga_json_put_string(w, NULL, *notes);
    beluga_json_end_array(w);
}

static void put_own_options(beluga_json_writer *w, const beluga_own_option *option)
{
    beluga_json_begin_array(w, "options");
    for (; option && option->name; option++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "name", option->name);
        beluga_json_put_string(w, "type", type_name(option->type));
        beluga_json_put_string(w, "meaning", option->meaning);
        beluga_json_put_string(w, "variable", option->variable);
        if (option->words) put_names(w, "words", option->words);
        if (option->minimum < option->maximum) {
            beluga_json_put_double(w, "minimum", option->minimum);
            beluga_json_put_double(w, "maximum", option->maximum);
        }
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_provider(beluga_json_writer *w, const beluga_provider *p)
{
    char key[KEY_BYTES], url[URL_BYTES];
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "name", p->name);
    beluga_json_put_string(w, "base", base_of(p));
    beluga_json_put_string(w, "protocol", p->protocol);
    beluga_json_put_string(w, "default_model", p->default_model);
    beluga_json_put_string(w, "base_url", url_of(p, url));
    beluga_json_put_string(w, "plugin", file_of(p));
    put_names(w, "key_variables", p->key_variables);
    beluga_json_put_string(w, "key_set_by", session_find_variable(p->key_variables));
    beluga_json_put_string(w, "key_state", key_states[key_state(p)].word);
    beluga_json_put_string(w, "key_reference", p->key_reference);
    beluga_json_put_string(w, "api_key", has_key(p, key) ? key : NULL);
    put_names(w, "url_variables", p->url_variables);
    put_capabilities(w, p);
    put_notes(w, p->notes);
    put_own_options(w, p->options);
    beluga_json_end_object(w);
}

static int print_json(const beluga_provider *const *providers, size_t n)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_begin_array(w, "providers");
        for (size_t i = 0; i < n; i++) put_provider(w, providers[i]);
        beluga_json_end_array(w);
        beluga_json_end_object(w);
    }
    return report_json(w);
}

/* ---- for a pipe: a row for each provider, always with all columns ---------------------------- */

static int print_rows(const beluga_provider *const *providers, size_t n)
{
    const char *titles[TABLE_MAX_COLUMNS] = {"name",          "key state", "key variable",
                                             "default model", "base URL",  "protocol"};
    term_table table;
    const char *name;
    size_t columns = 6;
    for (size_t i = 0; (name = ability(i)); i++)
        if (columns < TABLE_MAX_COLUMNS) titles[columns++] = name;
    table_begin(&table, columns, titles);
    for (size_t i = 0; i < n; i++) {
        const beluga_provider *p = providers[i];
        char url[URL_BYTES];
        table_add(&table, p->name);
        table_add(&table, key_states[key_state(p)].word);
        table_add(&table, key_variable(p));
        table_add(&table, p->default_model);
        table_add(&table, url_of(p, url));
        table_add(&table, p->protocol);
        for (size_t k = 6; k < columns; k++)
            table_add(&table, has_ability(p, k - 6) ? "yes" : "no");
    }
    return table_print(&table);
}

/* ---- for a terminal: as many columns as fit into its width ----------------------------------- */

/* The capabilities that differ between providers and are shown. All providers stream, and the key
 * has a column of its own. */
static const uint64_t shown[] = {
    BELUGA_CAPABILITY_TOOLS, BELUGA_CAPABILITY_REASONING, BELUGA_CAPABILITY_IMAGES,
    BELUGA_CAPABILITY_AUDIO, BELUGA_CAPABILITY_FILES,     BELUGA_CAPABILITY_SCHEMA,
    BELUGA_CAPABILITY_CACHE, BELUGA_CAPABILITY_MODELS,
};
#define N_SHOWN (sizeof shown / sizeof *shown)

typedef struct provider_layout {
    bool with_model, key_in_full, titles_in_full;
} provider_layout;

/* The layouts of the table, from the widest to the narrowest. */
static const provider_layout layouts[] = {
    {true, true, true},
    {false, true, true},
    {false, false, true},
    {false, false, false},
};
#define N_LAYOUTS (sizeof layouts / sizeof *layouts)

static void describe_key(const beluga_provider *p, char *text, size_t size)
{
    const char *variable = key_variable(p);
    char given[KEY_BYTES];
    if (!session_find_variable(p->key_variables) && has_key(p, given)) {
        snprintf(text, size, "%s", strcmp(given, "set") == 0 ? "api_key is set" : given);
        return;
    }
    switch (key_state(p)) {
    case KEY_SET: snprintf(text, size, "%s is set", variable); break;
    case KEY_MISSING: snprintf(text, size, "set %s", variable); break;
    case KEY_REFERENCE:
        snprintf(text, size, "%s%s%s", variable, *variable ? " or " : "", p->key_reference);
        break;
    default: snprintf(text, size, "not needed");
    }
}

static void add_provider(term_table *table, const provider_layout *layout, const beluga_provider *p)
{
    const char *yes = term_is_utf8() ? "\xe2\x9c\x93" : "x";
    char key[KEY_BYTES];
    describe_key(p, key, sizeof key);
    table_add(table, p->name);
    table_add(table, layout->key_in_full ? key : key_states[key_state(p)].mark);
    for (size_t i = 0; i < N_SHOWN; i++) table_add(table, p->capabilities & shown[i] ? yes : "-");
    if (layout->with_model) table_add(table, or_else(p->default_model, "-"));
}

static void make_title(const char *name, size_t size, char *title)
{
    size_t n = 0;
    for (; name[n] && n + 1 < size; n++) title[n] = (char)toupper((unsigned char)name[n]);
    title[n] = '\0';
}

static void fill_matrix(term_table *table, const provider_layout *layout,
                        const beluga_provider *const *providers, size_t n)
{
    char words[N_SHOWN][24];
    const char *titles[N_SHOWN + 3] = {"PROVIDER", "KEY"};
    for (size_t i = 0; i < N_SHOWN; i++) {
        make_title(beluga_capability_name(shown[i]), layout->titles_in_full ? sizeof *words : 2,
                   words[i]);
        titles[2 + i] = words[i];
    }
    titles[2 + N_SHOWN] = "DEFAULT MODEL";
    table_begin(table, 2 + N_SHOWN + (layout->with_model ? 1 : 0), titles);
    table->first_tight = 2;
    table->last_tight = 1 + N_SHOWN;
    for (size_t i = 0; i < n; i++) add_provider(table, layout, providers[i]);
}

static void print_legend(const provider_layout *layout)
{
    char letters[256] = "";
    size_t at = 0;
    for (size_t i = 0; i < N_SHOWN && !layout->titles_in_full; i++) {
        const char *name = beluga_capability_name(shown[i]);
        at += (size_t)snprintf(letters + at, sizeof letters - at, "%c %s%s",
                               toupper((unsigned char)*name), name, i + 1 < N_SHOWN ? ", " : ".");
    }
    out_printf("\n");
    if (*letters) out_wrapped(letters, 0, 0);
    if (!layout->key_in_full)
        out_wrapped("KEY: its variable is set, or \"no\" if it is not; - no key is needed; ? the "
                    "key is looked up when a call needs it.",
                    0, 0);
    out_wrapped("beluga providers NAME shows everything about one provider.", 0, 0);
}

static int print_matrix(const beluga_provider *const *providers, size_t n)
{
    term_table table;
    size_t i = 0;
    fill_matrix(&table, &layouts[i], providers, n);
    while (table_width(&table) > term_width() && i + 1 < N_LAYOUTS) {
        table_free(&table);
        fill_matrix(&table, &layouts[++i], providers, n);
    }
    int rc = table_print(&table);
    if (rc == 0) print_legend(&layouts[i]);
    return rc;
}

/* ---- one provider ---------------------------------------------------------------------------- */

#define INDENT 15

static void put_field(const char *name, const char *text)
{
    char line[1024];
    beluga_text_to_line(text, strlen(text), line, sizeof line);
    out_printf("%-*s", INDENT, name);
    out_wrapped(line, INDENT, INDENT);
}

static void put_list(const char *name, const char *const *items)
{
    char text[512];
    size_t at = 0;
    if (!items || !*items) return;
    for (; *items && at < sizeof text; items++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? ", " : "", *items);
    put_field(name, text);
}

static void put_what_it_can(const beluga_provider *p)
{
    const char *names[66] = {NULL}, *name;
    size_t n = 0;
    for (size_t i = 0; (name = ability(i)); i++)
        if (has_ability(p, i)) names[n++] = name;
    put_list("can", names);
}

/* Write the words that an option accepts, as many as fit, or the name of its type. */
static void write_type(const beluga_own_option *o, char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, "%s", o->words ? "one of" : type_name(o->type));
    for (const char *const *word = o->words; word && *word && at < size; word++)
        at += (size_t)snprintf(text + at, size - at, "%s %s", word == o->words ? "" : ",", *word);
}

static void put_own_option(const beluga_own_option *o)
{
    char range[96] = "", variable[96] = "", type[256], text[640];
    write_type(o, type, sizeof type);
    if (o->minimum < o->maximum)
        snprintf(range, sizeof range, " from %.10g to %.10g", o->minimum, o->maximum);
    if (o->variable) snprintf(variable, sizeof variable, " (or %s)", o->variable);
    snprintf(text, sizeof text, "%s%s, %s%s: %s", o->name, variable, type, range, o->meaning);
    put_field("option", text);
}

static int print_one(const beluga_provider *p)
{
    char key[KEY_BYTES], url[URL_BYTES];
    describe_key(p, key, sizeof key);
    put_field("name", p->name);
    if (base_of(p)) put_field("base", base_of(p));
    put_field("protocol", or_else(p->protocol, "-"));
    put_field("default model", or_else(p->default_model, "-"));
    put_field("base URL", or_else(url_of(p, url), "-"));
    put_list("URL variables", p->url_variables);
    put_field("key", key);
    put_list("key variables", p->key_variables);
    if (file_of(p)) put_field("plug-in", file_of(p));
    put_what_it_can(p);
    for (const char *const *note = p->notes; note && *note; note++)
        if (**note) put_field("note", *note);
    for (const beluga_own_option *o = p->options; o && o->name; o++) put_own_option(o);
    return CLI_EXIT_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Find a provider's table and its resolved configuration. */
static int find(cli_session *session, const char *name, listed_provider *out, beluga_error *err)
{
    int rc = session_describe(session, name, &out->table, err);
    if (rc != 0) return rc;
    out->config = session->config;
    session->config = NULL;
    return 0;
}

static int print_list(const cli_args *args, const beluga_provider *const *providers, size_t n)
{
    if (args->json) return print_json(providers, n);
    return term_is_out() ? print_matrix(providers, n) : print_rows(providers, n);
}

/* List the providers. A mistake in one of the file's own providers does not prevent listing the
 * others. */
static int list(cli_session *session, const cli_args *args)
{
    const cli_args to_stderr = {0};
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    const beluga_provider *providers[BELUGA__MAX_SHOWN_PROVIDERS];
    size_t n = session_list_providers(session, names, BELUGA__MAX_SHOWN_PROVIDERS), found = 0;
    listed_provider *all = calloc(n + 1, sizeof *all);
    int failure = 0;
    if (!all) return out_no_memory();
    for (size_t i = 0; i < n; i++) {
        beluga_error err;
        int rc =
            find(session, names[i], &all[found], &err) ? report_error(&to_stderr, &err, NULL) : 0;
        if (!failure) failure = rc;
        if (rc) continue;
        providers[found] = &all[found].table;
        found++;
    }
    int rc = print_list(args, providers, found);
    for (size_t i = 0; i < found; i++) beluga_config_free(all[i].config);
    free(all);
    return rc ? rc : failure;
}

static int show(cli_session *session, const cli_args *args, const char *name)
{
    listed_provider one;
    const beluga_provider *const provider = &one.table;
    beluga_error err;
    if (find(session, name, &one, &err) != 0) return report_error(args, &err, NULL);
    int rc = args->json ? print_json(&provider, 1) : print_one(provider);
    beluga_config_free(one.config);
    return rc;
}

static int run(const cli_args *args)
{
    cli_session session;
    int rc = session_load(&session, args);
    if (rc == 0)
        rc = args->operands.count ? show(&session, args, args->operands.items[0])
                                  : list(&session, args);
    session_free(&session);
    return rc;
}

const cli_command cmd_providers = {
    .name = "providers",
    .operands = "[NAME]",
    .summary = "List the providers, or show one of them and its own options.",
    .takes = ARG_SET(ARG_JSON, ARG_PLUGIN, ARG_CONFIG, ARG_QUIET),
    .max_operands = 1,
    .lists_alone = true,
    .run = run,
    .details =
        "The list includes the providers that the configuration file defines, which are entries "
        "with a base. An entry with a mistake is reported on stderr and left out. Nothing is sent. "
        "On a terminal the table has the width of the terminal. In a pipe the columns are "
        "separated by tabs and have no titles: name, state of the key (set, missing, optional, "
        "none, or reference, which is looked up when a call needs it), variable of the key, "
        "default model, base URL, protocol, and a yes or no for each of stream, tools, "
        "parallel_tools, reasoning, images, audio, files, schema, cache, models, local, no_key, "
        "embed, count and batch_jobs. For a provider of a plug-in, its own page names the "
        "plug-in's file.\n\n"
        "With --json: {\"providers\": [{name, base, protocol, default_model, base_url, plugin, "
        "key_variables, key_set_by, key_state, key_reference, api_key, url_variables, "
        "capabilities, notes, options}]}. base is null unless the file defines the provider; "
        "api_key is what the file says about a key: a reference, or that one is set.",
};
