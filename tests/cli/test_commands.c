/* The other commands and their output, for people and as JSON. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "expect.h"
#include "served.h"

#include <beluga/error.h>
#include <beluga/option.h>
#include <beluga/provider/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- help ------------------------------------------------------------------------------------ */

static void the_version_is_told_both_ways(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "--version");
    assert_true(strncmp(cli->out, "beluga ", 7) == 0);
    char version[256];
    snprintf(version, sizeof version, "%s", cli->out);
    expect_out(cli, version, "version");
}

static void help_lists_the_commands_and_the_exit_codes(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "  providers ", "--help");
    assert_contains(cli->out, "--no-stream");
    assert_contains(cli->out, "  130 ");
    assert_string_equal(cli->err, "");
}

static void many_options_stand_under_headings_and_few_under_one(void **state)
{
    static const char *const headings[] = {"\nOptions of the question:\n  -m, --model",
                                           "\nOptions of the answer:\n", "      --json",
                                           "\nOther options:\n"};
    cli_process *cli = *state;
    expect_exit(cli, 0, "--help");
    const char *at = cli->out;
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        assert_contains(at, headings[i]);
        at = strstr(at, headings[i]) + 1;
    }
    expect_in_out(cli, "\nOptions of the run:\n", "batch", "--help");
    expect_in_out(cli, "\nOptions:\n", "keys", "--help");
    assert_lacks(cli->out, "Other options");
}

static void a_list_is_printed_with_and_without_that_word(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "providers");
    char *first = strdup(cli->out);
    assert_non_null(first);
    expect_out(cli, first, "providers", "list");
    free(first);
    expect_exit(cli, 0, "models", "list");
    expect_error(cli, 0, "there are no tools", "tools", "list");
    expect_error(cli, 3, "there is no tool \"clock\"", "tools", "show", "clock");
    expect_error(cli, 2, "beluga tools NAME", "tools", "clock", "words");
    expect_error(cli, 2, "beluga logs show 3\n", "logs", "3");
}

static void help_of_a_command_is_told_both_ways(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "Usage: beluga health [OPTION...] [MODEL]", "health", "--help");
    assert_contains(cli->out, "--probe");
    assert_lacks(cli->out, "--schema");
    char *first = strdup(cli->out);
    assert_non_null(first);
    expect_out(cli, first, "help", "health");
    free(first);
    expect_exit(cli, 2, "help", "nonsense");
}

static void the_manual_page_has_every_exit_code_and_option(void **state)
{
    cli_process *cli = *state;
    char row[128];
    static const int codes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130};
    expect_exit(cli, 0, "help", "--man");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        snprintf(row, sizeof row, "\n.B %d\n", codes[i]);
        assert_contains(cli->out, row);
    }
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        if (info->type == BELUGA_OPTION_POINTER || key == BELUGA_OPTION_PROVIDER_SPECIFIC) continue;
        snprintf(row, sizeof row, "\n.B %s\n", info->name);
        assert_contains(cli->out, row);
    }
    assert_contains(cli->out, "OPENAI_API_KEY");
}

static void the_manual_page_says_how_a_time_is_written(void **state)
{
    static const char *const times[] = {"500ms", "30s", "1.5s", "2m", "1m30s", "1h30m", "24h"};
    char option[64];
    cli_process *cli = *state;
    expect_exit(cli, 0, "help", "--man");
    assert_contains(cli->out, "500ms, 30s, 1.5s, 2m, 1m30s, 1h30m, or 24h for a day");
    assert_contains(cli->out, "with \\-\\-timeout a number alone means seconds");
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        snprintf(option, sizeof option, "timeout=%s", times[i]);
        expect_exit(cli, 0, "-m", "mock/any", "-o", option, "Hello");
    }
    expect_error(cli, 3, "has no unit: write 30s or 30ms", "-m", "mock/any", "-o", "timeout=30",
                 "Hello");
    expect_exit(cli, 0, "-m", "mock/any", "--timeout", "30", "Hello");
}

/* ---- completions ----------------------------------------------------------------------------- */

static void completions_offer_models_without_asking_anybody(void **state)
{
    static const char yaml[] = "models:\n  parrot: {model: mock/echo}\n";
    cli_process *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    expect_in_out(cli, "parrot\n", "completion", "models", "--config", path);
    assert_contains(cli->out, "mock/\n");
    expect_in_out(cli, "temperature=\n", "completion", "options");
    expect_in_out(cli, "ollama.num_ctx=\n", "completion", "options");
    expect_in_out(cli, "cohere.safety_mode=STRICT\n", "completion", "options");
}

static void completions_are_made_for_three_shells(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    cli_process *cli = *state;
    for (size_t i = 0; i < 3; i++) {
        expect_exit(cli, 0, "completion", shells[i]);
        assert_contains(cli->out, "no-stream");
        assert_contains(cli->out, "providers");
    }
    expect_exit(cli, 2, "completion", "tcsh");
}

static void bash_completes_commands_and_options(void **state)
{
    static const char script[] =
        "eval \"$(\"$1\" completion bash)\"\n"
        "COMP_WORDS=(beluga prov); COMP_CWORD=1; _beluga; echo \"${COMPREPLY[@]}\"\n"
        "COMP_WORDS=(beluga health --pr); COMP_CWORD=2; _beluga; echo \"${COMPREPLY[@]}\"\n";
    char command[1024], text[256] = "";
    cli_process *cli = *state;
    if (system("bash -c true 2>/dev/null") != 0) {
        print_message("# bash is not here\n");
        skip();
    }
    snprintf(command, sizeof command, "bash %s %s",
             cli_write_file(cli, "t.sh", script, sizeof script - 1), cli_program());
    FILE *out = popen(command, "r");
    assert_non_null(out);
    size_t n = fread(text, 1, sizeof text - 1, out);
    pclose(out);
    text[n] = '\0';
    assert_string_equal(text, "providers\n--probe\n");
}

/* ---- providers, models ----------------------------------------------------------------------- */

static void providers_are_listed_with_what_they_need(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "\nopenai\tmissing\tOPENAI_API_KEY\tgpt-5-mini\t", "providers");
    assert_has_all(cli->out, "\nmock\tnone\t\t\t\t\tyes\tyes\tyes\tyes\tno\t",
                   "\nollama\toptional\tOLLAMA_API_KEY\t",
                   "\nbedrock\treference\tAWS_BEARER_TOKEN_BEDROCK\t");
    cli_set(cli, "COHERE_API_KEY", SERVED_KEY);
    expect_in_out(cli, "\ncohere\tset\tCOHERE_API_KEY\t", "providers");
    assert_lacks(cli->out, SERVED_KEY);
}

static void all_is_told_about_one_provider(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "protocol       Chat Completions\n", "providers", "azure");
    assert_has_all(cli->out, "URL variables  AZURE_OPENAI_ENDPOINT, AZURE_API_BASE\n",
                   "key            set AZURE_OPENAI_API_KEY\n",
                   "can            stream, tools, parallel_tools, reasoning, images,",
                   "note           The model is the name of a deployment;",
                   "option         azure.api_version (or OPENAI_API_VERSION), text: use ");
    expect_in_out(cli, "option         mock.latency_ms, int from 0 to ", "providers", "mock");
    expect_in_out(cli, "count, batch_jobs\n", "providers", "openai-responses");
    expect_exit(cli, 0, "providers", "deepseek");
    assert_lacks(cli->out, "batch_jobs");
    expect_error(cli, 3, "there are amazon-nova, anthropic", "providers", "nobody");
}

static void providers_as_json(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "OPENAI_API_KEY", SERVED_KEY);
    expect_exit(cli, 0, "providers", "--json");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *list = beluga_json_get(beluga_json_doc_root(doc), "providers");
    bool found = false;
    for (const beluga_json *p = beluga_json_first(list); p; p = beluga_json_next(list, p)) {
        if (strcmp(string_at(p, "name"), "openai") != 0) continue;
        assert_string_equal(string_at(p, "key_set_by"), "OPENAI_API_KEY");
        assert_string_equal(string_at(p, "key_state"), "set");
        assert_string_equal(string_at(p, "protocol"), "Chat Completions");
        assert_string_equal(string_at(p, "base_url"), "https://api.openai.com/v1");
        assert_non_null(beluga_json_first(beluga_json_get(p, "notes")));
        found = true;
    }
    assert_true(found);
    assert_lacks(cli->out, SERVED_KEY);
}

static void models_are_aliases_and_what_providers_have(void **state)
{
    static const char yaml[] = "models:\n  parrot: {model: mock/echo}\n";
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    assert_non_null(p);
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", SERVED_KEY);
    /* openai and openai-responses read the same list of models */
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, 2);
    peer_step_json(r, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"b\"},{\"id\":\"a\"}]}");
    expect_exit(cli, 0, "models", "--config", path);
    assert_string_equal(cli->out, "parrot\tmock/echo\nopenai/a\nopenai/b\n"
                                  "openai-responses/a\nopenai-responses/b\n");
    peer_step_json(peer_reply_new(p), 200, "{\"data\":[{\"id\":\"c\"}]}");
    expect_exit(cli, 0, "models", "openai", "--json", "--config", path);
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *models = beluga_json_get(beluga_json_doc_root(doc), "models");
    assert_string_equal(string_at(beluga_json_at(models, 0), "model"), "openai/c");
    beluga_json_doc_free(doc);
    r = peer_reply_new(p);
    peer_reply_repeat(r, 2);
    peer_openai_error(r, 401, NULL, "invalid_api_key", "No");
    expect_exit(cli, 4, "models", "-o", "max_retries=0", "--config", path);
    assert_string_equal(cli->out, "parrot\tmock/echo\n");
}

static const char told_models[] =
    "{\"data\":[{\"id\":\"a/b\",\"context_length\":131072,"
    "\"architecture\":{\"input_modalities\":[\"text\",\"image\"],"
    "\"output_modalities\":[\"text\"]},\"top_provider\":{\"max_completion_tokens\":8192},"
    "\"pricing\":{\"prompt\":\"0.00000025\",\"completion\":\"0.000002\"}},"
    "{\"id\":\"c\"}]}";

static void what_a_list_tells_of_models_is_shown(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve(cli, "OPENROUTER_BASE_URL", "OPENROUTER_API_KEY");
    peer_step_json(peer_reply_new(p), 200, told_models);
    expect_out(cli,
               "openrouter/a/b\t131072\t8192\t0.25\t2\ttext,image\ttext\n"
               "openrouter/c\n",
               "models", "openrouter");
    peer_step_json(peer_reply_new(p), 200, told_models);
    expect_exit(cli, 0, "models", "openrouter", "--json");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *models = beluga_json_get(beluga_json_doc_root(doc), "models");
    const beluga_json *told = beluga_json_at(models, 0), *bare = beluga_json_at(models, 1);
    assert_int_equal(beluga_json_get_int(told, "context_tokens", -1), 131072);
    assert_int_equal(beluga_json_count(beluga_json_get(told, "inputs")), 2);
    assert_true(beluga_json_double(beluga_json_get(told, "output_price"), 0) == 2);
    assert_int_equal(beluga_json_count(bare), 1);
}

/* ---- check ----------------------------------------------------------------------------------- */

static void check_passes_for_a_provider_of_ours(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "ollama\nInterface ", "check", "ollama");
    assert_contains(cli->out, "ns/op");
    assert_null(strstr(cli->out, "byte-by-byte"));
    expect_in_out(cli, "  ok    byte-by-byte", "check", "ollama", "-v");
    assert_has_all(cli->out, "  skip  error-quota", "the server has no error of its own for it",
                   " passed, 0 failed, ");
    assert_string_equal(cli->err, "");
    expect_error(cli, 3, "no provider is called nonsense", "check", "nonsense");
}

static void check_tells_a_difference_and_fails(void **state)
{
    cli_process *cli = *state;
    static const char file[] = "mock/check/text.fixture";
    static const char text_case[] = "=== events\ntext \"Something else.\"\n";
    char path[256];
    for (const char *slash = file; (slash = strchr(slash, '/')); slash++) {
        snprintf(path, sizeof path, "%s/%.*s", cli->home, (int)(slash - file), file);
        mkdir(path, 0777);
    }
    cli_write_file(cli, file, text_case, sizeof text_case - 1);
    expect_exit(cli, 1, "check", "--fixtures", cli->home, "--json", "mock");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *list = beluga_json_get(root, "checks"), *text = beluga_json_first(list);
    while (text && strcmp(string_at(text, "check"), "text") != 0)
        text = beluga_json_next(list, text);
    assert_string_equal(string_at(text, "category"), "Generate");
    assert_string_equal(string_at(text, "status"), "failed");
    assert_non_null(strstr(string_at(text, "difference"), "want text \"Something else.\""));
    assert_true(beluga_json_get_int(root, "failed", 0) >= 1);
    assert_true(beluga_json_is_null(beluga_json_get(root, "error")));
}

/* ---- health, config -------------------------------------------------------------------------- */

static void health_is_told_without_sending_anything(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    assert_non_null(p);
    expect_out(cli, "mock/any: healthy\n", "health", "mock/any");
    expect_exit(cli, 3, "health", "-m", "mock");
    assert_string_equal(cli->out, "mock: unhealthy\n");
    expect_exit(cli, 4, "health", "-m", "openai/any");
    assert_string_equal(cli->out, "openai/any: unhealthy\n");
    assert_contains(cli->err, "OPENAI_API_KEY");
    expect_exit(cli, 4, "health", "--json", "-m", "openai/any");
    assert_contains(cli->out, "\"state\":\"unhealthy\",\"provider\":\"openai\"");
    expect_exit(cli, 4, "health", "-o", "api_key=file:/nonexistent/key", "openai/any");
    assert_string_equal(cli->out, "openai/any: unhealthy\n");
    assert_contains(cli->err, "the key's file /nonexistent/key can't be read");
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", SERVED_KEY);
    expect_out(cli, "openai/any: unknown\n", "health", "-m", "openai/any");
    assert_contains(cli->err, "--probe");
    assert_int_equal(peer_requests(p), 0);
}

static void a_probe_tells_what_came_of_it(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_step_json(peer_reply_new(p), 200, "{\"data\":[{\"id\":\"any\"}]}");
    expect_exit(cli, 0, "health", "--probe", "--json", "openai/any");
    beluga_json_doc *doc = cli_parse_out(cli);
    assert_string_equal(string_at(beluga_json_doc_root(doc), "state"), "healthy");
    beluga_json_doc_free(doc);
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key", "No");
    expect_exit(cli, 4, "health", "--probe", "--json", "-o", "max_retries=0", "openai/any");
    doc = cli_parse_out(cli);
    assert_string_equal(string_at(beluga_json_doc_root(doc), "state"), "unhealthy");
    assert_string_equal(string_at(beluga_json_get(beluga_json_doc_root(doc), "error"), "code"),
                        "authentication_error");
    beluga_json_doc_free(doc);
}

static void config_tells_where_each_part_came_from(void **state)
{
    static const char yaml[] = "model: fast\n"
                               "providers:\n"
                               "  openai: {timeout: 7s}\n"
                               "models:\n"
                               "  fast: {model: openai/any, temperature: 0.5}\n";
    cli_process *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    cli_set(cli, "OPENAI_API_KEY", SERVED_KEY);
    expect_in_out(cli, "(read)", "config", "--config", path, "-o", "top_p=0.5");
    assert_has_all(cli->out, "model  fast (file)", "alias  fast = openai/any",
                   "temperature\t0.5\tfile", "top_p\t0.5\tcommand line",
                   "api_key\tset\tenvironment (OPENAI_API_KEY)", "provider\topenai\tfile\n");
    assert_lacks(cli->out, SERVED_KEY);
}

static void config_tells_the_layers_of_a_model(void **state)
{
    static const char yaml[] = "models:\n"
                               "  smart:\n"
                               "    model: openai/any\n"
                               "    max_retries: 2\n"
                               "    breaker_failures: 5\n"
                               "    requests_per_minute: 60\n"
                               "    max_concurrent_calls: 4\n"
                               "    fallback: [anthropic/claude, local]\n"
                               "    budget: 20\n"
                               "    cache_ttl: 1h\n"
                               "  local: {model: mock/any}\n";
    cli_process *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    expect_exit(cli, 0, "config", "--config", path, "-m", "smart");
    assert_contains(
        cli->out, "\nstack  cache (1h) > budget ($20) > fallback (anthropic/claude, local) > "
                  "limits (60/min, 4 at once) > breaker (5 failures, 15s) > retry (2) > openai\n");
    expect_in_out(cli, "\nstack  retry (3) > mock\n", "config", "--config", path, "-m", "local");
    expect_exit(cli, 0, "config", "--json", "--config", path, "-m", "smart");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *stack = beluga_json_get(beluga_json_doc_root(doc), "stack");
    assert_int_equal(beluga_json_count(stack), 7);
    assert_string_equal(string_at(beluga_json_at(stack, 1), "layer"), "budget");
    assert_string_equal(string_at(beluga_json_at(stack, 1), "detail"), "$20");
    assert_string_equal(string_at(beluga_json_at(stack, 6), "layer"), "openai");
}

static void config_as_json_and_without_a_model(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "config", "--json");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    assert_true(beluga_json_is_null(beluga_json_get(beluga_json_doc_root(doc), "model")));
    beluga_json_doc_free(doc);
    expect_exit(cli, 0, "config", "--json", "-m", "mock/any", "--timeout", "5");
    doc = cli_parse_out(cli);
    const beluga_json *options = beluga_json_get(beluga_json_doc_root(doc), "options");
    assert_string_equal(string_at(beluga_json_get(options, "timeout"), "from"), "command line");
    assert_string_equal(string_at(beluga_json_get(options, "provider"), "value"), "mock");
}

static void config_hides_the_password_in_an_address_of_the_environment(void **state)
{
    static const char *const urls[] = {"https://me:pass-word@h/v1", "https//me:pass-word@h/v1",
                                       "https://me:x/pass-word@h/v1", "http://h/v1?key=pass-word"};
    cli_process *cli = *state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cli_set(cli, "OPENAI_BASE_URL", urls[i]);
        expect_exit(cli, 0, "config", "-m", "openai/any");
        assert_non_null(strstr(cli->out, "[redacted]"));
        assert_lacks(cli->out, "pass-word");
        expect_exit(cli, 0, "config", "--json", "-m", "openai/any");
        assert_lacks(cli->out, "pass-word");
    }
}

/* ---- a provider without code ----------------------------------------------------------------- */

/* Write a file with a provider "mine" without code, whose server is the test's peer. */
static const char *write_mine(cli_process *cli, const char *url)
{
    char yaml[1024];
    int n = snprintf(yaml, sizeof yaml,
                     "model: mine/fast\n"
                     "providers:\n"
                     "  mine:\n"
                     "    base: openai\n"
                     "    base_url: %s\n"
                     "    api_key: env:MINE_KEY\n"
                     "    headers:\n"
                     "      X-Team: blue\n"
                     "      X-Gate: command:echo gate-123456789\n"
                     "    body: {stream_options: null, top: {a: 1}}\n"
                     "    models: {fast: peer-chat}\n"
                     "    temperature: 0.5\n",
                     url);
    cli_set(cli, "MINE_KEY", SERVED_KEY);
    cli_set(cli, "OPENAI_API_KEY", "sk-not-for-this-host");
    return cli_write_file(cli, "mine.yaml", yaml, (size_t)n);
}

static void twelve_lines_of_a_file_make_a_provider(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    assert_non_null(p);
    for (int i = 0; i < 2; i++) peer_openai_stream(peer_reply_new(p), "Hello from mine");
    const char *path = write_mine(cli, peer_url(p));
    expect_out(cli, "Hello from mine\n", "-m", "mine/x", "--config", path, "hello");
    assert_string_equal(cli->err, "");
    assert_string_equal(peer_request_model(p, 0), "x");
    expect_exit(cli, 0, "--config", path, "-v", "hello");
    assert_string_equal(peer_request_model(p, 1), "peer-chat");
    assert_string_equal(peer_request_header(p, 1, "Authorization"), "Bearer " SERVED_KEY);
    assert_string_equal(peer_request_header(p, 1, "X-Team"), "blue");
    assert_string_equal(peer_request_header(p, 1, "X-Gate"), "gate-123456789");
    assert_string_equal(peer_request_body(p, 1, NULL),
                        "{\"model\":\"peer-chat\",\"messages\":[{\"role\":\"user\",\"content\":"
                        "\"hello\"}],\"stream\":true,\"temperature\":0.5,\"top\":{\"a\":1}}");
    assert_lacks(cli->err, SERVED_KEY);
    assert_lacks(cli->err, "gate-123456789");
}

static void it_is_listed_wherever_providers_are(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    assert_non_null(p);
    peer_serve_chat(p, &(peer_chat){.tokens = 1, .time_divisor = 1});
    const char *path = write_mine(cli, peer_url(p));
    expect_in_out(cli, "mine\treference\t\t\thttp://127.0.0.1:", "providers", "--config", path);
    expect_in_out(cli, "base           openai\n", "providers", "mine", "--config", path);
    assert_contains(cli->out, "key            env:MINE_KEY\n");
    assert_contains(cli->out, peer_url(p));
    assert_contains(cli->out, "openai.organization");
    expect_in_out(cli, "\"name\":\"mine\",\"base\":\"openai\"", "providers", "mine", "--config",
                  path, "--json");
    assert_contains(cli->out, "\"api_key\":\"env:MINE_KEY\"");
    expect_in_out(cli, "mine/\nmine/fast\n", "completion", "models", "--config", path);
    expect_out(cli, "mine/peer-backup\nmine/peer-chat\n", "models", "mine", "--config", path);
    cli_set(cli, "OPENAI_API_KEY", "");
    expect_out(cli, "mine/fast\tmine/peer-chat\nmine/peer-backup\nmine/peer-chat\n", "models",
               "--config", path);
    expect_in_out(cli, "mine/peer-chat: healthy", "health", "--probe", "mine/fast", "--config",
                  path);
    expect_in_out(cli, "\"provider\":\"mine\"", "health", "mine/fast", "--config", path, "--json");
}

static void its_configuration_is_shown_with_its_origins(void **state)
{
    cli_process *cli = *state;
    const char *path = write_mine(cli, "http://name:" SERVED_KEY "@127.0.0.1:9/v1");
    expect_in_out(cli, "provider  mine (base openai)\n", "config", "--config", path, "-o",
                  "seed=3");
    assert_has_all(cli->out, "api_key\tenv:MINE_KEY\tfile\n", "base\topenai\tfile\n",
                   "headers\tX-Team: set, X-Gate: command:echo gate-123456789\tfile\n",
                   "models\tfast=peer-chat\tfile\n", "seed\t3\tcommand line\n");
    assert_lacks(cli->out, SERVED_KEY);
    expect_in_out(cli, "\"providers\":{\"mine\":\"openai\"}", "config", "--config", path, "--json");
    assert_lacks(cli->out, SERVED_KEY);
    expect_exit(cli, 0, "providers", "mine", "--config", path);
    assert_lacks(cli->out, SERVED_KEY);
    expect_exit(cli, 0, "providers", "--json", "--config", path);
    assert_lacks(cli->out, SERVED_KEY);
}

static void an_entry_that_is_wrong_does_not_hide_the_others(void **state)
{
    static const char yaml[] = "providers: {bad: {base: nobody}, good: {base: mock}}\n";
    cli_process *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    expect_exit(cli, 3, "providers", "--config", path);
    assert_contains(cli->out, "good\t");
    assert_lacks(cli->out, "bad\t");
    assert_contains(cli->err, "c.yaml:1:25: the base of bad, \"nobody\", is not a provider");
    expect_exit(cli, 0, "-m", "good/x", "--config", path, "hello");
    expect_error(cli, 3, "did you mean good?", "-m", "goodd/x", "--config", path, "hello");
}

/* ---- config check ---------------------------------------------------------------------------- */

static void config_check_tells_all_and_ends_with_3(void **state)
{
    static const char yaml[] = "model: fast\n"
                               "providers:\n"
                               "  openai: {api_key: " SERVED_KEY ", tiemout: 5s, max_retries: 11}\n"
                               "modles: {}\n"
                               "serve: {drian: 3s}\n";
    cli_process *cli = *state;
    char expected[128];
    const char *path = cli_write_file(cli, "bad.yaml", yaml, sizeof yaml - 1);
    expect_exit(cli, 3, "config", "check", path);
    snprintf(expected, sizeof expected, "%s:3:21: warning: api_key: there is a secret", path);
    assert_has_all(cli->out, expected,
                   ":3:59: \"tiemout\" is neither a common option nor an option of openai; did you "
                   "mean timeout?\n",
                   ":3:76: max_retries must be 0 to 10 (is 11)\n",
                   ":4:1: \"modles\" is not known here; did you mean models?\n",
                   ":5:9: \"drian\" is not known here; did you mean drain?\n",
                   ":1:8: \"fast\" is neither an alias nor of the form PROVIDER/MODEL");
    assert_contains(cli->err, "5 errors, ");
    assert_lacks(cli->out, SERVED_KEY);
    expect_exit(cli, 3, "config", "check", path, "--json");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc),
                      *problems = beluga_json_get(root, "problems");
    assert_string_equal(string_at(root, "file"), path);
    assert_int_equal(beluga_json_get_int(root, "errors", -1), 5);
    assert_true(beluga_json_get_int(root, "warnings", -1) >= 1);
    assert_int_equal(beluga_json_get_int(beluga_json_at(problems, 0), "line", -1), 1);
    assert_string_equal(string_at(beluga_json_at(problems, 0), "severity"), "error");
    assert_lacks(cli->out, SERVED_KEY);
}

static void config_check_without_a_file_says_where_one_would_be(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "There is no configuration file, and none is needed", "config", "check");
    assert_contains(cli->out, "/.config/beluga/config.yaml");
    assert_string_equal(cli->err, "");
    expect_in_out(cli, "{\"file\":null,\"problems\":[],\"errors\":0", "config", "check", "--json");
    /* If a file is named, it must exist. */
    expect_exit(cli, 3, "config", "check", "missing.yaml");
    cli_set(cli, "BELUGA_CONFIG", "missing.yaml");
    expect_exit(cli, 3, "config", "check");
}

static void config_check_reads_what_would_be_read(void **state)
{
    static const char yaml[] = "model: mock/x\nproviders: {openai: {api_key: 'env:NOT_SET'}}\n";
    cli_process *cli = *state;
    char path[128];
    snprintf(path, sizeof path, "%s", cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1));
    cli_set(cli, "BELUGA_CONFIG", path);
    /* A warning does not change the exit code. */
    assert_int_equal(cli_run(cli, "config", "check", NULL), 0);
    assert_contains(cli->out, ":2:31: warning: api_key: the variable NOT_SET is not set\n");
    cli_set(cli, "NOT_SET", "x");
    expect_out(cli, "", "config", "check");
    expect_error(cli, 2, "beluga config check [FILE]", "config", "chekc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(the_version_is_told_both_ways),
        TEST(help_lists_the_commands_and_the_exit_codes),
        TEST(many_options_stand_under_headings_and_few_under_one),
        TEST(a_list_is_printed_with_and_without_that_word),
        TEST(help_of_a_command_is_told_both_ways),
        TEST(the_manual_page_has_every_exit_code_and_option),
        TEST(the_manual_page_says_how_a_time_is_written),
        TEST(completions_offer_models_without_asking_anybody),
        TEST(completions_are_made_for_three_shells),
        TEST(bash_completes_commands_and_options),
        TEST(providers_are_listed_with_what_they_need),
        TEST(all_is_told_about_one_provider),
        TEST(providers_as_json),
        TEST(models_are_aliases_and_what_providers_have),
        TEST(what_a_list_tells_of_models_is_shown),
        TEST(check_passes_for_a_provider_of_ours),
        TEST(check_tells_a_difference_and_fails),
        TEST(health_is_told_without_sending_anything),
        TEST(a_probe_tells_what_came_of_it),
        TEST(config_tells_where_each_part_came_from),
        TEST(config_tells_the_layers_of_a_model),
        TEST(config_as_json_and_without_a_model),
        TEST(config_hides_the_password_in_an_address_of_the_environment),
        TEST(twelve_lines_of_a_file_make_a_provider),
        TEST(it_is_listed_wherever_providers_are),
        TEST(its_configuration_is_shown_with_its_origins),
        TEST(an_entry_that_is_wrong_does_not_hide_the_others),
        TEST(config_check_tells_all_and_ends_with_3),
        TEST(config_check_reads_what_would_be_read),
        TEST(config_check_without_a_file_says_where_one_would_be),
    };
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
