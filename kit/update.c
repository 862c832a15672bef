#include "kit/update.h"

#include "kit/body.h"
#include "kit/exchange.h"
#include "kit/line_diff.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void write_header(const check_run *run, size_t i, const char *name, const char *value,
                         check_text *out)
{
    check_text_printf(out, "%s: ", name);
    check_body_write_header(run->peer, i, value, out);
    check_text_puts(out, "\n");
}

static void write_request(const check_run *run, size_t i, check_text *out)
{
    const char *name, *value;
    size_t length = 0;
    const char *body = peer_request_body(run->peer, i, &length);
    check_text_printf(out, "%s %s\n", peer_request_method(run->peer, i),
                      peer_request_path(run->peer, i));
    for (size_t k = 0; (name = peer_request_header_at(run->peer, i, k, &value)); k++)
        if (check_is_compared(name)) write_header(run, i, name, value, out);
    check_text_puts(out, "\n");
    if (check_body_is_other(run->peer, i)) {
        check_body_write(run->peer, i, out);
        return;
    }
    check_text_add(out, body, length);
    if (length) check_text_puts(out, "\n");
}

static bool is_of_a_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Replace the model's name by {model} where it is a separate word. */
static void take_model_out(check_text *out, const char *path, size_t length, const char *model)
{
    size_t n = strlen(model);
    for (const char *at = path, *end = path + length; at < end;) {
        bool begins = at == path || !is_of_a_word(at[-1]);
        bool fits = n && n <= (size_t)(end - at) && memcmp(at, model, n) == 0;
        bool found = begins && fits && (at + n == end || !is_of_a_word(at[n]));
        if (found)
            check_text_puts(out, "{model}");
        else
            check_text_add(out, at, 1);
        at += found ? n : 1;
    }
}

/* Write a line such as "POST /v1/chat" with {base} and {model} in place of the provider's
 * values. */
static void take_out_of_line(const check_run *run, const char *line, size_t length, check_text *out)
{
    const char *base = run->profile->base_path;
    const char *path = memchr(line, ' ', length), *end = line + length;
    path = path ? path + 1 : end;
    check_text_add(out, line, (size_t)(path - line));
    if (strncmp(path, base, strlen(base)) == 0 && path[strlen(base)] == '/') {
        check_text_puts(out, "{base}");
        path += strlen(base);
    }
    take_model_out(out, path, (size_t)(end - path), run->profile->model);
}

/* Write a request with {base}, {model} and {key} in place of the provider's values, so that the
 * file can be used for other providers. */
static void take_out(const check_run *run, const char *text, check_text *out)
{
    char quoted[128];
    check_text b = {0}, c = {0};
    size_t line = strcspn(text, "\n");
    snprintf(quoted, sizeof quoted, "\"model\":\"%s\"", run->profile->model);
    take_out_of_line(run, text, line, &b);
    check_text_puts(&b, text + line);
    check_text_replace(&c, check_text_get(&b), quoted, "\"model\":\"{model}\"");
    check_text_replace(out, check_text_get(&c), CHECK_KEY, "{key}");
    check_text_free(&b);
    check_text_free(&c);
}

/* ---- notes ----------------------------------------------------------------------------------- */

bool check_is_updated(const check_run *run)
{
    const check_settings *settings = run->settings;
    if (!settings->update || run->profile->borrowed || settings->config) return false;
    return !settings->foreign || settings->only ||
           check_fixture_is_there(run->profile, run->scenario->name);
}

static check_change *add_change(check_run *run, const char *section)
{
    if (run->n_changes == CHECK_MAX_CHANGES) {
        check_problem(run, "too many sections differ");
        return NULL;
    }
    check_change *change = &run->changes[run->n_changes++];
    *change = (check_change){0};
    snprintf(change->section, sizeof change->section, "%s", section);
    return change;
}

void check_change_request(check_run *run, size_t i, const char *section, const char *differences)
{
    check_text sent = {0};
    check_change *change = add_change(run, section);
    if (!change) return;
    write_request(run, i, &sent);
    take_out(run, check_text_get(&sent), &change->text);
    if (differences)
        check_text_puts(&change->shown, differences);
    else
        check_line_diff(&change->shown, "", check_text_get(&change->text));
    check_text_free(&sent);
}

void check_change_events(check_run *run, const char *want)
{
    check_change *change = add_change(run, "events");
    if (!change) return;
    check_text_puts(&change->text, check_text_get(&run->story));
    check_line_diff(&change->shown, want ? want : "", check_text_get(&run->story));
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_change(check_run *run, const check_change *change)
{
    char path[CHECK_MAX_PATH];
    if (!check_fixture_write(run->profile, run->scenario->name, change->section,
                             check_text_get(&change->text), path)) {
        check_problem(run, "%s: its section %s can't be written", path, change->section);
        return;
    }
    check_text_printf(&run->written, "%s: %s\n%s", path, change->section,
                      check_text_get(&change->shown));
}

static void forget(check_run *run)
{
    for (size_t i = 0; i < run->n_changes; i++) {
        check_text_free(&run->changes[i].text);
        check_text_free(&run->changes[i].shown);
    }
    run->n_changes = 0;
}

void check_write_changes(check_run *run, const char *rule)
{
    bool wrong = run->problems.length > 0;
    if (wrong && run->n_changes)
        check_problem(run, "so nothing was written into the files of this check");
    else if (run->n_changes && rule && !run->reason.length)
        check_text_printf(&run->reason, "nothing was written, for the check %s fails", rule);
    for (size_t i = 0; i < run->n_changes && !wrong && !run->reason.length; i++)
        write_change(run, &run->changes[i]);
    forget(run);
}
