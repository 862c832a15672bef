/* A catalogue: the tools that one MCP server listed. A complete catalogue never changes. */
#ifndef BELUGA__MCP_CATALOGUE_H
#define BELUGA__MCP_CATALOGUE_H

#include "base/arena.h"
#include "base/json.h"
#include "base/runtime.h"

#include <stdatomic.h>

typedef struct beluga__mcp_entry {
    struct beluga__mcp_entry *next;
    const char *name;      /* the tool's name on the server */
    const char *tool_name; /* the tool's name for models */
    const char *description, *parameters;
} beluga__mcp_entry;

typedef struct beluga__mcp_catalogue {
    atomic_uint refs;
    const beluga__runtime *runtime;
    beluga__arena arena;
    beluga__mcp_entry *entries, **end;
    size_t n;
} beluga__mcp_catalogue;

/* Which of the server's tools are used. */
typedef struct beluga__mcp_choice {
    const char *server;
    const char *const *tools;    /* only these tools, ended by NULL; NULL: all */
    const char *const *disabled; /* except these tools; NULL: no exceptions */
} beluga__mcp_choice;

beluga__mcp_catalogue *beluga__mcp_catalogue_new(const beluga__runtime *runtime);
beluga__mcp_catalogue *beluga__mcp_catalogue_ref(beluga__mcp_catalogue *catalogue);
void beluga__mcp_catalogue_unref(beluga__mcp_catalogue *catalogue);
/* Add the tools of one page that are chosen. A tool that can't be used is left out, and the reason
 * is logged. Returns 0; LIMIT_EXCEEDED if the catalogue is full; NO_MEMORY. */
int beluga__mcp_catalogue_add(beluga__mcp_catalogue *catalogue, const beluga__mcp_choice *choice,
                              const beluga_json *tools, beluga__json_scratch *scratch);
/* Returns whether two catalogues have the same tools in the same order. */
bool beluga__mcp_catalogue_same(const beluga__mcp_catalogue *a, const beluga__mcp_catalogue *b);

#endif
