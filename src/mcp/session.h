/* A conversation with a tool server: the revision that both speak, the list of tools, and a new
 * beginning when the server has ended. All functions run on the thread of the loop. */
#ifndef BELUGA__MCP_SESSION_H
#define BELUGA__MCP_SESSION_H

#include "mcp/catalogue.h"
#include "mcp/link.h"

typedef struct beluga__mcp_session_events {
    /* An opening has ended; err NULL: calls can be made. */
    void (*opened)(void *owner, const beluga_error *err);
    /* The tools are these from now on; the reference is the owner's. */
    void (*listed)(void *owner, beluga__mcp_catalogue *catalogue);
    /* A session that was closed has let go of everything. */
    void (*closed)(void *owner);
} beluga__mcp_session_events;

typedef enum beluga__mcp_phase {
    BELUGA__MCP_DOWN,
    BELUGA__MCP_OPENING,
    BELUGA__MCP_READY,
    BELUGA__MCP_BREAKING, /* the wire is being closed */
} beluga__mcp_phase;

/* What a server says of itself. */
typedef struct beluga__mcp_about {
    char name[128], version[64];
    const char *protocol; /* static; NULL before the first opening */
} beluga__mcp_about;

typedef struct beluga__mcp_session {
    beluga__mcp_link link;
    beluga__mcp_wire *wire;
    const beluga__mcp_choice *choice;
    const beluga__mcp_session_events *events;
    void *owner;
    beluga__mcp_about about;
    beluga__mcp_phase phase;
    bool closing;         /* the owner wants the end */
    bool legacy;          /* the server is known to want a handshake */
    bool reopen;          /* it is opened again as soon as it is closed */
    beluga_error refusal; /* why the handshake failed, while the probe is waited for; code 0: not */
    unsigned deaths;
    int64_t connect_ms, deadline_ns; /* of an opening */
    beluga__mcp_request probe, handshake, list, listen;
    beluga__timer patience;    /* ends the wait for the answer to the probe */
    beluga__timer refresh;     /* asks for a new list */
    int64_t listed_ns;         /* time of the last list */
    bool stale;                /* the list changed while it was read */
    bool lists, tells_changes; /* the server has tools; it tells when they change */
    beluga__mcp_catalogue *building, *current;
    beluga__buf cursor;
    unsigned pages;
} beluga__mcp_session;

/* Make a session that is down. The wire and all pointers are borrowed. */
void beluga__mcp_session_init(beluga__mcp_session *session, beluga_loop *loop,
                              beluga__mcp_wire *wire, const beluga__mcp_place *place,
                              const beluga__mcp_choice *choice, int64_t connect_ms,
                              const beluga__mcp_session_events *events, void *owner);
/* Free what a session that is down has. */
void beluga__mcp_session_end(beluga__mcp_session *session);
/* Begin an opening; `opened` may be called inside. */
void beluga__mcp_session_open(beluga__mcp_session *session);
/* Ask the server when it is ready; a server that has ended is opened again for it. Returns 0, or a
 * code with detail, and then `done` is not called. */
int beluga__mcp_session_ask(beluga__mcp_session *session, beluga__mcp_request *request,
                            beluga_error *err);
/* End the conversation; requests fail. `closed` may be called inside. */
void beluga__mcp_session_close(beluga__mcp_session *session);

#endif
