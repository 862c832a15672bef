#include "providers/bedrock/bedrock.h"

#include <string.h>
#include <strings.h>

enum { MAX_TYPE = 128, MAX_NAME = 200 };

/* ---- formats --------------------------------------------------------------------------------- */

/* A media type or a file's extension, and the API's word for it. */
struct format {
    const char *type, *extension, *word;
};

static const struct format image_formats[] = {
    {"image/png", "png", "png"}, {"image/jpeg", "jpg", "jpeg"},  {"image/jpg", "jpeg", "jpeg"},
    {"image/gif", "gif", "gif"}, {"image/webp", "webp", "webp"}, {NULL, NULL, NULL},
};

static const struct format audio_formats[] = {
    {"audio/mpeg", "mp3", "mp3"},
    {"audio/mp3", "mp3", "mp3"},
    {"audio/wav", "wav", "wav"},
    {"audio/x-wav", "wav", "wav"},
    {"audio/flac", "flac", "flac"},
    {"audio/ogg", "ogg", "ogg"},
    {"audio/opus", "opus", "opus"},
    {"audio/aac", "aac", "aac"},
    {"audio/mp4", "m4a", "m4a"},
    {"audio/webm", "webm", "webm"},
    {NULL, NULL, NULL},
};

static const struct format document_formats[] = {
    {"application/pdf", "pdf", "pdf"},
    {"text/csv", "csv", "csv"},
    {"application/msword", "doc", "doc"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", "docx"},
    {"application/vnd.ms-excel", "xls", "xls"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", "xlsx"},
    {"text/html", "html", "html"},
    {"text/markdown", "md", "md"},
    {"text/plain", "txt", "txt"},
    {NULL, NULL, NULL},
};

static bool has_extension(const char *name, const char *extension)
{
    const char *dot = name ? strrchr(name, '.') : NULL;
    return dot && strcasecmp(dot + 1, extension) == 0;
}

static const char *find_format(const struct format *formats, const char *type,
                               const beluga_part *part)
{
    for (const struct format *f = formats; f->type; f++)
        if (type && strcasecmp(type, f->type) == 0) return f->word;
    for (const struct format *f = formats; f->type; f++)
        if (has_extension(part->name, f->extension) || has_extension(part->url, f->extension))
            return f->word;
    return NULL;
}

/* ---- content by bytes or address ------------------------------------------------------------- */

/* "format" and "source". */
static void put_content(beluga__bedrock_encoder *e, const beluga_part *part,
                        const struct format *formats, const char *what)
{
    char type[MAX_TYPE];
    const char *base64 = part->url ? beluga__data_url(part->url, type, sizeof type) : NULL;
    const char *format = find_format(formats, base64 ? type : part->media_type, part);
    bool stored = part->url && strncmp(part->url, "s3://", 5) == 0;
    if (!format || (part->url && !base64 && !stored)) {
        beluga__bedrock_fail(e, BELUGA_ERROR_NOT_SUPPORTED, what);
        return;
    }
    beluga_json_put_string(e->w, "format", format);
    beluga_json_begin_object(e->w, "source");
    if (stored) {
        beluga_json_begin_object(e->w, "s3Location");
        beluga_json_put_string(e->w, "uri", part->url);
        beluga_json_end_object(e->w);
    } else if (base64) {
        beluga_json_put_string(e->w, "bytes", base64);
    } else {
        beluga_json_put_base64(e->w, "bytes", "", part->data, part->data_length);
    }
    beluga_json_end_object(e->w);
}

/* Letters, digits, single spaces, hyphens, parentheses and brackets are allowed, and no extension.
 */
static void put_name(beluga__bedrock_encoder *e, const char *name)
{
    char clean[MAX_NAME];
    const char *end = name ? strrchr(name, '.') : NULL;
    size_t n = 0;
    for (; name && *name && name != end && n + 1 < sizeof clean; name++) {
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                      (*name >= '0' && *name <= '9') || strchr("-()[]", *name);
        if (letter || !n || clean[n - 1] != ' ') clean[n++] = letter ? *name : ' ';
    }
    while (n && clean[n - 1] == ' ') n--;
    beluga_json_put_string_n(e->w, "name", n ? clean : "document", n ? n : strlen("document"));
}

static void put_media(beluga__bedrock_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_IMAGE) {
        beluga_json_begin_object(e->w, "image");
        put_content(e, part, image_formats,
                    "bedrock takes images of PNG, JPEG, GIF or WebP as bytes, data: or s3:// URLs");
    } else if (part->kind == BELUGA_PART_AUDIO) {
        beluga_json_begin_object(e->w, "audio");
        put_content(e, part, audio_formats,
                    "bedrock takes audio of its formats as bytes, data: or s3:// URLs");
    } else {
        beluga_json_begin_object(e->w, "document");
        put_name(e, part->name);
        put_content(e, part, document_formats,
                    "bedrock takes PDF, Word, Excel, CSV, HTML, Markdown and text as bytes, data: "
                    "or s3:// URLs");
    }
    beluga_json_end_object(e->w);
}

/* ---- what the model said --------------------------------------------------------------------- */

static const char *redacted(const beluga_part *part, size_t *length)
{
    size_t n = strlen(BELUGA__BEDROCK_REDACTED);
    if (part->signature_length < n || memcmp(part->signature, BELUGA__BEDROCK_REDACTED, n) != 0)
        return NULL;
    *length = part->signature_length - n;
    return part->signature + n;
}

/* Claude refuses reasoning that it has not signed; others sign nothing. A colon is another
 * provider's. */
static bool may_return(const beluga__bedrock_encoder *e, const beluga_part *part)
{
    size_t n;
    if (redacted(part, &n)) return true;
    if (part->signature_length) return !memchr(part->signature, ':', part->signature_length);
    return part->text_length && !strstr(beluga_call_model(e->call), "anthropic.");
}

bool beluga__bedrock_is_sendable(beluga__bedrock_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_TEXT) return part->text_length > 0;
    if (part->kind != BELUGA_PART_REASONING || may_return(e, part)) return true;
    if (!e->dropped_reasoning)
        beluga_http_request_warn(e->request, "reasoning that the model has not signed is not sent "
                                             "back: it would be refused");
    e->dropped_reasoning = true;
    return false;
}

static void put_reasoning(beluga__bedrock_encoder *e, const beluga_part *part)
{
    size_t n;
    const char *data = redacted(part, &n);
    beluga_json_begin_object(e->w, "reasoningContent");
    if (data) {
        beluga_json_put_string_n(e->w, "redactedContent", data, n);
    } else {
        beluga_json_begin_object(e->w, "reasoningText");
        beluga_json_put_string_n(e->w, "text", part->text ? part->text : "", part->text_length);
        if (part->signature_length)
            beluga_json_put_string_n(e->w, "signature", part->signature, part->signature_length);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_object(e->w);
}

static void put_tool_use(beluga__bedrock_encoder *e, const beluga_part *part)
{
    bool wrapped = e->wrapped;
    beluga_json_begin_object(e->w, "toolUse");
    beluga_json_put_string(e->w, "toolUseId", part->id ? part->id : "");
    beluga_json_put_string(e->w, "name", part->name ? part->name : "");
    if (beluga__put_arguments(e->w, "input", part, &e->wrapped))
        beluga__bedrock_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    beluga_json_end_object(e->w);
    if (e->wrapped && !wrapped)
        beluga_http_request_warn(e->request, "a tool call's arguments that are not a JSON object "
                                             "are sent as the text \"arguments\" in one");
}

void beluga__bedrock_put_part(beluga__bedrock_encoder *e, const beluga_part *part, beluga_role role)
{
    bool ai = role == BELUGA_ROLE_AI;
    bool media = part->kind == BELUGA_PART_IMAGE || part->kind == BELUGA_PART_AUDIO ||
                 part->kind == BELUGA_PART_FILE;
    beluga_json_begin_object(e->w, NULL);
    if (part->kind == BELUGA_PART_TEXT)
        beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
    else if (media && !ai)
        put_media(e, part);
    else if (part->kind == BELUGA_PART_REASONING && ai)
        put_reasoning(e, part);
    else if (part->kind == BELUGA_PART_TOOL_CALL && ai)
        put_tool_use(e, part);
    else
        beluga__bedrock_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                             "bedrock can't take a part of this kind from this role");
    beluga_json_end_object(e->w);
}

void beluga__bedrock_put_cache_point(beluga__bedrock_encoder *e, const beluga_part *part)
{
    if (!(part->flags & BELUGA_PART_CACHE)) return;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "cachePoint");
    beluga_json_put_string(e->w, "type", "default");
    if (part->flags & BELUGA_PART_CACHE_5M) beluga_json_put_string(e->w, "ttl", "5m");
    if (part->flags & BELUGA_PART_CACHE_1H) beluga_json_put_string(e->w, "ttl", "1h");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}
