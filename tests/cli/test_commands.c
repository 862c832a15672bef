/* The other commands: what they list and tell, in words and in JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <beluga/error.h>
#include <beluga/option.h>
#include <beluga/provider/json.h>

#include "peer.h"
#include "run.h"

#define KEY "sk-this-must-never-be-shown"

static beluga_json_doc *parse_out(const struct cli *cli)
{
    beluga_json_doc *doc = NULL;
    beluga_error err = {0};
    if (beluga_json_parse(cli->out, cli->out_length, &doc, &err) != 0)
        fail_msg("%s: %s", err.message, cli->out);
    return doc;
}

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
    static const int codes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130};
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
    assert_contains(cli->out, "option         azure.api_version (or OPENAI_API_VERSION), text: use ");
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
    beluga_json_doc *doc = parse_out(cli);
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
    beluga_json_doc *doc = parse_out(cli);
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
    assert_contains(cli->out, "ok    byte-by-byte");
    assert_contains(cli->out, "skip  error-quota");
    assert_contains(cli->out, "the server has no error of its own for it");
    assert_contains(cli->out, " passed, 0 failed, ");
    assert_string_equal(cli->err, "");
    assert_int_equal(cli_run(cli, "check", "nonsense", NULL), 3);
    assert_contains(cli->err, "no provider is called nonsense");
}

static void check_tells_a_difference_and_fails(void **state)
{
    struct cli *cli = *state;
    static const char folder[] = "mock/check/text", events[] = "text \"Something else.\"\n";
    char path[256];
    for (const char *slash = folder; slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%s/%.*s", cli->home, (int)(slash - folder), folder);
        mkdir(path, 0777);
    }
    snprintf(path, sizeof path, "%s/%s", cli->home, folder);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/events.txt", folder);
    cli_write_file(cli, path, events, sizeof events - 1);
    assert_int_equal(cli_run(cli, "check", "--fixtures", cli->home, "--json", "mock", NULL), 1);
    beluga_json_doc *doc = parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *first = beluga_json_at(beluga_json_get(root, "checks"), 0);
    assert_string_equal(string_at(first, "check"), "text");
    assert_string_equal(string_at(first, "status"), "failed");
    assert_non_null(strstr(string_at(first, "difference"), "want text \"Something else.\""));
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
    assert_int_equal(cli_run(cli, "health", "-m", "openai/any", NULL), 4);
    assert_contains(cli->err, "OPENAI_API_KEY");
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
    beluga_json_doc *doc = parse_out(cli);
    assert_string_equal(string_at(beluga_json_doc_root(doc), "state"), "healthy");
    beluga_json_doc_free(doc);
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key", "No");
    assert_int_equal(
        cli_run(cli, "health", "--probe", "--json", "-o", "max_retries=0", "openai/any", NULL), 4);
    doc = parse_out(cli);
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

static void config_as_json_and_without_a_model(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "config", "--json", NULL), 0);
    beluga_json_doc *doc = parse_out(cli);
    assert_true(beluga_json_is_null(beluga_json_get(beluga_json_doc_root(doc), "model")));
    beluga_json_doc_free(doc);
    assert_int_equal(cli_run(cli, "config", "--json", "-m", "mock/any", "--timeout", "5", NULL), 0);
    doc = parse_out(cli);
    const beluga_json *options = beluga_json_get(beluga_json_doc_root(doc), "options");
    assert_string_equal(string_at(beluga_json_get(options, "timeout"), "from"), "command line");
    assert_string_equal(string_at(beluga_json_get(options, "provider"), "value"), "mock");
    beluga_json_doc_free(doc);
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
        TEST(config_as_json_and_without_a_model),
    };
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
