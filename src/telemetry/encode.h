/* Makes OTLP messages from recorded spans and numbers, and encodes messages as bytes. */
#ifndef BELUGA__ENCODE_H
#define BELUGA__ENCODE_H

#include "base/buf.h"
#include "base/json.h"
#include "otlp.pb-c.h"
#include "telemetry/state.h"

#include <string.h>

/* Make an empty message of a type. The value is NULL if out of memory. */
#define BELUGA__NEW(arena, type, init) \
    ((type *)beluga__copied(arena, &(const type)init, sizeof(type)))

static inline void *beluga__copied(beluga__arena *arena, const void *bytes, size_t n)
{
    void *p = beluga__arena_alloc(arena, n);
    return p ? memcpy(p, bytes, n) : NULL;
}

/* These functions make messages in the arena. They return NULL if out of memory. */
Otlp__Resource *beluga__encode_resource(beluga_telemetry *t, beluga__arena *arena);
Otlp__InstrumentationScope *beluga__encode_scope(beluga__arena *arena);
Otlp__TraceRequest *beluga__encode_spans(beluga_telemetry *t, beluga__arena *arena,
                                         beluga__span *const *spans, size_t n);
/* Returns NULL with *empty set if there is no metric to export. The numbers are marked as exported,
 * so call this only once for each export. */
Otlp__MetricsRequest *beluga__encode_metrics(beluga_telemetry *t, beluga__arena *arena, bool delta,
                                             int64_t since_ns, int64_t now_ns, bool *empty);

/* A list to which attributes are added one by one. */
typedef struct beluga__key_values {
    beluga__arena *arena;
    Otlp__KeyValue **items;
    size_t count, capacity;
    bool failed;
} beluga__key_values;
void beluga__put_text(beluga__key_values *list, const char *key, const char *text);
void beluga__put_int(beluga__key_values *list, const char *key, int64_t value);
void beluga__put_bool(beluga__key_values *list, const char *key, bool value);

/* Write a message as OTLP/JSON: ids in hexadecimal, names in camel case, 64-bit numbers as strings.
 * Returns out->status. */
int beluga__encode_json(beluga__buf *out, const ProtobufCMessage *message);
/* Write a message as lines for people to read. */
int beluga__encode_text(beluga__buf *out, const ProtobufCMessage *message);
int beluga__encode_protobuf(beluga__buf *out, const ProtobufCMessage *message);
/* Replace the buffer's bytes by their gzip form. Returns buf->status. */
int beluga__encode_gzip(beluga__buf *buf);

#endif
