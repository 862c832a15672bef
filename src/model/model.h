/* A model is anything that can start a call: an adapter, or a middleware around an inner model. A
 * call that a model has started is a stage.
 *
 * Rules for a stage: it delivers nothing inside start. Later it delivers events in order, and one
 * terminal event at the end. After that event it does not touch its own memory, which may have been
 * freed. After cancel it delivers nothing. Stages are allocated in the arena of their call.
 *
 * Rules for start: it sets *stage only on success. `err` is never NULL, and start fills it in on
 * failure: the public functions accept NULL from their callers, and pass an error of their own
 * down. */
#ifndef BELUGA__MODEL_H
#define BELUGA__MODEL_H

#include "model/call.h"

#include <beluga/event.h>

typedef struct beluga__sink {
    void (*event)(struct beluga__sink *sink, const beluga_event *event);
} beluga__sink;

typedef struct beluga__stage beluga__stage;

typedef struct beluga__model_ops {
    int (*start)(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **stage,
                 beluga_error *err);
    void (*cancel)(beluga__stage *stage);
    void (*pause)(beluga__stage *stage, bool paused);
    /* called when the model has no users any more; NULL: there is nothing to release */
    void (*release)(beluga__model *model);
} beluga__model_ops;

struct beluga__model {
    const beluga__model_ops *ops;
};

struct beluga__stage {
    const beluga__model_ops *ops;
};

static inline void beluga__stage_cancel(beluga__stage *stage)
{
    if (stage) stage->ops->cancel(stage);
}

static inline void beluga__stage_pause(beluga__stage *stage, bool paused)
{
    if (stage) stage->ops->pause(stage, paused);
}

static inline void beluga__model_release(beluga__model *model)
{
    if (model && model->ops->release) model->ops->release(model);
}

static inline void beluga__sink_error(beluga__sink *sink, const beluga_error *err)
{
    beluga_event event = {.kind = BELUGA_EVENT_ERROR};
    event.u.error = err;
    sink->event(sink, &event);
}

/* --- http_cancel.c --- */

/* Let the provider tell its service that the call was abandoned. The call must have a course. */
void beluga__http_abandon(beluga_call *call);

/* Tell the service that nobody waits for the job that it began for this call. The call itself may
 * be started again. The call's memory is kept until the service has been told. */
static inline void beluga__call_abandon(beluga_call *call)
{
    if (call->course) beluga__http_abandon(call);
}

/* Make a model that no other model lies below: one sends requests over HTTP, the other calls the
 * functions of a full provider. Both functions return NULL if memory runs out. */
beluga__model *beluga__http_adapter_new(beluga__runtime *runtime);
beluga__model *beluga__full_adapter_new(beluga__runtime *runtime);

#endif
