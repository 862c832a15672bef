#include "mcp/catalogue.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/mix.h"

#include <beluga/error.h>
#include <beluga/tool.h>

#include <stdio.h>
#include <string.h>

/* HASH: length of the suffix ("_" and digits of a hash) that makes long or equal names different */
enum { HASH = 9 };

/* --- names ------------------------------------------------------------------------------------ */

static bool fits(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_taken(const beluga__mcp_catalogue *c, const char *tool_name)
{
    for (const beluga__mcp_entry *e = c->entries; e; e = e->next)
        if (strcmp(e->tool_name, tool_name) == 0) return true;
    return false;
}

static bool is_listed(const beluga__mcp_catalogue *c, const char *name)
{
    for (const beluga__mcp_entry *e = c->entries; e; e = e->next)
        if (strcmp(e->name, name) == 0) return true;
    return false;
}

/* Write the name "server__name" for a tool, with only the characters that a tool's name may have. A
 * name that is too long, or that another tool has already, gets a suffix: a hash of the tool's name
 * on the server. */
static void make_name(const beluga__mcp_catalogue *c, const char *server, const char *name,
                      char out[BELUGA__MAX_TOOL_NAME + 1])
{
    int whole = snprintf(out, BELUGA__MAX_TOOL_NAME + 1, "%s__%s", server, name);
    size_t n = strlen(out);
    for (size_t i = 0; i < n; i++)
        if (!fits(out[i])) out[i] = '_';
    if (whole <= (int)BELUGA__MAX_TOOL_NAME && !is_taken(c, out)) return;
    if (n > BELUGA__MAX_TOOL_NAME - HASH) n = BELUGA__MAX_TOOL_NAME - HASH;
    snprintf(out + n, HASH + 1, "_%08x", beluga__fnv(BELUGA__FNV, name, strlen(name)));
}

static bool has(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

static bool is_chosen(const beluga__mcp_choice *choice, const char *name)
{
    if (choice->disabled && has(choice->disabled, name)) return false;
    return !choice->tools || has(choice->tools, name);
}

/* --- tools ------------------------------------------------------------------------------------ */

static void tell_left_out(const beluga__mcp_catalogue *c, const beluga__mcp_choice *choice,
                          const char *name, const char *why)
{
    beluga__log(c->runtime, BELUGA_LOG_WARN, "mcp.tool_left_out",
                BELUGA__TEXT_FIELD("server", choice->server), BELUGA__TEXT_FIELD("tool", name),
                BELUGA__TEXT_FIELD("error", why));
}

/* Returns the schema as text, or "" if it can't be the schema of a tool's arguments. */
static const char *schema_of(const beluga_json *tool, beluga__json_scratch *scratch)
{
    size_t n;
    const beluga_json *schema = beluga_json_get(tool, "inputSchema");
    const char *type = beluga_json_get_string(schema, "type", NULL);
    if (!schema) return "{\"type\":\"object\",\"properties\":{}}";
    if (!type || strcmp(type, "object") != 0) return "";
    return beluga__json_scratch_text(scratch, schema, &n);
}

/* Check a tool by the library's rules for tools. Returns NULL if it can be used, else the reason
 * why not. */
static const char *check(const beluga__mcp_entry *e, beluga_error *err)
{
    beluga_tool *tool;
    const beluga_tool_definition d = {.size = sizeof d,
                                      .name = e->tool_name,
                                      .description = e->description,
                                      .parameters = e->parameters};
    if (!*e->parameters) return "its inputSchema does not describe an object";
    if (beluga_tool_new(&d, &tool, err)) return err->message;
    beluga_tool_unref(tool);
    return NULL;
}

static const char *keep(beluga__mcp_catalogue *c, const char *text)
{
    return beluga__arena_copy(&c->arena, text, strlen(text));
}

static int append(beluga__mcp_catalogue *c, const beluga__mcp_entry *found)
{
    beluga__mcp_entry *e = beluga__arena_alloc(&c->arena, sizeof *e);
    if (!e) return BELUGA_ERROR_LIMIT_EXCEEDED;
    *e = (beluga__mcp_entry){.name = keep(c, found->name),
                             .tool_name = keep(c, found->tool_name),
                             .description = keep(c, found->description),
                             .parameters = keep(c, found->parameters)};
    if (!e->name || !e->tool_name || !e->description || !e->parameters)
        return BELUGA_ERROR_LIMIT_EXCEEDED;
    *c->end = e;
    c->end = &e->next;
    c->n++;
    return 0;
}

static int add(beluga__mcp_catalogue *c, const beluga__mcp_choice *choice, const beluga_json *tool,
               beluga__json_scratch *scratch)
{
    size_t n = 0;
    beluga_error err;
    char tool_name[BELUGA__MAX_TOOL_NAME + 1];
    const char *name = beluga_json_get_string(tool, "name", &n);
    const char *about = beluga_json_get_string(tool, "description", NULL);
    if (!about) about = beluga_json_get_string(tool, "title", NULL);
    if (!n || strlen(name) < n) {
        tell_left_out(c, choice, name, "it has no valid name");
        return 0;
    }
    if (!is_chosen(choice, name)) return 0;
    if (c->n >= BELUGA__MAX_TOOLS) return BELUGA_ERROR_LIMIT_EXCEEDED;
    make_name(c, choice->server, name, tool_name);
    const beluga__mcp_entry e = {.name = name,
                                 .tool_name = tool_name,
                                 .description = about ? about : "",
                                 .parameters = schema_of(tool, scratch)};
    if (!e.parameters) return BELUGA_ERROR_NO_MEMORY;
    const char *why =
        is_listed(c, name) || is_taken(c, tool_name) ? "it is listed twice" : check(&e, &err);
    if (!why) return append(c, &e);
    tell_left_out(c, choice, name, why);
    return 0;
}

int beluga__mcp_catalogue_add(beluga__mcp_catalogue *catalogue, const beluga__mcp_choice *choice,
                              const beluga_json *tools, beluga__json_scratch *scratch)
{
    int status = 0;
    for (const beluga_json *t = beluga_json_first(tools); t && !status;
         t = beluga_json_next(tools, t))
        status = add(catalogue, choice, t, scratch);
    if (status == BELUGA_ERROR_LIMIT_EXCEEDED)
        tell_left_out(catalogue, choice, "", "there are more tools than a client accepts");
    return status;
}

/* --- making and freeing ----------------------------------------------------------------------- */

beluga__mcp_catalogue *beluga__mcp_catalogue_new(const beluga__runtime *runtime)
{
    beluga__mcp_catalogue *c = beluga__zalloc(&runtime->allocator, sizeof *c);
    if (!c) return NULL;
    atomic_init(&c->refs, 1);
    c->runtime = runtime;
    c->end = &c->entries;
    beluga__arena_init(&c->arena, &runtime->allocator, NULL, 0, BELUGA__MAX_MCP_CATALOGUE);
    return c;
}

beluga__mcp_catalogue *beluga__mcp_catalogue_ref(beluga__mcp_catalogue *catalogue)
{
    if (catalogue) atomic_fetch_add_explicit(&catalogue->refs, 1, memory_order_relaxed);
    return catalogue;
}

void beluga__mcp_catalogue_unref(beluga__mcp_catalogue *catalogue)
{
    if (!catalogue || atomic_fetch_sub_explicit(&catalogue->refs, 1, memory_order_acq_rel) != 1)
        return;
    beluga__arena_free(&catalogue->arena);
    beluga__release(&catalogue->runtime->allocator, catalogue);
}

static bool same(const beluga__mcp_entry *a, const beluga__mcp_entry *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->description, b->description) == 0 &&
           strcmp(a->parameters, b->parameters) == 0;
}

bool beluga__mcp_catalogue_same(const beluga__mcp_catalogue *a, const beluga__mcp_catalogue *b)
{
    const beluga__mcp_entry *x = a->entries, *y = b->entries;
    while (x && y && same(x, y)) {
        x = x->next;
        y = y->next;
    }
    return !x && !y;
}
