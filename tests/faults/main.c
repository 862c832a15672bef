/* faults: runs the sixteen scenarios at the same time, and prints a score card. See usage_text. */
#include "faults.h"

#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "usage: faults [--divisor N] [--without PART]... [--again] [--tap]\n"
    "Meet sixteen faults of a provider through the library, with fallback, breaker and a limit for "
    "the\n"
    "first token, and say how it went. At full length it takes about a minute and a half.\n"
    "\n"
    "  --divisor N     let time go N times faster (for tests; never compare that with what is "
    "published)\n"
    "  --without PART  turn a part off: retry, fallback, breaker, first-token or restart\n"
    "  --again         play what does not pass again, alone and slower (for busy machines)\n"
    "  --tap           print TAP, a case a scenario, instead of the card\n";

static const char *const words[] = {"pass", "partial", "safe", "fail"};

typedef struct run {
    const scenario *scenario;
    const setup *with;
    result result;
} run;

static void *play(void *argument)
{
    run *r = argument;
    run_scenario(r->scenario, r->with, &r->result);
    r->scenario->check(r->scenario, r->with, &r->result);
    return NULL;
}

static void play_all(run *runs, const setup *with)
{
    pthread_t *threads = calloc(n_scenarios, sizeof *threads);
    if (!threads) exit(1);
    for (size_t i = 0; i < n_scenarios; i++) {
        runs[i] = (run){.scenario = &scenarios[i], .with = with};
        open_scenario(&scenarios[i], with, &runs[i].result);
    }
    for (size_t i = 0; i < n_scenarios; i++)
        if (pthread_create(&threads[i], NULL, play, &runs[i])) exit(1);
    for (size_t i = 0; i < n_scenarios; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < n_scenarios; i++) close_scenario(&runs[i].result);
    free(threads);
}

/* Play a scenario that did not pass twice more at most, each time at half the speed: on a busy
 * machine a thread may sleep for longer than the shortened times. */
static void play_again(run *r, setup slower)
{
    for (int i = 0; i < 2 && r->result.verdict != PASS && slower.divisor > 1; i++) {
        printf("# %s: %s; again\n", r->scenario->id, r->result.why);
        slower.divisor /= 2;
        *r = (run){.scenario = r->scenario, .with = &slower};
        open_scenario(r->scenario, &slower, &r->result);
        play(r);
        close_scenario(&r->result);
    }
}

/* ---- output ---------------------------------------------------------------------------------- */

static const char *published_name(char letter)
{
    return letter == 'p' ? "pass" : letter == '~' ? "part" : letter == 'o' ? "safe" : "FAIL";
}

static void print_row(const run *r)
{
    const result *x = &r->result;
    printf("%s  %-43s %-7s %2zu+%-2zu %6.1f s ", r->scenario->id, r->scenario->title,
           words[x->verdict], x->seen.primary, x->seen.fallback, x->calls[0].seconds);
    for (const char *p = r->scenario->published; *p; p++) printf(" %s", published_name(*p));
    printf("%s%s\n", *x->why ? "\n     " : "", x->why);
}

static size_t count(const run *runs, verdict v)
{
    size_t n = 0;
    for (size_t i = 0; i < n_scenarios; i++) n += runs[i].result.verdict == v;
    return n;
}

static void print_totals(const run *runs)
{
    printf("\npass                                              %2zu of %zu            ",
           count(runs, PASS), n_scenarios);
    for (size_t system = 0; scenarios[0].published[system]; system++) {
        size_t n = 0;
        for (size_t i = 0; i < n_scenarios; i++) n += scenarios[i].published[system] == 'p';
        printf(" %4zu", n);
    }
    printf("\n");
}

static void print_card(const run *runs, const setup *with)
{
    printf("                                                 measured here          published by "
           "failoverbench\n"
           "                                                 beluga  asked   took   "
           "  A    B    C    D    E    F    G    H    I\n");
    for (size_t i = 0; i < n_scenarios; i++) print_row(&runs[i]);
    print_totals(runs);
    printf(
        "asked: attempts that the provider saw, of the model and of its fallback\n"
        "beluga: measured by ourselves just now, on this machine, with a server of ours that\n"
        "plays failoverbench's catalogue, and scored after its rules. Nobody else has checked it.\n"
        "A to I: not measured here, but published by failoverbench, a third party, on 2026-09-12\n"
        "(methodology 0.1, full length): A Bifrost 2.1.1, B no gateway, C DeepSeek Harness with\n"
        "fallbacks, D LangChain with fallbacks, E LiteLLM proxy, F its router tuned, G its "
        "router,\n"
        "H OpenAI's SDK for Python, I Portkey\n");
    if (with->divisor > 1)
        printf("time went %d times faster: not to be compared with what is published\n",
               with->divisor);
}

static void print_tap(const run *runs)
{
    printf("1..%zu\n", n_scenarios);
    for (size_t i = 0; i < n_scenarios; i++) {
        const result *x = &runs[i].result;
        if (*x->why) printf("# %s\n", x->why);
        printf("%sok %zu - %s %s: %s\n", x->verdict == PASS ? "" : "not ", i + 1,
               runs[i].scenario->id, runs[i].scenario->title, words[x->verdict]);
    }
}

/* ---- the command line ------------------------------------------------------------------------ */

static int turn_off(setup *with, const char *part)
{
    if (strcmp(part, "retry") == 0)
        with->retry = false;
    else if (strcmp(part, "fallback") == 0)
        with->fallback = false;
    else if (strcmp(part, "breaker") == 0)
        with->breaker = false;
    else if (strcmp(part, "first-token") == 0)
        with->first_token = false;
    else if (strcmp(part, "restart") == 0)
        with->restart = false;
    else {
        fprintf(stderr, "faults: there is no part %s\n", part);
        return -1;
    }
    return 0;
}

/* Parse the arguments. Returns 0, or -1 after reporting an error. */
static int parse(int argc, char **argv, setup *with, bool *again, bool *tap)
{
    static const struct option options[] = {
        {"divisor", required_argument, NULL, 'd'}, {"without", required_argument, NULL, 'w'},
        {"again", no_argument, NULL, 'a'},         {"tap", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'd') with->divisor = atoi(optarg);
        if (c == 'a') *again = true;
        if (c == 't') *tap = true;
        if (c == 'w' && turn_off(with, optarg)) return -1;
        if (c == 'h' || c == '?') {
            fputs(usage_text, c == 'h' ? stdout : stderr);
            return c == 'h' ? 1 : -1;
        }
    }
    if (with->divisor >= 1 && with->divisor <= 60 && optind == argc) return 0;
    fputs(usage_text, stderr);
    return -1;
}

int main(int argc, char **argv)
{
    setup with = {true, true, true, true, true, 1};
    bool again = false, tap = false;
    int parsed = parse(argc, argv, &with, &again, &tap);
    if (parsed) return parsed < 0 ? 2 : 0;
    run *runs = calloc(n_scenarios, sizeof *runs);
    if (!runs) return 1;
    play_all(runs, &with);
    for (size_t i = 0; again && i < n_scenarios; i++) play_again(&runs[i], with);
    if (tap)
        print_tap(runs);
    else
        print_card(runs, &with);
    size_t passed = count(runs, PASS);
    free(runs);
    return passed == n_scenarios ? 0 : 1;
}
