/* Response cache: a call that was answered before is answered again from a store, piece by piece as
 * the first time. What it keeps is the list of events, as JSON. */
#include "middleware/cache_key.h"
#include "middleware/layer.h"
#include "middleware/middleware.h"
#include "middleware/memory_cache.h"
#include "schema/event.h"
#include "schema/event_json.h"

#include "base/json.h"

enum { EVENTS_A_TURN = 64 };

typedef struct cache {
    beluga__layer layer;
    const beluga_cache_store *store;
    beluga_memory_cache *own; /* NULL: the store is the host's */
    int64_t ttl_ms;
} cache;

typedef struct cache_op {
    beluga__stage op;
    beluga__sink sink;
    beluga__sink *outer; /* NULL once it is over */
    beluga__stage *inner;
    cache *self;
    beluga_call *call;
    char key[BELUGA__CACHE_KEY];
    bool paused;
    bool asks; /* the key is made */
    /* a miss: what comes is written down */
    beluga_json_writer writer;
    beluga__buf text;
    bool keeps;
    /* a hit: what was written down is played */
    beluga__task play;
    bool playing; /* an event out of `doc` is being delivered */
    beluga_json_doc *doc;
    const beluga_json *next, *events;
} cache_op;

static void let_go(cache_op *op)
{
    beluga__task_cancel(&op->play);
    beluga__buf_free(&op->text);
    op->keeps = false;
    if (op->playing) return; /* a callback that cancels may go on reading its event */
    beluga_json_doc_free(op->doc);
    op->doc = NULL;
}

/* --- a hit ------------------------------------------------------------------------------------ */

/* Metadata is used until the call is over, which is longer than the document lives. */
static void play_metadata(cache_op *op, beluga_event *event)
{
    beluga_event copy;
    char *room = beluga__arena_alloc(&op->call->arena, beluga__event_room(event));
    event->u.metadata.cached = true;
    if (!room) *event = (beluga_event){.kind = BELUGA_EVENT_METADATA, .u.metadata.cached = true};
    beluga__event_copy(&copy, event, room);
    op->outer->event(op->outer, &copy);
}

static void play_one(cache_op *op, beluga_event *event)
{
    beluga__sink *outer = op->outer;
    if (event->kind == BELUGA_EVENT_FINISH) op->outer = NULL;
    if (event->kind == BELUGA_EVENT_METADATA)
        play_metadata(op, event);
    else
        outer->event(outer, event);
}

static void play(beluga__task *task)
{
    cache_op *op = beluga__container_of(task, cache_op, play);
    beluga_call *call = beluga__call_ref(op->call); /* the op is in its arena */
    op->playing = true;
    for (int i = 0; i < EVENTS_A_TURN && op->outer && !op->paused && op->next; i++) {
        beluga_event event;
        bool good = beluga__event_from_json(op->next, &event);
        op->next = beluga_json_next(op->events, op->next);
        if (good) play_one(op, &event);
    }
    op->playing = false;
    if (!op->outer)
        let_go(op);
    else if (op->next && !op->paused)
        call->loop->ops->defer(call->loop, &op->play);
    beluga__call_unref(call);
}

/* A text that is none of ours, is damaged, or has no end, is as if it were not there. */
static bool is_whole(const beluga_json *events)
{
    beluga_event event = {.kind = 0};
    for (const beluga_json *v = beluga_json_first(events); v; v = beluga_json_next(events, v))
        if (event.kind == BELUGA_EVENT_FINISH || !beluga__event_from_json(v, &event)) return false;
    return event.kind == BELUGA_EVENT_FINISH;
}

static void found(void *to, const char *value, size_t length)
{
    cache_op *op = to;
    if (op->doc || beluga_json_parse(value, length, &op->doc, NULL)) return;
    op->events = beluga_json_doc_root(op->doc);
    op->next = beluga_json_first(op->events);
    if (beluga_json_is_array(op->events) && is_whole(op->events)) return;
    beluga_json_doc_free(op->doc);
    op->doc = NULL;
}

/* --- a miss ----------------------------------------------------------------------------------- */

static void begin_keeping(cache_op *op)
{
    beluga__buf_init(&op->text, &op->self->layer.runtime->allocator, BELUGA__MAX_CACHED_BYTES);
    beluga__json_writer_init(&op->writer, &op->text);
    beluga_json_begin_array(&op->writer, NULL);
    op->keeps = true;
}

/* Reasons that another try might not end with are not for ever. */
static bool is_worth_keeping(const beluga_event *finish)
{
    return finish->u.finish.reason == BELUGA_FINISH_STOP ||
           finish->u.finish.reason == BELUGA_FINISH_TOOL_CALLS ||
           finish->u.finish.reason == BELUGA_FINISH_LENGTH;
}

static void keep(cache_op *op, const beluga_event *event)
{
    const cache *self = op->self;
    if (!beluga__event_to_json(&op->writer, event) && beluga__event_is_content(event)) {
        let_go(op); /* without it it is another answer */
        return;
    }
    if (event->kind != BELUGA_EVENT_FINISH || !is_worth_keeping(event)) return;
    beluga_json_end_array(&op->writer);
    if (!beluga__json_writer_status(&op->writer) && !op->text.status)
        self->store->put(self->store->payload, op->key, op->text.data, op->text.length,
                         self->ttl_ms);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    cache_op *op = beluga__container_of(sink, cache_op, sink);
    beluga__sink *outer = op->outer;
    if (op->keeps) keep(op, event);
    if (event->kind == BELUGA_EVENT_RESTART) {
        let_go(op);
        if (op->asks) begin_keeping(op);
    }
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR) let_go(op);
    outer->event(outer, event);
}

/* --- a model ---------------------------------------------------------------------------------- */

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **out,
                 beluga_error *err)
{
    cache *self = (cache *)beluga__layer_of(model);
    cache_op *op = beluga__layer_op(call, sizeof *op, err);
    if (!op) return BELUGA_ERROR_NO_MEMORY;
    op->op.ops = model->ops;
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->self = self;
    op->play.run = play;
    *out = &op->op;
    op->asks = !call->list_models;
    if (op->asks) beluga__cache_key(call, op->key);
    if (op->asks) self->store->get(self->store->payload, op->key, found, op);
    if (op->doc) {
        call->loop->ops->defer(call->loop, &op->play);
        return 0;
    }
    if (op->asks) begin_keeping(op);
    int status = self->layer.inner->ops->start(self->layer.inner, call, &op->sink, &op->inner, err);
    if (status) let_go(op);
    return status;
}

static void cancel(beluga__stage *base)
{
    cache_op *op = beluga__container_of(base, cache_op, op);
    op->outer = NULL;
    beluga__stage_cancel(op->inner);
    op->inner = NULL;
    let_go(op);
}

static void pause(beluga__stage *base, bool paused)
{
    cache_op *op = beluga__container_of(base, cache_op, op);
    op->paused = paused;
    if (!paused && op->doc && op->outer && !op->play.queued)
        op->call->loop->ops->defer(op->call->loop, &op->play);
    beluga__stage_pause(op->inner, paused);
}

static void release(beluga__model *model)
{
    beluga_memory_cache *own = ((cache *)beluga__layer_of(model))->own;
    beluga__layer_release(model);
    beluga_memory_cache_free(own);
}

static const beluga__model_ops cache_ops = {start, cancel, pause, release};

int beluga__cache_check(beluga_error *err)
{
    (void)err;
    return 0;
}

beluga__model *beluga__cache_new(beluga__runtime *runtime, const beluga__settings *settings,
                                 beluga__model *inner)
{
    cache *self = beluga__layer_new(sizeof *self, &cache_ops, runtime, inner);
    if (!self) return NULL;
    self->ttl_ms = beluga__settings_int(settings, BELUGA_OPTION_CACHE_TTL, 0);
    const beluga__setting *store = &settings->known[BELUGA_OPTION_CACHE];
    if (store->type) {
        self->store = store->value.pointer;
        return &self->layer.model;
    }
    self->own = beluga__memory_cache_new(&runtime->allocator, 0);
    if (!self->own) {
        release(&self->layer.model);
        return NULL;
    }
    self->store = beluga_memory_cache_store(self->own);
    return &self->layer.model;
}
