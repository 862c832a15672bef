/* Opens MCP servers for a client. */
#include "mcp/mcp.h"

#include "client/client.h"

int beluga_mcp_open(beluga_client *client, const beluga_mcp_settings *settings, beluga_context *ctx,
                    beluga_mcp **out, beluga_error *err)
{
    beluga_mcp *mcp;
    *out = NULL;
    if (!client) client = beluga_client_default();
    if (!client) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for a client");
    int status = beluga__mcp_new(&client->runtime, settings, ctx, NULL, NULL, NULL, &mcp, err);
    if (status) return status;
    status = beluga__mcp_await(mcp, err);
    if (status)
        beluga_mcp_unref(mcp);
    else
        *out = mcp;
    return status;
}

int beluga_mcp_open_start(beluga_loop *loop, const beluga_mcp_settings *settings,
                          beluga_context *ctx, beluga_mcp_cb cb, void *payload, beluga_mcp **out,
                          beluga_error *err)
{
    return beluga__mcp_new(loop->runtime, settings, ctx, loop, cb, payload, out, err);
}
