/* The rule for texts that the library passes on, texts that break this rule, and functions that
 * check the fields of errors and logs. */
#ifndef TESTS_ERRORS_LINES_H
#define TESTS_ERRORS_LINES_H

#include "../support/folder.h"
#include "../support/openai.h"
#include "../support/parts.h"
#include "../support/scoped.h"
#include "base/limits.h"
#include "base/line.h"
#include "base/utf8.h"

#include <beluga/provider/provider.h>
#include <beluga/providers/mock.h>

#include <stdio.h>
#include <unistd.h>

/* ---- the rule -------------------------------------------------------------------------------- */

static const struct {
    uint32_t first, last;
} forbidden[] = {{0x0, 0x1f},      {0x7f, 0x9f},     {0x61c, 0x61c},   {0x180e, 0x180e},
                 {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
                 {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xd800, 0xdfff}, {0xe0000, 0xe007f},
                 {0x110000, ~0u}};

/* Returns the length of the character in bytes, or 0 if the character is invalid or forbidden in
 * such a text. */
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

static const char *way = ""; /* how the text under test gets into the library */
static size_t held;          /* number of texts that were checked and not empty */

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

/* The first texts can be written in JSON; the last BROKEN texts are not UTF-8. */
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

/* Return the text as it is written between quotes in JSON and YAML, with an ASCII escape for each
 * character. */
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

static char folder[FOLDER_BYTES];

static int make_folder(void **state)
{
    (void)state;
    return folder_make(folder, "lines") ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return folder_remove(folder) ? 0 : -1;
}

static const char *write_file(const char *name, const char *format, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
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
        .size = sizeof cassette, .directory = folder, .mode = BELUGA_CASSETTE_REPLAY};
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

#endif
