/* Answers an exchange from a file. Head, chunks and end are delivered in separate turns of the
 * loop, so that the handler sees a stream. */
#include "cassette/replay.h"

#include "base/clock.h"
#include "base/hint.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cassette/match.h"

#include <stdio.h>

typedef struct player {
    beluga__open_cassette *cassette;
    beluga_loop *loop;
    const beluga__transfer_handler *handler;
    void *owner;
    beluga_http_response *response;
    beluga__recording recording;
    const beluga_json *chunks, *chunk; /* `chunk` is the next chunk; NULL: no chunk is left */
    beluga__buf bytes;                 /* bytes of the chunk that is being delivered */
    beluga__task task;
    beluga__timer timer;
    bool told_head;
    bool paused, waits; /* waits: the next delivery was due during the pause */
    bool inside;        /* the handler is running */
    bool dead;          /* the handler ended the exchange while it ran */
} player;

/* Returns the player that a caller uses as an opaque transfer. */
static player *player_of(beluga__transfer *transfer)
{
    return (player *)(void *)transfer;
}

static void free_player(player *p)
{
    beluga__task_cancel(&p->task);
    beluga__timer_clear(p->loop, &p->timer);
    beluga__recording_free(&p->recording);
    beluga__buf_free(&p->bytes);
    beluga__release(&p->cassette->runtime->allocator, p);
}

/* --- scheduling the next delivery ------------------------------------------------------------- */

static void plan(player *p)
{
    bool head = !p->told_head && p->recording.response;
    const beluga_json *next = head ? p->recording.response : p->chunk ? p->chunk : p->recording.end;
    int64_t ms = p->cassette->realtime ? beluga_json_get_int(next, "after_ms", 0) : 0;
    if (ms > 0)
        p->loop->ops->timer_set(p->loop, &p->timer, beluga__ends_ns(ms));
    else
        p->loop->ops->defer(p->loop, &p->task);
}

/* --- delivering ------------------------------------------------------------------------------- */

static void end_with(player *p, int code, const beluga_error *err)
{
    const beluga__transfer_handler *handler = p->handler;
    void *owner = p->owner;
    free_player(p);
    handler->done(owner, code, err);
}

static int fill_head(player *p)
{
    char line[32];
    const beluga_json *response = p->recording.response,
                      *headers = beluga_json_get(response, "headers");
    bool until_close = beluga_json_bool(beluga_json_get(response, "until_close"), false);
    int n = snprintf(line, sizeof line, "HTTP/%s %d", until_close ? "1.1" : "2",
                     (int)beluga_json_get_int(response, "status", 0));
    int status = beluga__http_response_add_line(p->response, line, (size_t)n);
    for (const beluga_json *h = beluga_json_first(headers); h && !status;
         h = beluga_json_next(headers, h)) {
        size_t length;
        const char *text = beluga_json_string(h, &length);
        status = beluga__http_response_add_line(p->response, text, length);
    }
    return status;
}

static void tell_end(player *p)
{
    const beluga_json *end = p->recording.end;
    beluga_error err;
    if (p->recording.ending == BELUGA__END_FAILED) {
        const char *message = beluga_json_get_string(end, "message", NULL);
        const char *cause = beluga_json_get_string(end, "cause", NULL);
        int code = beluga_error_code_from_name(beluga_json_get_string(end, "error", NULL));
        beluga_error_set(&err, code, "%s", message ? message : beluga_error_text(code));
        if (cause) beluga_error_set_cause(&err, cause, strlen(cause));
        err.retryable = beluga_json_bool(beluga_json_get(end, "retryable"), err.retryable);
        beluga__hint_set_not_running(&err,
                                     beluga_json_bool(beluga_json_get(end, "not_running"), false));
    } else
        beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED,
                         "the call was cancelled when it was recorded");
    bool complete = p->recording.ending < BELUGA__END_CANCELLED;
    end_with(p, complete ? 0 : err.code, complete ? NULL : &err);
}

/* End a delivery. If the handler ended the exchange while it ran, the player is freed only now: the
 * handler could still read the bytes. */
static void leave(player *p)
{
    p->inside = false;
    if (p->dead)
        free_player(p);
    else
        plan(p);
}

static void tell_head(player *p)
{
    p->told_head = true;
    int status = fill_head(p);
    if (status) {
        beluga_error err;
        beluga_error_set(&err, status, "the recorded headers can't be used: %s",
                         beluga_error_text(status));
        end_with(p, status, &err);
        return;
    }
    p->inside = true;
    p->handler->head(p->owner);
    leave(p);
}

static void tell_chunk(player *p)
{
    beluga_error err;
    int status = beluga__recording_bytes(&p->recording, p->chunk, "a chunk", &p->bytes, &err);
    p->chunk = beluga_json_next(p->chunks, p->chunk);
    if (status) {
        end_with(p, status, &err);
        return;
    }
    p->inside = true;
    if (p->bytes.length) p->handler->body(p->owner, p->bytes.data, p->bytes.length);
    leave(p);
}

static void tell(player *p)
{
    p->waits = p->paused;
    if (p->paused) return;
    if (!p->told_head && p->recording.response)
        tell_head(p);
    else if (p->chunk)
        tell_chunk(p);
    else
        tell_end(p);
}

static void turn_came(beluga__task *task)
{
    tell(beluga__container_of(task, player, task));
}

static void time_came(beluga__timer *timer)
{
    tell(beluga__container_of(timer, player, timer));
}

/* --- starting --------------------------------------------------------------------------------- */

/* The request that was sent, in the form in which it is compared with recordings. */
typedef struct sent {
    beluga__buf url, body;
    beluga__json_scratch scratch;
} sent;

static int describe(sent *s, const beluga__transfer_spec *spec, beluga__asked *asked)
{
    const beluga_json *json = NULL;
    int status = beluga__cassette_scrub_url(&s->url, spec->request->url.data, spec->secrets);
    if (!status && spec->request->has_body)
        status = beluga__buf_append(&s->body, spec->request->body.data, spec->request->body.length);
    if (status) return status;
    if (s->body.length) beluga__secrets_mask(spec->secrets, s->body.data, s->body.length);
    bool container = s->body.length && strchr("{[", *s->body.data);
    if (container)
        status = beluga__json_scratch_parse(&s->scratch, s->body.data, s->body.length, &json, NULL);
    *asked =
        (beluga__asked){spec->request->method, s->url.data, json, s->body.data, s->body.length};
    return status == BELUGA_ERROR_NO_MEMORY ? status : 0;
}

static int match(player *p, const beluga__transfer_spec *spec, beluga_error *err)
{
    const beluga_allocator *allocator = &p->cassette->runtime->allocator;
    beluga__asked asked;
    sent s;
    beluga__buf_init(&s.url, allocator, BELUGA__MAX_CASSETTE_BODY);
    beluga__buf_init(&s.body, allocator, BELUGA__MAX_REQUEST_BYTES);
    beluga__json_scratch_init(&s.scratch, allocator);
    int status = describe(&s, spec, &asked);
    if (status)
        beluga_error_set(err, status, "no memory to look for a recording");
    else
        status = beluga__cassette_match(p->cassette, &asked, &p->recording, err);
    beluga__buf_free(&s.url);
    beluga__buf_free(&s.body);
    beluga__json_scratch_free(&s.scratch);
    return status;
}

static int transfer_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                          beluga__transfer **out, beluga_error *err)
{
    beluga__open_cassette *cassette = beluga__cassette_of(loop);
    player *p = beluga__zalloc(&cassette->runtime->allocator, sizeof *p);
    if (!p) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    p->cassette = cassette;
    p->loop = loop;
    p->handler = spec->handler;
    p->owner = spec->owner;
    p->response = spec->response;
    p->task.run = turn_came;
    p->timer.fire = time_came;
    beluga__buf_init(&p->bytes, &cassette->runtime->allocator, BELUGA__MAX_CASSETTE_FILE);
    beluga__json_scratch_init(&p->recording.scratch, &cassette->runtime->allocator);
    int status = match(p, spec, err);
    if (status) {
        free_player(p);
        return status;
    }
    *spec->random = p->recording.random;
    p->chunks = beluga_json_get(p->recording.response, "chunks");
    p->chunk = beluga_json_first(p->chunks);
    plan(p);
    *out = (beluga__transfer *)(void *)p;
    return 0;
}

static void transfer_cancel(beluga__transfer *transfer, const beluga_error *why)
{
    player *p = player_of(transfer);
    (void)why;
    if (p->inside)
        p->dead = true;
    else
        free_player(p);
}

static void transfer_finish(beluga__transfer *transfer)
{
    transfer_cancel(transfer, NULL);
}

static void transfer_pause(beluga__transfer *transfer, bool paused)
{
    player *p = player_of(transfer);
    p->paused = paused;
    if (paused || !p->waits) return;
    p->waits = false;
    p->loop->ops->defer(p->loop, &p->task);
}

void beluga__replay_set_ops(beluga__loop_ops *ops)
{
    ops->transfer_start = transfer_start;
    ops->transfer_cancel = transfer_cancel;
    ops->transfer_finish = transfer_finish;
    ops->transfer_pause = transfer_pause;
}
