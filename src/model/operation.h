/* The outermost op: what a user of the library holds. It watches the context, holds START and
 * METADATA back until content comes, sees to the one terminal event, and reports to telemetry. */
#ifndef BELUGA__OPERATION_H
#define BELUGA__OPERATION_H

#include "loop/guard.h"
#include "model/model.h"

#include <beluga/chat_model.h>

struct beluga_op {
    beluga__sink sink;
    beluga__running run; /* in loop->operations */
    beluga_call *call;   /* held */
    beluga__stage *inner;
    beluga_event_cb cb;
    void *payload;
    void (*aborted)(void *payload); /* told instead of a terminal event, when there will be none */
    unsigned refs;                  /* the user's handle, and the run */
    bool running;
    bool refused;       /* the answer came as far as the model gave it, and that is an error here */
    bool head_pending;  /* START and METADATA are still held back */
    bool late_metadata; /* that came after the head went out: it goes out before the end */
    beluga__task stop;  /* delivers `stop_code` in the next turn */
    int stop_code;
    bool usage_pending; /* `usage` came before the head went out */
    beluga__timer deadline;
    beluga__guard guard; /* of the context */
    struct {
        /* in the arena of its call; NULL: the provider did not say */
        const char *id, *model, *provider, *request_id;
        bool cached;
        int64_t created;
        const beluga_rate_limits *rate_limits;
    } metadata;
    const char **warnings;
    uint32_t n_warnings, n_told; /* how many there are, and went out */
    int64_t first_content_ns;    /* since the start; -1 */
    int64_t duration_ns;         /* from start to end; 0 while it runs */
    uint32_t tool_calls;
    beluga_usage usage; /* the last; its raw JSON only while it is pending */
};

/* Start. Takes over the call's reference on success. The op has one reference for the caller and
 * one that ends with the terminal event. `err` is never NULL. */
int beluga__operation_start(beluga_call *call, beluga_event_cb cb, void *payload, beluga_op **out,
                            beluga_error *err);
/* Stop at once, without an event. */
void beluga__operation_abort(beluga_op *op);

#endif
