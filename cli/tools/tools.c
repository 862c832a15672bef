#include "tools/tools.h"

#include "base/text.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "tools/ask.h"
#include "tools/desk.h"

#include <beluga/chat_model.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

const tool_source *const tool_sources[] = {&tool_source_programs, &tool_source_servers, NULL};

/* ---- names ----------------------------------------------------------------------------------- */

#define LISTED_NAMES 12

/* A search for the name that the user may have meant. */
typedef struct suggestion {
    const char *wanted;
    char near[80]; /* the nearest name; "" for none */
    unsigned distance;
    cli_text all; /* all existing names */
    size_t count;
} suggestion;

static void consider(void *payload, const tool_name *told)
{
    suggestion *s = payload;
    const char *name = told->name;
    if (s->count++ < LISTED_NAMES)
        text_printf(&s->all, "%s%s", s->count > 1 ? ", " : "", name);
    else if (s->count == LISTED_NAMES + 1)
        text_puts(&s->all, ", ...");
    unsigned distance = beluga__text_distance(s->wanted, name, 2);
    bool near = distance <= 2 || beluga__text_abbreviates(s->wanted, name);
    if (!near || strlen(name) >= sizeof s->near || (*s->near && distance >= s->distance)) return;
    strcpy(s->near, name);
    s->distance = distance;
}

int tools_list(const beluga_config *config, tool_name_fn tell, void *payload)
{
    int status = 0;
    for (const tool_source *const *source = tool_sources; *source && !status; source++)
        status = (*source)->list(config, tell, payload);
    return status ? out_no_memory() : 0;
}

static int explain_unknown(const cli_args *args, const beluga_config *config, const char *name)
{
    beluga_error err;
    suggestion s = {.wanted = name};
    int rc = tools_list(config, consider, &s);
    if (rc) {
        text_free(&s.all);
        return rc;
    }
    if (*s.near)
        beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                         "there is no tool \"%.80s\"; did you mean %s?", name, s.near);
    else if (s.count)
        beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                         "there is no tool \"%.80s\"; the tools are: %s", name, text_get(&s.all));
    else
        beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                         "there is no tool \"%.80s\": the configuration defines no tools in its "
                         "section \"tools\" (see beluga help tools)",
                         name);
    text_free(&s.all);
    return report_error(args, &err, NULL);
}

/* ---- opening --------------------------------------------------------------------------------- */

int tools_open_named(tool_set *set, const cli_args *args, const beluga_config *config,
                     const char *name)
{
    beluga_error err;
    for (const tool_source *const *source = tool_sources; *source; source++) {
        int status = (*source)->open(config, name, set, &err);
        if (status == BELUGA_ERROR_TOOL_NOT_FOUND) continue;
        return status ? report_error(args, &err, NULL) : 0;
    }
    return explain_unknown(args, config, name);
}

typedef struct opening {
    tool_set *set;
    const cli_args *args;
    const beluga_config *config;
    int rc;
} opening;

static void open_listed(void *payload, const tool_name *told)
{
    opening *o = payload;
    if (o->rc == 0) o->rc = tools_open_named(o->set, o->args, o->config, told->name);
}

static int open_all(tool_set *set, const cli_args *args, const beluga_config *config)
{
    beluga_error err;
    opening o = {set, args, config, 0};
    int rc = tools_list(config, open_listed, &o);
    tool_set_drop_forbidden(set);
    if (rc || o.rc || set->count) return rc ? rc : o.rc;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                     "-T all: the configuration defines no tools that may run (see beluga help "
                     "tools)");
    return report_error(args, &err, NULL);
}

/* ---- permissions ----------------------------------------------------------------------------- */

static int check_allowed(const tool_item *item, const cli_args *args, bool asks)
{
    beluga_error err;
    const char *name = beluga_tool_name(item->inner);
    if (item->allow == TOOL_ALWAYS || (item->allow == TOOL_ASK && asks && ask_is_possible()))
        return 0;
    if (item->allow == TOOL_NEVER)
        beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                         "the tool %s may not run, because %s says allow: never", name, item->from);
    else
        beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                         "beluga can't ask whether the tool %s may run%s: allow it with "
                         "--allow-tools, or with allow: always at %s",
                         name, asks ? ", without a terminal" : " in a batch", item->from);
    return report_error(args, &err, NULL);
}

static int check_all(tool_set *set, const cli_args *args, bool asks)
{
    int rc = 0;
    for (size_t i = 0; i < set->count && rc == 0; i++) {
        tool_item *item = set->items[i];
        if (args->allow_tools && item->allow == TOOL_ASK) item->allow = TOOL_ALWAYS;
        rc = check_allowed(item, args, asks);
    }
    return rc;
}

int tools_open(tool_set *set, const cli_args *args, const beluga_config *config, bool asks)
{
    int rc = 0;
    if (!args->tools.count) return 0;
    if (args->no_stream)
        return out_usage(
            "--no-stream can't be combined with tools, whose answers are always streamed");
    /* If this process had inherited the setting to ignore SIGCHLD, the exit status of programs
     * would be lost. */
    signal(SIGCHLD, SIG_DFL);
    if (asks && !(set->desk = desk_new())) return out_no_memory();
    for (size_t i = 0; i < args->tools.count && rc == 0; i++)
        rc = strcmp(args->tools.items[i], TOOLS_ALL) == 0
                 ? open_all(set, args, config)
                 : tools_open_named(set, args, config, args->tools.items[i]);
    return rc ? rc : check_all(set, args, asks);
}

/* ---- binding --------------------------------------------------------------------------------- */

int tools_bind(const tool_set *set, const cli_args *args, cli_session *session)
{
    beluga_error err;
    beluga_chat_model *bound = NULL;
    if (!set->count) return 0;
    int status = 0;
    beluga_tool **tools = malloc(set->count * sizeof(beluga_tool *));
    if (!tools) return out_no_memory();
    for (size_t i = 0; i < set->count; i++) tools[i] = set->items[i]->tool;
    if (!(session_capabilities(session) & BELUGA_CAPABILITY_TOOLS))
        status = beluga_error_set(&err, BELUGA_ERROR_NOT_SUPPORTED,
                                  "%s does not support tools: leave out -T, or use another model",
                                  beluga_provider_name(session->model));
    else
        status = beluga_bind_tools(session->model, tools, set->count, &bound, &err);
    free(tools);
    if (status) return report_error(args, &err, NULL);
    beluga_chat_model_unref(session->model);
    session->model = bound;
    return 0;
}

int tools_describe(const tool_set *set, cli_text *text)
{
    for (size_t i = 0; i < set->count; i++) {
        const beluga_tool *tool = set->items[i]->inner;
        text_printf(text, "%s\n%s\n", beluga_tool_name(tool), beluga_tool_description(tool));
        text_puts(text, beluga_tool_parameters(tool, NULL));
        text_puts(text, "\n");
    }
    return text->status ? out_no_memory() : 0;
}

/* ---- checking -------------------------------------------------------------------------------- */

void tools_check(void *payload, const beluga_config *config, beluga_config_checking *checking)
{
    (void)payload;
    for (const tool_source *const *source = tool_sources; *source; source++)
        (*source)->check(config, checking);
}
