/* Helpers that add events to a response builder. */
#ifndef TESTS_SCHEMA_BUILT_H
#define TESTS_SCHEMA_BUILT_H

#include "base/mem.h"
#include "schema/message.h"
#include "schema/response.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int add(beluga_response_builder *b, beluga_event event)
{
    return beluga_response_builder_add(b, &event);
}

static int text(beluga_response_builder *b, const char *bytes)
{
    return add(b, (beluga_event){.kind = BELUGA_EVENT_TEXT, .u.text = {bytes, strlen(bytes)}});
}

static int reasoning(beluga_response_builder *b, uint32_t index, const char *bytes,
                     const char *sign)
{
    beluga_event e = {.kind = BELUGA_EVENT_REASONING, .index = index};
    e.u.reasoning.text = bytes;
    e.u.reasoning.length = bytes ? strlen(bytes) : 0;
    e.u.reasoning.signature = sign;
    e.u.reasoning.signature_length = sign ? strlen(sign) : 0;
    return beluga_response_builder_add(b, &e);
}

static int call(beluga_response_builder *b, uint32_t kind, uint32_t index, const char *id,
                const char *name, const char *arguments)
{
    beluga_event e = {.kind = kind, .index = index};
    e.u.tool_call.id = id;
    e.u.tool_call.name = name;
    e.u.tool_call.arguments = arguments;
    e.u.tool_call.length = arguments ? strlen(arguments) : 0;
    return beluga_response_builder_add(b, &e);
}

static int finish(beluga_response_builder *b, beluga_finish_reason reason, const char *raw)
{
    beluga_event e = {.kind = BELUGA_EVENT_FINISH};
    e.u.finish.reason = (uint32_t)reason;
    e.u.finish.raw = raw;
    e.u.finish.raw_length = raw ? strlen(raw) : 0;
    return beluga_response_builder_add(b, &e);
}

static int usage(beluga_response_builder *b, int64_t in, int64_t out, const char *raw)
{
    beluga_event e = {.kind = BELUGA_EVENT_USAGE, .u.usage = BELUGA_USAGE_INIT};
    e.u.usage.input_total = in;
    e.u.usage.output_total = out;
    e.u.usage.raw = raw;
    e.u.usage.raw_length = raw ? strlen(raw) : 0;
    return beluga_response_builder_add(b, &e);
}

static int metadata(beluga_response_builder *b)
{
    static const beluga_rate_limits limits = {50, -1, -1, -1, -1, 20};
    beluga_event e = {.kind = BELUGA_EVENT_METADATA};
    e.u.metadata.id = "resp-1";
    e.u.metadata.model = "m-1";
    e.u.metadata.provider = "acme";
    e.u.metadata.request_id = "req-1";
    e.u.metadata.created = 1700000000;
    e.u.metadata.rate_limits = &limits;
    return beluga_response_builder_add(b, &e);
}

static int warnings(beluga_response_builder *b, const char *const *list, size_t n)
{
    beluga_event e = {.kind = BELUGA_EVENT_START};
    e.u.start.warnings = list;
    e.u.start.count = n;
    return beluga_response_builder_add(b, &e);
}

#endif
