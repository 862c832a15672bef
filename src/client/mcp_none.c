/* Replaces mcp.c and the room mcp/ in a library without MCP. */
#include "base/left_out.h"

#include <beluga/mcp.h>

static int refuse(beluga_error *err)
{
    return beluga__left_out(err, "tools of MCP servers", "mcp=enabled");
}

int beluga_mcp_open(beluga_client *client, const beluga_mcp_settings *settings, beluga_context *ctx,
                    beluga_mcp **out, beluga_error *err)
{
    BELUGA__UNUSED(client, settings, ctx);
    *out = NULL;
    return refuse(err);
}

int beluga_mcp_open_start(beluga_loop *loop, const beluga_mcp_settings *settings,
                          beluga_context *ctx, beluga_mcp_cb cb, void *payload, beluga_mcp **out,
                          beluga_error *err)
{
    BELUGA__UNUSED(loop, settings, ctx, cb, payload);
    *out = NULL;
    return refuse(err);
}

/* No caller has a server here, so the following functions can only be called with NULL. */

int beluga_mcp_tools(beluga_mcp *mcp, beluga_tool ***tools, size_t *n, beluga_error *err)
{
    (void)mcp;
    *tools = NULL;
    *n = 0;
    return refuse(err);
}

void beluga_mcp_tools_free(beluga_tool **tools, size_t n)
{
    BELUGA__UNUSED(tools, n);
}

int beluga_mcp_get_info(beluga_mcp *mcp, beluga_mcp_info *info)
{
    BELUGA__UNUSED(mcp, info);
    return refuse(NULL);
}

beluga_mcp *beluga_mcp_ref(beluga_mcp *mcp)
{
    return mcp;
}

void beluga_mcp_unref(beluga_mcp *mcp)
{
    (void)mcp;
}

void beluga_mcp_close(beluga_mcp *mcp)
{
    (void)mcp;
}
