/* Where tools come from: programs of the configuration, and whatever else has a source here. */
#ifndef BELUGA_CLI_TOOLS_SOURCE_H
#define BELUGA_CLI_TOOLS_SOURCE_H

#include "tools/set.h"

#include <beluga/config.h>
#include <beluga/error.h>

/* A name that -T takes, borrowed for the call. "": unknown until the source is asked. */
typedef struct tool_name {
    const char *name, *description;
    const char *from;  /* the place that it is from */
    const char *allow; /* ask, always or never */
} tool_name;

typedef void (*tool_name_fn)(void *payload, const tool_name *name);

typedef struct tool_source {
    /* Tell the names that -T takes. Starts nothing and asks nobody. @return 0 or NO_MEMORY. */
    int (*list)(const beluga_config *config, tool_name_fn tell, void *payload);
    /*
     * Make the tools that a name means, and add them to the set (tool_set_add).
     * @return 0; BELUGA_ERROR_TOOL_NOT_FOUND where no name of this source is meant; another code
     * with an error that says what is wrong, and where.
     */
    int (*open)(const beluga_config *config, const char *name, tool_set *set, beluga_error *err);
    /* Report what is wrong in the section (beluga_config_report). */
    void (*check)(const beluga_config *config, beluga_config_checking *checking);
} tool_source;

extern const tool_source tool_source_programs;
extern const tool_source tool_source_servers;

/* All sources, ended by NULL: in this order -T asks them for a name. */
extern const tool_source *const tool_sources[];

#endif
