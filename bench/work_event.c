/* Measures one event of a stream, from the bytes of a connection to the callback of the calling
 * program. The loop is real, but its functions for transfers are replaced: starting a transfer only
 * stores its handler, and the benchmark passes the bytes to this handler. */
#include "support.h"
#include "transport/loop.h"
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

/* 317 bytes, in the format in which api.openai.com sends one word. */
static const char chunk[] =
    "{\"id\":\"chatcmpl-C0aZ4qXW8b1nT5mJrE7uYk2LsVdGh\",\"object\":\"chat.completion.chunk\","
    "\"created\":1767225600,\"model\":\"gpt-5-mini-2025-08-07\",\"service_tier\":\"default\","
    "\"system_fingerprint\":\"fp_9f1c2e7a40\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
    "\" the\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,"
    "\"obfuscation\":\"q8Zr\"}";

_Static_assert(sizeof chunk - 1 == 317, "the budget is about a chunk of 317 bytes");

typedef struct events {
    beluga_client *client;
    beluga_chat_model *model;
    beluga_messages *question;
    beluga_loop *loop;
    beluga__loop_ops ops; /* the loop's own functions, except those for transfers */
    const beluga__transfer_handler *handler;
    void *owner;
    beluga_op *op;
    size_t texts, bytes;
    char wire[sizeof chunk + sizeof "data: \n\n"];
} events;

/* The only object of this type. It is global, since a transfer's functions get no pointer to it. */
static events *the_events;

static int start_transfer(beluga_loop *loop, const beluga__transfer_spec *spec,
                          beluga__transfer **out, beluga_error *err)
{
    static const char *const head[] = {"HTTP/1.1 200 OK", "Content-Type: text/event-stream"};
    (void)loop;
    (void)err;
    for (size_t i = 0; i < 2; i++)
        must("head", beluga__http_response_add_line(spec->response, head[i], strlen(head[i])),
             NULL);
    the_events->handler = spec->handler;
    the_events->owner = spec->owner;
    *out = (beluga__transfer *)the_events;
    return 0;
}

static void end_transfer(beluga__transfer *transfer)
{
    (void)transfer;
    the_events->handler = NULL;
}

static void cancel_transfer(beluga__transfer *transfer, const beluga_error *why)
{
    (void)why;
    end_transfer(transfer);
}

static void on_event(void *payload, const beluga_event *event)
{
    events *e = payload;
    if (event->kind == BELUGA_EVENT_ERROR) give_up("stream", event->u.error->message);
    if (event->kind != BELUGA_EVENT_TEXT) return;
    e->texts++;
    e->bytes += event->u.text.length;
}

static void *open_events(void)
{
    beluga_error err = {0};
    events *e = the_events = calloc(1, sizeof *e);
    if (!e) give_up("events", "no memory");
    snprintf(e->wire, sizeof e->wire, "data: %s\n\n", chunk);
    e->client = new_client(NULL);
    e->model = open_openai(e->client, local_base(1));
    e->question = new_question();
    must("loop", beluga_loop_new(e->client, &e->loop), NULL);
    e->ops = *e->loop->ops;
    e->ops.transfer_start = start_transfer;
    e->ops.transfer_cancel = cancel_transfer;
    e->ops.transfer_finish = end_transfer;
    e->loop->ops = &e->ops;
    must("stream",
         beluga_stream_start(e->model, e->loop, NULL, e->question, on_event, e, &e->op, &err),
         &err);
    e->handler->head(e->owner);
    return e;
}

static void feed(void *fixture, size_t n)
{
    events *e = fixture;
    size_t length = strlen(e->wire), before = e->texts;
    for (size_t i = 0; i < n; i++) e->handler->body(e->owner, e->wire, length);
    if (e->texts != before + n) give_up("stream", "a chunk did not become one event");
}

static void close_events(void *fixture)
{
    events *e = fixture;
    beluga_op_free(e->op);
    beluga_loop_free(e->loop);
    beluga_messages_free(e->question);
    beluga_chat_model_unref(e->model);
    beluga_client_unref(e->client);
    free(e);
}

/* Parse the same bytes with bare yyjson, into reused memory, which is its fastest mode. */
static void *open_parse(void)
{
    size_t size = yyjson_read_max_memory_usage(sizeof chunk - 1, 0);
    yyjson_alc *pool = malloc(sizeof *pool + size);
    if (!pool || !yyjson_alc_pool_init(pool, pool + 1, size)) give_up("parse", "no memory");
    return pool;
}

static void parse(void *fixture, size_t n)
{
    char *text = (char *)(uintptr_t)chunk;
    for (size_t i = 0; i < n; i++) {
        yyjson_doc *doc = yyjson_read_opts(text, sizeof chunk - 1, 0, fixture, NULL);
        if (!doc) give_up("parse", "yyjson refused the chunk");
        yyjson_doc_free(doc);
    }
}

const work works[] = {
    {"stream_event", open_events, feed, close_events},
    {"parse_event", open_parse, parse, free},
    {NULL, NULL, NULL, NULL},
};
