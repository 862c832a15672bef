/* The other commands: what they list and tell, in words and in JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <beluga/error.h>
#include <beluga/option.h>
#include <beluga/provider/json.h>

#include "peer/peer.h"
#include "run.h"

#define KEY "sk-this-must-never-be-shown"

static const char *string_at(const beluga_json *object, const char *key)
{
    const char *text = beluga_json_get_string(object, key, NULL);
    if (!text) fail_msg("no text \"%s\"", key);
    return text;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void the_version_is_told_both_ways(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "--version", NULL), 0);
    assert_true(strncmp(cli->out, "beluga ", 7) == 0);
    char version[64];
    snprintf(version, sizeof version, "%s", cli->out);
    assert_int_equal(cli_run(cli, "version", NULL), 0);
    assert_string_equal(cli->out, version);
}

static void help_lists_the_commands_and_the_exit_codes(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "--help", NULL), 0);
    assert_contains(cli->out, "  providers ");
    assert_contains(cli->out, "--no-stream");
    assert_contains(cli->out, "  130 ");
    assert_string_equal(cli->err, "");
}

static void help_of_a_command_is_told_both_ways(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "health", "--help", NULL), 0);
    assert_contains(cli->out, "Usage: beluga health [OPTION...] [MODEL]");
    assert_contains(cli->out, "--probe");
    assert_lacks(cli->out, "--schema");
    char *first = strdup(cli->out);
    assert_non_null(first);
    assert_int_equal(cli_run(cli, "help", "health", NULL), 0);
    assert_string_equal(cli->out, first);
    free(first);
    assert_int_equal(cli_run(cli, "help", "nonsense", NULL), 2);
}

static void the_manual_page_has_every_exit_code_and_option(void **state)
{
    struct cli *cli = *state;
    char row[128];
    static const int codes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130};
    assert_int_equal(cli_run(cli, "help", "--man", NULL), 0);
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

/* ---- completions ----------------------------------------------------------------------------- */

static void completions_offer_models_without_asking_anybody(void **state)
{
    static const char yaml[] = "models:\n  parrot: {model: mock/echo}\n";
    struct cli *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    assert_int_equal(cli_run(cli, "completion", "models", "--config", path, NULL), 0);
    assert_contains(cli->out, "parrot\n");
    assert_contains(cli->out, "mock/\n");
    assert_int_equal(cli_run(cli, "completion", "options", NULL), 0);
    assert_contains(cli->out, "temperature=\n");
}

static void completions_are_made_for_three_shells(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    struct cli *cli = *state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cli_run(cli, "completion", shells[i], NULL), 0);
        assert_contains(cli->out, "no-stream");
        assert_contains(cli->out, "providers");
    }
    assert_int_equal(cli_run(cli, "completion", "tcsh", NULL), 2);
}

static void bash_completes_commands_and_options(void **state)
{
    static const char script[] =
        "eval \"$(\"$1\" completion bash)\"\n"
        "COMP_WORDS=(beluga prov); COMP_CWORD=1; _beluga; echo \"${COMPREPLY[@]}\"\n"
        "COMP_WORDS=(beluga health --pr); COMP_CWORD=2; _beluga; echo \"${COMPREPLY[@]}\"\n";
    char command[1024], text[256] = "";
    struct cli *cli = *state;
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
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "providers", NULL), 0);
    assert_contains(cli->out, "\nopenai\tmissing\tOPENAI_API_KEY\tgpt-5-mini\t");
    assert_contains(cli->out, "\nmock\tnone\t\t\t\t\tyes\tyes\tyes\tyes\tno\t");
    assert_contains(cli->out, "\nollama\toptional\tOLLAMA_API_KEY\t");
    assert_contains(cli->out, "\nbedrock\treference\tAWS_BEARER_TOKEN_BEDROCK\t");
    cli_set(cli, "COHERE_API_KEY", KEY);
    assert_int_equal(cli_run(cli, "providers", NULL), 0);
    assert_contains(cli->out, "\ncohere\tset\tCOHERE_API_KEY\t");
    assert_lacks(cli->out, KEY);
}

static void all_is_told_about_one_provider(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "providers", "azure", NULL), 0);
    assert_contains(cli->out, "protocol       Chat Completions\n");
    assert_contains(cli->out, "URL variables  AZURE_OPENAI_ENDPOINT, AZURE_API_BASE\n");
    assert_contains(cli->out, "key            set AZURE_OPENAI_API_KEY\n");
    assert_contains(cli->out, "can            stream, tools, parallel_tools, reasoning, images,");
    assert_contains(cli->out, "note           The model is the name of a deployment;");
    assert_contains(cli->out,
                    "option         azure.api_version (or OPENAI_API_VERSION), text: use ");
    assert_int_equal(cli_run(cli, "providers", "mock", NULL), 0);
    assert_contains(cli->out, "option         mock.latency_ms, int from 0 to ");
    assert_int_equal(cli_run(cli, "providers", "nobody", NULL), 3);
    assert_contains(cli->err, "mock");
}

static void providers_as_json(void **state)
{
    struct cli *cli = *state;
    cli_set(cli, "OPENAI_API_KEY", KEY);
    assert_int_equal(cli_run(cli, "providers", "--json", NULL), 0);
    beluga_json_doc *doc = cli_parse_out(cli);
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
    assert_lacks(cli->out, KEY);
    beluga_json_doc_free(doc);
}

static void models_are_aliases_and_what_providers_have(void **state)
{
    static const char yaml[] = "models:\n  parrot: {model: mock/echo}\n";
    struct cli *cli = *state;
    peer *p = peer_start();
    assert_non_null(p);
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", KEY);
    peer_reply *r = peer_reply_new(p); /* both of OpenAI's protocols have the key */
    peer_reply_repeat(r, 2);
    peer_step_json(r, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"b\"},{\"id\":\"a\"}]}");
    assert_int_equal(cli_run(cli, "models", "--config", path, NULL), 0);
    assert_string_equal(cli->out, "parrot\tmock/echo\nopenai/a\nopenai/b\n"
                                  "openai-responses/a\nopenai-responses/b\n");
    peer_step_json(peer_reply_new(p), 200, "{\"data\":[{\"id\":\"c\"}]}");
    assert_int_equal(cli_run(cli, "models", "openai", "--json", "--config", path, NULL), 0);
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *models = beluga_json_get(beluga_json_doc_root(doc), "models");
    assert_string_equal(beluga_json_string(beluga_json_at(models, 0), NULL), "openai/c");
    beluga_json_doc_free(doc);
    r = peer_reply_new(p);
    peer_reply_repeat(r, 2);
    peer_openai_error(r, 401, NULL, "invalid_api_key", "No");
    assert_int_equal(cli_run(cli, "models", "-o", "max_retries=0", "--config", path, NULL), 4);
    assert_string_equal(cli->out, "parrot\tmock/echo\n");
    peer_stop(p);
}

/* ---- check ----------------------------------------------------------------------------------- */

static void check_passes_for_a_provider_of_ours(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "check", "ollama", NULL), 0);
    assert_contains(cli->out, "ollama\nInterface ");
    assert_contains(cli->out, "ns/op");
    assert_null(strstr(cli->out, "byte-by-byte"));
    assert_int_equal(cli_run(cli, "check", "ollama", "-v", NULL), 0);
    assert_contains(cli->out, "  ok    byte-by-byte");
    assert_contains(cli->out, "  skip  error-quota");
    assert_contains(cli->out, "the server has no error of its own for it");
    assert_contains(cli->out, " passed, 0 failed, ");
    assert_string_equal(cli->err, "");
    assert_int_equal(cli_run(cli, "check", "nonsense", NULL), 3);
    assert_contains(cli->err, "no provider is called nonsense");
}

static void check_tells_a_difference_and_fails(void **state)
{
    struct cli *cli = *state;
    static const char file[] = "mock/check/text.fixture";
    static const char text_case[] = "=== events\ntext \"Something else.\"\n";
    char path[256];
    for (const char *slash = file; (slash = strchr(slash, '/')); slash++) {
        snprintf(path, sizeof path, "%s/%.*s", cli->home, (int)(slash - file), file);
        mkdir(path, 0777);
    }
    cli_write_file(cli, file, text_case, sizeof text_case - 1);
    assert_int_equal(cli_run(cli, "check", "--fixtures", cli->home, "--json", "mock", NULL), 1);
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *list = beluga_json_get(root, "checks"), *text = beluga_json_first(list);
    while (text && strcmp(string_at(text, "check"), "text") != 0)
        text = beluga_json_next(list, text);
    assert_string_equal(string_at(text, "category"), "Generate");
    assert_string_equal(string_at(text, "status"), "failed");
    assert_non_null(strstr(string_at(text, "difference"), "want text \"Something else.\""));
    assert_true(beluga_json_get_int(root, "failed", 0) >= 1);
    assert_true(beluga_json_is_null(beluga_json_get(root, "error")));
    beluga_json_doc_free(doc);
}

/* ---- health, config -------------------------------------------------------------------------- */

static void health_is_told_without_sending_anything(void **state)
{
    struct cli *cli = *state;
    peer *p = peer_start();
    assert_non_null(p);
    assert_int_equal(cli_run(cli, "health", "mock/any", NULL), 0);
    assert_string_equal(cli->out, "mock/any: healthy\n");
    assert_int_equal(cli_run(cli, "health", "-m", "mock", NULL), 3);
    assert_string_equal(cli->out, "mock: unhealthy\n");
    assert_int_equal(cli_run(cli, "health", "-m", "openai/any", NULL), 4);
    assert_string_equal(cli->out, "openai/any: unhealthy\n");
    assert_contains(cli->err, "OPENAI_API_KEY");
    assert_int_equal(cli_run(cli, "health", "--json", "-m", "openai/any", NULL), 4);
    assert_contains(cli->out, "\"state\":\"unhealthy\",\"provider\":\"openai\"");
    assert_int_equal(
        cli_run(cli, "health", "-o", "api_key=file:/nonexistent/key", "openai/any", NULL), 4);
    assert_string_equal(cli->out, "openai/any: unhealthy\n");
    assert_contains(cli->err, "the key's file /nonexistent/key can't be read");
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", KEY);
    assert_int_equal(cli_run(cli, "health", "-m", "openai/any", NULL), 0);
    assert_string_equal(cli->out, "openai/any: unknown\n");
    assert_contains(cli->err, "--probe");
    assert_int_equal(peer_requests(p), 0);
    peer_stop(p);
}

static void a_probe_tells_what_came_of_it(void **state)
{
    struct cli *cli = *state;
    peer *p = peer_start();
    assert_non_null(p);
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", KEY);
    peer_step_json(peer_reply_new(p), 200, "{\"data\":[{\"id\":\"any\"}]}");
    assert_int_equal(cli_run(cli, "health", "--probe", "--json", "openai/any", NULL), 0);
    beluga_json_doc *doc = cli_parse_out(cli);
    assert_string_equal(string_at(beluga_json_doc_root(doc), "state"), "healthy");
    beluga_json_doc_free(doc);
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key", "No");
    assert_int_equal(
        cli_run(cli, "health", "--probe", "--json", "-o", "max_retries=0", "openai/any", NULL), 4);
    doc = cli_parse_out(cli);
    assert_string_equal(string_at(beluga_json_doc_root(doc), "state"), "unhealthy");
    assert_string_equal(string_at(beluga_json_get(beluga_json_doc_root(doc), "error"), "code"),
                        "authentication_error");
    beluga_json_doc_free(doc);
    peer_stop(p);
}

static void config_tells_where_each_part_came_from(void **state)
{
    static const char yaml[] = "model: fast\n"
                               "providers:\n"
                               "  openai: {timeout: 7s}\n"
                               "models:\n"
                               "  fast: {model: openai/any, temperature: 0.5}\n";
    struct cli *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    cli_set(cli, "OPENAI_API_KEY", KEY);
    assert_int_equal(cli_run(cli, "config", "--config", path, "-o", "top_p=0.5", NULL), 0);
    assert_contains(cli->out, "(read)");
    assert_contains(cli->out, "model  fast (file)");
    assert_contains(cli->out, "alias  fast = openai/any");
    assert_contains(cli->out, "temperature\t0.5\tfile");
    assert_contains(cli->out, "top_p\t0.5\tcommand line");
    assert_contains(cli->out, "api_key\tset\tenvironment (OPENAI_API_KEY)");
    assert_contains(cli->out, "provider\topenai\tfile\n");
    assert_lacks(cli->out, KEY);
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
    struct cli *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    assert_int_equal(cli_run(cli, "config", "--config", path, "-m", "smart", NULL), 0);
    assert_contains(
        cli->out, "\nstack  cache (1h) > budget ($20) > fallback (anthropic/claude, local) > "
                  "limits (60/min, 4 at once) > breaker (5 failures, 15s) > retry (2) > openai\n");
    assert_int_equal(cli_run(cli, "config", "--config", path, "-m", "local", NULL), 0);
    assert_contains(cli->out, "\nstack  retry (3) > mock\n");
    assert_int_equal(cli_run(cli, "config", "--json", "--config", path, "-m", "smart", NULL), 0);
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *stack = beluga_json_get(beluga_json_doc_root(doc), "stack");
    assert_int_equal(beluga_json_count(stack), 7);
    assert_string_equal(string_at(beluga_json_at(stack, 1), "layer"), "budget");
    assert_string_equal(string_at(beluga_json_at(stack, 1), "detail"), "$20");
    assert_string_equal(string_at(beluga_json_at(stack, 6), "layer"), "openai");
    beluga_json_doc_free(doc);
}

static void config_as_json_and_without_a_model(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "config", "--json", NULL), 0);
    beluga_json_doc *doc = cli_parse_out(cli);
    assert_true(beluga_json_is_null(beluga_json_get(beluga_json_doc_root(doc), "model")));
    beluga_json_doc_free(doc);
    assert_int_equal(cli_run(cli, "config", "--json", "-m", "mock/any", "--timeout", "5", NULL), 0);
    doc = cli_parse_out(cli);
    const beluga_json *options = beluga_json_get(beluga_json_doc_root(doc), "options");
    assert_string_equal(string_at(beluga_json_get(options, "timeout"), "from"), "command line");
    assert_string_equal(string_at(beluga_json_get(options, "provider"), "value"), "mock");
    beluga_json_doc_free(doc);
}

static void config_hides_the_password_in_an_address_of_the_environment(void **state)
{
    static const char *const urls[] = {"https://me:pass-word@h/v1", "https//me:pass-word@h/v1",
                                       "https://me:x/pass-word@h/v1", "http://h/v1?key=pass-word"};
    struct cli *cli = *state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cli_set(cli, "OPENAI_BASE_URL", urls[i]);
        assert_int_equal(cli_run(cli, "config", "-m", "openai/any", NULL), 0);
        assert_non_null(strstr(cli->out, "[redacted]"));
        assert_lacks(cli->out, "pass-word");
        assert_int_equal(cli_run(cli, "config", "--json", "-m", "openai/any", NULL), 0);
        assert_lacks(cli->out, "pass-word");
    }
}

/* ---- a provider without code ----------------------------------------------------------------- */

/* A file whose provider "mine" is a peer of the test. */
static const char *write_mine(struct cli *cli, const char *url)
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
    cli_set(cli, "MINE_KEY", KEY);
    cli_set(cli, "OPENAI_API_KEY", "sk-not-for-this-host");
    return cli_write_file(cli, "mine.yaml", yaml, (size_t)n);
}

static void twelve_lines_of_a_file_make_a_provider(void **state)
{
    struct cli *cli = *state;
    peer *p = peer_start();
    assert_non_null(p);
    for (int i = 0; i < 2; i++) peer_openai_stream(peer_reply_new(p), "Hello from mine");
    const char *path = write_mine(cli, peer_url(p));
    assert_int_equal(cli_run(cli, "-m", "mine/x", "--config", path, "hello", NULL), 0);
    assert_string_equal(cli->out, "Hello from mine\n");
    assert_string_equal(cli->err, "");
    assert_string_equal(peer_request_model(p, 0), "x");
    assert_int_equal(cli_run(cli, "--config", path, "-v", "hello", NULL), 0);
    assert_string_equal(peer_request_model(p, 1), "peer-chat");
    assert_string_equal(peer_request_header(p, 1, "Authorization"), "Bearer " KEY);
    assert_string_equal(peer_request_header(p, 1, "X-Team"), "blue");
    assert_string_equal(peer_request_header(p, 1, "X-Gate"), "gate-123456789");
    assert_string_equal(peer_request_body(p, 1, NULL),
                        "{\"model\":\"peer-chat\",\"messages\":[{\"role\":\"user\",\"content\":"
                        "\"hello\"}],\"stream\":true,\"temperature\":0.5,\"top\":{\"a\":1}}");
    assert_lacks(cli->err, KEY);
    assert_lacks(cli->err, "gate-123456789");
    peer_stop(p);
}

static void it_is_listed_wherever_providers_are(void **state)
{
    struct cli *cli = *state;
    peer *p = peer_start();
    assert_non_null(p);
    peer_serve_chat(p, &(peer_chat){.tokens = 1, .time_divisor = 1});
    const char *path = write_mine(cli, peer_url(p));
    assert_int_equal(cli_run(cli, "providers", "--config", path, NULL), 0);
    assert_contains(cli->out, "mine\treference\t\t\thttp://127.0.0.1:");
    assert_int_equal(cli_run(cli, "providers", "mine", "--config", path, NULL), 0);
    assert_contains(cli->out, "base           openai\n");
    assert_contains(cli->out, "key            env:MINE_KEY\n");
    assert_contains(cli->out, peer_url(p));
    assert_contains(cli->out, "openai.organization");
    assert_int_equal(cli_run(cli, "providers", "mine", "--config", path, "--json", NULL), 0);
    assert_contains(cli->out, "\"name\":\"mine\",\"base\":\"openai\"");
    assert_contains(cli->out, "\"api_key\":\"env:MINE_KEY\"");
    assert_int_equal(cli_run(cli, "completion", "models", "--config", path, NULL), 0);
    assert_contains(cli->out, "mine/\nmine/fast\n");
    assert_int_equal(cli_run(cli, "models", "mine", "--config", path, NULL), 0);
    assert_string_equal(cli->out, "mine/peer-backup\nmine/peer-chat\n");
    cli_set(cli, "OPENAI_API_KEY", "");
    assert_int_equal(cli_run(cli, "models", "--config", path, NULL), 0);
    assert_string_equal(cli->out, "mine/fast\tmine/peer-chat\nmine/peer-backup\nmine/peer-chat\n");
    assert_int_equal(cli_run(cli, "health", "--probe", "mine/fast", "--config", path, NULL), 0);
    assert_contains(cli->out, "mine/peer-chat: healthy");
    assert_int_equal(cli_run(cli, "health", "mine/fast", "--config", path, "--json", NULL), 0);
    assert_contains(cli->out, "\"provider\":\"mine\"");
    peer_stop(p);
}

static void its_configuration_is_shown_with_its_origins(void **state)
{
    struct cli *cli = *state;
    const char *path = write_mine(cli, "http://name:" KEY "@127.0.0.1:9/v1");
    assert_int_equal(cli_run(cli, "config", "--config", path, "-o", "seed=3", NULL), 0);
    assert_contains(cli->out, "provider  mine (base openai)\n");
    assert_contains(cli->out, "api_key\tenv:MINE_KEY\tfile\n");
    assert_contains(cli->out, "base\topenai\tfile\n");
    assert_contains(cli->out, "headers\tX-Team: set, X-Gate: command:echo gate-123456789\tfile\n");
    assert_contains(cli->out, "models\tfast=peer-chat\tfile\n");
    assert_contains(cli->out, "seed\t3\tcommand line\n");
    assert_lacks(cli->out, KEY);
    assert_int_equal(cli_run(cli, "config", "--config", path, "--json", NULL), 0);
    assert_contains(cli->out, "\"providers\":{\"mine\":\"openai\"}");
    assert_lacks(cli->out, KEY);
    assert_int_equal(cli_run(cli, "providers", "mine", "--config", path, NULL), 0);
    assert_lacks(cli->out, KEY);
    assert_int_equal(cli_run(cli, "providers", "--json", "--config", path, NULL), 0);
    assert_lacks(cli->out, KEY);
}

static void an_entry_that_is_wrong_does_not_hide_the_others(void **state)
{
    static const char yaml[] = "providers: {bad: {base: nobody}, good: {base: mock}}\n";
    struct cli *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    assert_int_equal(cli_run(cli, "providers", "--config", path, NULL), 3);
    assert_contains(cli->out, "good\t");
    assert_lacks(cli->out, "bad\t");
    assert_contains(cli->err, "c.yaml:1:25: the base of bad, \"nobody\", is no provider");
    assert_int_equal(cli_run(cli, "-m", "good/x", "--config", path, "hello", NULL), 0);
    assert_int_equal(cli_run(cli, "-m", "goodd/x", "--config", path, "hello", NULL), 3);
    assert_contains(cli->err, "did you mean good?");
}

/* ---- config check ---------------------------------------------------------------------------- */

static void config_check_tells_all_and_ends_with_3(void **state)
{
    static const char yaml[] = "model: fast\n"
                               "providers:\n"
                               "  openai: {api_key: " KEY ", tiemout: 5s, max_retries: 11}\n"
                               "modles: {}\n";
    struct cli *cli = *state;
    char expected[128];
    const char *path = cli_write_file(cli, "bad.yaml", yaml, sizeof yaml - 1);
    assert_int_equal(cli_run(cli, "config", "check", path, NULL), 3);
    snprintf(expected, sizeof expected, "%s:3:21: warning: api_key: a secret stands here", path);
    assert_contains(cli->out, expected);
    assert_contains(cli->out,
                    ":3:59: \"tiemout\" is neither an option nor one of openai's own; did "
                    "you mean timeout?\n");
    assert_contains(cli->out, ":3:76: max_retries must be 0 to 10 (is 11)\n");
    assert_contains(cli->out, ":4:1: \"modles\" is not known here; did you mean models?\n");
    assert_contains(cli->out, ":1:8: \"fast\" is no alias, and not written PROVIDER/MODEL");
    assert_contains(cli->err, "4 errors, ");
    assert_lacks(cli->out, KEY);
    assert_int_equal(cli_run(cli, "config", "check", path, "--json", NULL), 3);
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc),
                      *problems = beluga_json_get(root, "problems");
    assert_string_equal(string_at(root, "file"), path);
    assert_int_equal(beluga_json_get_int(root, "errors", -1), 4);
    assert_true(beluga_json_get_int(root, "warnings", -1) >= 1);
    assert_int_equal(beluga_json_get_int(beluga_json_at(problems, 0), "line", -1), 1);
    assert_string_equal(string_at(beluga_json_at(problems, 0), "severity"), "error");
    assert_lacks(cli->out, KEY);
    beluga_json_doc_free(doc);
}

static void config_check_without_a_file_says_where_one_would_be(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "config", "check", NULL), 0);
    assert_contains(cli->out, "There is no configuration file, and none is needed");
    assert_contains(cli->out, "/.config/beluga/config.yaml");
    assert_string_equal(cli->err, "");
    assert_int_equal(cli_run(cli, "config", "check", "--json", NULL), 0);
    assert_contains(cli->out, "{\"file\":null,\"problems\":[],\"errors\":0");
    /* One that was named must be there. */
    assert_int_equal(cli_run(cli, "config", "check", "missing.yaml", NULL), 3);
    cli_set(cli, "BELUGA_CONFIG", "missing.yaml");
    assert_int_equal(cli_run(cli, "config", "check", NULL), 3);
}

static void config_check_reads_what_would_be_read(void **state)
{
    static const char yaml[] = "model: mock/x\nproviders: {openai: {api_key: 'env:NOT_SET'}}\n";
    struct cli *cli = *state;
    char path[128];
    snprintf(path, sizeof path, "%s", cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1));
    cli_set(cli, "BELUGA_CONFIG", path);
    assert_int_equal(cli_run(cli, "config", "check", NULL), 0); /* a warning is no error */
    assert_contains(cli->out, ":2:31: warning: api_key: the variable NOT_SET is not set\n");
    cli_set(cli, "NOT_SET", "x");
    assert_int_equal(cli_run(cli, "config", "check", NULL), 0);
    assert_string_equal(cli->out, "");
    assert_int_equal(cli_run(cli, "config", "chekc", NULL), 2);
    assert_contains(cli->err, "beluga config check [FILE]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(the_version_is_told_both_ways),
        TEST(help_lists_the_commands_and_the_exit_codes),
        TEST(help_of_a_command_is_told_both_ways),
        TEST(the_manual_page_has_every_exit_code_and_option),
        TEST(completions_offer_models_without_asking_anybody),
        TEST(completions_are_made_for_three_shells),
        TEST(bash_completes_commands_and_options),
        TEST(providers_are_listed_with_what_they_need),
        TEST(all_is_told_about_one_provider),
        TEST(providers_as_json),
        TEST(models_are_aliases_and_what_providers_have),
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
