/* AWS event streams: the frames must be the same however the bytes are divided into pieces, and
 * damaged frames are refused. */
#include "base/mem.h"
#include "kit/aws_frames.h"
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

enum { MAX_FRAME = 1000, FRAME_BYTES = 2048 };

/* ---- frames written as text ------------------------------------------------------------------ */

typedef struct seen_frames {
    char text[4096];
    size_t length;
    int stop_after, frames;
} seen_frames;

/* Append a frame as "kind name|data;". */
static int on_frame(void *payload, const beluga_frame *frame)
{
    seen_frames *seen = payload;
    assert_int_equal(frame->data[frame->length], '\0');
    assert_int_equal(frame->event[frame->event_length], '\0');
    int n = snprintf(seen->text + seen->length, sizeof seen->text - seen->length, "%u %s|%s;",
                     (unsigned)frame->kind, frame->event, frame->data);
    seen->length += (size_t)n;
    assert_true(seen->length < sizeof seen->text);
    return ++seen->frames == seen->stop_after ? 7 : 0;
}

static int feed(beluga__framer *framer, const char *bytes, size_t n, seen_frames *seen)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    int code = beluga__framer_feed(framer, copy, n, on_frame, seen);
    assert_memory_equal(copy, bytes, n); /* the reader has restored the bytes that it changed */
    free(copy);
    return code;
}

/* Feed the bytes to a framer in two pieces, the first of `at` bytes. */
static int read_split(const char *bytes, size_t n, size_t at, seen_frames *seen)
{
    beluga__framer framer;
    memset(seen, 0, sizeof *seen);
    assert_int_equal(beluga__framer_init(&framer, BELUGA_FRAMING_AWS_EVENT_STREAM,
                                         beluga_allocator_default(), MAX_FRAME),
                     0);
    int code = feed(&framer, bytes, at, seen);
    if (!code) code = feed(&framer, bytes + at, n - at, seen);
    if (!code) code = beluga__framer_end(&framer, on_frame, seen);
    beluga__framer_free(&framer);
    return code;
}

static int read_all(const char *bytes, size_t n, seen_frames *seen)
{
    return read_split(bytes, n, n, seen);
}

static size_t from_hex(const char *hex, char *out)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= FRAME_BYTES);
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (char)byte;
    }
    return n;
}

/* ---- frames that AWS's SDK for JavaScript has written ---------------------------------------- */

static const char an_event[] =
    "0000009400000057b4ab9aee0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a63"
    "6f6e74656e742d74"
    "7970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070005"
    "6576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869"
    "227d7d1f944657";
/* A frame with one header of each type. */
static const char an_exception[] = "0000009e0000007c52a77b0f016100016201016302010164030002016504000"
                                   "000030166060003010203016708000000e8d4a510000168"
                                   "090123456789abcdef0123456789abcdef0d3a6d6573736167652d747970650"
                                   "70009657863657074696f6e0f3a657863657074696f6e2d"
                                   "747970650700137468726f74746c696e67457863657074696f6e7b226d65737"
                                   "3616765223a22736c6f77227d02146784";
static const char an_error[] = "000000750000006569c825010d3a6d6573736167652d747970650700056572726f7"
                               "20b3a6572726f722d636f646507000d496e7465726e"
                               "616c4572726f720e3a6572726f722d6d657373616765070021416e20696e7465726"
                               "e616c20736572766572206572726f72206f63637572"
                               "72656444197ec0";

static void frames_of_another_encoder_are_read(void **state)
{
    char bytes[FRAME_BYTES];
    seen_frames seen;
    (void)state;
    assert_int_equal(read_all(bytes, from_hex(an_event, bytes), &seen), 0);
    assert_string_equal(
        seen.text, "0 contentBlockDelta|{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}};");
    assert_int_equal(read_all(bytes, from_hex(an_exception, bytes), &seen), 0);
    assert_string_equal(seen.text, "1 throttlingException|{\"message\":\"slow\"};");
    assert_int_equal(read_all(bytes, from_hex(an_error, bytes), &seen), 0);
    assert_string_equal(seen.text, "2 InternalError|An internal server error occurred;");
}

static void the_tests_write_frames_as_the_other_encoder(void **state)
{
    char bytes[FRAME_BYTES], own[FRAME_BYTES];
    (void)state;
    size_t n = from_hex(an_event, bytes);
    size_t length = aws_frame(
        own,
        ":event-type: contentBlockDelta\n:content-type: application/json\n:message-type: event\n",
        "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}");
    assert_int_equal(length, n);
    assert_memory_equal(own, bytes, n);
}

/* ---- pieces of any size ---------------------------------------------------------------------- */

static size_t three_frames(char *out)
{
    size_t n = aws_frame(out, ":message-type: event\n:event-type: one\n", "{\"a\":1}");
    n += aws_frame(out + n, ":message-type: event\n:event-type: two\n", "");
    return n + aws_frame(out + n, ":message-type: exception\n:exception-type: three\n", "{}");
}

static const char three_texts[] = "0 one|{\"a\":1};0 two|;1 three|{};";

static beluga__framer begun(void)
{
    beluga__framer framer;
    beluga__framer_init(&framer, BELUGA_FRAMING_AWS_EVENT_STREAM, beluga_allocator_default(),
                        MAX_FRAME);
    return framer;
}

static void any_split_gives_the_same_frames(void **state)
{
    char bytes[FRAME_BYTES];
    seen_frames seen;
    (void)state;
    size_t n = three_frames(bytes);
    for (size_t i = 0; i <= n; i++) {
        assert_int_equal(read_split(bytes, n, i, &seen), 0);
        assert_string_equal(seen.text, three_texts);
    }
}

static void single_bytes_give_the_same_frames(void **state)
{
    char bytes[FRAME_BYTES];
    seen_frames seen = {.length = 0};
    (void)state;
    size_t n = three_frames(bytes);
    beluga__framer framer = begun();
    for (size_t i = 0; i < n; i++) assert_int_equal(feed(&framer, bytes + i, 1, &seen), 0);
    assert_string_equal(seen.text, three_texts);
    beluga__framer_free(&framer);
}

static void half_a_frame_at_the_end_is_none(void **state)
{
    char bytes[FRAME_BYTES];
    seen_frames seen;
    (void)state;
    size_t n = aws_frame(bytes, ":message-type: event\n:event-type: one\n", "{}");
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(read_all(bytes, i, &seen), 0);
        assert_int_equal(seen.frames, 0);
    }
}

static void what_the_reader_returns_stops_the_feeding(void **state)
{
    char bytes[FRAME_BYTES];
    seen_frames seen = {.stop_after = 1};
    (void)state;
    size_t n = three_frames(bytes);
    beluga__framer framer = begun();
    assert_int_equal(feed(&framer, bytes, n, &seen), 7);
    assert_string_equal(seen.text, "0 one|{\"a\":1};");
    beluga__framer_free(&framer);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void no_flipped_bit_goes_unseen(void **state)
{
    char bytes[FRAME_BYTES];
    seen_frames seen;
    (void)state;
    size_t n = aws_frame(bytes, ":message-type: event\n:event-type: one\n", "{\"a\":1}");
    for (size_t i = 0; i < 8 * n; i++) {
        bytes[i / 8] ^= (char)(1 << i % 8);
        assert_int_equal(read_all(bytes, n, &seen), BELUGA_ERROR_MALFORMED_RESPONSE);
        assert_int_equal(read_split(bytes, n, n / 2, &seen), BELUGA_ERROR_MALFORMED_RESPONSE);
        assert_int_equal(seen.frames, 0);
        bytes[i / 8] ^= (char)(1 << i % 8);
    }
}

/* Assert that a frame with these headers is refused as malformed, although its checksums are
 * right. */
static void assert_malformed(const char *headers, size_t n_headers, uint32_t total)
{
    char bytes[FRAME_BYTES];
    seen_frames seen;
    size_t n = aws_frame_raw(bytes, headers, n_headers, "{}", 2, total);
    assert_int_equal(read_all(bytes, n, &seen), BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_int_equal(seen.frames, 0);
}

static void headers_that_do_not_fit_are_malformed(void **state)
{
    (void)state;
    assert_malformed("\x05", 1, 0); /* the name is missing */
    assert_malformed("\x01"
                     "a",
                     2, 0); /* the type is missing */
    assert_malformed("\x01"
                     "a\x07\x00",
                     4, 0); /* half a length */
    assert_malformed("\x01"
                     "a\x07\x00\x05"
                     "ab",
                     7, 0); /* half a value */
    assert_malformed("\x01"
                     "a\x09"
                     "0123456789",
                     13, 0); /* half a UUID */
    assert_malformed("\x01"
                     "a\x0a",
                     3, 0);      /* an unknown type */
    assert_malformed("", 0, 15); /* the frame is shorter than the smallest valid one */
    assert_malformed("\x01"
                     "a\x00",
                     3, 16); /* the headers are longer than the frame */
}

static void a_frame_over_the_maximum_is_refused_at_its_first_bytes(void **state)
{
    static char payload[MAX_FRAME + 200];
    char bytes[FRAME_BYTES];
    seen_frames seen;
    (void)state;
    memset(payload, ' ', sizeof payload - 1);
    aws_frame(bytes, ":message-type: event\n:event-type: one\n", payload);
    assert_int_equal(read_all(bytes, 12, &seen), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(read_split(bytes, 12, 5, &seen), BELUGA_ERROR_LIMIT_EXCEEDED);
}

static void frames_of_other_kinds_are_skipped(void **state)
{
    char bytes[FRAME_BYTES];
    seen_frames seen;
    (void)state;
    size_t n = aws_frame(bytes, ":message-type: telegram\n:event-type: one\n", "{}");
    n += aws_frame(bytes + n, "", "{}");
    n += aws_frame(bytes + n, ":message-type: event\n", "{}");
    n += aws_frame(bytes + n, ":message-type: error\n", "{}");
    assert_int_equal(read_all(bytes, n, &seen), 0);
    assert_string_equal(seen.text, "0 |{};2 |;");
}

/* ---- when memory runs out -------------------------------------------------------------------- */

static int feed_in_pieces(void *argument)
{
    char bytes[FRAME_BYTES];
    seen_frames seen;
    (void)argument;
    size_t n = three_frames(bytes);
    return read_split(bytes, n, 20, &seen);
}

static void the_tests_write_no_frame_of_what_is_no_header(void **state)
{
    char out[FRAME_BYTES];
    (void)state;
    assert_int_equal(aws_frames(out, sizeof out, ":event-type\n{}\n"), 0);
    assert_int_equal(aws_frames(out, sizeof out, ":event-type:x\n{}\n"), 0);
    assert_int_not_equal(aws_frames(out, sizeof out, ":event-type: x\n{}\n"), 0);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    assert_true(torture_run(feed_in_pieces, NULL) >= 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_another_encoder_are_read),
        cmocka_unit_test(the_tests_write_frames_as_the_other_encoder),
        cmocka_unit_test(any_split_gives_the_same_frames),
        cmocka_unit_test(single_bytes_give_the_same_frames),
        cmocka_unit_test(half_a_frame_at_the_end_is_none),
        cmocka_unit_test(what_the_reader_returns_stops_the_feeding),
        cmocka_unit_test(no_flipped_bit_goes_unseen),
        cmocka_unit_test(headers_that_do_not_fit_are_malformed),
        cmocka_unit_test(a_frame_over_the_maximum_is_refused_at_its_first_bytes),
        cmocka_unit_test(frames_of_other_kinds_are_skipped),
        cmocka_unit_test(the_tests_write_no_frame_of_what_is_no_header),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
