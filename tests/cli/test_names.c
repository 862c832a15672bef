/* Names of models that are given without a provider, and misspelled names. */
#include "../support/scoped.h"
#include "expect.h"
#include "served.h"

static const char file[] = "providers:\n"
                           "  mine: {base: mock, models: {fast: echo}}\n"
                           "  other: {base: mock, model: parrot, base_url: http://127.0.0.1:9}\n"
                           "models:\n"
                           "  clever: {model: mine/sage-2}\n";
static const char prices[] = "prices:\n"
                             "  groq/whale-1: {input: 1, output: 1}\n"
                             "  cohere/whale-1: {input: 1, output: 1}\n"
                             "  openai/gpt-9*: {input: 1, output: 1}\n"
                             "  openai-responses/gpt-9*: {input: 1, output: 1}\n"
                             "  ollama/*: {input: 0, output: 0}\n";

static int setup(void **state)
{
    char option[320];
    if (cli_setup(state) != 0) return -1;
    cli_process *cli = *state;
    snprintf(option, sizeof option, "%s", cli_write_file(cli, "c.yaml", file, sizeof file - 1));
    cli_set(cli, "BELUGA_CONFIG", option);
    cli_write_file(cli, "prices.yaml", prices, sizeof prices - 1);
    return 0;
}

static const char *prices_of(const cli_process *cli)
{
    static char option[320];
    snprintf(option, sizeof option, "prices=%s/prices.yaml", cli->home);
    return option;
}

/* Assert that a name means this model of this provider. */
static void means(cli_process *cli, const char *name, const char *provider, const char *model)
{
    char row[96];
    expect_exit(cli, 0, "config", "-m", name, "-o", prices_of(cli));
    snprintf(row, sizeof row, "provider\t%s\t", provider);
    assert_contains(cli->out, row);
    snprintf(row, sizeof row, "model_name\t%s\t", model);
    assert_contains(cli->out, row);
}

static void a_name_of_one_provider_needs_no_provider(void **state)
{
    cli_process *cli = *state;
    expect_out(cli, "Hello\n", "-m", "fast", "Hello");
    assert_string_equal(cli->err, "beluga: fast stands for mine/fast\n");
    expect_out(cli, "Hello\n", "-q", "-m", "echo", "Hello");
    assert_string_equal(cli->err, "");
    means(cli, "sage-2", "mine", "sage-2");
    means(cli, "gpt-9-2026-01-31", "openai", "gpt-9-2026-01-31");
}

static void the_provider_that_has_a_key_is_meant(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3,
                 "several providers have a model \"whale-1\": name one of cohere/whale-1, "
                 "groq/whale-1",
                 "-m", "whale-1", "-o", prices_of(cli), "Hello");
    cli_set(cli, "GROQ_API_KEY", SERVED_KEY);
    means(cli, "whale-1", "groq", "whale-1");
    cli_set(cli, "COHERE_API_KEY", SERVED_KEY);
    expect_error(cli, 3, "several providers", "-m", "whale-1", "-o", prices_of(cli), "Hello");
}

static void the_log_and_a_batch_know_the_whole_name(void **state)
{
    static const char line[] = "Hello\n";
    char out[128];
    cli_process *cli = *state;
    snprintf(out, sizeof out, "%s/out.jsonl", cli->home);
    expect_exit(cli, 0, "logs", "on");
    expect_exit(cli, 0, "-m", "fast", "Hello");
    expect_in_out(cli, "\"reference\":\"mine/fast\"", "logs", "--json");
    expect_exit(cli, 0, "batch", cli_write_file(cli, "in.txt", line, sizeof line - 1), "-m", "fast",
                "--out", out);
}

static void a_name_that_is_nearly_right_is_told(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "did you mean mine/sage-2?", "-m", "saeg-2", "-o", prices_of(cli),
                 "Hello");
    expect_error(cli, 3, "did you mean clever?", "-m", "clevr", "Hello");
    expect_error(cli, 3, "did you mean mine?", "-m", "mien/x", "Hello");
    expect_error(cli, 3, "did you mean openai? there are ", "-m", "opnai", "Hello");
    assert_string_equal(cli->out, "");
}

static void a_model_that_its_provider_does_not_know_may_be_another(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    for (int i = 0; i < 3; i++)
        peer_openai_error(peer_reply_new(p), 404, "invalid_request_error", "model_not_found",
                          "The model does not exist");
    expect_error(cli, 3, "did you mean -m openai/gpt-5-mini?\n", "-m", "openai/gpt-5-mnii",
                 "Hello");
    give(cli, "Hello\n");
    expect_error(cli, 3, "did you mean -m openai/gpt-5-mini?\n", "chat", "-m", "openai/gpt-5-mnii");
    give(cli, "");
    expect_exit(cli, 3, "-m", "openai/gpt-5-mini", "Hello");
    assert_lacks(cli->err, "did you mean");
}

static void a_name_that_nobody_knows_is_told_as_before(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3,
                 "\"narwhal\" is neither an alias nor of the form PROVIDER/MODEL; there are ", "-m",
                 "narwhal", "Hello");
}

static void the_default_model_of_the_file_may_be_a_name_alone(void **state)
{
    static const char yaml[] =
        "model: fast\nproviders: {mine: {base: mock, models: {fast: echo}}}\n";
    cli_process *cli = *state;
    const char *path = cli_write_file(cli, "d.yaml", yaml, sizeof yaml - 1);
    expect_out(cli, "Hello\n", "--config", path, "Hello");
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_name_of_one_provider_needs_no_provider),
        test(the_provider_that_has_a_key_is_meant),
        test(the_log_and_a_batch_know_the_whole_name),
        test(a_name_that_is_nearly_right_is_told),
        test(a_model_that_its_provider_does_not_know_may_be_another),
        test(a_name_that_nobody_knows_is_told_as_before),
        test(the_default_model_of_the_file_may_be_a_name_alone),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
