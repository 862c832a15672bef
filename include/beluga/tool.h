/**
 * @file tool.h
 * Tools that a model may call.
 *
 * A tool is shared and immutable. Its name and schema are checked when it is made, so that binding
 * it to a model can't fail because of them. Its `execute` may block. A tool without `execute` is
 * run by the program that calls the model.
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
 * @param payload            The payload of the definition.
 * @param context            Borrowed until the function returns; cancelled when the result is no
 * longer wanted. NULL when beluga_tool_execute was called without a context.
 * @param arguments, length  JSON object as text, which fits the tool's schema; borrowed until the
 * function returns.
 * @param result             Receives the text for the model.
 * @return 0, or a negative BELUGA_ERROR_ code; the result's text then tells the model what failed.
 *
 * Threads: any, several at once when a model calls the tool several times.
 */
typedef int (*beluga_tool_execute_fn)(void *payload, beluga_context *context, const char *arguments,
                                      size_t length, beluga_tool_result *result);

/**
 * The definition of a tool. Zero-initialise it, then set `size` and the members that you need;
 * everything is copied.
 */
typedef struct beluga_tool_definition {
    size_t size;             /**< sizeof(beluga_tool_definition) */
    const char *name;        /**< 1–64 characters A–Z a–z 0–9 _ - ; required */
    const char *description; /**< when the model should call the tool; at most 1 MiB; NULL: none */
    const char *parameters;  /**< JSON Schema, an object, at most 1 MiB; NULL: no parameters */
    bool strict;             /**< ask the provider to enforce the schema */
    beluga_tool_execute_fn execute; /**< NULL for a tool that the caller runs itself */
    void *payload;                  /**< passed to execute */
    /** called when the last reference is released; NULL: not needed */
    void (*release)(void *payload);
    int64_t timeout_ms; /**< limit of one run in a tool loop; 0: the loop's `tool_timeout` */
} beluga_tool_definition;

/**
 * Make a tool.
 *
 * @param definition  Borrowed; all but the payload is copied.
 * @param out         A reference that the caller releases (beluga_tool_unref). On failure NULL, and
 * `release` is not called.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the size is missing, the name is bad, the description is
 * too long or not UTF-8, the schema is too long or not a JSON object, or the timeout is negative;
 * BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_tool_new(const beluga_tool_definition *definition, beluga_tool **out,
                               beluga_error *err);
/** Take a reference. @return `tool`; NULL for NULL. Threads: any. */
BELUGA_API beluga_tool *beluga_tool_ref(beluga_tool *tool);
/**
 * Release a reference; NULL does nothing. The last one calls `release`, on this thread, and frees
 * the tool. Threads: any.
 */
BELUGA_API void beluga_tool_unref(beluga_tool *tool);

/** Return the name; borrowed until the tool is freed. */
BELUGA_API const char *beluga_tool_name(const beluga_tool *tool);
/** Return the description, "" if there is none; borrowed until the tool is freed. */
BELUGA_API const char *beluga_tool_description(const beluga_tool *tool);
/**
 * Return the schema as compact JSON; if the definition had none, the schema of an object without
 * members. Borrowed until the tool is freed.
 *
 * @param length  Receives its length in bytes; NULL allowed.
 */
BELUGA_API const char *beluga_tool_parameters(const beluga_tool *tool, size_t *length);
/** Return whether the provider is asked to enforce the schema. */
BELUGA_API bool beluga_tool_is_strict(const beluga_tool *tool);

/**
 * Run the tool on the calling thread. Its `timeout_ms` has no effect here.
 *
 * @param context            Borrowed; NULL for none. Passed to the tool.
 * @param arguments, length  JSON object as text; NULL or "" counts as {}.
 * @param text               Owned (beluga_free), NUL-terminated, at most 16 MiB; also set on
 * failure if the tool set a result; else NULL.
 * @param text_length        Receives the length of the text in bytes; NULL allowed.
 * @return 0; BELUGA_ERROR_TOOL_CALL if the arguments are not a JSON object or do not fit the
 * schema; BELUGA_ERROR_TOOL_EXECUTION if the tool failed, set a result of more than 16 MiB, or has
 * no `execute`; BELUGA_ERROR_CONTEXT_CANCELED if the context was cancelled before, or the tool
 * returned this code; BELUGA_ERROR_CONTEXT_TIMEOUT if the tool returned this code;
 * BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, several at once if the tool's own function can. Blocks: as the tool does.
 */
BELUGA_API int beluga_tool_execute(beluga_tool *tool, beluga_context *context,
                                   const char *arguments, size_t length, char **text,
                                   size_t *text_length, beluga_error *err);

/**
 * Set the text of a result; it replaces an earlier text.
 *
 * @param text, length  Copied; it need not end in NUL. NULL: no text.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED for more than 16 MiB; BELUGA_ERROR_NO_MEMORY. After a
 * failure the tool's run fails, whatever its function returns.
 *
 * Threads: the one that runs the tool's function.
 */
BELUGA_API int beluga_tool_result_set(beluga_tool_result *result, const char *text, size_t length);

BELUGA_END_DECLS
#endif
