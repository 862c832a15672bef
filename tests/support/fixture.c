#include "fixture.h"

#include "kit/fixture_file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const sections[] = {"call",  "sse",   "ndjson", "aws",     "body",   "models",
                                       "embed", "count", "error",  "request", "events", NULL};

static const char *root(void)
{
    static char path[512];
    const char *source = getenv("BELUGA_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/fixtures", source ? source : ".");
    return path;
}

static void open_file(check_fixture_file *file, const char *name)
{
    const char *const roots[] = {root(), NULL};
    beluga_error err;
    if (check_fixture_file_read(file, roots, name, sections, &err)) fail_msg("%s", err.message);
}

/* ---- finding --------------------------------------------------------------------------------- */

static void add_cases(fixture_list *list, const char *name)
{
    check_fixture_file file;
    open_file(&file, name);
    for (size_t i = 0; i < file.n_cases; i++) {
        assert_true(list->count < FIXTURE_CASES);
        fixture *next = &list->cases[list->count++];
        snprintf(next->file, sizeof next->file, "%s", name);
        snprintf(next->name, sizeof next->name, "%s", file.cases[i].name);
    }
    check_fixture_file_free(&file);
}

static int is_fixture(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return ending && ending > entry->d_name && strcmp(ending, CHECK_FIXTURE_ENDING) == 0;
}

void fixture_find(fixture_list *list, const char *folder)
{
    char path[768];
    struct dirent **entries;
    list->count = 0;
    snprintf(path, sizeof path, "%s/%s", root(), folder);
    int n = scandir(path, &entries, is_fixture, alphasort);
    if (n < 0) fail_msg("%s can't be read", path);
    for (int i = 0; i < n; i++) {
        char name[sizeof list->cases[0].file];
        int length = (int)(strlen(entries[i]->d_name) - strlen(CHECK_FIXTURE_ENDING));
        assert_true(snprintf(name, sizeof name, "%s/%.*s", folder, length, entries[i]->d_name) <
                    (int)sizeof name);
        add_cases(list, name);
        free(entries[i]);
    }
    free(entries);
}

/* ---- reading and writing --------------------------------------------------------------------- */

char *fixture_read(const fixture *of, const char *section, size_t *length)
{
    check_fixture_file file;
    char *text = NULL;
    open_file(&file, of->file);
    const check_case *in = check_fixture_file_case(&file, of->name);
    if (!in) fail_msg("%s has no case %s", file.path, of->name);
    const check_section *found = check_case_section(in, section);
    if (found) {
        text = malloc(found->text.length + 1);
        assert_non_null(text);
        memcpy(text, found->text.data, found->text.length + 1);
        if (length) *length = found->text.length;
    }
    check_fixture_file_free(&file);
    return text;
}

static void write_section(const fixture *of, const char *section, const char *text)
{
    check_fixture_file file;
    open_file(&file, of->file);
    const check_case *in = check_fixture_file_case(&file, of->name);
    if (!check_fixture_file_write(&file, in, section, text, strlen(text)))
        fail_msg("%s can't be written", file.path);
    check_fixture_file_free(&file);
}

void fixture_assert(const fixture *of, const char *section, const char *actual)
{
    char *expected = fixture_read(of, section, NULL);
    bool same = expected && strcmp(actual, expected) == 0;
    if (!same && getenv("BELUGA_UPDATE_FIXTURES")) {
        write_section(of, section, actual);
        free(expected);
        return;
    }
    if (!expected) fail_msg("%s: %s has no %s", of->file, of->name, section);
    if (!same)
        print_error("%s: %s of %s differs; expected:\n%sgot:\n%s", of->file, section, of->name,
                    expected, actual);
    assert_string_equal(actual, expected);
    free(expected);
}
