#include "kit/update.h"

#include "kit/judge.h"

#include <stdio.h>
#include <string.h>

static void write_request(const check_run *run, size_t i, check_text *out)
{
    const char *name, *value;
    size_t length = 0;
    const char *body = peer_request_body(run->peer, i, &length);
    check_text_printf(out, "%s %s\n", peer_request_method(run->peer, i),
                      peer_request_path(run->peer, i));
    for (size_t k = 0; (name = peer_request_header_at(run->peer, i, k, &value)); k++)
        if (check_is_compared(name)) check_text_printf(out, "%s: %s\n", name, value);
    check_text_puts(out, "\n");
    check_text_add(out, body, length);
    if (length) check_text_puts(out, "\n");
}

/* Write a request with {base}, {model} and {key} in place of the provider's values, as in a file
 * for all providers. */
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

/* Write a section of the case, unless its present text, or that of the case it is like, says the
 * same. */
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

static void update_events(check_run *run)
{
    update(run, "events", check_text_get(&run->story));
}

const check_updater check_update_fixtures = {.request = update_request, .events = update_events};
