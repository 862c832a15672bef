/* The provider's side of a call: checks what a provider emits and turns it into events. */
#ifndef BELUGA__EMIT_H
#define BELUGA__EMIT_H

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

struct beluga_emit {
    beluga_call *call;
    beluga_emit *name;  /* what the provider knows it by: itself, or a handle */
    beluga__sink *sink; /* NULL once the terminal event is out or the call was cancelled */
    struct beluga__remote *remote; /* not NULL: this one is used on another thread */
    bool finished;                 /* FINISH was emitted; it is held until beluga__emit_deliver */
    bool failed;                   /* `error` is set; delivered by beluga__emit_deliver */
    bool full;                     /* `owner` is the full adapter's: it may go on later */
    uint8_t brought;               /* BELUGA__BROUGHT_…, in this turn of the decoder */
    uint8_t seen;                  /* the same, in the turns before */
    bool has_usage;                /* one that counts anything */
    uint32_t reasoning_block;      /* how many have ended */
    uint32_t finish_reason;
    const char *raw_finish;
    const char *id, *model;
    /* state of beluga_emit_random, so that a replay makes the same ids; 0: the loop's */
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

/* Give the emit of a provider that is not built in a handle for a name, before its first turn: 0,
 * or NO_MEMORY. beluga__emit_free takes it back. */
int beluga__emit_rename(beluga_emit *emit);
/* Fail the call because its provider emitted out of turn; the second: if it did. */
void beluga__emit_misused(beluga_emit *emit);
void beluga__emit_check_turns(beluga_emit *emit);

/* Record a failure, unless one is recorded already: `code` with detail in err (NULL: generic
 * words). */
void beluga__emit_fail(beluga_emit *emit, int code, const beluga_error *err);

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

/* Send METADATA as far as it is known; the outermost layer delivers the last one, once. */
int beluga__emit_head(beluga_emit *emit);

/* Send START with the warnings of a request, and METADATA as far as it is known. */
void beluga__emit_start(beluga_emit *emit, const char *const *warnings, size_t n);

/* Send the raw bytes when the caller asked for them. */
void beluga__emit_raw(beluga_emit *emit, const char *bytes, size_t n);

/* What a full provider's emit adds (full.c). */
int beluga__full_after(beluga_emit *emit, int64_t delay_ms, int (*next)(beluga_emit *, void *),
                       void *argument);
/* Threads: any. */
bool beluga__remote_is_cancelled(struct beluga__remote *remote);
int beluga__full_run_blocking(beluga_emit *emit, int (*work)(beluga_emit *, void *), void *argument,
                              void (*release)(void *));

/* What a provider says is an event; the rest of these functions take it on its way. Apply it, on
 * the loop's thread: check it, fill in what only the emit knows (ids, indexes), and deliver it. */
int beluga__emit_apply(beluga_emit *emit, beluga_event *event);
/* The same from either thread; what it points to is borrowed. */
int beluga__emit_send(beluga_emit *emit, beluga_event *event);
/* On another thread: copy it and send it to the loop. */
int beluga__remote_post(struct beluga__remote *remote, const beluga_event *event);
/* span.c: what is for telemetry. */
void beluga__span_apply(const beluga_call *call, const beluga_event *event);
void beluga__measure_apply(const beluga_call *call, const beluga_event *event);

#endif
