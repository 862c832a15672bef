#include "logbook/options.h"

#include "output.h"
#include "report.h"

#include <beluga/option.h>
#include <beluga/provider/json.h>

#include <string.h>

/* Returns whether the command line sets this option. */
static bool is_given(const cli_args *args, const char *option)
{
    size_t n = strcspn(option, "=") + 1;
    for (size_t i = 0; i < args->options.count; i++)
        if (strncmp(args->options.items[i], option, n) == 0) return true;
    return false;
}

/* Returns whether an option is stored. Numbers, booleans and words from a fixed list are stored.
 * Texts might be secrets, so only stop sequences and the tool choice are stored. */
static bool is_kept(const char *text)
{
    static const int texts[] = {BELUGA_OPTION_STOP_SEQUENCES, BELUGA_OPTION_TOOL_CHOICE};
    beluga_option option;
    beluga_error err;
    if (beluga_option_parse(text, &option, &err) != 0) return false;
    const beluga_option_info *info = beluga_option_get_info(option.key);
    const char *value = strchr(text, '=') + 1;
    if (option.key == BELUGA_OPTION_PROVIDER_SPECIFIC)
        return !value[strspn(value, "0123456789.-")] || strcmp(value, "true") == 0 ||
               strcmp(value, "false") == 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (option.key == texts[i]) return true;
    return info && info->scope == 'B' && info->type != BELUGA_OPTION_STRING &&
           info->type != BELUGA_OPTION_LIST && info->type != BELUGA_OPTION_POINTER;
}

/* Visits an option of a JSON list. Returns 0 to continue. */
typedef int (*visit_option)(void *payload, const char *option);

static int each(const char *json, visit_option visit, void *payload)
{
    beluga_json_doc *doc = NULL;
    int rc = 0;
    if (!json || beluga_json_parse(json, strlen(json), &doc, NULL) != 0) return 0;
    const beluga_json *list = beluga_json_doc_root(doc);
    for (const beluga_json *v = beluga_json_first(list); v && rc == 0;
         v = beluga_json_next(list, v)) {
        const char *option = beluga_json_string(v, NULL);
        if (option) rc = visit(payload, option);
    }
    beluga_json_doc_free(doc);
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct option_list {
    const cli_args *args;
    beluga_json_writer *w;
    size_t count;
} option_list;

static int put_earlier(void *payload, const char *option)
{
    option_list *list = payload;
    if (is_given(list->args, option)) return 0;
    beluga_json_put_string(list->w, NULL, option);
    list->count++;
    return 0;
}

int logbook_options_make(const cli_args *args, const char *earlier, cli_text *json)
{
    option_list list = {.args = args, .w = beluga_json_writer_new()};
    const char *text;
    size_t length;
    if (!list.w) return -1;
    beluga_json_begin_array(list.w, NULL);
    each(earlier, put_earlier, &list);
    for (size_t i = 0; i < args->options.count; i++) {
        if (!is_kept(args->options.items[i])) continue;
        beluga_json_put_string(list.w, NULL, args->options.items[i]);
        list.count++;
    }
    beluga_json_end_array(list.w);
    int rc = beluga_json_writer_text(list.w, &text, &length) ? -1 : 0;
    if (rc == 0 && list.count) rc = text_add(json, text, length) ? -1 : 0;
    beluga_json_writer_free(list.w);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct option_target {
    const cli_args *args;
    beluga_config *config;
} option_target;

static int set_one(void *payload, const char *text)
{
    const option_target *target = payload;
    beluga_option option;
    beluga_error err;
    if (is_given(target->args, text)) return 0;
    if (beluga_option_parse(text, &option, &err) != 0)
        return report_error(target->args, &err, NULL);
    return beluga_config_set_n(target->config, &option, 1) ? out_no_memory() : 0;
}

int logbook_options_apply(const cli_args *args, const char *json, beluga_config *config)
{
    option_target target = {args, config};
    return each(json, set_one, &target);
}
