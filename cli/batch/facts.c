#include "batch/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(int key)
{
    const beluga_option_info *info = beluga_option_get_info(key);
    return info->type == BELUGA_OPTION_STRING || info->type == BELUGA_OPTION_LIST;
}

/* Returns the value of an option as owned text, "" if it is not set; NULL if memory runs out. */
static char *describe(const beluga_config *config, int key)
{
    size_t n = beluga_config_describe(config, key, NULL, 0, NULL);
    char *text = malloc(n + 1);
    if (text) beluga_config_describe(config, key, text, n + 1, NULL);
    return text;
}

/* Append an option as NAME=VALUE. Numbers and words are added unchanged, longer texts as a digest.
 */
static int add_option(const beluga_config *config, int key, char *options)
{
    char digest[BATCH_DIGEST_TEXT];
    size_t used = strlen(options);
    char *value = describe(config, key);
    int rc = value ? 0 : -1;
    if (rc == 0 && *value) {
        if (is_text(key)) batch_digest_text(value, digest);
        snprintf(options + used, BATCH_OPTIONS_BYTES - used, "%s%s=%s", used ? " " : "",
                 beluga_option_get_info(key)->name, is_text(key) ? digest : value);
    }
    free(value);
    return rc;
}

static int describe_model(const beluga_config *config, char *model)
{
    char *provider = describe(config, BELUGA_OPTION_PROVIDER),
         *name = describe(config, BELUGA_OPTION_MODEL_NAME);
    int rc = provider && name ? 0 : -1;
    if (rc == 0) snprintf(model, BATCH_MODEL_BYTES, "%s/%s", provider, name);
    free(provider);
    free(name);
    return rc;
}

static void add(batch_facts *facts, const char *name, const char *value)
{
    facts->items[facts->count++] = (batch_fact){name, value};
}

/* Append the first digits of the digest of a column's name. */
static void add_column(char text[BATCH_FORMAT_BYTES], const char *what, const char *name)
{
    char digest[BATCH_DIGEST_TEXT];
    size_t used = strlen(text);
    batch_digest_text(name, digest);
    if (name) snprintf(text + used, BATCH_FORMAT_BYTES - used, " %s %.16s", what, digest);
}

/* Describe the input's format and, if they are not the defaults, its delimiter, the form of the
 * results and the columns of prompts and attachments. */
static void describe_format(const batch_fact_source *source, char text[BATCH_FORMAT_BYTES])
{
    const batch_layout *layout = source->layout;
    size_t used =
        (size_t)snprintf(text, BATCH_FORMAT_BYTES, "%s%s", batch_format_name(layout->format),
                         layout->headless ? " without a header" : "");
    if (layout->delimiter && layout->delimiter != ',')
        snprintf(text + used, BATCH_FORMAT_BYTES - used, " delimiter %d", layout->delimiter);
    if (source->openai) {
        size_t end = strlen(text);
        snprintf(text + end, BATCH_FORMAT_BYTES - end, " to openai");
    }
    add_column(text, "prompt", source->prompt_column);
    add_column(text, "attach", source->attach_column);
}

int batch_facts_make(batch_facts *facts, batch_fact_texts *texts, const beluga_config *config,
                     const batch_fact_source *source)
{
    int rc = describe_model(config, texts->model);
    texts->options[0] = '\0';
    for (int key = 1; key < BELUGA_OPTION_COUNT && rc == 0; key++)
        if (beluga_option_shapes_answer(key)) rc = add_option(config, key, texts->options);
    if (rc != 0) return -1;
    describe_format(source, texts->format);
    batch_digest_text(source->template, texts->template);
    batch_digest_text(source->system, texts->system);
    batch_digest_text(source->schema, texts->schema);
    batch_digest_text(source->tools, texts->tools);
    *facts = (batch_facts){.count = 0};
    add(facts, "input", source->input_digest);
    add(facts, "format", texts->format);
    add(facts, "model", texts->model);
    add(facts, "template", texts->template);
    add(facts, "system", texts->system);
    add(facts, "schema", texts->schema);
    add(facts, "tools", texts->tools);
    add(facts, "options", texts->options);
    return 0;
}
