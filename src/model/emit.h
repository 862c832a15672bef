/* The provider's side of a call: checks what a provider emits and turns it into events.
 *
 * emit.c begins an emit, fails it and delivers its end; emit_rules.c and emit_tools.c have the rule
 * that an event of each kind keeps; emit_api.c and emit_telemetry.c are the public functions that a
 * provider calls. */
#ifndef BELUGA__EMIT_H
#define BELUGA__EMIT_H

#include "base/hint.h"
#include "model/model.h"
#include "model/proof.h"

/* A tool call of the answer; in the call's arena. */
typedef struct beluga__tool_slot {
    struct beluga__tool_slot *next;
    uint32_t index;
    bool open;
    const char *id, *name;
    beluga__buf arguments;
} beluga__tool_slot;

typedef struct beluga__remote beluga__remote;

struct beluga_emit {
    beluga_call *call;
    beluga_emit *given;       /* what the provider is given for it: its address, or a handle */
    beluga__sink *sink;       /* NULL once the terminal event is out or the call was cancelled */
    beluga__remote *remote;   /* not NULL: this one is used on another thread */
    bool finished;            /* FINISH was emitted; it is held until beluga__emit_deliver */
    bool failed;              /* `error` is set; delivered by beluga__emit_deliver */
    bool full;                /* `owner` is the full adapter's: it may go on later */
    uint8_t brought;          /* BELUGA__BROUGHT_…, in this turn of the decoder */
    uint8_t seen;             /* the same, in the turns before */
    bool has_usage;           /* one that counts anything */
    uint32_t reasoning_block; /* how many have ended */
    uint32_t finish_reason;
    const char *raw_finish;
    const char *id, *model;
    /* The state of beluga_emit_random, so that a replay makes the same ids; 0: the loop's. */
    uint64_t random;
    int64_t created;
    const char *request_id;                /* set by the adapter before the first event */
    const beluga_rate_limits *rate_limits; /* likewise; NULL: none */
    beluga__tool_slot *tools, **last_tool;
    size_t n_tools;
    beluga_error *error; /* in the arena */
    void *owner;         /* the adapter's op */
};

void beluga__emit_init(beluga_emit *emit, beluga_call *call, beluga__sink *sink);
void beluga__emit_free(beluga_emit *emit);

/* Give a provider that is not built in a handle instead of the emit's address; call it before the
 * provider's first turn. Returns 0 or NO_MEMORY. beluga__emit_free takes the handle back. */
int beluga__emit_use_handle(beluga_emit *emit);
/* Fail the call because its provider emitted when it was not its turn. */
void beluga__emit_misused(beluga_emit *emit);
/* Do so if it did. */
void beluga__emit_check_turns(beluga_emit *emit);

/* Record a failure, unless one is recorded already: `code` with detail in err (NULL: generic
 * words). */
void beluga__emit_fail(beluga_emit *emit, int code, const beluga_error *err);
/* Record that the provider broke a rule, or went over a limit, which the message says to people and
 * `rule` to the conformance kit. Returns the code. */
int beluga__emit_broke_rule(beluga_emit *emit, beluga__rule rule, int code, const char *message);
/* The same for what has no code of its own. */
static inline int beluga__emit_broken(beluga_emit *emit, int code, const char *message)
{
    return beluga__emit_broke_rule(emit, BELUGA__RULE_NONE, code, message);
}

/* Send what belongs before a FINISH that is about to be delivered: the ends of tool calls that are
 * still open, and a warning where there is no answer. A callback may cancel: look at `sink`
 * afterwards. */
void beluga__emit_complete(beluga_emit *emit);

/* Returns what the decoder brought in the turn that is over. */
static inline unsigned beluga__emit_take_brought(beluga_emit *emit)
{
    unsigned brought = emit->brought;
    emit->seen |= emit->brought;
    emit->brought = 0;
    return brought;
}

/* Send the terminal event that is recorded. Frees nothing; the op may be gone when it returns. The
 * caller must have released what it holds. Returns false when there was nothing to send. */
bool beluga__emit_deliver(beluga_emit *emit);

/* Hand an event over. Returns CONTEXT_CANCELED where a callback has cancelled the call. */
static inline int beluga__emit_event(beluga_emit *emit, const beluga_event *event)
{
    emit->sink->event(emit->sink, event);
    return emit->sink ? 0 : BELUGA_ERROR_CONTEXT_CANCELED;
}

/* Send METADATA as far as it is known; the outermost layer delivers the last one, once. */
int beluga__emit_head(beluga_emit *emit);

/* Send START with the warnings of a request, and METADATA as far as it is known. */
void beluga__emit_start(beluga_emit *emit, const char *const *warnings, size_t n);

/* Send the raw bytes when the caller asked for them. */
void beluga__emit_raw(beluga_emit *emit, const char *bytes, size_t n);

/* Everything a provider says is an event; the rest of these functions take it on its way. This one
 * applies it on the loop's thread: checks it, fills in what only the emit knows (ids, indexes), and
 * delivers it. */
int beluga__emit_apply(beluga_emit *emit, beluga_event *event);
/* The same from either thread; `given` is what the provider has, and what the event points to is
 * borrowed. */
int beluga__emit_send(beluga_emit *given, beluga_event *event);

static inline uint64_t beluga__draw_random(beluga_emit *emit)
{
    return emit->random ? beluga__random_next(&emit->random)
                        : beluga__loop_random(emit->call->loop);
}

/* --- full_adapter.c: what only the emit of a full provider can do --- */

int beluga__full_after(beluga_emit *emit, int64_t delay_ms, int (*next)(beluga_emit *, void *),
                       void *argument);
int beluga__full_run_blocking(beluga_emit *emit, int (*work)(beluga_emit *, void *), void *argument,
                              void (*release)(void *));
/* Threads: any. */
bool beluga__remote_is_cancelled(beluga__remote *remote);
/* On another thread: copy an event and send it to the loop. */
int beluga__remote_post(beluga__remote *remote, const beluga_event *event);

#endif
