/* The outermost op, which a user of the library holds. The op watches the context, holds START and
 * METADATA back until content comes, delivers exactly one terminal event, and reports to
 * telemetry. */
#ifndef BELUGA__OPERATION_H
#define BELUGA__OPERATION_H

#include "loop/guard.h"
#include "model/model.h"

#include <beluga/chat_model.h>

struct beluga_op {
    beluga__sink sink;
    beluga__running run; /* in loop->operations */
    beluga_call *call;   /* a reference */
    beluga__stage *inner;
    beluga_event_cb cb;
    void *payload;
    /* called instead of a terminal event when no terminal event will come */
    void (*aborted)(void *payload);
    unsigned refs; /* one for the user's handle, one while the op runs */
    /* A call without HTTP fits into a KiB, so the flags lie close together. */
    bool running : 1;
    /* the answer is complete as far as the model gave it, and its finish reason counts as an
     * error */
    bool refused : 1;
    bool head_pending : 1;  /* START and METADATA are still held back */
    bool late_metadata : 1; /* METADATA that came after the head was delivered waits for the end */
    bool usage_pending : 1; /* `usage` came before the head was delivered */
    bool raw_told : 1;      /* RAW was delivered, which needs no head, since the last restart */
    beluga__task stop;      /* delivers the error `stop_code` in the next turn */
    int stop_code;
    uint32_t tool_calls;
    beluga__timer deadline;
    beluga__guard guard; /* watches the context */
    struct {
        /* These lie in the arena of the call; NULL: the provider did not report the value. */
        const char *id, *model, *provider, *request_id;
        bool cached;
        uint32_t attempts;
        int64_t created;
        const beluga_rate_limits *rate_limits;
    } metadata;
    /* the body of a refusal, which waits for the error; in the arena */
    const beluga_event *refusal;
    const char **warnings;
    uint32_t n_warnings, n_told; /* number of warnings, and of those already delivered */
    int64_t first_content_ns;    /* nanoseconds since the start; -1: no content yet */
    int64_t duration_ns;         /* nanoseconds from start to end; 0 while the op runs */
    beluga_usage usage; /* the last usage; its raw JSON is valid only while the usage is pending */
};

/* Start an op. On success the op takes over the call's reference. The op has one reference for the
 * caller and one that ends with the terminal event. `err` is never NULL. */
int beluga__operation_start(beluga_call *call, beluga_event_cb cb, void *payload, beluga_op **out,
                            beluga_error *err);
/* Free the caller's handle, as beluga_op_free does, while the loop of the op still exists. */
void beluga__operation_free(beluga_op *op);
/* Stop the op at once, without an event. */
void beluga__operation_abort(beluga_op *op);

#endif
