#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_TYPE = 128, MAX_NAME = 200, ROOM = 24 }; /* of a name, for a number */

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

/* What a part is sent as. */
struct media {
    const char *kind, *format; /* format NULL: it can't be */
    const char *base64;        /* of a data: URL, or NULL */
    bool stored;               /* in S3 */
};

static struct media look_at(const beluga_part *part)
{
    char type[MAX_TYPE];
    struct media media = {.stored = part->url && strncmp(part->url, "s3://", 5) == 0};
    if (part->url) media.base64 = beluga__data_url(part->url, type, sizeof type);
    const char *media_type = media.base64 ? type : part->media_type;
    bool image =
        part->kind == BELUGA_PART_IMAGE || (media_type && strncmp(media_type, "image/", 6) == 0);
    bool audio = part->kind == BELUGA_PART_AUDIO;
    media.kind = image ? "image" : audio ? "audio" : "document";
    if (!part->url || media.base64 || media.stored)
        media.format = find_format(image   ? image_formats
                                   : audio ? audio_formats
                                           : document_formats,
                                   media_type, part);
    return media;
}

static bool is_media_sendable(beluga__bedrock_encoder *e, const beluga_part *part, beluga_role role)
{
    struct media media = look_at(part);
    if (role == BELUGA_ROLE_AI || role == BELUGA_ROLE_SYSTEM)
        beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_MEDIA,
                             "images, audio and files of system messages and of the model are not "
                             "sent: Converse takes none there");
    else if (role == BELUGA_ROLE_TOOL && part->kind == BELUGA_PART_AUDIO)
        beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_AUDIO,
                             "audio of a tool is not sent: Converse takes none there");
    else if (media.format)
        return true;
    else if (part->kind == BELUGA_PART_IMAGE)
        beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_IMAGE,
                             "an image is not sent: bedrock takes PNG, JPEG, GIF and WebP as "
                             "bytes, data: or s3:// URLs");
    else if (part->kind == BELUGA_PART_AUDIO)
        beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_AUDIO,
                             "audio is not sent: bedrock takes its formats as bytes, data: or "
                             "s3:// URLs");
    else
        beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_FILE,
                             "a file is not sent: bedrock takes PDF, Word, Excel, CSV, HTML, "
                             "Markdown and text as bytes, data: or s3:// URLs");
    return false;
}

/* Letters, digits, single spaces, hyphens, parentheses and brackets are allowed, and no extension.
 */
static size_t clean_name(const char *name, char *out)
{
    const char *end = name ? strrchr(name, '.') : NULL;
    size_t n = 0;
    for (; name && *name && name != end && n < MAX_NAME - ROOM; name++) {
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                      (*name >= '0' && *name <= '9') || strchr("-()[]", *name);
        if (letter || (n && out[n - 1] != ' ')) out[n++] = letter ? *name : ' ';
    }
    while (n && out[n - 1] == ' ') n--;
    if (!n) n = strlen(strcpy(out, "document"));
    out[n] = '\0';
    return n;
}

/* Two of one name are refused. */
static void put_name(beluga__bedrock_encoder *e, const char *name)
{
    char clean[MAX_NAME + 1];
    size_t n = clean_name(name, clean), i = 0;
    size_t known =
        e->n_documents < BELUGA__BEDROCK_DOCUMENTS ? e->n_documents : BELUGA__BEDROCK_DOCUMENTS;
    uint64_t hash = beluga__hash(clean);
    while (i < known && e->documents[i] != hash) i++;
    if (known < BELUGA__BEDROCK_DOCUMENTS) e->documents[known] = hash;
    e->n_documents++;
    if (i < known || known == BELUGA__BEDROCK_DOCUMENTS)
        snprintf(clean + n, sizeof clean - n, "-%zu", e->n_documents);
    beluga_json_put_string(e->w, "name", clean);
}

static void put_source(beluga__bedrock_encoder *e, const beluga_part *part,
                       const struct media *media)
{
    beluga_json_begin_object(e->w, "source");
    if (media->stored) {
        beluga_json_begin_object(e->w, "s3Location");
        beluga_json_put_string(e->w, "uri", part->url);
        beluga_json_end_object(e->w);
    } else if (media->base64) {
        beluga_json_put_string(e->w, "bytes", media->base64);
    } else {
        beluga_json_put_base64(e->w, "bytes", "", part->data, part->data_length);
    }
    beluga_json_end_object(e->w);
}

static void put_media(beluga__bedrock_encoder *e, const beluga_part *part)
{
    struct media media = look_at(part);
    beluga_json_begin_object(e->w, media.kind);
    if (*media.kind == 'd') put_name(e, part->name);
    beluga_json_put_string(e->w, "format", media.format);
    put_source(e, part, &media);
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
    return part->text_length && !e->model.known;
}

static bool is_text_sendable(beluga__bedrock_encoder *e, const beluga_part *part)
{
    if (!beluga__is_blank(part->text, part->text_length)) return true;
    if (part->text_length)
        beluga__bedrock_warn(e, BELUGA__BEDROCK_BLANK,
                             "a text of white space alone is not sent: bedrock refuses it");
    if (part->flags & BELUGA_PART_CACHE)
        beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_MARK,
                             "a cache mark is not sent: there is nothing where it stands");
    return false;
}

bool beluga__bedrock_is_sendable(beluga__bedrock_encoder *e, const beluga_part *part,
                                 beluga_role role)
{
    bool of_model = part->kind == BELUGA_PART_REASONING || part->kind == BELUGA_PART_TOOL_CALL;
    if (part->kind == BELUGA_PART_TEXT) return is_text_sendable(e, part);
    if (part->kind == BELUGA_PART_STATE)
        return role == BELUGA_ROLE_AI && beluga_call_get_state(e->call, part, NULL);
    if (of_model && role != BELUGA_ROLE_AI) {
        beluga__bedrock_fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                             "bedrock can't take a part of this kind from this role");
        return false;
    }
    if (!of_model) return is_media_sendable(e, part, role);
    if (part->kind == BELUGA_PART_TOOL_CALL || may_return(e, part)) return true;
    beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_REASONING,
                         "reasoning that the model has not signed is not sent back: it would be "
                         "refused");
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

const char *beluga__bedrock_fit_id(const beluga__bedrock_encoder *e, const char *id,
                                   char buffer[BELUGA__FITTED])
{
    return beluga__bedrock_is_model(e, "mistral.")
               ? beluga__fit_nine(id, buffer)
               : beluga__fit_word(id, BELUGA__BEDROCK_ID, buffer);
}

static void put_tool_use(beluga__bedrock_encoder *e, const beluga_part *part)
{
    char fitted[BELUGA__FITTED];
    bool wrapped = e->wrapped;
    beluga_json_begin_object(e->w, "toolUse");
    beluga_json_put_string(e->w, "toolUseId", beluga__bedrock_fit_id(e, part->id, fitted));
    beluga_json_put_string(e->w, "name", beluga__fit_word(part->name, BELUGA__BEDROCK_ID, fitted));
    if (beluga__put_arguments(e->w, "input", part, &e->wrapped))
        beluga__bedrock_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    beluga_json_end_object(e->w);
    if (e->wrapped && !wrapped) beluga_http_request_warn(e->request, BELUGA__WRAPPED);
}

static void put_text(beluga__bedrock_encoder *e, const beluga_part *part)
{
    size_t n = part->text_length;
    while (part == e->prefill && n && beluga__is_blank(part->text + n - 1, 1)) n--;
    if (n < part->text_length)
        beluga__bedrock_warn(e, BELUGA__BEDROCK_CUT,
                             "white space at the end of what the answer goes on with is not sent: "
                             "the model refuses it");
    beluga_json_put_string_n(e->w, "text", part->text, n);
}

void beluga__bedrock_put_part(beluga__bedrock_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_STATE) {
        beluga__put_state(e->w, e->call, part);
        return;
    }
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_text(e, part); break;
    case BELUGA_PART_REASONING: put_reasoning(e, part); break;
    case BELUGA_PART_TOOL_CALL: put_tool_use(e, part); break;
    default: put_media(e, part);
    }
    beluga_json_end_object(e->w);
}

void beluga__bedrock_put_cache_point(beluga__bedrock_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_REASONING && part->flags & BELUGA_PART_CACHE) {
        beluga__bedrock_warn(e, BELUGA__BEDROCK_DROPPED_MARK,
                             "a cache mark is not sent: bedrock takes none after reasoning");
        return;
    }
    if (!(part->flags & BELUGA_PART_CACHE) || !beluga__keep_mark(&e->marks, e->request)) return;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "cachePoint");
    beluga_json_put_string(e->w, "type", "default");
    if (part->flags & BELUGA_PART_CACHE_5M) beluga_json_put_string(e->w, "ttl", "5m");
    if (part->flags & BELUGA_PART_CACHE_1H) beluga_json_put_string(e->w, "ttl", "1h");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}
