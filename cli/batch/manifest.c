#include "batch/manifest.h"

#include "exit.h"
#include "logbook/options.h"
#include "output.h"

#include <beluga/option.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 3
/* Longer values of options are not put into the manifest. */
#define MOST_VALUE_BYTES 128

/* ---- options --------------------------------------------------------------------------------- */

/* Returns whether the manifest may contain this option because its value is a number or a word,
 * which can't be a secret. All other options must be set in the configuration of each worker. */
static bool is_told(int key)
{
    const beluga_option_info *info = beluga_option_get_info(key);
    return beluga_option_shapes_answer(key) && info->type != BELUGA_OPTION_STRING &&
           info->type != BELUGA_OPTION_LIST && info->type != BELUGA_OPTION_POINTER;
}

/* Returns whether an option is a text that the manifest may contain, because it only tells the
 * model how to answer. */
static bool is_word(int key)
{
    return key == BELUGA_OPTION_STOP_SEQUENCES || key == BELUGA_OPTION_TOOL_CHOICE;
}

/* Returns whether a value is a number or a switch. Of a provider's own options, only these are
 * allowed. */
static bool is_plain(const char *value)
{
    return !value[strspn(value, "0123456789.-")] || strcmp(value, "true") == 0 ||
           strcmp(value, "false") == 0;
}

static bool may_set(const char *text)
{
    beluga_option option;
    const char *value = strchr(text, '=');
    if (!value || beluga_option_parse(text, &option, NULL) != 0) return false;
    if (option.key == BELUGA_OPTION_PROVIDER_SPECIFIC) return is_plain(value + 1);
    return is_word(option.key) || is_told(option.key);
}

static bool is_given(const cli_args *args, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < args->options.count; i++)
        if (strncmp(args->options.items[i], name, n) == 0 && args->options.items[i][n] == '=')
            return true;
    return false;
}

static void put_option(beluga_json_writer *w, const beluga_config *config, int key)
{
    char text[2 * MOST_VALUE_BYTES], value[MOST_VALUE_BYTES];
    size_t n = beluga_config_describe(config, key, value, sizeof value, NULL);
    if (!n || n >= sizeof value) return;
    snprintf(text, sizeof text, "%s=%s", beluga_option_get_info(key)->name, value);
    beluga_json_put_string(w, NULL, text);
}

static void put_given(beluga_json_writer *w, const char *list)
{
    beluga_json_doc *doc = NULL;
    if (!*list || beluga_json_parse(list, strlen(list), &doc, NULL) != 0) return;
    const beluga_json *root = beluga_json_doc_root(doc);
    for (const beluga_json *v = beluga_json_first(root); v; v = beluga_json_next(root, v))
        beluga_json_put_string(w, NULL, beluga_json_string(v, NULL));
    beluga_json_doc_free(doc);
}

int batch_manifest_options(const cli_args *args, const beluga_config *config, cli_text *out)
{
    cli_text given = {0};
    const char *json;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    int rc = w ? logbook_options_make(args, NULL, &given) : -1;
    if (rc == 0) {
        beluga_json_begin_array(w, NULL);
        put_given(w, text_get(&given));
        for (int key = 1; key < BELUGA_OPTION_COUNT; key++)
            if (is_told(key) && !is_given(args, beluga_option_get_info(key)->name))
                put_option(w, config, key);
        beluga_json_end_array(w);
        rc = beluga_json_writer_text(w, &json, &length) || text_add(out, json, length) ? -1 : 0;
    }
    text_free(&given);
    beluga_json_writer_free(w);
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_text(beluga_json_writer *w, const char *name, const char *text)
{
    if (text) beluga_json_put_string(w, name, text);
}

static void put_flag(beluga_json_writer *w, const char *name, bool flag)
{
    if (flag) beluga_json_put_bool(w, name, true);
}

static void put_number(beluga_json_writer *w, const char *name, int64_t number)
{
    if (number) beluga_json_put_int(w, name, number);
}

static void put_facts(beluga_json_writer *w, const batch_facts *facts)
{
    beluga_json_begin_object(w, "facts");
    for (size_t i = 0; i < facts->count; i++)
        beluga_json_put_string(w, facts->items[i].name, facts->items[i].value);
    beluga_json_end_object(w);
}

static void put_layout(beluga_json_writer *w, const batch_layout *layout)
{
    char delimiter[] = {layout->delimiter, '\0'};
    beluga_json_put_string(w, "format", batch_format_name(layout->format));
    if (layout->delimiter) beluga_json_put_string(w, "delimiter", delimiter);
    put_flag(w, "headless", layout->headless);
}

static void put_limits(beluga_json_writer *w, const batch_limits *limits)
{
    put_number(w, "requests_per_minute", limits->requests_per_minute);
    put_number(w, "tokens_per_minute", limits->tokens_per_minute);
    put_number(w, "max_concurrent_calls", limits->max_concurrent_calls);
    if (limits->budget > 0) beluga_json_put_double(w, "budget", limits->budget);
}

static void put_manifest(beluga_json_writer *w, const batch_manifest *m, const batch_facts *facts)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "version", VERSION);
    beluga_json_put_string(w, "id", m->id);
    beluga_json_put_int(w, "lines", (int64_t)m->lines);
    beluga_json_put_int(w, "there", (int64_t)m->there);
    beluga_json_put_string(w, "model", m->model);
    put_text(w, "template", m->template);
    put_text(w, "system", m->system);
    put_text(w, "schema", m->schema);
    put_text(w, "prompt_column", m->prompt_column);
    put_text(w, "attach_column", m->attach_column);
    put_text(w, "options", m->options);
    put_flag(w, "openai", m->openai);
    put_flag(w, "strict", m->strict);
    put_flag(w, "attach_anyway", m->attach_anyway);
    put_flag(w, "tools", m->has_tools);
    if (m->paid > 0) beluga_json_put_double(w, "paid", m->paid);
    put_layout(w, &m->layout);
    put_limits(w, &m->limits);
    put_facts(w, facts);
    beluga_json_end_object(w);
}

/* Append the JSON of a writer, and free the writer. */
static int take_text(beluga_json_writer *w, cli_text *out)
{
    const char *json;
    size_t length;
    int rc = beluga_json_writer_text(w, &json, &length) || text_add(out, json, length) ? -1 : 0;
    beluga_json_writer_free(w);
    return rc;
}

int batch_manifest_write(const batch_manifest *manifest, const batch_facts *facts, cli_text *out)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return -1;
    put_manifest(w, manifest, facts);
    return take_text(w, out);
}

int batch_limits_write(const batch_limits *limits, cli_text *out)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return -1;
    beluga_json_begin_object(w, NULL);
    put_limits(w, limits);
    beluga_json_end_object(w);
    return take_text(w, out);
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *get_text(const beluga_json *root, const char *name)
{
    return beluga_json_get_string(root, name, NULL);
}

static bool get_flag(const beluga_json *root, const char *name)
{
    return beluga_json_bool(beluga_json_get(root, name), false);
}

static int64_t get_limit(const beluga_json *root, const char *name)
{
    int64_t n = beluga_json_get_int(root, name, 0);
    return n > 0 ? n : 0;
}

static batch_limits get_limits(const beluga_json *root)
{
    return (batch_limits){
        .requests_per_minute = get_limit(root, "requests_per_minute"),
        .tokens_per_minute = get_limit(root, "tokens_per_minute"),
        .max_concurrent_calls = get_limit(root, "max_concurrent_calls"),
        .budget = beluga_json_double(beluga_json_get(root, "budget"), 0),
    };
}

void batch_limits_take(batch_limits *limits, const char *terms)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(terms, strlen(terms), &doc, NULL) != 0) return;
    const batch_limits given = get_limits(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    if (given.requests_per_minute) limits->requests_per_minute = given.requests_per_minute;
    if (given.tokens_per_minute) limits->tokens_per_minute = given.tokens_per_minute;
    if (given.max_concurrent_calls) limits->max_concurrent_calls = given.max_concurrent_calls;
    if (given.budget > 0) limits->budget = given.budget;
}

static batch_layout get_layout(const beluga_json *root)
{
    const char *format = get_text(root, "format"), *delimiter = get_text(root, "delimiter");
    return (batch_layout){.format = format ? batch_format_from_name(format) : BATCH_AUTO,
                          .delimiter = delimiter ? *delimiter : '\0',
                          .headless = get_flag(root, "headless")};
}

static void get_all(batch_manifest *m, const beluga_json *root)
{
    m->id = get_text(root, "id");
    m->model = get_text(root, "model");
    m->template = get_text(root, "template");
    m->system = get_text(root, "system");
    m->schema = get_text(root, "schema");
    m->prompt_column = get_text(root, "prompt_column");
    m->attach_column = get_text(root, "attach_column");
    m->options = get_text(root, "options");
    m->openai = get_flag(root, "openai");
    m->strict = get_flag(root, "strict");
    m->attach_anyway = get_flag(root, "attach_anyway");
    m->has_tools = get_flag(root, "tools");
    m->layout = get_layout(root);
    m->limits = get_limits(root);
    m->lines = (uint64_t)get_limit(root, "lines");
    m->there = (uint64_t)get_limit(root, "there");
    m->paid = beluga_json_double(beluga_json_get(root, "paid"), 0);
}

int batch_manifest_read(batch_manifest *manifest, const char *json, size_t n)
{
    *manifest = (batch_manifest){.doc = NULL};
    if (beluga_json_parse(json, n, &manifest->doc, NULL) != 0) return -1;
    const beluga_json *root = beluga_json_doc_root(manifest->doc);
    if (beluga_json_get_int(root, "version", 0) != VERSION) return -1;
    get_all(manifest, root);
    return manifest->id && manifest->model && manifest->layout.format ? 0 : -1;
}

void batch_manifest_compare(const batch_manifest *manifest, const batch_facts *facts,
                            batch_difference *difference)
{
    const beluga_json *root = beluga_json_doc_root(manifest->doc);
    batch_facts_compare(facts, beluga_json_get(root, "facts"), difference);
}

/* ---- a worker's configuration ---------------------------------------------------------------- */

static int refuse_option(const char *text)
{
    out_error("the job sets %.*s, which only a worker itself may set: this worker refuses the job",
              (int)strcspn(text, "="), text);
    return CLI_EXIT_CONFIG;
}

int batch_manifest_apply(const batch_manifest *manifest, const cli_args *args,
                         beluga_config *config)
{
    beluga_json_doc *doc = NULL;
    const char *json = manifest->options;
    int rc = 0;
    if (!json || beluga_json_parse(json, strlen(json), &doc, NULL) != 0) return 0;
    const beluga_json *root = beluga_json_doc_root(doc);
    for (const beluga_json *v = beluga_json_first(root); v && !rc; v = beluga_json_next(root, v)) {
        const char *text = beluga_json_string(v, NULL);
        if (text && !may_set(text)) rc = refuse_option(text);
    }
    beluga_json_doc_free(doc);
    return rc ? rc : logbook_options_apply(args, json, config);
}

void batch_manifest_free(batch_manifest *manifest)
{
    beluga_json_doc_free(manifest->doc);
    *manifest = (batch_manifest){.doc = NULL};
}
