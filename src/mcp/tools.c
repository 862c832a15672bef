/* Makes tools of the library from a server's tools. A run of such a tool waits on the caller's
 * thread while the server runs it. */
#include "base/clock.h"
#include "base/context.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "mcp/mcp.h"
#include "mcp/result.h"
#include "schema/tool.h"

#include <stdio.h>
#include <string.h>

/* The data of a tool: its server, and its name on that server. */
typedef struct tool_of_server {
    beluga_mcp *mcp;
    char name[];
} tool_of_server;

/* One run of a tool. This struct is on the stack of the thread that waits for the result. */
typedef struct run {
    beluga__mcp_request request;
    beluga__mail mail;
    beluga_mcp *mcp;
    const char *arguments;
    size_t length;
    beluga_context *context;
    beluga__guard guard;
    beluga__arena arena; /* memory of the guard */
    beluga__task cancelled;
    beluga__buf *text; /* receives the tool's result */
    int status;
    bool over; /* guarded by the server's lock */
} run;

/* --- on the server's thread ------------------------------------------------------------------- */

static void conclude(run *r, int status, const char *why)
{
    beluga__guard_end(&r->guard);
    beluga__task_cancel(&r->cancelled);
    if (why) {
        beluga__buf_clear(r->text);
        beluga__buf_puts(r->text, why);
    }
    pthread_mutex_lock(&r->mcp->lock);
    r->status = status;
    r->over = true;
    pthread_cond_broadcast(&r->mcp->changed);
    pthread_mutex_unlock(&r->mcp->lock);
}

static void write_call(beluga__mcp_request *request, beluga_json_writer *w)
{
    const run *r = beluga__container_of(request, run, request);
    beluga_json_put_string(w, "name", request->tool);
    beluga_json_put_raw(w, "arguments", r->arguments, r->length);
}

/* Handle the answer. On failure the model reads the error's message. It does not get the cause, the
 * last line of the server's stderr, which people can find in the log. */
static void called(beluga__mcp_request *request, const beluga__mcp_answer *answer)
{
    run *r = beluga__container_of(request, run, request);
    if (answer->status) {
        conclude(r, answer->status, answer->err->message);
        return;
    }
    conclude(r, beluga__mcp_result_text(r->text, answer->result, &r->mcp->loop->scratch), NULL);
}

static void no_longer_wanted(beluga__task *task)
{
    run *r = beluga__container_of(task, run, cancelled);
    beluga__mcp_link_drop(&r->mcp->session.link, &r->request);
    conclude(r, BELUGA_ERROR_CONTEXT_CANCELED, NULL);
}

static void context_cancelled(beluga__guard *guard)
{
    run *r = beluga__container_of(guard, run, guard);
    r->mcp->loop->ops->defer(r->mcp->loop, &r->cancelled);
}

static void begin(beluga__mail *mail, beluga_loop *loop)
{
    beluga_error err;
    run *r = beluga__container_of(mail, run, mail);
    beluga_mcp *mcp = r->mcp;
    int status = loop ? 0
                      : beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED,
                                         "MCP server %s is closed", mcp->place.name);
    if (!status && beluga_context_is_cancelled(r->context))
        status = beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled");
    if (!status)
        status =
            beluga__guard_start(&r->guard, loop, r->context, &r->arena, context_cancelled, &err);
    if (!status) status = beluga__mcp_session_ask(&mcp->session, &r->request, &err);
    if (status) conclude(r, status, err.message);
}

/* --- on the caller's thread ------------------------------------------------------------------- */

/* Returns the code with which the tool ends. A timeout is reported as CONTEXT_TIMEOUT if the
 * caller's deadline has passed, too. */
static int code_of(const run *r)
{
    if (r->status == BELUGA_ERROR_TIMEOUT && beluga_context_remaining_ms(r->context) == 0)
        return BELUGA_ERROR_CONTEXT_TIMEOUT;
    return r->status;
}

static int execute(void *payload, beluga_context *context, const char *arguments, size_t length,
                   beluga_tool_result *result)
{
    tool_of_server *tool = payload;
    beluga_mcp *mcp = tool->mcp;
    _Alignas(16) char room[512];
    int64_t end = beluga__ends_ns(mcp->timeout_ms), deadline = beluga__context_deadline_ns(context);
    run r = {.request = {.method = "tools/call",
                         .tool = tool->name,
                         .write = write_call,
                         .done = called,
                         .deadline_ns = deadline < end ? deadline : end,
                         .wants_progress = true},
             .mail = {.run = begin},
             .mcp = mcp,
             .arguments = arguments,
             .length = length,
             .context = context,
             .cancelled = {.run = no_longer_wanted},
             .text = &result->text};
    if (beluga__mcp_is_forked(mcp)) return BELUGA_ERROR_FORKED;
    beluga__arena_init(&r.arena, &mcp->runtime->allocator, room, sizeof room, 64 * 1024);
    beluga__mcp_post(mcp, &r.mail);
    pthread_mutex_lock(&mcp->lock);
    while (!r.over) pthread_cond_wait(&mcp->changed, &mcp->lock);
    pthread_mutex_unlock(&mcp->lock);
    beluga__arena_free(&r.arena);
    return code_of(&r);
}

/* --- the list --------------------------------------------------------------------------------- */

static void release(void *payload)
{
    tool_of_server *tool = payload;
    beluga_mcp *mcp = tool->mcp;
    beluga__release(&mcp->runtime->allocator, tool);
    beluga_mcp_unref(mcp);
}

static int make_tool(beluga_mcp *mcp, const beluga__mcp_entry *entry, beluga_tool **out,
                     beluga_error *err)
{
    size_t n = strlen(entry->name);
    tool_of_server *tool = beluga__alloc(&mcp->runtime->allocator, sizeof *tool + n + 1);
    if (!tool) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the tools");
    memcpy(tool->name, entry->name, n + 1);
    tool->mcp = beluga_mcp_ref(mcp);
    const beluga_tool_definition d = {.size = sizeof d,
                                      .name = entry->tool_name,
                                      .description = entry->description,
                                      .parameters = entry->parameters,
                                      .execute = execute,
                                      .payload = tool,
                                      .release = release,
                                      .timeout_ms = mcp->timeout_ms};
    int status = beluga_tool_new(&d, out, err);
    if (status) release(tool);
    return status;
}

static int make_tools(beluga_mcp *mcp, const beluga__mcp_catalogue *catalogue, beluga_tool **list,
                      size_t *made, beluga_error *err)
{
    int status = 0;
    for (const beluga__mcp_entry *e = catalogue->entries; e && !status; e = e->next) {
        status = make_tool(mcp, e, &list[*made], err);
        if (!status) ++*made;
    }
    return status;
}

static beluga__mcp_catalogue *get_catalogue(beluga_mcp *mcp)
{
    pthread_mutex_lock(&mcp->lock);
    beluga__mcp_catalogue *catalogue = beluga__mcp_catalogue_ref(mcp->catalogue);
    pthread_mutex_unlock(&mcp->lock);
    return catalogue;
}

/* Set the error for an unknown tool. It names a tool with a similar name, or else some of the
 * server's tools. */
static int unknown(const beluga_mcp *mcp, const beluga__mcp_catalogue *catalogue, const char *name,
                   beluga_error *err)
{
    char some[200] = "";
    const char *near = NULL;
    size_t n = 0;
    for (const beluga__mcp_entry *e = catalogue ? catalogue->entries : NULL; e; e = e->next) {
        if (!near && beluga__text_is_near(name, e->name)) near = e->name;
        if (n + strlen(e->name) + 3 < sizeof some)
            n += (size_t)snprintf(some + n, sizeof some - n, "%s%s", n ? ", " : "", e->name);
    }
    if (near)
        return beluga_error_set(err, BELUGA_ERROR_TOOL_NOT_FOUND,
                                "MCP server %s has no tool %.60s; did you mean %.60s?",
                                mcp->place.name, name, near);
    return beluga_error_set(err, BELUGA_ERROR_TOOL_NOT_FOUND,
                            "MCP server %s has no tool %.60s; it has %s", mcp->place.name, name,
                            *some ? some : "none");
}

int beluga_mcp_tool(beluga_mcp *mcp, const char *name, beluga_tool **out, beluga_error *err)
{
    *out = NULL;
    beluga__mcp_catalogue *catalogue = get_catalogue(mcp);
    const beluga__mcp_entry *e = catalogue ? catalogue->entries : NULL;
    while (e && strcmp(e->name, name) != 0) e = e->next;
    int status = e ? make_tool(mcp, e, out, err) : unknown(mcp, catalogue, name, err);
    beluga__mcp_catalogue_unref(catalogue);
    return status;
}

int beluga_mcp_tools(beluga_mcp *mcp, beluga_tool ***tools, size_t *n, beluga_error *err)
{
    *tools = NULL;
    *n = 0;
    beluga__mcp_catalogue *catalogue = get_catalogue(mcp);
    if (!catalogue || !catalogue->n) {
        beluga__mcp_catalogue_unref(catalogue);
        return 0;
    }
    beluga_tool **list = beluga__zalloc(beluga_allocator_default(), catalogue->n * sizeof *list);
    int status = list ? make_tools(mcp, catalogue, list, n, err)
                      : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the tools");
    beluga__mcp_catalogue_unref(catalogue);
    if (status) {
        beluga_mcp_tools_free(list, *n);
        *n = 0;
        return status;
    }
    *tools = list;
    return 0;
}

void beluga_mcp_tools_free(beluga_tool **tools, size_t n)
{
    for (size_t i = 0; tools && i < n; i++) beluga_tool_unref(tools[i]);
    beluga__release(beluga_allocator_default(), tools);
}

int beluga_mcp_get_info(beluga_mcp *mcp, beluga_mcp_info *info)
{
    beluga_mcp_info known = {.size = info ? info->size : 0, .name = mcp->place.name};
    if (known.size < sizeof info->size) return BELUGA_ERROR_INVALID_INPUT;
    pthread_mutex_lock(&mcp->lock);
    memcpy(known.server_name, mcp->about.name, sizeof known.server_name);
    memcpy(known.server_version, mcp->about.version, sizeof known.server_version);
    known.protocol = mcp->about.protocol;
    known.tools = mcp->catalogue ? mcp->catalogue->n : 0;
    known.changes = mcp->changes;
    pthread_mutex_unlock(&mcp->lock);
    memcpy(info, &known, known.size < sizeof known ? known.size : sizeof known);
    return 0;
}
