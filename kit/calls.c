#include "kit/calls.h"

#include "kit/aws_frames.h"
#include "kit/exchange.h"
#include "kit/judge.h"
#include "kit/perform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Load the answers of the scenario's case, and let the peer play them. A full provider has no
 * peer. */
static bool prepare(check_run *run)
{
    if (!run->peer) return true;
    if (!check_load_call(run)) return false;
    check_play_whole(run);
    return true;
}

/* Check that the story has the line that the scenario expects. With tools, the answer of a foreign
 * full provider is not known, so any answer is accepted. */
static void judge_content(check_run *run)
{
    bool free = run->settings->foreign && !run->peer && run->call.n_tools;
    if (!free && !strstr(check_text_get(&run->story), run->scenario->shows))
        check_problem(run, "no event's line begins with: %s", run->scenario->shows);
}

static void judge_whole(check_run *run)
{
    if (run->peer) check_request(run, 1);
    if (!run->finished)
        check_problem(run, "the call did not finish: %s", run->error.message);
    else
        judge_content(run);
    check_events(run);
}

static void run_whole(check_run *run, check_action *ask)
{
    if (!prepare(run)) return;
    ask(run);
    judge_whole(run);
}

void check_run_generate(check_run *run)
{
    run_whole(run, check_generate);
}

void check_run_stream(check_run *run)
{
    run_whole(run, check_stream);
}

void check_run_push(check_run *run)
{
    run_whole(run, check_push);
}

void check_run_twice(check_run *run)
{
    bool several = check_has_answer(run, 3); /* each of the two calls makes several requests */
    if (run->peer && !several && !check_load_answer(run, 1)) return;
    if (run->peer && several && !check_load_call(run)) return;
    if (run->peer) check_play_whole(run);
    check_stream_and_ask_on(run);
    if (run->peer && !several) {
        check_request(run, 1);
        if (!check_load_answer(run, 2)) return;
        check_play_whole(run);
    }
    check_stream(run);
    if (run->peer) check_request(run, several ? 1 : 2);
    if (!run->finished) check_problem(run, "the second call did not finish");
    if (!strstr(check_text_get(&run->story), run->scenario->shows))
        check_problem(run, "no event's line begins with: %s", run->scenario->shows);
    check_events(run);
}

/* Make a call that may need several requests, each of which has its own answer. */
static void run_pages(check_run *run, check_action *ask)
{
    size_t pages = 0;
    while (run->peer && check_has_answer(run, pages + 1)) {
        if (!check_load_answer(run, ++pages)) return;
        check_play_whole(run);
    }
    ask(run);
    for (size_t n = 1; n <= pages; n++) check_request(run, n);
    if (!run->finished) check_problem(run, "the call did not finish: %s", run->error.message);
    if (!strstr(check_text_get(&run->story), run->scenario->shows))
        check_problem(run, "no event's line begins with: %s", run->scenario->shows);
    check_events(run);
}

void check_run_models(check_run *run)
{
    run_pages(run, check_list);
}

void check_run_embed(check_run *run)
{
    run_pages(run, check_embed);
}

void check_run_count(check_run *run)
{
    run_pages(run, check_count);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Check that the call failed, and that it failed with the scenario's error. */
static void judge_failure(check_run *run)
{
    int code = run->scenario->code;
    if (run->finished) check_problem(run, "the call succeeded");
    if (run->scenario->own && !code && run->error.code == BELUGA_ERROR_STREAM_CLOSED)
        check_problem(run,
                      "the error inside the stream was ignored, and the call failed as if the "
                      "stream was cut: decode_event must emit the error, with beluga_emit_failure");
    if (code && run->error.code != code)
        check_problem(run, "want the error %s, got %s", beluga_error_name(code),
                      beluga_error_name(run->error.code));
    if (strcasestr(check_text_get(&run->answer.headers), "retry-after:") &&
        run->error.retry_after_ms < 0)
        check_problem(run, "the answer has Retry-After, but the error's retry_after_ms is not set");
}

static void run_failure(check_run *run, check_action *ask)
{
    if (!prepare(run)) return;
    ask(run);
    if (run->peer) check_request(run, 1);
    judge_failure(run);
    check_events(run);
}

void check_run_error(check_run *run)
{
    run_failure(run, check_generate);
}

void check_run_stream_error(check_run *run)
{
    run_failure(run, check_stream);
}

/* Check filtered content, which some protocols report as an error and others as a finish reason. */
void check_run_filter(check_run *run)
{
    if (!prepare(run)) return;
    check_generate(run);
    if (run->peer) check_request(run, 1);
    bool told = run->finished ? strstr(check_text_get(&run->story), "finish content_filter") != NULL
                              : run->error.code == BELUGA_ERROR_CONTENT_FILTER;
    if (!told) check_problem(run, "neither the finish nor the error says content_filter");
    check_events(run);
}

/* ---- answers without content ----------------------------------------------------------------- */

static void set_body(check_run *run, const char *type, const char *body)
{
    check_answer_free(&run->answer);
    run->answer = (check_answer){.status = 200};
    check_text_printf(&run->answer.headers, "Content-Type: %s\r\n", type);
    check_text_puts(&run->answer.body, body);
    run->answer.ends[0] = run->answer.body.length;
    run->answer.n_frames = 1;
}

static void ask_for_nothing(check_run *run, check_action *ask, const char *type, const char *body)
{
    set_body(run, type, body);
    check_play_whole(run);
    ask(run);
    run->asked++;
    if (run->finished)
        check_problem(run, "%s \"%s\": the call succeeded, want an error", type, body);
    else if (run->error.code == BELUGA_ERROR_CONTEXT_TIMEOUT)
        check_problem(run, "%s \"%s\": the call waited for more until its deadline", type, body);
}

void check_run_bad_body(check_run *run)
{
    static const char *const bodies[] = {"", "ok", "{\"", "[]", "{}", "null", "17", "\"text\""};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        ask_for_nothing(run, check_generate, "application/json", bodies[i]);
        ask_for_nothing(run, check_stream, "application/json", bodies[i]);
    }
}

void check_run_html(check_run *run)
{
    static const char page[] = "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>";
    ask_for_nothing(run, check_generate, "text/html", page);
    ask_for_nothing(run, check_stream, "text/html; charset=utf-8", page);
}

/* ---- damaged streams ------------------------------------------------------------------------- */

/* Make a streamed call whose answer is cut after `length` bytes. */
static void ask_cut(check_run *run, size_t length, check_end end)
{
    check_text_clear(&run->story);
    check_play(run, length, end);
    check_stream(run);
    check_count_asked(run);
}

/* Copy the story's lines without usage and metadata. */
static void content_of(const check_text *story, check_text *out)
{
    for (const char *line = check_text_get(story); *line;) {
        size_t n = strcspn(line, "\n") + 1;
        if (strncmp(line, "usage ", 6) != 0 && strncmp(line, "metadata ", 9) != 0)
            check_text_add(out, line, n);
        line += n;
    }
}

/* Return the offset after the proof of completion in the body, or the body's length if the proof is
 * not found. Returns 0 if the check.json of a foreign provider has no "proof": then a cut answer
 * may succeed, but only if none of its content is missing. */
static size_t find_proof(check_run *run)
{
    const char *proof = check_profile_get(run->profile, "proof");
    const check_text *body = &run->answer.body;
    if (!proof && run->settings->foreign) return 0;
    const char *at = proof ? memmem(body->data, body->length, proof, strlen(proof)) : NULL;
    if (!at) check_problem(run, "check.json has no \"proof\" that the answer of stream contains");
    return at ? (size_t)(at - body->data) + strlen(proof) : body->length;
}

static void judge_cut(check_run *run, size_t length, size_t proof, const check_text *whole)
{
    check_text content = {0};
    if (!run->finished && run->error.code == BELUGA_ERROR_CONTEXT_TIMEOUT)
        check_problem(run, "cut after %zu bytes, the call waited for more until its deadline",
                      length);
    if (run->finished && length < proof)
        check_problem(
            run,
            "cut after %zu bytes, before its proof, the call succeeded: emit FINISH where "
            "the service says that the answer is complete",
            length);
    content_of(&run->story, &content);
    if (run->finished && strcmp(check_text_get(&content), check_text_get(whole)) != 0)
        check_problem(run,
                      "cut after %zu bytes, the call succeeded with other events: emit FINISH "
                      "where the service "
                      "says that the answer is complete, and nowhere else:\n%s",
                      length, check_text_get(&content));
    check_text_free(&content);
}

void check_run_cut_stream(check_run *run)
{
    check_text whole = {0};
    if (!check_load_call(run)) return;
    size_t proof = find_proof(run);
    ask_cut(run, run->answer.body.length, CHECK_END_WHOLE);
    if (!run->finished) check_problem(run, "with the whole answer the call did not finish");
    content_of(&run->story, &whole);
    for (size_t i = 0, at = 0; i < run->answer.n_frames; at = run->answer.ends[i++]) {
        size_t middle = at + (run->answer.ends[i] - at) / 2;
        for (int end = CHECK_END_POLITE; end <= CHECK_END_CLOSED; end++) {
            ask_cut(run, at, end);
            judge_cut(run, at, proof, &whole);
            ask_cut(run, middle, end);
            judge_cut(run, middle, proof, &whole);
        }
    }
    check_text_free(&whole);
}

void check_run_cut_body(check_run *run)
{
    if (!check_load_call(run)) return;
    size_t length = run->answer.body.length;
    while (length && strchr("\r\n ", run->answer.body.data[length - 1])) length--;
    const size_t cuts[] = {0, 1, length / 3, length / 2, length - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        for (int end = CHECK_END_POLITE; end <= CHECK_END_CLOSED; end++) {
            check_play(run, cuts[i], end);
            check_generate(run);
            check_count_asked(run);
            if (run->finished)
                check_problem(run, "cut after %zu of %zu bytes, the call succeeded", cuts[i],
                              length);
        }
    }
}

/* Write a bad frame: JSON that ends too early, or a wrong checksum. */
static size_t bad_frame(uint32_t framing, char *out, size_t size)
{
    static const char sse[] = "data: {\"a\n\n", line[] = "{\"a\n";
    if (framing == BELUGA_FRAMING_AWS_EVENT_STREAM) {
        size_t n = aws_frame(out, ":message-type: event\n:event-type: contentBlockDelta\n", "{}");
        out[n - 1] ^= 1;
        return n;
    }
    const char *text = framing == BELUGA_FRAMING_SSE ? sse : line;
    strncpy(out, text, size);
    return strlen(text);
}

/* Return whether the provider has its own framing, for which the kit can't write frames. */
static bool is_framed_by_itself(check_run *run)
{
    uint32_t framing = run->provider->framing;
    if (framing != BELUGA_FRAMING_RAW && framing != BELUGA_FRAMING_OWN) return false;
    check_text_puts(&run->reason, "only the provider knows what its frames look like");
    return true;
}

void check_run_bad_event(check_run *run)
{
    char frame[256];
    check_answer whole, *a = &run->answer;
    if (is_framed_by_itself(run) || !check_load_call(run)) return;
    size_t n = bad_frame(a->framing, frame, sizeof frame), half = a->ends[a->n_frames / 2];
    whole = *a;
    *a = (check_answer){.status = whole.status, .streamed = true, .framing = whole.framing};
    check_text_puts(&a->headers, check_text_get(&whole.headers));
    check_text_add(&a->body, whole.body.data, half);
    check_text_add(&a->body, frame, n);
    check_text_add(&a->body, whole.body.data + half, whole.body.length - half);
    a->ends[a->n_frames++] = a->body.length;
    check_answer_free(&whole);
    check_play_whole(run);
    check_stream(run);
    check_request(run, 1);
    judge_failure(run);
}

/* ---- unusual streams ------------------------------------------------------------------------- */

/* Check that an answer in another form gave the same events as the unchanged answer. */
static void compare_with(check_run *run, check_text *plain, const char *what)
{
    check_request(run, 1);
    if (!run->finished) check_problem(run, "%s: the call did not finish", what);
    if (strcmp(check_text_get(plain), check_text_get(&run->story)) != 0)
        check_problem(run, "%s: the events are different:\n%sinstead of:\n%s", what,
                      check_text_get(&run->story), check_text_get(plain));
    check_text_free(plain);
}

static bool ask_plain(check_run *run, check_text *plain)
{
    if (!check_load_call(run)) return false;
    check_play_whole(run);
    check_stream(run);
    check_request(run, 1);
    if (!run->finished) check_problem(run, "with the unchanged answer the call did not finish");
    check_text_puts(plain, check_text_get(&run->story));
    check_text_clear(&run->story);
    return true;
}

static size_t unknown_frame(uint32_t framing, char *out, size_t size)
{
    static const char json[] = "{\"type\":\"something_new\",\"something_new\":{\"a\":[1,null]}}";
    if (framing == BELUGA_FRAMING_AWS_EVENT_STREAM)
        return aws_frame(out, ":message-type: event\n:event-type: somethingNew\n", json);
    int n = framing == BELUGA_FRAMING_SSE
                ? snprintf(out, size, ": a remark\n\nevent: something_new\ndata: %s\n\n", json)
                : snprintf(out, size, "%s\n", json);
    return (size_t)n;
}

/* Put frames of unknown kinds between the frames of a stream. @return false if the stream has no
 * room for them. */
static bool add_unknown(check_answer *answer)
{
    char frame[256];
    check_answer more;
    if (!answer->streamed) return true;
    size_t n = unknown_frame(answer->framing, frame, sizeof frame);
    bool fits = check_answer_interleave(&more, answer, frame, n);
    check_answer_free(answer);
    *answer = more;
    return fits;
}

void check_run_unknown(check_run *run)
{
    check_text plain = {0};
    if (is_framed_by_itself(run) || !ask_plain(run, &plain)) return;
    bool fits = add_unknown(&run->answer);
    for (size_t i = 0; run->lead && i < run->lead->n; i++)
        fits &= add_unknown(&run->lead->answers[i]);
    if (!fits) check_problem(run, "the answer has no room for the added frames");
    check_play_whole(run);
    check_stream(run);
    compare_with(run, &plain, "with frames of an unknown type added");
}

void check_run_slow_reader(check_run *run)
{
    check_text plain = {0}, again = {0};
    if (run->peer && !check_load_call(run)) return;
    /* Two calls show whether the model always answers the same. */
    for (int i = 0; i < 2; i++) {
        if (run->peer) check_play_whole(run);
        check_push(run);
        if (run->peer) check_count_asked(run);
        check_forget_ids(run);
        check_text_puts(i ? &again : &plain, check_text_get(&run->story));
        check_text_clear(&run->story);
    }
    bool same = strcmp(check_text_get(&plain), check_text_get(&again)) == 0;
    if (run->peer) check_play_whole(run);
    check_push_slowly(run);
    if (run->peer) check_count_asked(run);
    check_forget_ids(run);
    if (!run->finished) check_problem(run, "read with pauses, the call did not finish");
    if (same && strcmp(check_text_get(&plain), check_text_get(&run->story)) != 0)
        check_problem(run, "read with pauses, the events are different:\n%sinstead of:\n%s",
                      check_text_get(&run->story), check_text_get(&plain));
    check_text_free(&plain);
    check_text_free(&again);
}

void check_run_slow(check_run *run)
{
    check_text plain = {0};
    if (!ask_plain(run, &plain)) return;
    if (run->lead) run->lead->byte_by_byte = true;
    check_answer_play_bytes(&run->answer, check_next_reply(run));
    check_stream(run);
    compare_with(run, &plain, "received a byte at a time");
}

/* ---- cancelling ------------------------------------------------------------------------------ */

/* Return how many bytes of the answer produce the first text. Afterwards the story has the events
 * of the answer that was cut there. */
static size_t length_to_first_text(check_run *run)
{
    for (size_t i = 0; i < run->answer.n_frames; i++) {
        ask_cut(run, run->answer.ends[i], CHECK_END_POLITE);
        if (strstr(check_text_get(&run->story), "text \"")) return run->answer.ends[i];
    }
    check_problem(run, "the answer of stream gave no text");
    return 0;
}

/* Load the answer that has the first text. If a call makes several requests, this may be an earlier
 * answer than the last; the call is then cancelled there and never makes the later requests. */
static bool load_to_first_text(check_run *run)
{
    if (!check_load_call(run)) return false;
    for (size_t n = 1; run->lead && n <= run->lead->n; n++) {
        check_shorten_call(run, n);
        ask_cut(run, run->answer.body.length, CHECK_END_WHOLE);
        if (strstr(check_text_get(&run->story), "text \"")) return true;
        if (!check_load_call(run)) return false;
    }
    return true;
}

/* Check that usage that came before the text was delivered although the call was cancelled. */
static void judge_usage(check_run *run, const char *before)
{
    const char *usage = strstr(before, "usage "), *text = strstr(before, "text \"");
    if (!usage || usage > text) return;
    char *line = strndup(usage, strcspn(usage, "\n"));
    if (line && !strstr(check_text_get(&run->story), line))
        check_problem(run, "the usage so far is missing: %s", line);
    free(line);
}

/* Return whether a full provider finished before it was cancelled. That is not a fault, but the
 * check then shows nothing. */
static bool was_too_quick(check_run *run)
{
    if (run->peer || !run->settings->foreign || !run->finished) return false;
    check_text_printf(
        &run->reason,
        "it was done before it could be cancelled: options in check/%s.fixture can make it "
        "slower",
        run->scenario->name);
    return true;
}

static void judge_cancelled(check_run *run)
{
    if (was_too_quick(run)) return;
    if (run->finished) check_problem(run, "it finished");
    if (run->error.code != BELUGA_ERROR_CONTEXT_CANCELED)
        check_problem(run, "want the error context_canceled, got %s",
                      beluga_error_name(run->error.code));
    if (!strstr(check_text_get(&run->story), "text \"")) check_problem(run, "no text came");
}

static void run_cancel(check_run *run, check_action *ask)
{
    check_text cut = {0};
    size_t length = 0;
    if (run->peer && (!load_to_first_text(run) || !(length = length_to_first_text(run)))) return;
    check_text_puts(&cut, check_text_get(&run->story));
    check_text_clear(&run->story);
    if (run->peer) check_play(run, length, CHECK_END_HANGS);
    ask(run);
    judge_cancelled(run);
    judge_usage(run, check_text_get(&cut));
    if (run->peer && peer_wait_outcome(run->peer, check_last_request(run), PEER_CANCELLED,
                                       (int)check_patience_ms(run)) != 0)
        check_problem(run, "the connection stayed open");
    if (run->peer) check_request(run, 1);
    check_text_free(&cut);
}

void check_run_cancel(check_run *run)
{
    run_cancel(run, check_cancel);
}

void check_run_cancel_pushed(check_run *run)
{
    run_cancel(run, check_cancel_pushed);
}

/* ---- capabilities that the provider does not claim ------------------------------------------- */

static const char *first_line(const check_text *text, char *out, size_t size)
{
    const char *at = check_text_get(text);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
    return out;
}

/* Return the action that makes a call which needs this capability. */
static check_action *ask_for(uint64_t capability)
{
    if (capability & BELUGA_CAPABILITY_MODELS) return check_list;
    if (capability & BELUGA_CAPABILITY_EMBED) return check_embed;
    return capability & BELUGA_CAPABILITY_COUNT ? check_count : check_generate;
}

void check_run_unclaimed(check_run *run)
{
    char line[512];
    check_action *ask = ask_for(run->scenario->needs);
    uint64_t missing = run->scenario->needs & ~run->provider->capabilities;
    /* without these the caller still gets a complete answer: in one piece instead of a stream, or
     * with one tool call at a time */
    const uint64_t harmless = BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_STREAM;
    if (run->settings->foreign && !(missing & ~harmless)) {
        check_text_puts(&run->reason, "not claimed");
        return;
    }
    if (missing & run->rules->silent) {
        check_text_printf(&run->reason, "not claimed; the check %s already reported this",
                          run->rules->silent_by);
        return;
    }
    if (run->peer && ask == check_generate) {
        bool foreign = run->settings->foreign;
        if (!(foreign ? check_load_usual_answer(run, false) : check_load_call(run))) return;
        check_play_whole(run);
    }
    ask(run);
    if (run->peer) run->asked = peer_requests(run->peer);
    if (run->finished && !run->warned) {
        check_problem(
            run, "the capability is not claimed, but a call that needs it neither fails nor warns");
        if (!run->rules->silent_by) run->rules->silent_by = run->scenario->name;
        run->rules->silent |= missing & ~harmless;
    }
    if (!run->problems.length)
        check_text_printf(&run->reason, "not claimed; %s",
                          first_line(&run->story, line, sizeof line));
}
