/* Tools of a request: their names as the model sees them, and the choice among them. */
#ifndef BELUGA_CLI_PROTOCOL_TOOLS_H
#define BELUGA_CLI_PROTOCOL_TOOLS_H

#include "protocol/read.h"

#define PROTOCOL_TOOL_NAME_BYTES 65 /* of a name that models take, with its NUL */

/* A tool as a client names it. */
typedef struct protocol_tool {
    const char *name;
    const char *name_space; /* NULL: none */
    const char *description;
    const beluga_json *parameters; /* NULL: none */
    bool strict;
    bool custom; /* its input is a plain text: see protocol_renamed */
} protocol_tool;

/*
 * Return the name by which the model knows a tool: `name` itself where every provider takes it,
 * else one that is made in `room`: "space__name", with other characters replaced, and cut to 64
 * with a hash at its end. It depends on nothing else, so that calls in the history have the same.
 */
const char *protocol_sent_name(const char *name, const char *name_space,
                               char room[PROTOCOL_TOOL_NAME_BYTES]);

/* Add a tool to the request; `at` is where it stands. Of two with one name the first counts.
 * @return 0; INVALID_INPUT; NO_MEMORY. */
int protocol_add_tool(protocol_request *request, const protocol_place *at,
                      const protocol_tool *tool);

/* Read the members name, description, parameters and strict of an object, and add that tool. */
int protocol_read_function(protocol_request *request, const protocol_place *at,
                           const beluga_json *function, const char *name_space);

/*
 * Read which tools may be called, after the tools were: "auto", "none", "required", {"type":
 * "function", …}, {"type": "allowed_tools", …} in the forms of Chat and of Responses. Choices of
 * tools that were dropped mean nothing; the tools that are not allowed are taken away.
 */
int protocol_read_choice(protocol_request *request, const protocol_place *at,
                         const beluga_json *value);
/* Choose one of the words auto, none, required, or a tool by its name for the model, which lives as
 * long as the request. Without tools it means nothing. */
int protocol_choose(protocol_request *request, const char *choice);

#endif
