/* Converts a message to bytes. Both forms, protobuf and JSON, use the descriptors that protobuf-c's
 * generator made, so the fields are listed only once. */
#include "base/line.h"
#include "telemetry/encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

/* --- protobuf --------------------------------------------------------------------------------- */

int beluga__encode_protobuf(beluga__buf *out, const ProtobufCMessage *message)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    if (beluga__buf_reserve(out, n)) return out->status;
    out->length += protobuf_c_message_pack(message, (uint8_t *)out->data + out->length);
    return 0;
}

int beluga__encode_gzip(beluga__buf *buf)
{
    enum { GZIP_WINDOW = 15 + 16, LEVEL = 6, MEMORY = 8 };
    z_stream z = {0};
    beluga__buf out;
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return BELUGA_ERROR_NO_MEMORY;
    beluga__buf_init(&out, buf->allocator, buf->max);
    uLong bound = deflateBound(&z, (uLong)buf->length);
    if (!beluga__buf_reserve(&out, bound)) {
        z.next_in = (Bytef *)(void *)buf->data;
        z.avail_in = (uInt)buf->length;
        z.next_out = (Bytef *)(void *)out.data;
        z.avail_out = (uInt)bound;
        if (deflate(&z, Z_FINISH) == Z_STREAM_END) out.length = z.total_out;
    }
    deflateEnd(&z);
    int status = out.length ? 0 : BELUGA_ERROR_NO_MEMORY;
    if (!status) {
        beluga__buf_free(buf);
        *buf = out;
    } else
        beluga__buf_free(&out);
    return status;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void camel_case(const char *name, char *out, size_t n)
{
    size_t at = 0;
    for (; *name && at + 1 < n; name++) {
        bool upper = *name == '_' && name[1];
        if (upper) name++;
        out[at++] = (char)(upper && *name >= 'a' && *name <= 'z' ? *name - 32 : *name);
    }
    out[at] = '\0';
}

static void put_hex(beluga_json_writer *w, const char *key, const ProtobufCBinaryData *bytes)
{
    char text[2 * 16 + 1] = "";
    for (size_t i = 0; i < bytes->len && i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes->data[i]);
    beluga_json_put_string(w, key, text);
}

static void put_number(beluga_json_writer *w, const char *key, bool is_signed, uint64_t value)
{
    char text[24];
    if (is_signed)
        snprintf(text, sizeof text, "%" PRId64, (int64_t)value);
    else
        snprintf(text, sizeof text, "%" PRIu64, value);
    beluga_json_put_string(w, key, text);
}

static void put_message(beluga_json_writer *w, const char *key, const ProtobufCMessage *message);

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: return 4;
    default: return 8;
    }
}

static void put_value(beluga_json_writer *w, const char *key, ProtobufCType type, const void *at)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING: beluga_json_put_string(w, key, *(char *const *)at); break;
    case PROTOBUF_C_TYPE_MESSAGE: put_message(w, key, *(ProtobufCMessage *const *)at); break;
    case PROTOBUF_C_TYPE_BYTES: put_hex(w, key, at); break;
    case PROTOBUF_C_TYPE_BOOL: beluga_json_put_bool(w, key, *(const protobuf_c_boolean *)at); break;
    case PROTOBUF_C_TYPE_DOUBLE: beluga_json_put_double(w, key, *(const double *)at); break;
    case PROTOBUF_C_TYPE_INT32: beluga_json_put_int(w, key, *(const int32_t *)at); break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: beluga_json_put_int(w, key, *(const uint32_t *)at); break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SFIXED64: put_number(w, key, true, *(const uint64_t *)at); break;
    default: put_number(w, key, false, *(const uint64_t *)at); break;
    }
}

static bool is_zero(ProtobufCType type, const void *at)
{
    static const char zeros[sizeof(ProtobufCBinaryData)];
    if (type == PROTOBUF_C_TYPE_STRING) return !*(char *const *)at || !**(char *const *)at;
    return memcmp(at, zeros, type == PROTOBUF_C_TYPE_BYTES ? sizeof(size_t) : size_of(type)) == 0;
}

static void put_field(beluga_json_writer *w, const ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field)
{
    const char *at = (const char *)message + field->offset;
    const void *quantifier = (const char *)message + field->quantifier_offset;
    char key[48];
    camel_case(field->name, key, sizeof key);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t n = *(const size_t *)quantifier, step = size_of(field->type);
        if (!n) return;
        beluga_json_begin_array(w, key);
        for (size_t i = 0; i < n; i++)
            put_value(w, NULL, field->type, *(char *const *)(const void *)at + i * step);
        beluga_json_end_array(w);
        return;
    }
    bool one_of = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (one_of ? *(const uint32_t *)quantifier == field->id : !is_zero(field->type, at))
        put_value(w, key, field->type, at);
}

static void put_message(beluga_json_writer *w, const char *key, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    beluga_json_begin_object(w, key);
    for (unsigned i = 0; i < d->n_fields; i++) put_field(w, message, &d->fields[i]);
    beluga_json_end_object(w);
}

int beluga__encode_json(beluga__buf *out, const ProtobufCMessage *message)
{
    beluga_json_writer w;
    beluga__json_writer_init(&w, out);
    put_message(&w, NULL, message);
    int status = beluga__json_writer_status(&w);
    return out->status ? out->status : status;
}

/* --- lines for people ------------------------------------------------------------------------- */

/* Write a text on the span's line. Names of models and captured answers may be any text, so line
 * breaks are escaped. */
static void text_text(beluga__buf *out, const char *text)
{
    beluga__line_append(out, text, strlen(text), BELUGA__BREAKS_ESCAPED);
}

static void text_value(beluga__buf *out, const Otlp__AnyValue *value)
{
    switch (value->value_case) {
    case OTLP__ANY_VALUE__VALUE_STRING_VALUE: text_text(out, value->string_value); break;
    case OTLP__ANY_VALUE__VALUE_BOOL_VALUE:
        beluga__buf_puts(out, value->bool_value ? "true" : "false");
        break;
    case OTLP__ANY_VALUE__VALUE_INT_VALUE:
        beluga__buf_printf(out, "%" PRId64, value->int_value);
        break;
    case OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE:
        beluga__buf_printf(out, "%.6g", value->double_value);
        break;
    case OTLP__ANY_VALUE__VALUE_ARRAY_VALUE:
        for (size_t i = 0; i < value->array_value->n_values; i++) {
            if (i) beluga__buf_putc(out, ',');
            text_value(out, value->array_value->values[i]);
        }
        break;
    default: break;
    }
}

static void text_attributes(beluga__buf *out, Otlp__KeyValue *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        beluga__buf_putc(out, ' ');
        text_text(out, items[i]->key);
        beluga__buf_putc(out, '=');
        text_value(out, items[i]->value);
    }
}

static void text_id(beluga__buf *out, const char *name, const ProtobufCBinaryData *id)
{
    if (id->len) beluga__buf_printf(out, " %s=", name);
    for (size_t i = 0; i < id->len; i++) beluga__buf_printf(out, "%02x", id->data[i]);
}

static void text_span(beluga__buf *out, const Otlp__Span *span)
{
    double ms = (double)(span->end_time_unix_nano - span->start_time_unix_nano) * 1e-6;
    beluga__buf_puts(out, "span ");
    text_text(out, span->name);
    beluga__buf_printf(out, " %.3f ms%s", ms, span->status->code ? " error" : "");
    text_id(out, "trace", &span->trace_id);
    text_id(out, "span", &span->span_id);
    text_id(out, "parent", &span->parent_span_id);
    text_attributes(out, span->attributes, span->n_attributes);
    for (size_t i = 0; i < span->n_events; i++) {
        double at = (double)(span->events[i]->time_unix_nano - span->start_time_unix_nano) * 1e-6;
        beluga__buf_puts(out, " [");
        text_text(out, span->events[i]->name);
        beluga__buf_printf(out, " at %.3f ms]", at);
    }
    beluga__buf_putc(out, '\n');
}

static void text_metric(beluga__buf *out, const Otlp__Metric *metric)
{
    if (metric->data_case == OTLP__METRIC__DATA_SUM)
        for (size_t i = 0; i < metric->sum->n_data_points; i++) {
            const Otlp__NumberDataPoint *p = metric->sum->data_points[i];
            bool whole = p->value_case == OTLP__NUMBER_DATA_POINT__VALUE_AS_INT;
            beluga__buf_printf(out, "metric %s %.15g %s", metric->name,
                               whole ? (double)p->as_int : p->as_double, metric->unit);
            text_attributes(out, p->attributes, p->n_attributes);
            beluga__buf_putc(out, '\n');
        }
    else
        for (size_t i = 0; i < metric->histogram->n_data_points; i++) {
            const Otlp__HistogramDataPoint *p = metric->histogram->data_points[i];
            beluga__buf_printf(out, "metric %s count=%" PRIu64 " sum=%.9g %s", metric->name,
                               p->count, p->sum, metric->unit);
            text_attributes(out, p->attributes, p->n_attributes);
            beluga__buf_putc(out, '\n');
        }
}

int beluga__encode_text(beluga__buf *out, const ProtobufCMessage *message)
{
    if (message->descriptor == &otlp__trace_request__descriptor) {
        const Otlp__ScopeSpans *scope =
            ((const Otlp__TraceRequest *)message)->resource_spans[0]->scope_spans[0];
        for (size_t i = 0; i < scope->n_spans; i++) text_span(out, scope->spans[i]);
    } else {
        const Otlp__ScopeMetrics *scope =
            ((const Otlp__MetricsRequest *)message)->resource_metrics[0]->scope_metrics[0];
        for (size_t i = 0; i < scope->n_metrics; i++) text_metric(out, scope->metrics[i]);
    }
    return out->status;
}
