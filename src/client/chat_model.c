#include "client/chat_model.h"

#include "base/clock.h"
#include "base/mem.h"

beluga_chat_model *beluga__chat_model_new(beluga__target *target, beluga_tool *const *tools,
                                          size_t n)
{
    beluga_chat_model *model =
        beluga__alloc(&target->runtime->allocator, sizeof *model + n * sizeof *model->tools);
    if (!model) return NULL;
    atomic_init(&model->refs, 1);
    model->target = beluga__target_ref(target);
    model->n_tools = n;
    for (size_t i = 0; i < n; i++) model->tools[i] = beluga_tool_ref(tools[i]);
    return model;
}

beluga_chat_model *beluga_chat_model_ref(beluga_chat_model *model)
{
    if (model) atomic_fetch_add_explicit(&model->refs, 1, memory_order_relaxed);
    return model;
}

void beluga_chat_model_unref(beluga_chat_model *model)
{
    if (!model || atomic_fetch_sub_explicit(&model->refs, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < model->n_tools; i++) beluga_tool_unref(model->tools[i]);
    beluga__target *target = model->target;
    beluga__release(&target->runtime->allocator, model);
    beluga__target_unref(target);
}

const char *beluga_model_name(const beluga_chat_model *model)
{
    return model->target->model_name;
}

const char *beluga_provider_name(const beluga_chat_model *model)
{
    return model->target->provider->name;
}

beluga_tool *beluga_chat_model_tool(const beluga_chat_model *model, size_t index)
{
    return index < model->n_tools ? model->tools[index] : NULL;
}

size_t beluga_chat_model_tool_count(const beluga_chat_model *model)
{
    return model->n_tools;
}

static int check_tools(beluga_tool *const *tools, size_t n, beluga_error *err)
{
    if (n > BELUGA__MAX_TOOLS)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "there are %zu tools, but a model can have at most %u", n,
                                BELUGA__MAX_TOOLS);
    for (size_t i = 0; i < n; i++) {
        if (!tools[i])
            return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "tool %zu is NULL", i);
        for (size_t k = 0; k < i; k++)
            if (strcmp(beluga_tool_name(tools[i]), beluga_tool_name(tools[k])) == 0)
                return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "two tools are named %s",
                                        beluga_tool_name(tools[i]));
    }
    return 0;
}

int beluga_bind_tools(beluga_chat_model *model, beluga_tool *const *tools, size_t n,
                      beluga_chat_model **out, beluga_error *err)
{
    *out = NULL;
    int status = check_tools(tools, n, err);
    if (!status && n &&
        !beluga__settings_int(&model->target->settings, BELUGA_OPTION_ENABLE_TOOL_CALLING, 1))
        status = beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                  "tool calling is disabled (enable_tool_calling)");
    if (!status && !(*out = beluga__chat_model_new(model->target, tools, n)))
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the model");
    if (status) beluga_error_wrap(err, "bind_tools", NULL);
    return status;
}

static void release_model(void *holder)
{
    beluga_chat_model_unref(holder);
}

/* All calls start in this function. In the functions that it calls `err` is never NULL. */
static int start_call(beluga_chat_model *model, beluga__call_spec *spec, beluga_event_cb cb,
                      void *payload, beluga_op **out, beluga_error *err)
{
    beluga_call *call;
    beluga_error unused;
    if (!err) err = &unused;
    spec->target = model->target;
    spec->holder = model;
    spec->release_holder = release_model;
    spec->start_ns = spec->loop->now_ns = beluga__now_ns();
    beluga__loop_starts(beluga__loop_of(spec->loop));
    int status = beluga__call_new(spec, &call, err);
    if (status) return status;
    beluga_chat_model_ref(model);
    status = beluga__operation_start(call, cb, payload, out, err);
    if (status) beluga__call_unref(call);
    return status;
}

int beluga__chat_model_start(beluga_chat_model *model, beluga_loop *loop, beluga__call_kind kind,
                             beluga_context *ctx, void *parent_span,
                             const beluga_messages *messages, const beluga_option *opts, size_t n,
                             beluga_event_cb cb, void *payload, beluga_op **out, beluga_error *err)
{
    beluga__call_spec spec = {
        .loop = loop,
        .context = ctx,
        .parent_span = parent_span,
        .messages = messages,
        .tools = model->tools,
        .n_tools = model->n_tools,
        .operation = kind == BELUGA__CALL_STREAM ? "stream" : "generate",
        .streamed = kind == BELUGA__CALL_STREAM,
        .restartable = kind != BELUGA__CALL_STREAM,
        .folded = kind == BELUGA__CALL_FOLD,
        .opts = opts,
        .n_opts = n,
    };
    if (kind == BELUGA__CALL_STREAM &&
        !beluga__settings_int(&model->target->settings, BELUGA_OPTION_ENABLE_STREAMING, 1))
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "streaming is disabled (enable_streaming)");
    return start_call(model, &spec, cb, payload, out, err);
}

int beluga__chat_model_start_list(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                  const char *page, beluga_event_cb cb, void *payload,
                                  beluga_op **out, beluga_error *err)
{
    beluga__call_spec spec = {.loop = loop,
                              .context = ctx,
                              .operation = "models",
                              .page = page,
                              .kind = BELUGA_CALL_MODELS};
    return start_call(model, &spec, cb, payload, out, err);
}

int beluga__chat_model_start_embed(beluga_chat_model *model, beluga__call_spec *spec,
                                   beluga_event_cb cb, void *payload, beluga_op **out,
                                   beluga_error *err)
{
    spec->kind = BELUGA_CALL_EMBED;
    spec->operation = "embed";
    spec->restartable = true;
    return start_call(model, spec, cb, payload, out, err);
}

int beluga__chat_model_start_count(beluga_chat_model *model, beluga__call_spec *spec,
                                   beluga_event_cb cb, void *payload, beluga_op **out,
                                   beluga_error *err)
{
    spec->kind = BELUGA_CALL_COUNT;
    spec->operation = "count_tokens";
    spec->restartable = true;
    spec->tools = model->tools;
    spec->n_tools = model->n_tools;
    return start_call(model, spec, cb, payload, out, err);
}

int beluga__chat_model_start_job(beluga_chat_model *model, beluga__call_spec *spec,
                                 beluga_event_cb cb, void *payload, beluga_op **out,
                                 beluga_error *err)
{
    static const char *const names[] = {
        [BELUGA_CALL_BATCH_CREATE] = "batch_create",   [BELUGA_CALL_BATCH_GET] = "batch_get",
        [BELUGA_CALL_BATCH_LIST] = "batch_list",       [BELUGA_CALL_BATCH_CANCEL] = "batch_cancel",
        [BELUGA_CALL_BATCH_RESULTS] = "batch_results", [BELUGA_CALL_BATCH_DELETE] = "batch_delete",
        [BELUGA_CALL_BATCH_SWEEP] = "batch_sweep",
    };
    spec->operation = names[spec->kind];
    spec->streamed = spec->kind == BELUGA_CALL_BATCH_RESULTS;
    spec->restartable = !spec->streamed;
    return start_call(model, spec, cb, payload, out, err);
}

/* --- push ------------------------------------------------------------------------------------- */

int beluga_stream_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                          const beluga_messages *messages, beluga_event_cb cb, void *payload,
                          beluga_op **out, beluga_error *err, const beluga_option *opts, size_t n)
{
    beluga_op *op;
    if (out) *out = NULL;
    if (beluga__loop_forked(beluga__loop_of(loop)))
        return beluga_error_set(err, BELUGA_ERROR_FORKED, "the loop belongs to the parent process");
    int status = beluga__chat_model_start(model, loop, BELUGA__CALL_STREAM, ctx, NULL, messages,
                                          opts, n, cb, payload, &op, err);
    if (status) return status;
    if (out)
        *out = op;
    else
        beluga__operation_free(op);
    return 0;
}
