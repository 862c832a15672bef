/* A scenario, and the run of one: what the files of the kit share. */
#ifndef BELUGA_KIT_SCENARIO_H
#define BELUGA_KIT_SCENARIO_H

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include "kit/answer.h"
#include "kit/check.h"
#include "kit/fixtures.h"
#include "peer/peer.h"
#include "kit/text.h"

enum { CHECK_CALL_OPTIONS = 16, CHECK_CALL_TOOLS = 4 };

/* For what must happen: a scenario fails after it, and never waits that long when it passes. */
#define CHECK_PATIENCE_MS 30000
/* The category of what is measured and not judged. */
#define CHECK_BENCHMARKS "Benchmarks"
/* Rules that the library finds broken in any call; rules.c names them. */
enum {
    CHECK_RULE_ENDS,
    CHECK_RULE_ONE_END,
    CHECK_RULE_UTF8,
    CHECK_RULE_OWN_TURN,
    CHECK_RULE_LATE,
    CHECK_RULE_REFUSED,
    CHECK_RULE_ERROR_CODE,
    CHECK_RULE_BLOCKS,
    CHECK_N_RULES
};
#define CHECK_KEY "check-dummy-key-0123456789"

/* A call as a scenario makes it, through the public interface. */
typedef struct check_call {
    beluga_messages *messages;
    beluga_option options[CHECK_CALL_OPTIONS];
    size_t n_options;
    beluga_tool *tools[CHECK_CALL_TOOLS];
    size_t n_tools;
} check_call;

typedef struct check_run check_run;

/* What is known of a provider from one scenario to the next. */
typedef struct check_rules {
    bool probed;
    const char *unopened;            /* the check that told that no model can be opened, or NULL */
    check_text found[CHECK_N_RULES]; /* what was found broken, lines */
} check_rules;

typedef struct check_scenario {
    const char *category;
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
    bool own;          /* another case's files can't stand in for a foreign provider's */
    bool alone;        /* it says for itself what is asked: no model is opened for it */
    int rule;          /* of check_run_rule */
} check_scenario;

/* Return whether a scenario makes the call that the one of the name `other` does. */
bool check_asks_the_same(const check_scenario *scenario, const char *other);
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
    check_rules *rules;
    int breach;               /* CHECK_RULE_…, 1 added, that a call of this run broke; or 0 */
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
    check_measure measure;
};

/* Say that something is wrong; printf's. */
void check_problem(check_run *run, const char *format, ...) BELUGA_PRINTF(2, 3);

/* ---- check.c: models ------------------------------------------------------------------------- */

/* Open the run's model in a registry, which has the provider; NULL with a problem told. */
beluga_chat_model *check_open(check_run *run, beluga_registry *registry);
/* Make the configuration that check_open opens with; owned, NULL with a problem told. `texts` keeps
 * what it borrows from. */
beluga_config *check_configure(check_run *run, check_text *texts);
/* How long to wait for what must happen. */
int64_t check_patience_ms(const check_run *run);
bool check_is_http(const check_run *run);

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
/* A pushed stream of which each event is followed by a pause. */
void check_push_slowly(check_run *run);
/* A pushed stream; tells how many steps of the loop waited, and the longest that one computed. */
typedef struct check_steps {
    size_t waited;
    int64_t longest_wait_ms, longest_work_ms;
} check_steps;
void check_push_watched(check_run *run, check_steps *steps);

/* ---- judge.c: what must be true -------------------------------------------------------------- */

bool check_has_answer(check_run *run, size_t n);
/* Read the answer of exchange `n` (from 1) and append it to the peer's queue. */
bool check_load_answer(check_run *run, size_t n);
/* Give as the reason of skipping that nobody wrote that answer of a scenario. */
void check_no_answer(check_run *run, const char *scenario, size_t n);
/* Compare the request that exchange `n` (from 1) sent. */
void check_request(check_run *run, size_t n);
/* Compare the story. */
void check_events(check_run *run);
/* Some ids are others each time: take them out of the story. */
void check_forget_ids(check_run *run);
/* Read an answer of the run's provider that stands for any other: that of `text`, or of `stream`.
 */
bool check_load_usual_answer(check_run *run, bool streamed);

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
void check_run_slow_reader(check_run *run);
/* In place of a scenario that needs what the provider does not claim: it must say so. */
void check_run_unclaimed(check_run *run);

/* ---- rules.c: what the library finds broken -------------------------------------------------- */

/* Remember that a call failed of a broken rule. */
void check_note_breach(check_run *run, const beluga_error *err);
/* The check of the rule that a call of this run broke, if that check has failed of it: then it is
 * not told again. NULL otherwise. */
const char *check_blamed_rule(check_run *run);
void check_run_rule(check_run *run);
void check_rules_free(check_rules *rules);

/* ---- interface.c ----------------------------------------------------------------------------- */

void check_run_names(check_run *run);
void check_run_table(check_run *run);
void check_run_fixtures(check_run *run);
void check_run_registered(check_run *run);
void check_run_registered_twice(check_run *run);
void check_run_other_client(check_run *run);
void check_run_health(check_run *run);
void check_run_health_probe(check_run *run);
void check_run_health_sick(check_run *run);

/* ---- sharing.c ------------------------------------------------------------------------------- */

void check_run_input_kept(check_run *run);
void check_run_bind_new(check_run *run);
void check_run_bind_kept(check_run *run);
void check_run_bind_at_once(check_run *run);
void check_run_batch_order(check_run *run);
void check_run_batch_limit(check_run *run);
void check_run_batch_error(check_run *run);
void check_run_calls_20(check_run *run);
void check_run_calls_1000(check_run *run);
void check_run_streams_20(check_run *run);

/* ---- refusals.c ------------------------------------------------------------------------------ */

void check_run_no_configuration(check_run *run);
void check_run_bad_option(check_run *run);
void check_run_no_arguments(check_run *run);
void check_run_cancelled_before(check_run *run);
void check_run_expired_before(check_run *run);
void check_run_deadline(check_run *run);
void check_run_statuses(check_run *run);
void check_run_no_connection(check_run *run);

/* ---- leaks.c --------------------------------------------------------------------------------- */

void check_run_memory(check_run *run);
void check_run_allocator(check_run *run);
void check_run_descriptors(check_run *run);
void check_run_measure_generate(check_run *run);
void check_run_measure_stream(check_run *run);
void check_run_measure_bind(check_run *run);
void check_run_measure_at_once(check_run *run);

#endif
