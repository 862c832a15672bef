/* A call: its question, which does not change after the start, and the arena from which all memory
 * of the call is allocated. */
#ifndef BELUGA__CALL_H
#define BELUGA__CALL_H

#include "model/target.h"

#include <beluga/provider/provider.h>

/* A text to embed. */
typedef struct beluga__input {
    const char *text;
    size_t length;
} beluga__input;

/* The batch job that a call creates or is about. */
typedef struct beluga__job_question {
    const char *id;         /* id of the job; NULL: the call creates a job or lists jobs */
    const char *name;       /* name of the job to create, or NULL */
    const char *model_name; /* model of the job's requests; NULL: the model of the settings */
    const char *requests;
    size_t length;            /* size of the job's requests in bytes */
    beluga_kind_of_call kind; /* kind of the job's requests: ANSWER or EMBED */
} beluga__job_question;

struct beluga_call {
    atomic_uint refs;
    /* number of texts to embed; 0: the call embeds nothing, and `u` is not u.inputs */
    uint32_t n_inputs;
    beluga__arena arena;
    beluga__target *target;           /* a reference */
    const beluga__settings *settings; /* the target's settings, or a copy in the arena */
    beluga_message **messages;        /* a reference to each message */
    uint32_t n_messages;
    /* offset in this block; the block's memory from there on is wiped when the call is freed */
    uint16_t secret_from;
    uint8_t kind;         /* a beluga_kind_of_call */
    bool streamed : 1;    /* the provider is asked to stream */
    bool restartable : 1; /* a RESTART event may take back content that was delivered */
    /* a tool call had several results; only the last one is sent */
    bool has_repeated_results : 1;
    /* a derived call: its target is not the one that the caller addressed */
    bool stands_in : 1;
    /* the call tests whether the provider works again, so one attempt is enough */
    bool is_probe : 1;
    /* The caller gave the body (option request_body), so there are no messages and no tools, and
     * options that would go into the body are not read. */
    bool body_given : 1;
    /* The vectors of this call are a result of a batch job, which does not say how many texts were
     * embedded, so `n_inputs` is 0. */
    bool any_inputs : 1;
    /* The events are folded into a response, so a START without warnings is not delivered. */
    bool folded : 1;
    beluga_tool *const *tools; /* borrowed from `holder` */
    uint32_t n_tools;
    uint16_t attempt;    /* number of attempts of the current request that have a span */
    int16_t http_status; /* status of the last answer; 0: no answer yet */
    void *holder;        /* the owner of the tools; `release_holder` releases it */
    void (*release_holder)(void *holder);
    beluga_context *context; /* a reference, or NULL */
    beluga_loop *loop;
    const char *model_name;
    const char *operation; /* "generate", "stream", "models", "embed", "count_tokens", … */
    union {
        /* For lists: token of the requested page. For token counts: token of a further request.
         * NULL: the first page or request. */
        const char *page;
        const beluga__input *inputs; /* texts to embed, in the arena */
        /* The job of a call about one batch job; in the arena. A list of jobs uses `page`. */
        const beluga__job_question *job;
    } u;
    int64_t start_ns;
    /* While a request is encoded, this has a bit for each option that the encoder has read, and bit
     * 0 for the tools; otherwise NULL. */
    uint64_t *reads;
    /* The operation's telemetry span, which is the parent of the attempts' spans. Before that span
     * begins, this is the operation's parent span or NULL. */
    void *span;
    void *attempt_span;            /* span of the current attempt */
    struct beluga__course *course; /* see model/course.h; NULL for nearly all calls */
    union {
        /* list of calls to other targets that were derived from this one; they live as long as this
         * call */
        beluga_call *derived;
        /* the call from which this one was derived; NULL: this is the caller's own call */
        beluga_call *origin;
    };
    beluga_call *next;         /* next call in the list of derived calls */
    _Alignas(16) char first[]; /* the arena's first block */
};

typedef struct beluga__call_spec {
    beluga__target *target;
    beluga_loop *loop;
    beluga_context *context;
    beluga_kind_of_call kind;
    const beluga_messages *messages; /* NULL for lists of models and for embedding */
    const beluga__input *inputs;     /* copied */
    size_t n_inputs;
    beluga_tool *const *tools;
    size_t n_tools;
    void *holder;
    void (*release_holder)(void *holder);
    const char *operation;
    const char *page;                /* copied */
    const beluga__job_question *job; /* copied, except the requests; NULL: no batch job */
    /* no request is sent, since the call decodes an answer that the caller already has */
    bool answered;
    void *parent_span; /* parent span for telemetry, or NULL */
    int64_t start_ns;  /* time of the monotonic clock */
    bool streamed, restartable, folded;
    const beluga_option *opts;
    size_t n_opts;
} beluga__call_spec;

/* Make a call; this checks messages and options. On success the call has taken over `holder`'s
 * reference. */
int beluga__call_new(const beluga__call_spec *spec, beluga_call **out, beluga_error *err);
/* Make the same call to another target. It has that target's settings, except for the options that
 * the caller gave to this call. The result is borrowed, and lives as long as `call`. */
int beluga__call_derive(beluga_call *call, beluga__target *target, beluga_call **out,
                        beluga_error *err);
/* Returns an estimate of the tokens of the call's messages and inputs. */
int64_t beluga__call_estimate_tokens(const beluga_call *call);

/* Returns whether the call asks for an answer to messages. */
static inline bool beluga__call_is_answer(const beluga_call *call)
{
    return call->kind == BELUGA_CALL_ANSWER;
}

/* Returns whether the call is about batch jobs. */
static inline bool beluga__call_is_of_jobs(const beluga_call *call)
{
    return call->kind >= BELUGA_CALL_BATCH_CREATE;
}

/* Returns the batch job that a call creates or is about; NULL for calls of other kinds. */
static inline const beluga__job_question *beluga__call_job(const beluga_call *call)
{
    bool of_one = beluga__call_is_of_jobs(call) && call->kind != BELUGA_CALL_BATCH_LIST;
    return of_one ? call->u.job : NULL;
}

/* Returns whether the call fetches the results of a batch job. Its first answer names files, which
 * the next requests fetch; each line of a file is one result. */
static inline bool beluga__call_is_of_results(const beluga_call *call)
{
    return call->kind == BELUGA_CALL_BATCH_RESULTS;
}

/* Memory that is allocated for the call from now on may hold a key, so it is wiped when the call
 * is freed. */
void beluga__call_holds_secrets(beluga_call *call);
beluga_call *beluga__call_ref(beluga_call *call);
void beluga__call_unref(beluga_call *call);
/* Release a reference, on the thread of the call's loop. The loop must still exist; it keeps the
 * call's block for its next call. */
void beluga__call_unref_on_loop(beluga_call *call);

/* The number of 64-bit words in `reads`. */
enum { BELUGA__READ_WORDS = BELUGA_OPTION_COUNT / 64 + 1 };

static inline void beluga__call_note_read(const beluga_call *call, int key)
{
    if (call->reads) call->reads[key / 64] |= UINT64_C(1) << (key % 64);
}

/* Fill in the provider and model of an error that does not name them. */
void beluga__call_locate(const beluga_call *call, beluga_error *err);

#endif
