/* Framings that only a provider can choose: the pieces as they arrive, or frames that the
 * provider's own function cuts. */
#include "base/mem.h"
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

typedef struct seen_frames {
    char text[8192];
    size_t length;
    int frames, stop_after;
} seen_frames;

static void note(seen_frames *seen, const char *text, size_t n)
{
    assert_true(seen->length + n < sizeof seen->text);
    memcpy(seen->text + seen->length, text, n);
    seen->length += n;
    seen->text[seen->length] = '\0';
}

static int on_frame(void *payload, const beluga_frame *frame)
{
    seen_frames *seen = payload;
    assert_int_equal(frame->data[frame->length], '\0');
    if (frame->event) {
        assert_int_equal(strlen(frame->event), frame->event_length);
        note(seen, frame->event, frame->event_length);
        note(seen, "|", 1);
    }
    note(seen, frame->data, frame->length);
    note(seen, ";", 1);
    return ++seen->frames == seen->stop_after ? 7 : 0;
}

/* Cut a frame such as "3abcname.": one digit for the length, the data, and a name that ends with a
 * dot. */
static int cut_by_length(const char *bytes, size_t length, bool ended, beluga_cut *cut)
{
    (void)ended;
    if (*bytes < '0' || *bytes > '9') return BELUGA_ERROR_MALFORMED_RESPONSE;
    cut->data = 1;
    cut->data_length = (size_t)(*bytes - '0');
    cut->event = cut->data + cut->data_length;
    assert_true(cut->seen < length || ended);
    const char *dot =
        length > cut->event ? memchr(bytes + cut->event, '.', length - cut->event) : NULL;
    if (!dot) return 0;
    cut->event_length = (size_t)(dot - bytes) - cut->event;
    cut->end = (size_t)(dot - bytes) + 1;
    return 0;
}

/* Cut a text that ends with a slash. At the end of the body the last text needs no slash. */
static int cut_by_slash(const char *bytes, size_t length, bool ended, beluga_cut *cut)
{
    assert_int_equal(cut->size, sizeof *cut);
    for (size_t i = 0; i < cut->seen; i++) assert_int_not_equal(bytes[i], '/');
    const char *slash = memchr(bytes + cut->seen, '/', length - cut->seen);
    if (!slash && !ended) return 0;
    cut->data_length = slash ? (size_t)(slash - bytes) : length;
    cut->end = cut->data_length + (slash != NULL);
    return 0;
}

static int feed(beluga_framing framing, beluga__cut_fn cut, const char *text, size_t n, size_t step,
                seen_frames *seen)
{
    beluga__framer framer;
    assert_int_equal(beluga__framer_init(&framer, framing, beluga_allocator_default(), MAX_FRAME),
                     0);
    framer.cut = cut;
    int code = 0;
    memset(seen->text, 0, sizeof seen->text);
    seen->length = 0;
    seen->frames = 0;
    for (size_t at = 0; at < n && !code; at += step) {
        size_t length = n - at < step ? n - at : step;
        char *piece = malloc(length);
        assert_non_null(piece);
        memcpy(piece, text + at, length);
        code = beluga__framer_feed(&framer, piece, length, on_frame, seen);
        free(piece);
    }
    if (!code) code = beluga__framer_end(&framer, on_frame, seen);
    beluga__framer_free(&framer);
    return code;
}

static void pieces_of_a_raw_body_are_frames_as_they_come(void **state)
{
    (void)state;
    seen_frames seen = {.length = 0};
    assert_int_equal(feed(BELUGA_FRAMING_RAW, NULL, "\xef\xbb\xbf one\n\n", 9, 4, &seen), 0);
    assert_string_equal(seen.text, "\xef\xbb\xbf ;one\n;\n;");
    assert_int_equal(feed(BELUGA_FRAMING_RAW, NULL, "abc", 3, 1, &seen), 0);
    assert_string_equal(seen.text, "a;b;c;");
}

static void a_raw_piece_is_no_longer_than_a_frame_may_be(void **state)
{
    (void)state;
    char text[2 * MAX_FRAME + 1];
    seen_frames seen = {.length = 0};
    memset(text, 'x', sizeof text);
    assert_int_equal(feed(BELUGA_FRAMING_RAW, NULL, text, sizeof text, sizeof text, &seen), 0);
    assert_int_equal(seen.frames, 3);
    assert_int_equal(seen.length, sizeof text + 3);
}

static void frames_of_an_own_cutter_are_the_same_however_the_bytes_arrive(void **state)
{
    (void)state;
    static const char lengths[] = "3abcone.0end.2de.0.1.x.";
    static const char slashes[] = "one//two/\n/three";
    seen_frames seen = {.length = 0};
    for (size_t step = 1; step <= sizeof lengths; step++) {
        assert_int_equal(
            feed(BELUGA_FRAMING_OWN, cut_by_length, lengths, sizeof lengths - 1, step, &seen), 0);
        assert_string_equal(seen.text, "one|abc;end|;de;x|.;");
        assert_int_equal(
            feed(BELUGA_FRAMING_OWN, cut_by_slash, slashes, sizeof slashes - 1, step, &seen), 0);
        assert_string_equal(seen.text, "one;two;\n;three;");
    }
}

static void a_frame_that_is_not_whole_at_the_end_is_dropped(void **state)
{
    (void)state;
    seen_frames seen = {.length = 0};
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_by_length, "1ax.9b", 6, 6, &seen), 0);
    assert_string_equal(seen.text, "x|a;");
}

static void what_stops_the_feeding_is_returned(void **state)
{
    (void)state;
    seen_frames seen = {.stop_after = 2};
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_by_slash, "a/b/c/", 6, 6, &seen), 7);
    assert_string_equal(seen.text, "a;b;");
    assert_int_equal(feed(BELUGA_FRAMING_RAW, NULL, "abc", 3, 1, &seen), 7);
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_by_length, "x", 1, 1, &seen),
                     BELUGA_ERROR_MALFORMED_RESPONSE);
}

static int cut_nothing(const char *bytes, size_t length, bool ended, beluga_cut *cut)
{
    (void)bytes;
    (void)length;
    (void)ended;
    (void)cut;
    return 0;
}

static void a_frame_without_an_end_is_over_the_limit(void **state)
{
    (void)state;
    char text[2 * MAX_FRAME];
    seen_frames seen = {.length = 0};
    memset(text, 'x', sizeof text);
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_nothing, text, sizeof text, 100, &seen),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_nothing, text, sizeof text, sizeof text, &seen),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    text[MAX_FRAME + 10] = '/';
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_by_slash, text, sizeof text, 100, &seen),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
}

static void many_small_frames_in_one_large_piece_are_under_the_limit(void **state)
{
    (void)state;
    char text[3 * MAX_FRAME];
    seen_frames seen = {.length = 0};
    for (size_t i = 0; i < sizeof text; i++) text[i] = i % 10 == 9 ? '/' : 'x';
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_by_slash, text, sizeof text, sizeof text, &seen),
                     0);
    assert_int_equal(seen.frames, 3 * MAX_FRAME / 10);
}

static beluga_cut nonsense;
static int nonsense_code;

static int cut_nonsense(const char *bytes, size_t length, bool ended, beluga_cut *cut)
{
    (void)bytes;
    (void)length;
    (void)ended;
    *cut = nonsense;
    return nonsense_code;
}

static void nonsense_of_a_cutter_is_an_error_and_reads_nothing(void **state)
{
    (void)state;
    static const beluga_cut all[] = {
        {.end = 5, .data_length = 1},
        {.end = SIZE_MAX, .data_length = 1},
        {.end = 2, .data_length = 3},
        {.end = 2, .data = 1, .data_length = 2},
        {.end = 2, .data = SIZE_MAX, .data_length = 2},
        {.end = 2, .data = 1, .data_length = SIZE_MAX},
        {.end = 2, .data_length = 1, .event = 2, .event_length = 1},
        {.end = 2, .data_length = 1, .event = SIZE_MAX, .event_length = 2},
    };
    seen_frames seen = {.length = 0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        nonsense = all[i];
        assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_nonsense, "abcd", 4, 4, &seen),
                         BELUGA_ERROR_INVALID_RESPONSE);
        assert_int_equal(seen.frames, 0);
    }
    nonsense = (beluga_cut){.end = 2, .data_length = 1};
    nonsense_code = 1;
    assert_int_equal(feed(BELUGA_FRAMING_OWN, cut_nonsense, "abcd", 4, 4, &seen),
                     BELUGA_ERROR_INVALID_RESPONSE);
    nonsense_code = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_a_raw_body_are_frames_as_they_come),
        cmocka_unit_test(a_raw_piece_is_no_longer_than_a_frame_may_be),
        cmocka_unit_test(frames_of_an_own_cutter_are_the_same_however_the_bytes_arrive),
        cmocka_unit_test(a_frame_that_is_not_whole_at_the_end_is_dropped),
        cmocka_unit_test(what_stops_the_feeding_is_returned),
        cmocka_unit_test(a_frame_without_an_end_is_over_the_limit),
        cmocka_unit_test(many_small_frames_in_one_large_piece_are_under_the_limit),
        cmocka_unit_test(nonsense_of_a_cutter_is_an_error_and_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
