/* An MCP server with its thread. The public functions that open a server are in
 * src/client/mcp.c. */
#ifndef BELUGA__MCP_H
#define BELUGA__MCP_H

#include "base/runtime.h"
#include "loop/guard.h"
#include "loop/loop.h"
#include "mcp/session.h"

#include <beluga/mcp.h>

#include <pthread.h>

/* An opening whose result is reported on a loop of the host program, by mail. It is freed when the
 * loop has read this mail. */
typedef struct beluga__mcp_opening {
    beluga__mail mail;
    beluga__running running;
    beluga__mailbox *mailbox;
    beluga_loop *loop; /* NULL: the host program no longer waits */
    beluga_mcp *mcp;
    beluga_mcp_cb cb;
    void *payload;
    beluga_error err; /* code 0: the server is ready */
    const beluga_allocator *allocator;
} beluga__mcp_opening;

struct beluga_mcp {
    /* references of users and tools; when the last one is released, the server ends */
    atomic_uint users;
    /* references of the struct: one for all users together, one for the thread */
    atomic_uint holders;
    beluga__runtime *runtime;
    uint32_t generation; /* fork generation in which the server was made */
    beluga__arena arena; /* holds the settings */
    beluga__mcp_place place;
    beluga__mcp_choice choice;
    int64_t timeout_ms, connect_ms;
    /* an opening for a loop of the host program, until it ends; used on that loop's thread only */
    beluga__mcp_opening *opening;

    pthread_mutex_t lock; /* guards the members below, and `over` of tool runs */
    pthread_cond_t changed;
    /* mailbox of the thread's loop; NULL: the loop does not exist yet, or has been given back */
    beluga__mailbox *mailbox;
    bool opened, ended, unwanted;
    bool joinable; /* the thread was neither joined nor detached */
    pthread_t thread;
    beluga_error err; /* result of the opening; code 0: it succeeded */
    beluga__mcp_catalogue *catalogue;
    beluga__mcp_about about;
    uint64_t changes;

    /* Used by the server's thread only. */
    beluga_loop *loop;
    beluga__mcp_session session;
    beluga__mcp_opening *report; /* the opening, until its end was reported */
    beluga_context *context;     /* context of the opening; NULL: none, or the opening has ended */
    beluga__guard guard;
    beluga__task give_up;
    beluga__timer late;
    beluga__mail end; /* tells the thread to end the server */
    bool over;
};

/* Make a server and start its thread, which opens it. `loop`, `cb` and `payload` are for an opening
 * on a loop of the host program; NULL if the caller waits instead. Returns the codes of
 * beluga_mcp_open_start. */
int beluga__mcp_new(beluga__runtime *runtime, const beluga_mcp_settings *settings,
                    beluga_context *ctx, beluga_loop *loop, beluga_mcp_cb cb, void *payload,
                    beluga_mcp **out, beluga_error *err);
/* Wait until the opening has ended. Returns its code. */
int beluga__mcp_await(beluga_mcp *mcp, beluga_error *err);
/* Send mail to the thread. If the thread has ended, the mail's function is called at once, with a
 * NULL loop. */
void beluga__mcp_post(beluga_mcp *mcp, beluga__mail *mail);
/* Copy settings into the arena of a server. Returns 0; INVALID_INPUT; NO_MEMORY. */
int beluga__mcp_take_settings(beluga_mcp *mcp, const beluga_mcp_settings *settings,
                              beluga_error *err);
/* Returns whether this process was forked after the server was made, so that the server's thread
 * does not exist in this process. */
static inline bool beluga__mcp_is_forked(const beluga_mcp *mcp)
{
    return mcp->generation != beluga__fork_generation();
}

#endif
