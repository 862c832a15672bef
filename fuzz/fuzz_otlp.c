/* Encodes telemetry. Attributes, measurements and errors with any bytes become messages that can be
 * read again, as protobuf and as JSON. A line is a letter for the type, a name, "=" and a value. */
#include "fuzz.h"
#include "telemetry/encode.h"
#include "telemetry/telemetry.h"

#include <math.h>

static beluga_telemetry *telemetry;

static void make_telemetry(void)
{
    static const char *const variables[] = {"OTEL_TRACES_EXPORTER=none",
                                            "OTEL_METRICS_EXPORTER=none", NULL};
    const beluga_telemetry_settings settings = {.size = sizeof settings,
                                                .variables = variables,
                                                .without_environment = true,
                                                .file = "/dev/null"};
    beluga_error err = {0};
    if (beluga__telemetry_new(&settings, NULL, NULL, &telemetry, &err))
        fuzz_broken(__FILE__, __LINE__, "telemetry can be made", err.message);
    FUZZ_CHECK(telemetry);
}

static void add_attribute(beluga__span *span, char type, const char *name, const char *value)
{
    beluga_span_attribute attribute = {.size = sizeof attribute, .name = name};
    attribute.type = type == 'i'   ? BELUGA_ATTRIBUTE_INT
                     : type == 'd' ? BELUGA_ATTRIBUTE_DOUBLE
                     : type == 'b' ? BELUGA_ATTRIBUTE_BOOL
                                   : BELUGA_ATTRIBUTE_STRING;
    size_t n = strlen(value);
    uint64_t bits = 0;
    memcpy(&bits, value, n < sizeof bits ? n : sizeof bits);
    if (type == 'i') attribute.value.integer = (int64_t)bits;
    if (type == 'd') memcpy(&attribute.value.number, &bits, sizeof bits);
    if (type == 'b') attribute.value.boolean = n & 1;
    if (attribute.type == BELUGA_ATTRIBUTE_STRING) {
        attribute.value.string = value;
        attribute.length = (uint32_t)n;
    }
    telemetry->sink.attribute(telemetry->sink.payload, span, &attribute);
}

static void retry(beluga__span *span, const char *why)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_RATE_LIMIT, "%s", why);
    telemetry->sink.event(telemetry->sink.payload, span, BELUGA_SPAN_RETRY, &err);
}

static void fill(beluga__span *span, char *text)
{
    for (char *line; (line = fuzz_line(&text));) {
        char *value = *line ? strchr(line + 1, '=') : NULL;
        if (!value) continue;
        *value++ = '\0';
        if (*line == 'r')
            retry(span, value);
        else
            add_attribute(span, *line, line + 1, value);
    }
}

static void check_protobuf(const Otlp__TraceRequest *request)
{
    beluga__buf bytes;
    beluga__buf_init(&bytes, beluga_allocator_default(), BELUGA__MAX_EXPORT_BYTES);
    FUZZ_CHECK(beluga__encode_protobuf(&bytes, &request->base) == 0);
    Otlp__TraceRequest *back =
        otlp__trace_request__unpack(NULL, bytes.length, (const uint8_t *)bytes.data);
    FUZZ_CHECK(back && back->n_resource_spans == request->n_resource_spans);
    otlp__trace_request__free_unpacked(back, NULL);
    beluga__buf_free(&bytes);
}

static void check_json(const Otlp__TraceRequest *request)
{
    beluga__buf text;
    beluga_json_doc *doc;
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_EXPORT_BYTES);
    FUZZ_CHECK(beluga__encode_json(&text, &request->base) == 0);
    FUZZ_CHECK(!memchr(text.data, '\n', text.length)); /* the JSON is one line of a file */
    FUZZ_CHECK(beluga_json_parse(text.data, text.length, &doc, NULL) == 0);
    beluga_json_doc_free(doc);
    beluga__buf_free(&text);
}

static void encode(beluga__span *span)
{
    beluga__arena arena;
    beluga__buf words;
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, BELUGA__MAX_EXPORT_BYTES);
    Otlp__TraceRequest *request = beluga__encode_spans(telemetry, &arena, &span, 1);
    FUZZ_CHECK(request);
    check_protobuf(request);
    check_json(request);
    beluga__buf_init(&words, beluga_allocator_default(), BELUGA__MAX_EXPORT_BYTES);
    FUZZ_CHECK(beluga__encode_text(&words, &request->base) == 0);
    beluga__buf_free(&words);
    beluga__arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!telemetry) make_telemetry();
    char *text = fuzz_text(data, size);
    const beluga_span_start start = {.size = sizeof start,
                                     .kind = BELUGA_SPAN_ATTEMPT,
                                     .attempt = 1,
                                     .operation = "chat",
                                     .provider = "p",
                                     .model = "m"};
    beluga__span *span = telemetry->sink.begin(telemetry->sink.payload, NULL, &start);
    FUZZ_CHECK(span);
    fill(span, text);
    encode(span);
    beluga__span_give_back(&telemetry->pool, span);
    free(text);
    return 0;
}
