#include "stage.h"

#include "base/clock.h"
#include "providers.h"
#include "transport/loop.h"

#include <beluga/registry.h>

enum { MAX_TIMERS = 64, MAX_MODELS = 64 };

static struct {
    beluga__network_loop *loop;
    beluga__loop_ops ops;
    beluga__list tasks;
    beluga__timer *timers[MAX_TIMERS];
    size_t n_timers;
    const stage_answer *answer;
    beluga__transfer_spec spec;
    bool runs, told_head, paused, inside;
    size_t at, requests;
    void (*sent)(const beluga__transfer_spec *spec);
} stage;

/* --- the loop --------------------------------------------------------------------------------- */

static int reserve(beluga_loop *loop)
{
    (void)loop;
    return 0;
}

static void defer(beluga_loop *loop, beluga__task *task)
{
    (void)loop;
    if (task->queued) return;
    task->queued = true;
    beluga__list_append(&stage.tasks, &task->node);
}

static void timer_clear(beluga_loop *loop, beluga__timer *timer)
{
    (void)loop;
    if (!timer->heap_index) return;
    size_t i = timer->heap_index - 1;
    FUZZ_CHECK(i < stage.n_timers && stage.timers[i] == timer);
    stage.timers[i] = stage.timers[--stage.n_timers];
    stage.timers[i]->heap_index = i + 1;
    timer->heap_index = 0;
}

static void timer_set(beluga_loop *loop, beluga__timer *timer, int64_t deadline_ns)
{
    timer_clear(loop, timer);
    FUZZ_CHECK(stage.n_timers < MAX_TIMERS);
    stage.timers[stage.n_timers++] = timer;
    timer->heap_index = stage.n_timers;
    timer->deadline_ns = deadline_ns;
}

static bool run_task(void)
{
    if (beluga__list_empty(&stage.tasks)) return false;
    beluga__task *task = beluga__container_of(stage.tasks.next, beluga__task, node);
    beluga__task_cancel(task);
    task->run(task);
    return true;
}

bool stage_wait(void)
{
    beluga__timer *next = NULL;
    for (size_t i = 0; i < stage.n_timers; i++)
        if (!next || stage.timers[i]->deadline_ns < next->deadline_ns) next = stage.timers[i];
    if (!next) return false;
    int64_t *now = &stage.loop->base.now_ns;
    if (*now < next->deadline_ns) *now = next->deadline_ns;
    timer_clear(&stage.loop->base, next);
    next->fire(next);
    return true;
}

/* --- the transfer ----------------------------------------------------------------------------- */

static int start(beluga_loop *loop, const beluga__transfer_spec *spec, beluga__transfer **out,
                 beluga_error *err)
{
    (void)loop;
    (void)err;
    FUZZ_CHECK(!stage.runs); /* only one request at a time is needed */
    stage.spec = *spec;
    stage.runs = true;
    stage.told_head = stage.paused = false;
    stage.at = 0;
    stage.requests++;
    if (stage.sent) stage.sent(spec);
    *out = (beluga__transfer *)(void *)&stage;
    return 0;
}

static void cancel(beluga__transfer *transfer, const beluga_error *why)
{
    (void)why;
    FUZZ_CHECK((void *)transfer == &stage && stage.runs);
    stage.runs = false;
}

static void finish(beluga__transfer *transfer)
{
    cancel(transfer, NULL);
}

static void pause_transfer(beluga__transfer *transfer, bool paused)
{
    FUZZ_CHECK((void *)transfer == &stage && stage.runs);
    stage.paused = paused;
}

static void tell_head(void)
{
    const stage_answer *a = stage.answer;
    int status = 0;
    stage.told_head = true;
    for (size_t at = 0; at < a->head_length && !status;) {
        const char *end = memchr(a->head + at, '\n', a->head_length - at);
        size_t n = end ? (size_t)(end - a->head) + 1 - at : a->head_length - at;
        status = beluga__http_response_add_line(stage.spec.response, a->head + at, n);
        at += n;
    }
    stage.spec.response->multiplexed = a->multiplexed;
    if (!status && stage.spec.response->status >= 100) {
        stage.spec.handler->head(stage.spec.owner);
        return;
    }
    /* libcurl refuses bytes that are not HTTP */
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NETWORK, "the answer is no HTTP");
    stage.runs = false;
    stage.spec.handler->done(stage.spec.owner, err.code, &err);
}

static void tell_piece(void)
{
    const stage_answer *a = stage.answer;
    size_t n = a->length - stage.at;
    if (a->piece && n > a->piece) n = a->piece;
    const uint8_t *from = (const uint8_t *)a->body + stage.at;
    char *piece = fuzz_copy(from, n);
    stage.at += n;
    stage.spec.handler->body(stage.spec.owner, piece, n);
    FUZZ_CHECK(!stage.runs || memcmp(piece, from, n) == 0); /* the buffer is unchanged */
    free(piece);
}

static void tell_end(void)
{
    beluga_error err;
    int code = stage.answer->end;
    if (code) beluga_error_set(&err, code, "the connection was lost");
    stage.runs = false;
    stage.spec.handler->done(stage.spec.owner, code, code ? &err : NULL);
}

static bool tell(void)
{
    if (!stage.runs || stage.paused) return false;
    if (!stage.told_head)
        tell_head();
    else if (stage.at < stage.answer->length)
        tell_piece();
    else
        tell_end();
    return true;
}

bool stage_step(void)
{
    return run_task() || tell();
}

/* --- a call ----------------------------------------------------------------------------------- */

void stage_open(void)
{
    FUZZ_CHECK(beluga__network_loop_new(&beluga_client_default()->runtime, false, &stage.loop) ==
               0);
    beluga__list_init(&stage.tasks);
    stage.ops = *stage.loop->base.ops;
    stage.ops.reserve = reserve;
    stage.ops.defer = defer;
    stage.ops.timer_set = timer_set;
    stage.ops.timer_clear = timer_clear;
    stage.ops.transfer_start = start;
    stage.ops.transfer_cancel = cancel;
    stage.ops.transfer_finish = finish;
    stage.ops.transfer_pause = pause_transfer;
    stage.loop->base.ops = &stage.ops;
}

beluga_loop *stage_loop(void)
{
    return &stage.loop->base;
}

void stage_begin(const stage_answer *answer)
{
    stage.answer = answer;
    stage.requests = 0;
    stage.loop->base.random = 1;
    stage.loop->base.now_ns = beluga__now_ns();
}

void stage_set_answer(const stage_answer *answer)
{
    stage.answer = answer;
}

void stage_end(void)
{
    FUZZ_CHECK(!stage.runs && !stage.n_timers && beluga__list_empty(&stage.tasks));
    FUZZ_CHECK(!stage.loop->base.active);
}

size_t stage_requests(void)
{
    return stage.requests;
}

void stage_on_request(void (*sent)(const beluga__transfer_spec *spec))
{
    stage.sent = sent;
}

/* --- models ----------------------------------------------------------------------------------- */

static beluga_chat_model *open_model(const beluga_provider *provider)
{
    beluga_chat_model *model = NULL;
    beluga_error err;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url("http://127.0.0.1:1"), beluga_with_api_key("AKID:secret-of-the-key"),
        beluga_with_model_name("m"), beluga_with_max_retries(0));
    FUZZ_CHECK(config);
    if (beluga_registry_open(beluga_registry_default(), provider->name, config, &model, &err))
        fuzz_broken(__FILE__, __LINE__, "every provider can be opened", err.message);
    beluga_config_free(config);
    return model;
}

beluga_chat_model *stage_model(const char *name)
{
    static struct {
        const beluga_provider *provider;
        beluga_chat_model *model;
    } kept[MAX_MODELS];
    const beluga_provider *provider = fuzz_provider(name);
    size_t i = 0;
    while (i < MAX_MODELS && kept[i].provider && kept[i].provider != provider) i++;
    FUZZ_CHECK(i < MAX_MODELS);
    if (!kept[i].provider) kept[i].model = open_model(provider);
    kept[i].provider = provider;
    return kept[i].model;
}
