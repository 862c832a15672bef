/* Replaces mcp.c and the room mcp/ in a library that is built without MCP. */
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

int beluga_mcp_settings_read(const beluga_config *config, const char *name,
                             beluga_mcp_settings **out, beluga_error *err)
{
    BELUGA__UNUSED(config, name);
    *out = NULL;
    return refuse(err);
}

int beluga_mcp_names(const beluga_config *config, beluga_mcp_name_fn tell, void *payload)
{
    BELUGA__UNUSED(config, tell, payload);
    return 0;
}

void beluga_mcp_check(const beluga_config *config, beluga_config_checking *checking)
{
    BELUGA__UNUSED(config, checking);
}

/* Nothing in this library makes settings or servers, so callers can pass only NULL to the following
 * functions. */

void beluga_mcp_settings_free(beluga_mcp_settings *settings)
{
    (void)settings;
}

int beluga_mcp_tools(beluga_mcp *mcp, beluga_tool ***tools, size_t *n, beluga_error *err)
{
    (void)mcp;
    *tools = NULL;
    *n = 0;
    return refuse(err);
}

int beluga_mcp_tool(beluga_mcp *mcp, const char *name, beluga_tool **out, beluga_error *err)
{
    BELUGA__UNUSED(mcp, name);
    *out = NULL;
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
