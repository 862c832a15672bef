#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ROOM: bytes of a name that are reserved for a number */
enum { MAX_TYPE = 128, MAX_NAME = 200, ROOM = 24 };

/* ---- formats --------------------------------------------------------------------------------- */

/* A media type, the extension of its files, and the API's word for the format. */
typedef struct media_format {
    const char *type, *extension, *word;
} media_format;

static const media_format formats[] = {
    {"image/png", "png", "png"},
    {"image/jpeg", "jpg", "jpeg"},
    {"image/jpg", "jpeg", "jpeg"},
    {"image/gif", "gif", "gif"},
    {"image/webp", "webp", "webp"},
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

/* Returns whether a format is of the kind "image", "audio" or "document". */
static bool is_of_kind(const media_format *f, const char *kind)
{
    bool is_document = strncmp(f->type, "image/", 6) != 0 && strncmp(f->type, "audio/", 6) != 0;
    return is_document ? strcmp(kind, "document") == 0 : strncmp(f->type, kind, 5) == 0;
}

/* Find a format by the media type, or else by the extension of the name or URL. */
static const char *find_format(const char *kind, const char *type, const beluga_part *part)
{
    for (const media_format *f = formats; f->type; f++)
        if (type && is_of_kind(f, kind) && strcasecmp(type, f->type) == 0) return f->word;
    for (const media_format *f = formats; f->type; f++)
        if (is_of_kind(f, kind) &&
            (has_extension(part->name, f->extension) || has_extension(part->url, f->extension)))
            return f->word;
    return NULL;
}

/* ---- content as bytes or as a URL ------------------------------------------------------------ */

/* The source of a part's content. */
typedef struct media_source {
    const char *kind, *format; /* a part without a format can't be sent */
    const char *base64;        /* base64 of a data: URL, or NULL */
    bool stored;               /* the content is in S3 */
} media_source;

static media_source read_media(const beluga_part *part)
{
    char type[MAX_TYPE];
    media_source media = {.stored = part->url && strncmp(part->url, "s3://", 5) == 0};
    if (part->url) media.base64 = beluga__data_url(part->url, type, sizeof type);
    const char *media_type = media.base64 ? type : part->media_type;
    bool image =
        part->kind == BELUGA_PART_IMAGE || (media_type && strncmp(media_type, "image/", 6) == 0);
    bool audio = part->kind == BELUGA_PART_AUDIO;
    media.kind = image ? "image" : audio ? "audio" : "document";
    if (!part->url || media.base64 || media.stored)
        media.format = find_format(media.kind, media_type, part);
    return media;
}

bool beluga__bedrock_is_media_sendable(beluga__claude_encoder *e, const beluga_part *part,
                                       beluga_role role)
{
    media_source media = read_media(part);
    if (role == BELUGA_ROLE_AI || role == BELUGA_ROLE_SYSTEM)
        beluga__encoder_warn_once(
            &e->base, BELUGA__LOST_MEDIA,
            "images, audio and files of system messages and of the model are not "
            "sent: Converse takes none there");
    else if (role == BELUGA_ROLE_TOOL && part->kind == BELUGA_PART_AUDIO)
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_AUDIO,
                                  "audio of a tool is not sent: Converse takes none there");
    else if (media.format)
        return true;
    else if (part->kind == BELUGA_PART_IMAGE)
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_IMAGE,
                                  "an image is not sent: bedrock takes PNG, JPEG, GIF and WebP as "
                                  "bytes, data: or s3:// URLs");
    else if (part->kind == BELUGA_PART_AUDIO)
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_AUDIO,
                                  "audio is not sent: bedrock takes its formats as bytes, data: or "
                                  "s3:// URLs");
    else
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_FILE,
                                  "a file is not sent: bedrock takes PDF, Word, Excel, CSV, HTML, "
                                  "Markdown and text as bytes, data: or s3:// URLs");
    return false;
}

/* Write a document's name in the form that the API allows: letters, digits, single spaces, hyphens,
 * parentheses and brackets, without an extension. Returns its length. */
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

static void put_name(beluga__claude_encoder *e, const char *name)
{
    char clean[MAX_NAME + 1];
    beluga__bedrock_documents *documents = e->documents;
    size_t n = clean_name(name, clean), i = 0;
    bool full = documents->n >= BELUGA__BEDROCK_DOCUMENTS;
    size_t known = full ? BELUGA__BEDROCK_DOCUMENTS : documents->n;
    uint64_t hash = beluga__hash(clean);
    while (i < known && documents->hashes[i] != hash) i++;
    if (!full) documents->hashes[known] = hash;
    documents->n++;
    if (i < known || full) snprintf(clean + n, sizeof clean - n, "-%zu", documents->n);
    beluga_json_put_string(e->w, "name", clean);
}

static void put_source(beluga__claude_encoder *e, const beluga_part *part,
                       const media_source *media)
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

static void put_media(beluga__claude_encoder *e, const beluga_part *part)
{
    media_source media = read_media(part);
    beluga_json_begin_object(e->w, media.kind);
    if (*media.kind == 'd') put_name(e, part->name);
    beluga_json_put_string(e->w, "format", media.format);
    put_source(e, part, &media);
    beluga_json_end_object(e->w);
}

/* ---- reasoning and tool calls ---------------------------------------------------------------- */

/* Returns whether reasoning can be sent. Claude refuses reasoning that it has not signed; other
 * models do not sign reasoning. A signature with a colon belongs to another provider. */
bool beluga__bedrock_is_reasoning_sendable(beluga__claude_encoder *e, const beluga_part *part)
{
    size_t n;
    bool ours = beluga__signature_behind(part, BELUGA__BEDROCK_REDACTED, &n);
    bool is_signed =
        part->signature_length && !memchr(part->signature, ':', part->signature_length);
    bool may_lack_it = !part->signature_length && part->text_length && !e->model.known;
    if (ours || is_signed || may_lack_it) return true;
    beluga__encoder_warn_once(&e->base, BELUGA__LOST_REASONING,
                              "reasoning that the model has not signed is not sent back: it would "
                              "be refused");
    return false;
}

static void put_reasoning(beluga__claude_encoder *e, const beluga_part *part)
{
    size_t n;
    const char *data = beluga__signature_behind(part, BELUGA__BEDROCK_REDACTED, &n);
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

bool beluga__bedrock_is_model(const beluga__claude_encoder *e, const char *family)
{
    return strstr(beluga_call_model(e->call), family) != NULL;
}

const char *beluga__bedrock_fit_id(const beluga__claude_encoder *e, const char *id,
                                   char buffer[BELUGA__FITTED])
{
    return beluga__bedrock_is_model(e, "mistral.")
               ? beluga__fit_nine(id, buffer)
               : beluga__fit_word(id, BELUGA__BEDROCK_ID, buffer);
}

static void put_tool_use(beluga__claude_encoder *e, const beluga_part *part)
{
    char fitted[BELUGA__FITTED];
    beluga_json_begin_object(e->w, "toolUse");
    beluga_json_put_string(e->w, "toolUseId", beluga__bedrock_fit_id(e, part->id, fitted));
    beluga_json_put_string(e->w, "name", beluga__fit_word(part->name, BELUGA__BEDROCK_ID, fitted));
    beluga__put_arguments(&e->base, "input", part);
    beluga_json_end_object(e->w);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

void beluga__bedrock_put_part(beluga__claude_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_TEXT:
        beluga_json_put_string_n(e->w, "text", part->text, beluga__claude_text_length(e, part));
        break;
    case BELUGA_PART_REASONING: put_reasoning(e, part); break;
    case BELUGA_PART_TOOL_CALL: put_tool_use(e, part); break;
    default: put_media(e, part);
    }
    beluga_json_end_object(e->w);
}

void beluga__bedrock_put_cache_point(beluga__claude_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_REASONING && part->flags & BELUGA_PART_CACHE) {
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_MARK,
                                  "a cache mark is not sent: bedrock takes none after reasoning");
        return;
    }
    if (!(part->flags & BELUGA_PART_CACHE) || !beluga__keep_mark(&e->marks, e->request)) return;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "cachePoint");
    beluga_json_put_string(e->w, "type", "default");
    beluga__put_cache_ttl(e->w, part);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}
