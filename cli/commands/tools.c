/* beluga tools: lists the tools for -T, and shows one of them. */
#include "tools/tools.h"

#include "commands/command.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/table.h"
#include "text.h"

#include <beluga/log.h>

#include <string.h>

/* The least number of bytes that a description gets on a terminal. */
#define LEAST_TEXT   10
#define LONGEST_LINE 512

static const char *name_of(tool_allow allow)
{
    static const char *const names[] = {
        [TOOL_ASK] = "ask", [TOOL_ALWAYS] = "always", [TOOL_NEVER] = "never"};
    return names[allow];
}

/* ---- one tool -------------------------------------------------------------------------------- */

static void put_tool(beluga_json_writer *w, const tool_item *item)
{
    size_t length;
    const char *schema = beluga_tool_parameters(item->inner, &length);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "name", beluga_tool_name(item->inner));
    beluga_json_put_string(w, "description", beluga_tool_description(item->inner));
    beluga_json_put_string(w, "from", item->from);
    beluga_json_put_string(w, "allow", name_of(item->allow));
    beluga_json_put_raw(w, "parameters", schema, length);
    beluga_json_end_object(w);
}

static void print_field(const char *name, const char *value)
{
    if (!*value) return;
    out_printf("%-12s", name);
    out_wrapped(value, 12, 12);
}

static void break_line(cli_text *out, size_t depth)
{
    text_add(out, "\n", 1);
    for (size_t i = 0; i < depth; i++) text_add(out, "  ", 2);
}

/* Add compact JSON, with each member and item on a line of its own. */
static void add_lines(cli_text *out, const char *json, size_t n)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        char c = json[i], last = i ? json[i - 1] : '\0';
        bool begins = !quoted && (c == '{' || c == '['), ends = !quoted && (c == '}' || c == ']');
        if (ends) depth--;
        if (ends && last != '{' && last != '[') break_line(out, depth);
        text_add(out, &c, 1);
        if (c == '"') quoted = !quoted;
        if (c == '\\' && quoted && i + 1 < n) text_add(out, &json[++i], 1);
        if (begins) depth++;
        if (!quoted && c == ':') text_add(out, " ", 1);
        if ((begins && i + 1 < n && json[i + 1] != '}' && json[i + 1] != ']') ||
            (!quoted && c == ','))
            break_line(out, depth);
    }
}

static int print_schema(const tool_item *item)
{
    cli_text lines = {0};
    size_t length;
    const char *schema = beluga_tool_parameters(item->inner, &length);
    add_lines(&lines, schema, length);
    if (!lines.status) out_json(text_get(&lines), lines.length);
    out_printf("\n");
    int rc = lines.status ? out_no_memory() : 0;
    text_free(&lines);
    return rc;
}

static int print_tool(const tool_item *item)
{
    print_field("name", beluga_tool_name(item->inner));
    print_field("description", beluga_tool_description(item->inner));
    print_field("from", item->from);
    print_field("allow", name_of(item->allow));
    out_printf("parameters\n");
    return print_schema(item);
}

static int print_set(const cli_args *args, const tool_set *set)
{
    beluga_json_writer *w = args->json ? beluga_json_writer_new() : NULL;
    int rc = 0;
    if (args->json && !w) return out_no_memory();
    if (w) beluga_json_begin_array(w, NULL);
    for (size_t i = 0; i < set->count && rc == 0; i++) {
        if (w)
            put_tool(w, set->items[i]);
        else if (i)
            out_printf("\n");
        if (!w) rc = print_tool(set->items[i]);
    }
    if (!w) return rc;
    beluga_json_end_array(w);
    return report_json(w);
}

static int show_named(const cli_args *args, const beluga_config *config, const char *name)
{
    tool_set set = {0};
    int rc = tools_open_named(&set, args, config, name);
    if (rc == 0) rc = print_set(args, &set);
    tool_set_free(&set);
    return rc;
}

/* ---- the list -------------------------------------------------------------------------------- */

typedef struct tool_listing {
    term_table table;
    /* For a terminal, the number of bytes to which descriptions are cut; the column that shows
     * where each tool is defined is then left out. 0: all descriptions are shown whole, with that
     * column. */
    size_t cut;
    beluga_json_writer *w; /* NULL: a table */
    size_t count;
} tool_listing;

static void add_description(tool_listing *l, const char *text)
{
    char line[LONGEST_LINE];
    if (l->cut) beluga_text_to_line(text, strlen(text), line, l->cut);
    table_add(&l->table, l->cut ? line : text);
}

/* Set `cut` for the longest name: descriptions get the width that remains beside the column of
 * names. */
static void measure(void *payload, const tool_name *told)
{
    tool_listing *l = payload;
    size_t width = term_width(), taken = strlen(told->name) + strlen("  always  ");
    size_t left = width > taken + LEAST_TEXT ? width - taken : LEAST_TEXT;
    if (left >= LONGEST_LINE) left = LONGEST_LINE - 1;
    if (!l->cut || left < l->cut) l->cut = left;
}

static void add(void *payload, const tool_name *told)
{
    tool_listing *l = payload;
    l->count++;
    if (l->w) {
        beluga_json_begin_object(l->w, NULL);
        beluga_json_put_string(l->w, "name", told->name);
        beluga_json_put_string(l->w, "description", told->description);
        beluga_json_put_string(l->w, "from", told->from);
        beluga_json_put_string(l->w, "allow", told->allow);
        beluga_json_end_object(l->w);
        return;
    }
    table_add(&l->table, told->name);
    table_add(&l->table, told->allow);
    if (!l->cut) table_add(&l->table, told->from);
    add_description(l, told->description);
}

static int list_json(const beluga_config *config)
{
    tool_listing l = {.w = beluga_json_writer_new()};
    if (!l.w) return out_no_memory();
    beluga_json_begin_array(l.w, NULL);
    int rc = tools_list(config, add, &l);
    beluga_json_end_array(l.w);
    if (rc == 0) return report_json(l.w);
    beluga_json_writer_free(l.w);
    return rc;
}

static int list_table(const cli_session *session)
{
    static const char *const all[] = {"NAME", "ALLOW", "FROM", "DESCRIPTION"};
    static const char *const some[] = {"NAME", "ALLOW", "DESCRIPTION"};
    tool_listing l = {.w = NULL};
    int rc = term_is_out() ? tools_list(session->base, measure, &l) : 0;
    table_begin(&l.table, l.cut ? 3 : 4, l.cut ? some : all);
    if (rc == 0) rc = tools_list(session->base, add, &l);
    if (rc == 0 && l.count) return table_print(&l.table);
    table_free(&l.table);
    if (rc) return rc;
    out_note(
        "there are no tools: define them in the section \"tools\" of %s (see beluga help tools)",
        session->path ? session->path : "a file named with --config");
    return CLI_EXIT_OK;
}

static void find_list(void *payload, const tool_name *told)
{
    if (strcmp(told->name, "list") == 0) *(bool *)payload = true;
}

/* Find the operand that names a tool. "list" means all tools, unless a tool has this name; "show"
 * may come before a name. */
static int operand_of(const cli_args *args, const beluga_config *config, const char **name)
{
    bool found = false;
    size_t n = args->operands.count;
    *name = n ? args->operands.items[n - 1] : NULL;
    if (n > 1 && strcmp(args->operands.items[0], "show") != 0)
        return out_usage("name only one tool: beluga tools NAME");
    if (n != 1 || strcmp(*name, "list") != 0) return 0;
    int rc = tools_list(config, find_list, &found);
    if (!found) *name = NULL;
    return rc;
}

static int run(const cli_args *args)
{
    cli_session session;
    const char *name = NULL;
    int rc = session_load(&session, args);
    if (rc == 0) rc = operand_of(args, session.base, &name);
    if (rc == 0 && name)
        rc = show_named(args, session.base, name);
    else if (rc == 0)
        rc = args->json ? list_json(session.base) : list_table(&session);
    session_free(&session);
    return rc;
}

const cli_command cmd_tools = {
    .name = "tools",
    .operands = "[NAME]",
    .summary = "List the tools that -T can give to a model, or show one of them.",
    .takes = ARG_SET(ARG_JSON, ARG_QUIET, ARG_CONFIG),
    .max_operands = 2,
    .run = run,
    .details =
        "A tool is a program that a model may call, defined in the configuration file:\n\n"
        "tools: {weather: {description: TEXT, command: [PROGRAM, ARGUMENT...], parameters: JSON "
        "Schema or its short form (\"city, days int\"), timeout: 30s, max_output: 64KiB, allow: "
        "ask, cwd: FOLDER, env: {NAME: VALUE}}}\n\n"
        "The program reads the arguments as a JSON object on stdin, and its output on stdout is "
        "the result. If its exit status is not 0, the model is told that it failed, and what it "
        "printed on stderr. The program and its child processes are ended when the time is over or "
        "Ctrl-C is pressed. A command that is a string is a command line for the shell; the "
        "arguments of a model are never part of a command line.\n\n"
        "-T SERVER names all tools of an MCP server, and -T SERVER.TOOL names one of them. A "
        "server is a program, or a service at a URL; listing the tools does not start it:\n\n"
        "mcp_servers: {files: {command: PROGRAM, args: [ARGUMENT...], env: {NAME: VALUE}, cwd: "
        "FOLDER}, tracker: {url: URL, headers: {NAME: VALUE}, api_key: env:NAME}}, each with "
        "timeout: 60s, connect_timeout: 30s, tools: [NAME...], disabled_tools: [NAME...], "
        "disabled: false, allow: ask\n\n"
        "beluga asks at the terminal before each tool call, unless the tool has allow: always or "
        "the command line has --allow-tools; allow: never forbids the tool. Without a terminal, "
        "and in a batch, a tool that needs this question is refused before anything is sent.\n\n"
        "The model may call tools in 10 answers (-o max_tool_steps=N); 8 calls of one answer run "
        "at the same time (-o max_concurrent_tools=N).",
};
