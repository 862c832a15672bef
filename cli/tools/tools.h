/* The tools of a call: those that -T names, bound to the model. */
#ifndef BELUGA_CLI_TOOLS_TOOLS_H
#define BELUGA_CLI_TOOLS_TOOLS_H

#include "args.h"
#include "session.h"
#include "text.h"
#include "tools/set.h"
#include "tools/source.h"

/* The name that stands for all tools that are not forbidden. */
#define TOOLS_ALL "all"

/*
 * Make the tools that -T names. Each tool must be allowed by the configuration or --allow-tools, or
 * the user must be at a terminal to be asked.
 * @param asks  The user may be asked about calls, and calls are drawn; otherwise every tool must be
 * allowed beforehand.
 * @return 0, or an exit code after reporting the error. Free the set in either case.
 */
int tools_open(tool_set *set, const cli_args *args, const beluga_config *config, bool asks);

/* Make the tools that one name stands for, even if they may not run. @return as tools_open. */
int tools_open_named(tool_set *set, const cli_args *args, const beluga_config *config,
                     const char *name);

/* Bind the tools, if any, to the open model of a session. @return 0, or an exit code after
 * reporting the error, if the provider does not support tools. */
int tools_bind(const tool_set *set, const cli_args *args, cli_session *session);

/* Write the description of the tools that the model gets. A batch stores it with its results, since
 * answers depend on it. @return 0, or an exit code after reporting the error. */
int tools_describe(const tool_set *set, cli_text *text);

/* List the names for -T. @return 0, or an exit code after reporting the error. */
int tools_list(const beluga_config *config, tool_name_fn tell, void *payload);

/* Check the sections of all sources. This is a callback for beluga_config_check_sections. */
void tools_check(void *payload, const beluga_config *config, beluga_config_checking *checking);

#endif
