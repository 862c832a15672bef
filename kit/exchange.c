#include "kit/exchange.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Headers that the transport adds are not compared. */
bool check_is_compared(const char *header)
{
    static const char *const names[] = {"host",       "user-agent", "accept", "accept-encoding",
                                        "connection", "expect",     NULL};
    if (strcasecmp(header, "content-length") == 0) return false;
    for (size_t i = 0; names[i]; i++)
        if (strcasecmp(header, names[i]) == 0) return false;
    return true;
}

bool check_find(check_run *run, const char *section, const char *other, check_text *text)
{
    const char *const others[] = {other, NULL};
    return check_fixture_find(run->profile, run->scenario->name, others, section, text);
}

const char *check_answers_like(const check_run *run)
{
    return run->scenario->answer_like ? run->scenario->answer_like : run->scenario->like;
}

static bool find_answer(check_run *run, size_t n, check_text *text)
{
    char section[CHECK_SECTION_BYTES];
    check_section_name(section, "answer", n);
    bool stands_in = !run->settings->foreign || !run->scenario->own;
    return check_find(run, section, stands_in ? check_answers_like(run) : NULL, text);
}

bool check_has_answer(check_run *run, size_t n)
{
    check_text text = {0};
    bool has = find_answer(run, n, &text);
    check_text_free(&text);
    return has;
}

void check_no_answer(check_run *run, const char *scenario, size_t n)
{
    char section[CHECK_SECTION_BYTES];
    check_section_name(section, "answer", n);
    check_text_printf(&run->reason, "no file check/%s" CHECK_FIXTURE_ENDING " with the section %s",
                      scenario, section);
}

/* Only the answers that a foreign provider's author wrote are played. */
static bool miss_answer(check_run *run, size_t n)
{
    const char *like = check_answers_like(run);
    if (!run->settings->foreign) {
        check_problem(run, "answer %zu of %s: there is none", n, run->scenario->name);
    } else if (!run->reason.length) {
        check_no_answer(run, like && !run->scenario->own ? like : run->scenario->name, n);
    }
    return false;
}

bool check_load_answer(check_run *run, size_t n)
{
    check_text text = {0};
    check_answer_free(&run->answer);
    if (!find_answer(run, n, &text)) return miss_answer(run, n);
    const char *wrong = check_answer_parse(&run->answer, check_text_get(&text), text.length, NULL);
    if (wrong) check_problem(run, "answer %zu of %s: %s", n, run->scenario->name, wrong);
    check_text_free(&text);
    return !wrong;
}

bool check_load_usual_answer(check_run *run, bool streamed)
{
    check_text text = {0};
    const char *name = streamed ? "stream" : "text", *wrong = "there is none";
    check_answer_free(&run->answer);
    if (check_fixture_find(run->profile, name, NULL, "answer", &text))
        wrong = check_answer_parse(&run->answer, check_text_get(&text), text.length, NULL);
    else if (run->settings->foreign)
        check_no_answer(run, name, 1);
    if (wrong && !run->reason.length) check_problem(run, "the answer of %s: %s", name, wrong);
    check_text_free(&text);
    return !wrong;
}

void check_play(check_run *run, size_t length, check_end end)
{
    check_answer_play(&run->answer, peer_reply_new(run->peer), length, end);
}

void check_play_whole(check_run *run)
{
    check_play(run, run->answer.body.length, CHECK_END_WHOLE);
}

bool check_play_for_ever(check_run *run, bool streamed, unsigned turns)
{
    if (!run->peer) return true;
    if (!check_load_usual_answer(run, streamed)) return false;
    peer_reply *reply = peer_reply_new(run->peer);
    check_answer_play(&run->answer, reply, run->answer.body.length, CHECK_END_WHOLE);
    peer_reply_repeat(reply, PEER_FOR_EVER);
    if (turns) peer_reply_turn(reply, 0, turns);
    return true;
}
