#include "base/json.h"
#include "base/json_escape.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <yyjson.h>

/* Record a failure; only the first one is kept. If the buffer has failed, later failures are only
 * consequences, such as a piece of a string that could not be begun. */
static void fail(beluga_json_writer *w, int code)
{
    if (!w->status && !w->buf->status) w->status = code;
}

void beluga__json_writer_init(beluga_json_writer *w, beluga__buf *buf)
{
    memset(w, 0, sizeof *w);
    w->buf = buf;
}

beluga_json_writer *beluga_json_writer_new(void)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga_json_writer *w = beluga__alloc(allocator, sizeof *w);
    if (!w) return NULL;
    beluga__json_writer_init(w, &w->own);
    beluga__buf_init(&w->own, allocator, BELUGA__MAX_REQUEST_BYTES);
    return w;
}

void beluga_json_writer_free(beluga_json_writer *w)
{
    if (!w) return;
    const beluga_allocator *allocator = w->own.allocator;
    beluga__buf_free(&w->own);
    beluga__release(allocator, w);
}

int beluga__json_writer_status(const beluga_json_writer *w)
{
    if (w->status) return w->status;
    if (w->buf->status) return w->buf->status;
    return w->depth || w->in_string || !w->need_comma ? BELUGA_ERROR_INVALID_INPUT : 0;
}

int beluga_json_writer_text(beluga_json_writer *w, const char **text, size_t *length)
{
    int status = beluga__json_writer_status(w);
    *text = status ? NULL : w->buf->data;
    if (length) *length = status ? 0 : w->buf->length;
    return status;
}

/* ---- strings --------------------------------------------------------------------------------- */

static void put_escaped(beluga_json_writer *w, const char *text, size_t length)
{
    if (beluga__json_escape(w->buf, text, length) == BELUGA_ERROR_INVALID_INPUT)
        fail(w, BELUGA_ERROR_INVALID_INPUT);
}

static void put_quoted(beluga_json_writer *w, const char *text, size_t length)
{
    beluga__buf_putc(w->buf, '"');
    put_escaped(w, text, length);
    beluga__buf_putc(w->buf, '"');
}

/* ---- structure ------------------------------------------------------------------------------- */

static bool in_array(const beluga_json_writer *w)
{
    uint32_t level = w->depth - 1;
    return w->arrays[level / 64] >> (level % 64) & 1;
}

/* Write the comma and the key before a value. Returns false if no value may follow. */
static bool begin_value(beluga_json_writer *w, const char *key)
{
    /* after a failure `depth` may be wrong, so nothing more is written */
    if (w->status || w->buf->status) return false;
    bool fits = w->depth ? !key == in_array(w) : !key && !w->need_comma;
    fits = fits && !w->in_string;
    if (!fits) {
        fail(w, BELUGA_ERROR_INVALID_INPUT);
        return false;
    }
    if (w->need_comma) beluga__buf_putc(w->buf, ',');
    w->need_comma = true;
    if (key) {
        put_quoted(w, key, strlen(key));
        beluga__buf_putc(w->buf, ':');
    }
    return true;
}

static void begin(beluga_json_writer *w, const char *key, bool array)
{
    if (!begin_value(w, key)) return;
    if (w->depth == BELUGA__MAX_JSON_DEPTH) {
        fail(w, BELUGA_ERROR_LIMIT_EXCEEDED);
        return;
    }
    uint64_t bit = (uint64_t)1 << (w->depth % 64), *bits = &w->arrays[w->depth / 64];
    *bits = array ? *bits | bit : *bits & ~bit;
    w->depth++;
    w->need_comma = false;
    beluga__buf_putc(w->buf, array ? '[' : '{');
}

static void end(beluga_json_writer *w, bool array)
{
    if (w->status || w->buf->status) return;
    if (!w->depth || w->in_string || in_array(w) != array) {
        fail(w, BELUGA_ERROR_INVALID_INPUT);
        return;
    }
    w->depth--;
    w->need_comma = true;
    beluga__buf_putc(w->buf, array ? ']' : '}');
}

void beluga_json_begin_object(beluga_json_writer *w, const char *key)
{
    begin(w, key, false);
}

void beluga_json_end_object(beluga_json_writer *w)
{
    end(w, false);
}

void beluga_json_begin_array(beluga_json_writer *w, const char *key)
{
    begin(w, key, true);
}

void beluga_json_end_array(beluga_json_writer *w)
{
    end(w, true);
}

/* ---- strings that are written in pieces */

void beluga_json_begin_string(beluga_json_writer *w, const char *key)
{
    if (!begin_value(w, key)) return;
    w->in_string = true;
    beluga__buf_putc(w->buf, '"');
}

void beluga_json_add_text(beluga_json_writer *w, const char *text, size_t length)
{
    if (!w->in_string) fail(w, BELUGA_ERROR_INVALID_INPUT);
    if (!w->status && !w->buf->status) put_escaped(w, text, length);
}

void beluga_json_add_format(beluga_json_writer *w, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text)
        fail(w, BELUGA_ERROR_LIMIT_EXCEEDED);
    else
        beluga_json_add_text(w, text, (size_t)n);
}

void beluga_json_end_string(beluga_json_writer *w)
{
    if (!w->in_string) fail(w, BELUGA_ERROR_INVALID_INPUT);
    w->in_string = false;
    if (!w->status && !w->buf->status) beluga__buf_putc(w->buf, '"');
}

/* ---- values ---------------------------------------------------------------------------------- */

static void put_literal(beluga_json_writer *w, const char *key, const char *text)
{
    if (begin_value(w, key)) beluga__buf_puts(w->buf, text);
}

void beluga_json_put_null(beluga_json_writer *w, const char *key)
{
    put_literal(w, key, "null");
}

void beluga_json_put_bool(beluga_json_writer *w, const char *key, bool value)
{
    put_literal(w, key, value ? "true" : "false");
}

void beluga_json_put_string(beluga_json_writer *w, const char *key, const char *value)
{
    if (value)
        beluga_json_put_string_n(w, key, value, strlen(value));
    else
        beluga_json_put_null(w, key);
}

void beluga_json_put_string_n(beluga_json_writer *w, const char *key, const char *value,
                              size_t length)
{
    if (begin_value(w, key)) put_quoted(w, value, length);
}

void beluga_json_put_int(beluga_json_writer *w, const char *key, int64_t value)
{
    char text[24], *at = text + sizeof text - 1; /* a sign, nineteen digits and a NUL */
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *at = '\0';
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0) *--at = '-';
    put_literal(w, key, at);
}

/* yyjson writes the shortest text that reads back as the same number, whatever the locale. */
void beluga_json_put_double(beluga_json_writer *w, const char *key, double value)
{
    char memory[512];
    yyjson_alc alc;
    yyjson_val number = {0};
    if (!isfinite(value)) {
        beluga_json_put_null(w, key);
        return;
    }
    unsafe_yyjson_set_real(&number, value);
    yyjson_alc_pool_init(&alc, memory, sizeof memory);
    const char *text = yyjson_val_write_opts(&number, YYJSON_WRITE_NOFLAG, &alc, NULL, NULL);
    if (text)
        put_literal(w, key, text);
    else
        fail(w, BELUGA_ERROR_NO_MEMORY);
}

void beluga__json_put_valid(beluga_json_writer *w, const char *key, const char *json, size_t length)
{
    if (begin_value(w, key)) beluga__buf_append(w->buf, json, length);
}

void beluga_json_put_raw(beluga_json_writer *w, const char *key, const char *json, size_t length)
{
    beluga__json_scratch scratch;
    const beluga_json *root;
    if (beluga__utf8_valid(json, length) != length) fail(w, BELUGA_ERROR_INVALID_INPUT);
    if (!begin_value(w, key)) return;
    beluga__json_scratch_init(&scratch, w->buf->allocator);
    int code = beluga__json_scratch_parse(&scratch, json, length, &root, NULL);
    if (code)
        fail(w, code == BELUGA_ERROR_MALFORMED_RESPONSE ? BELUGA_ERROR_INVALID_INPUT : code);
    else if (scratch.repaired)
        /* The JSON of a model may contain lone surrogates. Its repaired text is written, so that
         * the conversation can still be sent. */
        beluga__buf_append(w->buf, scratch.text.data, scratch.text.length);
    else
        beluga__buf_append(w->buf, json, length);
    beluga__json_scratch_free(&scratch);
}

void beluga_json_put_base64(beluga_json_writer *w, const char *key, const char *prefix,
                            const void *bytes, size_t length)
{
    if (!begin_value(w, key)) return;
    beluga__buf_putc(w->buf, '"');
    if (prefix) put_escaped(w, prefix, strlen(prefix));
    beluga__base64_encode(w->buf, bytes, length);
    beluga__buf_putc(w->buf, '"');
}
