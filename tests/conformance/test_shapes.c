/* Correct providers of different kinds; the kit must not find a fault in them. */
#include "planted.h"

static void check_all(const char *plugin, const char *fixtures, const char *const *names)
{
    for (; *names; names++) {
        const planted row = {*names, "", ""};
        planted_check(plugin, fixtures, &row);
    }
}

static void those_behind_http_pass(void **state)
{
    static const char *const names[] = {
        "shape-native", "shape-query",   "shape-accept", "shape-path",
        "shape-nested", "shape-streams", "shape-aws",    NULL};
    (void)state;
    check_all("tests/conformance/shapes.so", "tests/conformance/shapes/fixtures", names);
}

static void one_with_tools_passes(void **state)
{
    static const char *const names[] = {"chat-sound", NULL};
    (void)state;
    check_all("tests/conformance/chat.so", "tests/conformance/broken/chat", names);
}

static void one_with_lines_of_json_passes(void **state)
{
    static const char *const names[] = {"http-sound", NULL};
    (void)state;
    check_all("tests/conformance/http.so", "tests/conformance/broken/fixtures", names);
}

static void those_inside_the_process_pass(void **state)
{
    static const char *const at_once[] = {"broken-sound", NULL};
    static const char *const later[] = {"job-sound", "job-after-sound", NULL};
    static const char *const parrot[] = {"parrot", NULL};
    (void)state;
    check_all("tests/conformance/full.so", "tests/conformance/broken/fixtures", at_once);
    check_all("tests/conformance/job.so", "tests/conformance/broken/fixtures", later);
    check_all("plugins/parrot.so", "tests/conformance/broken/fixtures", parrot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_behind_http_pass),
        cmocka_unit_test(one_with_tools_passes),
        cmocka_unit_test(one_with_lines_of_json_passes),
        cmocka_unit_test(those_inside_the_process_pass),
    };
    return cmocka_run_group_tests_name("shapes", tests, NULL, NULL);
}
