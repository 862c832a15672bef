/**
 * @file tool.h
 * Tools that a model may call.
 *
 * A tool is shared and immutable; its name and schema are checked when it is made, so that binding
 * can't fail for them. Its `execute` may block; a tool without one is run by who calls the model.
 */
#ifndef BELUGA_TOOL_H
#define BELUGA_TOOL_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** What a tool gives back. Opaque; filled by beluga_tool_result_set. */
typedef struct beluga_tool_result beluga_tool_result;

/**
 * Run the tool.
 *
 * @param arguments  JSON text as the model wrote it; borrowed for the call.
 * @param result     Receives the text for the model.
 * @return 0, or a BELUGA_ERROR_ code; the result's text is then what the model may read of it.
 */
typedef int (*beluga_tool_execute_fn)(void *payload, beluga_context *context, const char *arguments,
                                      size_t length, beluga_tool_result *result);

/** What a tool is. Zero-initialise it, set what you need; all is copied. */
typedef struct beluga_tool_definition {
    size_t size;                    /**< sizeof(beluga_tool_definition) */
    const char *name;               /**< 1–64 of A–Z a–z 0–9 _ - ; required */
    const char *description;        /**< what the model reads to decide; may be NULL */
    const char *parameters;         /**< JSON Schema, an object; NULL means no parameters */
    bool strict;                    /**< ask the provider to enforce the schema */
    beluga_tool_execute_fn execute; /**< NULL for a tool that the caller runs itself */
    void *payload;                  /**< for execute */
    void (*release)(void *payload); /**< when the last reference goes; NULL allowed */
    int64_t timeout_ms;             /**< 0: none of its own */
} beluga_tool_definition;

/**
 * Make a tool.
 *
 * @param definition  Borrowed; copied.
 * @param out         One reference, yours. On failure NULL, and `release` is not called.
 * @return 0; BELUGA_ERROR_INVALID_INPUT bad name or a schema that is not a JSON object;
 * BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_tool_new(const beluga_tool_definition *definition, beluga_tool **out,
                               beluga_error *err);
BELUGA_API beluga_tool *beluga_tool_ref(beluga_tool *tool);
BELUGA_API void beluga_tool_unref(beluga_tool *tool);

BELUGA_API const char *beluga_tool_name(const beluga_tool *tool);
/** Return the description, "" when there is none. */
BELUGA_API const char *beluga_tool_description(const beluga_tool *tool);
/** Return the schema as compact JSON. `length` may be NULL. */
BELUGA_API const char *beluga_tool_parameters(const beluga_tool *tool, size_t *length);
BELUGA_API bool beluga_tool_is_strict(const beluga_tool *tool);

/**
 * Run the tool on the calling thread.
 *
 * @param arguments  JSON; must be an object, "" counts as {}.
 * @param text       Owned (beluga_free), NUL-terminated; also set on failure when the tool said
 * something.
 * @return 0; BELUGA_ERROR_TOOL_CALL arguments are not a JSON object; BELUGA_ERROR_TOOL_EXECUTION
 * the tool failed or has no execute; BELUGA_ERROR_CONTEXT_CANCELED; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, several at once if the tool's own function can. Blocks: as the tool does.
 */
BELUGA_API int beluga_tool_execute(beluga_tool *tool, beluga_context *context,
                                   const char *arguments, size_t length, char **text,
                                   size_t *text_length, beluga_error *err);

/** Set the text of a result, replacing what was there; copied. @return 0; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_tool_result_set(beluga_tool_result *result, const char *text, size_t length);

BELUGA_END_DECLS
#endif
