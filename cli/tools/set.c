#include "tools/set.h"

#include "base/clock.h"
#include "terminal/term.h"
#include "tools/ask.h"
#include "tools/desk.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The time limit of the tool that the model gets. It is long, since the inner tool has its own
 * limit, and the user may think for a long time before answering. */
#define LONGEST_MS (7 * 24 * 60 * 60 * INT64_C(1000))

/* ---- one call -------------------------------------------------------------------------------- */

typedef struct set_call {
    tool_item *item;
    const beluga_context *context;
    const char *arguments;
    size_t length;
    bool allowed;
    const char *text; /* the result */
    size_t text_length;
    int status;
    int64_t ns;
} set_call;

/* Draw the tool call, and ask the user whether it may run, if necessary. Runs on the main
 * thread. */
static void begin(void *payload)
{
    set_call *call = payload;
    tool_item *item = call->item;
    const char *name = beluga_tool_name(item->inner);
    call->allowed = item->allow == TOOL_ALWAYS;
    if (item->allow == TOOL_ASK) {
        ask_answer answer = ask_about_call(name, call->arguments, call->length, call->context);
        call->allowed = answer != ASK_NO;
        if (answer == ASK_ALWAYS) item->allow = TOOL_ALWAYS;
    } else {
        ask_draw_call(name, call->arguments, call->length);
    }
    if (!call->allowed && !beluga_context_is_cancelled(call->context))
        ask_draw_result(name, "not allowed", strlen("not allowed"), true, -1);
    term_spinner_resume();
}

/* Draw the result of the call. Runs on the main thread. */
static void end(void *payload)
{
    const set_call *call = payload;
    ask_draw_result(beluga_tool_name(call->item->inner), call->text, call->text_length,
                    call->status != 0, call->ns);
    term_spinner_resume();
}

static int run_inner(set_call *call, beluga_context *context, beluga_tool_result *result)
{
    beluga_error err = {.code = 0};
    char *text = NULL;
    int64_t from = beluga__now_ns();
    call->status = beluga_tool_execute(call->item->inner, context, call->arguments, call->length,
                                       &text, &call->text_length, &err);
    call->ns = beluga__now_ns() - from;
    call->text = text ? text : err.message;
    if (!text) call->text_length = strlen(err.message);
    if (call->item->desk) desk_visit(call->item->desk, end, call);
    int status = beluga_tool_result_set(result, call->text, call->text_length);
    beluga_free(text);
    return call->status ? call->status : status;
}

static int refuse(beluga_tool_result *result)
{
    static const char text[] = "The user did not allow this call.";
    beluga_tool_result_set(result, text, sizeof text - 1);
    return BELUGA_ERROR_TOOL_EXECUTION;
}

static int execute(void *payload, beluga_context *context, const char *arguments, size_t length,
                   beluga_tool_result *result)
{
    tool_item *item = payload;
    int status = BELUGA_ERROR_CONTEXT_CANCELED;
    set_call call = {.item = item, .context = context, .arguments = arguments, .length = length};
    if (!item->desk) {
        call.allowed = item->allow == TOOL_ALWAYS;
        return call.allowed ? run_inner(&call, context, result) : refuse(result);
    }
    desk_begin(item->desk);
    if (desk_visit(item->desk, begin, &call))
        status = call.allowed ? run_inner(&call, context, result) : refuse(result);
    desk_end(item->desk);
    return status;
}

/* ---- the set --------------------------------------------------------------------------------- */

static void release(void *payload)
{
    tool_item *item = payload;
    beluga_tool_unref(item->inner);
    desk_unref(item->desk);
    free(item->from);
    free(item);
}

static int wrap(tool_item *item, beluga_error *err)
{
    const beluga_tool_definition definition = {
        .size = sizeof definition,
        .name = beluga_tool_name(item->inner),
        .description = beluga_tool_description(item->inner),
        .parameters = beluga_tool_parameters(item->inner, NULL),
        .strict = beluga_tool_is_strict(item->inner),
        .execute = execute,
        .payload = item,
        .release = release,
        .timeout_ms = LONGEST_MS,
    };
    return beluga_tool_new(&definition, &item->tool, err);
}

static const tool_item *find(const tool_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(beluga_tool_name(set->items[i]->inner), name) == 0) return set->items[i];
    return NULL;
}

static int make_room(tool_set *set)
{
    if (set->count < set->room) return 0;
    size_t room = set->room ? 2 * set->room : 8;
    tool_item **items = realloc(set->items, room * sizeof *items);
    if (!items) return -1;
    set->items = items;
    set->room = room;
    return 0;
}

static int no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the tools");
}

int tool_set_add(tool_set *set, beluga_tool *tool, tool_allow allow, const char *from,
                 beluga_error *err)
{
    const tool_item *other = find(set, beluga_tool_name(tool));
    if (other) {
        int rc = strcmp(other->from, from) == 0
                     ? 0 /* the user named the same tool twice */
                     : beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                        "two tools are called %s: one at %s and one at %s",
                                        beluga_tool_name(tool), other->from, from);
        beluga_tool_unref(tool);
        return rc;
    }
    tool_item *item = calloc(1, sizeof *item);
    if (!item) {
        beluga_tool_unref(tool);
        return no_memory(err);
    }
    *item = (tool_item){
        .inner = tool, .desk = desk_ref(set->desk), .allow = allow, .from = strdup(from)};
    int rc = item->from && make_room(set) == 0 ? wrap(item, err) : no_memory(err);
    if (rc)
        release(item);
    else
        set->items[set->count++] = item;
    return rc;
}

int tool_set_keep(tool_set *set, beluga_mcp *server, beluga_error *err)
{
    beluga_mcp **servers = realloc(set->servers, (set->n_servers + 1) * sizeof(beluga_mcp *));
    if (!servers) {
        beluga_mcp_unref(server);
        return no_memory(err);
    }
    set->servers = servers;
    set->servers[set->n_servers++] = server;
    return 0;
}

void tool_set_drop_forbidden(tool_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i]->allow == TOOL_NEVER)
            beluga_tool_unref(set->items[i]->tool);
        else
            set->items[kept++] = set->items[i];
    set->count = kept;
}

void tool_set_free(tool_set *set)
{
    while (set->count) beluga_tool_unref(set->items[--set->count]->tool);
    free(set->items);
    while (set->n_servers) beluga_mcp_close(set->servers[--set->n_servers]);
    free(set->servers);
    desk_unref(set->desk);
    *set = (tool_set){0};
}
