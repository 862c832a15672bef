#include "providers/decode.h"

#include "base/time.h"
#include "providers/common.h"

#include <stdio.h>
#include <time.h>

int beluga__decode_body(const char *body, size_t length, beluga_emit *emit,
                        const beluga_json **root)
{
    *root = NULL;
    if (!length)
        return beluga_emit_failure(emit, BELUGA_ERROR_EMPTY_RESPONSE, NULL,
                                   "the answer's body is empty");
    return beluga_emit_parse(emit, body, length, root);
}

int beluga__decode_failure(const beluga_json *root, int code, const char *what, beluga_emit *emit)
{
    beluga_error err;
    size_t length = 0;
    const char *text = beluga_emit_json_text(emit, root, &length);
    beluga_error_set(&err, code, "%s", what);
    if (text) beluga_error_set_cause(&err, text, length);
    return beluga_emit_error(emit, &err);
}

bool beluga__is_done(const beluga_frame *frame)
{
    return frame->length >= 6 && memcmp(frame->data, "[DONE]", 6) == 0;
}

/* ---- numbers --------------------------------------------------------------------------------- */

int64_t beluga__count_value(const beluga_json *value, int64_t most)
{
    int64_t n = beluga_json_int(value, -1);
    return n < 0 || n > most ? -1 : n;
}

int64_t beluga__count(const beluga_json *object, const char *key, int64_t most)
{
    return beluga__count_value(beluga_json_get(object, key), most);
}

int64_t beluga__time_value(const beluga_json *value)
{
    int64_t seconds = 0;
    const char *text = beluga_json_string(value, NULL);
    return text && beluga__time_read(text, &seconds) ? seconds : 0;
}

uint32_t beluga__index_of(const beluga_json *object, const char *key)
{
    int64_t index = beluga_json_get_int(object, key, 0);
    return index < 0 || index > INT32_MAX ? 0 : (uint32_t)index;
}

/* ---- times -------------------------------------------------------------------------------------
 */

/* ---- events ---------------------------------------------------------------------------------- */

int beluga__emit_read_usage(beluga_usage *usage, const beluga_json *json, beluga_emit *emit)
{
    usage->raw = beluga_emit_json_text(emit, json, &usage->raw_length);
    return usage->raw ? beluga_emit_usage(emit, usage) : BELUGA_ERROR_NO_MEMORY;
}

int beluga__emit_text_value(const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    return length ? beluga_emit_text(emit, text, length) : 0;
}

int beluga__emit_text_member(const beluga_json *object, const char *key, beluga_emit *emit)
{
    return beluga__emit_text_value(beluga_json_get(object, key), emit);
}

int beluga__emit_reasoning_value(const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    return length ? beluga_emit_reasoning(emit, text, length) : 0;
}

int beluga__emit_reasoning_member(const beluga_json *object, const char *key, beluga_emit *emit)
{
    return beluga__emit_reasoning_value(beluga_json_get(object, key), emit);
}

int beluga__emit_marked_signature(const char *mark, const char *text, size_t length,
                                  beluga_emit *emit)
{
    size_t n_mark = strlen(mark);
    char *signature = beluga_emit_alloc(emit, n_mark + length + 1);
    if (!signature) return BELUGA_ERROR_NO_MEMORY;
    memcpy(signature, mark, n_mark);
    memcpy(signature + n_mark, text, length);
    return beluga_emit_reasoning_signature(emit, signature, n_mark + length);
}

static int emit_member(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *key,
                       const char *json, size_t length, beluga_json_writer *w)
{
    const char *text;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_raw(w, key, json, length);
    beluga_json_end_object(w);
    int code = beluga_json_writer_text(w, &text, &length);
    return code ? code : beluga_emit_state(emit, of, index, text, length);
}

int beluga__emit_json_state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *key,
                            const beluga_json *value)
{
    size_t length;
    const char *json = beluga_emit_json_text(emit, value, &length);
    if (!json) return BELUGA_ERROR_NO_MEMORY;
    if (!key) return beluga_emit_state(emit, of, index, json, length);
    beluga_json_writer *w = beluga_json_writer_new();
    int code = w ? emit_member(emit, of, index, key, json, length, w) : BELUGA_ERROR_NO_MEMORY;
    beluga_json_writer_free(w);
    return code;
}

beluga_part_kind beluga__kind_of_media(const char *media_type)
{
    if (media_type && strncmp(media_type, "image/", 6) == 0) return BELUGA_PART_IMAGE;
    if (media_type && strncmp(media_type, "audio/", 6) == 0) return BELUGA_PART_AUDIO;
    return BELUGA_PART_FILE;
}

int beluga__emit_url(beluga_emit *emit, int kind, const char *media_type, const char *url)
{
    char own[128];
    const char *base64 = beluga__data_url(url, own, sizeof own);
    if (base64) media_type = own;
    beluga_part_kind k = kind ? (beluga_part_kind)kind : beluga__kind_of_media(media_type);
    if (base64) return beluga_emit_media_base64(emit, k, media_type, base64, strlen(base64));
    return beluga_emit_media_url(emit, k, media_type, url);
}
