/* Receives bytes from libcurl: the header lines and the body of an answer. */
#include "transport/http_transfer.h"

size_t beluga__transfer_on_header(char *line, size_t size, size_t n, void *userdata)
{
    beluga__transfer *t = userdata;
    size_t length = size * n, trimmed = length;
    if (!t->handler) return t->draining ? length : 0;
    while (trimmed && (line[trimmed - 1] == '\n' || line[trimmed - 1] == '\r')) trimmed--;
    t->head_ended = trimmed == 0 || t->head_told;
    if (t->head_ended) return length;
    t->refusal = beluga__http_response_add_line(t->response, line, trimmed);
    return t->refusal ? 0 : length;
}

void beluga__transfer_tell_head(beluga__transfer *t)
{
    if (t->head_told || !t->handler) return;
    t->head_told = true;
    t->handler->head(t->owner);
}

/* Returns whether bytes may be delivered now. libcurl reads a connection until it is empty, so
 * bytes above the limit of this step, or above the share of one transfer, are left in libcurl until
 * a later step. */
static bool has_room(const beluga__network_loop *loop, size_t n)
{
    bool in_turn = !loop->turn_bytes || loop->turn_bytes + n <= loop->share;
    return in_turn && beluga__loop_has_room(loop, n);
}

size_t beluga__transfer_on_body(char *bytes, size_t size, size_t n, void *userdata)
{
    beluga__transfer *t = userdata;
    size_t length = size * n;
    if (t->draining) {
        bool enough = length > BELUGA__DRAIN_BYTES - t->drained;
        if (!enough) t->drained += (uint32_t)length;
        return enough ? 0 : length;
    }
    if (t->paused) return CURL_WRITEFUNC_PAUSE;
    if (!has_room(t->http->loop, length)) {
        beluga__transfer_resume_later(t);
        return CURL_WRITEFUNC_PAUSE;
    }
    beluga__transfer_tell_head(t);
    if (!t->handler) return t->draining ? length : 0;
    t->http->loop->step_bytes += length;
    t->http->loop->turn_bytes += length;
    t->handler->body(t->owner, bytes, length);
    /* If the transfer was cancelled meanwhile, return 0: libcurl takes that for an error and ends
     * the transfer. */
    return t->handler || t->draining ? length : 0;
}
