/* The tools of a request: their names for the model, and the tool choice. */
#ifndef BELUGA_CLI_PROTOCOL_TOOLS_H
#define BELUGA_CLI_PROTOCOL_TOOLS_H

#include "protocol/read.h"

/* The maximum length of a name that models accept, with its NUL. */
#define PROTOCOL_TOOL_NAME_BYTES 65

/* A tool, with the name that the client uses. */
typedef struct protocol_tool {
    const char *name;
    const char *name_space; /* NULL: none */
    const char *description;
    const beluga_json *parameters; /* NULL: none */
    bool strict;
    bool custom; /* the input is plain text: see protocol_renamed */
} protocol_tool;

/*
 * Return the name of a tool for the model. If every provider accepts `name`, this is `name` itself.
 * Otherwise a name is made in `room`: "space__name", with a "_" for each character that is not an
 * ASCII letter, a digit, "_" or "-", and at most 64 characters long. If this changes the name, a
 * hash is appended. The result depends only on the two names, so a tool call in an earlier message
 * gets the same name.
 */
const char *protocol_sent_name(const char *name, const char *name_space,
                               char room[PROTOCOL_TOOL_NAME_BYTES]);

/* Add a tool to the request; `at` is its place. If two tools have the same name, the first one
 * counts. @return 0; INVALID_INPUT; NO_MEMORY. */
int protocol_add_tool(protocol_request *request, const protocol_place *at,
                      const protocol_tool *tool);

/* Read the members name, description, parameters and strict of an object, and add this tool. */
int protocol_read_function(protocol_request *request, const protocol_place *at,
                           const beluga_json *function, const char *name_space);

/*
 * Read the tool choice; the tools must have been read before. The forms are "auto", "none",
 * "required", {"type": "function", …} and {"type": "allowed_tools", …}, as in Chat and in
 * Responses. Choices of tools that were dropped are ignored, and tools that are not allowed are
 * removed.
 */
int protocol_read_choice(protocol_request *request, const protocol_place *at,
                         const beluga_json *value);
/* Set the choice: auto, none, required, or the model's name of a tool, which must live as long as
 * the request. Without tools the choice is ignored. */
int protocol_choose(protocol_request *request, const char *choice);

#endif
