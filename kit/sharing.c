/* Scenarios of sharing: messages, models and tools that must not change, and many concurrent
 * calls. */
#include "kit/sharing.h"

#include "kit/exchange.h"
#include "kit/judge.h"
#include "kit/perform.h"
#include "kit/sent.h"
#include "kit/story.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BINDERS = 50,
    CALLERS = 20,
    MANY_CALLS = 1000,
    MANY_CALLERS = 8,
    BATCH_INPUTS = 12,
    BATCH_LIMIT = 3
};

/* Return whether request `i` contains this text, in whatever form it is written. */
static bool says(const check_run *run, size_t i, const char *text)
{
    check_sent sent = {0};
    check_sent_add(&sent, run->peer, i);
    bool found = check_sent_has(&sent, text, strlen(text));
    check_sent_free(&sent);
    return found;
}

static void take_requests(check_run *run)
{
    if (run->peer) run->asked = peer_requests(run->peer);
}

/* Make the run's call again, and keep only its story. */
static void ask_again(check_run *run, check_action *ask, check_text *story)
{
    check_text_clear(&run->story);
    ask(run);
    check_forget_ids(run);
    check_text_clear(story);
    check_text_puts(story, check_text_get(&run->story));
}

/* Ask a question twice, and store the answer if both times it is the same, else "". Returns false
 * if a call fails. */
static bool learn(check_run *run, check_action *ask, check_text *story)
{
    check_text again = {0};
    ask_again(run, ask, story);
    if (!run->finished) {
        check_text_clear(story);
        check_problem(run, "without other calls, the call does not finish: %s", run->error.message);
        return false;
    }
    ask_again(run, ask, &again);
    bool same = strcmp(check_text_get(story), check_text_get(&again)) == 0;
    if (run->peer && !same)
        check_problem(run, "the same bytes give other events the second time:\n%sinstead of:\n%s",
                      check_text_get(&again), check_text_get(story));
    if (!same) check_text_clear(story);
    check_text_free(&again);
    return !run->problems.length;
}

/* ---- input ----------------------------------------------------------------------------------- */

static void write_part(check_text *out, const beluga_part *part)
{
    check_text_printf(out, " %d", (int)part->kind);
    if (part->text) check_text_add(out, part->text, part->text_length);
}

static void write_messages(check_text *out, const beluga_messages *messages)
{
    const beluga_part *part;
    for (size_t i = 0; i < beluga_messages_count(messages); i++) {
        const beluga_message *message = beluga_messages_get(messages, i);
        check_text_printf(out, "\n%d %s", (int)beluga_message_role(message),
                          beluga_message_text(message, NULL));
        for (size_t k = 0; (part = beluga_message_part(message, k)); k++) write_part(out, part);
    }
}

static void add_many_kinds(const check_call *call)
{
    beluga_messages *messages = call->messages;
    beluga_message *calls = beluga_message_new(BELUGA_ROLE_AI);
    beluga_messages_add(messages, beluga_system_message("You are brief."));
    beluga_messages_add(messages, check_human(call, "Caf\xc3\xa9 \xf0\x9f\x90\xb3?"));
    if (calls) beluga_message_add_tool_call(calls, "call00001", "get_weather", "{\"a\":[1]}", 9);
    beluga_messages_add(messages, calls);
    beluga_messages_add(messages, beluga_tool_message("call00001", "4 degrees"));
    beluga_messages_add(messages, beluga_ai_message("It is cold."));
    beluga_messages_add(messages, check_human(call, check_question(call, "Are you sure?")));
}

void check_run_input_kept(check_run *run)
{
    check_text before = {0}, after = {0};
    if (!check_play_for_ever(run, false, 0)) return;
    add_many_kinds(&run->call);
    write_messages(&before, run->call.messages);
    check_generate(run);
    write_messages(&after, run->call.messages);
    take_requests(run);
    if (strcmp(check_text_get(&before), check_text_get(&after)) != 0)
        check_problem(run, "want the messages as they were:%s\ngot:%s", check_text_get(&before),
                      check_text_get(&after));
    check_text_free(&before);
    check_text_free(&after);
}

/* ---- binding --------------------------------------------------------------------------------- */

static beluga_tool *make_tool(const char *name)
{
    beluga_tool *tool = NULL;
    const beluga_tool_definition definition = {
        .size = sizeof definition, .name = name, .description = "a tool"};
    beluga_tool_new(&definition, &tool, NULL);
    return tool;
}

static beluga_chat_model *bind_one(check_run *run, const char *name)
{
    beluga_tool *tool = make_tool(name);
    beluga_chat_model *bound = NULL;
    if (beluga_bind_tools(run->model, &tool, 1, &bound, &run->error))
        check_problem(run, "a tool can't be bound: %s", run->error.message);
    beluga_tool_unref(tool);
    return bound;
}

void check_run_bind_new(check_run *run)
{
    beluga_chat_model *bound = bind_one(run, "tool_a"), *more = NULL;
    if (!bound) return;
    if (bound == run->model) check_problem(run, "want a new model, got the same one");
    if (beluga_chat_model_tool_count(bound) != 1 ||
        strcmp(beluga_tool_name(beluga_chat_model_tool(bound, 0)), "tool_a") != 0)
        check_problem(run, "want the tool in the new model, got %zu tools",
                      beluga_chat_model_tool_count(bound));
    if (beluga_chat_model_tool_count(run->model))
        check_problem(run, "want no tool in the first model");
    if (strcmp(beluga_model_name(bound), beluga_model_name(run->model)) != 0)
        check_problem(run, "the new model has another name");
    if (beluga_bind_tools(bound, NULL, 0, &more, NULL) || beluga_chat_model_tool_count(more))
        check_problem(run, "want no tools when none are bound");
    beluga_chat_model_unref(more);
    beluga_chat_model_unref(bound);
}

static bool calls_a_tool(const check_run *run)
{
    return strstr(check_text_get(&run->story), "tool ") != NULL;
}

void check_run_bind_kept(check_run *run)
{
    check_text before = {0}, after = {0};
    beluga_chat_model *given = run->model, *bound;
    size_t length;
    if (!check_play_for_ever(run, false, 0) || !(bound = bind_one(run, "tool_a"))) return;
    ask_again(run, check_generate, &before);
    run->model = bound;
    check_text_clear(&run->story);
    check_generate(run);
    run->model = given;
    ask_again(run, check_generate, &after);
    if (!run->peer && calls_a_tool(run))
        check_problem(run, "want no tool call of a model without tools, got:\n%s",
                      check_text_get(&after));
    take_requests(run);
    if (run->peer && run->asked == 3 && says(run, 2, "tool_a"))
        check_problem(run, "want no tool in the request of a model without tools, got:\n%s",
                      peer_request_body(run->peer, 2, &length));
    else if (run->peer && run->asked == 3 &&
             strcmp(peer_request_body(run->peer, 0, &length),
                    peer_request_body(run->peer, 2, &length)))
        check_problem(run, "want the request that was sent before:\n%s\ngot:\n%s",
                      peer_request_body(run->peer, 0, &length),
                      peer_request_body(run->peer, 2, &length));
    beluga_chat_model_unref(bound);
    check_text_free(&before);
    check_text_free(&after);
}

/* ---- threads --------------------------------------------------------------------------------- */

/* A copy of the run for one thread. */
typedef struct caller {
    check_run run;
    pthread_t thread;
    size_t calls;
    check_action *ask;
    const char *want; /* expected story; "": any story */
    char tool[32];    /* tool to bind; "": none */
    bool started;
} caller;

static void call_once(caller *c)
{
    check_text story = {0};
    beluga_chat_model *given = c->run.model;
    if (*c->tool) c->run.model = bind_one(&c->run, c->tool);
    if (c->run.model) {
        ask_again(&c->run, c->ask, &story);
        if (!c->run.finished)
            check_problem(&c->run, "want a finish, got %s: %s",
                          beluga_error_name(c->run.error.code), c->run.error.message);
        else if (*c->want && strcmp(check_text_get(&story), c->want) != 0)
            check_problem(&c->run, "want the same answer as without other calls:\n%sgot:\n%s",
                          c->want, check_text_get(&story));
    }
    if (*c->tool) beluga_chat_model_unref(c->run.model);
    c->run.model = given;
    check_text_free(&story);
}

/* Make all calls of one thread. If a call fails, report the problem and stop. */
static void *call_all(void *payload)
{
    caller *c = payload;
    for (size_t i = 0; i < c->calls && !c->run.problems.length; i++) call_once(c);
    return NULL;
}

static void begin_caller(check_run *run, caller *c)
{
    check_run_copy(&c->run, run);
    c->started = pthread_create(&c->thread, NULL, call_all, c) == 0;
    if (!c->started) check_problem(run, "no thread could be made");
}

static size_t end_caller(check_run *run, caller *c, size_t failed)
{
    if (c->started) pthread_join(c->thread, NULL);
    return check_run_end_copy(run, &c->run, !failed);
}

/* Run all callers concurrently. Report how many failed, and the problem of one of them. */
static void run_callers(check_run *run, caller *callers, size_t n)
{
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) begin_caller(run, &callers[i]);
    for (size_t i = 0; i < n; i++) failed += end_caller(run, &callers[i], failed);
    if (failed) check_problem(run, "the same in %zu of %zu threads", failed, n);
}

static void call_at_once(check_run *run, check_action *ask, bool streamed, size_t threads,
                         size_t calls)
{
    check_text alone = {0};
    caller *callers = calloc(threads, sizeof *callers);
    if (callers && check_play_for_ever(run, streamed, 0) && learn(run, ask, &alone)) {
        for (size_t i = 0; i < threads; i++)
            callers[i] = (caller){.ask = ask, .calls = calls, .want = check_text_get(&alone)};
        run_callers(run, callers, threads);
    }
    take_requests(run);
    check_text_free(&alone);
    free(callers);
}

void check_run_calls_20(check_run *run)
{
    call_at_once(run, check_generate, false, CALLERS, 1);
}

void check_run_streams_20(check_run *run)
{
    call_at_once(run, check_stream, true, CALLERS, 1);
}

void check_run_calls_1000(check_run *run)
{
    call_at_once(run, check_generate, false, MANY_CALLERS, MANY_CALLS / MANY_CALLERS);
}

/* Check that each request contains exactly one of the tools. A request without a body only follows
 * up on a call, for example to poll, and needs no tool. */
static void judge_tools(check_run *run, const caller *callers)
{
    size_t length, n = peer_requests(run->peer);
    for (size_t i = 0; i < n; i++) {
        const char *body = peer_request_body(run->peer, i, &length);
        size_t tools = 0;
        check_sent sent = {0};
        check_sent_add(&sent, run->peer, i);
        for (size_t k = 0; k < BINDERS; k++)
            tools += check_sent_has(&sent, callers[k].tool, strlen(callers[k].tool));
        check_sent_free(&sent);
        if (tools == 1 || !length) continue;
        check_problem(run, "want one tool in each request, got %zu in:\n%s", tools, body);
        return;
    }
}

void check_run_bind_at_once(check_run *run)
{
    caller *callers = calloc(BINDERS, sizeof *callers);
    if (callers && check_play_for_ever(run, false, 0)) {
        for (size_t i = 0; i < BINDERS; i++) {
            callers[i] = (caller){.ask = check_generate, .calls = 1, .want = ""};
            snprintf(callers[i].tool, sizeof callers[i].tool, "tool_%02zu_only", i);
        }
        run_callers(run, callers, BINDERS);
        take_requests(run);
        if (run->peer && (run->provider->capabilities & BELUGA_CAPABILITY_TOOLS))
            judge_tools(run, callers);
    }
    free(callers);
}

/* ---- batches --------------------------------------------------------------------------------- */

typedef struct batch {
    check_run *run;
    char texts[BATCH_INPUTS][256];
    beluga_input inputs[BATCH_INPUTS];
    beluga_batch_result results[BATCH_INPUTS];
    size_t given, taken, most;
    bool done;
} batch;

/* Fill a batch. @return false if a text alone is not enough for a call; the reason is then
 * reported. */
static bool fill(batch *b, check_run *run)
{
    *b = (batch){.run = run};
    if (run->call.attach)
        check_text_printf(
            &run->reason,
            "the inputs of the batch are texts, but a call of this provider needs %s, too",
            run->call.attach);
    for (size_t i = 0; i < BATCH_INPUTS; i++) {
        snprintf(b->texts[i], sizeof b->texts[i], "%s %zu",
                 check_question(&run->call, "This is input"), i + 10);
        b->inputs[i] = beluga_input_text(b->texts[i]);
    }
    return !run->call.attach;
}

static int run_batch(batch *b, int64_t limit)
{
    check_run *run = b->run;
    const beluga_option options[] = {beluga_with_max_concurrent_batches(limit)};
    beluga_context *context = beluga_context_new_timeout(NULL, check_patience_ms(run));
    int status = beluga_batch_n(run->model, context, b->inputs, BATCH_INPUTS, b->results,
                                &run->error, options, 1);
    check_note_breach(run, &run->error);
    beluga_context_unref(context);
    return status;
}

/* Store the answer to a single input if it is always the same. */
static void learn_input(check_run *run, const char *text, check_text *story)
{
    beluga_messages *before = run->call.messages;
    run->call.messages = beluga_messages_new();
    beluga_messages_add(run->call.messages, beluga_human_message(text));
    learn(run, check_generate, story);
    beluga_messages_free(run->call.messages);
    run->call.messages = before;
}

static void compare_item(batch *b, size_t i, const check_text *alone)
{
    check_run *run = b->run;
    const beluga_batch_result *result = &b->results[i];
    check_text_clear(&run->story);
    if (result->error.code || !result->response) {
        check_problem(run, "input %zu: want an answer, got %s", i, result->error.message);
        return;
    }
    check_story_response(&run->story, result->response);
    check_forget_ids(run);
    if (alone->length && strcmp(check_text_get(alone), check_text_get(&run->story)) != 0)
        check_problem(run, "input %zu: want the same answer as without other calls:\n%sgot:\n%s", i,
                      check_text_get(alone), check_text_get(&run->story));
}

/* Check that each input is in exactly one request. */
static void judge_inputs(batch *b, size_t first)
{
    for (size_t i = 0; i < BATCH_INPUTS; i++) {
        size_t times = 0;
        for (size_t k = first; k < peer_requests(b->run->peer); k++)
            times += says(b->run, k, b->texts[i]);
        if (times != 1)
            check_problem(b->run, "want input %zu in one request, got it in %zu", i, times);
    }
}

void check_run_batch_order(check_run *run)
{
    batch b;
    check_text alone[BATCH_INPUTS] = {{0}};
    if (!check_play_for_ever(run, false, 0)) return;
    if (!fill(&b, run)) return;
    for (size_t i = 0; i < BATCH_INPUTS; i++) learn_input(run, b.texts[i], &alone[i]);
    size_t first = run->peer ? peer_requests(run->peer) : 0;
    if (!run->problems.length) {
        run_batch(&b, BATCH_LIMIT);
        for (size_t i = 0; i < BATCH_INPUTS; i++) compare_item(&b, i, &alone[i]);
        if (run->peer) judge_inputs(&b, first);
    }
    take_requests(run);
    for (size_t i = 0; i < BATCH_INPUTS; i++) check_text_free(&alone[i]);
    beluga_batch_results_clear(b.results, BATCH_INPUTS);
}

static int give(void *payload, uint64_t index, beluga_input *input)
{
    batch *b = payload;
    if (index >= BATCH_INPUTS) return 0;
    *input = b->inputs[index];
    b->given++;
    if (b->given - b->taken > b->most) b->most = b->given - b->taken;
    return 1;
}

static void take(void *payload, uint64_t index, beluga_batch_result *result)
{
    batch *b = payload;
    b->taken++;
    if (result->error.code)
        check_problem(b->run, "input %d: want an answer, got %s", (int)index,
                      result->error.message);
    check_note_breach(b->run, &result->error);
}

static void done(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    batch *b = payload;
    (void)status;
    (void)succeeded;
    (void)failed;
    b->done = true;
}

void check_run_batch_limit(check_run *run)
{
    batch b;
    beluga_loop *loop = NULL;
    beluga_batch_op *op = NULL;
    const beluga_option options[] = {beluga_with_max_concurrent_batches(BATCH_LIMIT)};
    if (!check_play_for_ever(run, false, 0)) return;
    if (!fill(&b, run)) return;
    beluga_context *context = beluga_context_new_timeout(NULL, check_patience_ms(run));
    if (beluga_loop_new(NULL, &loop) ||
        beluga_batch_start_n(run->model, loop, context, give, take, done, &b, &op, &run->error,
                             options, 1))
        check_problem(run, "the batch can't be started: %s", run->error.message);
    while (op && !b.done && beluga_loop_wait(loop, check_patience_ms(run)) == 0) continue;
    beluga_batch_op_free(op);
    beluga_loop_free(loop);
    beluga_context_unref(context);
    take_requests(run);
    if (b.most > BATCH_LIMIT)
        check_problem(run, "want at most %d calls at once, got %zu", BATCH_LIMIT, b.most);
    if (b.taken != BATCH_INPUTS)
        check_problem(run, "want %d outcomes, got %zu", BATCH_INPUTS, b.taken);
}

void check_run_batch_error(check_run *run)
{
    enum { BAD = 4 };
    batch b;
    if (!check_play_for_ever(run, false, 0)) return;
    if (!fill(&b, run)) return;
    /* Every provider refuses text that is not UTF-8. */
    b.inputs[BAD] = beluga_input_text("caf\xe9");
    int status = run_batch(&b, BATCH_LIMIT);
    if (status != BELUGA_ERROR_INVALID_INPUT)
        check_problem(run, "want the code of the input that fails, got %s",
                      beluga_error_name(status));
    for (size_t i = 0; i < BATCH_INPUTS; i++) {
        bool bad = i == BAD, failed = b.results[i].error.code != 0;
        if (bad != failed)
            check_problem(run, "input %zu: want %s, got %s", i, bad ? "an error" : "an answer",
                          failed ? b.results[i].error.message : "an answer");
    }
    take_requests(run);
    beluga_batch_results_clear(b.results, BATCH_INPUTS);
}
