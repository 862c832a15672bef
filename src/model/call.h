/* A call: the question, which does not change from its start, and the arena that holds everything
 * of it. */
#ifndef BELUGA__CALL_H
#define BELUGA__CALL_H

#include "model/target.h"

struct beluga_call {
    atomic_uint refs;
    beluga__arena arena;
    beluga__target *target;           /* shared */
    const beluga__settings *settings; /* the target's, or a copy in the arena */
    beluga_message **messages;        /* shared each */
    size_t n_messages;
    beluga_tool *const *tools; /* of `holder` */
    size_t n_tools;
    void *holder; /* who owns the tools, and how to let go of it */
    void (*release_holder)(void *holder);
    beluga_context *context; /* shared, or NULL */
    beluga_loop *loop;
    const char *model_name;
    const char *operation; /* "generate", "stream", "models" */
    const char *page;      /* of a list of models; NULL: the first */
    int64_t start_ns;
    bool streamed;             /* the provider is asked to stream */
    bool restartable;          /* content that was delivered may be taken back with RESTART */
    bool list_models;          /* asks for the models instead of an answer */
    bool has_repeated_results; /* some were left out: a call can have one */
    bool stands_in;            /* derived: who answers is another than the caller knows */
    bool is_probe;             /* finds out whether the provider is well: one attempt will do */
    uint16_t secret_from;      /* where in this block that begins which is wiped */
    /* of telemetry, for the attempts under it; before it begins: its parent's, or NULL */
    void *span;
    void *attempt_span;        /* of the attempt that runs */
    unsigned attempt;          /* how many attempts have a span */
    int http_status;           /* of the last answer; 0: none yet */
    beluga_call *derived;      /* the same question to other targets; lives as long as this one */
    beluga_call *next;         /* of those */
    _Alignas(16) char first[]; /* the arena's first block */
};

typedef struct beluga__call_spec {
    beluga__target *target;
    beluga_loop *loop;
    beluga_context *context;
    const beluga_messages *messages; /* NULL: none, for lists of models */
    beluga_tool *const *tools;
    size_t n_tools;
    void *holder;
    void (*release_holder)(void *holder);
    const char *operation;
    const char *page;  /* copied */
    void *parent_span; /* of telemetry, or NULL */
    int64_t start_ns;  /* of the monotonic clock */
    bool streamed, restartable, list_models;
    const beluga_option *opts;
    size_t n_opts;
} beluga__call_spec;

/* Make a call: checks messages and options. On success it has taken over `holder`'s reference. */
int beluga__call_new(const beluga__call_spec *spec, beluga_call **out, beluga_error *err);
/* Make the same call of another target: its settings, with what the caller gave to this call on
 * top. Borrowed as long as `call`, and used like it. */
int beluga__call_derive(beluga_call *call, beluga__target *target, beluga_call **out,
                        beluga_error *err);
/* Memory that is allocated for the call from now on may hold a key: it is wiped when the call
 * goes. */
void beluga__call_holds_secrets(beluga_call *call);
beluga_call *beluga__call_ref(beluga_call *call);
void beluga__call_unref(beluga_call *call);

/* Fill in where an error happened, where it does not say so itself. */
void beluga__call_locate(const beluga_call *call, beluga_error *err);

#endif
