/* A scenario, and the state of one run. */
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

/* The longest wait for an event that must come. A passing scenario never waits that long. */
#define CHECK_PATIENCE_MS 30000
/* The category of scenarios that only measure. */
#define CHECK_BENCHMARKS "Benchmarks"
/* The rules that a provider may break in any call, which would fail every check (rules.c). */
typedef enum check_rule {
    CHECK_RULE_ENDS,
    CHECK_RULE_ONE_END,
    CHECK_RULE_UTF8,
    CHECK_RULE_OWN_TURN,
    CHECK_RULE_LATE,
    CHECK_RULE_REFUSED,
    CHECK_RULE_ERROR_CODE,
    CHECK_RULE_BLOCKS,
    CHECK_RULE_PROCESS,
    CHECK_N_RULES
} check_rule;
#define CHECK_KEY "check-dummy-key-0123456789"

/* A section of the case whose text differs from the provider's behaviour. */
typedef struct check_change {
    char section[CHECK_SECTION_BYTES];
    check_text text, shown; /* the new text, and lines that show the difference */
} check_change;
enum { CHECK_MAX_CHANGES = 2 * CHECK_MAX_EXCHANGES };

/* A call that a scenario makes through the public interface. */
typedef struct check_call {
    const char *prompt; /* the text that replaces every question; NULL: the usual questions */
    const char *attach; /* the sample file in each user's message; NULL: none */
    beluga_messages *messages;
    beluga_option options[CHECK_CALL_OPTIONS];
    size_t n_options;
    beluga_tool *tools[CHECK_CALL_TOOLS];
    size_t n_tools;
} check_call;

enum { CHECK_ROUTE_BYTES = 512 };

/* The earlier requests of a call that has several, for example one that creates a job and one that
 * polls it: their answers, and the method and path that each answer is for, once known. */
typedef struct check_lead {
    check_answer answers[CHECK_MAX_EXCHANGES - 1];
    /* The routes, such as "GET /jobs/1", in the order of the answers. */
    char routes[CHECK_MAX_EXCHANGES][CHECK_ROUTE_BYTES];
    size_t n;          /* number of answers before the last */
    bool routed;       /* the routes are known */
    bool byte_by_byte; /* the answers are sent byte by byte */
} check_lead;

/* Findings about a provider, shared by all its scenarios. */
typedef struct check_rules {
    bool probed;
    /* the check that reported that no model can be opened, or NULL */
    const char *unopened;
    check_text found[CHECK_N_RULES]; /* violations of each rule, as lines */
    const char *leaking;             /* the check that found that memory is lost, or NULL */
    const char *broken;              /* the check of the first broken rule, or NULL */
    /* the checks that found that the usual calls fail, in one piece or streamed, or NULL */
    const char *unanswered, *unstreamed;
    beluga_error why_unanswered;
    const char *misread; /* the check whose answer with an error could not be read, or NULL */
    /* capabilities that are neither claimed nor warned about, and the check that found the first */
    uint64_t silent;
    const char *silent_by;
} check_rules;

/* A function that acts on a run: a scenario or a call. */
typedef void check_action(check_run *run);

typedef struct check_scenario {
    const char *category;
    const char *name;
    const char *proves;
    uint64_t needs;   /* bits of beluga_capability; 0: the scenario is for every provider */
    const char *like; /* the case whose files replace missing ones, or NULL */
    /* the case whose answers and events replace missing ones; NULL: the case `like` */
    const char *answer_like;
    void (*write)(check_call *call);
    check_action *run;
    const char *shows; /* the beginning of a line that the story must have */
    int code;          /* the error with which the call must fail; 0: none */
    bool full;         /* the scenario also runs for full providers */
    bool own;          /* a foreign provider needs its own files for this scenario */
    bool claimed;      /* skip the scenario if the provider does not claim the capability */
    bool jobs;  /* the scenario is about batch jobs; the provider claims them by its batch table */
    bool alone; /* the scenario makes its own calls, and needs no open model */
    check_rule rule; /* the rule; only for check_run_rule */
} check_scenario;

struct check_run {
    const check_settings *settings;
    const check_scenario *scenario;
    const check_scenario *scenarios; /* all scenarios, ended by a NULL name */
    const beluga_provider *provider;
    const check_profile *profile;
    check_rules *rules;
    int breach;               /* 1 + the CHECK_RULE_… that a call of this run broke; 0: none */
    peer *peer;               /* NULL for full providers */
    bool peer_is_unasked;     /* no request reached the peer in the whole run */
    beluga_chat_model *model; /* the model, with the tools of the call bound */
    check_call call;
    check_answer answer;   /* the answer to a call, or to the last request of a call with several */
    check_lead *lead;      /* the earlier requests; NULL: a call has one request */
    check_text story;      /* the events, as lines */
    check_text problems;   /* the problems, one on each line; empty: none */
    check_text reason;     /* reason for skipping; empty: not skipped */
    check_text notes;      /* notes for the author, one on each line; empty: none */
    size_t asked;          /* number of requests that the peer's log must have */
    size_t first_messages; /* number of messages in the first of two calls; 0: all */
    beluga_error error;    /* error of the last call */
    bool finished;         /* a FINISH came */
    bool warned;           /* a warning came */
    bool exchanges;        /* keys are exchanged for tokens, which the peer issues */
    check_measure measure;
    check_change changes[CHECK_MAX_CHANGES]; /* changes that check_write_changes will write */
    size_t n_changes;
    check_text written; /* sections that were written into the case, as lines; empty: none */
};

/* Report a problem; arguments as for printf. */
void check_problem(check_run *run, const char *format, ...) BELUGA_PRINTF(2, 3);
/* Store in run->breach which rule of emitting a failed call broke, if any. */
void check_note_breach(check_run *run, const beluga_error *err);

/* Prepare the call of the run's scenario. */
void check_call_begin(check_run *run);
void check_call_end(check_run *run);
/* Return the prompt that replaces a question, for models that understand little; else the usual
 * question. */
const char *check_question(const check_call *call, const char *usual);
/* Make a user's message, with the call's sample file if the call has one. */
beluga_message *check_human(const check_call *call, const char *text);
/* Return whether the run's scenario makes the same call as the scenario `other`. */
bool check_asks_the_same(const check_run *run, const char *other);

/* Return the longest wait for an event that must come. */
int64_t check_patience_ms(const check_run *run);
bool check_is_http(const check_run *run);
bool check_streams(const check_run *run);

/* Make a copy of a run for another thread. The copy has its own story, problems and other texts. */
void check_run_copy(check_run *copy, const check_run *run);
/* Free a copy. If `tell` is true, its problems are first added to the run. @return whether the copy
 * has problems. */
bool check_run_end_copy(check_run *run, check_run *copy, bool tell);

#endif
