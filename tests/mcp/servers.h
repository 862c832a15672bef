/* MCP servers for tests. server.py behaves as its arguments say. */
#ifndef TESTS_MCP_SERVERS_H
#define TESTS_MCP_SERVERS_H

#include "../support/scoped.h"
#include "../support/words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SCOPED_TYPE(type, release)              \
    static inline void scoped_##type(type **it) \
    {                                           \
        release(*it);                           \
    }
SCOPED_TYPE(beluga_mcp, beluga_mcp_close)
#undef SCOPED_TYPE

/* The timeout of a call: on a busy machine a message that is too long takes minutes. */
enum { PATIENT_MS = 300000 };

/* The settings of a server that behaves in a certain way. The texts in the settings are valid as
 * long as this object. */
typedef struct server {
    beluga_mcp_settings settings;
    char script[512];
    const char *args[4];
} server;

static inline void server_init(server *s, const char *way, const char *argument)
{
    *s = (server){.settings = {.size = sizeof s->settings,
                               .name = "srv",
                               .command = "python3",
                               .connect_timeout_ms = 60000,
                               .timeout_ms = PATIENT_MS}};
    snprintf(s->script, sizeof s->script, "%s/tests/mcp/server.py", getenv("BELUGA_SOURCE_ROOT"));
    s->args[0] = s->script;
    s->args[1] = way;
    s->args[2] = argument;
    s->settings.args = s->args;
}

/* Open a server; the test fails if that is impossible. */
static inline beluga_mcp *open_with(const beluga_mcp_settings *settings)
{
    beluga_error err = {.message = ""};
    beluga_mcp *mcp;
    if (beluga_mcp_open(NULL, settings, NULL, &mcp, &err))
        fail_msg("%s (%s)", err.message, err.cause);
    return mcp;
}

static inline beluga_mcp *open_server(const char *way)
{
    server s;
    server_init(&s, way, NULL);
    return open_with(&s.settings);
}

/* Returns the tool with this name, owned by the caller, or NULL. */
static inline beluga_tool *find_tool(beluga_mcp *mcp, const char *name)
{
    size_t n;
    beluga_tool **tools, *found = NULL;
    beluga_error err;
    assert_int_equal(beluga_mcp_tools(mcp, &tools, &n, &err), 0);
    for (size_t i = 0; i < n && !found; i++)
        if (strcmp(beluga_tool_name(tools[i]), name) == 0) found = beluga_tool_ref(tools[i]);
    beluga_mcp_tools_free(tools, n);
    return found;
}

/* The outcome of running a tool; the caller owns the text. */
typedef struct outcome {
    int status;
    char *text;
    beluga_error err;
} outcome;

static inline outcome call_under(beluga_mcp *mcp, beluga_context *ctx, const char *name,
                                 const char *arguments)
{
    char whole[80];
    outcome o = {.err = {.message = ""}};
    snprintf(whole, sizeof whole, "srv__%s", name);
    SCOPED(beluga_tool) *tool = find_tool(mcp, whole);
    if (!tool) fail_msg("there is no tool %s", whole);
    o.status = beluga_tool_execute(tool, ctx, arguments, strlen(arguments), &o.text, NULL, &o.err);
    return o;
}

/* Expect that calling the tool succeeds, and that the result is this text. */
static inline void expect_text_of(beluga_mcp *mcp, const char *name, const char *arguments,
                                  const char *text)
{
    outcome o = call_under(mcp, NULL, name, arguments);
    if (o.status) fail_msg("%s: %s (%s)", name, o.err.message, o.text ? o.text : "");
    assert_string_equal(o.text, text);
    beluga_free(o.text);
}

/* Expect that calling the tool fails with this code, and that the result contains this text. */
static inline void expect_failure_of(beluga_mcp *mcp, const char *name, int code, const char *text)
{
    outcome o = call_under(mcp, NULL, name, "{}");
    assert_int_equal(o.status, code);
    assert_has_all(o.text, text);
    beluga_free(o.text);
}

/* Expect that the server still answers calls. */
static inline void expect_alive(beluga_mcp *mcp)
{
    expect_text_of(mcp, "echo", "{\"text\":\"still here\"}", "still here");
}

/* Expect that a server answers calls, each of which may only take a short time. */
static inline void expect_alive_in_the_end(beluga_mcp *mcp)
{
    int status = -1;
    for (int i = 0; i < 300 && status; i++) {
        outcome o = call_under(mcp, NULL, "echo", "{\"text\":\"still here\"}");
        status = o.status;
        beluga_free(o.text);
    }
    assert_int_equal(status, 0);
}

/* For threads_run: make several calls, and check that each gets its own answer. Returns NULL if all
 * do. */
static inline void *echo_often(void *argument)
{
    char arguments[64], text[32];
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "%p %d", (void *)&arguments, i);
        snprintf(arguments, sizeof arguments, "{\"text\":\"%s\"}", text);
        outcome o = call_under(argument, NULL, "echo", arguments);
        bool right = !o.status && strcmp(o.text, text) == 0;
        beluga_free(o.text);
        if (!right) return argument;
    }
    return NULL;
}

#endif
