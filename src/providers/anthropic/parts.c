/* Parts of messages as content blocks. */
#include "providers/anthropic/anthropic.h"
#include "providers/fit.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_TYPE = 128 };

void beluga__anthropic_fail(beluga__anthropic_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

void beluga__anthropic_warn(beluga__anthropic_encoder *e, unsigned bit, const char *what)
{
    if (!(e->warned & bit)) beluga_http_request_warn(e->request, "%s", what);
    e->warned |= bit;
}

void beluga__anthropic_put_cache_control(beluga__anthropic_encoder *e, const beluga_part *part)
{
    if (!(part->flags & BELUGA_PART_CACHE) || !beluga__keep_mark(&e->marks, e->request)) return;
    beluga_json_begin_object(e->w, "cache_control");
    beluga_json_put_string(e->w, "type", "ephemeral");
    if (part->flags & BELUGA_PART_CACHE_5M) beluga_json_put_string(e->w, "ttl", "5m");
    if (part->flags & BELUGA_PART_CACHE_1H) beluga_json_put_string(e->w, "ttl", "1h");
    beluga_json_end_object(e->w);
}

size_t beluga__anthropic_text_length(beluga__anthropic_encoder *e, const beluga_part *part)
{
    size_t n = part->text_length;
    if (part != e->prefill) return n;
    while (n && beluga__is_blank(part->text + n - 1, 1)) n--;
    if (n < part->text_length)
        beluga__anthropic_warn(e, BELUGA__ANTHROPIC_CUT,
                               "white space at the end of what the answer goes on with is not "
                               "sent: anthropic refuses it");
    return n;
}

void beluga__anthropic_put_text(beluga__anthropic_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string_n(e->w, "text", part->text, beluga__anthropic_text_length(e, part));
    if (beluga__put_state_members(e->w, e->call, part))
        beluga__anthropic_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for an earlier answer");
    beluga__anthropic_put_cache_control(e, part);
    beluga_json_end_object(e->w);
}

/* ---- images and documents -------------------------------------------------------------------- */

static bool is_text_type(const char *media_type)
{
    return strncmp(media_type, "text/", 5) == 0 || strcmp(media_type, "application/json") == 0;
}

static bool is_image_type(const char *media_type)
{
    return media_type && strncmp(media_type, "image/", 6) == 0;
}

/* What a part is made of. */
struct media {
    char type[LONGEST_TYPE];
    const char *base64; /* of a data: URL, or NULL */
    bool image;
};

static struct media look_at(const beluga_part *part)
{
    struct media media = {.base64 = NULL};
    if (part->url) media.base64 = beluga__data_url(part->url, media.type, sizeof media.type);
    if (!media.base64 && part->media_type)
        snprintf(media.type, sizeof media.type, "%s", part->media_type);
    media.image = *media.type ? is_image_type(media.type) : part->kind == BELUGA_PART_IMAGE;
    return media;
}

/* Whether the API takes an image or a document. */
static bool is_known(beluga__anthropic_encoder *e, const beluga_part *part)
{
    struct media media = look_at(part);
    bool by_address = part->url && !media.base64;
    if (by_address && strncmp(part->url, "https://", 8) != 0 &&
        strncmp(part->url, "http://", 7) != 0) {
        beluga__anthropic_warn(e, BELUGA__ANTHROPIC_DROPPED_URL,
                               "an image or file is not sent: anthropic takes URLs of https: and, "
                               "in base64, data: only");
        return false;
    }
    if (media.image || by_address || strcmp(media.type, "application/pdf") == 0 ||
        (is_text_type(media.type) && part->data))
        return true;
    beluga__anthropic_warn(e, BELUGA__ANTHROPIC_DROPPED_FILE,
                           "a file is not sent: anthropic takes images, PDF and text only");
    return false;
}

static void put_bytes(beluga__anthropic_encoder *e, const beluga_part *part,
                      const struct media *media)
{
    if (!media->image && is_text_type(media->type)) {
        beluga_json_put_string(e->w, "type", "text");
        beluga_json_put_string(e->w, "media_type", "text/plain");
        beluga_json_put_string_n(e->w, "data", part->data, part->data_length);
        return;
    }
    beluga_json_put_string(e->w, "type", "base64");
    beluga_json_put_string(e->w, "media_type", media->type);
    if (media->base64)
        beluga_json_put_string(e->w, "data", media->base64);
    else
        beluga_json_put_base64(e->w, "data", "", part->data, part->data_length);
}

static void put_media(beluga__anthropic_encoder *e, const beluga_part *part)
{
    struct media media = look_at(part);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", media.image ? "image" : "document");
    beluga_json_begin_object(e->w, "source");
    if (part->url && !media.base64) {
        beluga_json_put_string(e->w, "type", "url");
        beluga_json_put_string(e->w, "url", part->url);
    } else {
        put_bytes(e, part, &media);
    }
    beluga_json_end_object(e->w);
    if (!media.image && part->name) beluga_json_put_string(e->w, "title", part->name);
    beluga__anthropic_put_cache_control(e, part);
    beluga_json_end_object(e->w);
}

void beluga__anthropic_put_content(beluga__anthropic_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_TEXT)
        beluga__anthropic_put_text(e, part);
    else
        put_media(e, part);
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

static bool is_text_sendable(beluga__anthropic_encoder *e, const beluga_part *part)
{
    if (!beluga__is_blank(part->text, part->text_length)) return true;
    if (part->text_length)
        beluga__anthropic_warn(e, BELUGA__ANTHROPIC_BLANK,
                               "a text of white space alone is not sent: anthropic refuses it");
    if (part->flags & BELUGA_PART_CACHE)
        beluga__anthropic_warn(e, BELUGA__ANTHROPIC_DROPPED_MARK,
                               "a cache mark is not sent: there is nothing where it stands");
    return false;
}

/* Unsigned, as this host gave it: Anthropic's own would refuse it. */
static bool wants_unsigned(const beluga__anthropic_encoder *e, const beluga_part *part)
{
    static const char own[] = "https://api.anthropic.com";
    const char *url = beluga_http_request_url(e->request);
    return part->text_length && beluga_call_get_state(e->call, part, NULL) &&
           strncmp(url, own, sizeof own - 1) != 0;
}

static bool is_reasoning_sendable(beluga__anthropic_encoder *e, const beluga_part *part)
{
    if (part->flags & BELUGA_PART_CACHE)
        beluga__anthropic_warn(e, BELUGA__ANTHROPIC_DROPPED_MARK,
                               "a cache mark is not sent: anthropic takes none on reasoning");
    if (is_signed(part) || wants_unsigned(e, part)) return true;
    beluga__anthropic_warn(e, BELUGA__ANTHROPIC_DROPPED_REASONING,
                           "reasoning without a signature of Anthropic's is not sent back: it "
                           "would be refused");
    return false;
}

static bool is_media_sendable(beluga__anthropic_encoder *e, const beluga_part *part,
                              beluga_role role)
{
    if (role == BELUGA_ROLE_AI || role == BELUGA_ROLE_SYSTEM) {
        beluga__anthropic_warn(e, BELUGA__ANTHROPIC_DROPPED_MEDIA,
                               "images, audio and files of system messages and of the model are "
                               "not sent: anthropic takes none there");
        return false;
    }
    if (part->kind != BELUGA_PART_AUDIO) return is_known(e, part);
    beluga__anthropic_warn(e, BELUGA__ANTHROPIC_DROPPED_AUDIO,
                           "audio is not sent: anthropic takes none");
    return false;
}

bool beluga__anthropic_is_sendable(beluga__anthropic_encoder *e, const beluga_part *part,
                                   beluga_role role)
{
    bool of_model = part->kind == BELUGA_PART_REASONING || part->kind == BELUGA_PART_TOOL_CALL;
    if (part->kind == BELUGA_PART_TEXT) return is_text_sendable(e, part);
    if (part->kind == BELUGA_PART_STATE)
        return role == BELUGA_ROLE_AI && beluga_call_get_state(e->call, part, NULL);
    if (of_model && role != BELUGA_ROLE_AI) {
        beluga__anthropic_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                               "anthropic can't take a part of this kind from this role");
        return false;
    }
    if (part->kind == BELUGA_PART_REASONING) return is_reasoning_sendable(e, part);
    return part->kind == BELUGA_PART_TOOL_CALL || is_media_sendable(e, part, role);
}

void beluga__anthropic_put_reasoning(beluga__anthropic_encoder *e, const beluga_part *part)
{
    size_t n;
    const char *data = redacted(part, &n);
    beluga_json_begin_object(e->w, NULL);
    if (!data && !part->signature_length) {
        if (beluga__put_state_members(e->w, e->call, part))
            beluga__anthropic_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for earlier reasoning");
        beluga_json_put_string_n(e->w, "thinking", part->text, part->text_length);
        beluga_json_end_object(e->w);
        return;
    }
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
    if (e->wrapped && !wrapped) beluga_http_request_warn(e->request, BELUGA__WRAPPED);
}

void beluga__anthropic_put_tool_use(beluga__anthropic_encoder *e, const beluga_part *part)
{
    char fitted[BELUGA__FITTED];
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "tool_use");
    beluga_json_put_string(e->w, "id", beluga__fit_word(part->id, BELUGA__ANTHROPIC_ID, fitted));
    beluga_json_put_string(e->w, "name",
                           beluga__fit_word(part->name, BELUGA__ANTHROPIC_NAME, fitted));
    put_input(e, part);
    beluga__anthropic_put_cache_control(e, part);
    beluga_json_end_object(e->w);
}
