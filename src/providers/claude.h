/* The options that Anthropic's models accept. They differ between generations of models, but not
 * between the services that offer a model. */
#ifndef BELUGA__PROVIDERS_CLAUDE_H
#define BELUGA__PROVIDERS_CLAUDE_H

#include <beluga/provider/provider.h>

/* The option that controls a model's thinking. */
typedef enum beluga__thinking {
    BELUGA__THINKING_ANY,      /* unknown, since the model is not one of Anthropic's */
    BELUGA__THINKING_NEVER,    /* the model does not think */
    BELUGA__THINKING_BUDGET,   /* a budget of tokens */
    BELUGA__THINKING_BOTH,     /* a budget or an effort */
    BELUGA__THINKING_ADAPTIVE, /* an effort, and the model chooses how much it thinks */
} beluga__thinking;

typedef struct beluga__claude {
    beluga__thinking thinking;
    bool known;          /* the model is one of Anthropic's */
    bool samples_itself; /* the model accepts neither temperature nor top_p nor top_k */
    bool no_xhigh;       /* the model has no effort "xhigh" between "high" and "max" */
    bool one_of_two;     /* the model accepts temperature or top_p, but not both */
    int64_t max_tokens;  /* maximum number of tokens of an answer; 0 if unknown */
} beluga__claude;

/* Returns the properties of a model; an unknown model of Anthropic's is treated like the newest
 * ones. */
beluga__claude beluga__claude_of(const char *model);

/* How a request sets thinking. */
typedef enum beluga__claude_mode {
    BELUGA__CLAUDE_UNSAID, /* the request does not mention thinking */
    BELUGA__CLAUDE_DISABLED,
    BELUGA__CLAUDE_ENABLED, /* with a budget */
    BELUGA__CLAUDE_ADAPTIVE,
} beluga__claude_mode;
/* Returns the API's word for a mode; NULL for UNSAID. */
const char *beluga__claude_mode_name(beluga__claude_mode mode);

/* The settings for thinking that are sent, derived from the call's options. */
typedef struct beluga__claude_plan {
    beluga__claude_mode mode;
    int64_t budget;     /* budget of ENABLED */
    const char *effort; /* NULL: no effort is sent */
    int64_t max_tokens; /* 0: the caller set no limit */
} beluga__claude_plan;

/* Make the plan, and warn about options that the model can't meet. `room` is the limit for the
 * tokens of an answer if the caller sets none; a budget is added to it. */
beluga__claude_plan beluga__claude_plan_of(const beluga_call *call, beluga_http_request *request,
                                           const beluga__claude *model, int64_t room);
static inline bool beluga__claude_thinks(const beluga__claude_plan *plan)
{
    return plan->mode == BELUGA__CLAUDE_ENABLED || plan->mode == BELUGA__CLAUDE_ADAPTIVE;
}

/* The sampling options that are sent; the plan has warned about the others. */
typedef struct beluga__claude_sampling {
    bool temperature, top_p, top_k;
} beluga__claude_sampling;
beluga__claude_sampling beluga__claude_sampling_of(const beluga_call *call,
                                                   beluga_http_request *request,
                                                   const beluga__claude *model, bool thinks);

#endif
