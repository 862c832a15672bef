/* The source of tools of MCP servers in the configuration: the name SERVER stands for all tools of
 * a server, and SERVER.TOOL for one tool. */
#include "base/text.h"
#include "tools/source.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

#include <stdio.h>
#include <string.h>

#define SECTION "mcp_servers"

enum { NAME = 64 };

/* ---- the entry ------------------------------------------------------------------------------- */

/* The members of an entry that the command itself reads; the library reads the others. */
typedef struct entry {
    bool found;
    int status; /* NO_MEMORY: the entry could not be read */
    tool_allow allow;
    char description[256];
    char place[512]; /* "path:line:column" */
} entry;

/* Read the member `allow`. An unknown word counts as "ask", and `beluga config check` reports it.
 */
static tool_allow allow_of(const beluga_json *value)
{
    const char *text = beluga_json_get_string(value, "allow", NULL);
    if (text && strcmp(text, "always") == 0) return TOOL_ALWAYS;
    return text && strcmp(text, "never") == 0 ? TOOL_NEVER : TOOL_ASK;
}

/* Read the entry of a server in one configuration file. */
static void read_entry(entry *out, const beluga_config *config, size_t index, const char *name,
                       const beluga_json *value)
{
    const char *path = "", *about = beluga_json_get_string(value, "description", NULL);
    char pointer[2 * NAME + 2] = "";
    int line = 0, column = 0;
    *out = (entry){.found = true, .allow = allow_of(value)};
    beluga__text_add_step(pointer, sizeof pointer, name);
    beluga_config_section_place(config, SECTION, index, pointer, true, &path, &line, &column);
    snprintf(out->place, sizeof out->place, "%s:%d:%d", path, line, column);
    snprintf(out->description, sizeof out->description, "%s", about ? about : "");
}

/* Find the entry of a server; a later configuration file overrides earlier ones. */
static entry find_entry(const beluga_config *config, const char *name)
{
    entry found = {.found = false};
    const char *json;
    size_t length;
    for (size_t i = 0; beluga_config_section(config, SECTION, i, &json, &length); i++) {
        beluga_json_doc *doc = NULL;
        found.status = beluga_json_parse(json, length, &doc, NULL);
        if (found.status) return found;
        const beluga_json *value = beluga_json_get(beluga_json_doc_root(doc), name);
        if (value) read_entry(&found, config, i, name, value);
        beluga_json_doc_free(doc);
    }
    return found;
}

typedef struct search {
    const char *name;
    bool disabled;
} search;

static void note_disabled(void *payload, const char *name, bool disabled)
{
    search *s = payload;
    if (strcmp(name, s->name) == 0) s->disabled = disabled;
}

/* ---- opening --------------------------------------------------------------------------------- */

static beluga_mcp *find_server(const tool_set *set, const char *name)
{
    for (size_t i = 0; i < set->n_servers; i++) {
        beluga_mcp_info info = {.size = sizeof info};
        if (beluga_mcp_get_info(set->servers[i], &info) == 0 && strcmp(info.name, name) == 0)
            return set->servers[i];
    }
    return NULL;
}

/* Connect to a server, unless the set already has a connection to it. */
static int open_server(const beluga_config *config, const char *name, tool_set *set,
                       beluga_mcp **out, beluga_error *err)
{
    beluga_mcp_settings *settings = NULL;
    if ((*out = find_server(set, name))) return 0;
    int status = beluga_mcp_settings_read(config, name, &settings, err);
    if (!status) settings->environment = true;
    if (!status) status = beluga_mcp_open(NULL, settings, NULL, out, err);
    beluga_mcp_settings_free(settings);
    return status ? status : tool_set_keep(set, *out, err);
}

static int add_all(beluga_mcp *mcp, tool_set *set, const entry *e, beluga_error *err)
{
    beluga_tool **tools;
    size_t n;
    int status = beluga_mcp_tools(mcp, &tools, &n, err);
    for (size_t i = 0; i < n && !status; i++)
        status = tool_set_add(set, beluga_tool_ref(tools[i]), e->allow, e->place, err);
    beluga_mcp_tools_free(tools, n);
    return status;
}

static int add_one(beluga_mcp *mcp, const char *name, tool_set *set, const entry *e,
                   beluga_error *err)
{
    beluga_tool *tool;
    int status = beluga_mcp_tool(mcp, name, &tool, err);
    if (status == BELUGA_ERROR_TOOL_NOT_FOUND) err->code = status = BELUGA_ERROR_INVALID_CONFIG;
    return status ? status : tool_set_add(set, tool, e->allow, e->place, err);
}

static int open_named(const beluga_config *config, const char *name, tool_set *set,
                      beluga_error *err)
{
    char server[NAME];
    beluga_mcp *mcp;
    size_t n = strcspn(name, ".");
    if (n >= sizeof server) return BELUGA_ERROR_TOOL_NOT_FOUND;
    memcpy(server, name, n);
    server[n] = '\0';
    entry e = find_entry(config, server);
    search s = {.name = server};
    int status = e.status ? e.status : beluga_mcp_names(config, note_disabled, &s);
    if (status) return beluga_error_set(err, status, "out of memory for the tools");
    if (!e.found) return BELUGA_ERROR_TOOL_NOT_FOUND;
    if (s.disabled)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "%s: the MCP server %s is disabled", e.place, server);
    status = open_server(config, server, set, &mcp, err);
    if (status) return status;
    return name[n] ? add_one(mcp, name + n + 1, set, &e, err) : add_all(mcp, set, &e, err);
}

/* ---- listing and checking -------------------------------------------------------------------- */

typedef struct listing {
    const beluga_config *config;
    tool_name_fn tell;
    void *payload;
    int status;
} listing;

static void tell_server(void *payload, const char *name, bool disabled)
{
    static const char *const words[] = {
        [TOOL_ASK] = "ask", [TOOL_ALWAYS] = "always", [TOOL_NEVER] = "never"};
    listing *l = payload;
    entry e = find_entry(l->config, name);
    const tool_name told = {name, *e.description ? e.description : "all tools of an MCP server",
                            e.place, words[e.allow]};
    if (e.status) l->status = e.status;
    if (!disabled && !e.status) l->tell(l->payload, &told);
}

static int list(const beluga_config *config, tool_name_fn tell, void *payload)
{
    listing l = {.config = config, .tell = tell, .payload = payload};
    int status = beluga_mcp_names(config, tell_server, &l);
    return status ? status : l.status;
}

const tool_source tool_source_servers = {
    .list = list, .open = open_named, .check = beluga_mcp_check};
