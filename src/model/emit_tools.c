/* The rules for tool calls: each tool call has a unique id, begins once, gets arguments, and ends
 * once. */
#include "base/limits.h"
#include "model/emit_rules.h"

#include <stdio.h>

static beluga__tool_slot *find_tool(beluga_emit *emit, uint32_t index)
{
    for (beluga__tool_slot *tool = emit->tools; tool; tool = tool->next)
        if (tool->index == index && tool->open) return tool;
    return NULL;
}

static int send_tool(beluga_emit *emit, const beluga__tool_slot *tool, beluga_event *event)
{
    event->u.tool_call.id = tool->id;
    event->u.tool_call.name = tool->name;
    return beluga__emit_event(emit, event);
}

static const char *made_up_id(beluga_emit *emit)
{
    char id[32];
    int n = snprintf(id, sizeof id, "call_%016llx", (unsigned long long)beluga__draw_random(emit));
    return beluga__arena_copy(&emit->call->arena, id, (size_t)n);
}

/* Returns whether a tool call of this answer already has the id. Ids must be unique, since tool
 * results refer to them. */
static bool is_used(const beluga_emit *emit, const char *id)
{
    for (const beluga__tool_slot *tool = emit->tools; tool; tool = tool->next)
        if (strcmp(tool->id, id) == 0) return true;
    return false;
}

static int add_tool(beluga_emit *emit, beluga_event *event)
{
    const char *id = event->u.tool_call.id, *name = event->u.tool_call.name;
    if (!name || !*name)
        return beluga__emit_broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE,
                                   "a tool call has no name");
    if (emit->n_tools++ >= BELUGA__MAX_TOOL_CALLS)
        return beluga__emit_broken(emit, BELUGA_ERROR_LIMIT_EXCEEDED,
                                   "the answer has more than 1024 tool calls");
    beluga__tool_slot *tool = beluga__arena_zalloc(&emit->call->arena, sizeof *tool);
    if (!tool) return beluga__emit_no_memory(emit);
    tool->index = event->index;
    tool->id = id && *id && !is_used(emit, id) ? beluga__emit_keep(emit, id) : made_up_id(emit);
    tool->name = beluga__emit_keep(emit, name);
    if (!tool->id || !tool->name) return beluga__emit_no_memory(emit);
    beluga__buf_init(&tool->arguments, emit->call->arena.allocator, BELUGA__MAX_FRAME_BYTES);
    tool->open = true;
    *emit->last_tool = tool;
    emit->last_tool = &tool->next;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return send_tool(emit, tool, event);
}

int beluga__emit_tool_begin(beluga_emit *emit, beluga_event *event)
{
    const char *id = event->u.tool_call.id;
    int status = beluga__emit_check_content(emit);
    if (status) return status;
    if (!beluga__emit_is_utf8(id) || !beluga__emit_is_utf8(event->u.tool_call.name))
        return beluga__emit_broke_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                                       "a tool call is not valid UTF-8");
    const beluga__tool_slot *tool = find_tool(emit, event->index);
    if (!tool) return add_tool(emit, event);
    if (!id || !*id || strcmp(tool->id, id) == 0) return 0;
    return beluga__emit_broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE,
                               "two tool calls have the same index");
}

int beluga__emit_tool_delta(beluga_emit *emit, beluga_event *event)
{
    const char *text = event->u.tool_call.arguments;
    size_t length = event->u.tool_call.length;
    int status = beluga__emit_check_text(emit, text, length);
    if (status || !length) return status;
    beluga__tool_slot *tool = find_tool(emit, event->index);
    if (!tool)
        return beluga__emit_broken(
            emit, BELUGA_ERROR_MALFORMED_RESPONSE,
            "the provider emitted arguments for a tool call that it never began");
    status = beluga__buf_append(&tool->arguments, text, length);
    if (status)
        return beluga__emit_broken(emit, status, "the arguments of a tool call can't be stored");
    return send_tool(emit, tool, event);
}

static int end_tool(beluga_emit *emit, beluga__tool_slot *tool)
{
    tool->open = false;
    beluga_event event = {.kind = BELUGA_EVENT_TOOL_CALL_END, .index = tool->index};
    bool none = tool->arguments.length == 0;
    event.u.tool_call.arguments = none ? "{}" : tool->arguments.data;
    event.u.tool_call.length = none ? 2 : tool->arguments.length;
    int status = send_tool(emit, tool, &event);
    if (!status) beluga__buf_free(&tool->arguments);
    return status;
}

int beluga__emit_tool_end(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check_content(emit);
    beluga__tool_slot *tool = status ? NULL : find_tool(emit, event->index);
    return tool ? end_tool(emit, tool) : status;
}

int beluga__emit_end_tools(beluga_emit *emit)
{
    int status = 0;
    for (beluga__tool_slot *tool = emit->tools; tool && !status; tool = tool->next)
        if (tool->open) status = end_tool(emit, tool);
    return status;
}

bool beluga__emit_knows_tool(const beluga_emit *emit, uint32_t index)
{
    const beluga__tool_slot *tool = emit->tools;
    while (tool && tool->index != index) tool = tool->next;
    return tool;
}
