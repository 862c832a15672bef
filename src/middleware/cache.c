/* The cache of answers. If an equal call was answered before, the answer comes from a store, with
 * the same events as the first time. The store keeps an answer as a JSON list of its events. */
#include "base/json.h"
#include "middleware/cache_key.h"
#include "middleware/layer.h"
#include "middleware/memory_cache.h"
#include "middleware/middleware.h"
#include "schema/event.h"
#include "schema/event_json.h"

enum { EVENTS_A_TURN = 64 };

typedef struct cache {
    beluga__layer base;
    const beluga_cache_store *store;
    beluga_memory_cache *own; /* NULL when the host program provides the store */
    int64_t ttl_ms;
} cache;

typedef struct cache_stage {
    /* When the FINISH of a stored answer is delivered, `base.outer` becomes beluga__layer_nobody,
     * so that nothing is delivered after it. */
    beluga__layer_stage base;
    char key[BELUGA__CACHE_KEY];
    bool asks; /* the key was computed, so the store can be asked */
    /* On a miss, the answer is recorded here while it arrives. */
    beluga_json_writer writer;
    beluga__buf text;
    bool keeps;
    /* On a hit, the stored answer is replayed by this task. */
    beluga__task play;
    bool playing; /* an event that points into `doc` is being delivered */
    beluga_json_doc *doc;
    const beluga_json *next, *events;
} cache_stage;

static const cache *cache_of(const cache_stage *stage)
{
    return beluga__container_of(stage->base.layer, cache, base);
}

static void let_go(cache_stage *stage)
{
    beluga__task_cancel(&stage->play);
    beluga__buf_free(&stage->text);
    stage->keeps = false;
    /* The callback that cancels the call may still be reading an event that points into the
     * document, so the document is not freed yet. */
    if (stage->playing) return;
    beluga_json_doc_free(stage->doc);
    stage->doc = NULL;
}

/* --- a hit ------------------------------------------------------------------------------------ */

/* Deliver a copy of METADATA: callers may use its strings until the call is freed, and the document
 * is freed earlier. */
static void play_metadata(cache_stage *stage, beluga_event *event)
{
    beluga_event copy;
    char *room = beluga__arena_alloc(&stage->base.call->arena, beluga__event_room(event));
    event->u.metadata.cached = true;
    if (!room) *event = (beluga_event){.kind = BELUGA_EVENT_METADATA, .u.metadata.cached = true};
    beluga__event_copy(&copy, event, room);
    beluga__layer_deliver(&stage->base, &copy);
}

static void play_one(cache_stage *stage, beluga_event *event)
{
    beluga__sink *outer = stage->base.outer;
    if (event->kind == BELUGA_EVENT_FINISH) stage->base.outer = &beluga__layer_nobody;
    if (event->kind == BELUGA_EVENT_METADATA)
        play_metadata(stage, event);
    else
        outer->event(outer, event);
}

static void play(beluga__task *task)
{
    cache_stage *stage = beluga__container_of(task, cache_stage, play);
    /* the stage is in the call's arena, so this reference keeps the stage alive */
    beluga_call *call = beluga__call_ref(stage->base.call);
    stage->playing = true;
    for (int i = 0; i < EVENTS_A_TURN && stage->next; i++) {
        if (beluga__layer_is_over(&stage->base) || stage->base.paused) break;
        beluga_event event;
        bool good = beluga__event_from_json(stage->next, &event);
        stage->next = beluga_json_next(stage->events, stage->next);
        if (good) play_one(stage, &event);
    }
    stage->playing = false;
    if (beluga__layer_is_over(&stage->base))
        let_go(stage);
    else if (stage->next && !stage->base.paused)
        call->loop->ops->defer(call->loop, &stage->play);
    beluga__call_unref_on_loop(call);
}

/* Returns whether a stored text is a complete list of events, whose only FINISH is the last one.
 * Another program may have written the text, or it may be damaged; then it is not used. */
static bool is_whole(const beluga_json *events)
{
    beluga_event event = {.kind = 0};
    for (const beluga_json *v = beluga_json_first(events); v; v = beluga_json_next(events, v))
        if (event.kind == BELUGA_EVENT_FINISH || !beluga__event_from_json(v, &event)) return false;
    return event.kind == BELUGA_EVENT_FINISH;
}

static void found(void *to, const char *value, size_t length)
{
    cache_stage *stage = to;
    if (stage->doc || beluga_json_parse(value, length, &stage->doc, NULL)) return;
    stage->events = beluga_json_doc_root(stage->doc);
    stage->next = beluga_json_first(stage->events);
    if (beluga_json_is_array(stage->events) && is_whole(stage->events)) return;
    beluga_json_doc_free(stage->doc);
    stage->doc = NULL;
}

/* --- a miss ----------------------------------------------------------------------------------- */

static void begin_keeping(cache_stage *stage)
{
    beluga__buf_init(&stage->text, &stage->base.layer->runtime->allocator,
                     BELUGA__MAX_CACHED_BYTES);
    beluga__json_writer_init(&stage->writer, &stage->text);
    beluga_json_begin_array(&stage->writer, NULL);
    stage->keeps = true;
}

/* Returns whether an answer may be stored. It may if the same call, made again, would probably end
 * for the same reason. */
static bool is_worth_keeping(const beluga_event *finish)
{
    return finish->u.finish.reason == BELUGA_FINISH_STOP ||
           finish->u.finish.reason == BELUGA_FINISH_TOOL_CALLS ||
           finish->u.finish.reason == BELUGA_FINISH_LENGTH;
}

static void keep(cache_stage *stage, const beluga_event *event)
{
    const cache *self = cache_of(stage);
    if (!beluga__event_to_json(&stage->writer, event) && beluga__event_is_content(event)) {
        /* an incomplete record must not be stored, since it would be replayed as the answer */
        let_go(stage);
        return;
    }
    if (event->kind != BELUGA_EVENT_FINISH || !is_worth_keeping(event)) return;
    beluga_json_end_array(&stage->writer);
    if (!beluga__json_writer_status(&stage->writer) && !stage->text.status)
        self->store->put(self->store->payload, stage->key, stage->text.data, stage->text.length,
                         self->ttl_ms);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    cache_stage *stage = beluga__container_of(sink, cache_stage, base.sink);
    if (stage->keeps) keep(stage, event);
    if (event->kind == BELUGA_EVENT_RESTART) {
        let_go(stage);
        if (stage->asks) begin_keeping(stage);
    }
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR) let_go(stage);
    beluga__layer_deliver(&stage->base, event);
}

/* --- a model ---------------------------------------------------------------------------------- */

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    cache_stage *stage = beluga__container_of(base, cache_stage, base);
    const beluga_cache_store *store = cache_of(stage)->store;
    stage->play.run = play;
    stage->asks = beluga__call_is_answer(base->call) && !base->call->body_given;
    if (stage->asks) {
        beluga__cache_key(base->call, stage->key);
        store->get(store->payload, stage->key, found, stage);
        if (stage->doc) {
            base->call->loop->ops->defer(base->call->loop, &stage->play);
            return 0;
        }
        begin_keeping(stage);
    }
    int status = beluga__layer_ask(base, err);
    if (status) let_go(stage);
    return status;
}

static void cancelled(beluga__layer_stage *base)
{
    let_go(beluga__container_of(base, cache_stage, base));
}

static void paused(beluga__layer_stage *base)
{
    cache_stage *stage = beluga__container_of(base, cache_stage, base);
    beluga_loop *loop = base->call->loop;
    if (!base->paused && stage->doc && !beluga__layer_is_over(base) && !stage->play.queued)
        loop->ops->defer(loop, &stage->play);
}

static void release(beluga__model *model)
{
    beluga_memory_cache *own = beluga__container_of(model, cache, base.model)->own;
    beluga__layer_release(model);
    beluga_memory_cache_free(own);
}

static const beluga__layer_kind kind = {
    BELUGA__LAYER_OPS_WITH(release), sizeof(cache_stage), begin, on_event, cancelled, paused};

int beluga__cache_check(beluga_error *err)
{
    (void)err;
    return 0;
}

beluga__model *beluga__cache_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    cache *self = beluga__layer_new(sizeof *self, &kind, plan->runtime, inner);
    if (!self) return NULL;
    self->ttl_ms = beluga__settings_int(plan->settings, BELUGA_OPTION_CACHE_TTL, 0);
    const beluga__setting *store = &plan->settings->known[BELUGA_OPTION_CACHE];
    if (store->type) {
        self->store = store->value.pointer;
        return &self->base.model;
    }
    self->own = beluga__memory_cache_with_allocator(&plan->runtime->allocator, 0);
    if (!self->own) {
        release(&self->base.model);
        return NULL;
    }
    self->store = beluga_memory_cache_store(self->own);
    return &self->base.model;
}
