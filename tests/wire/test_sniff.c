/* The kind of a body, which is found from its first bytes; and bodies that have only signs of
 * life. */
#include "wire/sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static beluga__sniffed sniff(const char *text, size_t n)
{
    size_t skip = beluga__sniff_skip(text, n);
    return beluga__sniff(text + skip, n - skip);
}

/* Assert the kind of this text. With fewer bytes, the kind must be the same or not known yet. */
static void assert_is(const char *text, beluga__sniffed expected)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        beluga__sniffed early = sniff(text, i);
        if (early != BELUGA__SNIFF_MORE && early != expected)
            fail_msg("%zu bytes of \"%s\" are %d", i, text, early);
    }
    if (sniff(text, n) != expected) fail_msg("\"%s\" is %d", text, sniff(text, n));
}

static void events_are_told_by_their_first_field(void **state)
{
    (void)state;
    assert_is("data: {}", BELUGA__SNIFF_SSE);
    assert_is("data:{}", BELUGA__SNIFF_SSE);
    assert_is("event: ping", BELUGA__SNIFF_SSE);
    assert_is("id: 1", BELUGA__SNIFF_SSE);
    assert_is("retry: 1", BELUGA__SNIFF_SSE);
    assert_is(": OPENROUTER PROCESSING", BELUGA__SNIFF_SSE);
    assert_is("\n\r\n  data: x", BELUGA__SNIFF_SSE);
    assert_is("\xef\xbb\xbf"
              "data: x",
              BELUGA__SNIFF_SSE);
    assert_is("\xef\xbb\xbf\n: x", BELUGA__SNIFF_SSE);
    assert_is("\xef\xbb\xbf \xef\xbb\xbf: x", BELUGA__SNIFF_SSE);
}

static void json_is_told_by_its_bracket_and_whether_it_ends_in_its_line(void **state)
{
    (void)state;
    assert_is("{\"a\":1}", BELUGA__SNIFF_JSON);
    assert_is("\n\n {\"a\":1}", BELUGA__SNIFF_JSON);
    assert_is("\xef\xbb\xbf{\"a\":1}", BELUGA__SNIFF_JSON);
    assert_is("[{\n", BELUGA__SNIFF_JSON);
    assert_is("{\n  \"a\": 1\n}", BELUGA__SNIFF_PRETTY);
    assert_is("{ \r\n  \"a\": 1\n}", BELUGA__SNIFF_PRETTY);
}

static void a_web_page_is_told_by_its_first_tag(void **state)
{
    (void)state;
    assert_is("<!DOCTYPE html>", BELUGA__SNIFF_PAGE);
    assert_is("\n<html lang=\"en\">", BELUGA__SNIFF_PAGE);
    assert_is("<HEAD>", BELUGA__SNIFF_PAGE);
    assert_is("<answer/>", BELUGA__SNIFF_OTHER);
}

static void anything_else_is_left_to_its_declared_type(void **state)
{
    (void)state;
    assert_is("upstream error", BELUGA__SNIFF_OTHER);
    assert_is("date: today", BELUGA__SNIFF_OTHER);
    assert_is("database is down", BELUGA__SNIFF_OTHER);
    assert_is("\"data\"", BELUGA__SNIFF_OTHER);
    assert_is("", BELUGA__SNIFF_MORE);
    assert_is(" \r\n\t", BELUGA__SNIFF_MORE);
    assert_is("dat", BELUGA__SNIFF_MORE);
    assert_is("\xef\xbb", BELUGA__SNIFF_MORE);
    assert_is("<!doctype", BELUGA__SNIFF_MORE);
    assert_int_equal(sniff("\0\0\0\x9b", 4), BELUGA__SNIFF_OTHER);
}

static void a_values_end_is_found_whatever_its_strings_hold(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":\"}\\\"]\",\"b\":[{}]}\n{\"c\":1}";
    assert_int_equal(beluga__sniff_value(text, sizeof text - 1), strchr(text, '\n') + 1 - text);
    for (size_t i = 0; text + i < strchr(text, '\n'); i++)
        assert_int_equal(beluga__sniff_value(text, i), 0);
    assert_int_equal(beluga__sniff_value("]", 1), 0);
    assert_int_equal(beluga__sniff_value("{\"\\", 3), 0);
    assert_int_equal(beluga__sniff_value("", 0), 0);
}

static bool is_heartbeat(const char *event, const char *data)
{
    beluga_frame frame = {.event = event, .data = data, .length = strlen(data)};
    frame.event_length = event ? strlen(event) : 0;
    return beluga__frame_is_heartbeat(&frame);
}

static void a_heartbeat_is_nothing_a_word_for_it_or_an_event_of_its_name(void **state)
{
    static const char *const frames[][2] = {
        {"message", ""},      {"message", " "},         {"message", "ping"},
        {"message", "PING "}, {NULL, "\"keep-alive\""}, {"ping", "2026-01-01 00:00:00"},
        {"keepalive", "."}};
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        assert_true(is_heartbeat(frames[i][0], frames[i][1]));
}

static void what_may_be_an_answer_or_an_error_is_no_heartbeat(void **state)
{
    static const char *const frames[][2] = {{"message", "{"},
                                            {"message", "{\"type\":\"ping\""},
                                            {"message", "Internal Server Error"},
                                            {"error", "timeout"},
                                            {"ping", "{\"error\":\"late\""},
                                            {"message", "\""}};
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        assert_false(is_heartbeat(frames[i][0], frames[i][1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_told_by_their_first_field),
        cmocka_unit_test(json_is_told_by_its_bracket_and_whether_it_ends_in_its_line),
        cmocka_unit_test(a_web_page_is_told_by_its_first_tag),
        cmocka_unit_test(anything_else_is_left_to_its_declared_type),
        cmocka_unit_test(a_values_end_is_found_whatever_its_strings_hold),
        cmocka_unit_test(a_heartbeat_is_nothing_a_word_for_it_or_an_event_of_its_name),
        cmocka_unit_test(what_may_be_an_answer_or_an_error_is_no_heartbeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
