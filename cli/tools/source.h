/* Sources of tools: programs that the configuration defines, and MCP servers. */
#ifndef BELUGA_CLI_TOOLS_SOURCE_H
#define BELUGA_CLI_TOOLS_SOURCE_H

#include "tools/set.h"

#include <beluga/config.h>
#include <beluga/error.h>

/* A name for -T, borrowed for the call. A member is "" if it is not known before the tool is
 * opened. */
typedef struct tool_name {
    const char *name, *description;
    const char *from;  /* where the tool is defined */
    const char *allow; /* ask, always or never */
} tool_name;

typedef void (*tool_name_fn)(void *payload, const tool_name *name);

typedef struct tool_source {
    /* List the names for -T. This starts no program or server. @return 0 or NO_MEMORY. */
    int (*list)(const beluga_config *config, tool_name_fn tell, void *payload);
    /*
     * Make the tools that a name stands for, and add them to the set (tool_set_add).
     * @return 0; BELUGA_ERROR_TOOL_NOT_FOUND if this source has no such name; another code with an
     * error that says what is wrong, and where.
     */
    int (*open)(const beluga_config *config, const char *name, tool_set *set, beluga_error *err);
    /* Report each mistake in the source's section of the configuration with
     * beluga_config_report. */
    void (*check)(const beluga_config *config, beluga_config_checking *checking);
} tool_source;

extern const tool_source tool_source_programs;
extern const tool_source tool_source_servers;

/* All sources, ended by NULL. A name of -T is looked up in this order. */
extern const tool_source *const tool_sources[];

#endif
