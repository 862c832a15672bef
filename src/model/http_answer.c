/* Reads the answer of an HTTP provider. The first bytes show whether the answer is a stream or one
 * piece. An answer in one piece is collected and decoded here. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/line.h"
#include "model/body_kind.h"
#include "model/call_kind.h"
#include "model/course.h"
#include "model/http_log.h"
#include "model/http_stage.h"

/* Deliver the bytes as RAW events, if the caller asked for them. Returns false if a callback
 * cancelled the call. */
static bool hand_on(beluga__http_stage *self, const char *bytes, size_t n)
{
    if (self->raw) beluga__emit_raw(&self->emit, &self->response, bytes, n, false);
    return !beluga__http_stage_is_over(self);
}

/* --- the head --------------------------------------------------------------------------------- */

/* Returns the rate limits from the headers, or NULL if the headers have none. If memory runs out,
 * it returns NULL, too, since the answer matters more than the limits. */
static const beluga_rate_limits *read_limits(const beluga__http_stage *self)
{
    beluga_rate_limits limits, *kept = NULL;
    if (beluga__http_rate_limits(&self->response, beluga__wall_s(), &limits))
        kept = beluga__arena_alloc(&self->emit.call->arena, sizeof *kept);
    if (kept) *kept = limits;
    return kept;
}

/* Returns the request id from the headers, or NULL if the headers have none. If memory runs out,
 * it returns NULL, too, since the answer matters more than the id. */
static const char *read_request_id(const beluga__http_stage *self)
{
    char line[BELUGA__MAX_REQUEST_ID];
    const char *id = beluga__http_request_id(&self->response);
    if (!id) return NULL;
    beluga__line(line, sizeof line, id, strlen(id), BELUGA__BREAKS_ESCAPED);
    return beluga__arena_copy(&self->emit.call->arena, line, strlen(line));
}

/* Returns whether only the provider knows the framing. Then the bytes are not sniffed. */
static bool is_fixed(const beluga__http_stage *self)
{
    return beluga__framing_is_fixed(beluga__http_stage_provider(self)->framing);
}

/* Returns whether this answer is a file of batch results. (The first answer of a call for results
 * only names the files.) */
static bool is_file_of_results(const beluga__http_stage *self)
{
    return beluga__call_is_of_results(self->emit.call) && self->request.token;
}

static beluga__http_phase phase_of_body(const beluga__http_stage *self)
{
    if (beluga__call_is_answer(self->emit.call)) return BELUGA__HTTP_SNIFFING;
    return is_file_of_results(self) ? BELUGA__HTTP_STREAMING : BELUGA__HTTP_COLLECTING;
}

static void on_head(void *owner)
{
    beluga__http_stage *self = owner;
    beluga_call *call = self->emit.call;
    int status = self->response.status;
    beluga__http_phase next = phase_of_body(self);
    if (status < 200 || status >= 300) next = BELUGA__HTTP_REFUSED;
    self->emit.request_id = read_request_id(self);
    call->http_status = status;
    self->emit.rate_limits = read_limits(self);
    beluga__http_stage_enter(self, next);
    bool known = self->emit.request_id || self->emit.rate_limits || call->stands_in;
    if (known && next != BELUGA__HTTP_REFUSED) beluga__emit_head(&self->emit);
    beluga__http_log_response(beluga__http_stage_runtime(self), &self->response);
}

/* --- an answer in one piece ------------------------------------------------------------------- */

static void collect(beluga__http_stage *self, const char *bytes, size_t n)
{
    beluga_error err;
    beluga__watchdog_live(&self->dog);
    int status = beluga__buf_append(&self->response.body, bytes, n);
    /* the beginning of the body of a refusal is enough */
    if (!status || self->phase == BELUGA__HTTP_REFUSED) return;
    beluga_error_set(&err, status, "%s",
                     status == BELUGA_ERROR_LIMIT_EXCEEDED
                         ? "the answer is larger than max_response_bytes: raise that option"
                         : "no memory for the answer");
    beluga__http_stage_fail(self, status, &err);
}

/* Some servers send blank lines before an answer to show that they are working. Returns how many
 * bytes at the beginning are such blanks, which are not passed to the provider. */
static size_t blanks_before(const beluga__http_stage *self, const char *bytes, size_t n)
{
    return is_fixed(self) ? 0 : beluga__sniff_skip(bytes, n);
}

/* Decode an answer about a batch job. After a complete body the call finishes, unless the decoder
 * asked for another request. */
static int decode_job(beluga__http_stage *self, const char *text, size_t n)
{
    const beluga_batch_api *api = beluga__http_stage_provider(self)->batch;
    int status = api->decode_job(self->state, text, n, self->emit.given);
    bool ends = !status && !self->emit.failed && !beluga__course_goes_on(self->emit.call);
    return ends ? beluga_emit_finish(&self->emit, BELUGA_FINISH_STOP, NULL) : status;
}

/* Decode a list of models, vectors or a token count. */
static int decode_other(beluga__http_stage *self, const char *text, size_t n)
{
    int status = beluga__call_kind_decoder(self->emit.call)(text, n, self->emit.given);
    return status ? status : beluga_emit_finish(&self->emit, BELUGA_FINISH_STOP, NULL);
}

static int decode_body(beluga__http_stage *self)
{
    const beluga_provider *provider = beluga__http_stage_provider(self);
    const beluga__buf *body = &self->response.body;
    size_t skip = self->raw ? blanks_before(self, body->data, body->length) : 0;
    const char *text = body->data + skip;
    size_t n = body->length - skip;
    uintptr_t before = beluga__http_stage_begin_turn(self);
    int status;
    if (beluga__call_is_answer(self->emit.call))
        status = provider->decode_response(self->state, text, n, self->emit.given);
    else if (beluga__call_is_of_jobs(self->emit.call))
        status = decode_job(self, text, n);
    else
        status = decode_other(self, text, n);
    beluga__http_stage_end_turn(self, before);
    return status;
}

/* Decode a collected body as a stream: the server sent a stream although one answer was requested,
 * and the beginning of the body did not look like a stream. */
static void read_as_frames(beluga__http_stage *self, int framing)
{
    beluga__buf body = self->response.body;
    beluga__buf_init(&self->response.body, body.allocator, body.max);
    self->framer.framing = (uint32_t)framing;
    beluga__http_stage_enter(self, BELUGA__HTTP_STREAMING);
    beluga__http_stage_read_frames(self, body.data, body.length);
    if (!beluga__http_stage_is_read(self)) beluga__http_stage_end_frames(self);
    beluga__buf_free(&body);
}

/* Decode the body, which is now complete. */
static void end_collecting(beluga__http_stage *self)
{
    const beluga__buf *body = &self->response.body;
    if (!hand_on(self, body->data, body->length)) return;
    int framing = is_fixed(self) ? -1 : beluga__body_framing_of_values(body->data, body->length);
    if (framing >= 0 && beluga__http_stage_provider(self)->decode_event &&
        beluga__call_is_answer(self->emit.call)) {
        read_as_frames(self, framing);
        return;
    }
    int status = decode_body(self);
    if (beluga__http_stage_is_over(self)) return;
    if (status < 0) beluga__emit_fail(&self->emit, status, NULL);
    if (!self->emit.failed && beluga__course_goes_on(self->emit.call)) {
        beluga__http_stage_go_on(self);
        return;
    }
    if (!self->emit.failed && !self->emit.finished) {
        beluga_error err;
        beluga_error_set(&err, BELUGA_ERROR_INVALID_RESPONSE,
                         "the answer ended without its mark of completion, so it may be cut off");
        beluga__emit_fail(&self->emit, err.code, &err);
    }
    beluga__http_stage_conclude(self);
}

/* --- the body --------------------------------------------------------------------------------- */

/* Decide from the first bytes how the body is read. `over`: no more bytes will come, or no more are
 * waited for. */
static void decide(beluga__http_stage *self, const char *bytes, size_t n, bool over)
{
    static const uint8_t phases[] = {
        [BELUGA__BODY_UNKNOWN] = BELUGA__HTTP_SNIFFING,
        [BELUGA__BODY_FRAMES] = BELUGA__HTTP_STREAMING,
        [BELUGA__BODY_WHOLE] = BELUGA__HTTP_COLLECTING,
        [BELUGA__BODY_REFUSED] = BELUGA__HTTP_REFUSED,
    };
    beluga__sniffed sniffed =
        is_fixed(self) ? beluga__sniff_page(bytes, n) : beluga__sniff(bytes, n);
    if (sniffed == BELUGA__SNIFF_MORE && over)
        sniffed = n ? BELUGA__SNIFF_OTHER : BELUGA__SNIFF_NONE;
    const char *type = beluga_http_response_header(&self->response, "content-type");
    beluga__body_kind kind = beluga__body_kind_of(beluga__http_stage_provider(self), sniffed, type,
                                                  self->emit.call->streamed, &self->framer.framing);
    beluga__http_stage_enter(self, phases[kind]);
}

/* Decode bytes of a stream, except the first `skip` bytes, which are blanks or a byte order
 * mark. */
static void stream(beluga__http_stage *self, char *bytes, size_t n, size_t skip)
{
    if (skip && is_fixed(self)) skip = 0;
    if (!n || !hand_on(self, bytes, n)) return;
    if (n > skip) beluga__http_stage_read_frames(self, bytes + skip, n - skip);
}

/* Returns whether blanks before the answer are kept in the body. */
static bool keeps_blanks(const beluga__http_stage *self)
{
    return self->raw || is_fixed(self);
}

/* Decide how the body is read from its first bytes, which came in several pieces and were collected
 * until they were enough. */
static void decide_by_kept(beluga__http_stage *self, bool over)
{
    beluga__buf *body = &self->response.body, kept = *body;
    size_t skip = beluga__sniff_skip(kept.data, kept.length), n = kept.length - skip;
    decide(self, kept.data + skip, n, over || kept.length > BELUGA__MAX_SNIFFED);
    if (self->phase == BELUGA__HTTP_STREAMING) {
        beluga__buf_init(body, kept.allocator, kept.max);
        stream(self, kept.data, kept.length, skip);
        beluga__buf_free(&kept);
    } else if (skip && self->phase != BELUGA__HTTP_SNIFFING && !keeps_blanks(self)) {
        /* n + 1, to move the NUL after the body, too */
        memmove(body->data, body->data + skip, n + 1);
        body->length = n;
    }
}

static void sniff(beluga__http_stage *self, char *bytes, size_t n)
{
    bool first = !self->response.body.length;
    size_t skip = first ? beluga__sniff_skip(bytes, n) : 0;
    if (first) decide(self, bytes + skip, n - skip, false);
    size_t dropped = keeps_blanks(self) ? 0 : skip;
    if (self->phase == BELUGA__HTTP_STREAMING)
        stream(self, bytes, n, skip);
    else
        collect(self, bytes + dropped, n - dropped);
    if (!first && !beluga__http_stage_is_read(self)) decide_by_kept(self, false);
}

static void on_body(void *owner, char *bytes, size_t n)
{
    beluga__http_stage *self = owner;
    beluga_call *call = beluga__http_stage_begin_reading(self);
    beluga__http_log_body(beluga__http_stage_runtime(self), self->secrets.list, bytes, n);
    if (self->phase == BELUGA__HTTP_STREAMING)
        stream(self, bytes, n, 0);
    else if (self->phase == BELUGA__HTTP_SNIFFING)
        sniff(self, bytes, n);
    else
        collect(self, bytes, n);
    beluga__http_stage_end_reading(self, call);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Returns whether a replay ended with a code which means that the client ended the recorded call.
 * Then the server did not cut the body. */
static bool is_own_end(int code)
{
    return code == BELUGA_ERROR_CONTEXT_CANCELED || code == BELUGA_ERROR_TIMEOUT ||
           code == BELUGA_ERROR_STREAM_TIMEOUT;
}

/* Returns whether the body is a complete JSON object. Such a body is complete even if the HTTP/2
 * stream was reset without an error (RFC 9113, 8.1) or the connection was closed without a TLS
 * close_notify. */
static bool is_whole_object(const beluga__http_stage *self)
{
    const beluga__buf *body = &self->response.body;
    beluga_json_doc *doc;
    if (self->phase != BELUGA__HTTP_COLLECTING || !body->length) return false;
    if (body->data[beluga__sniff_skip(body->data, body->length)] != '{') return false;
    if (beluga_json_parse(body->data, body->length, &doc, NULL)) return false;
    beluga_json_doc_free(doc);
    return true;
}

static void body_ended(beluga__http_stage *self, int code, const beluga_error *err)
{
    bool stream = self->phase == BELUGA__HTTP_STREAMING;
    if (code && stream && beluga__http_stage_is_proven(self, BELUGA__BODY_CUT))
        beluga__http_stage_conclude(self);
    else if (code && stream && !is_own_end(code))
        beluga__http_stage_closed_early(self, err);
    else if (code == BELUGA_ERROR_NETWORK && is_whole_object(self))
        end_collecting(self);
    else if (code)
        beluga__http_stage_fail(self, code, err);
    else if (stream)
        beluga__http_stage_end_frames(self);
    else
        end_collecting(self);
}

/* Returns whether a refusal says that the file or job to be deleted does not exist. The status
 * alone is not enough: Gemini answers 403 for files that don't exist, too. */
static bool is_gone(const beluga__http_stage *self)
{
    beluga_error err;
    int status = self->response.status;
    beluga_kind_of_call kind = self->emit.call->kind;
    bool deletes = kind == BELUGA_CALL_BATCH_DELETE || kind == BELUGA_CALL_BATCH_SWEEP;
    if (!deletes || status < 400) return false;
    beluga__refusal_read(self->emit.call, &self->response, beluga_error_from_http(status), NULL,
                         &err);
    return err.code == BELUGA_ERROR_NOT_FOUND;
}

/* Treat a file that no longer exists as deleted: pass an empty body to the decoder, which then asks
 * for the next file to delete. */
static void pass_over_gone(beluga__http_stage *self)
{
    beluga__buf_clear(&self->response.body);
    end_collecting(self);
}

static void on_done(void *owner, int code, const beluga_error *err)
{
    beluga__http_stage *self = owner;
    beluga_call *call = beluga__http_stage_begin_reading(self);
    self->transfer = NULL;
    if (self->phase == BELUGA__HTTP_SNIFFING) decide_by_kept(self, true);
    if (self->phase == BELUGA__HTTP_REFUSED && is_gone(self))
        pass_over_gone(self);
    else if (self->phase == BELUGA__HTTP_REFUSED)
        beluga__http_stage_refused(self); /* the status is enough, even if the body was cut */
    /* decide_by_kept may have ended the call or this request */
    else if (!beluga__http_stage_is_read(self))
        body_ended(self, code, err);
    beluga__http_stage_end_reading(self, call);
}

const beluga__transfer_handler beluga__http_answer = {on_head, on_body, on_done};
