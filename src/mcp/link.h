/* The requests that are under way to a tool server, over a wire: ids, answers, time-outs, and what
 * the server asks. All functions run on the thread of the loop. */
#ifndef BELUGA__MCP_LINK_H
#define BELUGA__MCP_LINK_H

#include "base/json.h"
#include "base/list.h"
#include "mcp/rpc.h"
#include "mcp/wire.h"

/* The end of a request. */
typedef struct beluga__mcp_answer {
    int status; /* 0, or a code that err explains */
    const beluga_error *err;
    const beluga_json *result; /* with status 0; lives until the next parse */
    int64_t fault;             /* the server's error code, which is the reason; 0: there is none */
} beluga__mcp_answer;

struct beluga__mcp_request {
    beluga__list node;
    int64_t id;         /* 0: it waits until the link is ready */
    const char *method; /* static */
    const char *tool;   /* the name of the tool that is called, NULL: none is */
    /* Write the members of "params"; NULL: there are none. */
    void (*write)(beluga__mcp_request *request, beluga_json_writer *w);
    /* Called once, when the request has been forgotten. */
    void (*done)(beluga__mcp_request *request, const beluga__mcp_answer *answer);
    int64_t deadline_ns; /* INT64_MAX: none */
    bool wants_progress;
    bool held;      /* it was sent, and waits to be sent once more */
    void *exchange; /* belongs to the wire */
};

typedef struct beluga__mcp_link {
    beluga_loop *loop;
    beluga__runtime *runtime;
    beluga__mcp_wire *wire;
    const char *name;      /* of the server */
    beluga__list requests; /* under way, or waiting until the link is ready */
    size_t n_requests;
    beluga__timer late; /* of the request whose deadline is the next */
    int64_t last_id;
    bool ready;      /* requests are sent; else they wait */
    bool junk_told;  /* the log has been told that the server prints other things than messages */
    bool stray_told; /* or that it answers what nobody asked */
    void (*noticed)(struct beluga__mcp_link *link);  /* the list of tools has changed */
    void (*answered)(struct beluga__mcp_link *link); /* the server gave an answer that was asked */
} beluga__mcp_link;

void beluga__mcp_link_init(beluga__mcp_link *link, beluga_loop *loop, beluga__runtime *runtime,
                           beluga__mcp_wire *wire, const char *name);
/* Ask the server. Where `waits` is true and the link is not ready, the request waits for it; its
 * deadline counts meanwhile. Returns 0, or a code with detail, and then `done` is not called. */
int beluga__mcp_link_ask(beluga__mcp_link *link, beluga__mcp_request *request, bool waits,
                         beluga_error *err);
/* Send a notification without parameters. */
void beluga__mcp_link_notify(beluga__mcp_link *link, const char *method);
/* Forget a request without calling `done`, and tell the server so. */
void beluga__mcp_link_drop(beluga__mcp_link *link, beluga__mcp_request *request);
/* Give a request that is under way an earlier deadline. */
void beluga__mcp_link_hasten(beluga__mcp_link *link, beluga__mcp_request *request,
                             int64_t deadline_ns);
/* Send the requests that wait. */
void beluga__mcp_link_release(beluga__mcp_link *link);
/* Fail the requests that are under way, and those that wait, too, where `all` is true. */
void beluga__mcp_link_fail(beluga__mcp_link *link, const beluga_error *err, bool all);

/* Let a request that was sent wait until the link is ready again. */
void beluga__mcp_link_hold(beluga__mcp_link *link, beluga__mcp_request *request);

/* What a wire calls. */
void beluga__mcp_link_message(beluga__mcp_link *link, const char *text, size_t n, size_t cut);
void beluga__mcp_link_failed(beluga__mcp_link *link, beluga__mcp_request *request,
                             const beluga_error *err);

/* Returns whether the request is under way or waits. */
static inline bool beluga__mcp_is_asked(const beluga__mcp_request *request)
{
    return request->node.next && request->node.next != &request->node;
}

#endif
