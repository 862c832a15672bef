/* Writes the parts of messages. A part that the host does not accept in a message of this role is
 * left out, with a warning. */
#include "providers/openai/openai.h"

#include <stdlib.h>
#include <string.h>

static bool is_mistral(const beluga__openai_encoder *e)
{
    return e->host->quirks & BELUGA__OPENAI_MISTRAL;
}

/* ---- parts that a host accepts --------------------------------------------------------------- */

static const char *audio_format(const char *media_type)
{
    static const char *const types[][2] = {{"audio/wav", "wav"},  {"audio/x-wav", "wav"},
                                           {"audio/wave", "wav"}, {"audio/vnd.wave", "wav"},
                                           {"audio/mpeg", "mp3"}, {"audio/mp3", "mp3"}};
    for (size_t i = 0; media_type && i < sizeof types / sizeof *types; i++)
        if (strcmp(media_type, types[i][0]) == 0) return types[i][1];
    return NULL;
}

/* Returns the format of an audio part, or NULL if the format is unknown or the bytes are only at a
 * URL. If the bytes are in a data: URL, `*base64` is set to them. */
static const char *format_of(const beluga_part *part, const char **base64)
{
    char media_type[64];
    *base64 = NULL;
    if (!part->url) return audio_format(part->media_type);
    *base64 = beluga__data_url(part->url, media_type, sizeof media_type);
    return *base64 ? audio_format(media_type) : NULL;
}

bool beluga__openai_takes_media(beluga__openai_encoder *e, const beluga_part *part)
{
    const char *base64;
    bool remote = part->url && strncmp(part->url, "data:", 5) != 0;
    if (part->kind == BELUGA_PART_IMAGE || is_mistral(e)) return true;
    if (part->kind == BELUGA_PART_AUDIO) {
        if (format_of(part, &base64)) return true;
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_AUDIO,
                                  "audio is not sent: %s takes it as bytes of type audio/wav or "
                                  "audio/mpeg only",
                                  e->name);
        return false;
    }
    if (!remote || e->host->quirks & BELUGA__OPENAI_FILE_URLS) return true;
    beluga__encoder_warn_once(&e->base, BELUGA__LOST_FILE,
                              "a file is not sent: %s takes files as bytes or data: URLs only",
                              e->name);
    return false;
}

/* Returns whether a message of this role can contain a media part. Warns if not: most hosts accept
 * images, audio and files only in human messages. */
static bool takes_from(beluga__openai_encoder *e, const beluga_part *part, beluga_role role)
{
    if (role == BELUGA_ROLE_HUMAN || (role == BELUGA_ROLE_TOOL && is_mistral(e)))
        return beluga__openai_takes_media(e, part);
    if (role == BELUGA_ROLE_TOOL) {
        if (beluga__openai_takes_media(e, part))
            beluga__encoder_warn_once(&e->base, BELUGA__MOVED_MEDIA,
                                      "images, audio and files of a tool's result are sent in a "
                                      "human message after it: Chat Completions takes them there "
                                      "only");
        return false;
    }
    beluga__encoder_warn_once(&e->base, BELUGA__LOST_MEDIA,
                              "images, audio and files are not sent: %s takes them in human "
                              "messages only",
                              e->name);
    return false;
}

bool beluga__openai_is_content(beluga__openai_encoder *e, const beluga_part *part, beluga_role role)
{
    if (beluga__refuse_role(&e->base, part, role)) return false;
    switch (part->kind) {
    case BELUGA_PART_TEXT: return true;
    case BELUGA_PART_REASONING: return is_mistral(e);
    case BELUGA_PART_STATE: /* this kind of part and the next one are not part of the content */
    case BELUGA_PART_TOOL_CALL: return false;
    default: return takes_from(e, part, role);
    }
}

/* ---- marks for the cache --------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t length = strlen(end);
    return n >= length && memcmp(text + n - length, end, length) == 0;
}

/* OpenAI's own hosts are api.openai.com and the hosts of its regions. */
bool beluga__openai_is_own_host(const beluga_http_request *request)
{
    const char *url = beluga_http_request_url(request), *host = strstr(url, "://");
    if (!host) return false;
    host += 3;
    size_t n = strcspn(host, "/:?");
    return ends_with(host, n, ".api.openai.com") ||
           (n == 14 && ends_with(host, n, "api.openai.com"));
}

/* GPT 5.6 and newer models accept cache marks. */
static bool knows_breakpoints(const char *model)
{
    char *end;
    if (strncmp(model, "gpt-", 4) != 0) return false;
    long major = strtol(model + 4, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return (major > 5 && major < 20) || (major == 5 && minor >= 6);
}

bool beluga__openai_takes_breakpoints(const beluga__encoder *e)
{
    return beluga__openai_is_own_host(e->request) && knows_breakpoints(beluga_call_model(e->call));
}

void beluga__openai_put_breakpoint(beluga_json_writer *w)
{
    beluga_json_begin_object(w, "prompt_cache_breakpoint");
    beluga_json_put_string(w, "mode", "explicit");
    beluga_json_end_object(w);
}

bool beluga__openai_sends_mark(const beluga__openai_encoder *e, const beluga_part *part)
{
    return part->flags & BELUGA_PART_CACHE &&
           (e->breakpoints || e->host->quirks & BELUGA__OPENAI_CACHE_CONTROL);
}

static void put_mark(beluga__openai_encoder *e, const beluga_part *part)
{
    bool timed = part->flags & (BELUGA_PART_CACHE_5M | BELUGA_PART_CACHE_1H);
    if (!beluga__openai_sends_mark(e, part)) return;
    if (timed && !(e->host->quirks & BELUGA__OPENAI_CACHE_TTL))
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_TTL,
                                  "the lifetime of a cache mark is not sent: %s decides it itself",
                                  e->name);
    if (e->breakpoints) {
        beluga__openai_put_breakpoint(e->w);
        return;
    }
    beluga_json_begin_object(e->w, "cache_control");
    beluga_json_put_string(e->w, "type", "ephemeral");
    if (e->host->quirks & BELUGA__OPENAI_CACHE_TTL) beluga__put_cache_ttl(e->w, part);
    beluga_json_end_object(e->w);
}

/* ---- parts of messages ----------------------------------------------------------------------- */

static void put_text(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
}

void beluga__openai_put_url(beluga__encoder *e, const char *key, const beluga_part *part)
{
    char prefix[160];
    if (part->url) {
        beluga_json_put_string(e->w, key, part->url);
        return;
    }
    size_t n = strlen(part->media_type);
    if (n > sizeof prefix - sizeof "data:;base64,") {
        beluga__encoder_fail(e, BELUGA_ERROR_INVALID_INPUT, "a part's media type is too long");
        return;
    }
    memcpy(prefix, "data:", 5);
    memcpy(prefix + 5, part->media_type, n);
    memcpy(prefix + 5 + n, ";base64,", sizeof ";base64,");
    beluga_json_put_base64(e->w, key, prefix, part->data, part->data_length);
}

/* Mistral detects the format itself, and also accepts a URL. */
static void put_audio(beluga__openai_encoder *e, const beluga_part *part)
{
    const char *base64, *format = format_of(part, &base64), *data = base64, *key = "data";
    bool bare = is_mistral(e);
    if (bare) {
        data = part->url;
        key = "input_audio";
    }
    beluga_json_put_string(e->w, "type", "input_audio");
    if (!bare) beluga_json_begin_object(e->w, "input_audio");
    if (data)
        beluga_json_put_string(e->w, key, data);
    else
        beluga_json_put_base64(e->w, key, "", part->data, part->data_length);
    if (bare) return;
    beluga_json_put_string(e->w, "format", format);
    beluga_json_end_object(e->w);
}

static void put_file(beluga__openai_encoder *e, const beluga_part *part)
{
    if (is_mistral(e)) {
        beluga_json_put_string(e->w, "type", "document_url");
        beluga__openai_put_url(&e->base, "document_url", part);
        if (part->name) beluga_json_put_string(e->w, "document_name", part->name);
        return;
    }
    beluga_json_put_string(e->w, "type", "file");
    beluga_json_begin_object(e->w, "file");
    beluga_json_put_string(e->w, "filename", part->name ? part->name : "file");
    beluga__openai_put_url(&e->base, "file_data", part);
    beluga_json_end_object(e->w);
}

void beluga__openai_put_part(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_IMAGE:
        beluga_json_put_string(e->w, "type", "image_url");
        beluga_json_begin_object(e->w, "image_url");
        beluga__openai_put_url(&e->base, "url", part);
        beluga_json_end_object(e->w);
        break;
    case BELUGA_PART_AUDIO: put_audio(e, part); break;
    case BELUGA_PART_FILE: put_file(e, part); break;
    case BELUGA_PART_REASONING: /* Mistral accepts earlier reasoning as part of the content */
        beluga_json_put_string(e->w, "type", "thinking");
        beluga_json_begin_array(e->w, "thinking");
        beluga_json_begin_object(e->w, NULL);
        put_text(e, part);
        beluga_json_end_object(e->w);
        beluga_json_end_array(e->w);
        break;
    default: put_text(e, part);
    }
    put_mark(e, part);
    beluga_json_end_object(e->w);
}
