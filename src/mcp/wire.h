/* How messages get to a tool server and back: stdio.c runs the server as a child process, http.c
 * talks to it by HTTP. All functions run on the thread of the loop. */
#ifndef BELUGA__MCP_WIRE_H
#define BELUGA__MCP_WIRE_H

#include "base/buf.h"
#include "loop/loop.h"
#include "mcp/child.h"

#include <beluga/error.h>

typedef struct beluga__mcp_wire beluga__mcp_wire;
typedef struct beluga__mcp_request beluga__mcp_request; /* link.h */

/* Where a server is, and what a connection needs; the owner of a wire has the texts. */
typedef struct beluga__mcp_place {
    const char *name;            /* of the server, for logs and errors */
    beluga__child_command child; /* command NULL: it is reached by url */
    const char *url;             /* NULL: it is a child process */
    const char *const *headers;  /* "Name: value", ended by NULL; NULL: none */
    const char *ca_file;         /* certificates of a service; NULL: the system's */
    bool environment;            /* variables name proxies */
} beluga__mcp_place;

/* The calls that a wire makes to its owner, never inside a function of the wire. */
typedef struct beluga__mcp_wire_events {
    /* One or more messages came as one text. `cut` bytes of it did not fit. */
    void (*message)(void *owner, const char *text, size_t n, size_t cut);
    /* One request failed, the connection did not. The wire has forgotten the request. */
    void (*failed)(void *owner, beluga__mcp_request *request, const beluga_error *err);
    /* The server does not know the session any more, and did not look at the request, which the
     * wire has forgotten. */
    void (*expired)(void *owner, beluga__mcp_request *request);
    /* The connection is broken; no more messages come. The wire is being closed. */
    void (*broke)(void *owner, const beluga_error *err);
    /* A wire that was closed or broke has let go of everything. */
    void (*closed)(void *owner);
} beluga__mcp_wire_events;

typedef struct beluga__mcp_wire_ops {
    /* Begin. Returns 0, or a code with detail; then nothing has to be closed. */
    int (*open)(beluga__mcp_wire *wire, beluga_error *err);
    /* Send a message; `request` is the one that it is, NULL for any other message. Returns 0, or a
     * code with detail: the request has failed then, and `failed` is not called for it. */
    int (*send)(beluga__mcp_wire *wire, const char *text, size_t n, beluga__mcp_request *request,
                beluga_error *err);
    /* Forget a request, which was answered, or of which the answer is not wanted. It may be one
     * that the wire has forgotten. */
    void (*drop)(beluga__mcp_wire *wire, beluga__mcp_request *request, bool answered);
    /* End the connection; `closed` is called later. A wire that broke is closed already. */
    void (*close)(beluga__mcp_wire *wire);
    /* Free the memory of a wire that is not open. */
    void (*free)(beluga__mcp_wire *wire);
} beluga__mcp_wire_ops;

struct beluga__mcp_wire {
    const beluga__mcp_wire_ops *ops;
    const beluga__mcp_wire_events *events;
    void *owner;
    beluga_loop *loop;
    beluga__runtime *runtime;
    const beluga__mcp_place *place;
    const char *protocol; /* the revision that is spoken; NULL: none is agreed on yet */
    bool modern;          /* requests tell all about themselves; else there is a session */
};

/* Make a wire that is not open, to a child process or to a service. Returns NULL without memory. */
beluga__mcp_wire *beluga__mcp_stdio_new(beluga__runtime *runtime);
beluga__mcp_wire *beluga__mcp_http_new(beluga__runtime *runtime);

#endif
