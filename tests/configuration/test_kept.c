/* Sections of a configuration file that the library does not use itself, but keeps for the host
 * program. */
#include "../support/scoped.h"
#include "acme.h"

#include <sys/stat.h>

static const char text[] = "model: acme/acme-2\n"
                           "tools:\n"
                           "  weather:\n"
                           "    description: The weather\n"
                           "    command: [./weather.sh, 7, \"8\"]\n"
                           "    a/b~c: yes\n"
                           "    timeout: 30\n"
                           "    parameters: {type: object, properties: {town: {type: string}}}\n"
                           "mcp_servers: {short: Be brief.}\n";

static void a_section_of_the_host_is_kept_as_json(void **state)
{
    (void)state;
    const char *json = NULL;
    size_t length = 0;
    SCOPED(beluga_config) *config = load(text);
    assert_true(beluga_config_section(config, "tools", 0, &json, &length));
    assert_string_equal(json, "{\"weather\":{\"description\":\"The weather\","
                              "\"command\":[\"./weather.sh\",7,\"8\"],\"a/b~c\":\"yes\","
                              "\"timeout\":30,\"parameters\":{\"type\":\"object\",\"properties\":{"
                              "\"town\":{\"type\":\"string\"}}}}}");
    assert_int_equal(length, strlen(json));
    assert_true(beluga_config_section(config, "mcp_servers", 0, &json, NULL));
    assert_string_equal(json, "{\"short\":\"Be brief.\"}");
    assert_false(beluga_config_section(config, "tools", 1, &json, &length));
    assert_false(beluga_config_section(config, "mcp_servers", 1, &json, &length));
    assert_false(beluga_config_section(config, "model", 0, &json, &length));
    assert_false(beluga_config_section(NULL, "tools", 0, &json, &length));
    SCOPED(beluga_config) *resolved = resolve(config, NULL);
    assert_true(beluga_config_section(resolved, "tools", 0, &json, &length));
}

static void each_file_has_its_section_and_a_copy_has_them_all(void **state)
{
    (void)state;
    beluga_error err;
    const char *json;
    SCOPED(beluga_config) *config = load(text);
    static const char second[] = "tools: {clock: {command: date}}\n";
    write_file(second, strlen(second));
    assert_int_equal(beluga_config_load_file(config, path, &err), 0);
    unlink(path);
    SCOPED(beluga_config) *copy = beluga_config_copy(config);
    assert_true(beluga_config_section(copy, "tools", 1, &json, NULL));
    assert_string_equal(json, "{\"clock\":{\"command\":\"date\"}}");
    assert_true(beluga_config_section(copy, "tools", 0, &json, NULL));
    assert_non_null(strstr(json, "weather"));
}

static void place_is(const beluga_config *config, const char *pointer, bool of_name, int line,
                     int column)
{
    const char *file;
    int l, c;
    assert_true(beluga_config_section_place(config, "tools", 0, pointer, of_name, &file, &l, &c));
    if (l != line || c != column) fail_msg("%s is at %d:%d", pointer, l, c);
    assert_non_null(strstr(file, "/tmp/"));
}

static void a_pointer_finds_the_place_of_a_value_or_of_its_name(void **state)
{
    (void)state;
    const char *file;
    int line, column;
    SCOPED(beluga_config) *config = load(text);
    place_is(config, "", false, 2, 1);
    place_is(config, "/weather", false, 3, 3);
    place_is(config, "/weather/description", false, 4, 18);
    place_is(config, "/weather/description", true, 4, 5);
    place_is(config, "/weather/command", false, 5, 5);
    place_is(config, "/weather/command/2", false, 5, 32);
    place_is(config, "/weather/a~1b~0c", false, 6, 12);
    place_is(config, "/weather/parameters/properties/town/type", false, 8, 58);
    /* for a missing value, the deepest existing value on its path is reported */
    place_is(config, "/weather/missing/deeper", false, 3, 3);
    place_is(config, "/weather/command/9", false, 5, 5);
    assert_false(beluga_config_section_place(config, "tools", 1, "", false, &file, &line, &column));
    assert_false(
        beluga_config_section_place(config, "tools", 0, NULL, false, &file, &line, &column));
}

static void load_fails(const char *yaml, mode_t mode, const char *message)
{
    beluga_error err;
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0);
    write_file(yaml, strlen(yaml));
    assert_int_equal(chmod(path, mode), 0);
    assert_int_equal(beluga_config_load_file(config, path, &err), BELUGA_ERROR_INVALID_CONFIG);
    if (!strstr(err.message, message)) fail_msg("%s", err.message);
    unlink(path);
}

static void a_section_that_is_no_map_is_refused(void **state)
{
    (void)state;
    load_fails("tools: [a]\n", 0600, ":1:1: tools must be a map");
    load_fails("tools: {a: {b: *c}}\n", 0600, ":1:1: tools: it can't be converted to JSON");
    load_fails("toolz: {}\n", 0600, ":1:1: \"toolz\" is not known here; did you mean tools?");
    load_fails("tools: {a: 1, a: 2}\n", 0600, ":1:15: \"a\" occurs twice here");
}

static void a_file_that_others_may_change_runs_no_tools(void **state)
{
    (void)state;
    load_fails("model: a/b\ntools: {a: {command: ls}}\n", 0666,
               ":2:1: this setting runs a program, but others may change the file");
    load_fails("mcp_servers: {a: {command: ls}}\n", 0666, ":1:1: this setting runs a program");
}

/* ---- the host program's check ---------------------------------------------------------------- */

typedef struct told {
    char text[1024];
    size_t n;
} told;

static void hear(void *payload, const beluga_config_problem *p)
{
    told *t = payload;
    t->n += (size_t)snprintf(t->text + t->n, sizeof t->text - t->n, "%d:%d: %s\n", p->line,
                             p->column, p->message);
}

static void check(void *payload, const beluga_config *config, beluga_config_checking *checking)
{
    const char *json;
    assert_non_null(payload);
    assert_true(beluga_config_section(config, "tools", 0, &json, NULL));
    beluga_config_report(checking, BELUGA_SEVERITY_ERROR, "tools", "/weather/timeout", false,
                         "30 of what?");
    beluga_config_report(checking, BELUGA_SEVERITY_WARNING, "tools", "/weather/a~1b~0c", true,
                         "strange\nname");
    beluga_config_report(checking, BELUGA_SEVERITY_ERROR, "templates", "", true, "is not there");
}

static void the_hosts_problems_are_told_with_the_others_in_the_order_of_the_file(void **state)
{
    (void)state;
    beluga_error err;
    told t = {.n = 0};
    size_t errors;
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "tempo: 1\n%.*s", (int)sizeof yaml - 20, text + 19);
    strcat(yaml, "model: nobody/x\n");
    write_file(yaml, strlen(yaml));
    int status = beluga_config_check_sections(beluga_registry_default(), path, check, hear, &t,
                                              &errors, &err);
    unlink(path);
    assert_int_equal(status, 0);
    const char *at = strchr(t.text, '\n') + 1;
    assert_int_equal(strncmp(t.text, "1:1: \"tempo\" is not", 18), 0);
    assert_int_equal(strncmp(at, "6:5: strange\\nname\n7:14: 30 of what?\n10:8: no provider", 53),
                     0);
    assert_int_equal(errors, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_section_of_the_host_is_kept_as_json),
        cmocka_unit_test(each_file_has_its_section_and_a_copy_has_them_all),
        cmocka_unit_test(a_pointer_finds_the_place_of_a_value_or_of_its_name),
        cmocka_unit_test(a_section_that_is_no_map_is_refused),
        cmocka_unit_test(a_file_that_others_may_change_runs_no_tools),
        cmocka_unit_test(the_hosts_problems_are_told_with_the_others_in_the_order_of_the_file),
    };
    return cmocka_run_group_tests_name("kept sections", tests, set_up, tear_down);
}
