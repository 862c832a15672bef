/* Tools of MCP servers on the command line. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char config[128];

/* Options that make the mock call a tool in its first answer only. */
#define CALLS(name, arguments) \
    "mock.tool_calls=[{\"id\":\"c1\",\"name\":\"" name "\",\"arguments\":" arguments "}]"
#define ANSWER "This is a mock response.\n"

/* Write a configuration with an MCP server. The argument `way` tells the server how to behave. */
static void configure_server(cli_process *cli, const char *way, const char *rest)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "mcp_servers:\n  srv: {command: python3, args: [%s/tests/mcp/server.py, %s], %s}\n",
             getenv("BELUGA_SOURCE_ROOT"), way, rest);
    snprintf(config, sizeof config, "%s", cli_write_file(cli, "c.yaml", yaml, strlen(yaml)));
    assert_int_equal(chmod(config, 0600), 0);
}

static void a_servers_tools_are_called_by_a_model(void **state)
{
    cli_process *cli = *state;
    static const char calls[] = CALLS("srv__echo", "{\"text\":\"hi there\"}");
    configure_server(cli, "old", "allow: always");
    expect_out(cli, ANSWER, "--config", config, "-m", "mock/any", "-T", "srv", "-o", calls, "hi");
    assert_contains(cli->err, "beluga: srv__echo({\"text\":\"hi there\"})\n");
    assert_contains(cli->err, "srv__echo -> hi there (");
    expect_out(cli, ANSWER, "--config", config, "-m", "mock/any", "-T", "srv.echo", "-T",
               "srv.answer", "-o", calls, "hi");
    assert_contains(cli->err, "srv__echo -> hi there (");
    configure_server(cli, "new", "allow: ask");
    expect_exit(cli, 3, "--config", config, "-m", "mock/any", "-T", "srv.echo", "-o", calls, "hi");
    assert_contains(cli->err, "beluga can't ask");
}

static void servers_are_listed_and_shown(void **state)
{
    cli_process *cli = *state;
    configure_server(cli, "crashes", "description: For tests");
    expect_exit(cli, 0, "--config", config, "tools");
    assert_contains(cli->out, "srv");
    assert_contains(cli->out, "For tests");
    configure_server(cli, "old", "tools: [echo, answer]");
    expect_exit(cli, 0, "--config", config, "tools", "srv");
    assert_contains(cli->out, "srv__echo");
    assert_contains(cli->out, "Says it again");
    assert_contains(cli->out, "srv__answer");
    assert_null(strstr(cli->out, "srv__crash"));
}

static void what_is_wrong_with_a_server_is_told(void **state)
{
    cli_process *cli = *state;
    configure_server(cli, "crashes", "allow: always");
    expect_exit(cli, 8, "--config", config, "tools", "srv");
    assert_contains(cli->err, "MCP server srv ended (exit status 3)");
    assert_contains(cli->err, "no configuration");
    configure_server(cli, "old", "allow: always");
    expect_exit(cli, 3, "--config", config, "tools", "srv.ecko");
    assert_contains(cli->err, "did you mean echo?");
    configure_server(cli, "old", "disabled: true");
    expect_exit(cli, 3, "--config", config, "tools", "srv");
    assert_contains(cli->err, "is disabled");
    configure_server(cli, "old", "alow: always");
    expect_exit(cli, 3, "config", "check", config);
    assert_contains(cli->out, "did you mean allow?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(a_servers_tools_are_called_by_a_model),
        TEST(servers_are_listed_and_shown),
        TEST(what_is_wrong_with_a_server_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
