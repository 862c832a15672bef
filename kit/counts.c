/* Scenarios about the content of an author's answers: token counts, arguments of tool calls, and
 * answers that end at the limit of tokens. */
#include "kit/exchange.h"
#include "kit/perform.h"
#include "kit/reading.h"
#include "kit/remake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- counts of tokens ------------------------------------------------------------------------ */

typedef struct counts {
    bool in_usage; /* an enclosing member is the usage */
    char found[96];
} counts;

static bool has_word(const char *key, const char *const *words)
{
    while (*words && !strcasestr(key, *words)) words++;
    return *words != NULL;
}

/* Returns whether a member's number is a setting or a limit, not a count of tokens. */
static bool is_no_count(const char *key)
{
    static const char *const words[] = {"max",     "limit",    "setting", "config",
                                        "option",  "param",    "remain",  "budget",
                                        "context", "duration", "_id",     NULL};
    return has_word(key, words);
}

static bool is_count(const counts *c, const char *key)
{
    static const char *const words[] = {"tokens", "token_count", "eval_count", NULL};
    return c->in_usage || has_word(key, words);
}

static void look_for_counts(void *payload, const beluga_json *value)
{
    counts *c = payload;
    const char *key = beluga_json_key(value, NULL);
    bool before = c->in_usage;
    if (*c->found || (key && is_no_count(key))) return;
    if (key && strcasestr(key, "usage")) c->in_usage = true;
    if (key && beluga_json_is_number(value) && beluga_json_int(value, 0) > 0 && is_count(c, key))
        snprintf(c->found, sizeof c->found, "\"%.60s\": %lld", key,
                 (long long)beluga_json_int(value, 0));
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v))
        look_for_counts(c, v);
    c->in_usage = before;
}

/* Return whether a story reports that tokens were counted. */
static bool has_usage(const char *story)
{
    long long input, output;
    for (const char *line = story; (line = strstr(line, "usage input=")); line++)
        if (sscanf(line, "usage input=%lld read=%*d write=%*d output=%lld", &input, &output) == 2 &&
            (input > 0 || output > 0))
            return true;
    return false;
}

static void judge_usage(check_run *run, bool streamed)
{
    counts c = {.in_usage = false};
    check_look_through(&run->answer, look_for_counts, &c);
    check_ask_answer(run, &run->answer, streamed);
    if (*c.found && run->finished && !has_usage(check_text_get(&run->story)))
        check_problem(run,
                      "the answer contains %s, but no usage was emitted: %s must emit it, with "
                      "beluga_emit_usage",
                      c.found, streamed ? "decode_event" : "decode_response");
}

void check_run_usage(check_run *run)
{
    const beluga_provider *p = run->provider;
    if (p->decode_response && check_load_usual_answer(run, false)) judge_usage(run, false);
    if (p->decode_event && check_streams(run) && check_load_usual_answer(run, true))
        judge_usage(run, true);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Copy the text between the quotes of a story's line. */
static void take_quoted(const char *line, check_text *out)
{
    const char *quote = strchr(line, '"'), *end = line + strcspn(line, "\n");
    if (quote && quote < end - 1) check_text_add(out, quote + 1, (size_t)(end - 1 - quote - 1));
}

static bool is_bound(const check_run *run, const char *name, size_t n)
{
    for (size_t i = 0; i < run->call.n_tools; i++) {
        const char *bound = beluga_tool_name(run->call.tools[i]);
        if (strlen(bound) == n && memcmp(bound, name, n) == 0) return true;
    }
    return false;
}

/* Check that a tool call has arguments, since each of the kit's tools requires a parameter. */
static void judge_arguments(check_run *run, const char *begin, const char *end, const char *decoder)
{
    check_text arguments = {0};
    const char *name = begin + strcspn(begin, "\n");
    while (name > begin && name[-1] != ' ') name--;
    size_t n = strcspn(name, "\n");
    if (end) take_quoted(end, &arguments);
    const char *got = check_text_get(&arguments);
    if (is_bound(run, name, n) && (!*got || strcmp(got, "{}") == 0))
        check_problem(
            run,
            "the call of %.*s came without the arguments that the tool requires: %s must "
            "emit them, with beluga_emit_tool_call or beluga_emit_tool_call_delta; if the "
            "answer in the file has none, use an answer with arguments",
            (int)n, name, decoder);
    check_text_free(&arguments);
}

static void judge_calls(check_run *run, const char *decoder)
{
    char head[32];
    unsigned index;
    const char *story = check_text_get(&run->story);
    /* The check `tools` reports a missing call. */
    if (!run->finished || !strstr(story, "tool ")) return;
    for (const char *line = story; *line; line += *line == '\n') {
        int at = 0;
        if (sscanf(line, "tool %u begin %n", &index, &at) == 1 && at) {
            snprintf(head, sizeof head, "\ntool %u end ", index);
            const char *end = strstr(line, head);
            judge_arguments(run, line, end ? end + 1 : NULL, decoder);
        }
        line += strcspn(line, "\n");
    }
    if (!strstr(story, "finish tool_calls"))
        check_problem(run,
                      "calls came, and the answer ends with another reason (%s): %s must emit "
                      "BELUGA_FINISH_TOOL_CALLS",
                      strstr(story, "finish ") ? strstr(story, "finish ") : "none", decoder);
}

void check_run_arguments(check_run *run)
{
    bool whole = check_load_case(run, "tools");
    if (whole) {
        check_ask_answer(run, &run->answer, false);
        judge_calls(run, "decode_response");
    }
    if (check_streams(run) && check_load_case(run, "tools-stream")) {
        check_ask_answer(run, &run->answer, true);
        judge_calls(run, "decode_event");
    } else if (!whole && !run->problems.length) {
        check_no_answer(run, "tools", 1);
    }
}

/* ---- a cut by length ------------------------------------------------------------------------- */

void check_run_length(check_run *run)
{
    if (!check_load_case(run, "length")) {
        if (!run->problems.length) check_no_answer(run, "length", 1);
        return;
    }
    check_ask_answer(run, &run->answer, run->answer.streamed);
    if (!strstr(check_text_get(&run->story), "finish length"))
        check_problem(run, "an answer that its limit cut must end with BELUGA_FINISH_LENGTH: %s",
                      run->finished ? strstr(check_text_get(&run->story), "finish ")
                                    : run->error.message);
}

/* ---- behaviour that no answer covers --------------------------------------------------------- */

typedef struct coverage {
    bool answers, usage, id, length, calls, errors, error_in_a_stream;
} coverage;

static void look_at_answer(check_run *run, const char *scenario, coverage *c)
{
    if (!check_load_case(run, scenario) || strcmp(scenario, "models") == 0) return;
    check_ask_answer(run, &run->answer, run->answer.streamed && check_streams(run));
    const char *story = check_text_get(&run->story);
    c->answers = true;
    c->usage |= has_usage(story);
    c->id |= strstr(story, "metadata id=") && !strstr(story, "metadata id=-");
    c->length |= strstr(story, "finish length") != NULL;
    c->calls |= strstr(story, "tool ") != NULL;
    c->errors |= run->answer.status >= 400;
    c->error_in_a_stream |= strcmp(scenario, "error-in-a-stream") == 0;
}

static void note(check_run *run, bool shown, const char *what)
{
    if (shown) return;
    check_text_puts(&run->notes, run->notes.length ? ", " : "no answer in the files shows ");
    check_text_puts(&run->notes, what);
}

void check_run_coverage(check_run *run)
{
    coverage c = {.answers = false};
    if (!run->settings->foreign) return;
    for (const check_scenario *s = run->scenarios; s->name; s++)
        if (!s->jobs) look_at_answer(run, s->name, &c);
    run->breach = 0;
    if (!c.answers) {
        check_no_answer(run, "text", 1);
        return;
    }
    bool tools = run->provider->capabilities & BELUGA_CAPABILITY_TOOLS;
    note(run, c.usage, "how many tokens were used");
    note(run, c.id, "an id of the answer");
    note(run, c.length, "a cut by the limit of tokens (check/length.fixture)");
    note(run, c.calls || !tools, "a call of a tool (check/tools.fixture)");
    note(run, c.errors, "an error (check/error-rate-limit.fixture)");
    note(run, c.error_in_a_stream || !check_streams(run),
         "an error inside a stream (check/error-in-a-stream.fixture)");
    if (run->notes.length)
        check_text_puts(&run->notes, ": so it is not tested that the provider emits these\n");
}
