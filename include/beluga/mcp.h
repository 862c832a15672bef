/**
 * @file mcp.h
 * Tools of MCP servers (Model Context Protocol): programs that run as child processes, and services
 * that are reached by HTTP.
 *
 *     const beluga_mcp_settings settings = {
 *         .size = sizeof settings, .name = "files", .command = "mcp-files", .args = args};
 *     beluga_mcp_open(NULL, &settings, NULL, &mcp, &err);
 *     beluga_mcp_tools(mcp, &tools, &n, &err);
 *     beluga_bind_tools(model, tools, n, &bound, &err);
 *     beluga_run_tools(bound, …);
 *
 * A server has a thread of its own, on which the library waits for it: no loop, no call and no
 * caller stands still when a server hangs. Its tools run as any other tool does: their time-outs,
 * their context and the tool loop's count of them hold. A server that ends is started again by the
 * next call. A call that was under way fails, and is not repeated.
 *
 * Revisions 2026-07-28, 2025-11-25 and those before are spoken, over stdio and streamable HTTP. A
 * server that asks for what this library does not offer (a model, a person's answer, folders) is
 * told so.
 */
#ifndef BELUGA_MCP_H
#define BELUGA_MCP_H

#include <beluga/common.h>
#include <beluga/config.h>

BELUGA_BEGIN_DECLS

/** A server, with what is known of its tools. Shared: each tool has a reference. */
typedef struct beluga_mcp beluga_mcp;

/** Where a server is. Zero-initialise it, set `size` and what you need; all is copied. */
typedef struct beluga_mcp_settings {
    size_t size;         /**< sizeof(beluga_mcp_settings) */
    const char *name;    /**< begins the names of its tools, 1–32 of A–Z a–z 0–9 _ - ; required */
    const char *command; /**< the program to start, looked up in PATH; NULL: see url */
    const char *const *args; /**< its arguments, ended by NULL; NULL: none */
    /** NAME=value, ended by NULL; NULL: none. Beside these the program gets PATH, HOME, LANG and
     * the like, and no other variable of the process, since those may be secrets. */
    const char *const *env;
    const char *cwd; /**< the folder in which it runs; NULL: that of the process */
    const char *url; /**< where the service is; used where command is NULL */
    /** "Name: value", ended by NULL, sent to the host of url alone; NULL: none */
    const char *const *headers;
    int64_t timeout_ms; /**< longest run of a tool, milliseconds; 0: 60,000 */
    /** longest time from the start to the list of tools, milliseconds; 0: 30,000 */
    int64_t connect_timeout_ms;
    const char
        *ca_file;     /**< PEM file of certificates that a service may have; NULL: the system's */
    bool environment; /**< variables such as HTTPS_PROXY name the proxy to a service */
    const char *const *tools;          /**< these alone, ended by NULL; NULL: all */
    const char *const *disabled_tools; /**< none of these, ended by NULL; NULL: no exception */
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
 * variables of the process. A value of `env` or `headers`, or `api_key`, may be a reference, as a
 * key may: env:NAME, file:PATH or command:COMMAND.
 *
 * @param config  Borrowed.
 * @param name    Of the entry.
 * @param out     Owned (beluga_mcp_settings_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NOT_FOUND there is no entry of that name; BELUGA_ERROR_INVALID_CONFIG a
 * mistake in it, or a reference that gives nothing, with "path:line:column: …";
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED a library without MCP.
 *
 * Threads: as beluga_config_new_n. Blocks: as a file or a command does that a reference names.
 * Since: 0.1
 */
BELUGA_API int beluga_mcp_settings_read(const beluga_config *config, const char *name,
                                        beluga_mcp_settings **out, beluga_error *err);
/** Free settings that were read, with all texts; NULL does nothing. Threads: any. */
BELUGA_API void beluga_mcp_settings_free(beluga_mcp_settings *settings);

/**
 * Receives the name of a server, borrowed for the call.
 *
 * @param disabled  Its entry says `disabled`.
 */
typedef void (*beluga_mcp_name_fn)(void *payload, const char *name, bool disabled);

/**
 * Tell the names of all servers of a configuration, each once, in the order of the files.
 *
 * @param config   Borrowed.
 * @param tell     Called in this thread.
 * @param payload  Handed to tell.
 * @return 0; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: as beluga_config_new_n. Since: 0.1
 */
BELUGA_API int beluga_mcp_names(const beluga_config *config, beluga_mcp_name_fn tell,
                                void *payload);

/**
 * Check all entries under `mcp_servers`, and report what is wrong; a function that
 * beluga_config_check_sections calls hands its arguments on. Runs no command and sends nothing.
 *
 * @param config, checking  Borrowed.
 *
 * Threads: that of beluga_config_check_sections. Since: 0.1
 */
BELUGA_API void beluga_mcp_check(const beluga_config *config, beluga_config_checking *checking);

/**
 * Start or reach a server, agree on a revision, and read the list of its tools.
 *
 * The library kills the server, and all that it started, when the process ends without
 * beluga_mcp_close.
 *
 * @param client    Shared; NULL for the default one. Held until the server has ended.
 * @param settings  Borrowed; copied.
 * @param ctx       Borrowed; NULL for none. Ends the opening, not the server.
 * @param out       One reference, yours (beluga_mcp_unref or beluga_mcp_close). NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT settings that can't be meant; BELUGA_ERROR_NOT_FOUND there
 * is no such command or folder; BELUGA_ERROR_TIMEOUT not within connect_timeout_ms;
 * BELUGA_ERROR_STREAM_CLOSED the server ended (the cause is the last line of its stderr);
 * BELUGA_ERROR_NOT_SUPPORTED a revision that is not known, or a library without MCP;
 * BELUGA_ERROR_CONTEXT_CANCELED, BELUGA_ERROR_CONTEXT_TIMEOUT; BELUGA_ERROR_LIMIT_EXCEEDED no
 * descriptor or no thread is left; for a service the codes of a call (error.h).
 *
 * Threads: any. Blocks: until the server is ready, at most connect_timeout_ms and the time in which
 * it ends. Since: 0.1
 */
BELUGA_API int beluga_mcp_open(beluga_client *client, const beluga_mcp_settings *settings,
                               beluga_context *ctx, beluga_mcp **out, beluga_error *err);

/**
 * Receives the end of an opening.
 *
 * @param mcp  The server, as beluga_mcp_open_start gave it.
 * @param err  NULL: it is ready. Else why it is not: give the reference back. Borrowed for the
 * call.
 */
typedef void (*beluga_mcp_cb)(void *payload, beluga_mcp *mcp, const beluga_error *err);

/**
 * Do as beluga_mcp_open on the host's event loop.
 *
 * @param loop      Borrowed until cb was called, or the reference was given back. Its client is the
 * server's.
 * @param settings  Borrowed; copied.
 * @param ctx       Borrowed; NULL for none.
 * @param cb        Called once, from beluga_loop_step or beluga_loop_wait only. It is not called
 * when the reference was given back before, or when the loop was freed.
 * @param payload   Handed to cb.
 * @param out       One reference, yours. Until cb was called it is given back on the loop's thread.
 * NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT; BELUGA_ERROR_LIMIT_EXCEEDED; BELUGA_ERROR_NOT_SUPPORTED.
 * On failure cb is never called.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_open_start(beluga_loop *loop, const beluga_mcp_settings *settings,
                                     beluga_context *ctx, beluga_mcp_cb cb, void *payload,
                                     beluga_mcp **out, beluga_error *err);

/**
 * Make the tools that the server has now, to be bound to a model. Each is named "server__tool"; a
 * name that does not fit is changed, and the server still gets its own.
 *
 * The results of a tool are text. What is no text, such as an image, is told by a line in brackets.
 *
 * @param tools  Owned (beluga_mcp_tools_free). NULL when there are none, and on failure.
 * @param n      Receives their number.
 * @return 0; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_tools(beluga_mcp *mcp, beluga_tool ***tools, size_t *n,
                                beluga_error *err);
/**
 * Make one tool, by the name that the server has for it.
 *
 * @param out  One reference, yours (beluga_tool_unref). NULL on failure.
 * @return 0; BELUGA_ERROR_TOOL_NOT_FOUND the server has none of that name: the message has the one
 * that may be meant, or some that there are; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_tool(beluga_mcp *mcp, const char *name, beluga_tool **out,
                               beluga_error *err);
/**
 * Free an array of tools, and give back a reference to each; NULL does nothing. Threads: any.
 *
 * @param tools, n  As beluga_mcp_tools gave them.
 */
BELUGA_API void beluga_mcp_tools_free(beluga_tool **tools, size_t n);

/** What is known of a server. Read no further than `size`. */
typedef struct beluga_mcp_info {
    size_t size;
    const char *name;        /**< that of the settings; borrowed as long as the server */
    char server_name[128];   /**< what it calls itself, one line; "": nothing */
    char server_version[64]; /**< the same */
    const char *protocol;    /**< the revision that is spoken; static */
    size_t tools;            /**< how many tools it has */
    uint64_t changes;        /**< grows whenever the list of tools has changed */
} beluga_mcp_info;

/**
 * Tell what is known of a server. A program that sees another number of `changes` asks for the
 * tools again, and binds them.
 *
 * @param info  Its `size` is set; receives the rest.
 * @return 0; BELUGA_ERROR_INVALID_INPUT the size is missing.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_mcp_get_info(beluga_mcp *mcp, beluga_mcp_info *info);

/** Take a reference. @return `mcp`; NULL for NULL. Threads: any. */
BELUGA_API beluga_mcp *beluga_mcp_ref(beluga_mcp *mcp);
/**
 * Give a reference back; NULL does nothing. The last one, of yours and of the tools, ends the
 * server as beluga_mcp_close does, but does not wait. Threads: any. Blocks: never.
 */
BELUGA_API void beluga_mcp_unref(beluga_mcp *mcp);
/**
 * End the server, give a reference back, and wait until the server has ended; NULL does nothing.
 *
 * Calls that run fail, and so do those that tools make later. The input of a child process is
 * closed; where it does not end within two seconds it is asked to (SIGTERM), and two seconds later
 * it is killed. Processes that it left behind are killed, too.
 *
 * Threads: any, but not a log hook's. Blocks: until it has ended, some 5 s at most.
 */
BELUGA_API void beluga_mcp_close(beluga_mcp *mcp);

BELUGA_END_DECLS
#endif
