#include "protocol/content.h"

#include "base/json.h"
#include "protocol/tools.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Report why a part or message could not be added. */
static int explain(protocol_request *request, const protocol_place *at, const char *member, int rc)
{
    if (rc == 0 || rc == BELUGA_ERROR_NO_MEMORY) return rc;
    protocol_refuse(request, at, member, "%s", beluga_error_text(rc));
    return rc == BELUGA_ERROR_LIMIT_EXCEEDED ? rc : BELUGA_ERROR_INVALID_INPUT;
}

/* ---- text and addresses ---------------------------------------------------------------------- */

int protocol_add_text(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *part, const char *member)
{
    const char *text;
    size_t length;
    int rc = protocol_need_text(request, at, part, member, &text, &length);
    return rc ? rc : explain(request, at, member, beluga_message_add_text(message, text, length));
}

int protocol_add_url(protocol_request *request, const protocol_place *at, beluga_message *message,
                     beluga_part_kind kind, const char *url)
{
    if (!*url) return protocol_refuse(request, at, NULL, "the URL is empty");
    return explain(request, at, NULL, beluga_message_add_url(message, kind, url, NULL));
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Add a data: URL. Its base64 is not decoded, since most providers accept base64. */
static int add_data_url(protocol_request *request, const protocol_place *at,
                        beluga_message *message, beluga_part_kind kind, const char *media_type,
                        const char *base64)
{
    char *url;
    if (asprintf(&url, "data:%s;base64,%s", media_type, base64) < 0) return BELUGA_ERROR_NO_MEMORY;
    int rc = protocol_add_url(request, at, message, kind, url);
    free(url);
    return rc;
}

static int add_bytes(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const char *media_type, const beluga__buf *bytes, const char *name)
{
    beluga_error err;
    if (media_type)
        return explain(request, at, NULL,
                       beluga_message_add_data(message, BELUGA_PART_FILE, media_type, bytes->data,
                                               bytes->length, name));
    int rc =
        beluga_message_add_content(message, name ? name : "", bytes->data, bytes->length, &err);
    if (rc == 0 || rc == BELUGA_ERROR_NO_MEMORY) return rc;
    return protocol_refuse(request, at, NULL, "%s", err.message);
}

/* Decode base64 and add the bytes as a file. A data: URL can't contain the file's name, and some
 * providers need the bytes. */
static int add_decoded(protocol_request *request, const protocol_place *at, beluga_message *message,
                       const char *media_type, const char *base64, const char *name)
{
    beluga__buf bytes;
    beluga__buf_init(&bytes, beluga_allocator_default(), BELUGA__MAX_PART_BYTES);
    int rc = beluga__base64_decode(&bytes, base64, strlen(base64));
    if (rc == BELUGA_ERROR_INVALID_INPUT)
        rc = protocol_refuse(request, at, NULL, "it is not valid base64");
    else if (rc)
        rc = explain(request, at, NULL, rc);
    else
        rc = add_bytes(request, at, message, media_type, &bytes, name);
    beluga__buf_free(&bytes);
    return rc;
}

int protocol_add_base64(protocol_request *request, const protocol_place *at,
                        beluga_message *message, beluga_part_kind kind, const char *media_type,
                        const char *base64, const char *name)
{
    if (kind == BELUGA_PART_FILE || !media_type)
        return add_decoded(request, at, message, media_type, base64, name);
    return add_data_url(request, at, message, kind, media_type, base64);
}

/* Add the content of a file, which is a data: URL, or base64 alone. */
static int add_file_data(protocol_request *request, const protocol_place *at,
                         beluga_message *message, const char *data, const char *name)
{
    char media_type[128];
    const char *comma = strstr(data, ";base64,");
    if (strncmp(data, "data:", 5) != 0) return add_decoded(request, at, message, NULL, data, name);
    size_t n = comma ? (size_t)(comma - data - 5) : 0;
    if (!n || n >= sizeof media_type)
        return protocol_add_url(request, at, message, BELUGA_PART_FILE, data);
    memcpy(media_type, data + 5, n);
    media_type[n] = '\0';
    media_type[strcspn(media_type, ";")] = '\0'; /* removes the parameters */
    return add_decoded(request, at, message, media_type, comma + 8, name);
}

/* ---- parts of OpenAI's protocols ------------------------------------------------------------- */

/* Add an image. Its address is a string, or the member "url" of an object. */
static int add_image(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const beluga_json *part)
{
    const protocol_place in = {at, "image_url", 0};
    const beluga_json *image = beluga_json_get(part, "image_url");
    const char *url = beluga_json_string(image, NULL);
    int rc = 0;
    if (!image && beluga_json_get_string(part, "file_id", NULL))
        return protocol_refuse(request, at, "file_id",
                               "beluga does not store files: send the image itself");
    if (!url) rc = protocol_need_text(request, &in, image, "url", &url, NULL);
    return rc ? rc : protocol_add_url(request, &in, message, BELUGA_PART_IMAGE, url);
}

static int add_audio(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const beluga_json *part)
{
    char media_type[64];
    const char *data, *format;
    const protocol_place in = {at, "input_audio", 0};
    const beluga_json *audio = beluga_json_get(part, "input_audio");
    int rc = protocol_need_text(request, &in, audio, "data", &data, NULL);
    if (rc == 0) rc = protocol_need_text(request, &in, audio, "format", &format, NULL);
    if (rc) return rc;
    snprintf(media_type, sizeof media_type, "audio/%s", format);
    return protocol_add_base64(request, &in, message, BELUGA_PART_AUDIO, media_type, data, NULL);
}

static int add_file(protocol_request *request, const protocol_place *at, beluga_message *message,
                    const beluga_json *file)
{
    const char *data, *url, *name;
    int rc = protocol_get_text(request, at, file, "file_data", &data, NULL);
    if (rc == 0) rc = protocol_get_text(request, at, file, "file_url", &url, NULL);
    if (rc == 0) rc = protocol_get_text(request, at, file, "filename", &name, NULL);
    if (rc) return rc;
    if (data) return add_file_data(request, at, message, data, name);
    if (url) return protocol_add_url(request, at, message, BELUGA_PART_FILE, url);
    if (beluga_json_get(file, "file_id"))
        return protocol_refuse(
            request, at, "file_id",
            "beluga does not store files: send the bytes of the file as file_data");
    return protocol_refuse(request, at, "file_data", "it is missing");
}

static int add_chat_file(protocol_request *request, const protocol_place *at,
                         beluga_message *message, const beluga_json *part)
{
    const protocol_place in = {at, "file", 0};
    return add_file(request, &in, message, beluga_json_get(part, "file"));
}

static int add_words(protocol_request *request, const protocol_place *at, beluga_message *message,
                     const beluga_json *part)
{
    return protocol_add_text(request, at, message, part, "text");
}

static int add_refusal(protocol_request *request, const protocol_place *at, beluga_message *message,
                       const beluga_json *part)
{
    return protocol_add_text(request, at, message, part, "refusal");
}

typedef struct part_reader {
    const char *type;
    int (*add)(protocol_request *request, const protocol_place *at, beluga_message *message,
               const beluga_json *part);
} part_reader;

static const part_reader readers[] = {
    {"text", add_words},      {"input_text", add_words},  {"output_text", add_words},
    {"image_url", add_image}, {"input_image", add_image}, {"input_audio", add_audio},
    {"file", add_chat_file},  {"input_file", add_file},   {"refusal", add_refusal},
};

int protocol_add_part(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const beluga_json *part)
{
    const char *type;
    int rc = protocol_need_text(request, at, part, "type", &type, NULL);
    if (rc) return rc;
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (strcmp(readers[i].type, type) != 0) continue;
        rc = readers[i].add(request, at, message, part);
        return rc ? rc : protocol_mark_cache(request, at, message, part);
    }
    return protocol_refuse(request, at, "type", "there is no content part of the type %.64s", type);
}

/* Add the parts of a list, beginning with `part`, which has the index `index`. */
static int add_parts(protocol_request *request, const protocol_place *list, beluga_message *message,
                     const beluga_json *content, const beluga_json *part, size_t index)
{
    protocol_place item = {list, NULL, index};
    int rc = 0;
    for (; part && !rc; part = beluga_json_next(content, part)) {
        rc = protocol_add_part(request, &item, message, part);
        item.index++;
    }
    return rc;
}

int protocol_add_content(protocol_request *request, const protocol_place *at,
                         beluga_message *message, const beluga_json *json, const char *member)
{
    const beluga_json *content = beluga_json_get(json, member);
    const protocol_place list = {at, member, 0};
    if (!protocol_is_given(content)) return 0;
    if (beluga_json_is_string(content))
        return protocol_add_text(request, at, message, json, member);
    if (!beluga_json_is_array(content))
        return protocol_refuse(request, &list, NULL, "it must be a string or a list");
    return add_parts(request, &list, message, content, beluga_json_first(content), 0);
}

/* ---- messages -------------------------------------------------------------------------------- */

int protocol_mark_cache(protocol_request *request, const protocol_place *at,
                        beluga_message *message, const beluga_json *json)
{
    const beluga_json *control = beluga_json_get(json, "cache_control");
    const char *ttl = beluga_json_get_string(control, "ttl", NULL);
    if (!beluga_json_is_object(control) || !beluga_message_count(message)) return 0;
    if (ttl && strcmp(ttl, "5m") != 0 && strcmp(ttl, "1h") != 0)
        return protocol_refuse(request, at, "cache_control", "its ttl must be 5m or 1h");
    return explain(request, at, "cache_control",
                   beluga_message_mark_cache(message, !ttl          ? 0
                                                      : *ttl == '5' ? 300
                                                                    : 3600));
}

int protocol_add_call(protocol_request *request, const protocol_place *at, beluga_message *message,
                      const protocol_call *call)
{
    char room[PROTOCOL_TOOL_NAME_BYTES];
    const char *sent = protocol_sent_name(call->name, call->name_space, room);
    const char *arguments = call->length ? call->arguments : "{}";
    size_t length = call->length ? call->length : 2;
    return explain(request, at, NULL,
                   beluga_message_add_tool_call(message, call->id, sent, arguments, length));
}

/* Make the message of a tool result. It is created with the text of the first part, since the
 * library needs a text for this. */
int protocol_make_result(protocol_request *request, const protocol_place *at, const char *id,
                         const beluga_json *json, const char *member, beluga_message **out)
{
    size_t length = 0;
    const protocol_place list = {at, member, 0};
    const beluga_json *content = beluga_json_get(json, member), *part = beluga_json_first(content);
    const char *text = beluga_json_string(content, &length), *first = NULL;
    *out = NULL;
    if (!text && protocol_is_given(content) && !beluga_json_is_array(content))
        return protocol_refuse(request, &list, NULL, "it must be a string or a list");
    if (!text) first = text = beluga_json_get_string(part, "text", &length);
    beluga_message *message = beluga_tool_message_n(id, text ? text : "", text ? length : 0);
    if (!message) return BELUGA_ERROR_NO_MEMORY;
    if (first) part = beluga_json_next(content, part);
    int rc = add_parts(request, &list, message, content, part, first ? 1 : 0);
    if (rc == 0)
        *out = message;
    else
        beluga_message_unref(message);
    return rc;
}

int protocol_add_message(protocol_request *request, const protocol_place *at,
                         beluga_message *message)
{
    return explain(request, at, NULL, beluga_messages_add(request->messages, message));
}
