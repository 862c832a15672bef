/* Plug-ins that harm the process into which they are loaded. Each harm must fail the check that
 * runs, with a report that names the harm and the function, and the kit itself must continue. */
#include "../cli/run.h"
#include "planted.h"

#include <ctype.h>

typedef struct deed {
    const char *slot, *deed;
    planted row;
} deed;

enum { SOON_MS = 500 };

static void check_deeds(const deed *deeds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        setenv("HOSTILE_SLOT", deeds[i].slot, 1);
        setenv("HOSTILE_DEED", deeds[i].deed, 1);
        print_message("%s in %s\n", deeds[i].deed, deeds[i].slot);
        planted_check("tests/conformance/hostile.so", "tests/conformance/broken/hostile",
                      &deeds[i].row);
    }
    unsetenv("HOSTILE_DEED");
}
/* Check functions that never return, with a short patience. */
static void check_deeds_soon(const deed *deeds, size_t n)
{
    planted_limits.patience_ms = SOON_MS;
    check_deeds(deeds, n);
    planted_limits.patience_ms = 0;
}
#define CHECK_DEEDS(deeds) check_deeds(deeds, sizeof deeds / sizeof *deeds)

static void who_does_nothing_passes(void **state)
{
    static const deed deeds[] = {{"", "", {"hostile", "", ""}},
                                 {"", "", {"hostile-inside", "", ""}}};
    (void)state;
    CHECK_DEEDS(deeds);
}

/* The expected reports do not say how the process ended, since a sanitizer changes that. */
static void a_crash_is_told_with_its_function(void **state)
{
    static const deed deeds[] = {
        {"decode_event", "crash", {"hostile", "never-blocks ", ", in decode_event"}},
        {"decode_error", "abort", {"hostile", "never-blocks ", ", in decode_error"}},
        {"encode_request", "overflow", {"hostile", "never-blocks ", ", in encode_request"}},
        {"open", "crash", {"hostile", "names ", ", in open"}},
        {"close", "abort", {"hostile", "names ", ", in close"}},
        {"start", "crash", {"hostile-inside", "never-blocks ", ", in start"}},
        {"cancel", "crash", {"hostile-inside", "never-blocks ", ", in cancel"}},
        {"work", "crash", {"hostile-inside", "never-blocks ", "it "}},
    };
    (void)state;
    CHECK_DEEDS(deeds);
}

static void an_end_of_the_process_is_told(void **state)
{
    static const deed deeds[] = {
        {"decode_response",
         "exit",
         {"hostile", "never-blocks ", "it ended the process, with status 0, in decode_response"}},
        {"authorize",
         "_exit",
         {"hostile", "never-blocks ", "it ended the process, with status 3, in authorize"}},
        {"decode_end", "kill", {"hostile", "never-blocks ", ", in decode_end"}},
    };
    (void)state;
    CHECK_DEEDS(deeds);
}

static void who_does_not_return_is_told(void **state)
{
    static const deed deeds[] = {
        {"decode_event", "spin", {"hostile", "never-blocks ", "decode_event computed"}},
        {"decode_event", "rest", {"hostile", "never-blocks ", "decode_event waited"}},
        {"decode_event", "stop", {"hostile", "never-blocks ", "decode_event waited"}},
        {"authorize", "end-thread", {"hostile", "never-blocks ", "authorize waited"}},
        {"open", "spin", {"hostile", "names ", "it hangs: open computed"}},
        {"close", "rest", {"hostile", "names ", "it hangs: close waited"}},
        {"start", "spin", {"hostile-inside", "never-blocks ", "start computed"}},
        {"cancel", "rest", {"hostile-inside", "never-blocks ", "cancel waited"}},
        {"work", "rest", {"hostile-inside", "never-blocks ", "it hangs: it waited"}},
    };
    (void)state;
    check_deeds_soon(deeds, sizeof deeds / sizeof *deeds);
}

static void who_takes_all_memory_is_told(void **state)
{
    static const deed deeds[] = {
        {"decode_event",
         "eat",
         {"hostile", "never-blocks ", "it took more than 768 MiB of memory"}},
    };
    (void)state;
    planted_limits.memory_bytes = (int64_t)768 << 20;
    CHECK_DEEDS(deeds);
    planted_limits.memory_bytes = 0;
}

static void descriptors_of_others_are_told(void **state)
{
    static const deed deeds[] = {
        {"decode_event", "close-all", {"hostile", "never-blocks ", "it closed a descriptor"}},
        {"decode_event", "write-all", {"hostile", "never-blocks ", "it wrote to a descriptor"}},
        {"open", "close-standard", {"hostile", "process ", "descriptor 0 is closed"}},
        {"start", "close-standard", {"hostile-inside", "process ", "descriptor 1 is closed"}},
    };
    (void)state;
#if defined(__SANITIZE_THREAD__)
    print_message(
        "skipped: there the sanitizer ends the process, since others use what is closed\n");
    skip();
#endif
    CHECK_DEEDS(deeds);
}

/* The reports of the two processes may come in any order. */
static void processes_are_told(void **state)
{
    static const deed deeds[] = {
        {"open", "fork", {"hostile", NULL, "a provider must not make processes"}},
        {"decode_response", "child", {"hostile", "process ", "a provider must not make processes"}},
        {"start", "zombie", {"hostile-inside", "process ", "a provider must not make processes"}},
    };
    (void)state;
    CHECK_DEEDS(deeds);
}

static void what_belongs_to_the_program_is_told(void **state)
{
    static const deed deeds[] = {
        {"encode_request", "block", {"hostile", "process ", "it blocks others now: SIGINT, SIG"}},
        {"init", "handler", {"hostile", "process ", "but others are set: SIGINT"}},
        {"open", "locale", {"hostile", "process ", "setlocale is for the program alone"}},
        {"close", "folder", {"hostile", "process ", "want the working folder as it was, got /"}},
        {"cancel", "variable", {"hostile-inside", "process ", "want the environment as it was"}},
        {"work", "print", {"hostile-inside", "process ", "hello from the provider"}},
        {"constructor", "print-much", {"hostile", "process ", "want nothing on stdout, got 6"}},
    };
    (void)state;
    CHECK_DEEDS(deeds);
}

/* ---- garbage --------------------------------------------------------------------------------- */

static void check_garbage(const char *slot, const char *variable, const char *value,
                          const planted *row)
{
    setenv("HOSTILE_SLOT", slot, 1);
    setenv(variable, value, 1);
    planted_check("tests/conformance/hostile.so", "tests/conformance/broken/hostile", row);
    unsetenv(variable);
}

static void codes_that_there_are_not_are_told(void **state)
{
    static const char *const http[] = {"encode_request", "decode_response", "decode_event",
                                       "decode_end", "authorize"};
    static const char *const inside[] = {"start", "work"};
    (void)state;
    for (size_t i = 0; i < sizeof http / sizeof *http; i++) {
        const planted row = {"hostile", "error-code ", http[i]};
        check_garbage(http[i], "HOSTILE_STATUS", i % 2 ? "-4711" : "4711", &row);
    }
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        const planted row = {"hostile-inside", "error-code ", "gave 4711"};
        check_garbage(inside[i], "HOSTILE_STATUS", "4711", &row);
    }
    const planted code = {"hostile", "error-code ", "but decode_error gave 4711"};
    check_garbage("", "HOSTILE_GARBAGE", "code", &code);
}

/* A fault that fails every call is reported only once. */
static void a_call_that_fails_is_one_failure(void **state)
{
    static const planted sent = {"hostile", "text ", "the call did not finish"};
    static const planted state_of = {"hostile", "text ", "an argument is not valid"};
    static const planted inside = {"hostile-inside", "text ", "an argument is not valid"};
    static const planted reason = {"hostile", "ends one-end ", "want a reason of beluga_finish"};
    (void)state;
    check_garbage("encode_request", "HOSTILE_STATUS", "-5", &sent);
    check_garbage("", "HOSTILE_GARBAGE", "state", &state_of);
    check_garbage("", "HOSTILE_GARBAGE", "state", &inside);
    check_garbage("", "HOSTILE_GARBAGE", "finish", &reason);
}

static void tables_that_contradict_themselves_are_one_failure(void **state)
{
    static const planted framing = {"hostile", "table ", "framing: 4711 is not a beluga_framing"};
    static const planted claims = {"hostile", "table ", "EMBED and decode_embed go together"};
    static const planted options = {"hostile", "table ", "it "};
    static const planted url = {"hostile", "table ", "want http:// or https://"};
    static const planted model = {"hostile", "names ", "invalid UTF-8"};
    static const planted large = {"hostile", "", ""};
    (void)state;
    check_garbage("", "HOSTILE_TABLE", "framing", &framing);
    check_garbage("", "HOSTILE_TABLE", "capabilities", &claims);
    check_garbage("", "HOSTILE_TABLE", "options", &options);
    check_garbage("", "HOSTILE_TABLE", "url", &url);
    check_garbage("", "HOSTILE_TABLE", "model", &model);
    check_garbage("", "HOSTILE_TABLE", "large", &large);
}

/* ---- loading --------------------------------------------------------------------------------- */

/* Join the lines of a message, since the line breaks depend on the length of the plug-in's path. */
static void join_lines(const char *text, char *out, size_t n)
{
    size_t length = 0;
    for (; *text && length + 1 < n; text++)
        if (!isspace((unsigned char)*text))
            out[length++] = *text;
        else if (length && out[length - 1] != ' ')
            out[length++] = ' ';
    out[length] = '\0';
}

static void assert_load_fails(cli_process *cli, const char *says)
{
    char plugin[512], joined[4096];
    planted_place(plugin, "BELUGA_BUILD_ROOT", "tests/conformance/hostile.so");
    assert_int_equal(cli_run(cli, "check", plugin, "--timeout", "0.5", NULL), 1);
    join_lines(cli->out, joined, sizeof joined);
    if (!strstr(cli->out, "FAIL  load") || !strstr(joined, says))
        fail_msg("want %s\n%s%s", says, cli->out, cli->err);
    if (!strstr(cli->out, "0 passed, 1 failed")) fail_msg("%s", cli->out);
    assert_string_equal(cli->err, "");
}

static void what_happens_while_it_is_loaded_is_told(void **state)
{
    static const char *const deeds[][2] = {{"_exit", "it ended the process, with status 3"},
                                           {"kill", "signal 9"},
                                           {"rest", "the loading of the file waited"},
                                           {"spin", "the loading of the file computed"},
                                           {"close-all", "it closed a descriptor"}};
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        cli_set(*state, "HOSTILE_SLOT", i % 2 ? "init" : "constructor");
        cli_set(*state, "HOSTILE_DEED", deeds[i][0]);
        assert_load_fails(*state, deeds[i][1]);
    }
}

static void tables_that_can_not_be_taken_are_refused(void **state)
{
    static const char *const faults[][2] = {{"small", "table has 16 bytes"},
                                            {"abi", "built for ABI version 4711"},
                                            {"name", "(is \"host\\x1b[2J\\xff ile\")"},
                                            {"no-name", "1 to 47 characters of a-z"},
                                            {"slots", "encode_request is missing"},
                                            {"decoders", "decode_event is"},
                                            {"state", "state_size is over 64 KiB"}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        cli_set(*state, "HOSTILE_TABLE", faults[i][0]);
        assert_load_fails(*state, faults[i][1]);
    }
}

#define COMMAND(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_does_nothing_passes),
        cmocka_unit_test(a_crash_is_told_with_its_function),
        cmocka_unit_test(an_end_of_the_process_is_told),
        cmocka_unit_test(who_does_not_return_is_told),
        cmocka_unit_test(who_takes_all_memory_is_told),
        cmocka_unit_test(descriptors_of_others_are_told),
        cmocka_unit_test(processes_are_told),
        cmocka_unit_test(what_belongs_to_the_program_is_told),
        cmocka_unit_test(codes_that_there_are_not_are_told),
        cmocka_unit_test(a_call_that_fails_is_one_failure),
        cmocka_unit_test(tables_that_contradict_themselves_are_one_failure),
        COMMAND(what_happens_while_it_is_loaded_is_told),
        COMMAND(tables_that_can_not_be_taken_are_refused),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
