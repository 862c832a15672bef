/* The state of a call of an HTTP provider, which the files of the HTTP adapter share:
 *
 *   http_adapter.c   starts, pauses, cancels and times a call
 *   http_cancel.c    tells a service that a call is over
 *   http_write.c     lets the provider write the request
 *   http_answer.c    reads the answer: which kind of body it is, and where it ends
 *   http_frames.c    decodes a body that is a stream
 *   http_refusal.c   makes an error from a refusal
 *   http_next.c      ends an answer and prepares the call's next request
 *   http_end.c       delivers the terminal event and releases everything
 *   http_secrets.h   fetches the key and the values of headers
 *   http_log.h       logs the request and the answer
 *
 * Each file uses only the files below its own line. */
#ifndef BELUGA__HTTP_STAGE_H
#define BELUGA__HTTP_STAGE_H

#include "base/limits.h"
#include "model/handle.h"
#include "model/http_secrets.h"
#include "model/watchdog.h"
#include "wire/framing.h"

/* The phase of a call. It only changes to a later phase, except that each further request of the
 * call begins with FETCHING again:
 *
 *   phase        ends when                                            next
 *   FETCHING     the key and the headers' values are available        ASKED
 *   ASKED        the head of the answer came: its status is not 2xx   REFUSED
 *                  the call is not about messages                     COLLECTING, or STREAMING
 *                                                                     (a file of batch results)
 *                  else                                               SNIFFING
 *   SNIFFING     the first bytes of the body show what it is          COLLECTING, STREAMING
 *                                                                     or REFUSED (a web page)
 *   COLLECTING   the body is complete, and is one answer              OVER, WAITING
 *                  or it is several JSON values, so it is a stream    STREAMING
 *   STREAMING    the body ends, or a finish is taken for the end      OVER
 *                  or it ends, and the decoder asked for a request    WAITING
 *   WAITING      it is time for the next request                      FETCHING
 *   REFUSED      the body ends: the error quotes its beginning        OVER
 *   OVER         the terminal event is delivered, or the call was cancelled
 *
 * After a failure in any phase the next phase is OVER. */
typedef enum beluga__http_phase {
    BELUGA__HTTP_FETCHING,
    BELUGA__HTTP_ASKED,
    BELUGA__HTTP_SNIFFING,
    BELUGA__HTTP_COLLECTING,
    BELUGA__HTTP_STREAMING,
    BELUGA__HTTP_REFUSED,
    BELUGA__HTTP_WAITING,
    BELUGA__HTTP_OVER,
} beluga__http_phase;

/* What the frames of a stream without content have brought so far. The value only grows. */
typedef enum beluga__http_heard {
    BELUGA__HTTP_HEARD_NOTHING,
    BELUGA__HTTP_HEARD_FRAME, /* a frame came, perhaps only a heartbeat */
    /* a frame was decoded without an error, but the provider emitted nothing for it */
    BELUGA__HTTP_HEARD_UNKNOWN,
} beluga__http_heard;

typedef struct beluga__http_stage {
    beluga__stage stage;
    beluga_emit emit;
    beluga__watchdog dog;
    beluga__proof proof;
    /* Set in the grace period after a finish, and while the call waits for its next request. */
    beluga__timer timer;
    int64_t grace_end_ns;
    /* sends the warnings in the first step of the loop, and later the next request */
    beluga__task soon;
    beluga_http_request request;
    beluga_http_response response;
    beluga__framer framer;
    beluga__transfer *transfer; /* NULL before the request is sent and after the body has ended */
    beluga__http_secrets secrets;
    void *state;   /* the state of the provider's decoder */
    uint8_t phase; /* a beluga__http_phase */
    uint8_t heard; /* a beluga__http_heard */
    bool raw;      /* the caller asked for RAW events, which have the bytes of the body */
    /* the protocol's end marker came; the bytes after it are only delivered as RAW events */
    bool marked;
    bool paused;  /* set by the caller, in any phase */
    bool foreign; /* the request goes to another server than the model's, so it carries no key */
    /* For a file of results: at least one line was decoded; at least one line could not be decoded
     * and was skipped. */
    bool line_read, line_lost;
    /* a function further up the call stack still uses the buffers; beluga__http_stage_end_reading
     * frees them */
    bool reading;
} beluga__http_stage;

static inline const beluga_provider *beluga__http_stage_provider(const beluga__http_stage *self)
{
    return self->emit.call->target->provider;
}

static inline const beluga__runtime *beluga__http_stage_runtime(const beluga__http_stage *self)
{
    return self->emit.call->target->runtime;
}

/* Go to a later phase. */
static inline void beluga__http_stage_enter(beluga__http_stage *self, beluga__http_phase phase)
{
    self->phase = (uint8_t)phase;
    /* The rest of a refusal is read, but only its beginning is kept. */
    if (phase == BELUGA__HTTP_REFUSED) self->response.body.max = BELUGA__MAX_ERROR_BODY;
}

/* Returns whether the call has ended. Check this after every function that delivers an event. */
static inline bool beluga__http_stage_is_over(const beluga__http_stage *self)
{
    return self->phase == BELUGA__HTTP_OVER;
}

/* Returns whether the answer has been read to its end: the call is over, or waits for its next
 * request. */
static inline bool beluga__http_stage_is_read(const beluga__http_stage *self)
{
    return self->phase >= BELUGA__HTTP_WAITING;
}

/* Returns whether the answer is known to be complete if its body ends in this way. */
static inline bool beluga__http_stage_is_proven(const beluga__http_stage *self,
                                                beluga__body_end end)
{
    return beluga__proof_holds(&self->proof, self->marked ? BELUGA__BODY_MARKED : end);
}

/* These two functions begin and end a turn of the provider on this thread. A built-in provider has
 * no handle, so for it they do nothing: it is trusted to emit in its turns only. */
static inline uintptr_t beluga__http_stage_begin_turn(const beluga__http_stage *self)
{
    return beluga__turn_begin(self->emit.given);
}

static inline void beluga__http_stage_end_turn(beluga__http_stage *self, uintptr_t before)
{
    if (!beluga__is_handle(self->emit.given)) return;
    beluga__handle_leave(self->emit.given, before);
    beluga__emit_check_turns(&self->emit);
}

/* --- http_end.c --- */

/* Enter the phase OVER: stop the timers and the transfer, and free the buffers, unless a function
 * still reads them; then they are freed later. */
void beluga__http_stage_let_go(beluga__http_stage *self, bool reuse_connection);
/* Deliver the recorded terminal event. The stage may be gone afterwards. */
void beluga__http_stage_conclude(beluga__http_stage *self);
/* End the call with an error. The stage may be gone afterwards. */
void beluga__http_stage_fail(beluga__http_stage *self, int code, const beluga_error *err);
/* Set a part of the answer as the error's cause, if the error says only that no complete answer
 * could be read. */
void beluga__http_stage_give_cause(beluga__http_stage *self, const char *text, size_t n);
/* Between these two calls the stage and its buffers stay valid, even if a delivered event ends the
 * call. */
beluga_call *beluga__http_stage_begin_reading(beluga__http_stage *self);
void beluga__http_stage_end_reading(beluga__http_stage *self, beluga_call *call);
/* Restart the grace period if the proof of completion allows one; otherwise stop it. */
void beluga__http_stage_set_grace(beluga__http_stage *self);
/* End the call: nothing followed the finish within the grace period. */
void beluga__http_stage_grace_over(beluga__http_stage *self);

/* --- http_next.c --- */

/* Enter the phase WAITING: the answer is complete, and its decoder asked for another request. This
 * may end the call. */
void beluga__http_stage_go_on(beluga__http_stage *self);
/* Prepare for a request and its answer. `max_event` is the maximum size of a frame, and `max_body`
 * of a collected body, in bytes. Returns 0 or a code with detail. */
int beluga__http_stage_set_up(beluga__http_stage *self, size_t max_event, size_t max_body,
                              beluga_error *err);
/* Drop the last answer before the next request. Returns 0 or a code with detail. */
int beluga__http_stage_renew(beluga__http_stage *self, beluga_error *err);
/* Copy the state with which an earlier attempt sent the request that failed. */
void beluga__http_stage_take_up(beluga__http_stage *self);

/* --- http_refusal.c --- */

/* End the call with an error made from the status and the body of a refusal. */
void beluga__http_stage_refused(beluga__http_stage *self);
/* Make an error from a refusal: it has `code` and the details that the provider finds in the body.
 * `reason` is the message if the status alone explains the refusal, else NULL. */
void beluga__refusal_read(const beluga_call *call, const beluga_http_response *response, int code,
                          const char *reason, beluga_error *err);

/* --- http_frames.c --- */

/* Decode bytes of a stream. This may end the call. */
void beluga__http_stage_read_frames(beluga__http_stage *self, char *bytes, size_t n);
/* Decode the rest of a stream whose body has ended. Then end the call, or go on to its next
 * request. */
void beluga__http_stage_end_frames(beluga__http_stage *self);
/* Fail the call, since its stream ended before the answer was known to be complete. `cause` is the
 * failure that cut the body; NULL: HTTP reported none. */
void beluga__http_stage_closed_early(beluga__http_stage *self, const beluga_error *cause);

/* --- http_answer.c: the handler of a transfer that belongs to a stage ------------------------- */

extern const beluga__transfer_handler beluga__http_answer;

/* --- http_write.c --- */

typedef int (*beluga__http_encode)(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err);

/* Let a function of the provider write the request, and add the headers and body members that
 * options request. `cancels` is true if the request tells the service that the call was cancelled.
 * Returns 0, a code with detail, or BELUGA_ENCODE_NOTHING, which only encode_cancel may return. */
int beluga__http_stage_write(beluga__http_stage *self, beluga__http_encode encode, bool cancels,
                             beluga_error *err);
/* Let the provider write a request that becomes a line of a batch job: URL and body, without the
 * model's headers and key. Of the stage only `emit.call` and `request` are used. Returns 0 or a
 * code with detail. */
int beluga__http_stage_encode(beluga__http_stage *self, beluga_error *err);

#endif
