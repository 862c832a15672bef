/* Plug-ins of the command, which the command line or the configuration file names; the environment
 * alone can't name them. */
#include "../support/words.h"
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *plugin(const char *name)
{
    static char paths[2][4096];
    static int turn;
    const char *root = getenv("BELUGA_BUILD_ROOT");
    char *path = paths[turn ^= 1];
    snprintf(path, sizeof paths[0], "%s/%s.so", root ? root : ".", name);
    return path;
}

static const char *config(cli_process *cli, const char *before, const char *value,
                          const char *after)
{
    char text[8192];
    int n = snprintf(text, sizeof text, "%s%s%s", before, value, after);
    return cli_write_file(cli, "config.yaml", text, (size_t)n);
}

static void a_plugin_on_the_command_line_answers(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(cli_run(cli, "--plugin", plugin("plugins/parrot"), "-m", "parrot/grey", "-o",
                             "parrot.times=2", "Pretty Polly", NULL),
                     0);
    assert_string_equal(cli->out, "Pretty Polly Pretty Polly\n");
    assert_string_equal(cli->err, "");
}

static void several_plugins_may_be_named(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(cli_run(cli, "--plugin", plugin("plugins/parrot"), "--plugin",
                             plugin("tests/plugins/good"), "-m", "plugged-good", "Hi", NULL),
                     0);
    assert_string_equal(cli->out, "plugged in\n");
}

static void a_plugin_that_is_refused_ends_the_command(void **state)
{
    cli_process *cli = *state;
    assert_int_not_equal(
        cli_run(cli, "--plugin", plugin("tests/plugins/abi_newer"), "-m", "mock/any", "Hi", NULL),
        0);
    assert_contains(
        cli->err, "abi_newer.so: the plug-in was built for ABI version 2, but this library has 1");
    assert_string_equal(cli->out, "");
    assert_int_not_equal(cli_run(cli, "--plugin", "/nowhere.so", "-m", "mock/any", "Hi", NULL), 0);
    assert_contains(cli->err, "plug-in /nowhere.so: there is no such file");
}

static void the_providers_of_a_plugin_are_listed_with_its_file(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "parrot", "--plugin", plugin("plugins/parrot"), "providers");
    expect_in_out(cli, "plugins/parrot.so", "--plugin", plugin("plugins/parrot"), "providers",
                  "parrot");
    assert_contains(cli->out, "parrot.times");
    expect_in_out(cli, "plugins/parrot.so\"", "--plugin", plugin("plugins/parrot"), "providers",
                  "parrot", "--json");
}

static void the_file_names_plugins(void **state)
{
    cli_process *cli = *state;
    const char *path = config(cli, "plugins: ", plugin("plugins/parrot"), "\nmodel: parrot/grey\n");
    expect_out(cli, "Hello\n", "--config", path, "Hello");
    expect_exit(cli, 0, "--config", path, "providers", "parrot");
    path = config(cli, "plugins: [", plugin("plugins/parrot"), "]\n");
    expect_exit(cli, 0, "--config", path, "-m", "parrot/grey", "Hello");
}

static void a_plugin_of_the_file_that_is_refused_is_a_note_and_where_it_stands(void **state)
{
    cli_process *cli = *state;
    const char *path =
        config(cli, "model: mock/any\nplugins:\n  - gone.so\n  - ", plugin("plugins/parrot"), "\n");
    expect_out(cli, "Hello\n", "--config", path, "-m", "parrot/grey", "Hello");
    assert_contains(cli->err, "config.yaml:3:5: plug-in ");
    assert_contains(cli->err, "/gone.so: there is no such file");
    /* a relative path is relative to the folder of the file */
    assert_contains(cli->err, cli->home);
}

static void a_file_that_is_checked_may_name_providers_of_its_plugins(void **state)
{
    cli_process *cli = *state;
    const char *path = config(cli, "plugins: ", plugin("plugins/parrot"), "\nmodel: parrot/grey\n");
    expect_exit(cli, 0, "--config", path, "config", "check");
    /* `config check PATH` checks a file without loading its plug-ins. */
    expect_exit(cli, 3, "config", "check", path);
    assert_contains(cli->out, "no provider is named \"parrot\"");
    expect_exit(cli, 0, "--plugin", plugin("plugins/parrot"), "config", "check", path);
}

static void what_is_no_list_of_files_is_a_fault_of_the_file(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "plugins must name files or folders", "--config",
                 config(cli, "plugins: {a: ", "b", "}\n"), "Hi");
}

static void the_environment_alone_turns_nothing_on(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "BELUGA_PLUGIN_PATH", plugin("plugins/parrot"));
    expect_error(cli, 3, "no provider is named \"parrot\"", "-m", "parrot/grey", "Hello");
    const char *path = config(cli, "plugins: [", "BELUGA_PLUGIN_PATH", "]\n");
    expect_out(cli, "Hello\n", "--config", path, "-m", "parrot/grey", "Hello");
}

static void enter_home(cli_process *cli)
{
    assert_int_equal(chdir(cli->home), 0);
}

static void check_takes_the_file_of_a_plugin(void **state)
{
    cli_process *cli = *state;
    const char *settings = "{\"model\": \"grey\"}";
    cli_write_file(cli, "check.json", settings, strlen(settings));
    enter_home(cli);
    assert_int_equal(mkdir("parrot", 0755) | mkdir("parrot/check", 0755), 0);
    assert_int_equal(rename("check.json", "parrot/check/check.json"), 0);
    cli_run(cli, "check", plugin("plugins/parrot"), "--fixtures", cli->home, NULL);
    assert_contains(cli->out, "parrot\n");
    assert_string_equal(cli->err, "");
    assert_int_not_equal(cli_run(cli, "check", plugin("tests/plugins/abi_newer"), NULL), 0);
    assert_contains(cli->out, "FAIL  load");
    assert_contains(cli->out,
                    "older\n"); /* lines are wrapped where the length of the path has it */
}

static void fixtures_of_a_plugin_are_found_beside_those_that_are_named(void **state)
{
    cli_process *cli = *state;
    const char *settings = "{\"model\": \"grey\", \"skip\": {\"text\": \"why not\"}}";
    enter_home(cli);
    assert_int_equal(mkdir("fixtures", 0755) | mkdir("fixtures/parrot", 0755) |
                         mkdir("fixtures/parrot/check", 0755) | mkdir("others", 0755),
                     0);
    cli_write_file(cli, "fixtures/parrot/check/check.json", settings, strlen(settings));
    cli_run(cli, "check", plugin("plugins/parrot"), "--fixtures", "others", "-v", NULL);
    assert_contains(cli->out, "why not");
}

/* ---- beluga new ------------------------------------------------------------------------------ */

static void assert_file_says(const char *path, const char *words)
{
    char text[65536] = "";
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("there is no %s", path);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    assert_contains(text, words);
    assert_has_none(text, "example-name", "example_name", "EXAMPLE_NAME");
}

static void new_writes_a_folder_with_the_name_in_it(void **state)
{
    cli_process *cli = *state;
    enter_home(cli);
    expect_exit(cli, 0, "new", "provider", "my-llm");
    assert_file_says("my-llm/my-llm.c", "BELUGA_REGISTER_PROVIDER(my_llm_provider, provider)");
    assert_file_says("my-llm/my-llm.c", "my-llm.delay_ms");
    assert_file_says("my-llm/test_my-llm.c", "my_llm_empty");
    assert_file_says("my-llm/meson.build", "project('my-llm', 'c'");
    assert_file_says("my-llm/README.md", "# my-llm");
    expect_exit(cli, 0, "new", "provider", "tone", "--http");
    assert_file_says("tone/tone.c", "TONE_API_KEY");
    assert_file_says("tone/fixtures/check/stream.answer", "HTTP/1.1 200");
}

static void new_writes_over_nothing(void **state)
{
    cli_process *cli = *state;
    enter_home(cli);
    assert_int_equal(mkdir("acme", 0755), 0);
    expect_error(cli, 2, "acme already exists: nothing was written", "new", "provider", "acme");
    assert_int_equal(access("acme/acme.c", F_OK), -1);
}

static void new_refuses_names_that_no_provider_can_have(void **state)
{
    cli_process *cli = *state;
    static const char *const names[] = {"Acme", "9lives", "-x",  "a/b",
                                        "..",   "",       "a.b", "caf\xc3\xa9"};
    enter_home(cli);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        expect_exit(cli, 2, "new", "provider", "--", names[i]);
        assert_contains(cli->err, "is not a valid provider name");
    }
    expect_error(cli, 2, "there is already a provider called openai", "new", "provider", "openai");
    expect_exit(cli, 2, "new", "model", "x");
    expect_exit(cli, 2, "new");
    expect_exit(cli, 2, "new", "provider", "x", "--http", "--full");
}

#define CLI(test) cmocka_unit_test_setup_teardown(test, cli_setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI(a_plugin_on_the_command_line_answers),
        CLI(several_plugins_may_be_named),
        CLI(a_plugin_that_is_refused_ends_the_command),
        CLI(the_providers_of_a_plugin_are_listed_with_its_file),
        CLI(the_file_names_plugins),
        CLI(a_plugin_of_the_file_that_is_refused_is_a_note_and_where_it_stands),
        CLI(a_file_that_is_checked_may_name_providers_of_its_plugins),
        CLI(what_is_no_list_of_files_is_a_fault_of_the_file),
        CLI(the_environment_alone_turns_nothing_on),
        CLI(check_takes_the_file_of_a_plugin),
        CLI(fixtures_of_a_plugin_are_found_beside_those_that_are_named),
        CLI(new_writes_a_folder_with_the_name_in_it),
        CLI(new_writes_over_nothing),
        CLI(new_refuses_names_that_no_provider_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
