/* When a streamed answer is whole. The frames are written as words: "c" brought content, "r" a
 * finish reason, "cr" both, "u" neither. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/proof.h"

#include <string.h>

static beluga__proof after(const char *frames)
{
    beluga__proof proof = {0};
    for (const char *at = frames; *at; at += strspn(at, " ")) {
        unsigned brought = 0;
        for (; *at && *at != ' '; at++)
            brought |= *at == 'c'   ? BELUGA__BROUGHT_CONTENT
                       : *at == 'r' ? BELUGA__BROUGHT_REASON
                                    : BELUGA__BROUGHT_OTHER;
        beluga__proof_note(&proof, brought);
    }
    return proof;
}

/* `ends` has a letter for each end that makes the answer whole: Marked, Framed, cLosed, Cut, and
 * Grace. */
static void assert_whole(const char *frames, const char *ends)
{
    beluga__proof proof = after(frames);
    static const char letters[] = "MFLC";
    for (int end = BELUGA__BODY_MARKED; end <= BELUGA__BODY_CUT; end++)
        if (beluga__proof_holds(&proof, (beluga__body_end)end) != !!strchr(ends, letters[end]))
            fail_msg("\"%s\" and end %c", frames, letters[end]);
    if (beluga__proof_allows_grace(&proof) != !!strchr(ends, 'G')) fail_msg("\"%s\"", frames);
}

static void without_a_reason_nothing_is_whole(void **state)
{
    (void)state;
    assert_whole("", "");
    assert_whole("c c u", "");
}

static void a_reason_that_stands_alone_proves_the_end_even_of_a_cut_body(void **state)
{
    (void)state;
    assert_whole("c r", "MFLCG");
    assert_whole("c r u u", "MFLCG");
    assert_whole("r", "MFLCG");
    assert_whole("c r r", "MFLCG");
}

static void a_reason_with_content_needs_an_end_of_the_body(void **state)
{
    (void)state;
    assert_whole("c cr", "MFL");
    assert_whole("cr u", "MFL");
}

static void a_reason_without_content_after_it_makes_up_for_that(void **state)
{
    (void)state;
    assert_whole("cr r", "MFLCG");
}

static void what_follows_a_reason_counts_and_takes_its_proof_away(void **state)
{
    (void)state;
    assert_whole("r c", "MF");
    assert_whole("c r u c", "MF");
}

static void the_next_reason_proves_again(void **state)
{
    (void)state;
    assert_whole("r c c r", "MFLCG");
    assert_whole("r c cr", "MFL");
}

static void a_reason_in_every_chunk_proves_nothing(void **state)
{
    (void)state;
    assert_whole("cr cr", "MF");
    assert_whole("cr c", "MF");
    assert_whole("cr cr r", "MF");
    assert_whole("cr r c r", "MF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_reason_nothing_is_whole),
        cmocka_unit_test(a_reason_that_stands_alone_proves_the_end_even_of_a_cut_body),
        cmocka_unit_test(a_reason_with_content_needs_an_end_of_the_body),
        cmocka_unit_test(a_reason_without_content_after_it_makes_up_for_that),
        cmocka_unit_test(what_follows_a_reason_counts_and_takes_its_proof_away),
        cmocka_unit_test(the_next_reason_proves_again),
        cmocka_unit_test(a_reason_in_every_chunk_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
