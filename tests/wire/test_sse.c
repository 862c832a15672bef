/* Cutting a streamed body into frames. The frames must be the same however the bytes are divided
 * into pieces. */
#include "base/mem.h"
#include "support/torture.h"
#include "wire/framing.h"

#include <beluga/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX_FRAME = 1000 };

/* ---- frames written as text ------------------------------------------------------------------ */

typedef struct seen_frames {
    char text[8192];
    size_t length;
    int frames, stop_after, stop_code;
} seen_frames;

static void note(seen_frames *seen, const char *text, size_t n)
{
    assert_true(seen->length + n < sizeof seen->text);
    memcpy(seen->text + seen->length, text, n);
    seen->length += n;
    seen->text[seen->length] = '\0';
}

/* "name|data;" */
static int on_frame(void *payload, const beluga_frame *frame)
{
    seen_frames *seen = payload;
    assert_int_equal(frame->data[frame->length], '\0');
    if (frame->event) {
        assert_int_equal(frame->event[frame->event_length], '\0');
        note(seen, frame->event, frame->event_length);
        note(seen, "|", 1);
    }
    note(seen, frame->data, frame->length);
    note(seen, ";", 1);
    return ++seen->frames == seen->stop_after ? seen->stop_code : 0;
}

/* Feed three pieces, which end at `first`, `second` and `n`. Each piece is in its own block of
 * memory. */
static int feed_split(beluga_framing framing, const char *text, size_t n, size_t first,
                      size_t second, seen_frames *seen)
{
    size_t ends[] = {first, second, n};
    beluga__framer framer;
    int code = beluga__framer_init(&framer, framing, beluga_allocator_default(), MAX_FRAME);
    for (size_t i = 0, at = 0; i < 3 && !code; at = ends[i++]) {
        size_t length = ends[i] - at;
        char *piece = malloc(length ? length : 1);
        assert_non_null(piece);
        memcpy(piece, text + at, length);
        code = beluga__framer_feed(&framer, piece, length, on_frame, seen);
        assert_memory_equal(piece, text + at, length); /* the framer must not change the buffer */
        free(piece);
    }
    if (!code) code = beluga__framer_end(&framer, on_frame, seen);
    beluga__framer_free(&framer);
    return code;
}

static int feed_bytes(beluga_framing framing, const char *text, size_t n, seen_frames *seen)
{
    beluga__framer framer;
    int code = beluga__framer_init(&framer, framing, beluga_allocator_default(), MAX_FRAME);
    for (size_t i = 0; i < n && !code; i++) {
        char byte = text[i];
        code = beluga__framer_feed(&framer, &byte, 1, on_frame, seen);
        assert_int_equal(byte, text[i]);
    }
    if (!code) code = beluga__framer_end(&framer, on_frame, seen);
    beluga__framer_free(&framer);
    return code;
}

/* Feed the text to a framer in three pieces, divided at every two places, and byte by byte. */
static void assert_frames_n(beluga_framing framing, const char *text, size_t n, int code,
                            const char *expected)
{
    for (size_t first = 0; first <= n; first++) {
        for (size_t second = first; second <= n; second++) {
            seen_frames seen = {0};
            assert_int_equal(feed_split(framing, text, n, first, second, &seen), code);
            assert_string_equal(seen.text, expected);
        }
    }
    seen_frames seen = {0};
    assert_int_equal(feed_bytes(framing, text, n, &seen), code);
    assert_string_equal(seen.text, expected);
}

static void assert_events(const char *text, const char *expected)
{
    assert_frames_n(BELUGA_FRAMING_SSE, text, strlen(text), 0, expected);
}

static void assert_lines(const char *text, const char *expected)
{
    assert_frames_n(BELUGA_FRAMING_NDJSON, text, strlen(text), 0, expected);
}

/* ---- server-sent events ---------------------------------------------------------------------- */

/* Define a test with a text and the events that it must have. */
#define EVENTS(test, text, expected)   \
    static void test(void **state)     \
    {                                  \
        (void)state;                   \
        assert_events(text, expected); \
    }

EVENTS(an_event_is_dispatched_by_a_blank_line, "data: one\n\ndata: two\n\n",
       "message|one;message|two;")

static void line_ends_may_be_mixed(void **state)
{
    (void)state;
    assert_events("data: a\r\n\r\ndata: b\r\rdata: c\n\ndata: d\r\n\rdata: e\n\r\n",
                  "message|a;message|b;message|c;message|d;message|e;");
    assert_events("data: a\r\r\n\ndata: b\n\r", "message|a;message|b;");
}

static void a_byte_order_mark_is_skipped_once(void **state)
{
    (void)state;
    assert_events("\xef\xbb\xbf"
                  "data: a\n\n\xef\xbb\xbf"
                  "data: b\n\n",
                  "message|a;");
    assert_events("\xef\xbb\xbf\ndata: a\n\n", "message|a;");
    assert_events("\xef\xbb", "");
}

static void comments_and_unknown_fields_are_nothing(void **state)
{
    (void)state;
    assert_events(
        ": PROCESSING\n\nid: 7\nretry: 10\ndata: a\n:\nfoo\nfoo: bar\ndatax: b\ndat: c\n\n",
        "message|a;");
    assert_events(":\n\n:\n\n", "");
}

EVENTS(data_lines_are_joined, "data: a\ndata: b\ndata\ndata:\ndata:c\n\n", "message|a\nb\n\n\nc;")

EVENTS(one_space_after_the_colon_is_not_data,
       "data:a\n\ndata:  b \n\ndata: \n\ndata:\n\ndata\n\ndata::\n\n",
       "message|a;message| b ;message|;message|;message|;message|:;")

EVENTS(an_event_has_a_name,
       "event: error\ndata: a\n\ndata: b\nevent:x\n\nevent: y\nevent: z\ndata: c\n\n"
       "event: q\nevent\ndata: d\n\n",
       "error|a;x|b;z|c;message|d;")

EVENTS(an_event_without_data_is_not_dispatched, "event: ping\n\ndata: a\n\n\n\n", "message|a;")

static void a_last_event_needs_no_blank_line(void **state)
{
    (void)state;
    assert_events("data: a\n\ndata: b\n", "message|a;message|b;");
    assert_events("data: a\n\nevent: x\ndata: b", "message|a;x|b;");
    assert_events("data: a\r", "message|a;");
    assert_events("event: x", "");
    assert_events("", "");
}

/* Google's servers report an error in the middle of a stream in this form, without "data:". */
static void json_without_a_field_is_handed_on(void **state)
{
    (void)state;
    assert_events("data: a\n\n{\n \"error\": {\n\"code\": 1}\n}\n",
                  "message|a;message|{\n \"error\": {\n\"code\": 1}\n};");
    assert_events("[1,\r\ndata: 2]\r\n\r\ndata: b\r\n\r\n", "message|[1,\ndata: 2];message|b;");
    assert_events("data: a\n{\n\n", "message|a;");
    assert_events("event: x\n{}", "x|{};");
}

static void nul_bytes_are_data(void **state)
{
    (void)state;
    static const char text[] = "data: a\0b\n\n";
    seen_frames seen = {0};
    assert_int_equal(feed_split(BELUGA_FRAMING_SSE, text, sizeof text - 1, 4, 8, &seen), 0);
    assert_int_equal(seen.length, 12);
    assert_memory_equal(seen.text, "message|a\0b;", 12);
}

static char *line_of(const char *field, size_t n, const char *end)
{
    static char text[4 * MAX_FRAME];
    int at = snprintf(text, sizeof text, "%s", field);
    memset(text + at, 'x', n);
    snprintf(text + (size_t)at + n, sizeof text - (size_t)at - n, "%s", end);
    return text;
}

static int feed_whole_and_in_bytes(const char *text)
{
    seen_frames whole = {0}, bytes = {0};
    size_t n = strlen(text);
    int code = feed_split(BELUGA_FRAMING_SSE, text, n, n, n, &whole);
    assert_int_equal(feed_bytes(BELUGA_FRAMING_SSE, text, n, &bytes), code);
    assert_string_equal(whole.text, bytes.text);
    return code;
}

static void a_frame_has_a_maximum(void **state)
{
    (void)state;
    assert_int_equal(feed_whole_and_in_bytes(line_of("data: ", MAX_FRAME, "\n\n")), 0);
    assert_int_equal(feed_whole_and_in_bytes(line_of("data: ", MAX_FRAME + 1, "\n\n")),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(feed_whole_and_in_bytes(line_of("data: a\ndata: ", MAX_FRAME - 2, "\n\n")), 0);
    assert_int_equal(feed_whole_and_in_bytes(line_of("data: a\ndata: ", MAX_FRAME - 1, "\n\n")),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(feed_whole_and_in_bytes(line_of(": ", 2 * MAX_FRAME, "\n\n")),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(feed_whole_and_in_bytes(line_of("x", 2 * MAX_FRAME, "")),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
}

static void what_the_function_returns_stops_feeding(void **state)
{
    (void)state;
    static const char *const texts[] = {"data: a\n\ndata: b\n\ndata: c\n\n", "1\n2\n3\n"};
    for (int i = 0; i < 2; i++) {
        seen_frames seen = {.stop_after = 2, .stop_code = 77};
        size_t n = strlen(texts[i]);
        assert_int_equal(
            feed_split(i ? BELUGA_FRAMING_NDJSON : BELUGA_FRAMING_SSE, texts[i], n, n, n, &seen),
            77);
        assert_int_equal(seen.frames, 2);
    }
}

/* ---- lines of JSON --------------------------------------------------------------------------- */

static void each_line_is_a_frame(void **state)
{
    (void)state;
    assert_lines("{\"a\":1}\n{\"b\":2}\r\n\r\n \t\n\n3", "{\"a\":1};{\"b\":2};3;");
    assert_lines("\xef\xbb\xbf"
                 "1\n2\n",
                 "1;2;");
    assert_lines("", "");
    assert_lines("\n\r\n", "");
}

static void a_line_has_a_maximum(void **state)
{
    (void)state;
    char *text = line_of("", MAX_FRAME, "\n");
    seen_frames seen = {0};
    assert_int_equal(feed_bytes(BELUGA_FRAMING_NDJSON, text, strlen(text), &seen), 0);
    assert_int_equal(seen.frames, 1);
    text = line_of("", MAX_FRAME + 1, "\n");
    assert_int_equal(feed_bytes(BELUGA_FRAMING_NDJSON, text, strlen(text), &seen),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    text = line_of("", 2 * MAX_FRAME, "\n");
    assert_int_equal(feed_bytes(BELUGA_FRAMING_NDJSON, text, strlen(text), &seen),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static int feed_whole_events(void *argument)
{
    static char text[] = "event: a\ndata: {}\n\n: hi\n\ndata: {}\r\n\r\n";
    seen_frames seen = {0};
    beluga__framer framer;
    int code =
        beluga__framer_init(&framer, BELUGA_FRAMING_SSE, beluga_allocator_default(), MAX_FRAME);
    for (int i = 0; i < 3 && !code; i++)
        code = beluga__framer_feed(&framer, text, sizeof text - 1, on_frame, &seen);
    beluga__framer_free(&framer);
    (void)argument;
    return code;
}

static void whole_events_are_not_copied(void **state)
{
    (void)state;
    assert_int_equal(torture_count(feed_whole_events, NULL), 0);
}

static int feed_in_pieces(void *argument)
{
    static const char text[] =
        "event: a\ndata: {}\ndata: 1234567890123456789012345678901234567890\n\n"
        "data: 12345678901234567890123456789012345678901234567890123456789012345\n\n";
    seen_frames seen = {0};
    (void)argument;
    return feed_bytes(BELUGA_FRAMING_SSE, text, sizeof text - 1, &seen);
}

static void every_failing_allocation_is_no_memory(void **state)
{
    (void)state;
    assert_true(torture_run(feed_in_pieces, NULL) >= 3);
}

static void an_unknown_framing_is_not_supported(void **state)
{
    (void)state;
    beluga__framer framer;
    assert_int_equal(
        beluga__framer_init(&framer, (beluga_framing)99, beluga_allocator_default(), MAX_FRAME),
        BELUGA_ERROR_NOT_SUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_dispatched_by_a_blank_line),
        cmocka_unit_test(line_ends_may_be_mixed),
        cmocka_unit_test(a_byte_order_mark_is_skipped_once),
        cmocka_unit_test(comments_and_unknown_fields_are_nothing),
        cmocka_unit_test(data_lines_are_joined),
        cmocka_unit_test(one_space_after_the_colon_is_not_data),
        cmocka_unit_test(an_event_has_a_name),
        cmocka_unit_test(an_event_without_data_is_not_dispatched),
        cmocka_unit_test(a_last_event_needs_no_blank_line),
        cmocka_unit_test(json_without_a_field_is_handed_on),
        cmocka_unit_test(nul_bytes_are_data),
        cmocka_unit_test(a_frame_has_a_maximum),
        cmocka_unit_test(what_the_function_returns_stops_feeding),
        cmocka_unit_test(each_line_is_a_frame),
        cmocka_unit_test(a_line_has_a_maximum),
        cmocka_unit_test(whole_events_are_not_copied),
        cmocka_unit_test(every_failing_allocation_is_no_memory),
        cmocka_unit_test(an_unknown_framing_is_not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
