#include "mcp/result.h"

#include <beluga/error.h>

#include <string.h>

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static const char * or (const char *text, const char *otherwise)
{
    return text && *text ? text : otherwise;
}

/* Returns the number of bytes that a base64 text encodes. */
static size_t bytes_of(const beluga_json *object, const char *key)
{
    size_t n = 0;
    const char *text = beluga_json_get_string(object, key, &n);
    while (n && text[n - 1] == '=') n--;
    return n / 4 * 3 + (n % 4 ? n % 4 - 1 : 0);
}

static void put_media(beluga__buf *out, const beluga_json *block, const char *type)
{
    const char *form = beluga_json_get_string(block, "mimeType", NULL);
    beluga__buf_printf(out, "[%s %s, %zu bytes: not shown]", type, or (form, "of unknown form"),
                       bytes_of(block, "data"));
}

static void put_link(beluga__buf *out, const beluga_json *block)
{
    const char *name = beluga_json_get_string(block, "name", NULL);
    const char *about = beluga_json_get_string(block, "description", NULL);
    beluga__buf_printf(out, "[resource %s", or (beluga_json_get_string(block, "uri", NULL), "?"));
    if (name) beluga__buf_printf(out, ": %s", name);
    if (about) beluga__buf_printf(out, " (%s)", about);
    beluga__buf_putc(out, ']');
}

static void put_resource(beluga__buf *out, const beluga_json *block)
{
    size_t n;
    const beluga_json *resource = beluga_json_get(block, "resource");
    const char *text = beluga_json_get_string(resource, "text", &n);
    const char *uri = or (beluga_json_get_string(resource, "uri", NULL), "?");
    const char *form = beluga_json_get_string(resource, "mimeType", NULL);
    if (text) {
        beluga__buf_printf(out, "[resource %s]\n", uri);
        beluga__buf_append(out, text, n);
        return;
    }
    beluga__buf_printf(out, "[resource %s, %s, %zu bytes: not shown]", uri,
                       or (form, "of unknown form"), bytes_of(resource, "blob"));
}

static void put_block(beluga__buf *out, const beluga_json *block)
{
    size_t n;
    const char *type = beluga_json_get_string(block, "type", NULL);
    const char *text = beluga_json_get_string(block, "text", &n);
    if (out->length) beluga__buf_putc(out, '\n');
    if (is(type, "text") && text)
        beluga__buf_append(out, text, n);
    else if (is(type, "image") || is(type, "audio"))
        put_media(out, block, type);
    else if (is(type, "resource_link"))
        put_link(out, block);
    else if (is(type, "resource"))
        put_resource(out, block);
    else
        beluga__buf_puts(out, "[content of an unknown kind: not shown]");
}

/* Returns whether the content has text. A structured result usually repeats the text, so it is used
 * only if there is no text. */
static bool has_text(const beluga_json *content)
{
    for (const beluga_json *b = beluga_json_first(content); b; b = beluga_json_next(content, b))
        if (is(beluga_json_get_string(b, "type", NULL), "text")) return true;
    return false;
}

static int wants_input(beluga__buf *out)
{
    beluga__buf_puts(
        out,
        "The tool needs an answer from a person to continue, but this client can't ask for one.");
    return out->status ? out->status : BELUGA_ERROR_TOOL_EXECUTION;
}

int beluga__mcp_result_text(beluga__buf *out, const beluga_json *result,
                            beluga__json_scratch *scratch)
{
    size_t n;
    const beluga_json *content = beluga_json_get(result, "content");
    const beluga_json *structured = beluga_json_get(result, "structuredContent");
    if (is(beluga_json_get_string(result, "resultType", NULL), "input_required"))
        return wants_input(out);
    for (const beluga_json *b = beluga_json_first(content); b; b = beluga_json_next(content, b))
        put_block(out, b);
    if (structured && !has_text(content)) {
        const char *text = beluga__json_scratch_text(scratch, structured, &n);
        if (out->length) beluga__buf_putc(out, '\n');
        if (!text) return BELUGA_ERROR_NO_MEMORY;
        beluga__buf_append(out, text, n);
    }
    if (out->status) return out->status;
    return beluga_json_bool(beluga_json_get(result, "isError"), false) ? BELUGA_ERROR_TOOL_EXECUTION
                                                                       : 0;
}
