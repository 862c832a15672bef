/**
 * @file tool.h
 * Tools that a model may call.
 *
 * A tool is shared and immutable. Its name and schema are checked when it is made, so that binding
 * can't fail for them. Its `execute` may block. A tool without `execute` is run by the program that
 * calls the model.
 */
#ifndef BELUGA_TOOL_H
#define BELUGA_TOOL_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** The result of a tool. Opaque; beluga_tool_result_set fills it. */
typedef struct beluga_tool_result beluga_tool_result;

/**
 * Run the tool.
 *
 * @param payload            As in the definition.
 * @param context            Borrowed for the call; cancelled when the result is no longer wanted.
 * NULL when the caller of beluga_tool_execute gave none.
 * @param arguments, length  JSON object as text, which fits the tool's schema; borrowed for the
 * call.
 * @param result             Receives the text for the model.
 * @return 0, or a negative BELUGA_ERROR_ code; the result's text then tells the model what failed.
 *
 * Threads: any, several at once when a model calls the tool several times.
 */
typedef int (*beluga_tool_execute_fn)(void *payload, beluga_context *context, const char *arguments,
                                      size_t length, beluga_tool_result *result);

/** The definition of a tool. Zero-initialise it, set `size` and what you need; all is copied. */
typedef struct beluga_tool_definition {
    size_t size;             /**< sizeof(beluga_tool_definition) */
    const char *name;        /**< 1–64 of A–Z a–z 0–9 _ - ; required */
    const char *description; /**< tells the model when to call it; at most 1 MiB; NULL: none */
    const char *parameters;  /**< JSON Schema, an object, at most 1 MiB; NULL: no parameters */
    bool strict;             /**< ask the provider to enforce the schema */
    beluga_tool_execute_fn execute; /**< NULL for a tool that the caller runs itself */
    void *payload;                  /**< handed to execute */
    void (*release)(void *payload); /**< called when the last reference goes; NULL: not needed */
    int64_t timeout_ms;             /**< of one run in a tool loop; 0: the loop's `tool_timeout` */
} beluga_tool_definition;

/**
 * Make a tool.
 *
 * @param definition  Borrowed; copied, but for the payload.
 * @param out         One reference, yours (beluga_tool_unref). On failure NULL, and `release` is
 * not called.
 * @return 0; BELUGA_ERROR_INVALID_INPUT a missing size, a bad name, a description that is too long
 * or not UTF-8, a schema that is too long or not a JSON object, or a negative timeout;
 * BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_tool_new(const beluga_tool_definition *definition, beluga_tool **out,
                               beluga_error *err);
/** Take a reference. @return `tool`; NULL for NULL. Threads: any. */
BELUGA_API beluga_tool *beluga_tool_ref(beluga_tool *tool);
/**
 * Give a reference back; NULL does nothing. The last one calls `release`, on this thread, and frees
 * the tool. Threads: any.
 */
BELUGA_API void beluga_tool_unref(beluga_tool *tool);

/** Return the name; borrowed as long as the tool. */
BELUGA_API const char *beluga_tool_name(const beluga_tool *tool);
/** Return the description, "" without one; borrowed as long as the tool. */
BELUGA_API const char *beluga_tool_description(const beluga_tool *tool);
/**
 * Return the schema as compact JSON, that of an object without members when the definition had
 * none; borrowed as long as the tool.
 *
 * @param length  Receives its bytes; NULL allowed.
 */
BELUGA_API const char *beluga_tool_parameters(const beluga_tool *tool, size_t *length);
/** Return whether the provider is asked to enforce the schema. */
BELUGA_API bool beluga_tool_is_strict(const beluga_tool *tool);

/**
 * Run the tool on the calling thread. Its `timeout_ms` does not count here.
 *
 * @param context            Borrowed; NULL for none. Handed to the tool.
 * @param arguments, length  JSON object as text; NULL or "" counts as {}.
 * @param text               Owned (beluga_free), NUL-terminated, at most 16 MiB; also set on
 * failure when the tool said something; else NULL.
 * @param text_length        Receives the bytes of text; NULL allowed.
 * @return 0; BELUGA_ERROR_TOOL_CALL the arguments are not a JSON object or do not fit the schema;
 * BELUGA_ERROR_TOOL_EXECUTION the tool failed, said too much, or has no `execute`;
 * BELUGA_ERROR_CONTEXT_CANCELED the context was cancelled before, or the tool says so;
 * BELUGA_ERROR_CONTEXT_TIMEOUT the tool says so; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, several at once if the tool's own function can. Blocks: as the tool does.
 */
BELUGA_API int beluga_tool_execute(beluga_tool *tool, beluga_context *context,
                                   const char *arguments, size_t length, char **text,
                                   size_t *text_length, beluga_error *err);

/**
 * Set the text of a result, replacing the one that was there.
 *
 * @param text, length  Copied; it need not end in NUL. NULL: no text.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED over 16 MiB; BELUGA_ERROR_NO_MEMORY. The tool fails for
 * these, whatever its function returns.
 *
 * Threads: that of the tool's function.
 */
BELUGA_API int beluga_tool_result_set(beluga_tool_result *result, const char *text, size_t length);

BELUGA_END_DECLS
#endif
