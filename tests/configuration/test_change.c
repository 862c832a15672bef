/* Changes of single values in configuration files, which must leave the rest of the file
 * unchanged. */
#include "../support/files.h"
#include "../support/folder.h"
#include "../support/words.h"

#include <beluga/config.h>
#include <beluga/error.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 16

typedef struct scratch {
    char folder[FOLDER_BYTES], path[96], text[4096];
} scratch;

static int setup(void **state)
{
    scratch *s = calloc(1, sizeof *s);
    if (!s) return -1;
    if (!folder_make(s->folder, "change")) return -1;
    snprintf(s->path, sizeof s->path, "%s/config.yaml", s->folder);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    scratch *s = *state;
    bool removed = folder_remove(s->folder);
    free(s);
    return removed ? 0 : -1;
}

static void put(const scratch *s, const char *text)
{
    write_file(s->path, text);
}

static const char *get(scratch *s)
{
    FILE *file = fopen(s->path, "r");
    assert_non_null(file);
    s->text[fread(s->text, 1, sizeof s->text - 1, file)] = '\0';
    fclose(file);
    return s->text;
}

static int change(const scratch *s, const char *pointer, const char *value, beluga_error *err)
{
    const char *const changes[] = {pointer, value};
    return beluga_config_change_file(s->path, changes, 1, err);
}

/* ---- changed files --------------------------------------------------------------------------- */

typedef struct change_case {
    const char *before, *pointer, *value, *after;
} change_case;

static void check_all(scratch *s, const change_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        beluga_error err = {0};
        put(s, cases[i].before);
        if (change(s, cases[i].pointer, cases[i].value, &err) != 0)
            fail_msg("%s: %s", cases[i].before, err.message);
        assert_string_equal(get(s), cases[i].after);
    }
}

static void a_value_is_replaced_where_it_stands(void **state)
{
    static const change_case cases[] = {
        {"model: a/b   # why\n", "/model", "c/d", "model: c/d   # why\n"},
        {"# top\nmodel: 'a/b'\n\nmodels: {x: a/b}\n", "/model", "c/d",
         "# top\nmodel: c/d\n\nmodels: {x: a/b}\n"},
        {"\"model\": \"a/b\"\n", "/model", "c/d", "\"model\": c/d\n"},
        {"model: >-\n  a/b\n\n# end\n", "/model", "c/d", "model: c/d\n\n# end\n"},
        {"providers:\n  openai:\n    api_key: env:A # one\n    timeout: 3s # two\n",
         "/providers/openai/api_key", "file:/x/y",
         "providers:\n  openai:\n    api_key: file:/x/y # one\n    timeout: 3s # two\n"},
        {"models: {x: {model: a/b, seed: 1}, y: a/b}", "/models/x/model", "c/d",
         "models: {x: {model: c/d, seed: 1}, y: a/b}"},
        {"models: # all\n  \xc3\xa9t\xc3\xa9: a/b # \xe2\x82\xac\n  x: a/b # \xe2\x82\xac\n",
         "/models/x", "c/d",
         "models: # all\n  \xc3\xa9t\xc3\xa9: a/b # \xe2\x82\xac\n  x: c/d # \xe2\x82\xac\n"},
        {"\xef\xbb\xbfmodel: a/b\n", "/model", "c/d", "\xef\xbb\xbfmodel: c/d\n"},
        {"model: a/b\r\nmodels:\r\n  x: a/b\r\n", "/models/y", "c/d",
         "model: a/b\r\nmodels:\r\n  x: a/b\r\n  y: c/d\r\n"},
    };
    check_all(*state, cases, sizeof cases / sizeof cases[0]);
}

static void what_is_not_there_is_added_behind_the_last_entry(void **state)
{
    static const change_case cases[] = {
        {"", "/model", "c/d", "model: c/d\n"},
        {"# nothing yet\n", "/model", "c/d", "# nothing yet\nmodel: c/d\n"},
        {"# nothing yet", "/model", "c/d", "# nothing yet\nmodel: c/d\n"},
        {"---\n", "/model", "c/d", "---\nmodel: c/d\n"},
        {"", "/models/x/model", "c/d", "models:\n  x:\n    model: c/d\n"},
        {"model: a/b", "/models/x", "c/d", "model: a/b\nmodels:\n  x: c/d\n"},
        {"models:\n    x: a/b # last\n\n# end\n", "/models/y/model", "c/d",
         "models:\n    x: a/b # last\n    y:\n        model: c/d\n\n# end\n"},
        {"models:\nmodel: a/b\n", "/models/y", "c/d", "models:\n  y: c/d\nmodel: a/b\n"},
        {"models: # none\n\nmodel: a/b\n", "/models/y", "c/d",
         "models: # none\n  y: c/d\n\nmodel: a/b\n"},
        {"models: {}\n", "/models/y", "c/d", "models: {y: c/d}\n"},
        {"models: {x: a/b}\n", "/models/y/model", "c/d", "models: {x: a/b, y: {model: c/d}}\n"},
        {"models: {x: a/b, }\n", "/models/y", "c/d", "models: {x: a/b, y: c/d}\n"},
        {"models: {\n  x: a/b, # one\n  z: a/b # two\n}\n", "/models/y", "c/d",
         "models: {\n  x: a/b, # one\n  z: a/b # two\n, y: c/d}\n"},
        {"models: ~\n", "/models/y", "c/d", "models: {y: c/d}\n"},
        {"models:\n  x: a/b\n", "/models/x/model", "c/d", "models:\n  x: {model: c/d}\n"},
        {"providers:\n  openai:\n    stop: |\n      a\n      b\n\nmodels: {x: a/b}\n",
         "/providers/openai/seed", "3",
         "providers:\n  openai:\n    stop: |\n      a\n      b\n    seed: 3\n\nmodels: {x: a/b}\n"},
        {"providers:\n  openai: {}\n\n  groq:\n    seed: 3\nmodel: a/b\n", "/providers/groq/stop",
         "x", "providers:\n  openai: {}\n\n  groq:\n    seed: 3\n    stop: x\nmodel: a/b\n"},
    };
    check_all(*state, cases, sizeof cases / sizeof cases[0]);
}

static void a_value_that_would_mean_something_else_is_quoted(void **state)
{
    static const change_case cases[] = {
        {"", "/models/a~1b/model", "c/d:e", "models:\n  a/b:\n    model: c/d:e\n"},
        {"model: a/b\n", "/models/null/model", "c/d",
         "model: a/b\nmodels:\n  \"null\":\n    model: c/d\n"},
        {"model: a/b\n", "/models/x: y/model", "c/d",
         "model: a/b\nmodels:\n  \"x: y\":\n    model: c/d\n"},
        {"model: a/b\n", "/model", "c/d #e", "model: \"c/d #e\"\n"},
        {"model: a/b\n", "/model", "c/\"d\"\\", "model: \"c/\\\"d\\\"\\\\\"\n"},
        {"model: a/b\n", "/model", "c/d\ne\tf", "model: \"c/d\\ne\\tf\"\n"},
        {"model: a/b\n", "/model", "c/\xc3\xa9\xe2\x80\xa8\xc2\x85\x01",
         "model: \"c/\xc3\xa9\\u2028\\x85\\x01\"\n"},
        {"model: a/b\n", "/model", "*c", "model: \"*c\"\n"},
        {"model: a/b\n", "/model", "c: d", "model: \"c: d\"\n"},
    };
    check_all(*state, cases, sizeof cases / sizeof cases[0]);
}

static void what_is_removed_goes_with_its_lines(void **state)
{
    static const change_case cases[] = {
        {"model: a/b # one\nmodels: {x: a/b}\n", "/model", NULL, "models: {x: a/b}\n"},
        {"models:\n  x:\n    model: a/b\n    seed: 1 # one\n  y: a/b\n", "/models/x", NULL,
         "models:\n  y: a/b\n"},
        {"models:\n  x: a/b\n", "/models/x", NULL, "models:\n"},
        {"models: {x: a/b, y: a/b}\n", "/models/x", NULL, "models: {y: a/b}\n"},
        {"models: {x: a/b, y: a/b}\n", "/models/y", NULL, "models: {x: a/b}\n"},
        {"models: {x: a/b}\n", "/models/x", NULL, "models: {}\n"},
        {"models: {x: a/b}\n", "/models/z", NULL, "models: {x: a/b}\n"},
        {"models: {x: a/b}\n", "/providers/z/seed", NULL, "models: {x: a/b}\n"},
        {"model: a/b", "/model", NULL, ""},
    };
    check_all(*state, cases, sizeof cases / sizeof cases[0]);
}

/* ---- refused changes ------------------------------------------------------------------------- */

static void refuses(scratch *s, const char *text, const char *pointer, const char *value, int code,
                    const char *why)
{
    beluga_error err = {0};
    put(s, text);
    assert_int_equal(change(s, pointer, value, &err), code);
    assert_has_all(err.message, why);
    assert_string_equal(get(s), text);
}

static void a_change_that_would_change_more_is_refused_with_its_line(void **state)
{
    scratch *s = *state;
    const int code = BELUGA_ERROR_NOT_SUPPORTED;
    refuses(s, "---\n...\n", "/model", "c/d", code, "config.yaml:2: this can't be");
    refuses(s, "models: {x: a/b # c,\n}\n", "/models/y", "c/d", code, "config.yaml:2: this can't");
}

static void a_file_with_a_mistake_is_left_alone(void **state)
{
    scratch *s = *state;
    const int code = BELUGA_ERROR_INVALID_CONFIG;
    refuses(s, "model: [a\n", "/model", "c/d", code, "config.yaml:1:8: not YAML");
    refuses(s, "modle: a/b\n", "/model", "c/d", code, "did you mean model?");
    refuses(s, "model: a/b\n", "/modle", "c/d", code, "did you mean model?");
    refuses(s, "models: {x: a/b}\n", "/models/x/timeout", "soon", code, "config.yaml:1:");
    refuses(s, "model: a/b\n", "model", "c/d", BELUGA_ERROR_INVALID_INPUT, "is not a JSON Pointer");
    refuses(s, "model: a/b\n", "/1/2/3/4/5/6/7/8/9", "c", BELUGA_ERROR_INVALID_INPUT, "at most 8");
}

static void all_changes_are_made_or_none(void **state)
{
    scratch *s = *state;
    beluga_error err = {0};
    const char *const changes[] = {"/model",         "c/d", "/models/x/model", "a/b",
                                   "/models/x/seed", "x"};
    put(s, "model: a/b\n");
    assert_int_equal(beluga_config_change_file(s->path, changes, 3, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_string_equal(get(s), "model: a/b\n");
    assert_int_equal(beluga_config_change_file(s->path, changes, 2, &err), 0);
    assert_string_equal(get(s), "model: c/d\nmodels:\n  x:\n    model: a/b\n");
}

/* ---- the file -------------------------------------------------------------------------------- */

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode;
}

static void a_file_that_is_made_is_private_and_another_keeps_its_mode(void **state)
{
    scratch *s = *state;
    beluga_error err = {0};
    assert_int_equal(change(s, "/model", "c/d", &err), 0);
    assert_int_equal(mode_of(s->path) & 0777, 0600);
    assert_int_equal(chmod(s->path, 0644), 0);
    assert_int_equal(change(s, "/model", "e/f", &err), 0);
    assert_int_equal(mode_of(s->path) & 0777, 0644);
    assert_string_equal(get(s), "model: e/f\n");
}

static void a_link_stays_and_its_file_is_changed(void **state)
{
    scratch *s = *state;
    beluga_error err = {0};
    char target[128], folder[96];
    snprintf(folder, sizeof folder, "%s/dots", s->folder);
    snprintf(target, sizeof target, "%s/real.yaml", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    put(s, "model: a/b\n");
    assert_int_equal(rename(s->path, target), 0);
    assert_int_equal(symlink("dots/real.yaml", s->path), 0);
    assert_int_equal(change(s, "/model", "c/d", &err), 0);
    assert_true(S_ISLNK(mode_of(s->path)));
    assert_true(S_ISREG(mode_of(target)));
    assert_string_equal(get(s), "model: c/d\n");
}

static void a_place_that_is_no_file_is_told(void **state)
{
    scratch *s = *state;
    beluga_error err = {0};
    assert_int_equal(mkdir(s->path, 0700), 0);
    assert_int_equal(change(s, "/model", "c/d", &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_has_all(err.message, "config.yaml can't be changed: Is a directory");
    assert_int_equal(beluga_config_change_file(NULL, NULL, 0, &err), BELUGA_ERROR_INVALID_INPUT);
}

static void changes_of_many_processes_are_all_made(void **state)
{
    scratch *s = *state;
    pid_t pids[PROCESSES];
    char row[64];
    put(s, "# begin\nmodels:\n");
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i]) continue;
        beluga_error err = {0};
        snprintf(row, sizeof row, "/models/m%d", i);
        _exit(change(s, row, "a/b", &err) ? 1 : 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    get(s);
    for (int i = 0; i < PROCESSES; i++) {
        snprintf(row, sizeof row, "\n  m%d: a/b\n", i);
        assert_has_all(s->text, row);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_is_replaced_where_it_stands),
        TEST(what_is_not_there_is_added_behind_the_last_entry),
        TEST(a_value_that_would_mean_something_else_is_quoted),
        TEST(what_is_removed_goes_with_its_lines),
        TEST(a_change_that_would_change_more_is_refused_with_its_line),
        TEST(a_file_with_a_mistake_is_left_alone),
        TEST(all_changes_are_made_or_none),
        TEST(a_file_that_is_made_is_private_and_another_keeps_its_mode),
        TEST(a_link_stays_and_its_file_is_changed),
        TEST(a_place_that_is_no_file_is_told),
        TEST(changes_of_many_processes_are_all_made),
    };
    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
