#include "protocol/content.h"
#include "protocol/messages.h"

#include <beluga/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(const char *text, const char *other)
{
    return text && strcmp(text, other) == 0;
}

/* ---- images and documents -------------------------------------------------------------------- */

static int add_encoded(protocol_request *request, const protocol_place *at, beluga_message *message,
                       beluga_part_kind kind, const beluga_json *source, const char *name)
{
    const char *type, *data;
    int rc = protocol_need_text(request, at, source, "media_type", &type, NULL);
    if (rc == 0) rc = protocol_need_text(request, at, source, "data", &data, NULL);
    return rc ? rc : protocol_add_base64(request, at, message, kind, type, data, name);
}

static int add_address(protocol_request *request, const protocol_place *at, beluga_message *message,
                       beluga_part_kind kind, const beluga_json *source)
{
    const char *url;
    int rc = protocol_need_text(request, at, source, "url", &url, NULL);
    return rc ? rc : protocol_add_url(request, at, message, kind, url);
}

/* Leave out a file that was uploaded to Anthropic, since other providers can't read it. */
static int drop_file(protocol_request *request)
{
    protocol_drop(request, "file");
    return 0;
}

static int add_image(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const beluga_json *block)
{
    const char *type;
    const beluga_json *source = beluga_json_get(block, "source");
    const protocol_place in = {at, "source", 0};
    int rc = protocol_need_text(request, &in, source, "type", &type, NULL);
    if (rc) return rc;
    if (is(type, "base64"))
        return add_encoded(request, &in, message, BELUGA_PART_IMAGE, source, NULL);
    if (is(type, "url")) return add_address(request, &in, message, BELUGA_PART_IMAGE, source);
    if (is(type, "file")) return drop_file(request);
    return protocol_refuse(request, &in, "type", "it must be base64, url or file");
}

static int add_blocks(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *json, const char *member);

/* Add a document's title before its text. The library has titles only for files, so the title
 * becomes a text part. */
static int add_title(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const beluga_json *block)
{
    const char *title;
    int rc = protocol_get_text(request, at, block, "title", &title, NULL);
    if (rc || !title || !*title) return rc;
    return protocol_add_text(request, at, message, block, "title");
}

static int add_document(protocol_request *request, const protocol_place *at,
                        beluga_message *message, const beluga_json *block)
{
    const char *type, *title;
    const beluga_json *source = beluga_json_get(block, "source");
    const protocol_place in = {at, "source", 0};
    int rc = protocol_need_text(request, &in, source, "type", &type, NULL);
    if (rc == 0) rc = protocol_get_text(request, at, block, "title", &title, NULL);
    if (rc) return rc;
    if (is(type, "base64"))
        return add_encoded(request, &in, message, BELUGA_PART_FILE, source, title);
    if (is(type, "url")) return add_address(request, &in, message, BELUGA_PART_FILE, source);
    if (is(type, "file")) return drop_file(request);
    if (!is(type, "text") && !is(type, "content"))
        return protocol_refuse(request, &in, "type",
                               "it must be base64, url, text, content or file");
    rc = add_title(request, at, message, block);
    if (rc) return rc;
    return is(type, "text") ? protocol_add_text(request, &in, message, source, "data")
                            : add_blocks(request, &in, message, source, "content");
}

static int add_search_result(protocol_request *request, const protocol_place *at,
                             beluga_message *message, const beluga_json *block)
{
    int rc = add_title(request, at, message, block);
    return rc ? rc : add_blocks(request, at, message, block, "content");
}

/* ---- blocks that only the model writes ------------------------------------------------------- */

static int add_text(protocol_request *request, const protocol_place *at, beluga_message *message,
                    const beluga_json *block)
{
    return protocol_add_text(request, at, message, block, "text");
}

static int add_tool_use(protocol_request *request, const protocol_place *at,
                        beluga_message *message, const beluga_json *block)
{
    protocol_call call = {.name_space = NULL};
    const beluga_json *input = beluga_json_get(block, "input");
    int rc = protocol_need_text(request, at, block, "id", &call.id, NULL);
    if (rc == 0) rc = protocol_need_text(request, at, block, "name", &call.name, NULL);
    if (rc) return rc;
    if (protocol_is_given(input)) {
        call.arguments = beluga_json_text(request->doc, input, &call.length);
        if (!call.arguments) return BELUGA_ERROR_NO_MEMORY;
    }
    return protocol_add_call(request, at, message, &call);
}

/* Mark reasoning that has no signature, so that the library's provider "anthropic" sends it back.
 * Other services that speak Anthropic's protocol do not sign reasoning, but need it back unchanged.
 */
static int mark_unsigned(beluga_message *message)
{
    static const char bare[] = "{\"type\":\"thinking\"}";
    return beluga_message_set_state(message, "anthropic", bare, sizeof bare - 1);
}

/* Add a reasoning block. Its signature is sent only to the provider that made it. A signature of a
 * provider other than Anthropic begins with a mark that names the provider. */
static int add_thinking(protocol_request *request, const protocol_place *at,
                        beluga_message *message, const beluga_json *block)
{
    const char *text, *signature;
    size_t length, n_signature = 0;
    int rc = protocol_need_text(request, at, block, "thinking", &text, &length);
    if (rc == 0) rc = protocol_get_text(request, at, block, "signature", &signature, &n_signature);
    if (rc || (!length && !n_signature)) return rc;
    rc = beluga_message_add_reasoning(message, text, length, n_signature ? signature : NULL,
                                      n_signature);
    return rc || n_signature ? rc : mark_unsigned(message);
}

static int add_redacted(protocol_request *request, const protocol_place *at,
                        beluga_message *message, const beluga_json *block)
{
    const char *data;
    size_t length;
    char *signature = NULL;
    int rc = protocol_need_text(request, at, block, "data", &data, &length);
    if (rc || !length) return rc;
    if (strchr(data, ':')) return beluga_message_add_reasoning(message, "", 0, data, length);
    if (asprintf(&signature, MESSAGES_REDACTED "%s", data) < 0) return BELUGA_ERROR_NO_MEMORY;
    rc = beluga_message_add_reasoning(message, "", 0, signature, strlen(signature));
    free(signature);
    return rc;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

enum { AI = 1 << BELUGA_ROLE_AI, OTHERS = ~AI };

typedef struct block_reader {
    const char *type;
    int (*add)(protocol_request *request, const protocol_place *at, beluga_message *message,
               const beluga_json *block);
    int roles; /* a bit for each role that may have this block */
} block_reader;

static const block_reader readers[] = {
    {"text", add_text, AI | OTHERS},
    {"tool_use", add_tool_use, AI},
    {"image", add_image, OTHERS},
    {"thinking", add_thinking, AI},
    {"document", add_document, OTHERS},
    {"redacted_thinking", add_redacted, AI},
    {"search_result", add_search_result, OTHERS},
};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Returns whether a block comes from tools that Anthropic runs, or from its file store:
 * server_tool_use, web_search_tool_result, mcp_tool_use, … Other providers can't use such blocks.
 */
static bool is_anthropics(const char *type)
{
    static const char *const others[] = {"tool_reference", "container_upload", "compaction"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(type, others[i]) == 0) return true;
    return ends_with(type, "_tool_use") || ends_with(type, "_tool_result");
}

static int add_block(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const beluga_json *block)
{
    const char *type;
    size_t count = beluga_message_count(message);
    int rc = protocol_need_text(request, at, block, "type", &type, NULL);
    if (rc) return rc;
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (strcmp(readers[i].type, type) != 0) continue;
        if (!(readers[i].roles & 1 << beluga_message_role(message)))
            return protocol_refuse(request, at, "type",
                                   "a message with this role can't have a block of the type %s",
                                   type);
        rc = readers[i].add(request, at, message, block);
        if (rc || beluga_message_count(message) == count) return rc;
        return protocol_mark_cache(request, at, message, block);
    }
    if (!is_anthropics(type))
        return protocol_refuse(request, at, "type", "there is no block type %.64s at this place",
                               type);
    protocol_drop(request, type);
    return 0;
}

/* Add the blocks of a list, from `first` on. `at` is the place of the list, for error messages. */
static int add_list(protocol_request *request, const protocol_place *at, beluga_message *message,
                    const beluga_json *list, const beluga_json *first, size_t place)
{
    protocol_place item = {at, NULL, place};
    int rc = 0;
    for (const beluga_json *v = first; v && !rc; v = beluga_json_next(list, v)) {
        rc = add_block(request, &item, message, v);
        item.index++;
    }
    return rc;
}

/* Add content, which is a string or a list of blocks. */
static int add_blocks(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *json, const char *member)
{
    const beluga_json *content = beluga_json_get(json, member);
    const protocol_place list = {at, member, 0};
    if (beluga_json_is_string(content))
        return protocol_add_text(request, at, message, json, member);
    if (!beluga_json_is_array(content))
        return protocol_refuse(request, &list, NULL, "it must be a string or a list of blocks");
    return add_list(request, &list, message, content, beluga_json_first(content), 0);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Add a message, unless it is empty. It may be empty because all of its blocks were dropped. */
static int add_message(protocol_request *request, const protocol_place *at, beluga_message *message)
{
    if (!message) return BELUGA_ERROR_NO_MEMORY;
    if (beluga_message_count(message)) return protocol_add_message(request, at, message);
    beluga_message_unref(message);
    return 0;
}

/* Returns whether this is a block that Claude Code changes with each call. It means something only
 * to Anthropic, and would prevent caching of everything after it. */
static bool is_billing(const beluga_json *block)
{
    static const char head[] = "x-anthropic-billing-header:";
    const char *text = beluga_json_get_string(block, "text", NULL);
    return text && strncmp(text, head, sizeof head - 1) == 0;
}

static int fill_system(protocol_request *request, const protocol_place *at, beluga_message *message,
                       const beluga_json *json, const char *member)
{
    const beluga_json *content = beluga_json_get(json, member);
    const protocol_place list = {at, member, 0};
    protocol_place item = {&list, NULL, 0};
    int rc = 0;
    if (!beluga_json_is_array(content)) return add_blocks(request, at, message, json, member);
    for (const beluga_json *v = beluga_json_first(content); v && !rc;
         v = beluga_json_next(content, v)) {
        if (!is_billing(v)) rc = add_block(request, &item, message, v);
        item.index++;
    }
    return rc;
}

/* Read a system message, which may come before all other messages or between them. */
static int read_system(protocol_request *request, const protocol_place *at, const beluga_json *json,
                       const char *member)
{
    beluga_message *message = beluga_message_new(BELUGA_ROLE_SYSTEM);
    int rc = message ? fill_system(request, at, message, json, member) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) return add_message(request, at, message);
    beluga_message_unref(message);
    return rc;
}

static int read_assistant(protocol_request *request, const protocol_place *at,
                          const beluga_json *json)
{
    beluga_message *message = beluga_message_new(BELUGA_ROLE_AI);
    int rc = message ? add_blocks(request, at, message, json, "content") : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) return add_message(request, at, message);
    beluga_message_unref(message);
    return rc;
}

/* Begin the message of a tool result, which needs its first text when it is made. `rest` receives
 * the first block after that text. */
static beluga_message *begin_result(const char *id, const beluga_json *content,
                                    const beluga_json **rest)
{
    size_t length = 0;
    const beluga_json *first = beluga_json_first(content);
    const char *text = beluga_json_string(content, &length);
    *rest = beluga_json_is_array(content) ? first : NULL;
    if (!text && *rest && is(beluga_json_get_string(first, "type", NULL), "text")) {
        text = beluga_json_get_string(first, "text", &length);
        if (text) *rest = beluga_json_next(content, first);
    }
    return beluga_tool_message_n(id, text ? text : "", length);
}

static int fill_result(protocol_request *request, const protocol_place *at, beluga_message *message,
                       const beluga_json *block, const beluga_json *rest)
{
    const beluga_json *content = beluga_json_get(block, "content");
    const protocol_place list = {at, "content", 0};
    size_t place = rest == beluga_json_first(content) ? 0 : 1;
    int rc = 0;
    if (protocol_is_given(content) && !beluga_json_is_string(content) &&
        !beluga_json_is_array(content))
        return protocol_refuse(request, &list, NULL, "it must be a string or a list of blocks");
    if (place && beluga_json_is_array(content))
        rc = protocol_mark_cache(request, at, message, beluga_json_first(content));
    if (rc == 0) rc = add_list(request, &list, message, content, rest, place);
    if (rc) return rc;
    const beluga_json *failed = beluga_json_get(block, "is_error");
    beluga_message_set_tool_error(message, beluga_json_bool(failed, false));
    return protocol_mark_cache(request, at, message, block);
}

/* Read a tool result. Each result becomes a message of its own, before the text of the message that
 * contains the results. */
static int read_result(protocol_request *request, const protocol_place *at,
                       const beluga_json *block)
{
    const char *id;
    const beluga_json *rest;
    int rc = protocol_need_text(request, at, block, "tool_use_id", &id, NULL);
    if (rc) return rc;
    beluga_message *message = begin_result(id, beluga_json_get(block, "content"), &rest);
    rc = message ? fill_result(request, at, message, block, rest) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) return add_message(request, at, message);
    beluga_message_unref(message);
    return rc;
}

static int fill_user(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const beluga_json *json)
{
    const beluga_json *content = beluga_json_get(json, "content");
    const protocol_place list = {at, "content", 0};
    protocol_place item = {&list, NULL, 0};
    int rc = 0;
    if (!beluga_json_is_array(content)) return add_blocks(request, at, message, json, "content");
    for (const beluga_json *v = beluga_json_first(content); v && !rc;
         v = beluga_json_next(content, v)) {
        bool result = is(beluga_json_get_string(v, "type", NULL), "tool_result");
        rc = result ? read_result(request, &item, v) : add_block(request, &item, message, v);
        item.index++;
    }
    return rc;
}

static int read_user(protocol_request *request, const protocol_place *at, const beluga_json *json)
{
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    int rc = message ? fill_user(request, at, message, json) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) return add_message(request, at, message);
    beluga_message_unref(message);
    return rc;
}

static int read_message(protocol_request *request, const protocol_place *at,
                        const beluga_json *json)
{
    const char *role;
    int rc = protocol_need_text(request, at, json, "role", &role, NULL);
    if (rc) return rc;
    if (is(role, "user")) return read_user(request, at, json);
    if (is(role, "assistant")) return read_assistant(request, at, json);
    if (is(role, "system")) return read_system(request, at, json, "content");
    return protocol_refuse(request, at, "role", "it must be user, assistant or system");
}

int protocol_messages_read_messages(protocol_request *request)
{
    const protocol_place at = {NULL, "messages", 0};
    protocol_place item = {&at, NULL, 0};
    const beluga_json *list = beluga_json_get(request->body, "messages");
    int rc = 0;
    if (!protocol_is_given(list)) return protocol_refuse(request, &at, NULL, "Field required");
    if (!beluga_json_is_array(list) || !beluga_json_count(list))
        return protocol_refuse(request, &at, NULL, "it must be a list of at least one message");
    if (protocol_is_given(beluga_json_get(request->body, "system")))
        rc = read_system(request, NULL, request->body, "system");
    for (const beluga_json *v = beluga_json_first(list); v && !rc; v = beluga_json_next(list, v)) {
        rc = read_message(request, &item, v);
        item.index++;
    }
    return rc;
}

/* ---- bodies that are passed on unchanged ----------------------------------------------------- */

/* Returns whether another provider has signed the block. Such a signature begins with a mark and a
 * colon, while Anthropic's signatures are base64. */
static bool is_foreign(const beluga_json *block)
{
    const char *type = beluga_json_get_string(block, "type", NULL);
    const char *signature = NULL;
    if (is(type, "thinking")) signature = beluga_json_get_string(block, "signature", NULL);
    if (is(type, "redacted_thinking")) signature = beluga_json_get_string(block, "data", NULL);
    return signature && strchr(signature, ':');
}

static bool has_foreign(const beluga_json *message)
{
    const beluga_json *content = beluga_json_get(message, "content");
    if (!is(beluga_json_get_string(message, "role", NULL), "assistant")) return false;
    for (const beluga_json *v = beluga_json_first(content); v; v = beluga_json_next(content, v))
        if (is_foreign(v)) return true;
    return false;
}

bool protocol_messages_passes(const protocol_request *request)
{
    const beluga_json *list = beluga_json_get(request->body, "messages");
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v))
        if (has_foreign(v)) return false;
    return true;
}
