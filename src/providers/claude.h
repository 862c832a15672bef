/* Anthropic's models take different options in each generation, whoever serves them. */
#ifndef BELUGA__PROVIDERS_CLAUDE_H
#define BELUGA__PROVIDERS_CLAUDE_H

#include <beluga/provider/provider.h>

/* How a model is told to think. */
typedef enum beluga__thinking {
    BELUGA__THINKING_ANY,      /* unknown: it is not one of Anthropic's */
    BELUGA__THINKING_NEVER,    /* it does not */
    BELUGA__THINKING_BUDGET,   /* by a budget of tokens */
    BELUGA__THINKING_BOTH,     /* by either */
    BELUGA__THINKING_ADAPTIVE, /* by an effort, and it chooses how much */
} beluga__thinking;

typedef struct beluga__claude {
    beluga__thinking thinking;
    bool known;          /* it is one of Anthropic's */
    bool samples_itself; /* it takes neither temperature nor top_p nor top_k */
    bool no_xhigh;       /* "max" comes after "high" */
    bool one_of_two;     /* temperature or top_p, not both */
    int64_t max_tokens;  /* the most of an answer; 0: unknown */
} beluga__claude;

/* Returns how a model is; one that is not known yet is like the newest ones. */
beluga__claude beluga__claude_of(const char *model);

/* Whether a model is told to think. */
typedef enum beluga__claude_mode {
    BELUGA__CLAUDE_UNSAID, /* nothing was asked */
    BELUGA__CLAUDE_DISABLED,
    BELUGA__CLAUDE_ENABLED, /* by a budget */
    BELUGA__CLAUDE_ADAPTIVE,
} beluga__claude_mode;
/* Returns the API's word for it; NULL for UNSAID. */
const char *beluga__claude_mode_name(beluga__claude_mode mode);

/* These values are sent, so that a model thinks as the options ask. */
typedef struct beluga__claude_plan {
    beluga__claude_mode mode;
    int64_t budget;     /* of ENABLED */
    const char *effort; /* NULL: none */
    int64_t max_tokens; /* 0: the caller did not say */
} beluga__claude_plan;

/* Make the plan; warns of options that can't be met. `room` is the most tokens of an answer where
 * the caller sets no limit; a budget is added to it. */
beluga__claude_plan beluga__claude_plan_of(const beluga_call *call, beluga_http_request *request,
                                           const beluga__claude *model, int64_t room);
static inline bool beluga__claude_thinks(const beluga__claude_plan *plan)
{
    return plan->mode == BELUGA__CLAUDE_ENABLED || plan->mode == BELUGA__CLAUDE_ADAPTIVE;
}

/* These sampling options are sent; the others were warned about. */
typedef struct beluga__claude_sampling {
    bool temperature, top_p, top_k;
} beluga__claude_sampling;
beluga__claude_sampling beluga__claude_sampling_of(const beluga_call *call,
                                                   beluga_http_request *request,
                                                   const beluga__claude *model, bool thinks);

#endif
