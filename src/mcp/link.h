/* The requests to an MCP server over a wire: ids, answers, timeouts, and the server's own requests.
 * All functions run on the loop's thread. */
#ifndef BELUGA__MCP_LINK_H
#define BELUGA__MCP_LINK_H

#include "base/json.h"
#include "base/list.h"
#include "mcp/rpc.h"
#include "mcp/wire.h"

/* How a request ended. */
typedef struct beluga__mcp_answer {
    int status; /* 0, or a code with detail in `err` */
    const beluga_error *err;
    const beluga_json *result; /* set if status is 0; valid until the next parse */
    /* the error code that the server sent; 0: the error is not the server's */
    int64_t fault;
} beluga__mcp_answer;

struct beluga__mcp_request {
    beluga__list node;
    int64_t id;         /* 0: not sent yet, since the link is not ready */
    const char *method; /* name of the method; static */
    const char *tool;   /* name of the tool that is called; NULL: the request is not a tool call */
    /* Writes the members of "params"; NULL: there are none. */
    void (*write)(beluga__mcp_request *request, beluga_json_writer *w);
    /* Called once, after the link has forgotten the request. */
    void (*done)(beluga__mcp_request *request, const beluga__mcp_answer *answer);
    int64_t deadline_ns; /* INT64_MAX: no deadline */
    bool wants_progress;
    bool held;      /* the request was sent, and waits to be sent once more */
    void *exchange; /* used by the wire only */
};

typedef struct beluga__mcp_link {
    beluga_loop *loop;
    beluga__runtime *runtime;
    beluga__mcp_wire *wire;
    const char *name;      /* name of the server */
    beluga__list requests; /* requests that were sent, or wait until the link is ready */
    size_t n_requests;
    beluga__timer late; /* set to the earliest deadline of the requests */
    int64_t last_id;
    bool ready;      /* requests are sent at once; otherwise they wait */
    bool junk_told;  /* it was logged that the server prints text that is not a message */
    bool stray_told; /* it was logged that the server sent an answer without a request */
    void (*noticed)(struct beluga__mcp_link *link); /* called when the list of tools has changed */
    /* called when the server has answered a request */
    void (*answered)(struct beluga__mcp_link *link);
} beluga__mcp_link;

void beluga__mcp_link_init(beluga__mcp_link *link, beluga_loop *loop, beluga__runtime *runtime,
                           beluga__mcp_wire *wire, const char *name);
/* Send a request. If the link is not ready and `waits` is true, it is sent later; its deadline
 * applies while it waits, too. Returns 0, or a code with detail; after such a failure `done` is not
 * called. */
int beluga__mcp_link_ask(beluga__mcp_link *link, beluga__mcp_request *request, bool waits,
                         beluga_error *err);
/* Send a notification without parameters. */
void beluga__mcp_link_notify(beluga__mcp_link *link, const char *method);
/* Forget a request without calling `done`, and tell the server that it is cancelled. */
void beluga__mcp_link_drop(beluga__mcp_link *link, beluga__mcp_request *request);
/* Give a request an earlier deadline. */
void beluga__mcp_link_hasten(beluga__mcp_link *link, beluga__mcp_request *request,
                             int64_t deadline_ns);
/* Send the requests that waited until the link was ready. */
void beluga__mcp_link_release(beluga__mcp_link *link);
/* Fail the requests that were sent, and, if `all` is true, also the requests that wait until the
 * link is ready. */
void beluga__mcp_link_fail(beluga__mcp_link *link, const beluga_error *err, bool all);

/* Keep a request that was sent already. It is sent once more when the link is ready again. */
void beluga__mcp_link_hold(beluga__mcp_link *link, beluga__mcp_request *request);

/* The following functions are called for events of the wire. */
void beluga__mcp_link_message(beluga__mcp_link *link, const char *text, size_t n, size_t cut);
void beluga__mcp_link_failed(beluga__mcp_link *link, beluga__mcp_request *request,
                             const beluga_error *err);

/* Returns whether the request is in the list of a link: it was sent, or waits to be sent. */
static inline bool beluga__mcp_is_asked(const beluga__mcp_request *request)
{
    return request->node.next && request->node.next != &request->node;
}

#endif
