/* Compares what happened with what the fixture says. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kit/json_diff.h"
#include "kit/scenario.h"

enum { MAX_NAME = 32 };

void check_problem(check_run *run, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    check_text_printf(&run->problems, "%s\n", line);
}

/* "request" for the first exchange, "request 2" for the second. */
static void section_name(char *out, const char *what, size_t n)
{
    if (n == 1)
        snprintf(out, MAX_NAME, "%s", what);
    else
        snprintf(out, MAX_NAME, "%s %zu", what, n);
}

static bool find(check_run *run, const char *section, const char *other, check_text *text)
{
    const char *const others[] = {other, NULL};
    return check_fixture_find(run->profile, run->scenario->name, others, section, text);
}

/* What is answered, and what comes of it, may stand in another case than the request. */
static const char *answers_like(const check_run *run)
{
    return run->scenario->answer_like ? run->scenario->answer_like : run->scenario->like;
}

static bool is_foreign(const check_run *run)
{
    return run->settings->foreign;
}

static bool find_answer(check_run *run, size_t n, check_text *text)
{
    char section[MAX_NAME];
    section_name(section, "answer", n);
    bool stands_in = !is_foreign(run) || !run->scenario->own;
    return find(run, section, stands_in ? answers_like(run) : NULL, text);
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
    char section[MAX_NAME];
    section_name(section, "answer", n);
    check_text_printf(&run->reason, "no file check/%s" CHECK_FIXTURE_ENDING " with the section %s",
                      scenario, section);
}

/* Of a foreign provider no more is asked than its author wrote. */
static bool miss_answer(check_run *run, size_t n)
{
    const char *like = answers_like(run);
    if (!is_foreign(run)) {
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
    const char *wrong = check_answer_parse(&run->answer, text.data);
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
        wrong = check_answer_parse(&run->answer, text.data);
    else if (is_foreign(run))
        check_no_answer(run, name, 1);
    if (wrong && !run->reason.length) check_problem(run, "the answer of %s: %s", name, wrong);
    check_text_free(&text);
    return !wrong;
}

/* ---- the request ----------------------------------------------------------------------------- */

/* What the transport says for itself. */
static bool is_ours(const char *header)
{
    static const char *const names[] = {"host",       "user-agent", "accept", "accept-encoding",
                                        "connection", "expect",     NULL};
    if (strcasecmp(header, "content-length") == 0) return false;
    for (size_t i = 0; names[i]; i++)
        if (strcasecmp(header, names[i]) == 0) return false;
    return true;
}

/* A file's {base}, {model} and {key} are those of the provider. */
static void fill_in(const check_run *run, const char *text, check_text *out)
{
    check_text a = {0}, b = {0};
    check_text_replace(&a, text, "{base}", run->profile->base_path);
    check_text_replace(&b, check_text_get(&a), "{model}", run->profile->model);
    check_text_replace(out, check_text_get(&b), "{key}", CHECK_KEY);
    check_text_free(&a);
    check_text_free(&b);
}

static void write_request(const check_run *run, size_t i, check_text *out)
{
    const char *name, *value;
    size_t length = 0;
    const char *body = peer_request_body(run->peer, i, &length);
    check_text_printf(out, "%s %s\n", peer_request_method(run->peer, i),
                      peer_request_path(run->peer, i));
    for (size_t k = 0; (name = peer_request_header_at(run->peer, i, k, &value)); k++)
        if (is_ours(name)) check_text_printf(out, "%s: %s\n", name, value);
    check_text_puts(out, "\n");
    check_text_add(out, body, length);
    if (length) check_text_puts(out, "\n");
}

/* The other way round, for a file that is written. */
static void take_out(const check_run *run, const char *text, check_text *out)
{
    char base[160], quoted[128];
    check_text a = {0}, b = {0}, c = {0};
    snprintf(quoted, sizeof quoted, "\"model\":\"%s\"", run->profile->model);
    snprintf(base, sizeof base, " %s/", run->profile->base_path);
    const char *line = strchr(text, '\n');
    check_text first = {0};
    check_text_add(&first, text, line ? (size_t)(line - text) : strlen(text));
    if (*run->profile->base_path)
        check_text_replace(&a, check_text_get(&first), base, " {base}/");
    else
        check_text_replace(&a, check_text_get(&first), " /", " {base}/");
    check_text_replace(&b, check_text_get(&a), run->profile->model, "{model}");
    check_text_puts(&b, line ? line : "");
    check_text_replace(&c, check_text_get(&b), quoted, "\"model\":\"{model}\"");
    check_text_replace(out, check_text_get(&c), CHECK_KEY, "{key}");
    check_text_free(&first);
    check_text_free(&a);
    check_text_free(&b);
    check_text_free(&c);
}

/* Take a line off; returns it, NUL-terminated, or NULL at a blank line, which is taken, too. */
static char *take_line(char **at)
{
    char *line = *at, *newline = strchr(line, '\n');
    if (newline) *newline = '\0';
    *at = newline ? newline + 1 : line + strlen(line);
    return *line ? line : NULL;
}

static size_t compare_headers(check_run *run, size_t i, char **at)
{
    size_t n = 0;
    for (char *line; (line = take_line(at)); n++) {
        char *colon = strstr(line, ": ");
        if (!colon) {
            check_problem(run, "the wanted header \"%s\" is not one", line);
            continue;
        }
        *colon = '\0';
        const char *got = peer_request_header(run->peer, i, line);
        if (!got)
            check_problem(run, "header %s: want \"%s\", got none", line, colon + 2);
        else if (strcmp(got, colon + 2) != 0)
            check_problem(run, "header %s: want \"%s\", got \"%s\"", line, colon + 2, got);
    }
    return n;
}

static size_t count_headers(const check_run *run, size_t i)
{
    const char *name, *value;
    size_t n = 0;
    for (size_t k = 0; (name = peer_request_header_at(run->peer, i, k, &value)); k++)
        n += is_ours(name);
    return n;
}

static void tell_headers(check_run *run, size_t i)
{
    const char *name, *value;
    check_text_puts(&run->problems, "headers that were sent:");
    for (size_t k = 0; (name = peer_request_header_at(run->peer, i, k, &value)); k++)
        if (is_ours(name)) check_text_printf(&run->problems, " %s", name);
    check_text_puts(&run->problems, "\n");
}

static void compare_body(check_run *run, size_t i, const char *want)
{
    size_t length = 0;
    const char *got = peer_request_body(run->peer, i, &length);
    if (!*want && length)
        check_problem(run, "the request has a body and should have none");
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

/* ---- writing fixtures ------------------------------------------------------------------------ */

/* Write a section of the case, unless what is there, or stands in for it, says the same. */
static void update(check_run *run, const char *section, const char *text)
{
    if (!check_fixture_write(run->profile, run->scenario->name, section, text))
        check_problem(run, "the section %s can't be written", section);
}

static void update_request(check_run *run, size_t i, const char *section)
{
    check_text sent = {0}, text = {0};
    check_text_clear(&run->problems);
    write_request(run, i, &sent);
    take_out(run, check_text_get(&sent), &text);
    update(run, section, check_text_get(&text));
    check_text_free(&sent);
    check_text_free(&text);
}

/* ---- the same with its file ------------------------------------------------------------------ */

/* Of a request that no file tells of: what was said stands in it, in its order but for what is for
 * the system. */
static void look_for_texts(check_run *run, size_t i, size_t messages)
{
    size_t length;
    const char *body = peer_request_body(run->peer, i, &length), *from = body;
    if (!length) return; /* of a list of models */
    for (size_t k = 0; k < messages; k++) {
        const beluga_message *message = beluga_messages_get(run->call.messages, k);
        const char *text = beluga_message_text(message, &length);
        bool system = beluga_message_role(message) == BELUGA_ROLE_SYSTEM;
        const char *at = strstr(system ? body : from, text);
        if (!at)
            check_problem(run, "the request does not have, or not where it belongs: \"%s\"", text);
        else if (!system)
            from = at + length;
    }
}

/* The request of another case is that of this one where both make the same call. */
static const char *request_like(const check_run *run)
{
    const char *like = run->scenario->like;
    return !is_foreign(run) || check_asks_the_same(run->scenario, like) ? like : NULL;
}

void check_request(check_run *run, size_t n)
{
    char section[MAX_NAME];
    check_text text = {0}, want = {0};
    size_t i = run->asked++;
    section_name(section, "request", n);
    if (!peer_request_method(run->peer, i)) {
        check_problem(run, "request %zu was never sent", i + 1);
        return;
    }
    size_t before = run->problems.length;
    bool as_written = !run->profile->borrowed && !run->settings->config;
    bool found = as_written && find(run, section, request_like(run), &text);
    if (found) {
        fill_in(run, text.data, &want);
        compare_request(run, i, want.data);
    } else if (as_written && !is_foreign(run)) {
        check_problem(run, "%s has no section %s", run->scenario->name, section);
    } else {
        /* The first call of two had not yet what the second one adds. */
        bool first = n == 1 && run->scenario->run == check_run_twice;
        look_for_texts(run, i, first ? 1 : beluga_messages_count(run->call.messages));
    }
    if (run->settings->update && !before && run->problems.length) update_request(run, i, section);
    check_text_free(&text);
    check_text_free(&want);
}

/* ---- the story ------------------------------------------------------------------------------- */

/* Tell the first line in which they differ, and what stands around it. */
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

/* A full provider numbers its answers as it likes. */
static const char *forget_answer_id(const check_run *run, check_text *story, const char *line)
{
    static const char head[] = "metadata id=";
    if (run->peer || strncmp(line, head, sizeof head - 1) != 0) return line;
    check_text_printf(story, "%s*", head);
    return line + strcspn(line, " ") + 1 + strcspn(strchr(line, ' ') + 1, " ");
}

/* A provider may make up an id for a call that has none: a word, and random digits. */
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

/* Some ids are others each time. */
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

void check_events(check_run *run)
{
    check_text want = {0};
    check_forget_ids(run);
    const char *got = check_text_get(&run->story);
    if (strstr(got, CHECK_KEY)) check_problem(run, "the key stands in what came out");
    const char *like = answers_like(run);
    if (is_foreign(run) && !check_asks_the_same(run->scenario, like)) like = NULL; /* it may warn */
    bool found = find(run, "events", like, &want);
    bool same = found && strcmp(check_text_get(&want), got) == 0;
    if (!same && run->settings->update)
        update(run, "events", got);
    else if (!found && !is_foreign(run))
        check_problem(run, "%s has no section events", run->scenario->name);
    else if (found && !same)
        tell_difference(run, check_text_get(&want), got);
    check_text_free(&want);
}
