/* The definition of a tool in the configuration: a program, and its description for models and
 * users. */
#ifndef BELUGA_CLI_TOOLS_DEFINITION_H
#define BELUGA_CLI_TOOLS_DEFINITION_H

#include "section.h"
#include "tools/set.h"

#include <beluga/provider/json.h>

#include <stdint.h>

#define TOOL_TIMEOUT_MS 30000
#define TOOL_OUTPUT     ((size_t)64 * 1024)
/* The maximum value of max_output. */
#define TOOL_MAX_OUTPUT     ((size_t)16 * 1024 * 1024)
#define TOOL_MAX_TIMEOUT_MS (24 * 60 * 60 * INT64_C(1000))

/* The strings are owned. Free with tool_definition_free. */
typedef struct tool_definition {
    char *name, *description;
    char *parameters; /* JSON Schema; NULL: none */
    char **argv;      /* ended by NULL */
    char **env;       /* "NAME=value", ended by NULL; NULL: none */
    char *cwd;        /* absolute; NULL: the working directory of the beluga command */
    int64_t timeout_ms;
    size_t max_output;
    tool_allow allow;
} tool_definition;

/*
 * Read the definition of one tool.
 * @param value   The member of the section; its key is the name of the tool.
 * @param doc     The document of the value.
 * @param folder  The folder of the file, absolute; relative paths begin there.
 * @param fault   Called for each mistake.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG after a mistake; BELUGA_ERROR_NO_MEMORY. Free the
 * definition in any case.
 */
int tool_definition_read(tool_definition *out, const beluga_json *value, beluga_json_doc *doc,
                         const char *folder, section_fault_fn fault, void *payload);
void tool_definition_free(tool_definition *definition);

#endif
