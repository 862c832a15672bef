/* A wire: the connection on which messages travel to an MCP server and back. stdio.c runs the
 * server as a child process, http.c reaches it by HTTP. All functions run on the loop's thread. */
#ifndef BELUGA__MCP_WIRE_H
#define BELUGA__MCP_WIRE_H

#include "base/buf.h"
#include "loop/loop.h"
#include "mcp/child.h"

#include <beluga/error.h>

typedef struct beluga__mcp_wire beluga__mcp_wire;
typedef struct beluga__mcp_request beluga__mcp_request; /* defined in link.h */

/* The place of a server: a command to run, or a URL, and how it is reached. The owner of the wire
 * owns the strings. */
typedef struct beluga__mcp_place {
    const char *name;            /* name of the server, for logs and errors */
    beluga__child_command child; /* its `command` is NULL if the server is reached by url */
    const char *url;             /* NULL: the server is a child process */
    const char *const *headers;  /* "Name: value", ended by NULL; NULL: none */
    const char *ca_file;         /* file with CA certificates; NULL: the system's */
    bool environment;            /* proxies are taken from environment variables */
} beluga__mcp_place;

/* Callbacks of the owner. The wire never calls them from inside a function of
 * beluga__mcp_wire_ops. */
typedef struct beluga__mcp_wire_events {
    /* A text with one or more messages has arrived. If it was too long, `cut` bytes at its end are
     * missing. */
    void (*message)(void *owner, const char *text, size_t n, size_t cut);
    /* One request failed, but the connection works. The wire has forgotten the request. */
    void (*failed)(void *owner, beluga__mcp_request *request, const beluga_error *err);
    /* The server no longer knows the session, so it did not handle this request. The wire has
     * forgotten the request. */
    void (*expired)(void *owner, beluga__mcp_request *request);
    /* The connection is broken, so no more messages will come. The wire is being closed. */
    void (*broke)(void *owner, const beluga_error *err);
    /* A wire that was closed or broke has stopped completely. */
    void (*closed)(void *owner);
} beluga__mcp_wire_events;

typedef struct beluga__mcp_wire_ops {
    /* Open the connection. Returns 0, or a code with detail. After a failure the wire need not be
     * closed. */
    int (*open)(beluga__mcp_wire *wire, beluga_error *err);
    /* Send a message. If the message is a request, `request` is that request, otherwise NULL.
     * Returns 0, or a code with detail; after such a failure `failed` is not called for the
     * request. */
    int (*send)(beluga__mcp_wire *wire, const char *text, size_t n, beluga__mcp_request *request,
                beluga_error *err);
    /* Forget a request that was answered or cancelled. The wire may have forgotten the request
     * already. */
    void (*drop)(beluga__mcp_wire *wire, beluga__mcp_request *request, bool answered);
    /* Close the connection; `closed` is called later. Not needed after `broke`, which closes the
     * wire itself. */
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
    const char *protocol; /* protocol revision in use; NULL: not agreed on yet */
    /* the revision has no sessions: each request contains all metadata */
    bool modern;
};

/* Make a wire that is not open, to a child process or by HTTP. Returns NULL if out of memory. */
beluga__mcp_wire *beluga__mcp_stdio_new(beluga__runtime *runtime);
beluga__mcp_wire *beluga__mcp_http_new(beluga__runtime *runtime);

#endif
