/* Writes parts of messages as content blocks. */
#include "providers/anthropic/anthropic.h"
#include "providers/fit.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_TYPE = 128 };

void beluga__anthropic_put_cache_control(beluga__claude_encoder *e, const beluga_part *part)
{
    if (!(part->flags & BELUGA_PART_CACHE) || !beluga__keep_mark(&e->marks, e->request)) return;
    beluga_json_begin_object(e->w, "cache_control");
    beluga_json_put_string(e->w, "type", "ephemeral");
    beluga__put_cache_ttl(e->w, part);
    beluga_json_end_object(e->w);
}

/* ---- images and documents -------------------------------------------------------------------- */

static bool is_text_type(const char *media_type)
{
    return strncmp(media_type, "text/", 5) == 0 || strcmp(media_type, "application/json") == 0;
}

typedef struct media_source {
    char type[LONGEST_TYPE];
    const char *base64; /* base64 of a data: URL, or NULL */
    bool image;
} media_source;

static media_source read_media(const beluga_part *part)
{
    media_source media = {.base64 = NULL};
    if (part->url) media.base64 = beluga__data_url(part->url, media.type, sizeof media.type);
    if (!media.base64 && part->media_type)
        snprintf(media.type, sizeof media.type, "%s", part->media_type);
    media.image =
        *media.type ? strncmp(media.type, "image/", 6) == 0 : part->kind == BELUGA_PART_IMAGE;
    return media;
}

/* Returns whether the API accepts an image or a document. */
static bool is_known(beluga__claude_encoder *e, const beluga_part *part)
{
    media_source media = read_media(part);
    bool by_address = part->url && !media.base64;
    if (by_address && strncmp(part->url, "https://", 8) != 0 &&
        strncmp(part->url, "http://", 7) != 0) {
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_URL,
                                  "an image or file is not sent: anthropic takes URLs of https: "
                                  "and, in base64, data: only");
        return false;
    }
    if (media.image || by_address || strcmp(media.type, "application/pdf") == 0 ||
        (is_text_type(media.type) && part->data))
        return true;
    beluga__encoder_warn_once(&e->base, BELUGA__LOST_FILE,
                              "a file is not sent: anthropic takes images, PDF and text only");
    return false;
}

static void put_bytes(beluga__claude_encoder *e, const beluga_part *part, const media_source *media)
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

static void put_media(beluga__claude_encoder *e, const beluga_part *part)
{
    media_source media = read_media(part);
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
}

/* ---- sendable parts -------------------------------------------------------------------------- */

/* Returns the data of a block of reasoning that the API encrypted, or NULL. */
static const char *redacted(const beluga_part *part, size_t *length)
{
    return beluga__signature_behind(part, BELUGA__ANTHROPIC_REDACTED, length);
}

/* Returns whether the API signed the reasoning. Its signatures are base64, so a signature with a
 * colon belongs to another provider. */
static bool is_signed(const beluga_part *part)
{
    size_t n;
    return part->signature &&
           (redacted(part, &n) || !memchr(part->signature, ':', part->signature_length));
}

/* Returns whether unsigned reasoning is sent back. Other servers than Anthropic's own require this,
 * since they do not sign reasoning. */
static bool wants_unsigned(const beluga__claude_encoder *e, const beluga_part *part)
{
    static const char own[] = "https://api.anthropic.com";
    const char *url = beluga_http_request_url(e->request);
    return part->text_length && beluga_call_get_state(e->call, part, NULL) &&
           strncmp(url, own, sizeof own - 1) != 0;
}

bool beluga__anthropic_is_reasoning_sendable(beluga__claude_encoder *e, const beluga_part *part)
{
    if (part->flags & BELUGA_PART_CACHE)
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_MARK,
                                  "a cache mark is not sent: anthropic takes none on reasoning");
    if (is_signed(part) || wants_unsigned(e, part)) return true;
    beluga__encoder_warn_once(&e->base, BELUGA__LOST_REASONING,
                              "reasoning without a signature of Anthropic's is not sent back: it "
                              "would be refused");
    return false;
}

bool beluga__anthropic_is_media_sendable(beluga__claude_encoder *e, const beluga_part *part,
                                         beluga_role role)
{
    if (role == BELUGA_ROLE_AI || role == BELUGA_ROLE_SYSTEM) {
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_MEDIA,
                                  "images, audio and files of system messages and of the model "
                                  "are not sent: anthropic takes none there");
        return false;
    }
    if (part->kind != BELUGA_PART_AUDIO) return is_known(e, part);
    beluga__encoder_warn_once(&e->base, BELUGA__LOST_AUDIO,
                              "audio is not sent: anthropic takes none");
    return false;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void put_reasoning(beluga__claude_encoder *e, const beluga_part *part)
{
    size_t n;
    const char *data = redacted(part, &n);
    if (!data && !part->signature_length) {
        beluga__put_state_members(&e->base, part);
        beluga_json_put_string_n(e->w, "thinking", part->text, part->text_length);
    } else if (data) {
        beluga_json_put_string(e->w, "type", "redacted_thinking");
        beluga_json_put_string_n(e->w, "data", data, n);
    } else {
        beluga_json_put_string(e->w, "type", "thinking");
        beluga_json_put_string_n(e->w, "thinking", part->text, part->text_length);
        beluga_json_put_string_n(e->w, "signature", part->signature, part->signature_length);
    }
}

static void put_tool_use(beluga__claude_encoder *e, const beluga_part *part)
{
    char fitted[BELUGA__FITTED];
    beluga_json_put_string(e->w, "type", "tool_use");
    beluga_json_put_string(e->w, "id", beluga__fit_word(part->id, BELUGA__ANTHROPIC_ID, fitted));
    beluga_json_put_string(e->w, "name",
                           beluga__fit_word(part->name, BELUGA__ANTHROPIC_NAME, fitted));
    beluga__put_arguments(&e->base, "input", part);
}

void beluga__anthropic_put_block(beluga__claude_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_TEXT:
        beluga_json_put_string(e->w, "type", "text");
        beluga_json_put_string_n(e->w, "text", part->text, beluga__claude_text_length(e, part));
        beluga__put_state_members(&e->base, part);
        break;
    case BELUGA_PART_REASONING: put_reasoning(e, part); break;
    case BELUGA_PART_TOOL_CALL: put_tool_use(e, part); break;
    default: put_media(e, part);
    }
    /* Reasoning can't have a cache mark; beluga__anthropic_is_reasoning_sendable has warned about
     * this. */
    if (part->kind != BELUGA_PART_REASONING) beluga__anthropic_put_cache_control(e, part);
    beluga_json_end_object(e->w);
}
