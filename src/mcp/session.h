/* A session with an MCP server. It agrees on a protocol revision, reads the list of tools, and
 * opens the connection again when the server has ended. All functions run on the loop's thread. */
#ifndef BELUGA__MCP_SESSION_H
#define BELUGA__MCP_SESSION_H

#include "mcp/catalogue.h"
#include "mcp/link.h"

typedef struct beluga__mcp_session_events {
    /* An opening has ended. If `err` is NULL, calls can be made now. */
    void (*opened)(void *owner, const beluga_error *err);
    /* The list of tools was read. The owner gets a reference to the catalogue. */
    void (*listed)(void *owner, beluga__mcp_catalogue *catalogue);
    /* The session has been closed, and no longer uses its loop and its wire. */
    void (*closed)(void *owner);
} beluga__mcp_session_events;

typedef enum beluga__mcp_phase {
    BELUGA__MCP_DOWN,
    BELUGA__MCP_OPENING,
    BELUGA__MCP_READY,
    BELUGA__MCP_BREAKING, /* the wire is being closed */
} beluga__mcp_phase;

/* What a server reports about itself. */
typedef struct beluga__mcp_about {
    char name[128], version[64];
    const char *protocol; /* the agreed revision, static; NULL before the first opening */
} beluga__mcp_about;

typedef struct beluga__mcp_session {
    beluga__mcp_link link;
    beluga__mcp_wire *wire;
    const beluga__mcp_choice *choice;
    const beluga__mcp_session_events *events;
    void *owner;
    beluga__mcp_about about;
    beluga__mcp_phase phase;
    bool closing; /* the owner has asked to close the session */
    bool legacy;  /* the server is known to need a handshake */
    bool reopen;  /* open the session again as soon as it is closed */
    /* The error of a failed handshake, kept while the probe may still be answered. Code 0: the
     * handshake has not failed. */
    beluga_error refusal;
    unsigned deaths;
    int64_t connect_ms, deadline_ns; /* limit for an opening, and the end of the current one */
    beluga__mcp_request probe, handshake, list, listen;
    beluga__timer patience;    /* ends the wait for an answer to the probe */
    beluga__timer refresh;     /* asks for the list again */
    int64_t listed_ns;         /* time when the list was last complete */
    bool stale;                /* the list has changed while it was being read */
    bool lists, tells_changes; /* the server has tools; it reports when the list of tools changes */
    beluga__mcp_catalogue *building, *current;
    beluga__buf cursor;
    unsigned pages;
} beluga__mcp_session;

/* Initialize a session that is not open. The wire and all pointers are borrowed. */
void beluga__mcp_session_init(beluga__mcp_session *session, beluga_loop *loop,
                              beluga__mcp_wire *wire, const beluga__mcp_place *place,
                              const beluga__mcp_choice *choice, int64_t connect_ms,
                              const beluga__mcp_session_events *events, void *owner);
/* Free the memory of a session that is not open. */
void beluga__mcp_session_end(beluga__mcp_session *session);
/* Begin to open the session. `opened` may be called before this returns. */
void beluga__mcp_session_open(beluga__mcp_session *session);
/* Send a request when the server is ready. If the server has ended, it is opened again first.
 * Returns 0, or a code with detail; after such a failure `done` is not called. */
int beluga__mcp_session_ask(beluga__mcp_session *session, beluga__mcp_request *request,
                            beluga_error *err);
/* Close the session; its requests fail. `closed` may be called before this returns. */
void beluga__mcp_session_close(beluga__mcp_session *session);

#endif
