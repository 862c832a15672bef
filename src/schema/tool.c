#include "schema/tool.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/sized.h"
#include "base/utf8.h"
#include "schema/json_schema.h"

#include <beluga/context.h>

/* SHOWN: how many bytes of a bad name an error shows. ROOM: bytes of stack memory for the compact
 * form of a schema; most schemas fit. */
enum { SHOWN = 60, ROOM = 4096 };

static const char no_parameters[] = "{\"type\":\"object\",\"properties\":{}}";

/* --- making tools ----------------------------------------------------------------------------- */

static int check_name(const char *name, beluga_error *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (!name) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "a tool needs a name");
    size_t n = strnlen(name, BELUGA__MAX_TOOL_NAME + 1);
    if (n && n <= BELUGA__MAX_TOOL_NAME && strspn(name, allowed) == n) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "tool name \"%.*s\": must be 1 to %u characters of A-Z a-z 0-9 _ -",
                            (int)beluga__utf8_cut(name, n, SHOWN), name, BELUGA__MAX_TOOL_NAME);
}

static int check_description(const beluga_tool_definition *d, beluga_error *err)
{
    size_t n = d->description ? strnlen(d->description, BELUGA__MAX_TOOL_BYTES + 1) : 0;
    if (n > BELUGA__MAX_TOOL_BYTES)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "tool %s: the description has more than %u bytes", d->name,
                                BELUGA__MAX_TOOL_BYTES);
    size_t valid = n ? beluga__utf8_valid(d->description, n) : 0;
    if (valid == n) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "tool %s: description: invalid UTF-8 at byte %zu", d->name, valid);
}

static int check_parameters(const beluga_tool_definition *d, beluga__arena *arena,
                            const char **json, size_t *length, beluga_error *err)
{
    *json = no_parameters;
    *length = sizeof no_parameters - 1;
    if (!d->parameters) return 0;
    beluga_error why = {.message = ""};
    size_t n = strnlen(d->parameters, BELUGA__MAX_TOOL_BYTES + 1);
    if (n > BELUGA__MAX_TOOL_BYTES)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "tool %s: the parameters have more than %u bytes", d->name,
                                BELUGA__MAX_TOOL_BYTES);
    int status = beluga__json_compact(arena, d->parameters, n, json, length, &why);
    if (!status) return 0;
    if (status != BELUGA_ERROR_NO_MEMORY) status = BELUGA_ERROR_INVALID_INPUT;
    return beluga_error_set(err, status, "tool %s: parameters: %s", d->name, why.message);
}

/* Copy a string to `*at` and move `*at` behind its NUL. */
static const char *put(char **at, const char *text, size_t n)
{
    char *start = *at;
    memcpy(start, text, n);
    start[n] = '\0';
    *at = start + n + 1;
    return start;
}

static beluga_tool *make(const beluga_tool_definition *d, const char *json, size_t length)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    const char *description = d->description ? d->description : "";
    size_t name = strlen(d->name), about = strlen(description);
    beluga_tool *tool = beluga__alloc(allocator, sizeof *tool + name + about + length + 3);
    if (!tool) return NULL;
    *tool = (beluga_tool){.strict = d->strict,
                          .execute = d->execute,
                          .payload = d->payload,
                          .release = d->release,
                          .timeout_ms = d->timeout_ms,
                          .allocator = allocator,
                          .parameters_length = length};
    atomic_init(&tool->refs, 1);
    char *at = tool->text;
    tool->name = put(&at, d->name, name);
    tool->description = put(&at, description, about);
    tool->parameters = put(&at, json, length);
    return tool;
}

static int read_definition(const beluga_tool_definition *given, beluga_tool_definition *d,
                           beluga_error *err)
{
    size_t least = offsetof(beluga_tool_definition, execute);
    if (!given || beluga__sized_read(d, given, least, false))
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_INPUT,
            "the size of a tool's definition is not set: .size = sizeof(beluga_tool_definition)");
    if (d->timeout_ms < 0)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "a tool's timeout is negative");
    return 0;
}

int beluga_tool_new(const beluga_tool_definition *definition, beluga_tool **out, beluga_error *err)
{
    beluga_tool_definition d;
    const char *json;
    size_t length;
    beluga__arena arena;
    _Alignas(16) char room[ROOM];
    *out = NULL;
    int status = read_definition(definition, &d, err);
    if (!status) status = check_name(d.name, err);
    if (!status) status = check_description(&d, err);
    if (status) return status;
    beluga__arena_init(&arena, beluga_allocator_default(), room, sizeof room,
                       4 * BELUGA__MAX_TOOL_BYTES);
    status = check_parameters(&d, &arena, &json, &length, err);
    if (!status && !(*out = make(&d, json, length)))
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "tool %s: %s", d.name,
                                  beluga_error_text(BELUGA_ERROR_NO_MEMORY));
    beluga__arena_free(&arena);
    return status;
}

beluga_tool *beluga_tool_ref(beluga_tool *tool)
{
    if (tool) atomic_fetch_add_explicit(&tool->refs, 1, memory_order_relaxed);
    return tool;
}

void beluga_tool_unref(beluga_tool *tool)
{
    if (!tool || atomic_fetch_sub_explicit(&tool->refs, 1, memory_order_acq_rel) != 1) return;
    if (tool->release) tool->release(tool->payload);
    beluga__release(tool->allocator, tool);
}

/* --- reading --------------------------------------------------------------------------------- */

const char *beluga_tool_name(const beluga_tool *tool)
{
    return tool->name;
}

const char *beluga_tool_description(const beluga_tool *tool)
{
    return tool->description;
}

const char *beluga_tool_parameters(const beluga_tool *tool, size_t *length)
{
    if (length) *length = tool->parameters_length;
    return tool->parameters;
}

bool beluga_tool_is_strict(const beluga_tool *tool)
{
    return tool->strict;
}

/* --- running --------------------------------------------------------------------------------- */

int beluga_tool_result_set(beluga_tool_result *result, const char *text, size_t length)
{
    beluga__buf_clear(&result->text);
    return text ? beluga__buf_append(&result->text, text, length) : 0;
}

static int check_schema(const beluga_tool *tool, const beluga_json *arguments, beluga_error *err)
{
    beluga_json_doc *schema = NULL;
    beluga__buf why;
    beluga__buf_init(&why, beluga_allocator_default(), sizeof err->message);
    int status = beluga_json_parse(tool->parameters, tool->parameters_length, &schema, err);
    if (!status)
        status = beluga__json_schema_check(beluga_json_doc_root(schema), arguments, &why, NULL);
    if (status)
        beluga_error_set(err, status, "%s", why.length ? why.data : beluga_error_text(status));
    beluga_json_doc_free(schema);
    beluga__buf_free(&why);
    return status;
}

static int check_arguments(const beluga_tool *tool, const char *arguments, size_t length,
                           beluga_error *err)
{
    beluga_json_doc *doc = NULL;
    beluga_error why = {.message = ""};
    int status = beluga_json_parse(arguments, length, &doc, &why);
    if (!status && !beluga_json_is_object(beluga_json_doc_root(doc)))
        status = beluga_error_set(&why, BELUGA_ERROR_TOOL_CALL, "not a JSON object");
    if (!status) status = check_schema(tool, beluga_json_doc_root(doc), &why);
    beluga_json_doc_free(doc);
    if (!status) return 0;
    if (status != BELUGA_ERROR_NO_MEMORY) status = BELUGA_ERROR_TOOL_CALL;
    return beluga_error_set(err, status, "tool %s: arguments: %s", tool->name, why.message);
}

static int report(const beluga_tool *tool, int status, const beluga__buf *text, beluga_error *err)
{
    if (status == BELUGA_ERROR_CONTEXT_CANCELED || status == BELUGA_ERROR_CONTEXT_TIMEOUT ||
        status == BELUGA_ERROR_NO_MEMORY)
        return beluga_error_set(err, status, "tool %s: %s", tool->name, beluga_error_text(status));
    beluga_error_set(err, BELUGA_ERROR_TOOL_EXECUTION, "tool %s failed: %s", tool->name,
                     beluga_error_text(status));
    beluga_error_set_cause(err, text->data, text->length);
    return BELUGA_ERROR_TOOL_EXECUTION;
}

/* Run the tool's function. This also fails if the function's result could not be stored. */
static int run(beluga_tool *tool, beluga_context *context, const char *arguments, size_t length,
               beluga_tool_result *result, beluga_error *err)
{
    int status = tool->execute(tool->payload, context, arguments, length, result);
    if (result->text.status == BELUGA_ERROR_NO_MEMORY) status = BELUGA_ERROR_NO_MEMORY;
    if (!status && result->text.status) status = result->text.status;
    return status ? report(tool, status, &result->text, err) : 0;
}

int beluga_tool_execute(beluga_tool *tool, beluga_context *context, const char *arguments,
                        size_t length, char **text, size_t *text_length, beluga_error *err)
{
    *text = NULL;
    if (text_length) *text_length = 0;
    if (!arguments || !length) {
        arguments = "{}";
        length = 2;
    }
    int status = check_arguments(tool, arguments, length, err);
    if (status) return status;
    if (!tool->execute)
        return beluga_error_set(err, BELUGA_ERROR_TOOL_EXECUTION,
                                "tool %s has no function, so the program must run it itself",
                                tool->name);
    if (beluga_context_is_cancelled(context))
        return beluga_error_set(err, BELUGA_ERROR_CONTEXT_CANCELED, "tool %s: cancelled",
                                tool->name);
    beluga_tool_result result;
    beluga__buf_init(&result.text, beluga_allocator_default(), BELUGA__MAX_TOOL_RESULT);
    status = run(tool, context, arguments, length, &result, err);
    if (!status || result.text.length) {
        *text = beluga__buf_steal(&result.text, text_length);
        if (!*text && !status)
            status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "tool %s: %s", tool->name,
                                      beluga_error_text(BELUGA_ERROR_NO_MEMORY));
    }
    beluga__buf_free(&result.text);
    return status;
}
