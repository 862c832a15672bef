/* Parts of messages as content blocks. */
#include "providers/anthropic/anthropic.h"

#include <string.h>

enum { LONGEST_TYPE = 128 };

void beluga__anthropic_fail(beluga__anthropic_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

void beluga__anthropic_put_cache_control(beluga__anthropic_encoder *e, const beluga_part *part)
{
    if (!(part->flags & BELUGA_PART_CACHE)) return;
    beluga_json_begin_object(e->w, "cache_control");
    beluga_json_put_string(e->w, "type", "ephemeral");
    if (part->flags & BELUGA_PART_CACHE_5M) beluga_json_put_string(e->w, "ttl", "5m");
    if (part->flags & BELUGA_PART_CACHE_1H) beluga_json_put_string(e->w, "ttl", "1h");
    beluga_json_end_object(e->w);
}

void beluga__anthropic_put_text(beluga__anthropic_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
    beluga__anthropic_put_cache_control(e, part);
    beluga_json_end_object(e->w);
}

/* ---- images and documents -------------------------------------------------------------------- */

static bool is_text_type(const char *media_type)
{
    return strncmp(media_type, "text/", 5) == 0 || strcmp(media_type, "application/json") == 0;
}

/* What a document can be made of; an image may be anything that the API knows. */
static bool is_known(const beluga_part *part, const char *media_type)
{
    return part->kind == BELUGA_PART_IMAGE || strcmp(media_type, "application/pdf") == 0 ||
           (is_text_type(media_type) && part->data);
}

static void put_bytes(beluga__anthropic_encoder *e, const beluga_part *part, const char *media_type,
                      const char *base64)
{
    if (!is_known(part, media_type))
        beluga__anthropic_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                               "anthropic takes files of PDF and text only");
    if (part->kind == BELUGA_PART_FILE && is_text_type(media_type)) {
        beluga_json_put_string(e->w, "type", "text");
        beluga_json_put_string(e->w, "media_type", "text/plain");
        beluga_json_put_string_n(e->w, "data", part->data, part->data_length);
        return;
    }
    beluga_json_put_string(e->w, "type", "base64");
    beluga_json_put_string(e->w, "media_type", media_type);
    if (base64)
        beluga_json_put_string(e->w, "data", base64);
    else
        beluga_json_put_base64(e->w, "data", "", part->data, part->data_length);
}

static void put_source(beluga__anthropic_encoder *e, const beluga_part *part)
{
    char media_type[LONGEST_TYPE];
    const char *base64 =
        part->url ? beluga__data_url(part->url, media_type, sizeof media_type) : NULL;
    beluga_json_begin_object(e->w, "source");
    if (base64) {
        put_bytes(e, part, media_type, base64);
    } else if (part->url) {
        if (strncmp(part->url, "data:", 5) == 0)
            beluga__anthropic_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                                   "anthropic takes data: URLs in base64 only");
        beluga_json_put_string(e->w, "type", "url");
        beluga_json_put_string(e->w, "url", part->url);
    } else {
        put_bytes(e, part, part->media_type, NULL);
    }
    beluga_json_end_object(e->w);
}

void beluga__anthropic_put_content(beluga__anthropic_encoder *e, const beluga_part *part)
{
    bool image = part->kind == BELUGA_PART_IMAGE;
    if (part->kind == BELUGA_PART_TEXT) {
        beluga__anthropic_put_text(e, part);
        return;
    }
    if (!image && part->kind != BELUGA_PART_FILE) {
        beluga__anthropic_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                               "anthropic can't take a part of this kind from this role");
        return;
    }
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", image ? "image" : "document");
    put_source(e, part);
    if (!image && part->name) beluga_json_put_string(e->w, "title", part->name);
    beluga__anthropic_put_cache_control(e, part);
    beluga_json_end_object(e->w);
}

/* ---- what the model said --------------------------------------------------------------------- */

static const char *redacted(const beluga_part *part, size_t *length)
{
    size_t n = strlen(BELUGA__ANTHROPIC_REDACTED);
    if (part->signature_length < n || memcmp(part->signature, BELUGA__ANTHROPIC_REDACTED, n) != 0)
        return NULL;
    *length = part->signature_length - n;
    return part->signature + n;
}

/* The API signs in base64: what has a colon is another provider's. */
static bool is_signed(const beluga_part *part)
{
    size_t n;
    return part->signature &&
           (redacted(part, &n) || !memchr(part->signature, ':', part->signature_length));
}

bool beluga__anthropic_is_sendable(beluga__anthropic_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_TEXT) return part->text_length > 0;
    if (part->kind != BELUGA_PART_REASONING || is_signed(part)) return true;
    if (!e->dropped_reasoning)
        beluga_http_request_warn(e->request, "reasoning without a signature of Anthropic's is not "
                                             "sent back: it would be refused");
    e->dropped_reasoning = true;
    return false;
}

void beluga__anthropic_put_reasoning(beluga__anthropic_encoder *e, const beluga_part *part)
{
    size_t n;
    const char *data = redacted(part, &n);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", data ? "redacted_thinking" : "thinking");
    if (data) {
        beluga_json_put_string_n(e->w, "data", data, n);
    } else {
        beluga_json_put_string_n(e->w, "thinking", part->text, part->text_length);
        beluga_json_put_string_n(e->w, "signature", part->signature, part->signature_length);
    }
    beluga_json_end_object(e->w);
}

static void put_input(beluga__anthropic_encoder *e, const beluga_part *part)
{
    bool wrapped = e->wrapped;
    if (beluga__put_arguments(e->w, "input", part, &e->wrapped))
        beluga__anthropic_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    if (e->wrapped && !wrapped)
        beluga_http_request_warn(e->request, "a tool call's arguments that are not a JSON object "
                                             "are sent as the text \"arguments\" in one");
}

void beluga__anthropic_put_tool_use(beluga__anthropic_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "tool_use");
    beluga_json_put_string(e->w, "id", part->id);
    beluga_json_put_string(e->w, "name", part->name);
    put_input(e, part);
    beluga__anthropic_put_cache_control(e, part);
    beluga_json_end_object(e->w);
}
