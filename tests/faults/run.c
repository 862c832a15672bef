/* Runs a scenario: it starts a peer whose faults depend on the model's name, opens a model as an
 * operator would configure it, makes the calls, and records what the caller and the provider
 * see. */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOKENS = 60 };

static const char prompt[] = "Say in sixty words why trust is earned when things fail.";

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "faults: %s: %s\n", what, detail);
    exit(1);
}

/* --- the model -------------------------------------------------------------------------------- */

static int ms(const setup *with, int full)
{
    int scaled = full / with->divisor;
    return scaled < 100 ? 100 : scaled;
}

/* Write a configuration file as an operator would. */
static void write_configuration(FILE *f, const scenario *s, const setup *with, const char *url)
{
    fprintf(f, "providers:\n  openai: {base_url: \"%s\", api_key: key}\nmodels:\n  primary:\n",
            url);
    fprintf(f, "    model: openai/%s\n    max_retries: %d\n    retry_delay: %dms\n", s->id,
            with->retry ? 2 : 0, ms(with, 500));
    fprintf(f, "    timeout: %dms\n    idle_timeout: %dms\n", ms(with, 30000), ms(with, 15000));
    if (with->first_token) fprintf(f, "    first_event_timeout: %dms\n", ms(with, 10000));
    if (with->breaker)
        fprintf(f, "    breaker_failures: 3\n    breaker_open_time: %dms\n", ms(with, 10000));
    if (with->restart) fprintf(f, "    restart_delivery: true\n");
    if (with->fallback) fprintf(f, "    fallback: [backup]\n");
    fprintf(f, "  backup: {model: openai/peer-backup}\n");
}

static beluga_chat_model *open_model(const scenario *s, const setup *with, const char *url)
{
    char path[] = "/tmp/beluga-faults-XXXXXX";
    beluga_error err = {0};
    beluga_config *base = beluga_config_new_n(NULL, 0), *config = NULL;
    beluga_chat_model *model = NULL;
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) give_up("temporary file", path);
    write_configuration(f, s, with, url);
    fclose(f);
    int status = beluga_config_load_file(base, path, &err);
    if (!status)
        status = beluga_config_resolve(base, beluga_registry_default(), "primary", &config, &err);
    if (!status)
        status = beluga_registry_open(beluga_registry_default(), NULL, config, &model, &err);
    if (status) give_up("configuration", err.message);
    unlink(path);
    beluga_config_free(config);
    beluga_config_free(base);
    return model;
}

/* --- a call ----------------------------------------------------------------------------------- */

typedef struct answer {
    char text[TEXT_SIZE];
    size_t length;
} answer;

static void take(answer *a, outcome *o, const beluga_event *event)
{
    switch (event->kind) {
    case BELUGA_EVENT_RESTART:
        a->length = 0;
        o->has_usage = false;
        break;
    case BELUGA_EVENT_METADATA:
        if (event->u.metadata.model)
            snprintf(o->model, sizeof o->model, "%s", event->u.metadata.model);
        break;
    case BELUGA_EVENT_TEXT:
        if (a->length + event->u.text.length >= sizeof a->text) break;
        memcpy(a->text + a->length, event->u.text.text, event->u.text.length);
        a->length += event->u.text.length;
        break;
    case BELUGA_EVENT_USAGE: o->has_usage = event->u.usage.output_total > 0; break;
    }
}

/* Returns whether the text is the complete text that the peer streams. */
static bool is_whole(const answer *a)
{
    static const char ten[] = "The quick brown fox jumps over the lazy dog. Then";
    char whole[TEXT_SIZE] = "";
    for (int i = 0; i < TOKENS / 10; i++) strcat(whole, ten);
    return a->length == strlen(whole) && memcmp(a->text, whole, a->length) == 0;
}

static void call(beluga_chat_model *model, double patience_s, double began_s, outcome *o)
{
    answer a = {.length = 0};
    beluga_error err = {0};
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    beluga_context *patience = beluga_context_new_timeout(NULL, (int64_t)(patience_s * 1000));
    double start = now_s();
    *o = (outcome){.began_s = start - began_s};
    o->status = beluga_stream_input(model, patience, beluga_input_text(prompt), &stream, &err);
    while (!o->status && !(o->status = beluga_stream_next(stream, &event, &err)) && event)
        take(&a, o, event);
    beluga_stream_free(stream);
    beluga_context_unref(patience);
    o->seconds = now_s() - start;
    o->ended = o->status != BELUGA_ERROR_CONTEXT_TIMEOUT;
    o->complete = !o->status && is_whole(&a);
    o->truncated = !o->status && !o->complete;
    if (o->status) beluga_error_format(&err, o->message, sizeof o->message);
}

static void sleep_until(double when_s)
{
    double left = when_s - now_s();
    if (left <= 0) return;
    struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
    nanosleep(&t, NULL);
}

/* ---- the provider's log ---------------------------------------------------------------------- */

static void read_log(const peer *p, const scenario *s, double began_s, size_t before,
                     attempts *seen)
{
    for (size_t i = 0; i < before; i++) {
        const char *body = peer_request_body(p, i, NULL);
        if (body && strstr(body, "\"assistant\"")) seen->prefill = true;
        if (strcmp(peer_request_model(p, i), s->id) != 0)
            seen->fallback++;
        else if (seen->primary < MAX_ATTEMPTS)
            seen->primary_s[seen->primary++] = (double)peer_request_time_ns(p, i) / 1e9 - began_s;
    }
}

/* Returns whether a call that meets no fault succeeds through the same model. */
static bool is_alive(beluga_chat_model *model)
{
    beluga_response *response = NULL;
    beluga_error err;
    int status = beluga_invoke(model, NULL, beluga_input_text(prompt), &response, &err,
                               beluga_with_model_name("peer-chat"));
    beluga_response_free(response);
    return status == 0;
}

void open_scenario(const scenario *s, const setup *with, result *r)
{
    r->peer = peer_start();
    if (!r->peer) give_up("peer", "can't be started");
    peer_serve_chat(r->peer, &(peer_chat){.tokens = TOKENS, .time_divisor = with->divisor});
    r->model = open_model(s, with, peer_url(r->peer));
}

void run_scenario(const scenario *s, const setup *with, result *r)
{
    double began = now_s(), d = with->divisor;
    /* A busy machine does not go faster with the time. */
    double slack_s = with->divisor > 1 ? 20 : 1;
    for (size_t i = 0; i < (s->calls ? s->calls : 1); i++) {
        sleep_until(began + (double)i * s->interval_s / d);
        call(r->model, s->patience_s / d + slack_s, began, &r->calls[r->n_calls++]);
    }
    read_log(r->peer, s, began, peer_requests(r->peer), &r->seen);
    r->alive_after = is_alive(r->model);
}

void close_scenario(result *r)
{
    beluga_chat_model_unref(r->model);
    peer_stop(r->peer);
}
