/* A tool for tests: its result is the arguments of the call. */
#ifndef TESTS_TOOLS_H
#define TESTS_TOOLS_H

#include <beluga/tool.h>

static inline int echo_arguments(void *payload, beluga_context *context, const char *arguments,
                                 size_t length, beluga_tool_result *result)
{
    (void)payload;
    (void)context;
    return beluga_tool_result_set(result, arguments, length);
}

#endif
