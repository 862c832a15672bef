/* bench-http PORT KIND turns ROUNDS CALLS: makes the same exchanges with the server at that
 * port, with this library and with bare libcurl, in turns. Prints the medians of the rounds,
 * "bare_ns our_ns ratio events": CPU time per call, and how many events with text one of the
 * library's calls delivered. CALLS is rounded up to a multiple of 5.
 *
 * bench-http PORT KIND ours|bare CALLS: makes the calls of only one side, without output, for a
 * program that counts instructions or system calls.
 *
 * KIND is "answer" (a blocking call), "push" (the same answer on a loop of the caller) or "stream"
 * (a push stream). */
#include "bare_chat.h"
#include "memory.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROUNDS = 101, TURN = 5, ANSWER_ROOM = 1024 * 1024 };

typedef enum kind { ANSWER, PUSH, STREAM, KINDS } kind;

static const char *const kind_names[KINDS] = {"answer", "push", "stream"};

typedef struct sides {
    kind kind;
    beluga_chat_model *model;
    beluga_messages *question;
    beluga_loop *loop;
    bare_exchange *bare;
    bool ended;
    size_t events;
} sides;

static kind kind_of(const char *name)
{
    for (kind k = 0; k < KINDS; k++)
        if (strcmp(name, kind_names[k]) == 0) return k;
    give_up("no such kind of exchange", name);
}

static void bare_call(sides *s)
{
    char *json = bare_chat_request(s->kind == STREAM, QUESTION);
    bare_exchange_run(s->bare, json);
    if (s->kind != STREAM)
        bare_chat_read_answer(s->bare);
    else if (!bare_chat_read_stream(s->bare))
        give_up("bare stream", "has no text");
    free(json);
}

/* ---- ours ------------------------------------------------------------------------------------ */

static void on_event(void *payload, const beluga_event *event)
{
    sides *s = payload;
    if (event->kind == BELUGA_EVENT_ERROR) give_up("call", event->u.error->message);
    if (event->kind == BELUGA_EVENT_TEXT) s->events++;
    if (event->kind == BELUGA_EVENT_FINISH) s->ended = true;
}

static void our_push(sides *s)
{
    beluga_error err = {0};
    s->ended = false;
    must("call",
         s->kind == STREAM
             ? beluga_stream_start(s->model, s->loop, NULL, s->question, on_event, s, NULL, &err)
             : beluga_generate_start(s->model, s->loop, NULL, s->question, on_event, s, NULL, &err),
         &err);
    while (!s->ended) must("loop", beluga_loop_wait(s->loop, -1), NULL);
}

static void our_answer(sides *s)
{
    static beluga_error err;
    beluga_response *response;
    must("generate", beluga_generate(s->model, NULL, s->question, &response, &err), &err);
    if (!*beluga_response_text(response, NULL)) give_up("answer", "has no text");
    beluga_response_free(response);
}

static void our_call(sides *s)
{
    if (s->kind == ANSWER)
        our_answer(s);
    else
        our_push(s);
}

/* ---- in turns -------------------------------------------------------------------------------- */

static int64_t measure(void (*call)(sides *), sides *s, size_t calls)
{
    int64_t start = cpu_ns();
    for (size_t i = 0; i < calls; i++) call(s);
    return cpu_ns() - start;
}

/* Run both sides in turns. The turns are short, so that other load of the machine affects both
 * sides equally. */
static void run_round(sides *s, size_t calls, double *theirs, double *ours)
{
    int64_t spent[2] = {0, 0};
    for (size_t done = 0; done < calls; done += TURN) {
        spent[0] += measure(bare_call, s, TURN);
        spent[1] += measure(our_call, s, TURN);
    }
    *theirs = (double)spent[0] / (double)calls;
    *ours = (double)spent[1] / (double)calls;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

static void compete(sides *s, size_t rounds, size_t calls)
{
    double theirs[MAX_ROUNDS], ours[MAX_ROUNDS], ratios[MAX_ROUNDS];
    run_round(s, calls, theirs, ours); /* connections, caches */
    s->events = 0;
    for (size_t i = 0; i < rounds; i++) {
        run_round(s, calls, &theirs[i], &ours[i]);
        ratios[i] = ours[i] / theirs[i];
    }
    double events = (double)s->events / (double)(rounds * calls);
    double bare_ns = median(theirs, rounds), our_ns = median(ours, rounds);
    printf("%.0f %.0f %.3f %.1f\n", bare_ns, our_ns, median(ratios, rounds), events);
}

static void open_sides(sides *s, bare *client, int port)
{
    beluga_client *ours = beluga_client_default();
    s->question = new_question();
    const char *base = local_base(port);
    s->bare = bare_exchange_new(client, base, s->kind == STREAM, ANSWER_ROOM);
    s->model = open_openai(ours, base);
    must("loop", beluga_loop_new(ours, &s->loop), NULL);
}

static void close_sides(sides *s)
{
    beluga_loop_free(s->loop);
    beluga_chat_model_unref(s->model);
    beluga_messages_free(s->question);
    bare_exchange_free(s->bare);
}

static void run_one_side(sides *s, const char *side, size_t calls)
{
    bool ours = strcmp(side, "ours") == 0;
    if (!ours && strcmp(side, "bare") != 0) give_up("no such side", side);
    for (size_t i = 0; i < calls; i++) (ours ? our_call : bare_call)(s);
}

static void run_turns(sides *s, const char *rounds_text, const char *calls_text)
{
    size_t rounds = number_of(rounds_text);
    if (rounds > MAX_ROUNDS) give_up("too many rounds", rounds_text);
    compete(s, rounds, (number_of(calls_text) + TURN - 1) / TURN * TURN);
}

int main(int argc, char **argv)
{
    bool turns = argc == 6 && strcmp(argv[3], "turns") == 0;
    if (!turns && argc != 5) {
        fputs("usage: bench-http PORT answer|push|stream turns ROUNDS CALLS\n"
              "       bench-http PORT answer|push|stream ours|bare CALLS\n",
              stderr);
        return 2;
    }
    bare *client = bare_new(NULL);
    sides s = {.kind = kind_of(argv[2])};
    open_sides(&s, client, (int)number_of(argv[1]));
    if (turns)
        run_turns(&s, argv[4], argv[5]);
    else
        run_one_side(&s, argv[3], number_of(argv[4]));
    close_sides(&s);
    bare_free(client);
    return 0;
}
