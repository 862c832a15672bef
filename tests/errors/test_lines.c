/* Every text that the library passes on must be one line of valid, visible characters, whoever
 * wrote the text. This test checks that rule with its own code. */
#include "../support/small_provider.h"
#include "lines.h"

/* ---- servers --------------------------------------------------------------------------------- */

/* Add a header with the text. Line breaks are left out, since HTTP allows none in a header. */
static void add_request_id(char *headers, size_t size, const char *text)
{
    size_t at = (size_t)snprintf(headers, size, "X-Request-Id: id ");
    for (; *text && at + 3 < size; text++)
        if (*text != '\n' && *text != '\r') headers[at++] = *text;
    memcpy(headers + at, "\r\n", 3);
}

static void hold_fields(void *payload, beluga_log_level level, const char *event,
                        const beluga_log_field *fields, size_t n)
{
    char text[8192];
    (void)level;
    *(size_t *)payload += 1;
    for (size_t i = 0; i < n; i++) {
        if (!fields[i].text) continue;
        bool wire = strncmp(event, "http.", 5) == 0, lines = strcmp(fields[i].name, "headers") == 0;
        if (wire && (strcmp(fields[i].name, "body") == 0 || strcmp(fields[i].name, "data") == 0))
            continue;
        assert_true(fields[i].length < sizeof text);
        memcpy(text, fields[i].text, fields[i].length);
        text[fields[i].length] = '\0';
        for (char *line = text, *next; line; line = next) {
            next = lines ? strchr(line, '\n') : NULL;
            if (next) *next++ = '\0';
            hold(fields[i].name, line);
        }
    }
}

static beluga_chat_model *open_provider(peer *p, const char *provider, int retries)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(peer_url(p)), beluga_with_api_key("AKIDEXAMPLE:SECRETSECRETSECRET"),
        beluga_with_model_name("any"), beluga_with_max_retries(retries),
        beluga_with_retry_delay_ms(100));
    if (beluga_registry_open(beluga_registry_default(), provider, config, &model, &err))
        fail_msg("%s: %s", provider, err.message);
    beluga_config_free(config);
    return model;
}

static const char *const providers[] = {"openai", "openai-responses", "anthropic", "gemini",
                                        "ollama", "cohere",           "bedrock",   "mistral"};

static void by_a_servers_error(const char *text)
{
    static const char body[] =
        "{\"type\":\"error\",\"id\":\"%s\",\"__type\":\"%s\",\"message\":\"%s\",\"code\":\"%s\","
        "\"error\":{\"message\":\"%s\",\"code\":\"%s\",\"type\":\"%s\",\"status\":\"%s\"}}";
    static const int statuses[] = {400, 404, 503};
    char headers[1024], said[8 * 4096];
    const char *q = quoted(text);
    size_t records = 0;
    add_request_id(headers, sizeof headers, text);
    snprintf(said, sizeof said, body, q, q, q, q, q, q, q, q);
    beluga_client_set_log(beluga_client_default(), hold_fields, &records, BELUGA_LOG_TRACE, true);
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        if (!has_provider(providers[i])) continue;
        for (size_t k = 0; k < sizeof statuses / sizeof *statuses; k++) {
            peer *p = peer_start();
            beluga_error err;
            peer_reply *r = peer_reply_new(p);
            peer_reply_repeat(r, PEER_FOR_EVER);
            peer_step_status(r, statuses[k], headers);
            peer_step_body(r, said, strlen(said));
            beluga_chat_model *model = open_provider(p, providers[i], i == 0);
            assert_int_not_equal(ask(model, &err), 0);
            hold_error(&err);
            assert_true(*err.request_id);
            beluga_chat_model_unref(model);
            peer_stop(p);
        }
    }
    beluga_client_set_log(beluga_client_default(), NULL, NULL, 0, false);
    assert_true(records > 0);
}

/* Make a call to this peer, which must fail, and check the error; then stop the peer. */
static void hold_failure(peer *p)
{
    beluga_error err;
    beluga_chat_model *model = open_peer(p);
    assert_int_not_equal(ask(model, &err), 0);
    hold_error(&err);
    beluga_chat_model_unref(model);
    peer_stop(p);
}

/* The body does not follow the protocol, so it becomes the cause of the error. */
static void by_a_servers_nonsense(const char *text)
{
    for (int status = 200; status <= 500; status += 300) {
        peer *p = peer_start();
        peer_reply *r = peer_reply_new(p);
        peer_reply_repeat(r, PEER_FOR_EVER);
        peer_step_status(r, status, NULL);
        peer_step_body(r, text, strlen(text));
        hold_failure(p);
    }
}

static void by_a_redirect(const char *text)
{
    char headers[1024] = "Location: http://127.0.0.1/";
    size_t at = strlen(headers);
    peer *p = peer_start();
    peer_reply *r = peer_reply_new(p);
    for (; *text; text++)
        if (*text != '\n' && *text != '\r') headers[at++] = *text;
    memcpy(headers + at, "\r\n", 3);
    peer_step_status(r, 302, headers);
    peer_step_body(r, "", 0);
    hold_failure(p);
}

static void by_a_word_behind_an_answer(const char *text)
{
    peer *p = peer_start();
    beluga_error err;
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, "Hello");
    peer_openai_finish(r, text);
    peer_openai_done(r);
    beluga_option strict = beluga_with_strict(true);
    beluga_chat_model *model = open_at(peer_url(p), &strict, 1);
    assert_int_not_equal(ask(model, &err), 0);
    hold_error(&err);
    beluga_chat_model_unref(model);
    peer_stop(p);
}

static void by_a_list_of_models(const char *text)
{
    char body[8192];
    peer *p = peer_start();
    char **names = NULL;
    size_t n = 0;
    beluga_error err = {0};
    snprintf(body, sizeof body, "{\"data\":[{\"id\":\"%s\"},{\"id\":\"plain\"}]}", quoted(text));
    peer_step_json(peer_reply_new(p), 200, body);
    beluga_chat_model *model = open_peer(p);
    if (beluga_list_models(model, NULL, &names, &n, &err)) fail_msg("%s", err.message);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) hold("a name", names[i]);
    beluga_free(names);
    beluga_chat_model_unref(model);
    peer_stop(p);
}

/* ---- providers that do not follow the rules -------------------------------------------------- */

static const char *said_by_provider;

/* Fill the whole field with copies of the text, without a NUL at the end. */
static void smear(char *field, size_t size)
{
    for (size_t i = 0, n = strlen(said_by_provider); i < size; i++)
        field[i] = said_by_provider[i % n];
}

static int smear_error(beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_INTERNAL, "x");
    smear(err->operation, sizeof err->operation);
    smear(err->provider, sizeof err->provider);
    smear(err->model, sizeof err->model);
    smear(err->provider_code, sizeof err->provider_code);
    smear(err->request_id, sizeof err->request_id);
    smear(err->message, sizeof err->message);
    smear(err->cause, sizeof err->cause);
    return err->code;
}

static enum { IN_OPEN, IN_START, AS_EVENT, AS_FAILURE, AS_WARNING } place;

static int open_smeared(const beluga_config *config, void **self, beluga_error *err)
{
    (void)config;
    (void)self;
    return place == IN_OPEN && err ? smear_error(err) : 0;
}

static int start_smeared(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    beluga_error own;
    (void)self;
    (void)call;
    if (place == IN_START) return smear_error(err);
    if (place == AS_EVENT) {
        smear_error(&own);
        beluga_emit_error(emit, &own);
        return 0;
    }
    if (place == AS_WARNING) {
        beluga_emit_warning(emit, "%s", said_by_provider);
        beluga_emit_text(emit, "Hi", 2);
        return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
    }
    beluga_emit_failure(emit, BELUGA_ERROR_INTERNAL, said_by_provider, "%s", said_by_provider);
    return 0;
}

static const beluga_provider smeared = {
    SMALL_PROVIDER("smeared", start_smeared), .default_model = "s", .open = open_smeared,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL};

static void hold_warnings(void *payload, const beluga_event *event)
{
    bool *ended = payload;
    if (event->kind == BELUGA_EVENT_START)
        for (size_t i = 0; i < event->u.start.count; i++)
            hold("a warning", event->u.start.warnings[i]);
    if (event->kind == BELUGA_EVENT_ERROR) hold_error(event->u.error);
    *ended = *ended || event->kind == BELUGA_EVENT_ERROR || event->kind == BELUGA_EVENT_FINISH;
}

static void watch(beluga_chat_model *model)
{
    bool ended = false;
    SCOPED(beluga_loop) *loop = NULL;
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    assert_int_equal(beluga_stream_start_n(model, loop, NULL, messages, hold_warnings, &ended, NULL,
                                           NULL, NULL, 0),
                     0);
    while (!ended) assert_int_equal(beluga_loop_wait(loop, PATIENCE_MS), 0);
}

static void by_a_provider_that_writes_it_itself(const char *text)
{
    beluga_registry *registry = beluga_registry_default();
    if (!beluga_registry_contains(registry, "smeared"))
        assert_int_equal(beluga_registry_register(registry, &smeared, NULL), 0);
    said_by_provider = text;
    for (place = IN_OPEN; place <= AS_WARNING; place++) {
        beluga_chat_model *model = NULL;
        beluga_error err = {0};
        beluga_option never = beluga_with_max_retries(0);
        beluga_config *config = beluga_config_new_n(&never, 1);
        int status = beluga_registry_open(registry, "smeared", config, &model, &err);
        if (place == IN_OPEN) assert_int_not_equal(status, 0);
        if (!status && place != AS_WARNING) assert_int_not_equal(ask(model, &err), 0);
        if (place != AS_WARNING) hold_error(&err);
        if (!status && place >= AS_EVENT) watch(model);
        beluga_chat_model_unref(model);
        beluga_config_free(config);
    }
}

/* ---- spans ----------------------------------------------------------------------------------- */

/* The exporter's thread writes this, and the test reads it after that thread has ended. */
static struct {
    char text[1 << 17];
    size_t length;
} console;

static void keep_lines(void *payload, const char *text, size_t length)
{
    (void)payload;
    if (length >= sizeof console.text - console.length) return;
    memcpy(console.text + console.length, text, length);
    console.length += length;
    console.text[console.length] = '\0';
}

static void hold_lines(char *text)
{
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        hold("a line", line);
    }
}

static void by_spans_on_a_console_and_a_log(const char *text)
{
    static const char *const variables[] = {"OTEL_TRACES_EXPORTER=console",
                                            "OTEL_METRICS_EXPORTER=console", NULL};
    const beluga_client_settings client_settings = {.size = sizeof client_settings,
                                                    .capture_content = true};
    const beluga_telemetry_settings settings = {.size = sizeof settings,
                                                .variables = variables,
                                                .without_environment = true,
                                                .print = keep_lines};
    beluga_client *client;
    beluga_telemetry *telemetry;
    beluga_chat_model *model = NULL;
    beluga_response *response = NULL;
    size_t records = 0;
    assert_int_equal(beluga_client_new(&client_settings, &client), 0);
    beluga_client_set_log(client, hold_fields, &records, BELUGA_LOG_TRACE, true);
    assert_int_equal(beluga_telemetry_init(client, &settings, &telemetry, NULL), 0);
    beluga_config *config = beluga_config_new(beluga_with_model_name(text));
    if (beluga_registry_open(beluga_client_registry(client), "mock", config, &model, NULL) == 0) {
        beluga_invoke(model, NULL, beluga_input_text(text), &response, NULL);
        beluga_response_free(response);
        beluga_chat_model_unref(model);
    }
    beluga_config_free(config);
    beluga_telemetry_shutdown(telemetry, PATIENCE_MS);
    beluga_telemetry_unref(telemetry);
    beluga_client_unref(client);
    assert_int_equal(records > 0, console.length > 0);
    hold_lines(console.text);
    console.length = 0;
}

/* ---- all ways -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*bring)(const char *text);
    bool utf8_only;
} ways[] = {
#define WAY(function, utf8_only) {#function, function, utf8_only}
    WAY(by_the_functions_of_an_error, false),
    WAY(by_a_reference, false),
    WAY(by_options, false),
    WAY(by_the_words_of_an_option, false),
    WAY(by_a_keys_command, false),
    WAY(by_paths, false),
    WAY(by_a_file, false),
    WAY(by_other_files, false),
    WAY(by_a_tool, true),
    WAY(by_a_servers_error, true),
    WAY(by_a_servers_nonsense, false),
    WAY(by_a_redirect, false),
    WAY(by_a_word_behind_an_answer, true),
    WAY(by_a_list_of_models, true),
    WAY(by_a_provider_that_writes_it_itself, false),
    WAY(by_spans_on_a_console_and_a_log, false),
#undef WAY
};

static void whatever_comes_leaves_as_a_line(void **state)
{
    (void)state;
    needs_part("yaml");
    needs_part("telemetry");
    needs_part("plugins");
    needs_part("cassettes");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        way = ways[i].name;
        held = 0;
        for (size_t k = 0; k < (ways[i].utf8_only ? VALID : TEXTS); k++) ways[i].bring(texts[k]);
        if (!held) fail_msg("nothing came %s", way);
    }
}

/* ---- the function ---------------------------------------------------------------------------- */

static void a_text_of_any_length_is_cut_between_characters(void **state)
{
    static const char *const characters[] = {"a", "é", "\u2603", "\U0001f600", "\u202e", "\xff"};
    char text[4200], line[1025];
    (void)state;
    way = "cut";
    for (size_t c = 0; c < sizeof characters / sizeof *characters; c++) {
        size_t n = 0, one = strlen(characters[c]);
        for (; n + one < sizeof text; n += one) memcpy(text + n, characters[c], one);
        for (size_t size = 0; size <= 1024; size++) {
            memset(line, 'x', sizeof line);
            size_t whole = beluga_text_to_line(text, n, line, size);
            assert_true(whole >= n);
            assert_int_equal(line[size], 'x');
            if (!size) continue;
            hold("line", line);
            assert_true(strlen(line) < size);
            if (size > 3) assert_string_equal(line + strlen(line) - 3, "\u2026");
            if (size > 16) assert_true(strlen(line) + 16 > size);
        }
        for (size_t length = 0; length <= 1024; length++) {
            beluga_text_to_line(text, length, line, sizeof line);
            hold("piece", line);
            beluga_error err;
            beluga_error_set(&err, BELUGA_ERROR_NETWORK, "%.*s", (int)length, text);
            beluga_error_set_cause(&err, text, length);
            beluga_error_set_provider_code(&err, text, length);
            hold_error(&err);
        }
    }
}

static void what_was_there_can_be_seen(void **state)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"plain words, caf\u00e9, \u65e5\u672c, \U0001f468\u200d\U0001f469, \u06cc\u200c\u06a9",
         "plain words, caf\u00e9, \u65e5\u672c, \U0001f468\u200d\U0001f469, \u06cc\u200c\u06a9"},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {"\033[2J\007\x7f", "\\x1b[2J\\x07\\x7f"},
        {"\xc2\x9b\u202e\u2028\ufeff\U000e0041", "\\u009b\\u202e\\u2028\\ufeff\\U000e0041"},
        {"\xff\x80", "\\xff\\x80"},
        {"half \xe2\x98", "half \u2026"},
        {"c:\\dir", "c:\\dir"},
        {"", ""},
    };
    char line[256];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = beluga_text_to_line(rows[i].text, strlen(rows[i].text), line, sizeof line);
        assert_string_equal(line, rows[i].line);
        assert_int_equal(n, strlen(line));
    }
    assert_int_equal(beluga_text_to_line("a\0b", 3, line, sizeof line), 6);
    assert_string_equal(line, "a\\x00b");
    assert_int_equal(beluga_text_to_line(NULL, 0, line, sizeof line), 0);
    assert_string_equal(line, "");
    assert_int_equal(beluga_text_to_line("abc", 3, NULL, 0), 3);
}

/* The rule does not apply to answers: the caller gets the text as the server sent it. */
static void an_answer_stays_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID; i++) {
        peer *p = peer_start();
        pulled got;
        peer_reply *r = peer_reply_new(p);
        peer_openai_begin(r);
        peer_openai_text(r, texts[i]);
        peer_openai_finish(r, "stop");
        peer_openai_done(r);
        beluga_chat_model *model = open_peer(p);
        stream_all(model, &got);
        assert_int_equal(got.status, 0);
        assert_string_equal(got.text, texts[i]);
        beluga_chat_model_unref(model);
        peer_stop(p);
    }
}

/* The library examines eight bytes together, so each byte is tried at every place, between
 * neighbours at both ends of the allowed range. */
static void a_byte_that_is_not_seen_is_found_wherever_it_stands(void **state)
{
    (void)state;
    char text[24];
    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < sizeof text; at++) {
            bool seen = byte >= ' ' && byte <= '~';
            for (size_t i = 0; i < sizeof text; i++) text[i] = i % 2 ? ' ' : '~';
            text[at] = (char)byte;
            for (size_t n = at + 1; n <= sizeof text; n++)
                assert_int_equal(beluga__ascii_visible(text, n), seen ? n : at);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_comes_leaves_as_a_line),
        cmocka_unit_test(a_text_of_any_length_is_cut_between_characters),
        cmocka_unit_test(what_was_there_can_be_seen),
        cmocka_unit_test(an_answer_stays_as_it_is),
        cmocka_unit_test(a_byte_that_is_not_seen_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
