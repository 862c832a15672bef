/* Plays a service's answers to a call that takes several requests. Whatever the answers are, and
 * whenever the call is cancelled or paused, the call ends with one terminal event and frees all
 * that it used. It sends at most one request for each answer, one more that gets no answer, and one
 * that tells the service that the call has ended.
 *
 * An input is a line of five letters, and answers that are separated by lines "----". An answer is
 * a head up to an empty line, and a body. The provider is the one in tests/provider/, which follows
 * instructions in the answers. */
#include "events.h"
#include "stage.h"

#include <beluga/registry.h>

enum { MAX_ANSWERS = 16, MAX_STEPS = 1 << 18 };

extern const beluga_provider jobs_provider;

static struct {
    stage_answer answers[MAX_ANSWERS], none;
    size_t n, given;
    bool streamed;
    char what;   /* p: pause, c: cancel, t: let time pass, f: free the handle */
    size_t when; /* the step of the run at which `what` happens */
} plan;

static struct {
    fuzz_events events;
    beluga_op *op;
} run;

/* --- the input -------------------------------------------------------------------------------- */

static char *read_letters(char *rest)
{
    char letters[6] = "-----";
    const char *line = fuzz_line(&rest);
    for (size_t i = 0; i < 5 && line[i]; i++) letters[i] = line[i];
    plan.streamed = letters[0] == 's';
    plan.none.piece = letters[1] >= 'a' && letters[1] <= 'z' ? (size_t)(letters[1] - 'a') + 1 : 0;
    plan.none.multiplexed = letters[2] == 'm';
    plan.none.end = BELUGA_ERROR_NETWORK;
    plan.what = letters[3];
    plan.when = letters[4] >= 'a' && letters[4] <= 'z' ? (size_t)(letters[4] - 'a') : 0;
    return rest;
}

/* If the last answer ends with "!", the connection is lost after it. */
static void read_answer(char *text, size_t n, bool last)
{
    char *head_ends = memmem(text, n, "\n\n", 2);
    size_t head = head_ends ? (size_t)(head_ends - text) + 1 : n;
    stage_answer *a = &plan.answers[plan.n++];
    *a = plan.none;
    a->head = text;
    a->head_length = head;
    a->body = text + (head < n ? head + 1 : n);
    a->length = n - (size_t)(a->body - text);
    a->end = last && n && text[n - 1] == '!' ? BELUGA_ERROR_NETWORK : 0;
}

static void read_answers(char *text, char *end)
{
    plan.n = plan.given = 0;
    while (text && text < end && plan.n < MAX_ANSWERS) {
        char *next = memmem(text, (size_t)(end - text), "\n----\n", 6);
        read_answer(text, (size_t)((next ? next : end) - text), !next);
        text = next ? next + 6 : NULL;
    }
}

static void sent(const beluga__transfer_spec *spec)
{
    (void)spec;
    stage_set_answer(plan.given < plan.n ? &plan.answers[plan.given] : &plan.none);
    plan.given++;
}

/* --- the call --------------------------------------------------------------------------------- */

static void on_event(void *payload, const beluga_event *event)
{
    (void)payload;
    fuzz_events_add(&run.events, event);
}

static void act(size_t step)
{
    if (!run.op) return;
    if (plan.what == 'p' && step == plan.when + 3) beluga_op_pause(run.op, false);
    if (step != plan.when) return;
    if (plan.what == 'p') beluga_op_pause(run.op, true);
    if (plan.what == 't') stage_wait();
    if (plan.what == 'c') beluga_op_cancel(run.op);
    if (plan.what != 'f') return;
    beluga_op_free(run.op);
    run.op = NULL;
}

static void play(beluga_chat_model *model, const beluga_messages *messages)
{
    beluga_error err = {0};
    fuzz_events_init(&run.events);
    run.op = NULL;
    stage_begin(&plan.none);
    int kind = plan.streamed ? BELUGA__CALL_STREAM : BELUGA__CALL_GENERATE;
    int status = beluga__chat_model_start(model, stage_loop(), kind, NULL, NULL, messages, NULL, 0,
                                          on_event, NULL, &run.op, &err);
    FUZZ_CHECK(status == 0);
    for (size_t step = 0; !run.events.terminal; step++) {
        FUZZ_CHECK(step < MAX_STEPS);
        act(step);
        if (run.events.terminal || stage_step()) continue;
        if (plan.what != 'p' || step > plan.when + 3) FUZZ_CHECK(stage_wait());
    }
    beluga_op_free(run.op);
    while (stage_step()) continue;
    FUZZ_CHECK(run.events.terminal == 1);
    FUZZ_CHECK(stage_requests() <= plan.n + 2);
    fuzz_events_free(&run.events);
    stage_end();
}

static beluga_chat_model *open_model(void)
{
    beluga_chat_model *model = NULL;
    beluga_error err;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url("http://127.0.0.1:1"),
                          beluga_with_api_key("secret-of-the-key"), beluga_with_max_retries(0));
    FUZZ_CHECK(beluga_registry_register(beluga_registry_default(), &jobs_provider, NULL) == 0);
    if (beluga_registry_open(beluga_registry_default(), "jobs", config, &model, &err))
        fuzz_broken(__FILE__, __LINE__, "the provider can be opened", err.message);
    beluga_config_free(config);
    return model;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    stage_open();
    stage_on_request(sent);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static beluga_chat_model *model;
    static beluga_messages *messages;
    if (!messages) {
        model = open_model();
        messages = beluga_messages_new();
        FUZZ_CHECK(beluga_messages_add(messages, beluga_human_message("Hi")) == 0);
    }
    char *text = fuzz_text(data, size), *rest = text;
    rest = read_letters(rest);
    read_answers(rest, text + size);
    play(model, messages);
    free(text);
    return 0;
}
