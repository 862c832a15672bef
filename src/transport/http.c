/* HTTP by libcurl: the multi interface driven by sockets, with one multi handle for each loop.
 *
 * libcurl forbids adding and removing transfers inside its callbacks, and most of our code runs in
 * those callbacks. So a transfer that starts or ends in a callback is put on a list and handled
 * when libcurl has returned. The number of concurrent transfers is limited by the callers and not
 * by libcurl, whose queue of transfers to one server takes quadratic time. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "loop/rooms.h"
#include "transport/http_transfer.h"

/* --- ending a transfer ------------------------------------------------------------------------ */

/* Remove a transfer from libcurl. Never call this inside one of libcurl's callbacks. */
static void end_transfer(beluga__transfer *t)
{
    beluga__http *http = t->http;
    beluga__list_remove(&t->node);
    http->n_draining -= t->draining;
    http->loop->base.ops->timer_clear(&http->loop->base, &t->drain);
    if (t->added) {
        beluga__sockets_drop_unconnected(t);
        t->added = false;
        http->in_curl = true;
        curl_multi_remove_handle(http->multi, t->easy);
        http->in_curl = false;
    }
    /* the body may be freed before the handle is used again */
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
    if (t->renamed) curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, NULL);
    beluga__room_keep(&http->loop->base, BELUGA__ROOM_REQUEST, &t->body);
    beluga__transfer_keep(t);
}

static void end_soon(beluga__transfer *t)
{
    t->handler = NULL;
    if (!t->http->in_curl) {
        end_transfer(t);
        return;
    }
    beluga__transfer_move(t, &t->http->to_end);
    t->http->due = true;
}

/* --- starting --------------------------------------------------------------------------------- */

static int add_now(beluga__transfer *t)
{
    beluga__http *http = t->http;
    t->stops = http->loop->base.stops;
    http->in_curl = true;
    bool added = beluga__transfer_set_up(t) && !curl_multi_add_handle(http->multi, t->easy);
    http->in_curl = false;
    beluga__transfer_move(t, &http->transfers);
    t->added = http->fresh = added;
    return t->added ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *userp)
{
    (void)multi;
    beluga__http *http = userp;
    beluga_loop *loop = &http->loop->base;
    http->due = http->due || timeout_ms == 0;
    if (timeout_ms > 0)
        loop->ops->timer_set(loop, &http->timer,
                             beluga__now_ns() + (int64_t)timeout_ms * BELUGA__NS_PER_MS);
    else
        loop->ops->timer_clear(loop, &http->timer);
    return 0;
}

static void timer_fired(beluga__timer *timer)
{
    beluga__http *http = beluga__container_of(timer, beluga__http, timer);
    http->due = true;
    beluga__http_step(http);
}

static int http_new(beluga__network_loop *loop)
{
    if (loop->http) return 0;
    if (!beluga__curl_begin()) return BELUGA_ERROR_NO_MEMORY;
    int status = beluga__loop_poller(loop);
    if (status) return status;
    beluga__http *http = beluga__zalloc(&loop->base.runtime->allocator, sizeof *http);
    if (!http || !(http->multi = curl_multi_init())) {
        beluga__release(&loop->base.runtime->allocator, http);
        return BELUGA_ERROR_NO_MEMORY;
    }
    http->loop = loop;
    http->timer.fire = timer_fired;
    beluga__list *lists[] = {&http->transfers, &http->to_start,  &http->to_end,
                             &http->to_fail,   &http->to_resume, &http->spare};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) beluga__list_init(lists[i]);
    beluga__sockets_init(http);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, beluga__socket_changed);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    loop->http = http;
    return 0;
}

/* Take over the request's body. A call's memory may be freed while its transfer still drains, so
 * the body is copied unless its memory has the loop's allocator or is secret memory. */
static int take_body(beluga__transfer *t, beluga_http_request *request)
{
    const beluga_allocator *own = &t->http->loop->base.runtime->allocator;
    beluga__buf *body = &request->body;
    if (body->allocator == own || body->allocator == beluga__secret_allocator()) {
        t->body = *body;
        beluga__buf_init(body, t->body.allocator, t->body.max);
        return 0;
    }
    beluga__buf_init(&t->body, own, body->max);
    return beluga__buf_append(&t->body, body->data, body->length);
}

static beluga__transfer *new_transfer(beluga__http *http, const beluga__transfer_spec *spec)
{
    beluga_http_request *request = spec->request;
    beluga__transfer *t = beluga__transfer_take(http);
    if (!t) return NULL;
    t->handler = spec->handler;
    t->owner = spec->owner;
    t->response = spec->response;
    t->request = request;
    t->start_ns = beluga__now_ns() - http->loop->base.unpolled_ns;
    t->connect_timeout_ms =
        spec->connect_timeout_ms < INT32_MAX ? (int32_t)spec->connect_timeout_ms : INT32_MAX;
    t->connection = spec->connection;
    t->tried[0] = t->tried[1] = -1;
    t->streamed = spec->streamed;
    t->once = spec->once;
    if (beluga__transfer_write_headers(t, request) && !take_body(t, request)) return t;
    beluga__transfer_keep(t);
    return NULL;
}

int beluga__http_transfer_start(beluga_loop *base, const beluga__transfer_spec *spec,
                                beluga__transfer **out, beluga_error *err)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    int status = http_new(loop);
    beluga__transfer *t = status ? NULL : new_transfer(loop->http, spec);
    if (!t)
        return beluga_error_set(
            err, status ? status : BELUGA_ERROR_NO_MEMORY, "no %s for the request",
            status == BELUGA_ERROR_LIMIT_EXCEEDED ? "file descriptors (see ulimit -n)" : "memory");
    *out = t;
    /* A transfer that drains may soon release its connection for reuse, so its bytes are read
     * before the new transfer starts. */
    bool later = loop->http->in_curl || loop->http->n_draining;
    if (later)
        beluga__list_append(&loop->http->to_start, &t->node);
    else if ((status = add_now(t))) {
        *out = NULL;
        end_transfer(t);
        return beluga_error_set(err, status, "the request can't be started");
    }
    loop->http->due = loop->http->due || later;
    beluga__loop_wake(loop);
    return 0;
}

/* --- ending ----------------------------------------------------------------------------------- */

void beluga__http_transfer_cancel(beluga__transfer *t, const beluga_error *why)
{
    (void)why;
    end_soon(t);
}

static void drained(beluga__timer *timer)
{
    end_soon(beluga__container_of(timer, beluga__transfer, drain));
}

void beluga__http_transfer_finish(beluga__transfer *t)
{
    beluga_loop *loop = &t->http->loop->base;
    curl_off_t sent = 0;
    if (t->added) curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    /* If the server answered before it received the whole request, sending the rest may take long,
     * so such a transfer is not drained. */
    if (!t->added || t->paused || sent < (curl_off_t)t->body.length) {
        end_soon(t);
        return;
    }
    t->handler = NULL;
    t->draining = true;
    t->http->n_draining++;
    t->response = NULL;
    t->drain.fire = drained;
    loop->ops->timer_set(loop, &t->drain,
                         beluga__now_ns() + (int64_t)BELUGA__DRAIN_MS * BELUGA__NS_PER_MS);
}

void beluga__http_transfer_pause(beluga__transfer *t, bool paused)
{
    if (t->paused == paused) return;
    t->paused = paused;
    if (paused) {
        /* If libcurl is running now, the next callback for body bytes pauses the transfer. */
        if (t->added && !t->http->in_curl) curl_easy_pause(t->easy, CURLPAUSE_RECV);
        return;
    }
    if (!t->added) return;
    /* curl_easy_pause at once delivers the bytes that libcurl has buffered, so the transfer is
     * resumed only in the next step. */
    beluga__transfer_resume_later(t);
    beluga__loop_wake(t->http->loop);
}

bool beluga__http_holds(const beluga__http *http)
{
    return http && !beluga__list_empty(&http->to_resume);
}

void beluga__http_resume(beluga__http *http)
{
    while (beluga__http_holds(http) && beluga__loop_has_room(http->loop, BELUGA__READ_BYTES)) {
        beluga__transfer *t = beluga__container_of(http->to_resume.next, beluga__transfer, node);
        beluga__transfer_move(t, &http->transfers);
        if (t->paused) continue;
        http->loop->turn_bytes = 0;
        http->in_curl = true;
        CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
        http->in_curl = false;
        if (code != CURLE_OK && t->handler) beluga__transfer_fail_later(t, BELUGA_ERROR_NO_MEMORY);
    }
}

/* Returns whether libcurl gave up connecting only because the process or the machine was suspended:
 * libcurl checks its clock before the socket, so it counts that time. No byte of the request was
 * sent yet. */
static bool was_stopped(const beluga__transfer *t, CURLcode code)
{
    const beluga_loop *loop = &t->http->loop->base;
    return code == CURLE_OPERATION_TIMEDOUT && t->handler && t->stops != loop->stops &&
           beluga__loop_active_ns(loop) - t->start_ns <
               (int64_t)t->connect_timeout_ms * BELUGA__NS_PER_MS;
}

/* Connect again from the beginning. Returns false if memory runs out. */
static bool connect_again(beluga__transfer *t)
{
    beluga__http *http = t->http;
    beluga__sockets_drop_unconnected(t);
    http->in_curl = true;
    curl_multi_remove_handle(http->multi, t->easy);
    http->in_curl = false;
    t->added = false;
    *t->errors = '\0';
    return add_now(t) == 0;
}

static void finished(beluga__transfer *t, CURLcode code)
{
    if (was_stopped(t, code) && connect_again(t)) return;
    beluga__http *http = t->http;
    const beluga__transfer_handler *handler = t->handler;
    void *owner = t->owner;
    beluga_error err;
    int status = 0;
    if (handler) {
        status = beluga__transfer_explain(t, code, &err);
        /* Delivering the head may end the call, so the transfer is ended only afterwards. */
        http->in_curl = true;
        if (!status || t->response->status) beluga__transfer_tell_head(t);
        http->in_curl = false;
        if (!t->handler) handler = NULL;
    }
    end_transfer(t);
    if (handler) handler->done(owner, status, status ? &err : NULL);
}

static void collect(beluga__http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        beluga__transfer *t = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        if (t) finished(t, code);
    }
}

/* Fail all transfers of the loop: libcurl may have lost the socket or the timer of any of them,
 * which would then never end. */
static void fail_all(beluga__http *http)
{
    beluga__list *lists[] = {&http->transfers, &http->to_resume};
    http->lost = false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        while (!beluga__list_empty(lists[i]))
            beluga__transfer_fail_later(
                beluga__container_of(lists[i]->next, beluga__transfer, node),
                BELUGA_ERROR_NO_MEMORY);
}

static void end_waiting(beluga__http *http)
{
    while (!beluga__list_empty(&http->to_end))
        end_transfer(beluga__container_of(http->to_end.next, beluga__transfer, node));
}

bool beluga__http_is_fresh(const beluga__http *http)
{
    return http && http->fresh && !http->n_draining;
}

bool beluga__http_due(const beluga__http *http)
{
    return http && (http->due || !beluga__list_empty(&http->to_start) || beluga__http_holds(http));
}

void beluga__http_step(beluga__http *http)
{
    http->fresh = false;
    end_waiting(http);
    while (!beluga__list_empty(&http->to_start)) {
        beluga__transfer *t = beluga__container_of(http->to_start.next, beluga__transfer, node);
        if (add_now(t)) finished(t, CURLE_OUT_OF_MEMORY);
    }
    if (http->due) {
        http->due = false;
        beluga__http_act(http, CURL_SOCKET_TIMEOUT, 0);
    }
    collect(http);
    if (http->lost) fail_all(http);
    while (!beluga__list_empty(&http->to_fail))
        finished(beluga__container_of(http->to_fail.next, beluga__transfer, node),
                 CURLE_OUT_OF_MEMORY);
    end_waiting(http);
}

void beluga__http_free(beluga__http *http)
{
    if (!http) return;
    beluga__list *lists[] = {&http->transfers, &http->to_start, &http->to_end, &http->to_fail,
                             &http->to_resume};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        while (!beluga__list_empty(lists[i]))
            end_transfer(beluga__container_of(lists[i]->next, beluga__transfer, node));
    beluga__transfers_free_spare(http);
    curl_multi_cleanup(http->multi);
    beluga__sockets_free(http);
    http->loop->base.ops->timer_clear(&http->loop->base, &http->timer);
    beluga__release(&http->loop->base.runtime->allocator, http);
}
