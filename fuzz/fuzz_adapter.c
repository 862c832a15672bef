/* Plays a server's answer to the whole adapter of a provider. Whatever the answer is, and however
 * it arrives, the call ends with one terminal event and frees all that it used. The same bytes in
 * other pieces give the same events. A call that succeeds although its connection is lost also
 * succeeds if the answer ends properly.
 *
 * An input is a provider's name, a line of six letters, the head up to an empty line, and the body.
 * A recorded answer with two lines before it can be used as a seed. */
#include "events.h"
#include "kit/aws_frames.h"
#include "stage.h"

#include <stdio.h>

enum { MAX_FRAMES = 1 << 16, MAX_STEPS = 1 << 20 };

/* How an answer is played. The six letters of the input choose it; "-" keeps a default. */
typedef struct play_plan {
    bool streamed, list; /* letter 1: s: streamed call, l: list of models */
    stage_answer answer; /* letter 2: size of pieces; 3: c: lost connection, m: HTTP/2 */
    char what;           /* letter 4: p: pause, c: cancel, t: let time pass, f: free the handle */
    /* letter 5: step at which `what` happens; letter 6: steps that a pause lasts */
    size_t when, pause;
} play_plan;

typedef struct run_state {
    fuzz_events events;
    beluga_op *op;
    const play_plan *plan;
    bool cancelled, waited;
} run_state;

/* --- the input -------------------------------------------------------------------------------- */

static size_t number_of(char letter)
{
    if (letter >= 'a' && letter <= 'z') return (size_t)(letter - 'a') + 1;
    if (letter >= 'A' && letter <= 'Z') return (size_t)(letter - 'A' + 1) * 29;
    return 0;
}

static void read_letters(play_plan *plan, const char *line)
{
    char letters[7] = "------";
    for (size_t i = 0; i < 6 && line && line[i]; i++) letters[i] = line[i];
    plan->streamed = letters[0] == 's';
    plan->list = letters[0] == 'l';
    plan->answer.piece = number_of(letters[1]);
    plan->answer.end = letters[2] == 'c' ? BELUGA_ERROR_NETWORK : 0;
    plan->answer.multiplexed = letters[2] == 'm';
    plan->what = letters[3];
    plan->when = number_of(letters[4]);
    plan->pause = number_of(letters[5]);
}

/* Read the head of the answer. Returns where the body begins. */
static char *read_head(play_plan *plan, char *text, const char *end)
{
    char *at = text;
    plan->answer.head = text;
    while (at < end && *at != '\n' && *at != '\r') {
        char *line = memchr(at, '\n', (size_t)(end - at));
        at = line ? line + 1 : (char *)end;
    }
    plan->answer.head_length = (size_t)(at - text);
    if (at < end && *at == '\r') at++;
    if (at < end && *at == '\n') at++;
    return at;
}

/* Frames with checksums are hard to guess, so for AWS event streams a body that begins with ":" is
 * text from which frames are made. */
static void read_body(play_plan *plan, const beluga_chat_model *model, const char *body, size_t n)
{
    static char frames[MAX_FRAMES];
    bool aws = model->target->protocol->framing == BELUGA_FRAMING_AWS_EVENT_STREAM;
    plan->answer.body = body;
    plan->answer.length = n;
    if (!aws || !n || *body != ':') return;
    plan->answer.body = frames;
    plan->answer.length = aws_frames(frames, sizeof frames, body);
}

/* --- a call ----------------------------------------------------------------------------------- */

static void on_event(void *payload, const beluga_event *event)
{
    run_state *run = payload;
    fuzz_events_add(&run->events, event);
    if (run->cancelled) FUZZ_CHECK(event->kind == BELUGA_EVENT_ERROR);
}

static void start(run_state *run, beluga_chat_model *model, const beluga_messages *messages)
{
    const play_plan *plan = run->plan;
    beluga_error err = {0};
    int status;
    if (plan->list)
        status = beluga__chat_model_start_list(model, stage_loop(), NULL, NULL, on_event, run,
                                               &run->op, &err);
    else
        status = beluga__chat_model_start(
            model, stage_loop(), plan->streamed ? BELUGA__CALL_STREAM : BELUGA__CALL_GENERATE, NULL,
            NULL, messages, NULL, 0, on_event, run, &run->op, &err);
    if (!status) return;
    fuzz_check_error(status, &err);
    run->op = NULL;
}

static void act(run_state *run, size_t step)
{
    const play_plan *plan = run->plan;
    if (plan->what == 'p' && step == plan->when + plan->pause) beluga_op_pause(run->op, false);
    if (step != plan->when) return;
    if (plan->what == 'p') beluga_op_pause(run->op, plan->pause > 0);
    if (plan->what == 't') run->waited = stage_wait();
    if (plan->what == 'c') {
        beluga_op_cancel(run->op);
        run->cancelled = true;
    }
    if (plan->what == 'f') {
        beluga_op_free(run->op);
        run->op = NULL;
    }
}

static void play(run_state *run, const play_plan *plan, beluga_chat_model *model,
                 const beluga_messages *messages)
{
    memset(run, 0, sizeof *run);
    fuzz_events_init(&run->events);
    run->plan = plan;
    stage_begin(&plan->answer);
    start(run, model, messages);
    bool started = run->op;
    for (size_t step = 0; started && !run->events.terminal; step++) {
        FUZZ_CHECK(step < MAX_STEPS);
        if (run->op) act(run, step);
        if (run->events.terminal || stage_step()) continue;
        /* The call may be waiting only for the pause to end; otherwise let time pass. */
        if (plan->what != 'p' || step > plan->when + plan->pause) {
            run->waited = true;
            FUZZ_CHECK(stage_wait());
        }
    }
    FUZZ_CHECK(run->events.terminal == started);
    if (run->events.reason) FUZZ_CHECK(run->events.n_open == 0);
    FUZZ_CHECK(stage_requests() <= 1);
    while (stage_step()) continue;
    beluga_op_free(run->op);
    stage_end();
}

/* ---- rules ----------------------------------------------------------------------------------- */

static bool is_success(const run_state *run)
{
    return run->events.terminal && !run->events.code;
}

/* Play the same bytes in one piece, without pause or cancel, and compare the events. */
static void check_whole(const run_state *run, beluga_chat_model *model,
                        const beluga_messages *messages)
{
    play_plan plan = *run->plan;
    run_state whole;
    plan.answer.piece = 0;
    plan.what = 0;
    play(&whole, &plan, model, messages);
    if (!run->cancelled && !run->waited && !whole.waited)
        fuzz_events_compare("in pieces it is the same", &run->events, &whole.events, true);
    fuzz_events_free(&whole.events);
}

/* Play a successful answer again with a proper end: it must succeed again. After a lost connection
 * the content may be shorter, since a last event without its end is read only if the answer ends
 * properly. */
static void check_better_end(const run_state *run, beluga_chat_model *model,
                             const beluga_messages *messages)
{
    play_plan plan = *run->plan;
    run_state better;
    bool lost = plan.answer.end;
    plan.answer.end = 0;
    plan.answer.multiplexed = true;
    play(&better, &plan, model, messages);
    fuzz_events_compare("a better end changes nothing", &run->events, &better.events, !lost);
    fuzz_events_free(&better.events);
}

/* Cut a streamed answer in the middle: the content of the whole answer must begin with that of the
 * cut one. */
static void check_cut(const run_state *run, beluga_chat_model *model,
                      const beluga_messages *messages)
{
    play_plan plan = *run->plan;
    run_state cut;
    plan.what = 0;
    plan.answer.length /= 2;
    plan.answer.end = BELUGA_ERROR_NETWORK;
    play(&cut, &plan, model, messages);
    if (plan.streamed)
        fuzz_events_compare("a cut is a beginning", &cut.events, &run->events, false);
    fuzz_events_free(&cut.events);
}

static void play_all(const play_plan *plan, beluga_chat_model *model)
{
    static beluga_messages *messages;
    run_state run;
    if (!messages) {
        messages = beluga_messages_new();
        FUZZ_CHECK(beluga_messages_add(messages, beluga_human_message("Hi")) == 0);
    }
    play(&run, plan, model, messages);
    check_whole(&run, model, messages);
    if (is_success(&run) && !run.waited) {
        if (plan->answer.end || !plan->answer.multiplexed) check_better_end(&run, model, messages);
        check_cut(&run, model, messages);
    }
    fuzz_events_free(&run.events);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    stage_open();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play_plan plan = {0};
    char *text = fuzz_text(data, size), *rest = text;
    const char *provider = fuzz_line(&rest);
    read_letters(&plan, rest ? fuzz_line(&rest) : NULL);
    beluga_chat_model *model = stage_model(provider);
    char *end = text + size, *body = read_head(&plan, rest ? rest : end, end);
    read_body(&plan, model, body, (size_t)(end - body));
    play_all(&plan, model);
    free(text);
    return 0;
}
