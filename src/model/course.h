/* The course of a call that takes several requests, or whose service must be told when the call
 * ends early. The course is in the call's arena and outlives an attempt, so that the next attempt
 * of the retry layer can resume at the request that failed. */
#ifndef BELUGA__COURSE_H
#define BELUGA__COURSE_H

#include "base/hint.h"
#include "model/emit.h"

#include <string.h>

struct beluga__http_stage;

typedef struct beluga__course {
    const char *token; /* token of the request that runs or failed; NULL: the first request */
    /* token of the next request that the decoder asked for; NULL: it asked for none */
    const char *asked;
    int64_t wait_ms;  /* time to wait before the next request */
    uint32_t n_asked; /* how many further requests the decoder has asked for so far */
    /* These stay after beluga__course_end: the request that was sent last creates a batch job; this
     * request, or an earlier one of the call, does. */
    bool creates, has_created;
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

/* Note whether the request that is sent now creates a batch job. Returns 0, or NO_MEMORY. */
static inline int beluga__course_note_sent(beluga_call *call, const char *token)
{
    if (call->kind != BELUGA_CALL_BATCH_CREATE) return 0;
    const beluga_batch_api *api = call->target->provider->batch;
    beluga__course *course = beluga__course_of(call);
    if (!course) return BELUGA_ERROR_NO_MEMORY;
    course->creates = !api->creates_job || api->creates_job(token);
    course->has_created |= course->creates;
    return 0;
}

/* Returns whether a call that failed with this error has certainly created no batch job. After
 * status 408 this is not certain, since a proxy may have forwarded the request. */
static inline bool beluga__course_made_no_job(const beluga_call *call, const beluga_error *err)
{
    const beluga__course *course = call->course;
    if (call->kind != BELUGA_CALL_BATCH_CREATE || !course || !course->has_created) return true;
    bool refused = err->http_status >= 400 && err->http_status < 500 && err->http_status != 408;
    return course->creates && (refused || beluga__hint_is_unsent(err));
}

/* Returns whether the call may go on with another attempt. It may not if the service could then
 * create a second batch job, and charge for it. */
static inline bool beluga__course_may_repeat(const beluga_call *call, const beluga_error *err)
{
    bool creates_again = !beluga__course_resumes(call) || call->course->creates;
    return !creates_again || beluga__course_made_no_job(call, err);
}

/* If the request that failed was an upload to a URL that the service gave, begin again with the
 * first request, since the URL may be used up. */
static inline void beluga__course_upload_again(const beluga_call *call)
{
    beluga__course *course = call->course;
    bool uploads = call->kind == BELUGA_CALL_BATCH_CREATE && course && !course->has_created;
    if (uploads && course->token && strstr(course->token, "://"))
        course->token = course->asked = NULL;
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
