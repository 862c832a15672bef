/*
 * System calls of the command fail in turn. Each run must end by itself: with the usual output, or
 * with an exit code and an error on stderr. Work that the command reports as done must be done. If
 * a batch has lost lines, the same command must send them again, each of them exactly once.
 *
 * After the first calls of a kind only some fail; with TORTURE_ALL=1 all do. TORTURE_SHOW=1 prints
 * the errors, and TORTURE_ONLY='a batch' runs a single test.
 */
#include "../cli/run.h"
#include "failing.h"
#include "peer/peer.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES = 3, ARGUMENTS = 12 };

static failing_plan *plan;
static char plan_path[64], library[512];

typedef struct program {
    const char *name;
    const char *arguments[ARGUMENTS];
    const char *input;
    void (*prepare)(cli_process *cli);
    /* Checks a run. If it is NULL, the command must have printed the usual output, or reported on
     * stderr that it could not. */
    void (*check)(cli_process *cli, const struct program *p);
    char *usual; /* the output of a run without failures */
} program;

static const char *const kinds[] = {
#define XX(kind, ...) #kind,
    FAILING_KINDS(XX)
#undef XX
};

static char context[256];
/* `few` is set with a sanitizer, with which each process takes long to start */
static bool all, few;

/* ---- a run ----------------------------------------------------------------------------------- */

static int run(cli_process *cli, const char *const a[ARGUMENTS], const char *input)
{
    cli->input = input;
    cli->input_length = input ? strlen(input) : 0;
    return cli_run(cli, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11],
                   NULL);
}

/* Run the command without failures, whatever the plan says. */
static int run_well(cli_process *cli, const char *const a[ARGUMENTS], const char *input)
{
    bool armed = atomic_exchange(&plan->armed, false);
    int code = run(cli, a, input);
    atomic_store(&plan->armed, armed);
    return code;
}

static long run_failing(cli_process *cli, const program *p, int kind, int fault, bool lasting,
                        long first)
{
    snprintf(context, sizeof context, "%s, %s number %ld%s fails with %s", p->name, kinds[kind],
             first + 1, lasting ? " and later" : "",
             fault == SHORT ? "a byte" : strerrorname_np(fault));
    if (p->prepare) p->prepare(cli);
    plan->kind = kind;
    plan->fault = fault;
    plan->lasting = lasting;
    plan->first = first;
    atomic_store(&plan->seen, 0);
    atomic_store(&plan->hits, 0);
    atomic_store(&plan->armed, true);
    int code = run(cli, p->arguments, p->input);
    atomic_store(&plan->armed, false);
    long hits = atomic_load(&plan->hits);
    if (cli->signal) fail_msg("%s: signal %d\n%s", context, cli->signal, cli->err);
    if (code && !*cli->err) fail_msg("%s: exit code %d without a word", context, code);
    bool passes = !hits || fault == EINTR || fault == SHORT ||
                  (fault == EAGAIN && (kind == FAILING_send || kind == FAILING_recv));
    if (code && passes)
        fail_msg("%s, which is no failure: exit code %d\n%s", context, code, cli->err);
    if (getenv("TORTURE_SHOW") && hits && code + *cli->err)
        fprintf(stderr, "%s: exit code %d: %s\n", context, code, cli->err);
    if (p->check)
        p->check(cli, p);
    else if (!code && (passes || !*cli->err) && strcmp(cli->out, p->usual) != 0)
        fail_msg("%s: success, but it printed\n%s", context, cli->out);
    return hits;
}

/* Return the number of the next call that fails. Only some of many calls fail, unless `all` is
 * set. */
static long next_of(long n)
{
    return all ? n + 1 : few ? 64 * n + 9 : 8 * n + 1;
}

static void torture(cli_process *cli, program *p)
{
    static const int faults[][4] = {
#define XX(kind, ...) {__VA_ARGS__},
        FAILING_KINDS(XX)
#undef XX
    };
    if (p->prepare) p->prepare(cli);
    plan->first = -1;
    for (int kind = 0; kind < FAILING_COUNT; kind++) atomic_store(&plan->calls[kind], 0);
    atomic_store(&plan->armed, true);
    int code = run(cli, p->arguments, p->input);
    atomic_store(&plan->armed, false);
    if (code) fail_msg("%s: %s", p->name, cli->err);
    p->usual = strdup(cli->out);
    bool made[FAILING_COUNT];
    for (int kind = 0; kind < FAILING_COUNT; kind++) made[kind] = atomic_load(&plan->calls[kind]);
    for (int kind = 0; kind < FAILING_COUNT; kind++)
        for (int i = 0; i < 4 && faults[kind][i]; i++)
            for (int lasting = 0; lasting < 2; lasting++) {
                int fault = faults[kind][i];
                bool passes = fault == EINTR || fault == EAGAIN || fault == SHORT;
                bool skipped = !made[kind] || (!all && i > 0 && (lasting || !passes)) ||
                               (!all && few && lasting && fault != SHORT);
                for (long n = 0; !(lasting && passes && fault != SHORT) && !skipped; n = next_of(n))
                    if (!run_failing(cli, p, kind, fault, lasting, n)) break;
            }
    free(p->usual);
}

/* ---- work that the command reports as done --------------------------------------------------- */

static char path[4][128];

static const char *in_home(const cli_process *cli, int i, const char *name)
{
    snprintf(path[i], sizeof path[i], "%s/%s", cli->home, name);
    return path[i];
}

static char *read_file(const char *name)
{
    char *text = calloc(1, 65536);
    FILE *f = fopen(name, "r");
    if (f) text[fread(text, 1, 65535, f)] = '\0';
    if (f) fclose(f);
    return text;
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)); text++) n++;
    return n;
}

static bool is_whole(const char *results)
{
    char id[32];
    for (int i = 1; i <= LINES; i++) {
        snprintf(id, sizeof id, "\"id\":\"%d\"", i);
        if (count(results, id) != 1) return false;
    }
    return count(results, "\n") == LINES;
}

static void prepare_batch(cli_process *cli)
{
    char text[128] = "";
    for (int i = 1; i <= LINES; i++)
        sprintf(text + strlen(text), "{\"id\":\"%d\",\"prompt\":\"Hi\"}\n", i);
    cli_write_file(cli, "in.jsonl", text, strlen(text));
    unlink(in_home(cli, 0, "out.jsonl"));
    unlink(in_home(cli, 0, "out.jsonl.batch"));
}

static void check_batch(cli_process *cli, const program *p)
{
    char *first = read_file(in_home(cli, 0, "out.jsonl"));
    bool said = !cli->code, whole = is_whole(first);
    free(first);
    if (said && !whole) fail_msg("%s: success, but the output is not whole", context);
    const char *again[ARGUMENTS];
    size_t n = 0;
    for (; p->arguments[n]; n++) again[n] = p->arguments[n];
    again[n++] = "--retry-failed";
    while (n < ARGUMENTS) again[n++] = NULL;
    if (run_well(cli, again, NULL)) fail_msg("%s: once more: %s", context, cli->err);
    char *second = read_file(in_home(cli, 0, "out.jsonl"));
    if (!is_whole(second)) fail_msg("%s: once more, and then:\n%s", context, second);
    free(second);
}

static void remove_tape(cli_process *cli)
{
    char command[160];
    snprintf(command, sizeof command, "rm -rf %s", in_home(cli, 0, "tape"));
    assert_int_equal(system(command), 0);
}

static void check_tape(cli_process *cli, const program *p)
{
    const char *const replay[ARGUMENTS] = {"--replay", in_home(cli, 0, "tape"), "-m", "openai/any",
                                           "Hi"};
    (void)p;
    bool warned = *cli->err;
    /* the command may drop the recording if it fails or prints a warning */
    if (cli->code || warned) return;
    if (run_well(cli, replay, NULL)) fail_msg("%s: in silence: %s", context, cli->err);
}

static void log_on(cli_process *cli)
{
    const char *const on[ARGUMENTS] = {"logs", "on"};
    assert_int_equal(run_well(cli, on, NULL), 0);
}

/* Each question is different, so that the test can find it in the log. */
static char question[32];

static void log_on_anew(cli_process *cli)
{
    static unsigned n;
    log_on(cli);
    snprintf(question, sizeof question, "question-%u-", n++);
}

static void check_log(cli_process *cli, const program *p)
{
    const char *const logs[ARGUMENTS] = {"logs", "list", "-n", "1"};
    (void)p;
    bool warned = *cli->err;
    if (cli->code || warned) return;
    assert_int_equal(run_well(cli, logs, NULL), 0);
    if (!strstr(cli->out, question)) fail_msg("%s: it is not in the log, in silence", context);
}

static void fill_log(cli_process *cli)
{
    const char *const ask[ARGUMENTS] = {"-m", "mock/any", "Hi"};
    if (!access(in_home(cli, 0, ".local/share/beluga/logs.db"), F_OK)) return;
    log_on(cli);
    assert_int_equal(run_well(cli, ask, NULL), 0);
}

static void write_config(cli_process *cli)
{
    static const char text[] = "model: mock/any\nproviders:\n  mock:\n    temperature: 0.5\n";
    cli_write_file(cli, "c.yaml", text, sizeof text - 1);
}

/* After a success the file has the alias, otherwise it is unchanged. It must never be
 * incomplete. */
static void check_alias(cli_process *cli, const program *p)
{
    const char *const list[ARGUMENTS] = {"aliases", "--config", "c.yaml"};
    (void)p;
    bool changed = cli->code == 0;
    assert_int_equal(run_well(cli, list, NULL), 0);
    if (changed != (strcmp(cli->out, "x\tmock/echo\tS\n") == 0))
        fail_msg("%s: the file says otherwise: %s", context, cli->out);
}

static void write_tools(cli_process *cli)
{
    static const char text[] = "tools:\n  t: {command: [echo, sunny], allow: always}\n";
    chmod(cli_write_file(cli, "t.yaml", text, sizeof text - 1), 0600);
}

static void trace_once(cli_process *cli)
{
    const char *const ask[ARGUMENTS] = {"--trace=t.jsonl", "-m", "mock/any", "Hi"};
    if (access(in_home(cli, 1, "t.jsonl"), R_OK)) assert_int_equal(run_well(cli, ask, NULL), 0);
}

static void ask_for_traces(cli_process *cli)
{
    cli_set(cli, "BELUGA_TELEMETRY_FILE", in_home(cli, 0, "kept.jsonl"));
    unlink(in_home(cli, 0, "kept.jsonl"));
}

static void check_traces(cli_process *cli, const program *p)
{
    (void)p;
    if (cli->code || *cli->err) return; /* the command has reported its failure */
    char *text = read_file(in_home(cli, 0, "kept.jsonl"));
    if (!count(text, "resourceSpans")) fail_msg("%s: the trace is lost in silence", context);
    free(text);
}

/* ---- the suite ------------------------------------------------------------------------------- */

static peer *server;

static int set_up(void **state)
{
    if (cli_setup(state)) return -1;
    cli_process *cli = *state;
    cli_set(cli, "LD_PRELOAD", library);
    cli_set(cli, "FAILING", plan_path);
    cli_set(cli, "OPENAI_BASE_URL", peer_url(server));
    cli_set(cli, "OPENAI_API_KEY", "sk-x");
    return chdir(cli->home); /* so that arguments can be relative paths */
}

static program programs[] = {
    {"an answer", {"-m", "openai/any", "-o", "max_retries=0", "Hi"}, NULL, NULL, NULL, NULL},
    {"an answer of mock", {"-m", "mock/any", "Hi"}, NULL, NULL, NULL, NULL},
    {"a question of stdin", {"-m", "mock/echo"}, "Hi there\n", NULL, NULL, NULL},
    {"an answer in the log", {"-m", "mock/any", question}, NULL, log_on_anew, check_log, NULL},
    {"a list of the log", {"logs", "list"}, NULL, fill_log, NULL, NULL},
    {"a conversation", {"chat", "-m", "mock/any"}, "Hi\n", NULL, NULL, NULL},
    {"an answer with a tool",
     {"--config", "t.yaml", "-m", "mock/any", "-T", "t", "-o",
      "mock.tool_calls=[{\"name\":\"t\",\"arguments\":{}}]", "Hi"},
     NULL,
     write_tools,
     NULL,
     NULL},
    {"a batch",
     {"batch", "in.jsonl", "--out", "out.jsonl", "-m", "openai/any", "-o", "max_retries=0"},
     NULL,
     prepare_batch,
     check_batch,
     NULL},
    {"an ordered batch",
     {"batch", "in.jsonl", "--out", "out.jsonl", "--ordered", "-m", "openai/any", "-o",
      "max_retries=0"},
     NULL,
     prepare_batch,
     check_batch,
     NULL},
    {"a recording",
     {"--record", "tape", "-m", "openai/any", "-o", "max_retries=0", "Hi"},
     NULL,
     remove_tape,
     check_tape,
     NULL},
    {"a configuration", {"config", "--config", "c.yaml"}, NULL, write_config, NULL, NULL},
    {"an alias that is written",
     {"aliases", "set", "x", "mock/echo", "-s", "S", "--config", "c.yaml"},
     NULL,
     write_config,
     check_alias,
     NULL},
    {"a template", {"-m", "mock/echo", "-t", "Say {{input}}", "Hi"}, NULL, NULL, NULL, NULL},
    {"a named conversation", {"-m", "mock/any", "--name", "t", "Hi"}, NULL, fill_log, NULL, NULL},
    {"a model named alone", {"config", "-m", "gpt-4o"}, NULL, NULL, NULL, NULL},
    {"a check of a configuration", {"config", "check", "c.yaml"}, NULL, write_config, NULL, NULL},
    {"a list of providers", {"providers"}, NULL, NULL, NULL, NULL},
    {"a list of models", {"models", "openai"}, NULL, NULL, NULL, NULL},
    {"a trace that is kept", {"-m", "mock/any", "Hi"}, NULL, ask_for_traces, check_traces, NULL},
    {"a trace", {"trace", "t.jsonl"}, NULL, trace_once, NULL, NULL},
};

static void torture_program(void **state)
{
    static size_t next;
    program *p = &programs[next++];
    const char *only = getenv("TORTURE_ONLY");
    if (!only || strcmp(only, p->name) == 0) torture(*state, p);
}

/* If the command is built with a sanitizer, preload the sanitizer's library first; it calls the
 * functions of libraries that follow. */
static void name_library(void)
{
    Dl_info sanitizer = {.dli_fname = ""};
    void *init = dlsym(RTLD_DEFAULT, "__asan_init");
    if (!init) init = dlsym(RTLD_DEFAULT, "__tsan_init");
    few = init && dladdr(init, &sanitizer);
    snprintf(library, sizeof library, "%s%s%s/tests/libfailing.so", sanitizer.dli_fname,
             init ? ":" : "", getenv("BELUGA_BUILD_ROOT"));
}

static bool make_plan(void)
{
    snprintf(plan_path, sizeof plan_path, "/tmp/beluga-plan-XXXXXX");
    int fd = mkstemp(plan_path);
    if (fd < 0 || ftruncate(fd, sizeof *plan)) return false;
    plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return plan != MAP_FAILED;
}

static bool serve(void)
{
    server = peer_start();
    if (!server) return false;
    peer_reply *r = peer_reply_new(server);
    peer_reply_match_streamed(r, 1);
    peer_openai_stream(r, "hello");
    peer_reply_repeat(r, PEER_FOR_EVER);
    r = peer_reply_new(server);
    peer_reply_match(r, "/models");
    peer_step_json(r, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"b\"},{\"id\":\"any\"}]}");
    peer_reply_repeat(r, PEER_FOR_EVER);
    r = peer_reply_new(server);
    peer_openai_answer(r, "hello");
    peer_reply_repeat(r, PEER_FOR_EVER);
    return true;
}

int main(void)
{
    enum { N = sizeof programs / sizeof *programs };
    struct CMUnitTest tests[N];
    name_library();
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){.name = programs[i].name,
                                       .test_func = torture_program,
                                       .setup_func = set_up,
                                       .teardown_func = cli_teardown};
    all = getenv("TORTURE_ALL");
    if (!make_plan() || !serve()) return 1;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    peer_stop(server);
    unlink(plan_path);
    return status;
}
