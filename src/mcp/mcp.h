/* A tool server with its thread. The client's room has the public functions that make one. */
#ifndef BELUGA__MCP_H
#define BELUGA__MCP_H

#include "base/runtime.h"
#include "loop/guard.h"
#include "loop/loop.h"
#include "mcp/session.h"

#include <beluga/mcp.h>

#include <pthread.h>

/* The end of an opening on a host's loop. It is freed when its mail was read. */
typedef struct beluga__mcp_opening {
    beluga__mail mail;
    beluga__running running;
    beluga__mailbox *mailbox;
    beluga_loop *loop; /* NULL: nobody wants to be told any more */
    beluga_mcp *mcp;
    beluga_mcp_cb cb;
    void *payload;
    beluga_error err; /* code 0: the server is ready */
    const beluga_allocator *allocator;
} beluga__mcp_opening;

struct beluga_mcp {
    atomic_uint users;   /* references of users and tools; the last one ends the server */
    atomic_uint holders; /* the users together, and the thread; the last one frees the struct */
    beluga__runtime *runtime;
    uint32_t generation; /* fork generation */
    beluga__arena arena; /* has the settings */
    beluga__mcp_place place;
    beluga__mcp_choice choice;
    int64_t timeout_ms, connect_ms;
    beluga__mcp_opening *opening; /* on a loop, until it is over; for the loop's thread */

    pthread_mutex_t lock; /* guards what follows, and the ends of calls */
    pthread_cond_t changed;
    beluga__mailbox *mailbox; /* of the thread's loop; NULL: there is none yet, or none any more */
    bool opened, ended, unwanted;
    bool joinable; /* nobody has joined or detached the thread yet */
    pthread_t thread;
    beluga_error err; /* of the opening; code 0: it succeeded */
    beluga__mcp_catalogue *catalogue;
    beluga__mcp_about about;
    uint64_t changes;

    /* for the server's thread alone */
    beluga_loop *loop;
    beluga__mcp_session session;
    beluga__mcp_opening *report; /* the opening, until it is told */
    beluga_context *context;     /* of the opening; NULL: none, or it is over */
    beluga__guard guard;
    beluga__task give_up;
    beluga__timer late;
    beluga__mail end; /* tells the thread that the server is not wanted any more */
    bool over;
};

/* Make a server and start its thread, which opens it. `loop`, `cb` and `payload` are those of an
 * opening on a host's loop, NULL where the caller waits. Returns the codes of
 * beluga_mcp_open_start.
 */
int beluga__mcp_new(beluga__runtime *runtime, const beluga_mcp_settings *settings,
                    beluga_context *ctx, beluga_loop *loop, beluga_mcp_cb cb, void *payload,
                    beluga_mcp **out, beluga_error *err);
/* Wait until the opening is over. Returns its code. */
int beluga__mcp_await(beluga_mcp *mcp, beluga_error *err);
/* Give mail to the thread. Where it has ended, the mail is run without a loop. */
void beluga__mcp_post(beluga_mcp *mcp, beluga__mail *mail);
/* Copy settings into the arena of a server. Returns 0; INVALID_INPUT; NO_MEMORY. */
int beluga__mcp_take_settings(beluga_mcp *mcp, const beluga_mcp_settings *settings,
                              beluga_error *err);
/* Returns whether this process has forked since the server was made, so that there is no thread. */
static inline bool beluga__mcp_is_forked(const beluga_mcp *mcp)
{
    return mcp->generation != beluga__fork_generation();
}

#endif
