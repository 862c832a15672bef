/* The queue of replies, and the choice of a reply for a request. */
#include "peer/server.h"

#include <stdlib.h>
#include <string.h>

peer_reply *peer__reply_alloc(peer *p)
{
    peer_reply *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->owner = p;
    r->left = 1;
    r->streamed = -1;
    r->turns = 1;
    return r;
}

peer_reply *peer_reply_new(peer *p)
{
    peer_reply *r = peer__reply_alloc(p);
    if (!r) return NULL;
    pthread_mutex_lock(&p->lock);
    if (p->last)
        p->last->next = r;
    else
        p->first = r;
    p->last = r;
    pthread_mutex_unlock(&p->lock);
    return r;
}

void peer__reply_break(peer_reply *r)
{
    pthread_mutex_lock(&r->owner->lock);
    r->broken = true;
    pthread_mutex_unlock(&r->owner->lock);
}

void peer__reply_free(peer_reply *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n_steps; i++) free(r->steps[i].data);
    free(r->steps);
    free(r->path);
    free(r->model);
    free(r->route);
    free(r->body);
    free(r->answer_model);
    peer__bytes_free(&r->head);
    free(r);
}

void peer_reply_repeat(peer_reply *r, int times)
{
    if (!r) return;
    pthread_mutex_lock(&r->owner->lock);
    r->left = times;
    pthread_mutex_unlock(&r->owner->lock);
}

static void set_text(peer_reply *r, char **field, const char *text)
{
    char *copy = strdup(text);
    pthread_mutex_lock(&r->owner->lock);
    free(*field);
    *field = copy;
    if (!copy) r->broken = true;
    pthread_mutex_unlock(&r->owner->lock);
}

void peer_reply_match(peer_reply *r, const char *path_part)
{
    if (r) set_text(r, &r->path, path_part);
}

void peer_reply_match_route(peer_reply *r, const char *route)
{
    if (r) set_text(r, &r->route, route);
}

void peer_reply_match_body(peer_reply *r, const char *part)
{
    if (r) set_text(r, &r->body, part);
}

void peer_reply_match_model(peer_reply *r, const char *model)
{
    if (r) set_text(r, &r->model, model);
}

void peer_openai_model(peer_reply *r, const char *model)
{
    if (r) set_text(r, &r->answer_model, model);
}

void peer_reply_match_streamed(peer_reply *r, int streamed)
{
    if (!r) return;
    pthread_mutex_lock(&r->owner->lock);
    r->streamed = streamed != 0;
    pthread_mutex_unlock(&r->owner->lock);
}

void peer_reply_turn(peer_reply *r, unsigned turn, unsigned turns)
{
    if (!r || !turns) return;
    pthread_mutex_lock(&r->owner->lock);
    r->turn = turn;
    r->turns = turns;
    pthread_mutex_unlock(&r->owner->lock);
}

void peer_reply_last_ms(peer_reply *r, int ms)
{
    if (!r || ms < 1) return;
    pthread_mutex_lock(&r->owner->lock);
    r->lasts_ns = (uint64_t)ms * 1000000;
    pthread_mutex_unlock(&r->owner->lock);
}

static bool is_over(peer_reply *r, const request *req)
{
    if (!r->lasts_ns) return false;
    if (!r->until_ns) r->until_ns = req->time_ns + r->lasts_ns;
    return req->time_ns >= r->until_ns;
}

static bool is_route(const char *route, const request *req)
{
    size_t n = strlen(req->method);
    return strncmp(route, req->method, n) == 0 && route[n] == ' ' &&
           strcmp(route + n + 1, req->path) == 0;
}

static bool matches(peer_reply *r, const request *req)
{
    if (r->left == 0) return false;
    if (r->path && !strstr(req->path, r->path)) return false;
    if (r->body && !memmem(req->body.data, req->body.len, r->body, strlen(r->body))) return false;
    if (r->route && !is_route(r->route, req)) return false;
    if (r->model && strcmp(r->model, req->model) != 0) return false;
    if (r->streamed >= 0 && (r->streamed != 0) != req->streamed) return false;
    return r->seen++ % r->turns == r->turn && !is_over(r, req);
}

peer_reply *peer__reply_choose(peer *p, const request *req)
{
    for (peer_reply *r = p->first; r; r = r->next) {
        if (!matches(r, req)) continue;
        if (r->left > 0) r->left--;
        return r->broken ? NULL : r;
    }
    return NULL;
}
