#include "kit/exchange.h"

#include "kit/open.h"
#include "kit/perform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Headers that the transport writes are not compared. */
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

/* Return the case whose answers are played: the scenario's own case if it has an answer, else the
 * case of check_answers_like(). */
static const char *case_of_answers(check_run *run)
{
    check_text text = {0};
    const char *own = run->scenario->name;
    bool stands_in = !run->settings->foreign || !run->scenario->own;
    bool has = check_fixture_find(run->profile, own, NULL, "answer", &text);
    check_text_free(&text);
    return has || !stands_in || !check_answers_like(run) ? own : check_answers_like(run);
}

static bool find_answer(check_run *run, const char *of, size_t n, check_text *text)
{
    char section[CHECK_SECTION_BYTES];
    check_section_name(section, "answer", n);
    return check_fixture_find(run->profile, of, NULL, section, text);
}

static bool has_answer(check_run *run, const char *of, size_t n)
{
    check_text text = {0};
    bool has = n <= CHECK_MAX_EXCHANGES && find_answer(run, of, n, &text);
    check_text_free(&text);
    return has;
}

bool check_has_answer(check_run *run, size_t n)
{
    return has_answer(run, case_of_answers(run), n);
}

void check_free_answers(check_run *run)
{
    check_answer_free(&run->answer);
    for (size_t i = 0; run->lead && i < run->lead->n; i++)
        check_answer_free(&run->lead->answers[i]);
    free(run->lead);
    run->lead = NULL;
}

void check_no_answer(check_run *run, const char *scenario, size_t n)
{
    char section[CHECK_SECTION_BYTES];
    check_section_name(section, "answer", n);
    check_text_printf(&run->reason, "no file check/%s" CHECK_FIXTURE_ENDING " with the section %s",
                      scenario, section);
}

/* Skip the scenario of a foreign provider if its author wrote no answer. */
static bool miss_answer(check_run *run, size_t n)
{
    if (!run->settings->foreign)
        check_problem(run, "answer %zu of %s is missing", n, run->scenario->name);
    else if (!run->reason.length)
        check_no_answer(run, case_of_answers(run), n);
    return false;
}

/* Replace the start of URLs by the peer's: "https://api.example/v1" by "http://127.0.0.1:80/v1". */
static void replace_url(check_text *text, const char *from, const char *to)
{
    check_text out = {0};
    if (!from || !*from || !strstr(check_text_get(text), from)) return;
    check_text_replace(&out, check_text_get(text), from, to);
    check_text_free(text);
    *text = out;
}

/* Replace the service's URLs in an answer by the peer's, since an answer may contain the URL of the
 * next request. */
static void localize(const check_run *run, check_text *text)
{
    char server_url[64], base[64 + sizeof run->profile->base_path];
    const char *server;
    if (!run->peer || strlen(check_text_get(text)) != text->length) return; /* not text */
    snprintf(server_url, sizeof server_url, "http://127.0.0.1:%d", peer_port(run->peer));
    snprintf(base, sizeof base, "%s%s", server_url, run->profile->base_path);
    replace_url(text, run->provider->base_url, base);
    for (size_t i = 0; (server = check_profile_server(run->profile, i)); i++)
        replace_url(text, server, server_url);
}

static bool is_of_a_stream(const check_run *run, const char *of)
{
    for (const check_scenario *s = run->scenarios; s->name; s++)
        if (strcmp(s->name, of) == 0) return s->needs & BELUGA_CAPABILITY_STREAM;
    return false;
}

/* Turn the answer into a stream for a provider with a framing of its own, and find the frames with
 * the provider's function. @return a description of a fault, or NULL. */
static const char *make_stream(const check_run *run, const char *of, check_answer *answer)
{
    const beluga_provider *p = run->provider;
    bool is_fixed = p->framing == BELUGA_FRAMING_RAW || p->framing == BELUGA_FRAMING_OWN;
    if (!is_fixed || answer->streamed || answer->status >= 300 || !is_of_a_stream(run, of))
        return NULL;
    return check_answer_make_stream(answer, p->framing, p->cut) ? NULL : "it has too many frames";
}

static bool read_answer(check_run *run, const char *of, size_t n, check_answer *answer)
{
    check_text text = {0};
    const char *wrong = "there is none";
    *answer = (check_answer){0};
    if (find_answer(run, of, n, &text)) {
        localize(run, &text);
        wrong = check_answer_parse(answer, check_text_get(&text), text.length, NULL);
        if (!wrong) wrong = make_stream(run, of, answer);
    }
    if (wrong) check_problem(run, "answer %zu of %s: %s", n, of, wrong);
    check_text_free(&text);
    return !wrong;
}

bool check_load_answer(check_run *run, size_t n)
{
    const char *of = case_of_answers(run);
    check_free_answers(run);
    return has_answer(run, of, n) ? read_answer(run, of, n, &run->answer) : miss_answer(run, n);
}

bool check_load_case(check_run *run, const char *of)
{
    size_t n = 1;
    check_free_answers(run);
    if (!has_answer(run, of, 1)) return false;
    while (has_answer(run, of, n + 1)) n++;
    if (n > 1) run->lead = calloc(1, sizeof *run->lead);
    if (n > 1 && !run->lead) {
        check_problem(run, "out of memory");
        return false;
    }
    for (size_t i = 1; i < n; i++)
        if (!read_answer(run, of, i, &run->lead->answers[run->lead->n++])) return false;
    return read_answer(run, of, n, &run->answer);
}

bool check_load_call(check_run *run)
{
    const char *of = case_of_answers(run);
    return has_answer(run, of, 1) ? check_load_case(run, of) : miss_answer(run, 1);
}

void check_shorten_call(check_run *run, size_t n)
{
    check_lead *lead = run->lead;
    if (!lead || n > lead->n) return;
    check_answer_free(&run->answer);
    run->answer = lead->answers[n - 1];
    for (size_t i = n; i < lead->n; i++) check_answer_free(&lead->answers[i]);
    lead->n = n - 1;
}

bool check_load_usual_answer(check_run *run, bool streamed)
{
    const char *name = streamed ? "stream" : "text";
    if (has_answer(run, name, 1)) return check_load_case(run, name);
    check_free_answers(run);
    if (run->settings->foreign)
        check_no_answer(run, name, 1);
    else
        check_problem(run, "the answer of %s is missing", name);
    return false;
}

/* ---- calls of several requests --------------------------------------------------------------- */

static void write_route(const check_run *run, size_t i, char route[CHECK_ROUTE_BYTES])
{
    const char *method = peer_request_method(run->peer, i), *path = peer_request_path(run->peer, i);
    snprintf(route, CHECK_ROUTE_BYTES, "%s %s", method ? method : "", path ? path : "");
}

bool check_is_route(const check_run *run, size_t request, size_t n)
{
    char route[CHECK_ROUTE_BYTES];
    if (!run->lead || !run->lead->routed) return true;
    write_route(run, request, route);
    return strcmp(run->lead->routes[n - 1], route) == 0;
}

/* Record the routes of the first call's requests, which show which request each answer is for. A
 * later call may make fewer requests, for example none for a token that is still valid. */
static void learn_routes(check_run *run)
{
    check_lead *lead = run->lead;
    if (lead->routed || peer_requests(run->peer) <= lead->n) return;
    for (size_t i = 0; i <= lead->n; i++) write_route(run, i, lead->routes[i]);
    lead->routed = true;
}

static peer_reply *reply_to(check_run *run, size_t n)
{
    peer_reply *reply = peer_reply_new(run->peer);
    if (run->lead && run->lead->routed) peer_reply_match_route(reply, run->lead->routes[n - 1]);
    return reply;
}

static void play_lead(const check_lead *lead, size_t i, peer_reply *reply)
{
    const check_answer *a = &lead->answers[i];
    if (lead->byte_by_byte)
        check_answer_play_bytes(a, reply);
    else
        check_answer_play(a, reply, a->body.length, CHECK_END_WHOLE);
}

peer_reply *check_next_reply(check_run *run)
{
    check_lead *lead = run->lead;
    if (!lead) return peer_reply_new(run->peer);
    learn_routes(run);
    for (size_t i = 0; i < lead->n; i++) play_lead(lead, i, reply_to(run, i + 1));
    return reply_to(run, lead->n + 1);
}

bool check_sends_more(const check_run *run)
{
    return run->provider->encode_cancel != NULL;
}

void check_count_asked(check_run *run)
{
    bool counted = run->lead || check_sends_more(run);
    run->asked = counted ? peer_requests(run->peer) : run->asked + 1;
}

size_t check_last_request(const check_run *run)
{
    size_t n = peer_requests(run->peer);
    if (!run->lead || !n) return run->asked;
    while (n > 1 && !check_is_route(run, n - 1, run->lead->n + 1)) n--;
    return n - 1;
}

void check_play(check_run *run, size_t length, check_end end)
{
    check_answer_play(&run->answer, check_next_reply(run), length, end);
}

void check_play_whole(check_run *run)
{
    check_play(run, run->answer.body.length, CHECK_END_WHOLE);
}

/* ---- for ever -------------------------------------------------------------------------------- */

/* Make a call against a separate peer, to learn which request each answer is for. */
static bool try_call(check_run *run, bool streamed)
{
    check_run trial;
    check_run_copy(&trial, run);
    trial.asked = 0;
    trial.answer = (check_answer){0};
    trial.lead = NULL;
    trial.peer = peer_start();
    check_call_begin(&trial);
    trial.model = trial.peer ? check_open(&trial, run->settings->registry) : NULL;
    if (trial.model && check_load_usual_answer(&trial, streamed)) {
        check_play_whole(&trial);
        (streamed ? check_stream : check_generate)(&trial);
        learn_routes(&trial);
        run->lead->routed = trial.lead->routed;
        memcpy(run->lead->routes, trial.lead->routes, sizeof run->lead->routes);
    }
    if (!run->lead->routed && !trial.problems.length)
        check_problem(&trial, "the case has %zu answers, and a call made %zu requests",
                      run->lead->n + 1, trial.peer ? peer_requests(trial.peer) : 0);
    check_let_go(trial.model);
    check_free_answers(&trial);
    check_call_end(&trial);
    peer_stop(trial.peer);
    return !check_run_end_copy(run, &trial, true);
}

static const check_answer *answer_of(const check_run *run, size_t i)
{
    return i < run->lead->n ? &run->lead->answers[i] : &run->answer;
}

/* Return whether this answer is the last for its route. If several requests have the same route,
 * such as polls for a job's state, the last answer is the one that ends the polling. */
static bool is_last_of_its_route(const check_lead *lead, size_t i)
{
    for (size_t k = i + 1; k <= lead->n; k++)
        if (strcmp(lead->routes[k], lead->routes[i]) == 0) return false;
    return true;
}

static bool play_calls_for_ever(check_run *run, bool streamed, unsigned turns)
{
    if (!try_call(run, streamed)) return false;
    for (size_t i = 0; i <= run->lead->n; i++) {
        const check_answer *answer = answer_of(run, i);
        if (!is_last_of_its_route(run->lead, i)) continue;
        peer_reply *reply = reply_to(run, i + 1);
        check_answer_play(answer, reply, answer->body.length, CHECK_END_WHOLE);
        peer_reply_repeat(reply, PEER_FOR_EVER);
        /* only the first request differs between a stream and a whole answer */
        if (turns && i == 0) peer_reply_turn(reply, 0, turns);
    }
    return true;
}

bool check_play_for_ever(check_run *run, bool streamed, unsigned turns)
{
    if (!run->peer) return true;
    if (!check_load_usual_answer(run, streamed)) return false;
    if (run->lead) return play_calls_for_ever(run, streamed, turns);
    peer_reply *reply = peer_reply_new(run->peer);
    check_answer_play(&run->answer, reply, run->answer.body.length, CHECK_END_WHOLE);
    peer_reply_repeat(reply, PEER_FOR_EVER);
    if (turns) peer_reply_turn(reply, 0, turns);
    return true;
}
