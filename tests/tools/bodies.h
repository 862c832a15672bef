/* Functions for the tools in these suites. */
#ifndef TESTS_TOOLS_BODIES_H
#define TESTS_TOOLS_BODIES_H

#include <beluga/tool.h>

#include <string.h>

typedef struct failing {
    const char *text; /* the text that the tool writes before it fails */
    int code;
} failing;

/* A tool that fails as its payload, a `failing`, says. */
static inline int fail_as_told(void *payload, beluga_context *context, const char *arguments,
                               size_t length, beluga_tool_result *result)
{
    const failing *how = payload;
    (void)context;
    (void)arguments;
    (void)length;
    beluga_tool_result_set(result, how->text, strlen(how->text));
    return how->code;
}

#endif
