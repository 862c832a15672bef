/* Batches: each input that is in flight has a slot, so the number of slots limits the memory, and
 * the number of inputs does not matter. The simple call for arrays is a batch whose source is an
 * array; it runs on a leased loop. */
#include "base/mem.h"
#include "client/batch_span.h"
#include "client/chat_model.h"
#include "model/span.h"
#include "options/copy.h"

#include <beluga/batch.h>
#include <beluga/tool_loop.h>

enum { DEFAULT_CONCURRENCY = 5 };

/* The tool loop of one item of a batch. */
typedef struct batch_tools {
    beluga_tool_run *run;
    beluga_messages *messages; /* the conversation; the tool loop adds calls and results to it */
    beluga_event_cb cb;
    void *payload;
} batch_tools;

typedef struct batch_slot {
    beluga_batch_op *batch;
    beluga_op *op;
    batch_tools *tools; /* NULL: the item is one call */
    uint64_t index;
    beluga_response_builder builder;
    beluga_batch_result result;
} batch_slot;

struct beluga_batch_op {
    beluga_chat_model *model;
    beluga_loop *loop;
    beluga_context *context;
    beluga_batch_source_fn source; /* either `source` or `item_source` is set */
    beluga_batch_item_source_fn item_source;
    beluga_batch_sink_fn sink;
    beluga_batch_done_fn done;
    void *payload;
    beluga__options options; /* copied, since inputs start later than the batch */
    beluga__task task;       /* fills free slots */
    batch_slot **free_slots; /* a stack of free slots */
    batch_slot *slots;
    size_t n_slots, n_free;
    uint64_t next;
    int status; /* error code with which the source ended; 0: no error */
    bool exhausted;
    beluga__batch_span span;
};

/* --- telemetry -------------------------------------------------------------------------------- */

static void end_span(beluga_batch_op *batch, int status)
{
    beluga_error err;
    if (status) beluga_error_set(&err, status, "%s", beluga_error_text(status));
    beluga__batch_span_end(&batch->span, batch->model->target, status ? &err : NULL);
}

/* --- outcomes --------------------------------------------------------------------------------- */

static void finish_slot(batch_slot *slot)
{
    beluga_batch_op *batch = slot->batch;
    if (slot->result.error.code)
        batch->span.failed++;
    else
        batch->span.succeeded++;
    batch->sink(batch->payload, slot->index, &slot->result);
    beluga_batch_results_clear(&slot->result, 1);
    batch->free_slots[batch->n_free++] = slot;
    batch->loop->ops->defer(batch->loop, &batch->task);
}

static void conclude(batch_slot *slot, const beluga_event *event)
{
    beluga_op *op = slot->op;
    slot->op = NULL;
    beluga_response *response = NULL;
    int status = beluga_response_builder_finish(&slot->builder, &response);
    if (response) beluga__response_set_times(response, op->duration_ns, op->first_content_ns);
    if (status) {
        slot->result.partial = response;
        if (event->kind == BELUGA_EVENT_ERROR && status == event->u.error->code)
            slot->result.error = *event->u.error;
        else
            beluga_error_set(&slot->result.error, status, "%s", beluga_error_text(status));
        beluga__call_locate(op->call, &slot->result.error);
    } else
        slot->result.response = response;
    beluga__operation_free(op);
    finish_slot(slot);
}

static void on_event(void *payload, const beluga_event *event)
{
    batch_slot *slot = payload;
    int status = beluga_response_builder_add(&slot->builder, event);
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR)
        conclude(slot, event);
    else if (status)
        beluga_op_cancel(slot->op);
}

/* --- tool loops ------------------------------------------------------------------------------- */

/* A run can't be freed inside its own terminal event, so it is freed when the slot is used
 * again. */
static void drop_tools(batch_slot *slot)
{
    if (!slot->tools) return;
    beluga_tool_run_free(slot->tools->run);
    beluga_messages_free(slot->tools->messages);
    beluga__release(&slot->batch->model->target->runtime->allocator, slot->tools);
    slot->tools = NULL;
}

/* Set the result of an item with tools: on success the response of the last step, on failure
 * everything that has arrived. */
static void conclude_tools(batch_slot *slot, const beluga_event *event)
{
    beluga_response *whole = NULL, *last = beluga_tool_run_response(slot->tools->run);
    int status = beluga_response_builder_finish(&slot->builder, &whole);
    beluga_batch_result *result = &slot->result;
    if (event->kind == BELUGA_EVENT_ERROR)
        result->error = *event->u.error;
    else if (status)
        beluga_error_set(&result->error, status, "%s", beluga_error_text(status));
    if (result->error.code) {
        result->partial = whole;
        beluga_response_free(last);
    } else {
        result->response = last;
        beluga_response_free(whole);
    }
    finish_slot(slot);
}

static void on_tool_event(void *payload, const beluga_event *event)
{
    batch_slot *slot = payload;
    beluga_response_builder_add(&slot->builder, event);
    if (slot->tools->cb) slot->tools->cb(slot->tools->payload, event);
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR)
        conclude_tools(slot, event);
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* Join the batch's options and the item's options. A later option replaces an earlier one, so the
 * item's options win. `owned` stays NULL if the item has none: then the batch's options are used
 * unchanged. */
static int join_options(const beluga_batch_op *batch, const beluga_batch_item *item,
                        beluga_option **owned)
{
    size_t n = item->options ? item->n_options : 0, before = batch->options.n;
    *owned = NULL;
    if (n == BELUGA_OPTIONS_TERMINATED)
        for (n = 0; item->options[n].key != BELUGA_OPTION_END;) n++;
    if (!n) return 0;
    *owned = beluga__zalloc(&batch->model->target->runtime->allocator,
                            (before + n + 1) * sizeof **owned);
    if (!*owned) return BELUGA_ERROR_NO_MEMORY;
    if (before) memcpy(*owned, batch->options.opts, before * sizeof **owned);
    memcpy(*owned + before, item->options, n * sizeof **owned);
    return 0;
}

/* Start an item with tools. The messages are taken over, also on failure. */
static int start_tools(batch_slot *slot, const beluga_batch_item *item, beluga_messages *messages,
                       const beluga_option *opts, size_t n, beluga_error *err)
{
    beluga_batch_op *batch = slot->batch;
    slot->tools = beluga__zalloc(&batch->model->target->runtime->allocator, sizeof *slot->tools);
    if (!slot->tools) {
        beluga_messages_free(messages);
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the tool loop");
    }
    *slot->tools = (batch_tools){.messages = messages, .cb = item->cb, .payload = item->payload};
    return beluga_run_tools_start_n(item->model ? item->model : batch->model, batch->loop,
                                    batch->context, messages, on_tool_event, slot,
                                    &slot->tools->run, err, opts, n);
}

static int start_one(batch_slot *slot, const beluga_batch_item *item,
                     const beluga_messages *messages, const beluga_option *opts, size_t n,
                     beluga_error *err)
{
    beluga_batch_op *batch = slot->batch;
    beluga_chat_model *model = item->model ? item->model : batch->model;
    /* A span belongs to the sink that began it, and another client's sink does not know the
     * span. */
    bool shared = beluga__sink_of(model->target) == beluga__sink_of(batch->model->target);
    return beluga__chat_model_start(model, batch->loop, BELUGA__CALL_FOLD, batch->context,
                                    shared ? batch->span.span : NULL, messages, opts, n, on_event,
                                    slot, &slot->op, err);
}

/* Start an item. The messages are taken over, also on failure. */
static int start_item(batch_slot *slot, const beluga_batch_item *item, beluga_messages *messages,
                      beluga_error *err)
{
    beluga_batch_op *batch = slot->batch;
    beluga_option *own;
    int status = join_options(batch, item, &own);
    if (status) {
        beluga_messages_free(messages);
        return beluga_error_set(err, status, "no memory for the options");
    }
    const beluga_option *opts = own ? own : batch->options.opts;
    size_t n = own ? BELUGA_OPTIONS_TERMINATED : batch->options.n;
    if (item->run_tools) {
        status = start_tools(slot, item, messages, opts, n, err);
    } else {
        status = start_one(slot, item, messages, opts, n, err);
        beluga_messages_free(messages);
    }
    beluga__release(&batch->model->target->runtime->allocator, own);
    return status;
}

static void start_slot(batch_slot *slot, const beluga_batch_item *item)
{
    beluga_messages *messages = NULL;
    beluga_error err;
    drop_tools(slot);
    beluga__chat_model_fold(slot->batch->model, &slot->builder, 0);
    slot->result.error.code = 0;
    int status = beluga_ensure_messages(item->input, &messages, &err);
    if (!status) status = start_item(slot, item, messages, &err);
    if (!status) return;
    slot->result.error = err;
    beluga__response_builder_clear(&slot->builder);
    finish_slot(slot);
}

static bool next_item(beluga_batch_op *batch, beluga_batch_item *item)
{
    if (batch->exhausted) return false;
    *item = (beluga_batch_item){.model = NULL};
    int got = batch->item_source ? batch->item_source(batch->payload, batch->next, item)
                                 : batch->source(batch->payload, batch->next, &item->input);
    if (got == BELUGA_BATCH_ITEM) return true;
    batch->exhausted = got != BELUGA_BATCH_LATER;
    if (got < 0) batch->status = got;
    return false;
}

static void fill(beluga__task *task)
{
    beluga_batch_op *batch = beluga__container_of(task, beluga_batch_op, task);
    beluga_batch_item item;
    /* Fill only the slots that are free now, since inputs that fail at once would otherwise keep
     * the loop busy for ever. */
    for (size_t room = batch->n_free; room && next_item(batch, &item); room--) {
        batch_slot *slot = batch->free_slots[--batch->n_free];
        slot->index = batch->next++;
        start_slot(slot, &item);
    }
    bool idle = batch->n_free == batch->n_slots;
    if (idle && batch->exhausted) end_span(batch, batch->status);
    if (!idle || !batch->exhausted || !batch->done) return;
    beluga__task_cancel(&batch->task);
    beluga_batch_done_fn done = batch->done;
    batch->done = NULL;
    done(batch->payload, batch->status, batch->span.succeeded, batch->span.failed);
}

/* --- making a batch --------------------------------------------------------------------------- */

static int make_slots(beluga_batch_op *batch, size_t n)
{
    const beluga_allocator *allocator = &batch->model->target->runtime->allocator;
    batch->slots = beluga__zalloc(allocator, n * sizeof *batch->slots);
    batch->free_slots = beluga__alloc(allocator, n * sizeof *batch->free_slots);
    if (!batch->slots || !batch->free_slots) return BELUGA_ERROR_NO_MEMORY;
    batch->n_slots = n;
    for (size_t i = n; i-- > 0;) {
        batch->slots[i].batch = batch;
        batch->free_slots[batch->n_free++] = &batch->slots[i];
    }
    return 0;
}

/* Make a batch of at most `most` slots, even if the options allow more: slots that stay empty would
 * only take memory. */
static beluga_batch_op *new_batch(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                  const beluga_option *opts, size_t n_opts, size_t most)
{
    const beluga_allocator *allocator = &model->target->runtime->allocator;
    beluga_batch_op *batch = beluga__zalloc(allocator, sizeof *batch);
    if (!batch) return NULL;
    batch->model = beluga_chat_model_ref(model);
    batch->loop = loop;
    batch->context = beluga_context_ref(ctx);
    batch->task.run = fill;
    int status = beluga__options_copy(&batch->options, allocator, opts, n_opts);
    int64_t slots = beluga__settings_int(&model->target->settings,
                                         BELUGA_OPTION_MAX_CONCURRENT_BATCHES, DEFAULT_CONCURRENCY);
    beluga__options_int(&batch->options, BELUGA_OPTION_MAX_CONCURRENT_BATCHES, &slots);
    if (!status && !make_slots(batch, (size_t)slots < most ? (size_t)slots : most)) return batch;
    beluga_batch_op_free(batch);
    return NULL;
}

static void begin(beluga_batch_op *batch, beluga_batch_sink_fn sink, beluga_batch_done_fn done,
                  void *payload)
{
    batch->sink = sink;
    batch->done = done;
    batch->payload = payload;
    beluga__batch_span_begin(&batch->span, batch->model->target, batch->context);
    batch->loop->ops->defer(batch->loop, &batch->task);
}

/* Start a batch. `asks` holds the arguments: one of the two kinds of source, and the callbacks. */
static int start(const beluga_batch_op *asks, beluga_chat_model *model, beluga_loop *loop,
                 beluga_context *ctx, beluga_batch_op **out, beluga_error *err,
                 const beluga_option *opts, size_t n_opts)
{
    *out = NULL;
    if (!(asks->source || asks->item_source) || !asks->sink)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the batch has no source or no sink");
    if (beluga__loop_inherited(loop))
        return beluga_error_set(err, BELUGA_ERROR_FORKED, "the loop belongs to the parent process");
    beluga_batch_op *batch = new_batch(model, loop, ctx, opts, n_opts, SIZE_MAX);
    if (!batch) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the batch");
    batch->source = asks->source;
    batch->item_source = asks->item_source;
    begin(batch, asks->sink, asks->done, asks->payload);
    *out = batch;
    return 0;
}

int beluga_batch_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                         beluga_batch_source_fn source, beluga_batch_sink_fn sink,
                         beluga_batch_done_fn done, void *payload, beluga_batch_op **out,
                         beluga_error *err, const beluga_option *opts, size_t n_opts)
{
    const beluga_batch_op asks = {.source = source, .sink = sink, .done = done, .payload = payload};
    return start(&asks, model, loop, ctx, out, err, opts, n_opts);
}

int beluga_batch_start_items_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                               beluga_batch_item_source_fn source, beluga_batch_sink_fn sink,
                               beluga_batch_done_fn done, void *payload, beluga_batch_op **out,
                               beluga_error *err, const beluga_option *opts, size_t n_opts)
{
    const beluga_batch_op asks = {
        .item_source = source, .sink = sink, .done = done, .payload = payload};
    return start(&asks, model, loop, ctx, out, err, opts, n_opts);
}

void beluga_batch_wake(beluga_batch_op *batch)
{
    if (!batch->exhausted) batch->loop->ops->defer(batch->loop, &batch->task);
}

void beluga_batch_op_free(beluga_batch_op *batch)
{
    if (!batch) return;
    beluga__task_cancel(&batch->task);
    for (size_t i = 0; i < batch->n_slots; i++) {
        batch_slot *slot = &batch->slots[i];
        bool runs = slot->tools && slot->builder.allocator;
        drop_tools(slot);
        if (runs) beluga__response_builder_clear(&slot->builder);
        if (!slot->op) continue;
        beluga__operation_abort(slot->op);
        beluga_op_free(slot->op);
        beluga__response_builder_clear(&slot->builder);
    }
    end_span(batch, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_chat_model *model = batch->model;
    const beluga_allocator *allocator = &model->target->runtime->allocator;
    beluga__release(allocator, batch->slots);
    beluga__release(allocator, batch->free_slots);
    beluga_context_unref(batch->context);
    beluga__options_free(&batch->options);
    beluga__release(allocator, batch);
    beluga_chat_model_unref(model);
}

/* --- arrays ----------------------------------------------------------------------------------- */

typedef struct array_run {
    const beluga_input *inputs;
    size_t n;
    beluga_batch_result *results;
    bool done;
} array_run;

static int array_source(void *payload, uint64_t index, beluga_input *input)
{
    array_run *run = payload;
    if (index >= run->n) return 0;
    *input = run->inputs[index];
    return 1;
}

static void array_sink(void *payload, uint64_t index, beluga_batch_result *result)
{
    array_run *run = payload;
    run->results[index] = *result;
    result->response = result->partial = NULL;
}

static void array_done(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    (void)status;
    (void)succeeded;
    (void)failed;
    ((array_run *)payload)->done = true;
}

/* Set *err to the first failure. Its message has the number of all failures. */
static int combine(const array_run *run, beluga_error *err)
{
    size_t failed = 0, first = 0;
    for (size_t i = run->n; i-- > 0;)
        if (run->results[i].error.code) {
            failed++;
            first = i;
        }
    if (!failed) return 0;
    const beluga_error *e = &run->results[first].error;
    if (!err) return e->code;
    *err = *e;
    beluga_error text;
    beluga_error_set(&text, e->code, "%zu of %zu inputs failed; the first is number %zu: %.200s",
                     failed, run->n, first, e->message);
    memcpy(err->message, text.message, sizeof err->message);
    return beluga_error_wrap(err, "batch", NULL);
}

/* Set one error for every input without a result, since the batch could not begin. */
static int fail_all(const array_run *run, int status, beluga_error *err)
{
    beluga_error e;
    beluga_error_set(&e, status, "%s", beluga_error_text(status));
    for (size_t i = 0; i < run->n; i++)
        if (!run->results[i].response && !run->results[i].error.code) run->results[i].error = e;
    if (err) *err = e;
    return status;
}

int beluga_batch_n(beluga_chat_model *model, beluga_context *ctx, const beluga_input *inputs,
                   size_t n, beluga_batch_result *results, beluga_error *err,
                   const beluga_option *opts, size_t n_opts)
{
    beluga_client *client = beluga__chat_model_client(model);
    array_run run = {.inputs = inputs, .n = n, .results = results};
    beluga__network_loop *loop;
    for (size_t i = 0; i < n; i++) results[i] = (beluga_batch_result){.response = NULL};
    if (!n) return 0;
    int status = beluga__loops_lease(&client->loops, &loop, NULL);
    if (status) return fail_all(&run, status, err);
    beluga_batch_op *batch = new_batch(model, &loop->base, ctx, opts, n_opts, n);
    if (batch) {
        batch->source = array_source;
        begin(batch, array_sink, array_done, &run);
        status = beluga__loop_run(loop, &run.done);
        beluga_batch_op_free(batch);
    } else
        status = BELUGA_ERROR_NO_MEMORY;
    beluga__loops_give_back(&client->loops, loop);
    return status ? fail_all(&run, status, err) : combine(&run, err);
}

void beluga_batch_results_clear(beluga_batch_result *results, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        beluga_response_free(results[i].response);
        beluga_response_free(results[i].partial);
        results[i] = (beluga_batch_result){.response = NULL};
    }
}
