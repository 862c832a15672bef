/* Keeps the bytes that wait to be sent on a connection. Their memory is freed as soon as all are
 * sent. */
#include "serve/http_connection.h"

#include <errno.h>
#include <sys/uio.h>

/* At most this number of bytes is copied behind the queued bytes. Passing them to the kernel as a
 * second block would take more time than the copy. */
enum { COPY_BYTES = 4096 };

void http_touch(http_connection *c)
{
    http_server *s = c->server;
    if (c->is_touched) return;
    c->is_touched = true;
    c->next_touched = NULL;
    if (s->last_touched)
        s->last_touched->next_touched = c;
    else
        s->first_touched = c;
    s->last_touched = c;
    reactor_defer(s->reactor, &s->turn_ends);
}

void http_queue(http_connection *c, const void *bytes, size_t length)
{
    http_touch(c);
    if (c->is_dead) return;
    /* Sent bytes are dropped only when they are most of the buffer, so each byte is moved at most
     * once. */
    if (c->out_sent > c->out.length / 2) {
        beluga__buf_consume(&c->out, c->out_sent);
        c->out_sent = 0;
    }
    if (beluga__buf_append(&c->out, bytes, length) != 0) c->is_dead = true;
}

static void sent(http_connection *c, size_t n)
{
    c->out_sent += n;
    c->moved = true;
    if (http_unsent(c)) return;
    beluga__buf_free(&c->out);
    c->out_sent = 0;
}

void http_send(http_connection *c, const void *bytes, size_t length)
{
    http_touch(c);
    if (length <= COPY_BYTES) {
        http_queue(c, bytes, length);
        length = 0;
    }
    size_t unsent = http_unsent(c);
    if (c->is_dead || unsent + length == 0) return;
    struct iovec parts[2] = {{c->out.data + c->out_sent, unsent},
                             {(void *)(uintptr_t)bytes, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = length ? 2 : 1};
    ssize_t n = sendmsg(c->watch.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
        c->is_dead = true;
        return;
    }
    size_t taken = n < 0 ? 0 : (size_t)n;
    size_t of_bytes = taken > unsent ? taken - unsent : 0;
    if (taken) sent(c, taken - of_bytes);
    if (of_bytes < length) http_queue(c, (const char *)bytes + of_bytes, length - of_bytes);
}
