/* When a streamed answer counts as complete. Frames are written as words: "c" brought content, "r"
 * a finish reason, "cr" both, and "u" neither. */
#include "model/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

/* `ends` has a letter for each kind of end with which the answer must be complete: Marked, Framed,
 * cLosed, Cut, and G for the end of the grace period. */
static void assert_whole(const char *frames, const char *ends)
{
    beluga__proof proof = after(frames);
    static const char letters[] = "MFLC";
    for (int end = BELUGA__BODY_MARKED; end <= BELUGA__BODY_CUT; end++)
        if (beluga__proof_holds(&proof, (beluga__body_end)end) != !!strchr(ends, letters[end]))
            fail_msg("\"%s\" and end %c", frames, letters[end]);
    if (beluga__proof_allows_grace(&proof) != !!strchr(ends, 'G')) fail_msg("\"%s\"", frames);
}

typedef struct rule {
    const char *name;
    struct {
        const char *frames, *ends;
    } cases[5];
} rule;

static const rule rules[] = {
    {"without_a_reason_nothing_is_whole", {{"", ""}, {"c c u", ""}}},
    {"a_reason_that_stands_alone_proves_the_end_even_of_a_cut_body",
     {{"c r", "MFLCG"}, {"c r u u", "MFLCG"}, {"r", "MFLCG"}, {"c r r", "MFLCG"}}},
    {"a_reason_with_content_needs_an_end_of_the_body", {{"c cr", "MFL"}, {"cr u", "MFL"}}},
    {"a_reason_without_content_after_it_makes_up_for_that", {{"cr r", "MFLCG"}}},
    {"what_follows_a_reason_counts_and_takes_its_proof_away", {{"r c", "MF"}, {"c r u c", "MF"}}},
    {"the_next_reason_proves_again", {{"r c c r", "MFLCG"}, {"r c cr", "MFL"}}},
    {"a_reason_in_every_chunk_proves_nothing",
     {{"cr cr", "MF"}, {"cr c", "MF"}, {"cr cr r", "MF"}, {"cr r c r", "MF"}}},
};

enum { RULES = sizeof rules / sizeof *rules };

static void holds(void **state)
{
    const rule *r = *state;
    for (int i = 0; r->cases[i].frames; i++) assert_whole(r->cases[i].frames, r->cases[i].ends);
}

int main(void)
{
    struct CMUnitTest tests[RULES];
    for (int i = 0; i < RULES; i++)
        tests[i] =
            (struct CMUnitTest){rules[i].name, holds, NULL, NULL, (void *)(uintptr_t)&rules[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
