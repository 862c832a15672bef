/* The content of an export: the tests read the lines of OTLP/JSON that telemetry has written into a
 * file. They check the attributes of calls, which texts are captured, and that everything beyond a
 * limit is dropped and counted. */
#include "../support/calls.h"
#include "../support/parts.h"
#include "../support/scoped.h"
#include "../support/small_provider.h"
#include "../support/words.h"
#include "in_child.h"

#include <beluga/provider/json.h>
#include <beluga/provider/provider.h>
#include <beluga/providers/mock.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_VARIABLES = 16, SAID = 2048 };

typedef struct scene {
    char path[64];
    char said[SAID]; /* the records of the log, one on each line */
    beluga_client *client;
    beluga_telemetry *telemetry;
    char *text; /* the text of the file after it was closed */
} scene;

static int set_up(void **state)
{
    scene *s = calloc(1, sizeof *s);
    if (!s) return -1;
    snprintf(s->path, sizeof s->path, "/tmp/beluga-recorded-%ld.jsonl", (long)getpid());
    *state = s;
    return 0;
}

static void close_client(scene *s)
{
    if (s->telemetry) assert_int_equal(beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS), 0);
    beluga_telemetry_unref(s->telemetry);
    beluga_client_unref(s->client);
    s->telemetry = NULL;
    s->client = NULL;
}

static int tear_down(void **state)
{
    scene *s = *state;
    close_client(s);
    unlink(s->path);
    free(s->text);
    free(s);
    return 0;
}

static void hear(void *payload, beluga_log_level level, const char *event,
                 const beluga_log_field *fields, size_t n)
{
    scene *s = payload;
    size_t at = strlen(s->said);
    (void)level;
    (void)event;
    for (size_t i = 0; i < n && at < sizeof s->said; i++)
        if (fields[i].text)
            at += (size_t)snprintf(s->said + at, sizeof s->said - at, "%.*s ",
                                   (int)fields[i].length, fields[i].text);
}

/* Open a client that writes everything into the file at a flush, and reads no environment
 * variables. */
static void open_client(scene *s, const char *const *more)
{
    const beluga_client_settings client = {.size = sizeof client};
    const char *variables[MAX_VARIABLES] = {"OTEL_TRACES_EXPORTER=none",
                                            "OTEL_METRICS_EXPORTER=none",
                                            "OTEL_BSP_SCHEDULE_DELAY=3600000"};
    beluga_telemetry_settings settings = {.size = sizeof settings,
                                          .variables = variables,
                                          .without_environment = true,
                                          .file = s->path,
                                          .log = hear,
                                          .log_payload = s};
    beluga_error err = {0};
    size_t n = 3;
    for (; more && *more; more++) variables[n++] = *more;
    assert_int_equal(beluga_client_new(&client, &s->client), 0);
    if (beluga_telemetry_init(s->client, &settings, &s->telemetry, &err))
        fail_msg("%s", err.message);
}

static beluga_chat_model *open_model(scene *s, const char *name, const beluga_option *options,
                                     size_t n)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_config *config = beluga_config_new_n(options, n);
    if (beluga_registry_open(beluga_client_registry(s->client), name, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

/* Shut down the telemetry, and return the text of the file. Borrowed. */
static const char *exported(scene *s)
{
    close_client(s);
    FILE *file = fopen(s->path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(file);
    rewind(file);
    s->text = calloc(1, n + 1);
    assert_non_null(s->text);
    assert_int_equal(fread(s->text, 1, n, file), n);
    fclose(file);
    return s->text;
}

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("lacks %s:\n%s", part, text);
}

static void expect_none(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("has %s:\n%s", part, text);
}

static void ask(beluga_chat_model *model, beluga_messages *messages, const beluga_option *options,
                size_t n)
{
    SCOPED(beluga_response) *response = NULL;
    beluga_error err = {0};
    if (beluga_generate_n(model, NULL, messages, &response, &err, options, n))
        fail_msg("%s", err.message);
    beluga_messages_free(messages);
}

static beluga_messages *say(const char *text)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message(text));
    return messages;
}

/* ---- captured questions and answers ---------------------------------------------------------- */

static const char *const capture[] = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true",
                                      NULL};

/* Return messages of every role, with parts of every kind. */
static beluga_messages *everything(void)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_message *seen = beluga_human_message("Look at this");
    beluga_message *thought = beluga_ai_message("I will ask");
    beluga_message_add_data(seen, BELUGA_PART_IMAGE, "image/png", "\x89PNG", 4, NULL);
    beluga_message_add_url(seen, BELUGA_PART_FILE, "https://example.org/a.pdf", "application/pdf");
    beluga_message_add_reasoning(thought, "Hm, whom?", 9, NULL, 0);
    beluga_message_add_tool_call(thought, "call_1", "weather", "{\"city\":\"Oslo\"}", 15);
    beluga_message_add_tool_call(thought, "call_2", "weather", "{broken", 7);
    beluga_messages_add(messages, beluga_system_message("Be brief"));
    beluga_messages_add(messages, seen);
    beluga_messages_add(messages, thought);
    beluga_messages_add(messages, beluga_tool_message("call_1", "rain"));
    beluga_messages_add(messages, beluga_tool_message("call_2", "sun"));
    return messages;
}

/* Make a call with these variables, and return the exported text. Borrowed. */
static const char *exported_everything(scene *s, const char *const *variables)
{
    const beluga_option options[] = {beluga_with_model_name("any")};
    open_client(s, variables);
    beluga_chat_model *model = open_model(s, "mock", options, 1);
    ask(model, everything(), NULL, 0);
    beluga_chat_model_unref(model);
    return exported(s);
}

/* Assert that the text contains this JSON text, quoted as a JSON string. */
static void expect_quoted(const char *text, const char *json)
{
    char quoted[512];
    size_t n = 0;
    for (; *json && n + 2 < sizeof quoted; json++) {
        if (*json == '"' || *json == '\\') quoted[n++] = '\\';
        quoted[n++] = *json;
    }
    quoted[n] = '\0';
    expect(text, quoted);
}

static void every_kind_of_part_is_captured_and_media_are_only_named(void **state)
{
    const char *text = exported_everything(*state, capture);
    expect_quoted(text, "[{\"type\":\"text\",\"content\":\"Be brief\"}]");
    expect_quoted(text,
                  "{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Look at this\"}");
    expect_quoted(
        text, "{\"type\":\"blob\",\"modality\":\"image\",\"mime_type\":\"image/png\",\"bytes\":4}");
    expect_quoted(text, "{\"type\":\"uri\",\"modality\":\"file\",\"mime_type\":\"application/pdf\","
                        "\"uri\":\"https://example.org/a.pdf\"}");
    expect_quoted(text, "{\"type\":\"reasoning\",\"content\":\"Hm, whom?\"}");
    expect_quoted(text, "\"arguments\":{\"city\":\"Oslo\"}}");
    expect_quoted(text, "\"arguments\":\"{broken\"}");
    expect_quoted(text,
                  "{\"type\":\"tool_call_response\",\"id\":\"call_1\",\"response\":\"rain\"}");
    expect_quoted(
        text, "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"This is a mock");
    expect_none(text, "PNG");
}

static void nothing_of_it_is_captured_unless_somebody_asks(void **state)
{
    const char *text = exported_everything(*state, NULL);
    expect(text, "chat any");
    expect_none(text, "Be brief");
    expect_none(text, "This is a mock");
}

static void a_text_past_the_limit_is_left_out_whole_and_counted(void **state)
{
    const char *const small[] = {capture[0], "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT=64", NULL};
    const char *text = exported_everything(*state, small);
    expect_quoted(text, "[{\"type\":\"text\",\"content\":\"Be brief\"}]"); /* this text fits */
    expect_none(text, "Look at this");
    expect(text, "\"droppedAttributesCount\":2"); /* question and answer */
}

static void embeddings_and_counts_are_operations_of_their_own(void **state)
{
    scene *s = *state;
    needs_part("embeddings");
    const beluga_option options[] = {beluga_with_model_name("any"), beluga_with_dimensions(8)};
    const char *const texts[] = {"a secret"};
    beluga_embeddings *vectors = NULL;
    beluga_token_count count;
    open_client(s, capture);
    beluga_chat_model *model = open_model(s, "mock", options, 2);
    beluga_messages *messages = say("a secret");
    assert_int_equal(beluga_embed(model, NULL, texts, NULL, 1, &vectors, NULL), 0);
    assert_int_equal(beluga_count_tokens(model, NULL, messages, &count, NULL), 0);
    beluga_embeddings_free(vectors);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
    const char *text = exported(s);
    expect(text, "\"name\":\"embeddings any\"");
    expect(text, "\"name\":\"count_tokens any\"");
    expect(text, "{\"key\":\"gen_ai.embeddings.dimension.count\",\"value\":{\"intValue\":\"8\"}}");
    expect(text, "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"2\"}}");
    expect_none(text, "finish_reasons");
    expect_none(text, "gen_ai.output.messages");
}

/* ---- settings of a call ---------------------------------------------------------------------- */

static void ask_with_settings(scene *s, bool of_the_model)
{
    const beluga_option how[] = {beluga_with_model_name("any"),
                                 beluga_with_stop_sequence("END"),
                                 beluga_with_stop_sequence("HALT"),
                                 beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_LOW),
                                 beluga_with_json_mode(true),
                                 beluga_with_top_k(5),
                                 beluga_with_temperature(0.5),
                                 beluga_with_max_tokens(64)};
    size_t n = sizeof how / sizeof *how;
    SCOPED(beluga_chat_model) *model = open_model(s, "mock", how, of_the_model ? n : 1);
    ask(model, say("Hi"), how + 1, of_the_model ? 0 : n - 1);
}

static void expect_settings(scene *s, bool of_the_model)
{
    open_client(s, NULL);
    ask_with_settings(s, of_the_model);
    const char *text = exported(s);
    assert_has_all(
        text,
        "{\"key\":\"gen_ai.request.stop_sequences\",\"value\":{\"arrayValue\":{\"values\":["
        "{\"stringValue\":\"END\"},{\"stringValue\":\"HALT\"}]}}}",
        "{\"key\":\"gen_ai.request.reasoning.level\",\"value\":{\"stringValue\":\"low\"}}",
        "{\"key\":\"gen_ai.output.type\",\"value\":{\"stringValue\":\"json\"}}",
        "{\"key\":\"gen_ai.request.top_k\",\"value\":{\"doubleValue\":5.0}}",
        "{\"key\":\"gen_ai.request.temperature\",\"value\":{\"doubleValue\":0.5}}",
        "{\"key\":\"gen_ai.request.max_tokens\",\"value\":{\"intValue\":\"64\"}}");
}

static void the_settings_of_a_call_are_attributes_of_its_span(void **state)
{
    expect_settings(*state, false);
}

static void the_settings_of_a_model_are_attributes_of_its_spans(void **state)
{
    expect_settings(*state, true);
}

/* A model remembers whether it has options that spans describe, so each option is tested alone. */
static void each_setting_of_a_model_makes_its_spans_describe_it(void **state)
{
    const struct {
        beluga_option option;
        const char *key;
    } rows[] = {
        {beluga_with_max_tokens(64), "gen_ai.request.max_tokens"},
        {beluga_with_seed(7), "gen_ai.request.seed"},
        {beluga_with_temperature(0.5), "gen_ai.request.temperature"},
        {beluga_with_top_p(0.5), "gen_ai.request.top_p"},
        {beluga_with_frequency_penalty(0.5), "gen_ai.request.frequency_penalty"},
        {beluga_with_presence_penalty(0.5), "gen_ai.request.presence_penalty"},
        {beluga_with_top_k(5), "gen_ai.request.top_k"},
        {beluga_with_stop_sequence("END"), "gen_ai.request.stop_sequences"},
        {beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_LOW),
         "gen_ai.request.reasoning.level"},
        {beluga_with_json_mode(true), "gen_ai.output.type"},
    };
    open_client(*state, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const beluga_option options[] = {beluga_with_model_name("any"), rows[i].option};
        SCOPED(beluga_chat_model) *model = open_model(*state, "mock", options, 2);
        ask(model, say("Hi"), NULL, 0);
    }
    const char *text = exported(*state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) expect(text, rows[i].key);
}

static void the_newer_names_have_an_integer_for_top_k(void **state)
{
    scene *s = *state;
    const char *const latest[] = {"OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental", NULL};
    open_client(s, latest);
    ask_with_settings(s, false);
    expect(exported(s), "{\"key\":\"gen_ai.request.top_k\",\"value\":{\"intValue\":\"5\"}}");
}

static void attributes_past_their_number_are_dropped_and_counted(void **state)
{
    scene *s = *state;
    const char *const few[] = {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=2", NULL};
    open_client(s, few);
    ask_with_settings(s, false);
    const char *text = exported(s);
    expect(text, "\"droppedAttributesCount\":");
    expect_none(text, "gen_ai.output.type");
}

/* ---- attributes of a provider ---------------------------------------------------------------- */

static int start_measured(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    beluga_span_set_string(emit, "acme.region", "north");
    beluga_span_set_int(emit, "acme.shard", -3);
    beluga_span_set_double(emit, "acme.load", 0.5);
    beluga_span_set_bool(emit, "acme.warm", true);
    beluga_span_set_string(emit, "acme.raw", "a\xff\xc3");
    beluga_counter_add(emit, "acme.credits", "{credit}", 2);
    beluga_histogram_record(emit, "acme.queue", "s", 0.25);
    int status = beluga_emit_text(emit, "x", 1);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static const beluga_provider measured = {SMALL_PROVIDER("measured", start_measured),
                                         .default_model = "m"};

static void call_measured(scene *s, int times)
{
    SCOPED(beluga_chat_model) *model = open_model(s, "measured", NULL, 0);
    for (int i = 0; i < times; i++) ask(model, say("Hi"), NULL, 0);
}

static void open_measured(scene *s, const char *const *more)
{
    open_client(s, more);
    assert_int_equal(beluga_registry_register(beluga_client_registry(s->client), &measured, NULL),
                     0);
}

static void a_providers_own_attributes_and_measurements_are_exported(void **state)
{
    scene *s = *state;
    open_measured(s, NULL);
    call_measured(s, 3);
    const char *text = exported(s);
    assert_has_all(text, "{\"key\":\"acme.region\",\"value\":{\"stringValue\":\"north\"}}",
                   "{\"key\":\"acme.shard\",\"value\":{\"intValue\":\"-3\"}}",
                   "{\"key\":\"acme.warm\",\"value\":{\"boolValue\":true}}",
                   "{\"key\":\"acme.raw\",\"value\":{\"stringValue\":\"a??\"}}",
                   "\"name\":\"acme.credits\"", "\"asDouble\":6", "\"name\":\"acme.queue\"",
                   "\"sum\":0.75");
}

static void differences_begin_anew_with_each_export(void **state)
{
    scene *s = *state;
    const char *const delta[] = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta", NULL};
    open_measured(s, delta);
    call_measured(s, 3);
    assert_int_equal(beluga_telemetry_flush(s->telemetry, PATIENCE_MS), 0);
    call_measured(s, 2);
    const char *text = exported(s);
    expect(text, "\"asDouble\":6");
    expect(text, "\"asDouble\":4");
    expect_none(text, "\"asDouble\":10");
}

/* The child has its own file, since one file could not show which process wrote a line. */
static int measure_in_child(void *argument)
{
    scene *s = argument;
    call_measured(s, 2);
    return beluga_telemetry_flush(s->telemetry, PATIENCE_MS) ? 1 : 0;
}

static void a_forked_child_counts_from_nothing(void **state)
{
    scene *s = *state;
    needs_threads_in_a_child();
    open_measured(s, NULL);
    call_measured(s, 5);
    in_child(measure_in_child, s);
    const char *text = exported(s);
    expect(text, "\"asDouble\":4");  /* the two calls of the child */
    expect(text, "\"asDouble\":10"); /* the five calls of the parent */
    expect_none(text, "\"asDouble\":14");
}

/* ---- settings -------------------------------------------------------------------------------- */

static void settings_that_make_no_sense_are_told_and_the_default_is_taken(void **state)
{
    scene *s = *state;
    const char *const wrong[] = {"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318",
                                 "OTEL_EXPORTER_OTLP_HEADERS=nonsense",
                                 "OTEL_EXPORTER_OTLP_TIMEOUT=soon",
                                 "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
                                 "OTEL_EXPORTER_OTLP_COMPRESSION=brotli",
                                 "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=perhaps",
                                 "OTEL_SPAN_EVENT_COUNT_LIMIT=-1",
                                 NULL};
    open_client(s, wrong);
    assert_has_all(s->said, "OTEL_EXPORTER_OTLP_ENDPOINT it must be a URL that begins with http://",
                   "OTEL_EXPORTER_OTLP_HEADERS it is not a list",
                   "OTEL_EXPORTER_OTLP_TIMEOUT soon is not a number",
                   "OTEL_EXPORTER_OTLP_PROTOCOL grpc must be http/protobuf or http/json",
                   "OTEL_EXPORTER_OTLP_COMPRESSION brotli must be gzip or none",
                   "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
                   "OTEL_SPAN_EVENT_COUNT_LIMIT");
}

static void what_headers_and_addresses_can_not_carry_is_left_out(void **state)
{
    static const char *const wrong[] = {
        "OTEL_EXPORTER_OTLP_HEADERS=key=a%0D%0AX-Other: b",
        "OTEL_EXPORTER_OTLP_HEADERS=key%3A=a",
        "OTEL_EXPORTER_OTLP_HEADERS=Content-Length=3",
        "OTEL_EXPORTER_OTLP_HEADERS=Host=other",
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://h/\r\nX: y",
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://h/a/../b",
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://h/a#b",
    };
    scene *s = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char expected[64];
        const char *const variables[] = {wrong[i], NULL};
        *s->said = '\0';
        open_client(s, variables);
        snprintf(expected, sizeof expected, "%.*s it ", (int)strcspn(wrong[i], "="), wrong[i]);
        expect(s->said, expected);
        expect_none(s->said, "X-Other"); /* its value may be a secret, so it is not logged */
        close_client(s);
    }
}

static void what_is_set_for_all_signals_is_told_once(void **state)
{
    scene *s = *state;
    const char *const wrong[] = {"OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
                                 "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=brotli", NULL};
    open_client(s, wrong);
    const char *told = strstr(s->said, "OTEL_EXPORTER_OTLP_PROTOCOL grpc");
    assert_non_null(told);
    assert_null(strstr(told + 1, "OTEL_EXPORTER_OTLP_PROTOCOL grpc"));
    expect(s->said, "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION brotli must be gzip or none");
}

/* Open a client that has only these variables, and no file. */
static void open_without_a_file(scene *s, const char *const *variables)
{
    const beluga_telemetry_settings settings = {.size = sizeof settings,
                                                .variables = variables,
                                                .without_environment = true,
                                                .log = hear,
                                                .log_payload = s};
    assert_int_equal(beluga_client_new(NULL, &s->client), 0);
    assert_int_equal(beluga_telemetry_init(s->client, &settings, &s->telemetry, NULL), 0);
}

static void an_exporter_that_nobody_has_is_told(void **state)
{
    scene *s = *state;
    const char *const wrong[] = {"OTEL_TRACES_EXPORTER=zipkin", NULL};
    open_without_a_file(s, wrong);
    expect(s->said, "OTEL_TRACES_EXPORTER zipkin must be otlp, console or none");
}

static void a_console_that_the_program_does_not_print_is_told(void **state)
{
    scene *s = *state;
    const char *const console[] = {"OTEL_TRACES_EXPORTER=console", NULL};
    open_without_a_file(s, console);
    expect(s->said, "the program has no print hook");
}

/* ---- the tables ------------------------------------------------------------------------------ */

static void every_metric_and_attribute_has_a_name_in_one_set_at_least(void **state)
{
    beluga_metric_info metric;
    beluga_attribute_info attribute;
    size_t metrics = 0, attributes = 0;
    (void)state;
    for (; beluga_metric_get_info(metrics, &metric); metrics++) {
        assert_true(metric.name || metric.latest_name);
        assert_non_null(metric.type);
        assert_true(*metric.unit && *metric.meaning);
    }
    for (; beluga_attribute_get_info(attributes, &attribute); attributes++) {
        assert_true(*attribute.name || *attribute.latest_name);
        assert_true(*attribute.spans && *attribute.meaning);
    }
    assert_true(metrics > 10 && attributes > 30);
    assert_false(beluga_metric_get_info(SIZE_MAX, &metric));
    assert_false(beluga_attribute_get_info(SIZE_MAX, &attribute));
}

static void providers_have_their_names_of_the_conventions(void **state)
{
    (void)state;
    assert_string_equal(beluga_telemetry_provider_name("bedrock"), "aws.bedrock");
    assert_string_equal(beluga_telemetry_provider_name("acme"), "acme");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_part_is_captured_and_media_are_only_named),
        TEST(nothing_of_it_is_captured_unless_somebody_asks),
        TEST(embeddings_and_counts_are_operations_of_their_own),
        TEST(a_text_past_the_limit_is_left_out_whole_and_counted),
        TEST(the_settings_of_a_call_are_attributes_of_its_span),
        TEST(the_settings_of_a_model_are_attributes_of_its_spans),
        TEST(each_setting_of_a_model_makes_its_spans_describe_it),
        TEST(the_newer_names_have_an_integer_for_top_k),
        TEST(attributes_past_their_number_are_dropped_and_counted),
        TEST(a_providers_own_attributes_and_measurements_are_exported),
        TEST(differences_begin_anew_with_each_export),
        TEST(a_forked_child_counts_from_nothing),
        TEST(settings_that_make_no_sense_are_told_and_the_default_is_taken),
        TEST(what_headers_and_addresses_can_not_carry_is_left_out),
        TEST(what_is_set_for_all_signals_is_told_once),
        TEST(an_exporter_that_nobody_has_is_told),
        TEST(a_console_that_the_program_does_not_print_is_told),
        cmocka_unit_test(every_metric_and_attribute_has_a_name_in_one_set_at_least),
        cmocka_unit_test(providers_have_their_names_of_the_conventions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
