/* A tool. One allocation contains the struct and all its text. */
#ifndef BELUGA__TOOL_H
#define BELUGA__TOOL_H

#include "base/buf.h"

#include <beluga/error.h>
#include <beluga/tool.h>

#include <stdatomic.h>

struct beluga_tool {
    atomic_uint refs;
    bool strict;
    beluga_tool_execute_fn execute;
    void *payload;
    void (*release)(void *payload);
    int64_t timeout_ms;
    const beluga_allocator *allocator;
    const char *name, *description, *parameters; /* point into `text` */
    size_t parameters_length;
    char text[];
};

struct beluga_tool_result {
    beluga__buf text;
};

#endif
