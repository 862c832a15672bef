/* bench-http PORT answer|stream ROUNDS CALLS: the same exchanges with the server at that port, by
 * us and by bare libcurl, in turns. Prints the medians of the rounds: "bare_ns our_ns ratio
 * events", CPU time a call, and how many content events one of our calls delivered. CALLS is
 * rounded up to a multiple of 5. */
#include "bare.h"
#include "memory.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { MAX_ROUNDS = 101, TURN = 5, ANSWER_ROOM = 64 * 1024 };

typedef struct sides {
    beluga_chat_model *model;
    beluga_messages *question;
    beluga_loop *loop;
    bare_exchange *bare;
    bool streamed;
    bool ended;
    size_t events;
} sides;

/* ---- bare -------------------------------------------------------------------------------------
 */

/* The request that we send, written by yyjson. */
static char *write_request(bool streamed)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *messages = yyjson_mut_arr(doc);
    yyjson_mut_val *message = yyjson_mut_arr_add_obj(doc, messages);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "model", "any");
    yyjson_mut_obj_add_val(doc, root, "messages", messages);
    yyjson_mut_obj_add_str(doc, message, "role", "user");
    yyjson_mut_obj_add_str(doc, message, "content", QUESTION);
    if (streamed) {
        yyjson_mut_obj_add_bool(doc, root, "stream", true);
        yyjson_mut_val *options = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_bool(doc, options, "include_usage", true);
        yyjson_mut_obj_add_val(doc, root, "stream_options", options);
    }
    char *json = yyjson_mut_write(doc, 0, NULL);
    yyjson_mut_doc_free(doc);
    if (!json) give_up("bare request", "no memory");
    return json;
}

static int64_t count(yyjson_val *usage, const char *name)
{
    return yyjson_get_sint(yyjson_obj_get(usage, name));
}

/* What a caller wants of an answer: a copy of its text, why it ended, and what it used. */
static void read_answer(const bare_exchange *x)
{
    yyjson_doc *doc = yyjson_read(x->body, x->received, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *usage = yyjson_obj_get(root, "usage");
    yyjson_val *choice = yyjson_arr_get(yyjson_obj_get(root, "choices"), 0);
    const char *text = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(choice, "message"), "content"));
    const char *reason = yyjson_get_str(yyjson_obj_get(choice, "finish_reason"));
    int64_t tokens = count(usage, "prompt_tokens") + count(usage, "completion_tokens");
    char *copy = text ? strdup(text) : NULL;
    if (!copy || !*copy || !reason || !tokens) give_up("bare answer", "is not complete");
    free(copy);
    yyjson_doc_free(doc);
}

static void bare_call(sides *s)
{
    char *json = write_request(s->streamed);
    bare_exchange_run(s->bare, json);
    if (!s->bare->received) give_up("bare answer", "is empty");
    if (!s->streamed) read_answer(s->bare);
    free(json);
}

/* ---- ours -------------------------------------------------------------------------------------
 */

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

/* ---- in turns ---------------------------------------------------------------------------------
 */

static int64_t measure(void (*call)(sides *), sides *s, size_t calls)
{
    int64_t start = cpu_ns();
    for (size_t i = 0; i < calls; i++) call(s);
    return cpu_ns() - start;
}

/* Short turns, so that both have the same share of whatever else the machine does. */
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

int main(int argc, char **argv)
{
    if (argc != 5) return fputs("usage: bench-http PORT answer|stream ROUNDS CALLS\n", stderr), 2;
    int port = (int)number_of(argv[1]);
    size_t rounds = number_of(argv[3]), calls = (number_of(argv[4]) + TURN - 1) / TURN * TURN;
    if (rounds > MAX_ROUNDS) give_up("too many rounds", argv[3]);
    bare *client = bare_new();
    sides s = {.question = new_question(), .streamed = strcmp(argv[2], "stream") == 0};
    s.bare = bare_exchange_new(client, port, s.streamed, ANSWER_ROOM);
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
