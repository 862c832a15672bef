/* The files with requests, answers and expected events: what their text means, and which files are
 * refused. */
#include "../support/folder.h"
#include "kit/fixture_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[FOLDER_BYTES];
static const char *const roots[] = {folder, NULL};
static const char *const known[] = {"request#", "answer#", "events", NULL};
static beluga_error err;

static int make_folder(void **state)
{
    (void)state;
    return folder_make(folder, "fixture") ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return folder_remove(folder) ? 0 : -1;
}

static void write_bytes(const char *name, const char *text, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s" CHECK_FIXTURE_ENDING, folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static void write_file(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static check_fixture_file read_file(const char *name)
{
    check_fixture_file file;
    if (check_fixture_file_read(&file, roots, name, known, &err)) fail_msg("%s", err.message);
    return file;
}

static void assert_section(const check_case *of, const char *section, const char *bytes, size_t n)
{
    const check_section *found = check_case_section(of, section);
    if (!found) fail_msg("%s has no section %s", of->name, section);
    assert_int_equal(found->text.length, n);
    assert_memory_equal(found->text.data, bytes, n);
}

/* Assert that a file with this text has one case, and that this section of the case has the
 * expected text. */
static void assert_says(const char *text, const char *section, const char *expected)
{
    write_file("a", text);
    check_fixture_file file = read_file("a");
    assert_int_equal(file.n_cases, 1);
    assert_string_equal(file.cases[0].name, "a");
    assert_section(&file.cases[0], section, expected, strlen(expected));
    check_fixture_file_free(&file);
}

static void assert_refused(const char *text, size_t line, const char *says)
{
    char place[64];
    check_fixture_file file;
    write_file("a", text);
    assert_int_equal(check_fixture_file_read(&file, roots, "a", known, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    check_fixture_file_free(&file);
    snprintf(place, sizeof place, "%s/a.fixture:%zu: ", folder, line);
    if (!strstr(err.message, place) || !strstr(err.message, says))
        fail_msg("%s\nsays: %s", text, err.message);
}

/* ---- what the text of a file means ----------------------------------------------------------- */

static void a_section_is_its_lines_as_they_stand(void **state)
{
    (void)state;
    static const char text[] =
        "source: somebody met it\n\n=== answer\n\n  a\\r\n\n=== answer 2\n=== events\nb \n";
    assert_says(text, "answer", "\n  a\\r\n\n");
    assert_says(text, "answer 2", "");
    assert_says(text, "events", "b \n");
}

static void either_end_of_a_line_means_the_same(void **state)
{
    (void)state;
    static const char text[] =
        "source: it\r\n\r\n=== answer\r\na\r\n\r\n=== events no-newline\r\nb\r\n";
    assert_says(text, "answer", "a\n\n");
    assert_says(text, "events", "b");
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    assert_says("=== events\na\nb", "events", "a\nb\n");
    assert_says("=== events no-newline\na\nb", "events", "a\nb");
    assert_says("=== events", "events", "");
}

static void no_newline_takes_one_end_of_a_line(void **state)
{
    (void)state;
    assert_says("=== answer no-newline\na\n\n=== events\n", "answer", "a\n");
    assert_says("=== answer no-newline\n=== events\n", "answer", "");
}

static void escapes_stand_for_bytes(void **state)
{
    (void)state;
    write_file("a", "=== answer no-newline escapes\na\\r\n\\\\n\\n\\x00\\xff\n=== events\n\\x00\n");
    check_fixture_file file = read_file("a");
    assert_section(&file.cases[0], "answer", "a\r\n\\n\n\0\xff", 8);
    assert_section(&file.cases[0], "events", "\\x00\n", 5);
    check_fixture_file_free(&file);
}

static void a_file_may_have_several_cases(void **state)
{
    (void)state;
    write_file("a", "\n=== case one\nsource: x\n=== events\n1\n=== case two\n=== events\n2\n");
    check_fixture_file file = read_file("a");
    assert_int_equal(file.n_cases, 2);
    assert_section(check_fixture_file_case(&file, "one"), "events", "1\n", 2);
    assert_section(check_fixture_file_case(&file, "two"), "events", "2\n", 2);
    assert_null(check_fixture_file_case(&file, "a"));
    check_fixture_file_free(&file);
}

static void a_case_is_like_another_where_it_says_nothing(void **state)
{
    (void)state;
    write_file("whole", "=== answer\na\n=== events\ne\n");
    write_file("many", "=== case one\n=== events\n1\n");
    assert_says("like: whole\n", "answer", "a\n");
    assert_says("like: whole\n\n=== events\nother\n", "answer", "a\n");
    assert_says("like: whole\n\n=== events\nother\n", "events", "other\n");
    assert_says("like: many/one\n", "events", "1\n");
}

static void the_first_folder_that_has_a_file_counts(void **state)
{
    (void)state;
    const char *const two[] = {"/nowhere", folder, NULL};
    check_fixture_file file;
    write_file("a", "=== events\n");
    assert_int_equal(check_fixture_file_read(&file, two, "a", known, &err), 0);
    check_fixture_file_free(&file);
    assert_int_equal(check_fixture_file_read(&file, two, "b", known, &err), BELUGA_ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nowhere/b.fixture"));
    check_fixture_file_free(&file);
}

/* ---- refused files --------------------------------------------------------------------------- */

static void what_is_wrong_with_a_section_is_told_with_its_line(void **state)
{
    (void)state;
    assert_refused("=== anwser\n", 1,
                   "no section is called \"anwser\"; there are: request, answer, ");
    assert_refused("=== events\n=== events\n", 2, "a second section \"events\"");
    assert_refused("=== answer 2\n=== answer 2\n", 2, "a second section \"answer 2\"");
    assert_refused("=== events 2\n", 1, "\"2\" has no meaning after a section");
    assert_refused("=== answer 1\n", 1, "\"1\" has no meaning after a section");
    assert_refused("=== answer crlf\n", 1, "use no-newline or escapes");
    assert_refused("===\n", 1, "the name of a section");
    assert_refused("\n====\n", 2, "the name of a section");
}

static void what_is_wrong_with_a_line_is_told_with_its_number(void **state)
{
    (void)state;
    assert_refused("=== answer escapes\nok\n\\q\n", 3, "unknown escape \"\\q\"");
    assert_refused("=== answer escapes\n\\x0\n", 2, "unknown escape \"\\x0\"");
    assert_refused("=== answer escapes\na\\", 2, "unknown escape");
    assert_refused("=== answer\na\rb\n", 2, "a carriage return within a line");
    write_bytes("a", "=== answer\na\0b\n", 15);
    check_fixture_file file;
    assert_int_equal(check_fixture_file_read(&file, roots, "a", known, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "a.fixture:2: a byte 0"));
    check_fixture_file_free(&file);
}

static void what_is_wrong_with_a_case_is_told(void **state)
{
    (void)state;
    assert_refused("", 0, "the file is empty");
    assert_refused("\n\n", 2, "the file is empty");
    assert_refused("HTTP/1.1 200 OK\n", 1, "a section begins with a line");
    assert_refused("source: x\n", 1, "the case a is empty");
    assert_refused("=== case one\n=== case two\n=== events\n", 2, "the case one is empty");
    assert_refused("=== case one\n=== events\n=== case one\n", 3, "already has a case one");
    assert_refused("=== case\n", 1, "=== case NAME");
    assert_refused("=== events\n=== case one\n", 2, "the lines above belong to no case");
}

static void a_like_that_leads_nowhere_is_told_with_its_line(void **state)
{
    (void)state;
    write_file("b", "like: c\n");
    write_file("c", "=== case one\n=== events\n");
    assert_refused("source: x\nlike: nobody\n", 2, "there is no case nobody");
    assert_refused("like: c/two\n", 1, "there is no case c/two");
    assert_refused("like: c\n", 1, "there is no case c");
    assert_refused("like: ../a\n", 1, "wants the name of a case");
    assert_refused("like: /a\n", 1, "wants the name of a case");
    assert_refused("like: \n", 1, "wants the name of a case");
    assert_refused("like: b\nlike: c\n", 2, "the second line of like:");
    assert_refused("like: a\n", 1, "a is itself like a");
    write_file("b", "like: c/one\n");
    assert_refused("like: b\n", 1, "b is itself like c/one: name that case");
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    (void)state;
    check_text text = {0};
    check_fixture_file file;
    check_text_puts(&text, "=== answer\n");
    while (text.length <= CHECK_MAX_FIXTURE_BYTES)
        check_text_puts(&text, "a line like any other\n");
    write_bytes("a", text.data, text.length);
    check_text_free(&text);
    assert_int_equal(check_fixture_file_read(&file, roots, "a", known, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "at most 1048576 bytes"));
    check_fixture_file_free(&file);
}

/* Each case lacks a section, too, but the number of cases is reported first. */
static void more_cases_than_a_file_may_have_are_refused(void **state)
{
    (void)state;
    check_text text = {0};
    for (int i = 0; i <= CHECK_MAX_CASES; i++)
        check_text_printf(&text, "=== case c%d\n=== events\n", i);
    assert_refused(text.data, 2 * CHECK_MAX_CASES + 1, "at most 128 cases");
    check_text_free(&text);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_section(const char *name, const char *section, const char *text)
{
    check_fixture_file file = read_file("a");
    assert_true(check_fixture_file_write(&file, check_fixture_file_case(&file, name), section, text,
                                         strlen(text)));
    check_fixture_file_free(&file);
}

static void assert_file(const char *expected)
{
    char path[256];
    check_text text = {0};
    snprintf(path, sizeof path, "%s/a" CHECK_FIXTURE_ENDING, folder);
    assert_true(check_text_read(&text, path));
    assert_string_equal(check_text_get(&text), expected);
    check_text_free(&text);
}

static void a_section_is_written_and_every_other_byte_stays(void **state)
{
    (void)state;
    write_file("a", "source:  x\r\n\n=== answer\r\na\r\n=== events\nold\nold\n=== request\nr");
    write_section("a", "events", "new\n");
    assert_file("source:  x\r\n\n=== answer\r\na\r\n=== events\nnew\n=== request\nr");
    write_section("a", "answer 2", "b");
    assert_file("source:  x\r\n\n=== answer\r\na\r\n=== events\nnew\n=== request\nr\n"
                "=== answer 2 no-newline\nb\n");
}

static void a_section_is_written_into_its_own_case(void **state)
{
    (void)state;
    write_file("a", "=== case one\n=== events\n1\n=== case two\n=== events\n2\n");
    write_section("one", "answer", "a\n");
    assert_file("=== case one\n=== events\n1\n=== answer\na\n=== case two\n=== events\n2\n");
    write_section("two", "events", "3\n");
    assert_file("=== case one\n=== events\n1\n=== answer\na\n=== case two\n=== events\n3\n");
}

static void what_differs_from_the_case_it_is_like_is_written_beside_it(void **state)
{
    (void)state;
    write_file("b", "=== answer\na\n=== events\ne\n");
    write_file("a", "like: b\n");
    write_section("a", "events", "other\n");
    assert_file("like: b\n=== events\nother\n");
    assert_says("like: b\n=== events\nother\n", "answer", "a\n");
}

static void what_is_written_is_read_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {"",         "\n",         "a",         "a\r\nb\\n\r\n",
                                        "=== a\n",  "a\n===\n\\", "a === b\n", "\x01\x7f\t\xff\n",
                                        "\xc3\xa9", "a\n\n",      "==\n=",     NULL};
    for (size_t i = 0; texts[i]; i++) {
        write_file("a", "=== answer\nold\n=== events\ne\n");
        write_section("a", "answer", texts[i]);
        check_fixture_file file = read_file("a");
        assert_section(&file.cases[0], "answer", texts[i], strlen(texts[i]));
        assert_section(&file.cases[0], "events", "e\n", 2);
        check_fixture_file_free(&file);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_section_is_its_lines_as_they_stand),
        TEST(either_end_of_a_line_means_the_same),
        TEST(the_last_line_needs_no_end),
        TEST(no_newline_takes_one_end_of_a_line),
        TEST(escapes_stand_for_bytes),
        TEST(a_file_may_have_several_cases),
        TEST(a_case_is_like_another_where_it_says_nothing),
        TEST(the_first_folder_that_has_a_file_counts),
        TEST(what_is_wrong_with_a_section_is_told_with_its_line),
        TEST(what_is_wrong_with_a_line_is_told_with_its_number),
        TEST(what_is_wrong_with_a_case_is_told),
        TEST(a_like_that_leads_nowhere_is_told_with_its_line),
        TEST(a_file_that_is_too_large_is_refused),
        TEST(more_cases_than_a_file_may_have_are_refused),
        TEST(a_section_is_written_and_every_other_byte_stays),
        TEST(a_section_is_written_into_its_own_case),
        TEST(what_differs_from_the_case_it_is_like_is_written_beside_it),
        TEST(what_is_written_is_read_the_same),
    };
    return cmocka_run_group_tests_name("fixture_file", tests, NULL, NULL);
}
