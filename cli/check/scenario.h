/* A scenario, and the run of one: what the files of the kit share. */
#ifndef BELUGA_CHECK_SCENARIO_H
#define BELUGA_CHECK_SCENARIO_H

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include "answer.h"
#include "check.h"
#include "fixtures.h"
#include "peer.h"
#include "text.h"

enum { CHECK_CALL_OPTIONS = 16, CHECK_CALL_TOOLS = 4 };

/* For what must happen: a scenario fails after it, and never waits that long when it passes. */
#define CHECK_PATIENCE_MS 30000
#define CHECK_KEY         "check-dummy-key-0123456789"

/* A call as a scenario makes it, through the public interface. */
typedef struct check_call {
    beluga_messages *messages;
    beluga_option options[CHECK_CALL_OPTIONS];
    size_t n_options;
    beluga_tool *tools[CHECK_CALL_TOOLS];
    size_t n_tools;
} check_call;

typedef struct check_run check_run;

typedef struct check_scenario {
    const char *name;
    const char *proves;
    uint64_t needs;   /* beluga_capability; 0: every provider can */
    const char *like; /* the case that stands in for files which its own does not have, or NULL */
    const char *answer_like; /* the same for answers and events; NULL: like */
    void (*write)(check_call *call);
    void (*run)(check_run *run);
    const char *shows; /* a line of what comes begins so */
    int code;          /* the error that must come of it, 0: none */
    bool full;         /* full providers are asked, too */
} check_scenario;

/* Make the call that a scenario asks. */
void check_call_begin(check_call *call, const check_scenario *scenario);
void check_call_free(check_call *call);

/* In the order in which they run; ended by a NULL name. */
extern const check_scenario check_scenarios[];

struct check_run {
    const check_settings *settings;
    const check_scenario *scenario;
    const beluga_provider *provider;
    const check_profile *profile;
    peer *peer;               /* NULL for full providers */
    beluga_chat_model *model; /* with the tools of the call */
    check_call call;
    check_answer answer;
    check_text story;    /* what came, as lines */
    check_text problems; /* one a line; empty: none */
    check_text reason;   /* why it was skipped; empty: it was not */
    size_t asked;        /* requests that the peer's log must have */
    beluga_error error;  /* of the last call */
    bool finished;       /* it had a FINISH */
    bool warned;         /* it had a warning */
};

/* Say that something is wrong; printf's. */
void check_problem(check_run *run, const char *format, ...) BELUGA_PRINTF(2, 3);

/* ---- perform.c: asking ----------------------------------------------------------------------- */

/* Each makes the run's call and writes what comes of it to the story. */
void check_generate(check_run *run);
void check_stream(check_run *run);
void check_push(check_run *run);
/* A stream that is cancelled when its first text came: by its context, or by its handle. */
void check_cancel(check_run *run);
void check_cancel_pushed(check_run *run);
/* A stream whose answer is added to the call's messages, and a question after it. */
void check_stream_and_ask_on(check_run *run);
void check_list(check_run *run);

/* ---- judge.c: what must be true -------------------------------------------------------------- */

bool check_has_answer(check_run *run, size_t n);
/* Read the answer of exchange `n` (from 1) and append it to the peer's queue. */
bool check_load_answer(check_run *run, size_t n);
/* Compare the request that exchange `n` (from 1) sent. */
void check_request(check_run *run, size_t n);
/* Compare the story. */
void check_events(check_run *run);

/* ---- runs.c: what a scenario does ------------------------------------------------------------ */

void check_run_generate(check_run *run);
void check_run_stream(check_run *run);
void check_run_push(check_run *run);
void check_run_twice(check_run *run); /* a stream, its answer sent back, another one */
void check_run_models(check_run *run);
void check_run_cancel(check_run *run);
void check_run_cancel_pushed(check_run *run);
void check_run_error(check_run *run);
void check_run_stream_error(check_run *run);
void check_run_filter(check_run *run);
void check_run_bad_body(check_run *run);
void check_run_html(check_run *run);
void check_run_bad_event(check_run *run);
void check_run_cut_stream(check_run *run);
void check_run_cut_body(check_run *run);
void check_run_unknown(check_run *run);
void check_run_slow(check_run *run);
/* In place of a scenario that needs what the provider does not claim: it must say so. */
void check_run_unclaimed(check_run *run);

#endif
