/* Requests of the library as a server of another project has recorded them: the journal of aimock,
 * compared field by field. with_servers.py runs this. */
#include <beluga/beluga.h>
#include <beluga/providers/azure.h>
#include <beluga/providers/openai.h>

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include <cmocka.h>

enum { JOURNAL_BYTES = 4 << 20, TIMEOUT_MS = 20000 };

#define KEY "a-key-that-nobody-else-has"

/* ---- the journal ----------------------------------------------------------------------------- */

typedef struct page {
    char bytes[JOURNAL_BYTES];
    size_t length;
} page;

static size_t take(char *bytes, size_t size, size_t n, void *payload)
{
    page *p = payload;
    if (p->length + size * n > JOURNAL_BYTES) return 0;
    memcpy(p->bytes + p->length, bytes, size * n);
    p->length += size * n;
    return size * n;
}

static yyjson_doc *read_journal(const char *base_url)
{
    static page journal;
    char url[256];
    journal.length = 0;
    snprintf(url, sizeof url, "%.*s/__aimock/journal", (int)(strlen(base_url) - strlen("/v1")),
             base_url);
    CURL *easy = curl_easy_init();
    assert_non_null(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &journal);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    assert_int_equal(code, CURLE_OK);
    yyjson_doc *doc = yyjson_read(journal.bytes, journal.length, 0);
    assert_non_null(doc);
    return doc;
}

static const char *last_text(yyjson_val *entry)
{
    yyjson_val *messages = yyjson_ptr_get(entry, "/body/messages");
    yyjson_val *content = yyjson_obj_get(yyjson_arr_get_last(messages), "content");
    if (yyjson_is_arr(content)) content = yyjson_obj_get(yyjson_arr_get_first(content), "text");
    return yyjson_is_str(content) ? yyjson_get_str(content) : "";
}

/* Return the journal's entry number `turn` among those whose last message is `text`. */
static yyjson_val *entry_of(yyjson_doc *doc, const char *text, size_t turn)
{
    size_t i, max;
    yyjson_val *entry;
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, max,
                       entry) if (strcmp(last_text(entry), text) == 0 && turn-- == 0) return entry;
    fail_msg("the journal has no request that says '%s'", text);
    return NULL;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Assert that the value to which a JSON pointer leads is equal to this JSON. */
static void assert_json(yyjson_val *root, const char *pointer, const char *expected)
{
    yyjson_doc *doc = yyjson_read(expected, strlen(expected), 0);
    yyjson_val *value = yyjson_ptr_get(root, pointer);
    assert_non_null(doc);
    if (!value || !yyjson_equals(value, yyjson_doc_get_root(doc))) {
        char *is = yyjson_val_write(value, 0, NULL);
        fail_msg("%s is %s, not %s", pointer, is ? is : "missing", expected);
    }
    yyjson_doc_free(doc);
}

static void assert_number(yyjson_val *root, const char *pointer, double expected)
{
    yyjson_val *value = yyjson_ptr_get(root, pointer);
    if (!value || yyjson_get_num(value) != expected) fail_msg("%s is not %g", pointer, expected);
}

/* Assert that the object has exactly these members, and those that aimock adds. */
static void assert_members(yyjson_val *object, const char *const *names, size_t n)
{
    size_t i, max, seen = 0;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, i, max, key, value)
    {
        size_t k = 0;
        if (*yyjson_get_str(key) == '_') continue;
        while (k < n && strcmp(names[k], yyjson_get_str(key)) != 0) k++;
        if (k == n) fail_msg("there is a member %s", yyjson_get_str(key));
        seen++;
    }
    assert_int_equal(seen, n);
}

/* ---- calling --------------------------------------------------------------------------------- */

static const char *address(void)
{
    const char *url = getenv("BELUGA_AIMOCK_URL"), *missing = getenv("BELUGA_AIMOCK_MISSING");
    if (!url) {
        print_message("# %s\n", missing ? missing : "run it with tests/real/with_servers.py");
        skip();
    }
    return url;
}

static beluga_chat_model *open_as(const char *provider, const char *url, const char *key,
                                  const char *name, const beluga_option *opts, size_t n)
{
    beluga_error err;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key(key), beluga_with_model_name(name),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(TIMEOUT_MS));
    if (n) beluga_config_set_n(config, opts, n);
    int status = beluga_registry_open(beluga_registry_default(), provider, config, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("open: %s", err.message);
    return model;
}

static beluga_chat_model *open_aimock(void)
{
    return open_as("openai", address(), KEY, "tiny", NULL, 0);
}

static void generate(beluga_chat_model *model, const beluga_messages *messages,
                     const beluga_option *opts, size_t n)
{
    beluga_error err;
    beluga_response *response = NULL;
    int status = beluga_generate_n(model, NULL, messages, &response, &err, opts, n);
    if (status) fail_msg("generate: %s (%s)", err.message, err.cause);
    beluga_response_free(response);
}

typedef struct expected {
    const char *pointer, *json; /* a list ends with an empty pointer */
} expected;

static void assert_all(yyjson_val *value, const expected *list)
{
    for (; *list->pointer; list++) assert_json(value, list->pointer, list->json);
}

#define ASSERT_ALL(value, ...) assert_all(value, (const expected[]){__VA_ARGS__, {"", NULL}})

static void say(beluga_chat_model *model, const char *text, const beluga_option *opts, size_t n)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message(text));
    generate(model, messages, opts, n);
    beluga_messages_free(messages);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void a_plain_call_sends_its_model_and_messages_alone(void **state)
{
    static const char *const members[] = {"model", "messages"};
    static const char text[] = "say hello, \"plainly\"\n\tcafé ☃ 🚀 \x01";
    beluga_chat_model *model = open_aimock();
    (void)state;
    say(model, text, NULL, 0);
    yyjson_doc *doc = read_journal(address());
    yyjson_val *entry = entry_of(doc, text, 0), *body = yyjson_obj_get(entry, "body");
    assert_string_equal(yyjson_get_str(yyjson_obj_get(entry, "method")), "POST");
    assert_string_equal(yyjson_get_str(yyjson_obj_get(entry, "path")), "/v1/chat/completions");
    assert_members(body, members, 2);
    assert_json(body, "/model", "\"tiny\"");
    assert_json(body, "/messages/0/role", "\"user\"");
    assert_json(entry, "/headers/content-type", "\"application/json\"");
    assert_json(entry, "/headers/accept", "\"application/json\"");
    assert_json(entry, "/headers/user-agent", "\"beluga/" BELUGA_VERSION_STRING "\"");
    assert_non_null(yyjson_ptr_get(entry, "/headers/authorization"));
    assert_null(yyjson_ptr_get(entry, "/headers/expect"));
    yyjson_doc_free(doc);
    beluga_chat_model_unref(model);
}

static void every_option_is_sent_as_the_protocol_names_it(void **state)
{
    static const char text[] = "say hello with every option";
    static const char *const members[] = {"model",
                                          "messages",
                                          "temperature",
                                          "top_p",
                                          "max_tokens",
                                          "frequency_penalty",
                                          "presence_penalty",
                                          "stop",
                                          "seed",
                                          "user",
                                          "response_format",
                                          "reasoning_effort",
                                          "store",
                                          "metadata"};
    const beluga_option opts[] = {
        beluga_with_model_name("other"),
        beluga_with_temperature(0.25),
        beluga_with_top_p(0.5),
        beluga_with_max_tokens(77),
        beluga_with_frequency_penalty(-1.5),
        beluga_with_presence_penalty(2),
        beluga_with_stop_sequence("###"),
        beluga_with_stop_sequence("END"),
        beluga_with_seed(-42),
        beluga_with_user("somebody"),
        beluga_with_json_mode(true),
        beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_LOW),
        beluga_with_extra_body("{\"store\":false,\"metadata\":{\"a\":[1,2]},\"top_p\":0.75}"),
        beluga_with_extra_header("X-Trace: on, of course"),
        beluga_openai_with_organization("org-1"),
        beluga_openai_with_project("proj-1")};
    beluga_chat_model *model = open_aimock();
    (void)state;
    say(model, text, opts, sizeof opts / sizeof *opts);
    yyjson_doc *doc = read_journal(address());
    yyjson_val *entry = entry_of(doc, text, 0), *body = yyjson_obj_get(entry, "body");
    assert_members(body, members, sizeof members / sizeof *members);
    assert_json(body, "/model", "\"other\"");
    assert_number(body, "/temperature", 0.25);
    assert_number(body, "/top_p", 0.75); /* extra_body overrides the option */
    assert_number(body, "/max_tokens", 77);
    assert_number(body, "/frequency_penalty", -1.5);
    assert_number(body, "/presence_penalty", 2);
    assert_json(body, "/stop", "[\"###\",\"END\"]");
    assert_number(body, "/seed", -42);
    ASSERT_ALL(body, {"/user", "\"somebody\""}, {"/response_format", "{\"type\":\"json_object\"}"},
               {"/reasoning_effort", "\"low\""}, {"/store", "false"},
               {"/metadata", "{\"a\":[1,2]}"});
    ASSERT_ALL(entry, {"/headers/x-trace", "\"on, of course\""},
               {"/headers/openai-organization", "\"org-1\""},
               {"/headers/openai-project", "\"proj-1\""});
    yyjson_doc_free(doc);
    beluga_chat_model_unref(model);
}

static void a_stream_asks_for_its_usage(void **state)
{
    static const char text[] = "say hello in a stream";
    beluga_chat_model *model = open_aimock();
    const beluga_option streamed = beluga_with_wire_streaming(true);
    (void)state;
    say(model, text, &streamed, 1);
    yyjson_doc *doc = read_journal(address());
    yyjson_val *entry = entry_of(doc, text, 0), *body = yyjson_obj_get(entry, "body");
    assert_json(body, "/stream", "true");
    assert_json(body, "/stream_options", "{\"include_usage\":true}");
    assert_non_null(
        strstr(yyjson_get_str(yyjson_ptr_get(entry, "/headers/accept")), "text/event-stream"));
    yyjson_doc_free(doc);
    beluga_chat_model_unref(model);
}

static void a_schema_is_sent_whole_and_strict(void **state)
{
    static const char text[] = "say hello by a schema";
    static const char schema[] = "{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":"
                                 "\"boolean\"}},\"required\":[\"ok\"]}";
    const beluga_option opts[] = {beluga_with_response_schema(schema),
                                  beluga_with_response_schema_name("verdict"),
                                  beluga_with_response_schema_strict(true)};
    beluga_chat_model *model = open_aimock();
    (void)state;
    say(model, text, opts, 3);
    yyjson_doc *doc = read_journal(address());
    yyjson_val *body = yyjson_obj_get(entry_of(doc, text, 0), "body");
    ASSERT_ALL(body, {"/response_format/type", "\"json_schema\""},
               {"/response_format/json_schema/name", "\"verdict\""},
               {"/response_format/json_schema/strict", "true"});
    assert_json(body, "/response_format/json_schema/schema", schema);
    yyjson_doc_free(doc);
    beluga_chat_model_unref(model);
}

static void a_conversation_with_tools_is_sent_as_it_was(void **state)
{
    static const char parameters[] =
        "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}";
    static const char *const roles[] = {"\"system\"", "\"user\"", "\"assistant\"", "\"tool\"",
                                        "\"user\""};
    static const char text[] = "say hello after the weather";
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = "get_weather",
                                               .description = "Tell the weather of a city",
                                               .parameters = parameters};
    const beluga_option opts[] = {beluga_with_tool_choice("get_weather"),
                                  beluga_with_parallel_tool_calls(false)};
    beluga_chat_model *model = open_aimock(), *bound = NULL;
    beluga_tool *tool = NULL;
    beluga_messages *messages = beluga_messages_new();
    (void)state;
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    beluga_message *asked = beluga_ai_message("Let me see.");
    beluga_message_add_tool_call(asked, "weather01", "get_weather", "{\"city\":\"Oslo\"}", 15);
    beluga_messages_add(messages, beluga_system_message("Be brief."));
    beluga_messages_add(messages, beluga_human_message("How is it?"));
    beluga_messages_add(messages, asked);
    beluga_messages_add(messages, beluga_tool_message("weather01", "21 degrees"));
    beluga_messages_add(messages, beluga_human_message(text));
    generate(bound, messages, opts, 2);

    yyjson_doc *doc = read_journal(address());
    yyjson_val *body = yyjson_obj_get(entry_of(doc, text, 0), "body");
    for (int i = 0; i < 5; i++) {
        char pointer[32];
        snprintf(pointer, sizeof pointer, "/messages/%d/role", i);
        assert_json(body, pointer, roles[i]);
    }
    ASSERT_ALL(
        body, {"/messages/0/content", "\"Be brief.\""}, {"/messages/2/content", "\"Let me see.\""},
        {"/messages/2/tool_calls",
         "[{\"id\":\"weather01\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
         "\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"}}]"},
        {"/messages/3/tool_call_id", "\"weather01\""}, {"/messages/3/content", "\"21 degrees\""},
        {"/tools/0/type", "\"function\""}, {"/tools/0/function/name", "\"get_weather\""},
        {"/tools/0/function/description", "\"Tell the weather of a city\""});
    assert_json(body, "/tools/0/function/parameters", parameters);
    assert_json(body, "/tool_choice",
                "{\"type\":\"function\",\"function\":{\"name\":\"get_weather\"}}");
    assert_json(body, "/parallel_tool_calls", "false");
    yyjson_doc_free(doc);
    beluga_messages_free(messages);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(bound);
    beluga_chat_model_unref(model);
}

static void images_are_sent_by_address_and_by_content(void **state)
{
    static const char text[] = "say hello to the pictures";
    static const unsigned char bytes[] = {0x89, 'P', 'N', 'G', 0, 0xff};
    beluga_chat_model *model = open_aimock();
    beluga_messages *messages = beluga_messages_new();
    beluga_message *message = beluga_human_message(text);
    (void)state;
    beluga_message_add_url(message, BELUGA_PART_IMAGE, "https://pictures.invalid/a.png", NULL);
    beluga_message_add_data(message, BELUGA_PART_IMAGE, "image/png", bytes, sizeof bytes, NULL);
    beluga_messages_add(messages, message);
    generate(model, messages, NULL, 0);
    yyjson_doc *doc = read_journal(address());
    yyjson_val *body = yyjson_obj_get(entry_of(doc, text, 0), "body");
    assert_json(
        body, "/messages/0/content/1",
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://pictures.invalid/a.png\"}}");
    assert_json(
        body, "/messages/0/content/2",
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBORwD/\"}}");
    yyjson_doc_free(doc);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_limited_call_comes_back_no_sooner_than_it_was_told(void **state)
{
    static const char text[] = "try again";
    beluga_chat_model *model = open_aimock();
    (void)state;
    say(model, text, NULL, 0);
    yyjson_doc *doc = read_journal(address());
    yyjson_val *first = entry_of(doc, text, 0), *second = entry_of(doc, text, 1);
    assert_json(first, "/response/status", "429");
    assert_json(second, "/response/status", "200");
    int64_t waited = yyjson_get_sint(yyjson_obj_get(second, "timestamp")) -
                     yyjson_get_sint(yyjson_obj_get(first, "timestamp"));
    assert_true(waited >= 1000 - 5); /* the journal's clock may differ a little from ours */
    assert_true(yyjson_equals(yyjson_ptr_get(first, "/body/messages"),
                              yyjson_ptr_get(second, "/body/messages")));
    yyjson_doc_free(doc);
    beluga_chat_model_unref(model);
}

static void errors_of_another_server_keep_their_meaning(void **state)
{
    static const struct {
        const char *text;
        int code, status;
    } rows[] = {{"wrong key", BELUGA_ERROR_AUTHENTICATION, 401},
                {"no such model", BELUGA_ERROR_INVALID_MODEL, 404},
                {"too busy", BELUGA_ERROR_OVERLOADED, 503},
                {"always limited", BELUGA_ERROR_RATE_LIMIT, 429}};
    beluga_chat_model *model = open_aimock();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_error err;
        beluga_response *response = NULL;
        int status = beluga_invoke(model, NULL, beluga_input_text(rows[i].text), &response, &err,
                                   beluga_with_max_retries(0));
        assert_int_equal(status, rows[i].code);
        assert_int_equal(err.http_status, rows[i].status);
        assert_null(response);
    }
    yyjson_doc *doc = read_journal(address());
    char *whole = yyjson_write(doc, 0, NULL);
    assert_non_null(whole);
    /* The key was only in the header that aimock hides in its journal. */
    assert_null(strstr(whole, KEY));
    free(whole);
    yyjson_doc_free(doc);
    beluga_chat_model_unref(model);
}

/* ---- other protocols ------------------------------------------------------------------------- */

#define ARN         "arn:aws:bedrock:us-east-1:1:inference-profile/eu.a-model-v1:0"
#define ARN_ESCAPED "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Feu.a-model-v1%3A0"

/* `base` is the path that follows aimock's address in the base URL. */
typedef struct spoken_case {
    const char *name, *provider, *base, *model, *key, *path, *key_header;
    bool dated, entra, signs;
} spoken_case;
static const spoken_case spoken[] = {
    {"Messages", "anthropic", "", "m", KEY, "/v1/messages", "x-api-key", false, false, false},
    {"Azure", "azure", "", "my deployment", KEY,
     "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21", "api-key", true,
     false, false},
    {"Entra", "azure", "", "d", KEY,
     "/openai/deployments/d/chat/completions?api-version=2024-10-21", "authorization", true, true,
     false},
    {"Converse", "bedrock", "", ARN, KEY, "/model/" ARN_ESCAPED "/converse", "authorization", false,
     false, false},
    {"Converse, signed", "bedrock", "", ARN, "AKID:" KEY ":a-session",
     "/model/" ARN_ESCAPED "/converse", "authorization", false, false, true},
    {"Cohere", "cohere", "", "m", KEY, "/v2/chat", "authorization", false, false, false},
    {"Mistral", "mistral", "/v1", "m", KEY, "/v1/chat/completions", "authorization", false, false,
     false},
    {"Responses", "openai-responses", "/v1", "m", KEY, "/v1/responses", "authorization", false,
     false, false},
};

static beluga_chat_model *open_spoken(const spoken_case *s)
{
    static const char parameters[] =
        "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}";
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = "get_weather",
                                               .description = "Tell the weather of a city",
                                               .parameters = parameters};
    const beluga_option opts[] = {beluga_azure_with_api_version("2024-10-21"),
                                  beluga_azure_with_entra(s->entra)};
    char url[256];
    beluga_tool *tool = NULL;
    beluga_chat_model *bound = NULL;
    snprintf(url, sizeof url, "%.*s%s", (int)(strlen(address()) - strlen("/v1")), address(),
             s->base);
    beluga_chat_model *model = open_as(s->provider, url, s->key, s->model, opts, s->dated ? 2 : 0);
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(model);
    return bound;
}

/* Assert that the key is in the header of the protocol, which aimock hides, and nowhere else in the
 * request. */
static void assert_key(yyjson_val *entry, const spoken_case *s)
{
    static const char *const headers[] = {"authorization", "api-key", "x-api-key",
                                          "x-goog-api-key"};
    yyjson_val *all = yyjson_obj_get(entry, "headers");
    char *text = yyjson_val_write(entry, 0, NULL);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        bool there = yyjson_obj_get(all, headers[i]);
        assert_int_equal(there, strcmp(headers[i], s->key_header) == 0);
    }
    assert_non_null(text);
    assert_null(strstr(text, KEY));
    free(text);
    assert_int_equal(yyjson_get_len(yyjson_obj_get(all, "x-amz-date")),
                     s->signs ? strlen("20260101T000000Z") : 0);
    assert_int_equal(yyjson_get_len(yyjson_obj_get(all, "x-amz-content-sha256")),
                     s->signs ? 64 : 0);
    if (s->signs) assert_json(all, "/x-amz-security-token", "\"a-session\"");
}

/* aimock translates every protocol into the same form. Assert that this form has the content of our
 * request. */
static void assert_understood(yyjson_val *body, const char *result)
{
    char said[128];
    snprintf(said, sizeof said, "\"%s\"", result);
    ASSERT_ALL(
        body, {"/messages/0/role", "\"system\""}, {"/messages/0/content", "\"Be brief.\""},
        {"/messages/1/role", "\"user\""}, {"/messages/1/content", "\"How is it?\""},
        {"/messages/2/role", "\"assistant\""},
        {"/messages/2/tool_calls",
         "[{\"id\":\"weather01\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
         "\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"}}]"},
        {"/messages/3/role", "\"tool\""}, {"/messages/3/tool_call_id", "\"weather01\""});
    assert_json(body, "/messages/3/content", said);
    ASSERT_ALL(body, {"/tools/0/function/name", "\"get_weather\""},
               {"/tools/0/function/description", "\"Tell the weather of a city\""},
               {"/tools/0/function/parameters/properties/city/type", "\"string\""});
    assert_null(yyjson_ptr_get(body, "/messages/4"));
}

static void a_conversation_is_understood_in_every_protocol(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spoken / sizeof *spoken; i++) {
        const spoken_case *s = &spoken[i];
        char result[64];
        print_message("# %s\n", s->name);
        snprintf(result, sizeof result, "21 degrees in %s", s->name);
        beluga_chat_model *model = open_spoken(s);
        beluga_messages *messages = beluga_messages_new();
        beluga_message *asked = beluga_message_new(BELUGA_ROLE_AI);
        beluga_message_add_tool_call(asked, "weather01", "get_weather", "{\"city\":\"Oslo\"}", 15);
        beluga_messages_add(messages, beluga_system_message("Be brief."));
        beluga_messages_add(messages, beluga_human_message("How is it?"));
        beluga_messages_add(messages, asked);
        beluga_messages_add(messages, beluga_tool_message("weather01", result));
        generate(model, messages, NULL, 0);
        yyjson_doc *doc = read_journal(address());
        yyjson_val *entry = entry_of(doc, result, 0);
        assert_string_equal(yyjson_get_str(yyjson_obj_get(entry, "method")), "POST");
        assert_string_equal(yyjson_get_str(yyjson_obj_get(entry, "path")), s->path);
        assert_key(entry, s);
        assert_understood(yyjson_obj_get(entry, "body"), result);
        yyjson_doc_free(doc);
        beluga_messages_free(messages);
        beluga_chat_model_unref(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_call_sends_its_model_and_messages_alone),
        cmocka_unit_test(every_option_is_sent_as_the_protocol_names_it),
        cmocka_unit_test(a_stream_asks_for_its_usage),
        cmocka_unit_test(a_schema_is_sent_whole_and_strict),
        cmocka_unit_test(a_conversation_with_tools_is_sent_as_it_was),
        cmocka_unit_test(images_are_sent_by_address_and_by_content),
        cmocka_unit_test(a_limited_call_comes_back_no_sooner_than_it_was_told),
        cmocka_unit_test(errors_of_another_server_keep_their_meaning),
        cmocka_unit_test(a_conversation_is_understood_in_every_protocol),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
