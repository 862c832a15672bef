/* beluga-peer: the scripted peer as a program, for benchmarks and for manual tests. */
#include "base/spawn.h"
#include "peer/peer.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_FAULTS 32

typedef enum mode { MODE_CHAT, MODE_EXAMPLE, MODE_BATCH } mode;

typedef struct settings {
    peer_config config;
    peer_chat chat;
    peer_batches batches;
    const char *faults[MAX_FAULTS];
    mode mode;
    bool help;
} settings;

static const char usage_text[] =
    "usage: beluga-peer [--mode chat|example|batch] [options]\n"
    "A server with OpenAI's API on 127.0.0.1 that can fail on purpose: use the models s01 … s16.\n"
    "\n"
    "  --mode chat         GET /v1/models and POST /v1/chat/completions\n"
    "  --mode example      POST /v1/chat, the service of providers that beluga new makes\n"
    "  --mode batch        the batch APIs of OpenAI (also below /openai), Together (below\n"
    "                      /together), Anthropic, Gemini and Mistral, and GET /control/batches\n"
    "  --port N            port; 0, the default, chooses a free port; it is printed\n"
    "  --tokens N          words of a streamed answer (default 60)\n"
    "  --answer-words N    words of an answer in one piece (default: about 600 bytes in all)\n"
    "  --interval-ms M     pause before each word of a streamed answer (default 0)\n"
    "  --hold              send nothing after the first word, until the program ends\n"
    "  --time-divisor N    shorten the waits of the failing models (default 1)\n"
    "  --log FILE          append one JSON line per request\n"
    "  --help              print this\n"
    "\n"
    "For batches:\n"
    "  --batch-seconds S   duration of a job in seconds (default 0.3)\n"
    "  --batch-polls N     a job ends after N polls instead, regardless of time\n"
    "  --page N            lists have at most N jobs on a page\n"
    "  --late-list-ms M    a list shows a job only M milliseconds after it was made\n"
    "  --max-body BYTES    a longer request is answered with 413 (default 260 MiB)\n"
    "  --seed N            seed of the random numbers (default 1)\n"
    "  --fault NAME[:HOW-OFTEN]\n"
    "                      may be repeated; HOW-OFTEN is a chance such as 0.2, or a number\n"
    "                      such as 3, which means each third time; without it, each time\n"
    "\n"
    "  lost-create         the job is made, and the connection closes without an answer\n"
    "  error-create        the job is made, and the answer is 500\n"
    "  busy-create         429 with Retry-After, and no job\n"
    "  lost-upload         the file is stored, and the connection closes without an answer\n"
    "  busy-get            429 when a job is asked for\n"
    "  missing-get         404 when a job is asked for, although it exists\n"
    "  expire              half of a job's requests are answered, then it expires\n"
    "  errors-only         all requests of a job fail\n"
    "  invalid             a job fails as a whole when it is checked\n"
    "  queue-full          OpenAI's job fails as a whole until other jobs end; others answer 429\n"
    "  line-400, line-429, line-500, line-quota, line-expired\n"
    "                      requests of a job fail: permanently (400), temporarily (429, 500), for\n"
    "                      lack of credit (quota) or of time (expired)\n"
    "  cut-results         a download ends before the length that Content-Length gives\n"
    "  cut-chunked         a download in HTTP chunks ends without the last chunk\n"
    "  chunked             downloads are sent in HTTP chunks\n"
    "  empty-ids           missing files have the id \"\" instead of null (OpenAI)\n"
    "  no-metadata         the metadata of a job is not stored (OpenAI)\n"
    "  pending-file        no job can be created from a file until its state was asked for "
    "(OpenAI)\n"
    "\n"
    "A request whose text has fail-400, fail-429, fail-500, fail-quota or fail-expired fails in\n"
    "this way; with -once after it only in the first job that has this text.\n"
    "\n"
    "The program ends on SIGTERM or SIGINT, and when the process that started it ends.\n";

/* The signal handler needs this pointer; it is set before the signals are caught. */
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

static int parse_double(const char *text, double high, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return errno || end == text || *end || !(*out >= 0) || *out > high
               ? complain("not a number in range", text)
               : 0;
}

static int take_fault(settings *s, const char *fault)
{
    if (s->batches.n_faults == MAX_FAULTS) return complain("too many faults", fault);
    s->faults[s->batches.n_faults++] = fault;
    return 0;
}

/* Read the argument of an option for batches that is an unsigned number. */
static int take_batch_number(settings *s, int option)
{
    int n = 0;
    if (parse_number(optarg, 0, INT_MAX, &n) != 0) return -1;
    switch (option) {
    case 'P': s->batches.polls = (unsigned)n; break;
    case 'g': s->batches.page = (size_t)n; break;
    case 'B': s->config.max_body = (size_t)n; break;
    default: s->batches.seed = (uint64_t)n; break;
    }
    return 0;
}

static int open_log(settings *s, const char *path)
{
    if (s->config.log) fclose(s->config.log);
    s->config.log = fopen(path, "ae");
    return s->config.log ? 0 : complain(path, strerror(errno));
}

static int take_mode(settings *s, const char *name)
{
    static const char *const names[] = {"chat", "example", "batch"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) != 0) continue;
        s->mode = (mode)i;
        return 0;
    }
    return complain("unknown mode", name);
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
    case 'S': return parse_double(optarg, 86400, &s->batches.seconds);
    case 'L': return parse_number(optarg, 0, 3600000, &s->batches.late_list_ms);
    case 'F': return take_fault(s, optarg);
    case 'P':
    case 'g':
    case 'B':
    case 's': return take_batch_number(s, option);
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
        {"batch-seconds", required_argument, NULL, 'S'},
        {"batch-polls", required_argument, NULL, 'P'},
        {"page", required_argument, NULL, 'g'},
        {"late-list-ms", required_argument, NULL, 'L'},
        {"max-body", required_argument, NULL, 'B'},
        {"seed", required_argument, NULL, 's'},
        {"fault", required_argument, NULL, 'F'},
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

/* Returns false if the parent ended before the kernel was asked to watch it. */
static bool end_with_parent(void)
{
    pid_t parent = getppid();
    beluga__end_with_parent(SIGTERM);
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

/* Script the answers of the chosen mode. */
static int script(settings *s)
{
    if (s->mode == MODE_CHAT) peer_serve_chat(the_peer, &s->chat);
    if (s->mode == MODE_EXAMPLE) peer_serve_example(the_peer);
    if (s->mode != MODE_BATCH) return 0;
    s->batches.faults = s->faults;
    const char *wrong = peer_serve_batches(the_peer, &s->batches);
    return wrong ? complain("--fault", wrong) : 0;
}

static int run(void)
{
    catch_signals();
    if (!end_with_parent()) return 0;
    printf("listening 127.0.0.1:%d\n", peer_port(the_peer));
    fflush(stdout);
    return peer_run(the_peer);
}

/* Serve until a signal comes. Returns the program's exit status. */
static int serve(settings *s)
{
    if (s->mode == MODE_BATCH && !s->config.max_body)
        s->config.max_body = PEER_BATCH_MAX_BODY_BYTES;
    the_peer = peer_new(&s->config);
    if (!the_peer) {
        complain("cannot listen on 127.0.0.1", strerror(errno));
        return 1;
    }
    int rc = script(s) != 0 ? 2 : run() != 0;
    peer_stop(the_peer);
    return rc;
}

int main(int argc, char **argv)
{
    settings s = {.chat = {.tokens = 60, .time_divisor = 1},
                  .batches = {.seconds = 0.3, .seed = 1}};
    int rc = 2;
    if (parse_options(&s, argc, argv) == 0) {
        raise_descriptor_limit();
        rc = s.help ? (fputs(usage_text, stdout) < 0) : serve(&s);
    }
    if (s.config.log) fclose(s.config.log);
    return rc;
}
