/* beluga-peer: the scripted peer as a program, for benchmarks and for manual tests. */
#include "peer/peer.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct settings {
    peer_config config;
    peer_chat chat;
    bool is_example, help;
} settings;

static const char usage_text[] =
    "usage: beluga-peer [--mode chat|example] [options]\n"
    "An OpenAI-shaped server on 127.0.0.1 that can fail on purpose: ask for the model s01 … s16.\n"
    "\n"
    "  --mode chat         GET /v1/models and POST /v1/chat/completions\n"
    "  --mode example      POST /v1/chat, the service of a provider that beluga new begins\n"
    "  --port N            port; 0, the default, takes a free one and prints it\n"
    "  --tokens N          words of a streamed answer (default 60)\n"
    "  --answer-words N    words of an answer in one piece (default: about 600 bytes in all)\n"
    "  --interval-ms M     pause before each of them (default 0)\n"
    "  --hold              say nothing after the first word, until the end of the program\n"
    "  --time-divisor N    shorten the waits of the failing models (default 1)\n"
    "  --log FILE          append one JSON line per request\n"
    "  --help              print this\n"
    "\n"
    "It ends on SIGTERM or SIGINT, and when the process that started it ends.\n";

/* The signal handler needs it; it is set once, before the signals are caught. */
static peer *the_peer;

static void on_signal(int number)
{
    (void)number;
    peer_quit(the_peer);
}

static int complain(const char *what, const char *detail)
{
    fprintf(stderr, "beluga-peer: %s: %s\n", what, detail);
    return -1;
}

static int parse_number(const char *text, int low, int high, int *out)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < low || n > high)
        return complain("not a number in range", text);
    *out = (int)n;
    return 0;
}

static int open_log(settings *s, const char *path)
{
    if (s->config.log) fclose(s->config.log);
    s->config.log = fopen(path, "ae");
    return s->config.log ? 0 : complain(path, strerror(errno));
}

static int take_mode(settings *s, const char *mode)
{
    s->is_example = strcmp(mode, "example") == 0;
    return s->is_example || strcmp(mode, "chat") == 0 ? 0 : complain("unknown mode", mode);
}

static int take_option(settings *s, int option)
{
    switch (option) {
    case 'm': return take_mode(s, optarg);
    case 'p': return parse_number(optarg, 0, 65535, &s->config.port);
    case 't': return parse_number(optarg, 1, PEER_MAX_TOKENS, &s->chat.tokens);
    case 'w': return parse_number(optarg, 1, PEER_MAX_TOKENS, &s->chat.answer_words);
    case 'i': return parse_number(optarg, 0, 3600000, &s->chat.interval_ms);
    case 'd': return parse_number(optarg, 1, 100000, &s->chat.time_divisor);
    case 'l': return open_log(s, optarg);
    case 'H': s->chat.hold = 1; return 0;
    case 'h': s->help = true; return 0;
    default: return -1;
    }
}

static int parse_options(settings *s, int argc, char **argv)
{
    static const struct option options[] = {
        {"mode", required_argument, NULL, 'm'},
        {"port", required_argument, NULL, 'p'},
        {"tokens", required_argument, NULL, 't'},
        {"answer-words", required_argument, NULL, 'w'},
        {"interval-ms", required_argument, NULL, 'i'},
        {"hold", no_argument, NULL, 'H'},
        {"log", required_argument, NULL, 'l'},
        {"time-divisor", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (take_option(s, option) != 0) return -1;
    return optind == argc ? 0 : complain("unexpected argument", argv[optind]);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Returns false when the parent had ended before the kernel was asked to watch it. */
static bool end_with_parent(void)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == parent;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(const settings *s)
{
    the_peer = peer_new(&s->config);
    if (!the_peer) return complain("cannot listen on 127.0.0.1", strerror(errno));
    catch_signals();
    int rc = 0;
    if (end_with_parent()) {
        if (s->is_example)
            peer_serve_example(the_peer);
        else
            peer_serve_chat(the_peer, &s->chat);
        printf("listening 127.0.0.1:%d\n", peer_port(the_peer));
        fflush(stdout);
        rc = peer_run(the_peer);
    }
    peer_stop(the_peer);
    return rc;
}

int main(int argc, char **argv)
{
    settings s = {.chat = {.tokens = 60, .time_divisor = 1}};
    int rc = 2;
    if (parse_options(&s, argc, argv) == 0) {
        raise_descriptor_limit();
        rc = s.help ? (fputs(usage_text, stdout) < 0) : (serve(&s) != 0);
    }
    if (s.config.log) fclose(s.config.log);
    return rc;
}
