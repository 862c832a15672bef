/* The op (operation): the outermost stage of a call, for which the user has a handle. It watches
 * the context, delays START and METADATA until content comes, delivers exactly one terminal event,
 * and reports to telemetry. */
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
    /* Called if the op is aborted, since it then delivers no terminal event. */
    void (*aborted)(void *payload);
    unsigned refs; /* one reference for the user's handle, one while the op runs */
    /* These flags are adjacent, so that the block of a call without HTTP fits into 1 KiB. */
    bool running : 1;
    /* The answer arrived completely, but its finish reason counts as an error. */
    bool refused : 1;
    bool head_pending : 1; /* START and METADATA were not delivered yet */
    /* METADATA came after the first METADATA was delivered; it is delivered at the end */
    bool late_metadata : 1;
    bool usage_pending : 1; /* `usage` is not delivered yet, since START and METADATA come first */
    /* RAW was delivered since the last restart; it is delivered even before START */
    bool raw_told : 1;
    /* The call belongs to a work with further calls, which are paid for or under way, so it must
     * not be given up alone. */
    bool is_part : 1;
    beluga__task stop; /* runs in the next step of the loop and delivers the error `stop_code` */
    int stop_code;
    uint32_t tool_calls;
    beluga__timer deadline;
    beluga__guard guard; /* watches the context */
    struct {
        /* Values that the provider reported, in the arena of the call; NULL: not reported. */
        const char *id, *model, *provider, *request_id;
        bool cached;
        uint32_t attempts;
        int64_t created;
        const beluga_rate_limits *rate_limits;
    } metadata;
    /* The body of a refusal, kept until the error is delivered; in the arena. */
    const beluga_event *refusal;
    const char **warnings;
    uint32_t n_warnings, n_told; /* number of warnings, and how many of these were delivered */
    int64_t first_content_ns;    /* nanoseconds since the start; -1: no content yet */
    int64_t duration_ns;         /* nanoseconds from start to end; 0 while the op runs */
    beluga_usage usage; /* the last usage; `raw` in it is valid only while the usage is pending */
};

/* Start an op. On success the op takes over the call's reference. The op has one reference for the
 * caller, and one that is released after the terminal event. `err` is never NULL. */
int beluga__operation_start(beluga_call *call, beluga_event_cb cb, void *payload, beluga_op **out,
                            beluga_error *err);
/* Returns the op of an entry in the loop's list; NULL: the entry is something else. */
beluga_op *beluga__operation_of(beluga__running *run);
/* Free the caller's handle, as beluga_op_free does, while the loop of the op still exists. */
void beluga__operation_free(beluga_op *op);
/* Stop the op at once, without a terminal event. */
void beluga__operation_abort(beluga_op *op);

#endif
