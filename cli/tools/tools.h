/* The tools of a call: those that -T names, bound to the model that is asked. */
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
 * Make the tools that -T names. Each must be allowed, or there must be somebody to ask.
 * @param asks  Calls are asked for and drawn; else every tool must be allowed beforehand.
 * @return 0, or an exit code, reported. Free the set in either case.
 */
int tools_open(tool_set *set, const cli_args *args, const beluga_config *config, bool asks);

/* Make the tools that one name means, whether they may run or not. @return as tools_open. */
int tools_open_named(tool_set *set, const cli_args *args, const beluga_config *config,
                     const char *name);

/* Bind the tools to the open model of a session, where there are any. @return 0, or an exit code,
 * reported: the provider calls no tools. */
int tools_bind(const tool_set *set, const cli_args *args, cli_session *session);

/* Write what a model is told of the tools, from which answers depend. @return 0, or an exit code,
 * reported. */
int tools_describe(const tool_set *set, cli_text *text);

/* Tell the names that -T takes. @return 0, or an exit code, reported. */
int tools_list(const beluga_config *config, tool_name_fn tell, void *payload);

/* Check the sections of all sources, for beluga_config_check_sections. */
void tools_check(void *payload, const beluga_config *config, beluga_config_checking *checking);

#endif
