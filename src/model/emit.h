/* The provider's side of a call: checks what a provider emits and turns it into events.
 *
 * emit.c initializes an emit, records its failure and delivers its terminal event. emit_rules.c and
 * emit_tools.c have the rules for each kind of event, emit_embed.c the rules for vectors and token
 * counts. emit_api.c, emit_telemetry.c and emit_vector.c have the public functions that a provider
 * calls. emit_batch.c has the rules for batch jobs, emit_batch_api.c the public functions for them.
 */
#ifndef BELUGA__EMIT_H
#define BELUGA__EMIT_H

#include "base/hint.h"
#include "model/model.h"
#include "model/proof.h"

/* A tool call of the answer; allocated in the call's arena. */
typedef struct beluga__tool_slot {
    struct beluga__tool_slot *next;
    uint32_t index;
    bool open;
    const char *id, *name;
    beluga__buf arguments;
} beluga__tool_slot;

/* The vectors and counts that a call has received; see emit_embed.c. */
typedef struct beluga__vectors beluga__vectors;

typedef struct beluga__remote beluga__remote;

struct beluga_emit {
    beluga_call *call;
    /* the pointer that the provider gets for the emit: the emit's address, or a handle */
    beluga_emit *given;
    beluga__sink *sink;     /* NULL after the terminal event was sent or the call was cancelled */
    beluga__remote *remote; /* not NULL if this emit is used on another thread than the loop's */
    bool finished;          /* FINISH was emitted; beluga__emit_deliver delivers it */
    bool failed;            /* `error` is set; delivered by beluga__emit_deliver */
    /* The emit belongs to the full adapter; its provider may emit again in a later turn. */
    bool full;
    bool lone;        /* the answer is one result of a batch job; see model/decode_answer.h */
    uint8_t brought;  /* BELUGA__BROUGHT_… bits: what the decoder emitted in its current turn */
    uint8_t seen;     /* BELUGA__BROUGHT_… bits: what the decoder emitted in earlier turns */
    bool has_usage;   /* a usage with at least one count was emitted */
    uint16_t n_tools; /* number of `tools`, at most BELUGA__MAX_TOOL_CALLS */
    uint32_t reasoning_block; /* number of reasoning blocks that have ended */
    uint32_t finish_reason;
    const char *raw_finish;
    const char *id, *model;
    /* The state of beluga_emit_random. A replay sets it, so that the same ids are made again. 0:
     * the loop's random numbers are used. */
    uint64_t random;
    int64_t created;
    const char *request_id; /* set by the adapter before the first event */
    /* set by the adapter before the first event; NULL: none */
    const beluga_rate_limits *rate_limits;
    beluga__tool_slot *tools, **last_tool;
    beluga__vectors *vectors; /* in the arena; NULL: no vector was emitted yet */
    beluga_error *error;      /* allocated in the call's arena */
    union {
        void *owner; /* the full adapter's stage */
        /* Set by the HTTP adapter: the status and headers of the answer that is being decoded; NULL
         * before they have come. */
        const beluga_http_response *response;
    };
};

/* Initialize an emit whose memory is all zeros. */
void beluga__emit_init(beluga_emit *emit, beluga_call *call, beluga__sink *sink);
void beluga__emit_free(beluga_emit *emit);

/* If the provider is not built in, make a handle that it gets instead of the emit's address. Call
 * this before the provider's first turn. Returns 0 or NO_MEMORY. beluga__emit_free frees the
 * handle. */
int beluga__emit_use_handle(beluga_emit *emit);
/* Fail the call because its provider emitted outside its turn. */
void beluga__emit_misused(beluga_emit *emit);
/* Fail the call if its provider emitted outside its turn. */
void beluga__emit_check_turns(beluga_emit *emit);

/* Record a failure, unless one is recorded already. `err` has the detail; NULL: the code's general
 * text is used. */
void beluga__emit_fail(beluga_emit *emit, int code, const beluga_error *err);
/* Record that the provider broke a rule or went over a limit: `message` explains it to people, and
 * `rule` to the conformance kit. Returns the code. */
int beluga__emit_broke_rule(beluga_emit *emit, beluga__rule rule, int code, const char *message);
/* Like beluga__emit_broke_rule, for a rule that has no value of its own in beluga__rule. */
static inline int beluga__emit_broken(beluga_emit *emit, int code, const char *message)
{
    return beluga__emit_broke_rule(emit, BELUGA__RULE_NONE, code, message);
}

/* Send the events that must come before a FINISH: the ends of open tool calls, and a warning if the
 * answer is empty. A callback may cancel the call, so check `sink` afterwards. */
void beluga__emit_complete(beluga_emit *emit);

/* Returns the BELUGA__BROUGHT_… bits of the decoder's last turn, and resets them for the next
 * turn. */
static inline unsigned beluga__emit_take_brought(beluga_emit *emit)
{
    unsigned brought = emit->brought;
    emit->seen |= emit->brought;
    emit->brought = 0;
    return brought;
}

/* Send the recorded terminal event. The receiver may free the stage, and this function frees
 * nothing, so the caller must have released the stage's resources before. Returns false if there
 * was no event to send. */
bool beluga__emit_deliver(beluga_emit *emit);

/* Deliver an event. Returns CONTEXT_CANCELED if a callback cancelled the call. */
static inline int beluga__emit_event(beluga_emit *emit, const beluga_event *event)
{
    emit->sink->event(emit->sink, event);
    return emit->sink ? 0 : BELUGA_ERROR_CONTEXT_CANCELED;
}

/* Send an internal event to the layers above, unless the call was cancelled. */
static inline void beluga__emit_pass(beluga_emit *emit, uint32_t kind)
{
    beluga_event event = {.kind = kind};
    if (emit->sink) emit->sink->event(emit->sink, &event);
}

/* Send METADATA with the fields that are known so far. The caller gets one METADATA before the
 * content, and the last one at the end if more came after the first; see operation.h. */
int beluga__emit_head(beluga_emit *emit);

/* Send START with the warnings of a request, if there are any. */
void beluga__emit_start(beluga_emit *emit, const char *const *warnings, size_t n);

/* Copy the state of the emit that an earlier attempt of the same call used. */
void beluga__emit_take_up(beluga_emit *emit, const beluga_emit *known);

/* Send bytes of an answer's body to a caller who asked for raw events. The body of a refusal is
 * copied, since it is delivered later, together with the error. */
void beluga__emit_raw(beluga_emit *emit, const beluga_http_response *response, const char *bytes,
                      size_t n, bool refused);

/* Apply an event on the loop's thread: check it, fill in the ids and indexes that only the emit
 * knows, and deliver the event. All that a provider emits passes through this function as an
 * event. */
int beluga__emit_apply(beluga_emit *emit, beluga_event *event);
/* Send an event from the loop's thread or from a worker. `given` is the provider's handle or
 * address; the event's pointers are borrowed. */
int beluga__emit_send(beluga_emit *given, beluga_event *event);

static inline uint64_t beluga__draw_random(beluga_emit *emit)
{
    return emit->random ? beluga__random_next(&emit->random)
                        : beluga__loop_random(emit->call->loop);
}

/* --- full_adapter.c: functions for the emit of a full provider --- */

int beluga__full_after(beluga_emit *emit, int64_t delay_ms, int (*next)(beluga_emit *, void *),
                       void *argument);
int beluga__full_run_blocking(beluga_emit *emit, int (*work)(beluga_emit *, void *), void *argument,
                              void (*release)(void *));
int beluga__full_attach(beluga_emit *emit, beluga_emit **attached, void (*wake)(void *),
                        void *argument, void (*release)(void *));
/* Threads: any. */
bool beluga__remote_is_cancelled(beluga__remote *remote);
/* Take a reference to the emit behind a handle from beluga__full_attach. Returns NULL if `attached`
 * is no such handle, or was detached. */
beluga_emit *beluga__attached_hold(const beluga_emit *attached);
void beluga__attached_release(beluga_emit *emit);
/* On another thread: copy an event and send it to the loop. */
int beluga__remote_post(beluga__remote *remote, const beluga_event *event);

#endif
