#include "kit/reading.h"

#include "kit/exchange.h"
#include "kit/perform.h"
#include "kit/remake.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void check_ask_answer(check_run *run, const check_answer *answer, bool streamed)
{
    check_text_clear(&run->story);
    check_answer_play(answer, check_next_reply(run), answer->body.length, CHECK_END_WHOLE);
    if (streamed)
        check_stream(run);
    else
        check_generate(run);
    run->asked = peer_requests(run->peer);
}

static const char *decoder(bool streamed)
{
    return streamed ? "decode_event" : "decode_response";
}

/* A function that judges the usual answer, streamed or not. */
typedef void judge(check_run *run, bool streamed);

static void judge_both(check_run *run, judge *how)
{
    const beluga_provider *p = run->provider;
    if (p->decode_response && check_load_usual_answer(run, false)) how(run, false);
    if (p->decode_event && check_streams(run) && check_load_usual_answer(run, true)) how(run, true);
}

/* ---- the text of a story --------------------------------------------------------------------- */

/* Add the texts of a story, in the format that story.h describes. */
static void join_texts(const char *story, check_text *out)
{
    static const char head[] = "text \"";
    unsigned byte;
    for (const char *line = story; *line; line += *line == '\n') {
        const char *end = line + strcspn(line, "\n");
        if (strncmp(line, head, sizeof head - 1) == 0)
            for (const char *at = line + sizeof head - 1; at < end - 1; at++) {
                char c = *at;
                if (c == '\\' && sscanf(at, "\\x%2x", &byte) == 1) {
                    c = (char)byte;
                    at += 3;
                }
                check_text_add(out, &c, 1);
            }
        line = end;
    }
}

/* ---- other letters --------------------------------------------------------------------------- */

typedef struct letters {
    const check_text *joined; /* the whole text of the answer, unchanged */
    check_text before, want; /* the strings that were replaced, and the strings that replace them */
    int shift;               /* how many one-byte letters come before the longer ones */
} letters;

/* Write a string with letters of two, three and four bytes. */
static void write_letters(const letters *l, const char *text, size_t n, check_text *out)
{
    static const char *const wide[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xb3"};
    size_t letter = 0;
    check_text_add(out, "xxxx", (size_t)l->shift);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\' && i + 1 < n) {
            size_t escape = text[i + 1] == 'u' && i + 5 < n ? 6 : 2;
            check_text_add(out, text + i, escape);
            i += escape - 1;
        } else if (isalpha((unsigned char)text[i])) {
            check_text_puts(out, wide[letter++ % 3]);
        } else {
            check_text_add(out, text + i, 1);
        }
    }
}

/* Replace a string only if it is part of the answer's text. */
static bool make_letters(void *payload, const char *text, size_t n, check_text *out)
{
    letters *l = payload;
    check_text plain = {0}, made = {0};
    bool is_text = check_unescape(text, n, &plain) && plain.length > 1 &&
                   memmem(l->joined->data, l->joined->length, plain.data, plain.length);
    if (is_text) {
        write_letters(l, text, n, &made);
        check_text_add(out, made.data, made.length);
        check_text_add(&l->before, plain.data, plain.length);
        check_unescape(made.data, made.length, &l->want);
    }
    check_text_free(&plain);
    check_text_free(&made);
    return is_text;
}

/* Compare the text. Other strings of the answer may have been replaced, too, so a failed call
 * proves nothing unless the provider's own emissions caused the failure. */
static void judge_letters(check_run *run, const letters *l, bool streamed)
{
    check_text got = {0};
    join_texts(check_text_get(&run->story), &got);
    bool known = strcmp(check_text_get(&l->before), check_text_get(l->joined)) == 0;
    bool same = strcmp(check_text_get(&got), check_text_get(&l->want)) == 0;
    if (run->breach == CHECK_RULE_UTF8 + 1)
        check_problem(
            run,
            "the answer with other letters fails: %s; %s must not cut a character in two: "
            "emit the text as it comes, with its length in bytes",
            run->error.message, decoder(streamed));
    else if (run->finished && known && !same)
        check_problem(run, "%s changed the text \"%s\" to \"%s\"", decoder(streamed),
                      check_text_get(&l->want), check_text_get(&got));
    run->breach = 0;
    check_text_free(&got);
}

static void try_letters(check_run *run, bool streamed)
{
    check_text joined = {0};
    check_answer made;
    check_ask_answer(run, &run->answer, streamed);
    join_texts(check_text_get(&run->story), &joined);
    size_t before = run->problems.length;
    for (int shift = 0; shift < 4 && joined.length && run->problems.length == before; shift++) {
        letters l = {.joined = &joined, .shift = shift};
        if (check_remake(&made, &run->answer, make_letters, &l)) {
            check_ask_answer(run, &made, streamed);
            judge_letters(run, &l, streamed);
        }
        check_answer_free(&made);
        check_text_free(&l.before);
        check_text_free(&l.want);
    }
    check_text_free(&joined);
}

void check_run_letters(check_run *run)
{
    judge_both(run, try_letters);
}

/* ---- other words for the finish reason ------------------------------------------------------- */

typedef struct word {
    const char *from, *to;
} word;

static bool make_word(void *payload, const char *text, size_t n, check_text *out)
{
    const word *w = payload;
    bool same = n == strlen(w->from) && memcmp(text, w->from, n) == 0;
    if (same) check_text_puts(out, w->to);
    return same;
}

/* Copy the service's own word from the story's line "finish stop (word)". */
static bool get_word(const check_run *run, char *out, size_t size)
{
    const char *line = strstr(check_text_get(&run->story), "finish stop (");
    size_t n = line ? strcspn(line + 13, ")\n") : 0;
    if (!line || n >= size) return false;
    memcpy(out, line + 13, n);
    out[n] = '\0';
    return true;
}

static bool is_told_as_stop(check_run *run, word w, bool streamed)
{
    check_answer made;
    bool stopped = false;
    if (check_remake(&made, &run->answer, make_word, &w)) {
        check_ask_answer(run, &made, streamed);
        stopped = run->finished && strstr(check_text_get(&run->story), "finish stop");
    }
    check_answer_free(&made);
    return stopped;
}

static void judge_words(check_run *run, const char *from, bool streamed)
{
    static const char *const ends[] = {"length",     "max_tokens", "MAX_TOKENS", "limit",
                                       "tool_calls", "tool_use",   "zq_new_word"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!is_told_as_stop(run, (word){from, ends[i]}, streamed)) continue;
        check_problem(
            run,
            "an answer that ends with \"%s\" instead of \"%s\" is reported as stop: %s must "
            "look at the word: BELUGA_FINISH_LENGTH for a cut by a limit, "
            "BELUGA_FINISH_TOOL_CALLS for calls, BELUGA_FINISH_OTHER for a word that it "
            "does not know",
            ends[i], from, decoder(streamed));
        return;
    }
}

/* The word in the story may be the provider's and not the service's, so the usual words are tried,
 * too. */
static void try_words(check_run *run, bool streamed)
{
    static const char *const usual[] = {"stop", "STOP", "end_turn", "COMPLETE", "eos"};
    char from[64];
    size_t before = run->problems.length;
    check_ask_answer(run, &run->answer, streamed);
    if (!get_word(run, from, sizeof from)) return;
    judge_words(run, from, streamed);
    for (size_t i = 0; i < sizeof usual / sizeof *usual && run->problems.length == before; i++)
        if (strcmp(usual[i], from) != 0) judge_words(run, usual[i], streamed);
}

void check_run_finish_words(check_run *run)
{
    judge_both(run, try_words);
}

/* ---- an error among the frames --------------------------------------------------------------- */

/* Read an author's answer with an error, and write its body in one line. */
static bool find_error(check_run *run, check_text *body)
{
    check_text section = {0};
    check_answer answer = {0};
    for (const check_scenario *s = run->scenarios; s->name && !body->length; s++) {
        if (strncmp(s->name, "error-", 6) != 0 ||
            !check_fixture_find(run->profile, s->name, NULL, "answer", &section))
            continue;
        if (!check_answer_parse(&answer, check_text_get(&section), section.length, NULL) &&
            answer.status >= 400 && *check_text_get(&answer.body) == '{')
            check_text_replace(body, answer.body.data, "\n", " ");
        check_answer_free(&answer);
    }
    check_text_free(&section);
    return body->length && strncmp(body->data, "{}", 2) != 0;
}

/* Play half of the stream, then an error and nothing more. @return whether the call failed with an
 * error other than that of a stream that ends too early. */
static bool is_error_told(check_run *run, const check_answer *whole, const char *before,
                          const check_text *body)
{
    check_text frame = {0};
    check_answer made;
    bool sse = whole->framing == BELUGA_FRAMING_SSE;
    check_text_printf(&frame, "%s%s%s\n%s", before, sse ? "data: " : "", check_text_get(body),
                      sse ? "\n" : "");
    check_remake_end(&made, whole, whole->n_frames / 2, frame.data, frame.length);
    check_ask_answer(run, &made, true);
    check_answer_free(&made);
    check_text_free(&frame);
    return !run->finished && run->error.code != BELUGA_ERROR_STREAM_CLOSED;
}

void check_run_error_among(check_run *run)
{
    check_text body = {0};
    if (check_fixture_find(run->profile, "error-in-a-stream", NULL, "answer", &body)) {
        check_text_puts(&run->reason, "the check error-in-a-stream has an answer for it");
    } else if (!find_error(run, &body)) {
        check_text_puts(&run->reason, "no file check/error-….fixture with the section answer shows "
                                      "what an error looks like");
    } else if (check_load_usual_answer(run, true)) {
        bool text = run->answer.framing <= BELUGA_FRAMING_NDJSON;
        if (text && !is_error_told(run, &run->answer, "", &body) &&
            !is_error_told(run, &run->answer, "event: error\n", &body))
            check_problem(run,
                          "a stream with this among its frames ends as one that was cut: %s: "
                          "decode_event must emit it, with beluga_emit_failure; where the service "
                          "tells errors inside a stream in another way, write "
                          "check/error-in-a-stream.fixture with such an answer of status 200",
                          body.data);
    }
    check_text_free(&body);
}

/* ---- in time --------------------------------------------------------------------------------- */

/* Return whether the answer's first frame already contains the value that `line` of the story has
 * after `member`. */
static bool was_known(const check_run *run, const char *line, const char *member)
{
    char value[160];
    const char *at = strstr(line, member), *end = line + strcspn(line, "\n");
    if (!at || at >= end || at[strlen(member)] == '-') return false;
    snprintf(value, sizeof value, "\"%.*s\"", (int)strcspn(at + strlen(member), " \n"),
             at + strlen(member));
    const check_answer *a = &run->answer;
    const char *found = memmem(a->body.data, a->body.length, value, strlen(value));
    return found && (size_t)(found - a->body.data) < a->ends[0];
}

static void judge_time(check_run *run, bool streamed)
{
    if (!streamed) return; /* an answer in one piece arrives at once */
    check_ask_answer(run, &run->answer, streamed);
    const char *story = check_text_get(&run->story), *text = strstr(story, "text \"");
    if (!text) return;
    const char *metadata = strstr(text, "metadata "), *warning = strstr(text, "warning ");
    if (warning)
        check_problem(run, "a warning came after the first text: emit it before, or write it with "
                           "beluga_http_request_warn");
    if (metadata && (was_known(run, metadata, " id=") || was_known(run, metadata, " model=")))
        check_problem(run,
                      "the first frame has what was told after the first text (%.*s): "
                      "decode_event must emit it when it comes, with beluga_emit_metadata",
                      (int)strcspn(metadata, "\n"), metadata);
}

void check_run_in_time(check_run *run)
{
    judge_both(run, judge_time);
}
