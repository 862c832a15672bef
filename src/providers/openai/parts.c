/* What a part of a message looks like, and whether the host takes it from its role. What it does
 * not take is left out, and said. */
#include "providers/openai/openai.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_mistral(const beluga__openai_encoder *e)
{
    return e->host->quirks & BELUGA__OPENAI_MISTRAL;
}

void beluga__openai_fail(beluga__openai_encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

void beluga__openai_warn_once(beluga__openai_encoder *e, uint32_t bit, const char *format, ...)
{
    char text[256];
    va_list args;
    if (e->warned & bit) return;
    e->warned |= bit;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    beluga_http_request_warn(e->request, "%s", text);
}

/* ---- what is taken --------------------------------------------------------------------------- */

static const char *audio_format(const char *media_type)
{
    static const char *const types[][2] = {{"audio/wav", "wav"},  {"audio/x-wav", "wav"},
                                           {"audio/wave", "wav"}, {"audio/vnd.wave", "wav"},
                                           {"audio/mpeg", "mp3"}, {"audio/mp3", "mp3"}};
    for (size_t i = 0; media_type && i < sizeof types / sizeof *types; i++)
        if (strcmp(media_type, types[i][0]) == 0) return types[i][1];
    return NULL;
}

/* The format of an audio whose bytes are there; `base64` receives them when they stand in a URL. */
static const char *format_of(const beluga_part *part, const char **base64)
{
    char media_type[64];
    *base64 = NULL;
    if (!part->url) return audio_format(part->media_type);
    *base64 = beluga__data_url(part->url, media_type, sizeof media_type);
    return *base64 ? audio_format(media_type) : NULL;
}

static bool is_data_url(const beluga_part *part)
{
    return part->url && strncmp(part->url, "data:", 5) == 0;
}

static bool takes_audio(beluga__openai_encoder *e, const beluga_part *part)
{
    const char *base64;
    if (is_mistral(e) || format_of(part, &base64)) return true;
    beluga__openai_warn_once(e, BELUGA__OPENAI_LOST_AUDIO,
                             "audio is not sent: %s takes it as bytes of type audio/wav or "
                             "audio/mpeg only",
                             e->name);
    return false;
}

static bool takes_file(beluga__openai_encoder *e, const beluga_part *part)
{
    if (is_mistral(e) || !part->url || is_data_url(part)) return true;
    if (e->host->quirks & BELUGA__OPENAI_FILE_URLS) return true;
    beluga__openai_warn_once(e, BELUGA__OPENAI_LOST_FILE,
                             "a file is not sent: %s takes files as bytes or data: URLs only",
                             e->name);
    return false;
}

bool beluga__openai_takes_media(beluga__openai_encoder *e, const beluga_part *part)
{
    if (part->kind == BELUGA_PART_AUDIO) return takes_audio(e, part);
    return part->kind != BELUGA_PART_FILE || takes_file(e, part);
}

/* Images, audio and files belong into the human's messages. */
static bool takes_from(beluga__openai_encoder *e, const beluga_part *part, beluga_role role)
{
    if (role == BELUGA_ROLE_HUMAN || (role == BELUGA_ROLE_TOOL && is_mistral(e)))
        return beluga__openai_takes_media(e, part);
    if (role == BELUGA_ROLE_TOOL) {
        if (beluga__openai_takes_media(e, part))
            beluga__openai_warn_once(e, BELUGA__OPENAI_MOVED_MEDIA,
                                     "images, audio and files of a tool's result are sent in a "
                                     "human message after it: Chat Completions takes them there "
                                     "only");
        return false;
    }
    beluga__openai_warn_once(e, BELUGA__OPENAI_LOST_MEDIA,
                             "images, audio and files are not sent: %s takes them in human "
                             "messages only",
                             e->name);
    return false;
}

bool beluga__openai_is_content(beluga__openai_encoder *e, const beluga_part *part, beluga_role role)
{
    bool said = part->kind == BELUGA_PART_REASONING || part->kind == BELUGA_PART_TOOL_CALL;
    if (part->kind == BELUGA_PART_TEXT) return true;
    if (part->kind == BELUGA_PART_STATE) return false; /* it stands beside the content */
    if (!said) return takes_from(e, part, role);
    if (role == BELUGA_ROLE_AI) return is_mistral(e) && part->kind == BELUGA_PART_REASONING;
    if (!e->status)
        e->status = beluga_error_set(e->err, BELUGA_ERROR_NOT_SUPPORTED,
                                     "%s can't take a part of this kind from this role", e->name);
    return false;
}

/* ---- marks for the cache --------------------------------------------------------------------- */

/* From GPT 5.6 on. */
bool beluga__openai_knows_breakpoints(const char *model)
{
    char *end;
    if (strncmp(model, "gpt-", 4) != 0) return false;
    long major = strtol(model + 4, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return (major > 5 && major < 20) || (major == 5 && minor >= 6);
}

void beluga__openai_put_breakpoint(beluga_json_writer *w)
{
    beluga_json_begin_object(w, "prompt_cache_breakpoint");
    beluga_json_put_string(w, "mode", "explicit");
    beluga_json_end_object(w);
}

static void put_cache_control(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, "cache_control");
    beluga_json_put_string(e->w, "type", "ephemeral");
    if (part->flags & (BELUGA_PART_CACHE_5M | BELUGA_PART_CACHE_1H) &&
        e->host->quirks & BELUGA__OPENAI_CACHE_TTL)
        beluga_json_put_string(e->w, "ttl", part->flags & BELUGA_PART_CACHE_1H ? "1h" : "5m");
    beluga_json_end_object(e->w);
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
        beluga__openai_warn_once(e, BELUGA__OPENAI_LOST_TTL,
                                 "how long a cache mark holds is not sent: that is for %s to "
                                 "choose",
                                 e->name);
    if (e->breakpoints)
        beluga__openai_put_breakpoint(e->w);
    else
        put_cache_control(e, part);
}

/* ---- parts of messages ----------------------------------------------------------------------- */

static void put_text(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
}

int beluga__openai_put_url(beluga_json_writer *w, const char *key, const beluga_part *part,
                           beluga_error *err)
{
    char prefix[160];
    if (part->url) {
        beluga_json_put_string(w, key, part->url);
        return 0;
    }
    size_t n = strlen(part->media_type);
    if (n > sizeof prefix - sizeof "data:;base64,")
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "a part's media type is too long");
    memcpy(prefix, "data:", 5);
    memcpy(prefix + 5, part->media_type, n);
    memcpy(prefix + 5 + n, ";base64,", sizeof ";base64,");
    beluga_json_put_base64(w, key, prefix, part->data, part->data_length);
    return 0;
}

static void put_url(beluga__openai_encoder *e, const char *key, const beluga_part *part)
{
    int code = beluga__openai_put_url(e->w, key, part, e->status ? NULL : e->err);
    if (!e->status) e->status = code;
}

static void put_image(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "image_url");
    beluga_json_begin_object(e->w, "image_url");
    put_url(e, "url", part);
    beluga_json_end_object(e->w);
}

/* Mistral finds out the format itself. */
static void put_bare_audio(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "input_audio");
    if (part->url)
        beluga_json_put_string(e->w, "input_audio", part->url);
    else
        beluga_json_put_base64(e->w, "input_audio", "", part->data, part->data_length);
}

static void put_audio(beluga__openai_encoder *e, const beluga_part *part)
{
    const char *base64, *format = format_of(part, &base64);
    if (is_mistral(e)) {
        put_bare_audio(e, part);
        return;
    }
    beluga_json_put_string(e->w, "type", "input_audio");
    beluga_json_begin_object(e->w, "input_audio");
    if (base64)
        beluga_json_put_string(e->w, "data", base64);
    else
        beluga_json_put_base64(e->w, "data", "", part->data, part->data_length);
    beluga_json_put_string(e->w, "format", format);
    beluga_json_end_object(e->w);
}

static void put_document(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "document_url");
    put_url(e, "document_url", part);
    if (part->name) beluga_json_put_string(e->w, "document_name", part->name);
}

static void put_file(beluga__openai_encoder *e, const beluga_part *part)
{
    if (is_mistral(e)) {
        put_document(e, part);
        return;
    }
    beluga_json_put_string(e->w, "type", "file");
    beluga_json_begin_object(e->w, "file");
    beluga_json_put_string(e->w, "filename", part->name ? part->name : "file");
    put_url(e, "file_data", part);
    beluga_json_end_object(e->w);
}

/* Mistral's place for it is the content. */
static void put_thinking(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "thinking");
    beluga_json_begin_array(e->w, "thinking");
    beluga_json_begin_object(e->w, NULL);
    put_text(e, part);
    beluga_json_end_object(e->w);
    beluga_json_end_array(e->w);
}

void beluga__openai_put_part(beluga__openai_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_IMAGE: put_image(e, part); break;
    case BELUGA_PART_AUDIO: put_audio(e, part); break;
    case BELUGA_PART_FILE: put_file(e, part); break;
    case BELUGA_PART_REASONING: put_thinking(e, part); break;
    default: put_text(e, part);
    }
    put_mark(e, part);
    beluga_json_end_object(e->w);
}
