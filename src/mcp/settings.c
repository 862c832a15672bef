#include "base/limits.h"
#include "base/sized.h"
#include "base/utf8.h"
#include "mcp/mcp.h"
#include "wire/outgoing.h"

#include <beluga/error.h>

#include <string.h>

/* NAME: maximum length of a server's name, with which the names of its tools begin; LONGEST_MS: a
 * day */
enum { NAME = 32, LONGEST_MS = 24 * 60 * 60 * 1000 };

static int refuse(beluga_error *err, const char *name, const char *what)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "MCP server %s: %s", name, what);
}

static int check_name(const char *name, beluga_error *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t n = name ? strnlen(name, NAME + 1) : 0;
    if (n && n <= NAME && strspn(name, allowed) == n) return 0;
    return beluga_error_set(
        err, BELUGA_ERROR_INVALID_INPUT,
        "the name of an MCP server must be 1 to %d characters of A-Z a-z 0-9 _ - (is \"%.*s\")",
        NAME, name ? (int)beluga__utf8_cut(name, n, NAME) : 0, name ? name : "");
}

static int check_env(const beluga_mcp_settings *s, beluga_error *err)
{
    for (const char *const *e = s->env; e && *e; e++)
        if (**e == '=' || !strchr(*e, '='))
            return refuse(err, s->name, "each item of env must have the form NAME=value");
    return 0;
}

static int check_headers(const beluga_mcp_settings *s, beluga_error *err)
{
    beluga__misfit misfit;
    for (const char *const *h = s->headers; h && *h; h++) {
        size_t n = strcspn(*h, ":");
        if (!(*h)[n])
            return refuse(err, s->name, "each item of headers must have the form Name: value");
        if (!beluga__fits_header_name(*h, n, &misfit))
            return refuse(err, s->name, "the name of a header has a character that is not allowed");
        if (beluga__header_is_ours(*h, n))
            return refuse(err, s->name, "a header is one that only the library may set");
        if (!beluga__fits_header(*h + n + 1, strlen(*h + n + 1), &misfit))
            return refuse(err, s->name, "the value of a header has a character that can't be sent");
    }
    return 0;
}

static int check_place(const beluga_mcp_settings *s, beluga_error *err)
{
    beluga__misfit misfit;
    if (s->command) {
        if (!*s->command) return refuse(err, s->name, "command is empty");
        return s->url ? refuse(err, s->name, "it has a command and a url: remove one of them")
                      : check_env(s, err);
    }
    if (!s->url) return refuse(err, s->name, "it needs a command or a url");
    size_t n = strnlen(s->url, BELUGA__MAX_URL_BYTES);
    bool http = strncmp(s->url, "http://", 7) == 0 || strncmp(s->url, "https://", 8) == 0;
    if (!http || n >= BELUGA__MAX_URL_BYTES || !beluga__fits_url(s->url, n, &misfit))
        return refuse(err, s->name, "url must begin with http:// or https://, without spaces");
    return check_headers(s, err);
}

/* --- copies ----------------------------------------------------------------------------------- */

static const char *keep(beluga_mcp *mcp, const char *text, bool *failed)
{
    const char *copy = text ? beluga__arena_copy(&mcp->arena, text, strlen(text)) : NULL;
    if (text && !copy) *failed = true;
    return copy;
}

static const char *const *keep_list(beluga_mcp *mcp, const char *const *list, bool *failed)
{
    size_t n = 0;
    if (!list) return NULL;
    while (list[n]) n++;
    const char **copy = beluga__arena_zalloc(&mcp->arena, (n + 1) * sizeof *copy);
    if (!copy) *failed = true;
    for (size_t i = 0; copy && i < n; i++) copy[i] = keep(mcp, list[i], failed);
    return copy;
}

static int64_t longest(int64_t ms, int64_t otherwise)
{
    if (!ms) return otherwise;
    return ms > LONGEST_MS ? LONGEST_MS : ms;
}

int beluga__mcp_take_settings(beluga_mcp *mcp, const beluga_mcp_settings *given, beluga_error *err)
{
    beluga_mcp_settings s;
    bool failed = false;
    if (!given || beluga__sized_read(&s, given, offsetof(beluga_mcp_settings, headers), true))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the settings of an MCP server have a size that this library does "
                                "not know: set .size = sizeof(beluga_mcp_settings)");
    int status = check_name(s.name, err);
    if (!status) status = check_place(&s, err);
    if (!status && (s.timeout_ms < 0 || s.connect_timeout_ms < 0))
        status = refuse(err, s.name, "a timeout is negative");
    if (status) return status;
    mcp->place = (beluga__mcp_place){
        .name = keep(mcp, s.name, &failed),
        .child = {.command = keep(mcp, s.command, &failed),
                  .args = keep_list(mcp, s.args, &failed),
                  .env = keep_list(mcp, s.env, &failed),
                  .cwd = keep(mcp, s.cwd, &failed)},
        .url = keep(mcp, s.url, &failed),
        .headers = keep_list(mcp, s.headers, &failed),
        .ca_file = keep(mcp, s.ca_file, &failed),
        .environment = s.environment,
    };
    mcp->choice = (beluga__mcp_choice){.server = mcp->place.name,
                                       .tools = keep_list(mcp, s.tools, &failed),
                                       .disabled = keep_list(mcp, s.disabled_tools, &failed)};
    mcp->timeout_ms = longest(s.timeout_ms, BELUGA__MCP_TIMEOUT_MS);
    mcp->connect_ms = longest(s.connect_timeout_ms, BELUGA__MCP_CONNECT_MS);
    return failed ? beluga_error_set(
                        err, BELUGA_ERROR_NO_MEMORY,
                        "no memory for the settings of MCP server %s, or they have more than %u "
                        "bytes",
                        s.name, BELUGA__MAX_MCP_SETTINGS)
                  : 0;
}
