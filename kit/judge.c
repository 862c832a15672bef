#include "kit/judge.h"

#include "kit/body.h"
#include "kit/exchange.h"
#include "kit/json_diff.h"
#include "kit/line_diff.h"
#include "kit/sent.h"
#include "kit/update.h"

#include <stdio.h>
#include <string.h>

/* ---- the request ----------------------------------------------------------------------------- */

/* Replace {base}, {model} and {key} in a file's text by the provider's values. */
static void fill_in(const check_run *run, const char *text, check_text *out)
{
    check_text a = {0}, b = {0};
    check_text_replace(&a, text, "{base}", run->profile->base_path);
    check_text_replace(&b, check_text_get(&a), "{model}", run->profile->model);
    check_text_replace(out, check_text_get(&b), "{key}", CHECK_KEY);
    check_text_free(&a);
    check_text_free(&b);
}

/* Cut the next line off the text. Returns the line, NUL-terminated, or NULL for a blank line. */
static char *take_line(char **at)
{
    char *line = *at, *newline = strchr(line, '\n');
    if (newline) *newline = '\0';
    *at = newline ? newline + 1 : line + strlen(line);
    return *line ? line : NULL;
}

static void compare_header(check_run *run, size_t i, const char *name, const char *want)
{
    check_text sent = {0};
    const char *got = peer_request_header(run->peer, i, name);
    if (got) check_body_write_header(run->peer, i, got, &sent);
    if (!got)
        check_problem(run, "header %s: want \"%s\", got none", name, want);
    else if (strcmp(check_text_get(&sent), want) != 0)
        check_problem(run, "header %s: want \"%s\", got \"%s\"", name, want, check_text_get(&sent));
    check_text_free(&sent);
}

static size_t compare_headers(check_run *run, size_t i, char **at)
{
    size_t n = 0;
    for (char *line; (line = take_line(at)); n++) {
        char *colon = strstr(line, ": ");
        if (!colon) {
            check_problem(run, "\"%s\" in the case is not a header: want \"NAME: VALUE\"", line);
            continue;
        }
        *colon = '\0';
        compare_header(run, i, line, colon + 2);
    }
    return n;
}

static size_t count_headers(const check_run *run, size_t i)
{
    const char *name, *value;
    size_t n = 0;
    for (size_t k = 0; (name = peer_request_header_at(run->peer, i, k, &value)); k++)
        n += check_is_compared(name);
    return n;
}

static void tell_headers(check_run *run, size_t i)
{
    const char *name, *value;
    check_text_puts(&run->problems, "headers that were sent:");
    for (size_t k = 0; (name = peer_request_header_at(run->peer, i, k, &value)); k++)
        if (check_is_compared(name)) check_text_printf(&run->problems, " %s", name);
    check_text_puts(&run->problems, "\n");
}

static void compare_text(check_run *run, size_t i, const char *want)
{
    check_text sent = {0};
    check_body_write(run->peer, i, &sent);
    if (strcmp(check_text_get(&sent), want) != 0) {
        check_problem(run, "the body differs:");
        check_line_diff(&run->problems, want, check_text_get(&sent));
    }
    check_text_free(&sent);
}

static void compare_body(check_run *run, size_t i, const char *want)
{
    size_t length = 0;
    const char *got = peer_request_body(run->peer, i, &length);
    if (!*want && length)
        check_problem(run, "the request has a body and should have none");
    else if (check_body_is_other(run->peer, i))
        compare_text(run, i, want);
    else if (*want)
        check_json_diff(&run->problems, want, got);
}

static void compare_request(check_run *run, size_t i, char *want)
{
    char line[CHECK_MAX_PATH], *at = want, *first = take_line(&at);
    snprintf(line, sizeof line, "%s %s", peer_request_method(run->peer, i),
             peer_request_path(run->peer, i));
    if (!first || strcmp(first, line) != 0)
        check_problem(run, "want %s\ngot  %s", first ? first : "nothing", line);
    if (compare_headers(run, i, &at) != count_headers(run, i)) {
        check_problem(run, "the number of headers differs");
        tell_headers(run, i);
    }
    compare_body(run, i, at);
}

/* ---- comparing with the file ----------------------------------------------------------------- */

/* Return the first text of the messages that is missing or out of order, or NULL. Texts of system
 * messages may be anywhere in the request. */
static const char *first_missing(const check_run *run, const check_text *texts, size_t messages)
{
    size_t length;
    const char *all = check_text_get(texts), *from = all, *end = all + texts->length;
    for (size_t k = 0; k < messages; k++) {
        const beluga_message *message = beluga_messages_get(run->call.messages, k);
        const char *text = beluga_message_text(message, &length);
        bool system = beluga_message_role(message) == BELUGA_ROLE_SYSTEM;
        const char *begin = system ? all : from;
        const char *at = memmem(begin, (size_t)(end - begin), text, length);
        if (!at) return text;
        if (!system) from = at + length;
    }
    return NULL;
}

/* For a case without expected requests: check that the sent requests from `from` to `to` contain
 * the texts of the messages, in their order. */
static void look_for_texts(check_run *run, size_t from, size_t to, size_t messages)
{
    check_sent sent = {0};
    const char *name = run->scenario->name;
    bool says_nothing = strcmp(name, "models") == 0 || strcmp(name, "token") == 0;
    if (says_nothing || run->scenario->jobs) return;
    for (size_t i = from; i < to; i++) check_sent_add(&sent, run->peer, i);
    const char *missing = first_missing(run, &sent.texts, messages);
    if (missing && first_missing(run, &sent.nested, messages))
        check_problem(run,
                      "the request lacks this text, or has it in the wrong place: \"%s\": "
                      "encode_request must write the texts of all messages in their order",
                      missing);
    check_sent_free(&sent);
}

/* Return another case whose request this one must equal, because both make the same call. */
static const char *request_like(const check_run *run)
{
    const char *like = run->scenario->like;
    return !run->settings->foreign || check_asks_the_same(run, like) ? like : NULL;
}

/* Compare a request with the section of the case. If cases are being updated, a difference is
 * recorded as a change instead of a problem. */
static void compare_with_file(check_run *run, size_t i, const char *section, const check_text *text)
{
    check_text want = {0}, before = run->problems;
    run->problems = (check_text){0};
    fill_in(run, check_text_get(text), &want);
    compare_request(run, i, want.data);
    check_text found = run->problems;
    run->problems = before;
    if (found.length && check_is_updated(run))
        check_change_request(run, i, section, check_text_get(&found));
    else
        check_text_puts(&run->problems, check_text_get(&found));
    check_text_free(&found);
    check_text_free(&want);
}

/* Compare the next request with its section. @return whether the caller must look for the texts of
 * the messages, because the section is missing or is being rewritten. */
static bool judge_request(check_run *run, size_t n)
{
    char section[CHECK_SECTION_BYTES];
    check_text text = {0};
    size_t i = run->asked++;
    check_section_name(section, "request", n);
    if (!peer_request_method(run->peer, i)) {
        check_problem(run, "request %zu was never sent", i + 1);
        return false;
    }
    bool foreign = run->settings->foreign, updated = check_is_updated(run);
    bool as_written = !run->profile->borrowed && !run->settings->config;
    bool found = as_written && check_find(run, section, request_like(run), &text);
    if (found)
        compare_with_file(run, i, section, &text);
    else if (updated)
        check_change_request(run, i, section, NULL);
    else if (as_written && !foreign)
        check_problem(run, "%s has no section %s", run->scenario->name, section);
    check_text_free(&text);
    return (!found || updated) && (foreign || !as_written);
}

/* Skip the sections of requests that a later call does not make, such as the request for a token
 * that is still valid. */
static size_t skip_exchanges(const check_run *run, size_t n)
{
    while (n <= run->lead->n + 1 && !check_is_route(run, run->asked, n)) n++;
    return n;
}

static void judge_requests(check_run *run)
{
    bool free = false;
    size_t from = run->asked, sent = peer_requests(run->peer), n = 1;
    for (; run->asked < sent; n++) {
        n = skip_exchanges(run, n);
        if (n > run->lead->n + 1) break;
        free |= judge_request(run, n);
    }
    if (run->asked < sent && !check_sends_more(run))
        check_problem(run, "want %zu requests of a call, as many as answers, got %zu",
                      run->lead->n + 1, sent - from);
    else if (n <= run->lead->n + 1)
        check_problem(run, "request %zu was never sent: the case has %zu answers", n,
                      run->lead->n + 1);
    if (free) look_for_texts(run, from, sent, beluga_messages_count(run->call.messages));
    run->asked = sent;
}

void check_request(check_run *run, size_t n)
{
    if (run->lead) {
        judge_requests(run);
        return;
    }
    size_t i = run->asked;
    bool first = n == 1 && run->first_messages;
    if (judge_request(run, n))
        look_for_texts(run, i, i + 1,
                       first ? run->first_messages : beluga_messages_count(run->call.messages));
}

/* ---- the story ------------------------------------------------------------------------------- */

/* Report the number of the first line that differs, and this line of both texts. */
static void tell_difference(check_run *run, const char *want, const char *got)
{
    size_t line = 1;
    while (*want) {
        size_t n_want = strcspn(want, "\n"), n_got = strcspn(got, "\n");
        if (n_want != n_got || memcmp(want, got, n_want) != 0) break;
        want += n_want + (want[n_want] == '\n');
        got += n_got + (got[n_got] == '\n');
        line++;
    }
    check_problem(run, "events differ in line %zu", line);
    check_text_printf(&run->problems, "want %.*s\n", (int)strcspn(want, "\n"),
                      *want ? want : "nothing more");
    check_text_printf(&run->problems, "got  %.*s\n", (int)strcspn(got, "\n"),
                      *got ? got : "nothing more");
}

/* Leave out the id of an answer of a full provider, which may choose any id. */
static const char *forget_answer_id(const check_run *run, check_text *story, const char *line)
{
    static const char head[] = "metadata id=";
    if (run->peer || strncmp(line, head, sizeof head - 1) != 0) return line;
    check_text_printf(story, "%s*", head);
    return line + strcspn(line, " ") + 1 + strcspn(strchr(line, ' ') + 1, " ");
}

/* Leave out the id of a tool call: a provider may make one up, from a word and random digits, if
 * its service sends none. */
static const char *forget_call_id(check_text *story, const char *line)
{
    unsigned index;
    int at = 0;
    if (sscanf(line, "tool %u begin %n", &index, &at) != 1 || !at) return line;
    size_t n = strcspn(line + at, " ");
    if (n < 17 || line[at + (int)n - 17] != '_' ||
        strspn(line + at + n - 16, "0123456789abcdef") != 16)
        return line;
    check_text_printf(story, "tool %u begin (made up)", index);
    return line + at + n;
}

/* Remove the ids that differ from run to run. */
void check_forget_ids(check_run *run)
{
    check_text story = {0};
    for (const char *line = check_text_get(&run->story); *line;) {
        const char *rest = forget_answer_id(run, &story, line);
        if (rest == line) rest = forget_call_id(&story, line);
        size_t n = strcspn(rest, "\n") + 1;
        check_text_add(&story, rest, n);
        line = rest + n;
    }
    check_text_free(&run->story);
    run->story = story;
}

/* Return another case whose events are expected here, too. Events depend on the answer, so the
 * other case's events are used only if its answer is used, too. */
static const char *events_like(const check_run *run)
{
    const check_scenario *s = run->scenario;
    const char *like = check_answers_like(run);
    bool other_answer = s->answer_like == NULL && (s->code || (run->settings->foreign && s->own));
    /* a foreign provider may add a warning */
    bool other_call = run->settings->foreign && !check_asks_the_same(run, like);
    return other_answer || other_call ? NULL : like;
}

void check_events(check_run *run)
{
    check_text want = {0};
    check_forget_ids(run);
    const char *got = check_text_get(&run->story);
    if (strstr(got, CHECK_KEY)) check_problem(run, "the key is in the events or the error");
    const char *like = events_like(run);
    bool found = check_find(run, "events", like, &want);
    bool same = found && strcmp(check_text_get(&want), got) == 0;
    if (!same && check_is_updated(run))
        check_change_events(run, found ? check_text_get(&want) : NULL);
    else if (!found && !run->settings->foreign)
        check_problem(run, "%s has no section events", run->scenario->name);
    else if (found && !same)
        tell_difference(run, check_text_get(&want), got);
    check_text_free(&want);
}
