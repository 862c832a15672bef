/* The memory of a request, and the functions with which its handler reads it. */
#include "serve/http_connection.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIRST_ROOM = 512 }; /* enough for most heads, which then need not be moved when they grow */

static const beluga_allocator *memory(void)
{
    return beluga_allocator_default();
}

http_exchange *http_exchange_new(http_connection *c)
{
    http_exchange *x = calloc(1, sizeof *x);
    if (!x) return NULL;
    const http_limits *limits = c->server->limits;
    x->c = c;
    x->began_ns = reactor_now_ns(c->server->reactor);
    x->max_body = limits->max_body_bytes;
    beluga__buf_init(&x->head, memory(), 2 * (size_t)limits->max_head_bytes + 64);
    beluga__buf_reserve(&x->head, FIRST_ROOM);
    beluga__buf_init(&x->body, memory(), SIZE_MAX / 2);
    beluga__buf_init(&x->added, memory(), HTTP_MAX_ADDED_BYTES);
    return x;
}

void http_exchange_free(http_exchange *x)
{
    beluga__buf_free(&x->head);
    beluga__buf_free(&x->body);
    beluga__buf_free(&x->added);
    free(x->fields);
    free(x);
}

bool http_add_field(http_exchange *x)
{
    if (x->n_fields == x->fields_capacity) {
        uint32_t capacity = x->fields_capacity ? 2 * x->fields_capacity : 16;
        http_field *fields = realloc(x->fields, capacity * sizeof *fields);
        if (!fields) return false;
        x->fields = fields;
        x->fields_capacity = capacity;
    }
    x->fields[x->n_fields++] = (http_field){.name = (uint32_t)x->head.length};
    return true;
}

const char *http_method(const http_exchange *x)
{
    return x->head.data;
}

const char *http_path(const http_exchange *x)
{
    return x->path ? x->head.data + x->path : "";
}

const char *http_query(const http_exchange *x)
{
    return x->query ? x->head.data + x->query : "";
}

const char *http_header(const http_exchange *x, const char *name)
{
    for (uint32_t i = 0; i < x->n_fields; i++)
        if (strcasecmp(x->head.data + x->fields[i].name, name) == 0)
            return x->head.data + x->fields[i].value;
    return NULL;
}

bool http_header_at(const http_exchange *x, size_t index, const char **name, const char **value)
{
    if (index >= x->n_fields) return false;
    *name = x->head.data + x->fields[index].name;
    *value = x->head.data + x->fields[index].value;
    return true;
}

const char *http_body(const http_exchange *x, size_t *length)
{
    *length = x->body.length;
    return x->body.data;
}

char *http_take_body(http_exchange *x, size_t *length)
{
    return beluga__buf_steal(&x->body, length);
}

const char *http_peer(const http_exchange *x)
{
    http_connection *c = x->c;
    char *text = c->peer_text; /* filled at the first call */
    char address[INET6_ADDRSTRLEN] = "";
    if (*text) return text;
    if (c->peer.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &c->peer.v4.sin_addr, address, sizeof address);
        snprintf(text, sizeof c->peer_text, "%s:%u", address, ntohs(c->peer.v4.sin_port));
    } else if (c->peer.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &c->peer.v6.sin6_addr, address, sizeof address);
        snprintf(text, sizeof c->peer_text, "[%s]:%u", address, ntohs(c->peer.v6.sin6_port));
    } else {
        snprintf(text, sizeof c->peer_text, "unix");
    }
    return text;
}

int64_t http_began_ns(const http_exchange *x)
{
    return x->began_ns;
}

void http_set_max_body(http_exchange *x, uint64_t bytes)
{
    x->max_body = bytes;
}

void http_set_user(http_exchange *x, void *user)
{
    x->user = user;
}

void *http_user(const http_exchange *x)
{
    return x->user;
}

bool http_has_started(const http_exchange *x)
{
    return x->status != 0;
}

int http_status(const http_exchange *x)
{
    return x->status;
}

uint64_t http_bytes_sent(const http_exchange *x)
{
    return x->bytes_sent;
}
