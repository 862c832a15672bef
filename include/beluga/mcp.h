/**
 * @file mcp.h
 * Tools of MCP servers (Model Context Protocol). Such a server is a program that runs as a child
 * process, or a service that is reached by HTTP.
 *
 *     const beluga_mcp_settings settings = {
 *         .size = sizeof settings, .name = "files", .command = "mcp-files", .args = args};
 *     beluga_mcp_open(NULL, &settings, NULL, &mcp, &err);
 *     beluga_mcp_tools(mcp, &tools, &n, &err);
 *     beluga_bind_tools(model, tools, n, &bound, &err);
 *     beluga_run_tools(bound, …);
 *
 * The library uses one thread for each server to wait for it, so that a server that hangs blocks no
 * loop, no other call and no caller. Its tools run like other tools, with the same timeouts,
 * context and limit of concurrent tools. A server that has ended is started again by the next call
 * of one of its tools. A tool call that was running when the server ended fails and is not
 * repeated.
 *
 * The library speaks the revisions 2026-07-28, 2025-11-25 and older ones, over stdio and streamable
 * HTTP. If a server asks for something that the library does not offer (a model's answer, a
 * person's answer, a list of folders), it gets an error.
 */
#ifndef BELUGA_MCP_H
#define BELUGA_MCP_H

#include <beluga/common.h>
#include <beluga/config.h>

BELUGA_BEGIN_DECLS

/** A server and the list of its tools. Shared: each tool holds a reference to it. */
typedef struct beluga_mcp beluga_mcp;

/**
 * How to start or reach a server. Zero-initialise it, then set `size` and the members that you
 * need; everything is copied.
 */
typedef struct beluga_mcp_settings {
    size_t size;      /**< sizeof(beluga_mcp_settings) */
    const char *name; /**< prefix of its tools' names, 1–32 characters A–Z a–z 0–9 _ - ; required */
    const char *command;     /**< the program to start, looked up in PATH; NULL: see url */
    const char *const *args; /**< its arguments, ended by NULL; NULL: none */
    /**
     * Environment of the program as "NAME=value", ended by NULL; NULL: none. In addition it gets
     * PATH, HOME, LANG and similar variables, but no other variable of the process, since those may
     * be secrets.
     */
    const char *const *env;
    const char *cwd; /**< the program's working folder; NULL: that of the process */
    const char *url; /**< address of the service; used if command is NULL */
    /** headers "Name: value", ended by NULL, sent only to the server of url; NULL: none */
    const char *const *headers;
    int64_t timeout_ms; /**< longest run of a tool, milliseconds; 0: 60,000 */
    /** longest time from starting the server to its list of tools, milliseconds; 0: 30,000 */
    int64_t connect_timeout_ms;
    const char *ca_file;      /**< PEM file of the certificates to trust; NULL: the system's */
    bool environment;         /**< use the proxy of variables such as HTTPS_PROXY */
    const char *const *tools; /**< offer only these tools, ended by NULL; NULL: all */
    const char *const *disabled_tools; /**< do not offer these tools, ended by NULL; NULL: none */
} beluga_mcp_settings;

/**
 * Read the settings of a server from the files of a configuration: its entry under `mcp_servers`.
 *
 *     mcp_servers:
 *       files: {command: npx, args: [-y, "@modelcontextprotocol/server-filesystem", .]}
 *       tracker:
 *         url: https://mcp.example.com/mcp
 *         headers: {Authorization: "Bearer ${TRACKER_TOKEN}"}
 *
 * A file that is read later wins over an earlier one. ${NAME} and ${NAME:-default} stand for
 * environment variables of the process. A value of `env` or `headers`, or `api_key`, may be a
 * reference: env:NAME, file:PATH or command:COMMAND.
 *
 * @param config  Borrowed.
 * @param name    Name of the entry.
 * @param out     Owned (beluga_mcp_settings_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NOT_FOUND if there is no entry of that name; BELUGA_ERROR_INVALID_CONFIG
 * if the entry has a mistake or a reference without a value (the message begins with
 * "path:line:column: "); BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED if the library was
 * built without MCP.
 *
 * Threads: as beluga_config_new_n. Blocks: while it reads files and runs commands that references
 * name. Since: 0.1
 */
BELUGA_API int beluga_mcp_settings_read(const beluga_config *config, const char *name,
                                        beluga_mcp_settings **out, beluga_error *err);
/**
 * Free settings of beluga_mcp_settings_read, with all their texts; NULL does nothing. Threads: any.
 */
BELUGA_API void beluga_mcp_settings_free(beluga_mcp_settings *settings);

/**
 * Callback that receives the name of a server, borrowed until the function returns.
 *
 * @param disabled  Whether the server's entry has `disabled`.
 */
typedef void (*beluga_mcp_name_fn)(void *payload, const char *name, bool disabled);

/**
 * List the names of all servers of a configuration, each once, in the order of the files.
 *
 * @param config   Borrowed.
 * @param tell     Called on this thread for each name.
 * @param payload  Passed to tell.
 * @return 0; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: as beluga_config_new_n. Since: 0.1
 */
BELUGA_API int beluga_mcp_names(const beluga_config *config, beluga_mcp_name_fn tell,
                                void *payload);

/**
 * Check all entries under `mcp_servers` and report what is wrong. Call it from the callback of
 * beluga_config_check_sections, with the callback's arguments. It runs no command and sends
 * nothing.
 *
 * @param config, checking  The arguments of the callback; borrowed.
 *
 * Threads: only the thread that called beluga_config_check_sections. Since: 0.1
 */
BELUGA_API void beluga_mcp_check(const beluga_config *config, beluga_config_checking *checking);

/**
 * Start or contact a server, agree on a revision of the protocol, and read the list of its tools.
 *
 * If the process ends without beluga_mcp_close, the library kills the server and all processes that
 * it started.
 *
 * @param client    Shared; NULL for the default one. Held until the server has ended.
 * @param settings  Borrowed; copied.
 * @param ctx       Borrowed; NULL for none. Its cancellation and deadline end only this function,
 * not a server that is open.
 * @param out       A reference that the caller releases (beluga_mcp_unref or beluga_mcp_close).
 * NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the settings are invalid; BELUGA_ERROR_NOT_FOUND if
 * there is no such command or folder; BELUGA_ERROR_TIMEOUT if the server was not ready within
 * connect_timeout_ms; BELUGA_ERROR_STREAM_CLOSED if the server ended (`cause` has the last line of
 * its stderr); BELUGA_ERROR_NOT_SUPPORTED if the server's revision is not known, or the library was
 * built without MCP; BELUGA_ERROR_CONTEXT_CANCELED or BELUGA_ERROR_CONTEXT_TIMEOUT if `ctx` ended
 * it; BELUGA_ERROR_LIMIT_EXCEEDED if no descriptor or thread could be created; for a service also
 * the codes of a call (error.h).
 *
 * Threads: any. Blocks: until the server is ready, at most connect_timeout_ms plus the time that a
 * server takes to end after a failure. Since: 0.1
 */
BELUGA_API int beluga_mcp_open(beluga_client *client, const beluga_mcp_settings *settings,
                               beluga_context *ctx, beluga_mcp **out, beluga_error *err);

/**
 * Callback that is called when beluga_mcp_open_start has opened a server or failed.
 *
 * @param mcp  The server that beluga_mcp_open_start returned.
 * @param err  NULL if the server is ready; otherwise the error, after which the caller should
 * release the reference. Borrowed until the function returns.
 */
typedef void (*beluga_mcp_cb)(void *payload, beluga_mcp *mcp, const beluga_error *err);

/**
 * Start on a loop of the host program what beluga_mcp_open does.
 *
 * @param loop      Borrowed until cb was called or the reference was released. The server uses the
 * loop's client.
 * @param settings  Borrowed; copied.
 * @param ctx       Borrowed; NULL for none.
 * @param cb        Called once, from beluga_loop_step or beluga_loop_wait only. It is not called if
 * the reference was released or the loop freed before.
 * @param payload   Passed to cb.
 * @param out       A reference that the caller releases (beluga_mcp_unref or beluga_mcp_close).
 * Before cb was called, release it only on the loop's thread. NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT, BELUGA_ERROR_LIMIT_EXCEEDED or BELUGA_ERROR_NOT_SUPPORTED
 * as beluga_mcp_open. On failure cb is never called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_open_start(beluga_loop *loop, const beluga_mcp_settings *settings,
                                     beluga_context *ctx, beluga_mcp_cb cb, void *payload,
                                     beluga_mcp **out, beluga_error *err);

/**
 * Make the tools that the server has now, which can then be bound to a model. Each is named
 * "server__tool", where a name that models do not accept is changed; the server still gets its own
 * name of the tool.
 *
 * The results of a tool are text. Other content, such as an image, is replaced by a line in
 * brackets.
 *
 * @param tools  Receives an owned array (beluga_mcp_tools_free); NULL when there are no tools, and
 * on failure.
 * @param n      Receives their number.
 * @return 0; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_tools(beluga_mcp *mcp, beluga_tool ***tools, size_t *n,
                                beluga_error *err);
/**
 * Make the tool that the server knows by this name.
 *
 * @param out  A reference that the caller releases (beluga_tool_unref). NULL on failure.
 * @return 0; BELUGA_ERROR_TOOL_NOT_FOUND if the server has no tool of that name (the message
 * suggests a similar name, or lists some names); BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_tool(beluga_mcp *mcp, const char *name, beluga_tool **out,
                               beluga_error *err);
/**
 * Free an array of tools and release a reference to each tool; NULL does nothing. Threads: any.
 *
 * @param tools, n  The array that beluga_mcp_tools returned.
 */
BELUGA_API void beluga_mcp_tools_free(beluga_tool **tools, size_t n);

/** Facts about a server. Read no further than `size`. */
typedef struct beluga_mcp_info {
    size_t size;
    const char *name;        /**< name in the settings; borrowed until the server is freed */
    char server_name[128];   /**< the server's own name, one line; "" if it has none */
    char server_version[64]; /**< its version, one line; "" if unknown */
    const char *protocol;    /**< the revision of the protocol in use; static */
    size_t tools;            /**< number of tools of the server */
    uint64_t changes;        /**< increases whenever the list of tools has changed */
} beluga_mcp_info;

/**
 * Get facts about a server. When the number of `changes` differs from an earlier one, get the tools
 * again and bind them.
 *
 * @param info  Receives the facts; set its `size` before.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the size is missing.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_get_info(beluga_mcp *mcp, beluga_mcp_info *info);

/** Take a reference. @return `mcp`; NULL for NULL. Threads: any. */
BELUGA_API beluga_mcp *beluga_mcp_ref(beluga_mcp *mcp);
/**
 * Release a reference; NULL does nothing. When no reference is left, neither of the program nor of
 * a tool, the server is ended as beluga_mcp_close does, but without waiting for it. Threads: any.
 * Blocks: never.
 */
BELUGA_API void beluga_mcp_unref(beluga_mcp *mcp);
/**
 * End the server, release a reference, and wait until the server has ended; NULL does nothing.
 *
 * Tool calls that are running fail, and so do later ones. If the server is a child process, its
 * standard input is closed; if it has not ended after two seconds it gets SIGTERM, and two seconds
 * later it is killed. Processes that it left behind are killed, too.
 *
 * Threads: any, but not from a log hook. Blocks: until the server has ended, at most about 5 s.
 */
BELUGA_API void beluga_mcp_close(beluga_mcp *mcp);

BELUGA_END_DECLS
#endif
