#include "kit/interface.h"

#include "kit/exchange.h"
#include "kit/open.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the table ------------------------------------------------------------------------------- */

static void check_words(check_run *run, const char *const *words, const char *what)
{
    for (size_t i = 0; words && words[i]; i++)
        if (!*words[i] || strpbrk(words[i], " =\n"))
            check_problem(run, "%s: \"%s\" can't be the name of an environment variable", what,
                          words[i]);
}

static bool is_type_of_own(uint32_t type)
{
    return type == BELUGA_OPTION_STRING || type == BELUGA_OPTION_INT ||
           type == BELUGA_OPTION_DOUBLE || type == BELUGA_OPTION_BOOL;
}

static void check_own_option(check_run *run, const beluga_own_option *option)
{
    size_t n = strlen(run->provider->name);
    /* A provider without code has the options of its base. */
    if (!run->settings->base &&
        (strncmp(option->name, run->provider->name, n) != 0 || option->name[n] != '.'))
        check_problem(run, "option %s: want a name that begins with \"%s.\"", option->name,
                      run->provider->name);
    if (!option->meaning || !*option->meaning)
        check_problem(run, "option %s: want a meaning for people to read", option->name);
    if (!is_type_of_own(option->type))
        check_problem(run, "option %s: want a STRING, INT, DOUBLE or BOOL, got type %u",
                      option->name, option->type);
    if (option->words && option->type != BELUGA_OPTION_STRING)
        check_problem(run, "option %s: words are for a STRING", option->name);
    if (option->words && !*option->words)
        check_problem(run, "option %s: the list of words is empty", option->name);
    if (option->minimum > option->maximum)
        check_problem(run, "option %s: the minimum is larger than the maximum", option->name);
}

static void check_capabilities(check_run *run)
{
    const beluga_provider *p = run->provider;
    uint64_t known = 0;
    for (uint64_t bit = 1; beluga_capability_name(bit); bit <<= 1) known |= bit;
    if (p->capabilities & ~known)
        check_problem(run, "capabilities: the bits 0x%llx have no meaning",
                      (unsigned long long)(p->capabilities & ~known));
    if (!check_is_http(run)) return;
    size_t before = run->problems.length;
    bool streams = p->capabilities & BELUGA_CAPABILITY_STREAM;
    bool models = p->capabilities & BELUGA_CAPABILITY_MODELS;
    if (p->framing > BELUGA_FRAMING_OWN)
        check_problem(run, "framing: %u is not a beluga_framing", p->framing);
    if (streams && !p->decode_event)
        check_problem(run, "capabilities: STREAM is claimed, and decode_event is missing");
    if (models != (p->decode_list_models != NULL))
        check_problem(run, "capabilities: MODELS and decode_list_models go together");
    if (!(p->capabilities & BELUGA_CAPABILITY_EMBED) != !p->decode_embed)
        check_problem(run, "capabilities: EMBED and decode_embed go together");
    /* the library may be built without embeddings, and then the built-in decoders are missing */
    if (run->settings->foreign && p->batch && p->batch->max_inputs && !p->decode_embed)
        check_problem(run, "batch: max_inputs says that jobs embed texts, and decode_embed is "
                           "missing");
    if (!(p->capabilities & BELUGA_CAPABILITY_COUNT) != !p->decode_count)
        check_problem(run, "capabilities: COUNT and decode_count go together");
    /* with a wrong table every later check would fail */
    if (run->problems.length > before) run->rules->broken = run->scenario->name;
}

/* Returns whether an own option may replace {name} in base_url: its flag says that it is part of
 * the URL. */
static bool has_place(const beluga_provider *p, const char *name, size_t n)
{
    size_t prefix = strlen(p->name);
    const beluga_own_option *o = p->options;
    for (; o && o->name; o++)
        if (o->flags & BELUGA_OWN_OPTION_IN_URL && strlen(o->name) == prefix + 1 + n &&
            memcmp(o->name + prefix + 1, name, n) == 0)
            return true;
    return false;
}

static void check_places(check_run *run, const char *url)
{
    while ((url = strchr(url, '{'))) {
        size_t n = strcspn(++url, "}");
        if (strncmp(url, "env:", 4) != 0 && !has_place(run->provider, url, n))
            check_problem(run,
                          "base_url: {%.*s} wants an option \"%s.%.*s\" with the flag "
                          "BELUGA_OWN_OPTION_IN_URL",
                          (int)n, url, run->provider->name, (int)n, url);
    }
}

static void check_url(check_run *run)
{
    const char *url = run->provider->base_url;
    if (!check_is_http(run) || !url) return;
    check_places(run, url);
    size_t n = strlen(url);
    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        check_problem(run, "base_url: want http:// or https://, got \"%s\"", url);
    if (n && url[n - 1] == '/') check_problem(run, "base_url: \"%s\" ends with a slash", url);
}

void check_run_table(check_run *run)
{
    const beluga_provider *p = run->provider;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    if (!p->name || !*p->name || strlen(p->name) > 47 ||
        strspn(p->name, letters) != strlen(p->name))
        check_problem(run, "name: want 1 to 47 of a-z 0-9 _ -, got \"%s\"", p->name);
    if (p->default_model && !*p->default_model)
        check_problem(run, "default_model: want NULL for no default, got \"\"");
    for (const beluga_own_option *o = p->options; o && o->name; o++) check_own_option(run, o);
    for (size_t i = 0; p->notes && p->notes[i]; i++)
        if (strchr(p->notes[i], '\n')) check_problem(run, "notes: a note has more than one line");
    check_words(run, p->key_variables, "key_variables");
    check_words(run, p->url_variables, "url_variables");
    check_capabilities(run);
    check_url(run);
}

static void want_answer(check_run *run, const char *scenario, const char *what)
{
    check_text text = {0};
    const char *base = run->settings->base;
    if (!check_fixture_find(run->profile, scenario, NULL, "answer", &text))
        check_problem(run,
                      "want a file check/%s" CHECK_FIXTURE_ENDING
                      " with the section answer in the folder of fixtures, got none: nothing shows "
                      "that it reads %s%s%s%s",
                      scenario, what, base ? "; those of " : "", base ? base : "",
                      base ? " are in the source of Beluga: --fixtures tests/fixtures" : "");
    check_text_free(&text);
}

void check_run_fixtures(check_run *run)
{
    if (!check_is_http(run)) {
        check_text_puts(&run->reason, "it answers itself");
        return;
    }
    if (run->provider->decode_response) want_answer(run, "text", "an answer");
    if (run->provider->decode_event) want_answer(run, "stream", "a stream");
}

void check_run_names(check_run *run)
{
    const char *name = beluga_provider_name(run->model), *model = beluga_model_name(run->model);
    if (strcmp(name, run->provider->name) != 0)
        check_problem(run, "beluga_provider_name: want \"%s\", got \"%s\"", run->provider->name,
                      name);
    if (!model || !*model) check_problem(run, "beluga_model_name: got none");
    if (!run->settings->config && strcmp(model, run->profile->model) != 0)
        check_problem(run, "beluga_model_name: want \"%s\", got \"%s\"", run->profile->model,
                      model);
}

/* ---- registration ---------------------------------------------------------------------------- */

enum { MAX_NAMES = 512 };

static bool is_without_code(check_run *run)
{
    if (!run->settings->base) return false;
    check_text_puts(&run->reason, "the provider is defined in a configuration, not in a registry");
    return true;
}

void check_run_registered(check_run *run)
{
    const char *names[MAX_NAMES], *name = run->provider->name;
    size_t times = 0;
    if (is_without_code(run)) return;
    size_t n = beluga_registry_list(run->settings->registry, names, MAX_NAMES);
    for (size_t i = 0; i < n && i < MAX_NAMES; i++) {
        times += strcmp(names[i], name) == 0;
        if (i && strcmp(names[i - 1], names[i]) >= 0)
            check_problem(run, "the list is not sorted: %s, %s", names[i - 1], names[i]);
    }
    if (times != 1) check_problem(run, "want it on the list once, got %zu times", times);
    if (!beluga_registry_contains(run->settings->registry, name))
        check_problem(run, "the registry says that it does not contain %s", name);
    if (beluga_registry_get(run->settings->registry, name) != run->provider)
        check_problem(run, "the registry gives another table for %s", name);
    beluga_registry *none = run->settings->registry;
    if (beluga_registry_contains(none, "no-such-provider") ||
        beluga_registry_get(none, "no-such-provider"))
        check_problem(run, "the registry has a provider that was never registered");
}

void check_run_registered_twice(check_run *run)
{
    beluga_registry *registry = run->settings->registry;
    if (is_without_code(run)) return;
    beluga_provider another = *run->provider;
    if (check_register(run, registry))
        check_problem(run, "want 0 for the second time, got %s", run->error.message);
    int code = beluga_registry_register(registry, &another, &run->error);
    if (code != BELUGA_ERROR_INVALID_INPUT)
        check_problem(run, "another table of its name: want invalid_input, got %s",
                      beluga_error_name(code));
    if (beluga_registry_get(registry, run->provider->name) != run->provider)
        check_problem(run, "another table replaced the provider's");
}

void check_run_other_client(check_run *run)
{
    beluga_client *client = NULL;
    if (is_without_code(run)) return;
    if (beluga_client_new(NULL, &client)) {
        check_problem(run, "no other client could be made");
        return;
    }
    beluga_registry *registry = beluga_client_registry(client);
    if (check_register(run, registry))
        check_problem(run, "it can't be registered: %s", run->error.message);
    else
        check_let_go(check_open(run, registry));
    beluga_client_unref(client);
}

/* ---- health ---------------------------------------------------------------------------------- */

static void ask_health(check_run *run, bool probe, beluga_health *health)
{
    beluga_context *context = beluga_context_new_timeout(NULL, check_patience_ms(run));
    int64_t before = time(NULL);
    *health = (beluga_health){0};
    run->error = (beluga_error){0};
    int status = beluga_check_health(run->model, context, probe, health, &run->error);
    check_note_breach(run, &run->error);
    if (health->status != status)
        check_problem(run, "it returned %s, its status says %s", beluga_error_name(status),
                      beluga_error_name(health->status));
    if (!health->provider || strcmp(health->provider, run->provider->name) != 0)
        check_problem(run, "provider: want %s, got %s", run->provider->name,
                      health->provider ? health->provider : "none");
    if (!health->model || strcmp(health->model, beluga_model_name(run->model)) != 0)
        check_problem(run, "model: want %s, got %s", beluga_model_name(run->model),
                      health->model ? health->model : "none");
    if (health->timestamp < before)
        check_problem(run, "the timestamp is before the call of beluga_check_health");
    if (health->probed != probe) check_problem(run, "`probed` has the wrong value");
    if (!health->state) health->state = "none";
    beluga_context_unref(context);
}

static void want_state(check_run *run, const beluga_health *health, const char *state)
{
    if (strcmp(health->state, state) != 0)
        check_problem(run, "state: want %s, got %s%s%s", state, health->state,
                      run->error.code ? ": " : "", run->error.code ? run->error.message : "");
}

void check_run_health(check_run *run)
{
    beluga_health health;
    ask_health(run, false, &health);
    bool local = run->provider->capabilities & BELUGA_CAPABILITY_LOCAL;
    want_state(run, &health, local && !check_is_http(run) ? "healthy" : "unknown");
    if (health.tools_count)
        check_problem(run, "tools_count: want 0, got %d", (int)health.tools_count);
    if (run->peer && !health.api_key_set) check_problem(run, "api_key_set: it has a key");
    if (run->peer && peer_requests(run->peer)) check_problem(run, "a request was sent");
    if (run->peer) run->asked = peer_requests(run->peer);
}

/* Play every page of the list of models. */
static bool play_models(check_run *run)
{
    char section[32] = "answer";
    check_text text = {0};
    size_t n = 0;
    for (; check_fixture_find(run->profile, "models", NULL, section, &text); n++) {
        check_free_answers(run);
        const char *wrong =
            check_answer_parse(&run->answer, check_text_get(&text), text.length, NULL);
        if (wrong) check_problem(run, "answer %zu of models: %s", n + 1, wrong);
        check_play_whole(run);
        snprintf(section, sizeof section, "answer %zu", n + 2);
    }
    check_text_free(&text);
    if (!n) check_no_answer(run, "models", 1);
    return n > 0;
}

/* Play the list of models, if the provider has one, and the usual answer. A health probe asks the
 * model itself if the list does not contain it. */
static bool play_probe(check_run *run)
{
    if (!run->peer) return true;
    bool lists = run->provider->capabilities & BELUGA_CAPABILITY_MODELS;
    if (lists && !play_models(run)) return false;
    if (!check_load_usual_answer(run, false)) return false;
    check_play_whole(run);
    return true;
}

void check_run_health_probe(check_run *run)
{
    beluga_health health;
    if (check_profile_skip(run->profile, "models")) {
        check_text_puts(&run->reason, "check.json skips the list of models");
        return;
    }
    if (!play_probe(run)) return;
    ask_health(run, true, &health);
    if (run->peer) run->asked = peer_requests(run->peer);
    if (run->peer && !run->asked) check_problem(run, "no request was sent");
    want_state(run, &health, "healthy");
    if (health.latency_ms < 0) check_problem(run, "latency_ms is not set");
}

void check_run_health_sick(check_run *run)
{
    static const struct {
        int status;
        const char *type, *body;
    } answers[] = {{401, "application/json", "{}"},
                   {500, "text/plain", "no"},
                   {200, "text/html", "<!DOCTYPE html><html><body>Welcome</body></html>"},
                   {200, "application/json", ""}};
    beluga_health health;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char header[64];
        peer_reply *reply = peer_reply_new(run->peer);
        snprintf(header, sizeof header, "Content-Type: %s\r\n", answers[i].type);
        peer_step_status(reply, answers[i].status, header);
        peer_step_body(reply, answers[i].body, strlen(answers[i].body));
        size_t before = run->problems.length;
        ask_health(run, true, &health);
        want_state(run, &health, "unhealthy");
        if (!health.status) check_problem(run, "its status says that the probe succeeded");
        if (run->problems.length > before)
            check_problem(run, "after HTTP %d, %s, \"%s\"", answers[i].status, answers[i].type,
                          answers[i].body);
    }
    run->asked = peer_requests(run->peer);
}
