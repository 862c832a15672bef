/* bench-http PORT answer|stream ROUNDS CALLS: the same exchanges with the server at that port, by us and
 * by bare libcurl, in turns. Prints the medians of the rounds: "bare_ns our_ns ratio events", CPU time a
 * call, and how many content events one of our calls delivered. */
#include "bare.h"
#include "memory.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { MAX_ROUNDS = 101, ANSWER_ROOM = 64 * 1024 };

typedef struct sides {
    beluga_chat_model *model;
    beluga_messages *question;
    beluga_loop *loop;
    bare_exchange *bare;
    const char *json; /* what bare libcurl sends: as long as what we send */
    bool streamed;
    bool ended;
    size_t events;
} sides;

static const char question_json[] =
    "{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content\":\"Say hello\"}]}";
static const char stream_json[] =
    "{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content\":\"Say hello\"}],\"stream\":true,\"stream_options\":{\"include_usage\":true}}";

/* ---- bare ------------------------------------------------------------------------------------- */

static void read_answer(const bare_exchange *x)
{
    yyjson_doc *doc = yyjson_read(x->body, x->received, 0);
    yyjson_val *choice = yyjson_arr_get(yyjson_obj_get(yyjson_doc_get_root(doc), "choices"), 0);
    const char *text = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(choice, "message"), "content"));
    if (!text || !*text) give_up("bare answer", "has no text");
    yyjson_doc_free(doc);
}

static void bare_call(sides *s)
{
    bare_exchange_run(s->bare, s->json);
    if (!s->bare->received) give_up("bare answer", "is empty");
    if (!s->streamed) read_answer(s->bare);
}

/* ---- ours ------------------------------------------------------------------------------------- */

static void on_event(void *payload, const beluga_event *event)
{
    sides *s = payload;
    if (event->kind == BELUGA_EVENT_ERROR) give_up("stream", event->u.error->message);
    if (event->kind == BELUGA_EVENT_TEXT) s->events++;
    if (event->kind == BELUGA_EVENT_FINISH) s->ended = true;
}

static void our_stream(sides *s)
{
    beluga_error err = {0};
    s->ended = false;
    must("stream",
         beluga_stream_start(s->model, s->loop, NULL, s->question, on_event, s, NULL, &err), &err);
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
    if (s->streamed)
        our_stream(s);
    else
        our_answer(s);
}

/* ---- in turns --------------------------------------------------------------------------------- */

static double measure(void (*call)(sides *), sides *s, size_t calls)
{
    int64_t start = cpu_ns();
    for (size_t i = 0; i < calls; i++) call(s);
    return (double)(cpu_ns() - start) / (double)calls;
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
    measure(bare_call, s, calls); /* connections, caches */
    measure(our_call, s, calls);
    s->events = 0;
    for (size_t i = 0; i < rounds; i++) {
        if (i % 2) ours[i] = measure(our_call, s, calls);
        theirs[i] = measure(bare_call, s, calls);
        if (i % 2 == 0) ours[i] = measure(our_call, s, calls);
        ratios[i] = ours[i] / theirs[i];
    }
    double events = (double)s->events / (double)(rounds * calls);
    double bare_ns = median(theirs, rounds), our_ns = median(ours, rounds);
    printf("%.0f %.0f %.3f %.1f\n", bare_ns, our_ns, median(ratios, rounds), events);
}

int main(int argc, char **argv)
{
    if (argc != 5) return fputs("usage: bench-http PORT answer|stream ROUNDS CALLS\n", stderr), 2;
    int port = (int)number_of(argv[1]);
    size_t rounds = number_of(argv[3]), calls = number_of(argv[4]);
    if (rounds > MAX_ROUNDS) give_up("too many rounds", argv[3]);
    bare *client = bare_new();
    sides s = {.question = new_question(), .streamed = strcmp(argv[2], "stream") == 0};
    s.bare = bare_exchange_new(client, port, s.streamed, ANSWER_ROOM);
    s.json = s.streamed ? stream_json : question_json;
    beluga_client *ours = beluga_client_default();
    s.model = open_openai(ours, port);
    must("loop", beluga_loop_new(ours, &s.loop), NULL);
    compete(&s, rounds, calls);
    beluga_loop_free(s.loop);
    beluga_chat_model_unref(s.model);
    beluga_messages_free(s.question);
    bare_exchange_free(s.bare);
    bare_free(client);
    return 0;
}
