/* Text that leaves the library is one line of whole characters that are seen, whoever wrote it and
 * by whichever way it came. The rule is held here by code of its own. */
#include "../support/openai.h"
#include "../support/parts.h"
#include "../support/scoped.h"
#include "../support/small_provider.h"

#include "base/limits.h"
#include "base/line.h"
#include "base/utf8.h"

#include <beluga/provider/provider.h>
#include <beluga/providers/mock.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the rule -------------------------------------------------------------------------------- */

static const struct {
    uint32_t first, last;
} forbidden[] = {{0x0, 0x1f},      {0x7f, 0x9f},     {0x61c, 0x61c},   {0x180e, 0x180e},
                 {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
                 {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xd800, 0xdfff}, {0xe0000, 0xe007f},
                 {0x110000, ~0u}};

/* Returns the length of the character, 0 when it is none, or one that may not be there. */
static size_t good_character(const unsigned char *p)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c = length < 2 ? p[0] : p[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (!length || p[0] >= 0xf8 || c < least[length]) return 0;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (c >= forbidden[i].first && c <= forbidden[i].last) return 0;
    return length;
}

static const char *way = ""; /* by which the text under test came */
static size_t held;          /* texts that were not empty */

static void hold(const char *field, const char *text)
{
    held += *text != '\0';
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t length = good_character(p);
        if (!length) fail_msg("%s: %s breaks the rule at byte 0x%02x: %s", way, field, *p, text);
        p += length;
    }
}

static void hold_error(const beluga_error *err)
{
    char line[2048];
    const struct {
        const char *name, *text;
        size_t size;
    } fields[] = {{"operation", err->operation, sizeof err->operation},
                  {"provider", err->provider, sizeof err->provider},
                  {"model", err->model, sizeof err->model},
                  {"provider_code", err->provider_code, sizeof err->provider_code},
                  {"request_id", err->request_id, sizeof err->request_id},
                  {"message", err->message, sizeof err->message},
                  {"cause", err->cause, sizeof err->cause}};
    if (!err->code) fail_msg("%s: there is no error", way);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        assert_non_null(memchr(fields[i].text, '\0', fields[i].size));
        hold(fields[i].name, fields[i].text);
    }
    for (size_t n = 0; n < sizeof line; n = n < 64 ? n + 1 : n * 2) {
        beluga_error_format(err, line, n);
        if (n) hold("formatted", line);
    }
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* What can stand in JSON comes first; the rest is no UTF-8. */
static const char *const texts[] = {
    "\033]0;PWNED\007\033[2J\010",
    "a\nb\r\nc\td\v\f",
    "\x7f\xc2\x9b"
    "31m\xc2\x85next",
    "\u202eevil\u2066x\u200e\u200f\u061c",
    "line\u2028separator\u2029",
    "\ufeffbom\u200b\u2060\U000e0041tag",
    "{\n  \"x\": 1\n}",
    "\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603"
    "\u2603\u2603"
    "\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603"
    "\u2603\u2603"
    "\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603"
    "\u2603\u2603",
    "a\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600"
    "\U0001f600"
    "\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600"
    "\U0001f600"
    "\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600"
    "\U0001f600",
    "\xff\xfe\x80\xbf",
    "caf\xc3",
    "\xe2\x98 \xf0\x9f\x98 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80",
};
enum { TEXTS = sizeof texts / sizeof *texts, BROKEN = 3, VALID = TEXTS - BROKEN };

/* The text as it stands between quotes in JSON and YAML: an ASCII escape for each character. */
static const char *quoted(const char *text)
{
    static char out[4096];
    size_t at = 0, n = strlen(text), taken;
    uint32_t c;
    for (size_t i = 0; i < n; i += taken) {
        taken = beluga__utf8_read(text + i, n - i, &c);
        assert_true(taken > 0);
        if (c > 0xffff)
            at += (size_t)snprintf(out + at, sizeof out - at, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
                                   0xdc00 + (c & 0x3ff));
        else
            at += (size_t)snprintf(out + at, sizeof out - at, "\\u%04x", c);
    }
    return out;
}

/* ---- ways ------------------------------------------------------------------------------------ */

static void by_the_functions_of_an_error(const char *text)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NETWORK, "%s", text);
    beluga_error_set_cause(&err, text, strlen(text));
    beluga_error_set_provider_code(&err, text, strlen(text));
    hold_error(&err);
    beluga_error_wrap(&err, text, text);
    hold_error(&err);
    for (int most = 0; most < 200; most++) {
        beluga_error_set(&err, BELUGA_ERROR_NETWORK, "there is no %.*s here", most, text);
        hold_error(&err);
    }
}

static void by_a_reference(const char *text)
{
    static const char *const before[] = {"", "mock/", "openai/", "nobody/"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        char reference[1024];
        beluga_chat_model *model = NULL;
        beluga_response *response = NULL;
        beluga_error err = {0};
        snprintf(reference, sizeof reference, "%s%s", before[i], text);
        if (beluga_model_open(reference, &model, &err) == 0) {
            beluga_option bad = beluga_with_temperature(9);
            beluga_invoke_n(model, NULL, beluga_input_text("Hi"), &response, &err, &bad, 1);
            beluga_chat_model_unref(model);
        }
        hold_error(&err);
    }
}

static void refuse(const beluga_option *opts, size_t n)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_config *config = beluga_config_new_n(opts, n);
    int status = beluga_registry_open(beluga_registry_default(), "openai", config, &model, &err);
    if (!status) {
        status = ask(model, &err);
        beluga_chat_model_unref(model);
    }
    beluga_config_free(config);
    if (status) hold_error(&err);
}

static void by_options(const char *text)
{
    char with[1200];
    const char *const values[] = {text, with};
    static const char *const before[] = {"env:", "file:/no/", "http://127.0.0.1:1/", "X-A: env:"};
    beluga_option key = beluga_with_api_key("x"), url = beluga_with_base_url("http://127.0.0.1:1");
    const beluga_option never = beluga_with_max_retries(0);
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        snprintf(with, sizeof with, "%s%s", before[i], text);
        for (size_t k = 0; k < 2; k++) {
            refuse((beluga_option[]){beluga_with_api_key(values[k]), url, never}, 3);
            refuse((beluga_option[]){beluga_with_base_url(values[k]), key, never}, 3);
            refuse((beluga_option[]){beluga_with_proxy(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_header(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_extra_header(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_model_name(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_ca_file(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_unix_socket(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_extra_body(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_base(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_model_alias(values[k]), url, key, never}, 4);
            refuse((beluga_option[]){beluga_with_provider_specific(values[k], values[k]), url, key,
                                     never},
                   4);
        }
    }
}

static void by_the_words_of_an_option(const char *text)
{
    static const char *const before[] = {
        "",         "timeout=", "temperature=", "strict=", "fallback_on=",
        "routing=", "api_key",  "http_version="};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        char words[1200];
        beluga_option option;
        beluga_error err = {0};
        snprintf(words, sizeof words, "%s%s", before[i], text);
        if (beluga_option_parse(words, &option, &err)) hold_error(&err);
    }
}

static void by_a_keys_command(const char *text)
{
    char command[1400] = "command:printf '";
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        snprintf(command + strlen(command), sizeof command - strlen(command), "\\%03o", *p);
    strcat(command, "' >&2; exit 3");
    refuse((beluga_option[]){beluga_with_api_key(command)}, 1);
}

static void by_paths(const char *text)
{
    char path[1024];
    beluga_error err = {0};
    beluga_prices *prices = NULL;
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0);
    SCOPED(beluga_message) *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    snprintf(path, sizeof path, "/no/%s", text);
    const beluga_cassette cassette = {
        .size = sizeof cassette, .directory = path, .mode = BELUGA_CASSETTE_REPLAY};
    assert_int_not_equal(beluga_config_load_file(config, path, &err), 0);
    hold_error(&err);
    assert_int_not_equal(beluga_prices_load(path, &prices, &err), 0);
    hold_error(&err);
    assert_int_not_equal(beluga_message_add_file(message, path, &err), 0);
    hold_error(&err);
    assert_int_not_equal(beluga_client_set_cassette(beluga_client_default(), &cassette, &err), 0);
    hold_error(&err);
    assert_int_not_equal(beluga_registry_load_plugin(beluga_registry_default(), path, &err), 0);
    hold_error(&err);
}

static const char *folder(void)
{
    static char path[] = "/tmp/beluga-lines-XXXXXX";
    static bool made;
    if (!made) assert_non_null(mkdtemp(path));
    made = true;
    return path;
}

static const char *write_file(const char *name, const char *format, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder(), name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (const char *at = format; *at; at++) fputs(*at == '@' ? text : (char[]){*at, '\0'}, file);
    fclose(file);
    return path;
}

static void hold_problem(void *payload, const beluga_config_problem *problem)
{
    *(size_t *)payload += 1;
    hold("a problem's message", problem->message);
}

static void by_a_file(const char *text)
{
    static const char *const files[] = {
        "\"@\": 1\n",
        "providers: {openai: {\"@\": 1}}\n",
        "providers: {openai: {timeout: \"@\", temperature: \"@\", headers: {X: \"env:@\"}}}\n",
        "providers: {openai: {api_key: \"file:/no/@\", base_url: \"@\"}}\n",
        "providers: {\"@\": {base: \"@\"}, x: {base: \"@\"}}\n",
        "models: {\"@\": \"@\", y: {model: \"openai/@\", fallback: \"@\"}}\n",
        "model: \"@\"\n",
        "plugins: [\"@\"]\n",
        "models: {\"@\": a, \"@\": b, \"@",
        "@: @\n- @\n",
        "*@\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        beluga_error err = {0};
        size_t problems = 0;
        beluga_config *config = beluga_config_new_n(NULL, 0);
        beluga_config *resolved = NULL;
        const char *path = write_file("config.yaml", files[i], text);
        if (beluga_config_load_file(config, path, &err) ||
            beluga_config_resolve(config, beluga_registry_default(), NULL, &resolved, &err) ||
            beluga_config_load_plugins(config, beluga_registry_default(), NULL, &err))
            hold_error(&err);
        if (beluga_config_check_file(beluga_registry_default(), path, hold_problem, &problems, NULL,
                                     &err))
            hold_error(&err);
        beluga_config_free(resolved);
        beluga_config_free(config);
    }
}

static void by_other_files(const char *text)
{
    beluga_error err = {0};
    beluga_prices *prices = NULL;
    const beluga_cassette cassette = {
        .size = sizeof cassette, .directory = folder(), .mode = BELUGA_CASSETTE_REPLAY};
    if (beluga_prices_load(write_file("prices.yaml", "\"@\": {\"@\": {input: \"@\"}}\n", text),
                           &prices, &err))
        hold_error(&err);
    beluga_prices_free(prices);
    write_file("00001-POST.json", "{\"beluga_cassette\": 1, \"request\": {\"method\": \"@\"}}",
               text);
    if (beluga_client_set_cassette(beluga_client_default(), &cassette, &err)) hold_error(&err);
    write_file("00001-POST.json", "{\"@", text);
    if (beluga_client_set_cassette(beluga_client_default(), &cassette, &err)) hold_error(&err);
    beluga_client_set_cassette(beluga_client_default(), NULL, NULL);
}

static void by_a_tool(const char *text)
{
    beluga_error err = {0};
    beluga_tool *tool = NULL;
    char schema[2048], arguments[2048];
    beluga_tool_definition definition = {.size = sizeof definition, .name = text};
    assert_int_not_equal(beluga_tool_new(&definition, &tool, &err), 0);
    hold_error(&err);
    definition.name = "t";
    snprintf(schema, sizeof schema, "{\"type\":\"object\",\"required\":[\"%s\"],\"$ref\":\"%s\"}",
             quoted(text), quoted(text));
    definition.parameters = schema;
    if (beluga_tool_new(&definition, &tool, &err) == 0) {
        char *result = NULL;
        size_t length;
        snprintf(arguments, sizeof arguments, "{\"%s\":", quoted(text));
        if (beluga_tool_execute(tool, NULL, arguments, strlen(arguments), &result, &length, &err))
            hold_error(&err);
        beluga_tool_unref(tool);
    } else {
        hold_error(&err);
    }
}

/* ---- servers --------------------------------------------------------------------------------- */

/* HTTP allows no line break in a header, so there is none. */
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

/* Not what the protocol says, so that it is the cause. */
/* A call at this peer fails; then the peer ends. */
static void hold_failure(peer *p)
{
    beluga_error err;
    beluga_chat_model *model = open_peer(p);
    assert_int_not_equal(ask(model, &err), 0);
    hold_error(&err);
    beluga_chat_model_unref(model);
    peer_stop(p);
}

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

/* ---- providers of others --------------------------------------------------------------------- */

static const char *said_by_provider;

/* Fills the field whole, without a NUL. */
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
    if (place == AS_EVENT) return smear_error(&own), beluga_emit_error(emit, &own), 0;
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

/* Written by the exporter's thread, and read when that has ended. */
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

/* ---- all of them ----------------------------------------------------------------------------- */

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
        while (n + one < sizeof text) memcpy(text + n, characters[c], one), n += one;
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

/* What a program gets as data is what was sent. */
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

/* Eight bytes are looked at together: each has neighbours at both ends of what is allowed. */
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
    return cmocka_run_group_tests(tests, NULL, NULL);
}
