/* A scenario, and the run of one. */
#ifndef BELUGA_KIT_RUN_H
#define BELUGA_KIT_RUN_H

#include "kit/answer.h"
#include "kit/check.h"
#include "kit/fixtures.h"
#include "kit/text.h"
#include "peer/peer.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

enum { CHECK_CALL_OPTIONS = 16, CHECK_CALL_TOOLS = 4 };

/* For what must happen: a scenario fails after it, and never waits that long when it passes. */
#define CHECK_PATIENCE_MS 30000
/* The category of what is measured and not judged. */
#define CHECK_BENCHMARKS "Benchmarks"
/* The rules that a provider may break in any call, so that every check would fail: rules.c. */
typedef enum check_rule {
    CHECK_RULE_ENDS,
    CHECK_RULE_ONE_END,
    CHECK_RULE_UTF8,
    CHECK_RULE_OWN_TURN,
    CHECK_RULE_LATE,
    CHECK_RULE_REFUSED,
    CHECK_RULE_ERROR_CODE,
    CHECK_RULE_BLOCKS,
    CHECK_N_RULES
} check_rule;
#define CHECK_KEY "check-dummy-key-0123456789"

/* A call as a scenario makes it, through the public interface. */
typedef struct check_call {
    beluga_messages *messages;
    beluga_option options[CHECK_CALL_OPTIONS];
    size_t n_options;
    beluga_tool *tools[CHECK_CALL_TOOLS];
    size_t n_tools;
} check_call;

/* The findings about a provider that go from one scenario to the next. */
typedef struct check_rules {
    bool probed;
    const char *unopened;            /* the check that told that no model can be opened, or NULL */
    check_text found[CHECK_N_RULES]; /* what was found broken, lines */
} check_rules;

/* A function that does something to a run: its scenario, or a call. */
typedef void check_action(check_run *run);

typedef struct check_scenario {
    const char *category;
    const char *name;
    const char *proves;
    uint64_t needs;   /* beluga_capability; 0: every provider can */
    const char *like; /* the case that stands in for files which its own does not have, or NULL */
    const char *answer_like; /* the same for answers and events; NULL: like */
    void (*write)(check_call *call);
    check_action *run;
    const char *shows; /* a line of what comes begins so */
    int code;          /* the error that must come of it, 0: none */
    bool full;         /* full providers are asked, too */
    bool own;          /* another case's files can't stand in for a foreign provider's */
    bool alone;        /* it says for itself what is asked: no model is opened for it */
    check_rule rule;   /* of check_run_rule */
} check_scenario;

struct check_run {
    const check_settings *settings;
    const check_scenario *scenario;
    const check_scenario *scenarios; /* all of them, ended by a NULL name */
    const beluga_provider *provider;
    const check_profile *profile;
    check_rules *rules;
    int breach;               /* CHECK_RULE_…, 1 added, that a call of this run broke; or 0 */
    peer *peer;               /* NULL for full providers */
    beluga_chat_model *model; /* with the tools of the call */
    check_call call;
    check_answer answer;
    check_text story;      /* what came, as lines */
    check_text problems;   /* one a line; empty: none */
    check_text reason;     /* why it was skipped; empty: it was not */
    size_t asked;          /* requests that the peer's log must have */
    size_t first_messages; /* how many the first call of two sent; 0: all */
    beluga_error error;    /* of the last call */
    bool finished;         /* it had a FINISH */
    bool warned;           /* it had a warning */
    check_measure measure;
};

/* Say that something is wrong; printf's. */
void check_problem(check_run *run, const char *format, ...) BELUGA_PRINTF(2, 3);
/* Remember which rule of emitting a failed call broke, if it did. */
void check_note_breach(check_run *run, const beluga_error *err);

/* Make the call that the run's scenario asks. */
void check_call_begin(check_run *run);
void check_call_end(check_run *run);
/* Return whether the run's scenario makes the call that the one of the name `other` does. */
bool check_asks_the_same(const check_run *run, const char *other);

/* Return how long to wait for what must happen. */
int64_t check_patience_ms(const check_run *run);
bool check_is_http(const check_run *run);
bool check_streams(const check_run *run);

/* Make a copy that a thread may run, with texts of its own. */
void check_run_copy(check_run *copy, const check_run *run);
/* Free it, and take over its problems if `tell`. @return whether it has any. */
bool check_run_end_copy(check_run *run, check_run *copy, bool tell);

#endif
