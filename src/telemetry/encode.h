/* From what was recorded to OTLP's messages, and from those to bytes. */
#ifndef BELUGA__ENCODE_H
#define BELUGA__ENCODE_H

#include "base/buf.h"
#include "base/json.h"
#include "otlp.pb-c.h"
#include "telemetry/telemetry.h"

#include <string.h>

/* An empty message of a type; NULL without memory. */
#define BELUGA__NEW(arena, type, init) \
    ((type *)beluga__copied(arena, &(const type)init, sizeof(type)))

static inline void *beluga__copied(beluga__arena *arena, const void *bytes, size_t n)
{
    void *p = beluga__arena_alloc(arena, n);
    return p ? memcpy(p, bytes, n) : NULL;
}

/* All of a message lives in an arena. NULL without memory. */
Otlp__Resource *beluga__encode_resource(beluga_telemetry *t, beluga__arena *arena);
Otlp__InstrumentationScope *beluga__encode_scope(beluga__arena *arena);
Otlp__TraceRequest *beluga__encode_spans(beluga_telemetry *t, beluga__arena *arena,
                                         beluga__span *const *spans, size_t n);
/* NULL also when there is nothing to say: *empty tells. Takes note of what was said: call it once
 * an export. */
Otlp__MetricsRequest *beluga__encode_metrics(beluga_telemetry *t, beluga__arena *arena, bool delta,
                                             int64_t since_ns, int64_t now_ns, bool *empty);

/* Attributes, one by one. */
typedef struct beluga__key_values {
    beluga__arena *arena;
    Otlp__KeyValue **items;
    size_t count, capacity;
    bool failed;
} beluga__key_values;
void beluga__put_text(beluga__key_values *list, const char *key, const char *text);
void beluga__put_int(beluga__key_values *list, const char *key, int64_t value);
void beluga__put_bool(beluga__key_values *list, const char *key, bool value);

/* OTLP/JSON of any of them: ids in hex, names in camel case, 64 bits as text. Returns out->status.
 */
int beluga__encode_json(beluga__buf *out, const ProtobufCMessage *message);
/* Lines for people. */
int beluga__encode_text(beluga__buf *out, const ProtobufCMessage *message);
int beluga__encode_protobuf(beluga__buf *out, const ProtobufCMessage *message);
/* Replace the bytes by their gzip. Returns buf->status. */
int beluga__encode_gzip(beluga__buf *buf);

#endif
