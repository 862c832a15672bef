#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "schema/message.h"

#include <strings.h>

typedef struct media_type {
    uint32_t kind;
    const char *name;
} media_type;

/* The bytes at the beginning of a file that identify its type. Files of the RIFF family also have
 * the bytes `more` at offset `at`. */
typedef struct magic {
    media_type type;
    const char *bytes;
    size_t length;
    size_t at;
    const char *more;
} magic;

static const magic magics[] = {
    {{BELUGA_PART_IMAGE, "image/png"}, "\x89PNG\r\n\x1a\n", 8, 0, NULL},
    {{BELUGA_PART_IMAGE, "image/jpeg"}, "\xff\xd8\xff", 3, 0, NULL},
    {{BELUGA_PART_IMAGE, "image/gif"}, "GIF87a", 6, 0, NULL},
    {{BELUGA_PART_IMAGE, "image/gif"}, "GIF89a", 6, 0, NULL},
    {{BELUGA_PART_IMAGE, "image/webp"}, "RIFF", 4, 8, "WEBP"},
    {{BELUGA_PART_AUDIO, "audio/wav"}, "RIFF", 4, 8, "WAVE"},
    {{BELUGA_PART_AUDIO, "audio/mpeg"}, "ID3", 3, 0, NULL},
    {{BELUGA_PART_AUDIO, "audio/mpeg"}, "\xff\xfb", 2, 0, NULL},
    {{BELUGA_PART_AUDIO, "audio/mpeg"}, "\xff\xf3", 2, 0, NULL},
    {{BELUGA_PART_AUDIO, "audio/mpeg"}, "\xff\xf2", 2, 0, NULL},
    {{BELUGA_PART_FILE, "application/pdf"}, "%PDF-", 5, 0, NULL},
};

/* The type of a text file is taken from the extension of its name, since its bytes rarely show the
 * type. */
static const struct {
    const char *extension, *type;
} texts[] = {
    {"md", "text/markdown"},    {"markdown", "text/markdown"}, {"csv", "text/csv"},
    {"html", "text/html"},      {"htm", "text/html"},          {"json", "application/json"},
    {"xml", "application/xml"}, {"yaml", "application/yaml"},  {"yml", "application/yaml"},
    {"txt", "text/plain"},      {"text", "text/plain"},
};

static bool matches(const magic *m, const char *bytes, size_t n)
{
    if (n < m->length || memcmp(bytes, m->bytes, m->length) != 0) return false;
    if (!m->more) return true;
    size_t length = strlen(m->more);
    return n >= m->at + length && memcmp(bytes + m->at, m->more, length) == 0;
}

static const media_type *binary_type(const char *bytes, size_t n)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (matches(&magics[i], bytes, n)) return &magics[i].type;
    return NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Returns the media type for the extension of this name, or NULL. */
static const char *text_type(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof texts / sizeof *texts; i++)
        if (strcasecmp(dot + 1, texts[i].extension) == 0) return texts[i].type;
    return NULL;
}

static int add_text(beluga_message *m, const char *path, const char *data, size_t length,
                    beluga_error *err)
{
    const char *type = text_type(base_name(path));
    size_t valid = beluga__utf8_valid(data, length);
    if (valid < length && type) {
        beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "a text file is not UTF-8");
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s: invalid UTF-8 at byte %zu",
                                path, valid);
    }
    if (valid < length || memchr(data, '\0', length)) {
        beluga__message_fail(m, BELUGA_ERROR_NOT_SUPPORTED, "the type of a file is unknown");
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "%s: its type is unknown: it is not a PNG, JPEG, GIF, WebP, WAV, "
                                "MP3, PDF or UTF-8 text",
                                path);
    }
    return beluga__message_add_text_file(m, data, length, base_name(path),
                                         type ? type : "text/plain");
}

static int add_bytes(beluga_message *m, const char *path, const char *data, size_t length,
                     beluga_error *err)
{
    const media_type *found = binary_type(data, length);
    int status = found ? beluga_message_add_data(m, (beluga_part_kind)found->kind, found->name,
                                                 data, length, base_name(path))
                       : add_text(m, path, data, length, err);
    if (status == BELUGA_ERROR_NO_MEMORY || status == BELUGA_ERROR_LIMIT_EXCEEDED)
        beluga_error_set(err, status, "%s: %s", path, beluga_error_text(status));
    return status;
}

int beluga_message_add_content(beluga_message *m, const char *name, const void *data, size_t length,
                               beluga_error *err)
{
    if (!m || !name || !data) {
        if (m) beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "a file's name or data is NULL");
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "message, name or data is NULL");
    }
    return add_bytes(m, name, data, length, err);
}

int beluga_message_add_file(beluga_message *m, const char *path, beluga_error *err)
{
    if (!m || !path) {
        if (m) beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "path is NULL");
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "message or path is NULL");
    }
    beluga__buf file;
    beluga__buf_init(&file, beluga_allocator_default(), BELUGA__MAX_PART_BYTES);
    int status = beluga__file_read(path, &file, err);
    if (status)
        beluga__message_fail(m, status, "a file could not be read");
    else
        status = add_bytes(m, path, file.data, file.length, err);
    beluga__buf_free(&file);
    return status;
}
