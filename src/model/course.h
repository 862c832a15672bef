/* The course of a call that takes several requests, or whose service must be told when the call
 * ends early. The course is in the call's arena and outlives an attempt, so that the next attempt
 * of the retry layer can resume at the request that failed. */
#ifndef BELUGA__COURSE_H
#define BELUGA__COURSE_H

#include "model/emit.h"

struct beluga__http_stage;

typedef struct beluga__course {
    const char *token; /* token of the request that runs or failed; NULL: the first request */
    /* token of the next request that the decoder asked for; NULL: it asked for none */
    const char *asked;
    int64_t wait_ms;  /* time to wait before the next request */
    uint32_t n_asked; /* how many further requests the decoder has asked for so far */
    /* A copy of the states of the decoder and the emit when the request with `token` began. A retry
     * starts from this copy. */
    void *state;
    beluga_emit known;
    /* The last stage that sent a request, if the provider has encode_cancel. NULL: the service need
     * not be told when the call is cancelled. */
    struct beluga__http_stage *unended;
} beluga__course;

/* Returns the call's course, which is made at its first use; NULL if memory runs out. */
static inline beluga__course *beluga__course_of(beluga_call *call)
{
    if (!call->course) call->course = beluga__arena_zalloc(&call->arena, sizeof *call->course);
    return call->course;
}

/* Returns whether the decoder has asked for another request. */
static inline bool beluga__course_goes_on(const beluga_call *call)
{
    return call->course && call->course->asked;
}

/* Returns whether the call's next attempt resumes at a later request than the first. */
static inline bool beluga__course_resumes(const beluga_call *call)
{
    return call->course && call->course->token;
}

/* Returns whether the call's present request only uploads the file of a batch job, which costs
 * nothing. */
static inline bool beluga__course_uploads(const beluga_call *call)
{
    size_t before = call->course ? call->course->n_asked : 0;
    return call->kind == BELUGA_CALL_BATCH_CREATE &&
           before < call->target->provider->batch->uploads;
}

/* Returns whether the call's present request must not be repeated, since the service would create a
 * second batch job, and charge for it. */
static inline bool beluga__course_asks_once(const beluga_call *call)
{
    return call->kind == BELUGA_CALL_BATCH_CREATE && !beluga__course_uploads(call);
}

/* Begin a batch job's uploads again with the first request, since the address for an upload may
 * have been used up. */
static inline void beluga__course_upload_again(const beluga_call *call)
{
    if (!call->course) return;
    call->course->token = call->course->asked = NULL;
    call->course->n_asked = 0;
}

/* Note that the service has finished the job of this call, with or without success. So there is
 * nothing to resume, and the service need not be told when the call ends. */
static inline void beluga__course_end(const beluga_call *call)
{
    beluga__course *course = call->course;
    if (!course) return;
    course->token = course->asked = NULL;
    course->unended = NULL;
}

#endif
