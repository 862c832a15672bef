#include "kit/perform.h"

#include "kit/story.h"

#include <poll.h>
#include <string.h>

/* ---- rules that hold for every call ---------------------------------------------------------- */

typedef struct listener {
    check_run *run;
    beluga_response_builder *builder; /* NULL: the response is not needed */
    beluga_context *cancels;          /* cancelled at the first text; NULL: none */
    beluga_op *op;                    /* the first text cancels this op, or each event pauses it */
    bool cancels_op, pauses;
    size_t events;
    bool started, ended;
} listener;

static void hear(void *payload, const beluga_event *event)
{
    listener *l = payload;
    bool starts = event->kind == BELUGA_EVENT_START;
    if (l->ended)
        check_problem(l->run, "%s came after the end", beluga_event_kind_name(event->kind));
    if (starts && l->started) check_problem(l->run, "start came twice");
    if (!l->started && !starts && event->kind != BELUGA_EVENT_ERROR &&
        event->kind != BELUGA_EVENT_USAGE)
        check_problem(l->run, "%s came before start", beluga_event_kind_name(event->kind));
    l->started |= starts;
    l->ended |= event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR;
    l->run->finished |= event->kind == BELUGA_EVENT_FINISH;
    l->run->warned |= starts && event->u.start.count;
    if (event->kind == BELUGA_EVENT_ERROR) {
        l->run->error = *event->u.error;
        check_note_breach(l->run, event->u.error);
    }
    l->events++;
    check_story_event(&l->run->story, event);
    if (l->builder && beluga_response_builder_add(l->builder, event))
        check_problem(l->run, "the events do not make a response");
    if (l->op && l->pauses) beluga_op_pause(l->op, true);
    if (event->kind != BELUGA_EVENT_TEXT) return;
    if (l->cancels) beluga_context_cancel(l->cancels);
    if (l->op && l->cancels_op) beluga_op_cancel(l->op);
}

static void end_with_error(check_run *run, int status)
{
    check_note_breach(run, &run->error);
    if (run->error.code != status)
        check_problem(run, "the call returned %s, its error says %s", beluga_error_name(status),
                      beluga_error_name(run->error.code));
    check_story_error(&run->story, &run->error);
    check_story_http(&run->story, &run->error);
}

/* Begin a call. Returns a context whose deadline ends the call if the provider does not. */
static beluga_context *begin(check_run *run)
{
    run->error = (beluga_error){0};
    run->finished = false;
    run->warned = false;
    return beluga_context_new_timeout(NULL, check_patience_ms(run));
}

/* ---- in one piece ---------------------------------------------------------------------------- */

void check_generate(check_run *run)
{
    beluga_response *response = NULL;
    const check_call *call = &run->call;
    beluga_context *context = begin(run);
    int status = beluga_generate_n(run->model, context, call->messages, &response, &run->error,
                                   call->options, call->n_options);
    if (status && response) check_problem(run, "a failed call gave a response");
    if (status) {
        end_with_error(run, status);
    } else {
        run->finished = true;
        run->warned = beluga_response_warning(response, 0) != NULL;
        check_story_response(&run->story, response);
    }
    beluga_response_free(response);
    beluga_context_unref(context);
}

/* Join the pieces of text if the provider has RAW framing, since their sizes depend on how the
 * bytes arrived. */
static void join_pieces(check_run *run)
{
    if (run->provider->framing == BELUGA_FRAMING_RAW) check_story_join(&run->story);
}

/* ---- pulled ---------------------------------------------------------------------------------- */

static int pull(listener *l, beluga_stream *stream)
{
    const beluga_event *event = NULL;
    int status;
    while (!(status = beluga_stream_next(stream, &event, &l->run->error)) && event) hear(l, event);
    if (!status && !l->ended) check_problem(l->run, "the stream ended without finish or error");
    if (status && l->run->finished) check_problem(l->run, "the stream failed after its finish");
    if (beluga_stream_next(stream, &event, NULL) != status || event)
        check_problem(l->run,
                      "another call of beluga_stream_next after the end returned something else");
    return status;
}

static void stream(check_run *run, listener *l, beluga_context *context)
{
    beluga_stream *stream = NULL;
    const check_call *call = &run->call;
    int status = beluga_stream_chat_n(run->model, context, call->messages, &stream, &run->error,
                                      call->options, call->n_options);
    if (!status) status = pull(l, stream);
    join_pieces(run);
    if (status) end_with_error(run, status);
    beluga_stream_free(stream);
}

void check_stream(check_run *run)
{
    beluga_context *context = begin(run);
    stream(run, &(listener){.run = run}, context);
    beluga_context_unref(context);
}

void check_cancel(check_run *run)
{
    beluga_context *outer = begin(run), *context = beluga_context_new_cancellable(outer);
    stream(run, &(listener){.run = run, .cancels = context}, context);
    beluga_context_unref(context);
    beluga_context_unref(outer);
}

void check_stream_and_ask_on(check_run *run)
{
    listener l = {.run = run, .builder = beluga_response_builder_new()};
    beluga_response *response = NULL;
    beluga_context *context = begin(run);
    run->first_messages = beluga_messages_count(run->call.messages);
    stream(run, &l, context);
    if (!l.builder || beluga_response_builder_finish(l.builder, &response))
        check_problem(run, "the events did not make a whole response");
    if (response) beluga_messages_add(run->call.messages, beluga_response_message(response));
    beluga_messages_add(run->call.messages,
                        check_human(&run->call, check_question(&run->call, "Are you sure?")));
    beluga_response_free(response);
    beluga_response_builder_free(l.builder);
    beluga_context_unref(context);
}

/* ---- pushed ---------------------------------------------------------------------------------- */

static bool wait_for(beluga_loop *loop, int64_t timeout_ms)
{
    struct pollfd ready = {.fd = beluga_loop_fd(loop), .events = POLLIN};
    int64_t due = beluga_loop_timeout_ms(loop);
    if (due < 0 || due > timeout_ms) due = timeout_ms;
    return poll(&ready, 1, (int)due) >= 0;
}

/* As a slow reader: pause the call for one turn of the loop, before the loop waits. A paused call
 * has no events that would end the wait. */
static void rest(listener *l, beluga_loop *loop)
{
    if (!l->pauses || !l->op) return;
    beluga_loop_step(loop);
    beluga_op_pause(l->op, false);
}

static void step(listener *l, beluga_loop *loop)
{
    int64_t patience = check_patience_ms(l->run);
    for (;;) {
        rest(l, loop);
        if (l->ended || !wait_for(loop, patience)) break;
        if (beluga_loop_step(loop) != 0) break;
    }
    if (!l->ended) check_problem(l->run, "the call did not end");
}

static void push(check_run *run, listener l)
{
    bool cancel = l.cancels_op;
    beluga_loop *loop = NULL;
    beluga_op *op = NULL;
    const check_call *call = &run->call;
    beluga_context *context = begin(run);
    int status = beluga_loop_new(NULL, &loop);
    if (!status)
        status = beluga_stream_start_n(run->model, loop, context, call->messages, hear, &l, &op,
                                       &run->error, call->options, call->n_options);
    if (!status && l.events) check_problem(run, "an event came before the loop was stepped");
    if (cancel || l.pauses) l.op = op;
    if (status)
        end_with_error(run, status);
    else
        step(&l, loop);
    join_pieces(run);
    if (!status && run->error.code) check_story_http(&run->story, &run->error);
    beluga_op_free(op);
    beluga_loop_free(loop);
    beluga_context_unref(context);
}

void check_push(check_run *run)
{
    push(run, (listener){.run = run});
}

void check_push_slowly(check_run *run)
{
    push(run, (listener){.run = run, .pauses = true});
}

void check_cancel_pushed(check_run *run)
{
    push(run, (listener){.run = run, .cancels_op = true});
}

/* ---- vectors and counts of tokens ------------------------------------------------------------ */

void check_tell_vectors(check_run *run, const beluga_embeddings *e)
{
    const char *warning;
    for (size_t i = 0; (warning = beluga_embeddings_warning(e, i)); i++)
        check_text_printf(&run->story, "warning %s\n", warning);
    run->warned = beluga_embeddings_warning(e, 0);
    for (size_t i = 0; i < beluga_embeddings_count(e); i++) {
        beluga_event event = {.kind = BELUGA_EVENT_EMBEDDING, .index = (uint32_t)i};
        event.u.embedding.values = beluga_embeddings_vector(e, i);
        event.u.embedding.count = beluga_embeddings_dimensions(e);
        check_story_event(&run->story, &event);
    }
    check_text_printf(&run->story, "model %s\n", beluga_embeddings_model(e));
    check_text_printf(&run->story, "input %lld\n",
                      (long long)beluga_embeddings_usage(e)->input_total);
}

void check_embed(check_run *run)
{
    enum { TEXTS = 4 };
    const char *texts[TEXTS];
    size_t n = beluga_messages_count(run->call.messages);
    beluga_embeddings *e;
    beluga_context *context = begin(run);
    if (n > TEXTS) n = TEXTS;
    for (size_t i = 0; i < n; i++)
        texts[i] = beluga_message_text(beluga_messages_get(run->call.messages, i), NULL);
    int status = beluga_embed_n(run->model, context, texts, NULL, n, &e, &run->error,
                                run->call.options, run->call.n_options);
    if (status)
        end_with_error(run, status);
    else
        check_tell_vectors(run, e);
    run->finished = !status;
    beluga_embeddings_free(e);
    beluga_context_unref(context);
}

void check_count(check_run *run)
{
    beluga_token_count count;
    beluga_context *context = begin(run);
    int status = beluga_count_tokens_n(run->model, context, run->call.messages, &count, &run->error,
                                       run->call.options, run->call.n_options);
    if (status) end_with_error(run, status);
    if (!status && *count.left_out) check_text_printf(&run->story, "warning %s\n", count.left_out);
    if (!status) check_text_printf(&run->story, "tokens %lld\n", (long long)count.tokens);
    run->warned = !status && *count.left_out;
    run->finished = !status;
    beluga_context_unref(context);
}

/* ---- models ---------------------------------------------------------------------------------- */

void check_list(check_run *run)
{
    char **names = NULL;
    size_t n = 0;
    beluga_context *context = begin(run);
    int status = beluga_list_models(run->model, context, &names, &n, &run->error);
    for (size_t i = 0; !status && i < n; i++)
        check_text_printf(&run->story, "model %s\n", names[i]);
    if (status) end_with_error(run, status);
    run->finished = !status;
    beluga_free(names);
    beluga_context_unref(context);
}
