/* MCP servers in a configuration: entries become settings, and the errors for mistakes have a place
 * in the file. */
#include "../support/files.h"
#include "../support/words.h"
#include "servers.h"

#include <unistd.h>

/* A configuration that was loaded from one file. */
typedef struct file {
    char path[64];
    beluga_config *config;
    beluga_error err;
} file;

static void put(file *f, const char *text)
{
    strcpy(f->path, "/tmp/beluga-mcp-XXXXXX");
    make_file(f->path, text);
}

static void load(file *f, const char *text)
{
    put(f, text);
    f->config = beluga_config_new_n(NULL, 0);
    if (beluga_config_load_file(f->config, f->path, &f->err)) fail_msg("%s", f->err.message);
}

static void let_go_of(file *f)
{
    unlink(f->path);
    beluga_config_free(f->config);
}

static beluga_mcp_settings *read_settings(file *f, const char *name)
{
    beluga_mcp_settings *settings;
    if (beluga_mcp_settings_read(f->config, name, &settings, &f->err))
        fail_msg("%s", f->err.message);
    return settings;
}

static void an_entry_becomes_settings(void **state)
{
    (void)state;
    file f;
    setenv("TESTS_WORD", "sesame", 1);
    load(&f, "mcp_servers:\n"
             "  files:\n"
             "    command: npx\n"
             "    args: [-y, 'server-${TESTS_WORD}', '${TESTS_NONE:-nothing}']\n"
             "    env: {PLAIN: a, WORD: 'env:TESTS_WORD', MIXED: '<${env:TESTS_WORD}>'}\n"
             "    cwd: sub\n"
             "    timeout: 2m\n"
             "    connect_timeout: 5\n"
             "    tools: [a, b]\n"
             "    disabledTools: [c]\n"
             "  tracker:\n"
             "    type: http\n"
             "    url: http://127.0.0.1:1/mcp\n"
             "    api_key: env:TESTS_WORD\n"
             "    headers: {X-Team: a, X-Word: 'command:printf %s open'}\n");
    beluga_mcp_settings *s = read_settings(&f, "files");
    assert_string_equal(s->name, "files");
    assert_string_equal(s->command, "npx");
    assert_string_equal(s->args[1], "server-sesame");
    assert_string_equal(s->args[2], "nothing");
    assert_null(s->args[3]);
    assert_string_equal(s->env[0], "PLAIN=a");
    assert_string_equal(s->env[1], "WORD=sesame");
    assert_string_equal(s->env[2], "MIXED=<sesame>");
    assert_string_equal(s->cwd, "/tmp/sub");
    assert_int_equal(s->timeout_ms, 120000);
    assert_int_equal(s->connect_timeout_ms, 5000);
    assert_string_equal(s->tools[1], "b");
    assert_string_equal(s->disabled_tools[0], "c");
    beluga_mcp_settings_free(s);
    s = read_settings(&f, "tracker");
    assert_string_equal(s->url, "http://127.0.0.1:1/mcp");
    assert_string_equal(s->headers[0], "X-Team: a");
    assert_string_equal(s->headers[1], "X-Word: open");
    assert_string_equal(s->headers[2], "Authorization: Bearer sesame");
    assert_null(s->headers[3]);
    beluga_mcp_settings_free(s);
    unsetenv("TESTS_WORD");
    let_go_of(&f);
}

static void a_server_of_a_file_is_opened(void **state)
{
    (void)state;
    file f;
    char text[1024];
    snprintf(text, sizeof text,
             "mcp_servers: {srv: {command: python3, args: [%s/tests/mcp/server.py, old]}}\n",
             getenv("BELUGA_SOURCE_ROOT"));
    load(&f, text);
    beluga_mcp_settings *settings = read_settings(&f, "srv");
    SCOPED(beluga_mcp) *mcp = open_with(settings);
    beluga_mcp_settings_free(settings);
    expect_alive(mcp);
    let_go_of(&f);
}

static void a_tool_is_found_by_the_name_that_its_server_has(void **state)
{
    (void)state;
    beluga_tool *tool;
    beluga_error err = {.message = ""};
    SCOPED(beluga_mcp) *mcp = open_server("old");
    assert_int_equal(beluga_mcp_tool(mcp, "echo", &tool, &err), 0);
    assert_string_equal(beluga_tool_name(tool), "srv__echo");
    beluga_tool_unref(tool);
    assert_int_equal(beluga_mcp_tool(mcp, "ecko", &tool, &err), BELUGA_ERROR_TOOL_NOT_FOUND);
    assert_has_all(err.message, "did you mean echo?");
    assert_int_equal(beluga_mcp_tool(mcp, "zebra", &tool, &err), BELUGA_ERROR_TOOL_NOT_FOUND);
    assert_has_all(err.message, "it has answer, ask");
    assert_null(tool);
}

static void add_name(void *payload, const char *name, bool disabled)
{
    char *names = payload;
    size_t n = strlen(names);
    snprintf(names + n, 128 - n, "%s%s ", name, disabled ? "(off)" : "");
}

static void names_are_told_once_and_a_later_file_wins(void **state)
{
    (void)state;
    file a, b;
    char names[128] = "";
    load(&a, "mcp_servers: {one: {command: first}, two: {url: 'http://a/'}}\n");
    put(&b, "mcp_servers: {one: {command: second}, three: {command: x, disabled: true}}\n");
    assert_int_equal(beluga_config_load_file(a.config, b.path, &a.err), 0);
    beluga_mcp_names(a.config, add_name, names);
    assert_string_equal(names, "two one three(off) ");
    beluga_mcp_settings *s = read_settings(&a, "one");
    assert_string_equal(s->command, "second");
    beluga_mcp_settings_free(s);
    assert_int_equal(beluga_mcp_settings_read(a.config, "four", &s, &a.err),
                     BELUGA_ERROR_NOT_FOUND);
    assert_null(s);
    unlink(b.path);
    let_go_of(&a);
}

/* --- mistakes --------------------------------------------------------------------------------- */

static const struct {
    const char *entry, *message;
} mistakes[] = {
    {"{}", "needs a command, or a url"},
    {"text", "must be a map"},
    {"{command: a, url: 'http://b/'}", "has a command and a url"},
    {"{comand: a, url: 'http://b/'}", "did you mean command?"},
    {"{url: 'http://b/', zebra: 1}", "is not known here; a server has"},
    {"{command: a, args: b}", "args must be a list"},
    {"{command: a, args: [1]}", "put quotes around a number"},
    {"{command: a, env: [b]}", "env must be a map"},
    {"{command: a, env: {B: '${TESTS_NONE}'}}", "B: the variable TESTS_NONE is not set"},
    {"{command: a, env: {B: '${}'}}", "write ${NAME}"},
    {"{command: a, env: {B: 'x${y'}}", "has no \"}\" after it"},
    {"{url: 'http://b/', headers: {A: env:TESTS_NONE}}", "A: the variable TESTS_NONE is not set"},
    {"{url: 'http://b/', type: sse}", "which streamable HTTP replaced"},
    {"{url: 'http://b/', type: pigeon}", "type must be stdio or http"},
    {"{command: a, timeout: soon}", "timeout must be a time"},
    {"{command: a, disabled: maybe}", "disabled must be true or false"},
    {"{command: a, allow: perhaps}", "allow must be ask, always or never"},
};

static void a_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    char text[512];
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        file f;
        beluga_mcp_settings *s;
        snprintf(text, sizeof text, "mcp_servers:\n  srv: %s\n", mistakes[i].entry);
        load(&f, text);
        int status = beluga_mcp_settings_read(f.config, "srv", &s, &f.err);
        if (status != BELUGA_ERROR_INVALID_CONFIG) fail_msg("%s was taken", mistakes[i].entry);
        assert_has_all(f.err.message, mistakes[i].message, f.path, ":2:");
        assert_null(s);
        let_go_of(&f);
    }
}

typedef struct found {
    size_t n;
    char last[512];
} found;

static void note(void *payload, const beluga_config_problem *problem)
{
    found *all = payload;
    all->n++;
    snprintf(all->last, sizeof all->last, "%d: %s", problem->line, problem->message);
}

static void check_servers(void *payload, const beluga_config *config,
                          beluga_config_checking *checking)
{
    (void)payload;
    beluga_mcp_check(config, checking);
}

static void a_check_finds_all_mistakes_and_runs_nothing(void **state)
{
    (void)state;
    file f;
    found all = {.n = 0};
    size_t errors = 0;
    put(&f, "mcp_servers:\n  a: {}\n  b: {command: x, api_key: 'command:touch /tmp/no'}\n"
            "  c: {comand: x}\n");
    int status = beluga_config_check_sections(beluga_registry_default(), f.path, check_servers,
                                              note, &all, &errors, &f.err);
    assert_int_equal(status, 0);
    assert_int_equal(errors, 3);
    assert_int_equal(access("/tmp/no", F_OK), -1);
    unlink(f.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_becomes_settings),
        cmocka_unit_test(a_server_of_a_file_is_opened),
        cmocka_unit_test(a_tool_is_found_by_the_name_that_its_server_has),
        cmocka_unit_test(names_are_told_once_and_a_later_file_wins),
        cmocka_unit_test(a_mistake_is_told_with_its_place),
        cmocka_unit_test(a_check_finds_all_mistakes_and_runs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
