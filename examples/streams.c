/* Runs many streams at once, in any event loop. */
#define _GNU_SOURCE 1
#include "streams.h"

#include <beluga/providers/mock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_MODEL   "mock/stream"
#define DEFAULT_STREAMS 100
#define MAX_STREAMS     100000
#define MAX_ROUNDS      1000
#define SHOWN_FAILURES  5

struct streams {
    beluga_loop *loop;
    beluga_chat_model *model;
    beluga_messages *messages;
    long at_once, rounds;
    long started, completed, failed, events;
    long peak_at_half; /* KiB */
};

/* ---- arguments ------------------------------------------------------------------------------- */

static int complain(const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s\nusage: [-n STREAMS] [-r ROUNDS] [MODEL-REFERENCE]\n", what, detail);
    return -1;
}

static int parse_number(const char *text, long maximum, long *out)
{
    char *end;
    *out = strtol(text, &end, 10);
    if (end == text || *end || *out < 1 || *out > maximum) return complain("not a number", text);
    return 0;
}

static int parse_arguments(streams *s, int argc, char **argv, const char **reference)
{
    int option, status = 0;
    while (status == 0 && (option = getopt(argc, argv, "n:r:")) != -1) {
        if (option == 'n')
            status = parse_number(optarg, MAX_STREAMS, &s->at_once);
        else if (option == 'r')
            status = parse_number(optarg, MAX_ROUNDS, &s->rounds);
        else
            status = complain("unknown option", argv[optind - 1]);
    }
    if (status == 0 && optind < argc) *reference = argv[optind++];
    if (status == 0 && optind < argc) status = complain("too many arguments", argv[optind]);
    return status;
}

/* ---- setting up ------------------------------------------------------------------------------ */

/* Keys and base URLs come from the environment: OPENAI_BASE_URL, OPENAI_API_KEY, … */
static beluga_config *make_config(const char *reference, beluga_error *err)
{
    beluga_config *resolved = NULL;
    beluga_config *config = beluga_config_new(beluga_with_env());
    beluga_config_resolve(config, beluga_registry_default(), reference, &resolved, err);
    beluga_config_free(config);
    if (resolved && strncmp(reference, "mock", 4) == 0) {
        const beluga_option slowly[] = {
            beluga_mock_with_responses("one two three four five six seven eight nine ten"),
            beluga_mock_with_word_delay_ms(20),
        };
        beluga_config_set_n(resolved, slowly, 2);
    }
    return resolved;
}

static int open_model(streams *s, const char *reference)
{
    beluga_error err;
    char line[1024];
    int status = -1;
    beluga_config *config = make_config(reference, &err);
    if (config)
        status = beluga_registry_open(beluga_registry_default(), NULL, config, &s->model, &err);
    beluga_config_free(config);
    if (status == 0) return 0;
    beluga_error_format(&err, line, sizeof line);
    fprintf(stderr, "%s: %s\n", reference, line);
    return status;
}

/* Every stream over HTTP/1.1 needs a descriptor. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void streams_free(streams *s)
{
    beluga_loop_free(s->loop);
    beluga_messages_free(s->messages);
    beluga_chat_model_unref(s->model);
    free(s);
}

streams *streams_new(int argc, char **argv)
{
    const char *reference = DEFAULT_MODEL;
    streams *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->at_once = DEFAULT_STREAMS;
    s->rounds = 1;
    raise_descriptor_limit();
    if (parse_arguments(s, argc, argv, &reference) || open_model(s, reference) ||
        beluga_loop_new(NULL, &s->loop) || !(s->messages = beluga_messages_new()) ||
        beluga_messages_add(s->messages, beluga_human_message("Count to ten."))) {
        streams_free(s);
        return NULL;
    }
    return s;
}

beluga_loop *streams_loop(streams *s)
{
    return s->loop;
}

/* ---- running --------------------------------------------------------------------------------- */

static long peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_maxrss;
}

static void show_failure(streams *s, const beluga_error *err)
{
    char line[1024];
    if (s->failed++ >= SHOWN_FAILURES) return;
    beluga_error_format(err, line, sizeof line);
    fprintf(stderr, "stream failed: %s\n", line);
}

static void on_event(void *payload, const beluga_event *event);

static int start_one(streams *s)
{
    beluga_error err;
    int status = beluga_stream_start(s->model, s->loop, NULL, s->messages, on_event, s, NULL, &err);
    s->started++;
    if (status) show_failure(s, &err);
    return status;
}

static void on_end(streams *s)
{
    if (s->started < s->at_once * s->rounds) start_one(s);
    if (!s->peak_at_half && (s->completed + s->failed) * 2 >= s->at_once * s->rounds)
        s->peak_at_half = peak_memory();
}

static void on_event(void *payload, const beluga_event *event)
{
    streams *s = payload;
    s->events++;
    if (event->kind == BELUGA_EVENT_FINISH) {
        s->completed++;
        on_end(s);
    } else if (event->kind == BELUGA_EVENT_ERROR) {
        show_failure(s, event->u.error);
        on_end(s);
    }
}

int streams_start(streams *s)
{
    int status = 0;
    for (long i = 0; i < s->at_once && status == 0; i++) status = start_one(s);
    return status;
}

bool streams_done(const streams *s)
{
    return beluga_loop_active(s->loop) == 0;
}

void streams_print_progress(const streams *s)
{
    fprintf(stderr, "%ld of %ld streams ended, %zu running, %ld events\n", s->completed + s->failed,
            s->at_once * s->rounds, beluga_loop_active(s->loop), s->events);
}

int streams_finish(streams *s)
{
    bool good = s->failed == 0 && s->completed == s->at_once * s->rounds;
    printf("peak memory: %.1f MiB when half had ended, %.1f MiB at the end\n",
           (double)s->peak_at_half / 1024, (double)peak_memory() / 1024);
    printf("%ld streams completed, %ld failed, %ld events\n", s->completed, s->failed, s->events);
    streams_free(s);
    return good ? 0 : 1;
}
