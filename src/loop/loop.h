/* The loop as the layers above the transport see it. Tests put another loop behind these
 * functions. */
#ifndef BELUGA__LOOP_H
#define BELUGA__LOOP_H

#include "base/json.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/runtime.h"
#include "loop/watch.h"
#include "wire/http.h"

#include <beluga/loop.h>

/* A task runs once, soon, on the loop. `queued` tells whether it waits in a list. */
typedef struct beluga__task {
    beluga__list node;
    bool queued;
    void (*run)(struct beluga__task *task);
} beluga__task;

/* A timer fires once, at a time of the monotonic clock. A timer of zeros is idle. */
typedef struct beluga__timer {
    int64_t deadline_ns;
    size_t heap_index; /* 1 and up when armed */
    void (*fire)(struct beluga__timer *timer);
} beluga__timer;

/* A message from another thread. `run` frees the message, since the loop does not. */
typedef struct beluga__mail {
    struct beluga__mail *next;
    /* Runs on the loop's thread; loop is NULL when the loop was closed before the mail was read. */
    void (*run)(struct beluga__mail *mail, beluga_loop *loop);
} beluga__mail;

/* A mailbox, into which other threads put mail. The mailbox outlives the loop as long as there is
 * a reference. */
typedef struct beluga__mailbox beluga__mailbox;
beluga__mailbox *beluga__mailbox_ref(beluga__mailbox *box);
void beluga__mailbox_unref(beluga__mailbox *box);
/* Threads: any. If the loop is gone, the sender runs the mail at once, with a NULL loop. */
void beluga__mailbox_post(beluga__mailbox *box, beluga__mail *mail);

/* An object that is told when a context is cancelled. */
typedef struct beluga__cancel_watch {
    beluga__list node;
    void *entry; /* belongs to the loop */
    void (*cancelled)(struct beluga__cancel_watch *watch);
} beluga__cancel_watch;

/* A call that runs on a loop, listed so that closing the loop can end the call. */
typedef struct beluga__running {
    beluga__list node;
    void (*abort)(struct beluga__running *running);
} beluga__running;

#define BELUGA__AGENT "User-Agent: "

/* How connections of a model are made; this never changes, and lives as long as its transfers. */
typedef struct beluga__connection {
    uint64_t id; /* unique number, since handles are set up once for each connection */
    const char *ca_file, *client_certificate, *client_key, *proxy, *unix_socket;
    const char *agent; /* the header, which begins with BELUGA__AGENT */
    int http_version;  /* a beluga_http_version */
    bool environment;  /* libcurl may read the environment variables for proxies */
} beluga__connection;

/* One HTTP exchange. */
typedef struct beluga__transfer beluga__transfer;

typedef struct beluga__transfer_handler {
    /* The head is complete (status and headers are in the response). */
    void (*head)(void *owner);
    /* Receives body bytes, which may be changed during the call. May cancel or finish the
     * transfer. */
    void (*body)(void *owner, char *bytes, size_t n);
    /* The transfer has ended and is gone: code 0 when the body is complete, else a code with
     * detail. */
    void (*done)(void *owner, int code, const beluga_error *err);
} beluga__transfer_handler;

typedef struct beluga__transfer_spec {
    const beluga__connection *connection;
    beluga_http_request *request;   /* borrowed until done; the transfer takes its body */
    beluga_http_response *response; /* receives status and headers; borrowed until done */
    const beluga__transfer_handler *handler;
    void *owner;
    /* Texts that must not be shown or stored, ended by NULL; borrowed until done. */
    const char *const *secrets;
    /* The state from which the ids of the answer are made, which a recording stores here; borrowed
     * until done. */
    uint64_t *random;
    int64_t connect_timeout_ms;
    bool streamed;
    /* The request must not be sent twice. It gets a connection of its own, since libcurl repeats a
     * request when a connection that was used before ends without a byte of an answer. */
    bool once;
} beluga__transfer_spec;

enum { BELUGA__TIMERS_PER_CALL = 7 };

typedef struct beluga__loop_ops {
    /* Make room for the timers of one more call (at most BELUGA__TIMERS_PER_CALL), so that setting
     * them can't fail. */
    int (*reserve)(beluga_loop *loop);
    void (*defer)(beluga_loop *loop, beluga__task *task);
    void (*timer_set)(beluga_loop *loop, beluga__timer *timer, int64_t deadline_ns);
    void (*timer_clear)(beluga_loop *loop, beluga__timer *timer);
    int (*watch_cancel)(beluga_loop *loop, beluga_context *context, beluga__cancel_watch *watch);
    void (*unwatch_cancel)(beluga_loop *loop, beluga__cancel_watch *watch);
    int (*transfer_start)(beluga_loop *loop, const beluga__transfer_spec *spec,
                          beluga__transfer **out, beluga_error *err);
    /* End a transfer without calling its handler. `why` is the failure that ends the call; NULL
     * where its caller ends it. */
    void (*transfer_cancel)(beluga__transfer *transfer, const beluga_error *why);
    /* End a transfer, but read the rest of the body, so that the connection can be used again. */
    void (*transfer_finish)(beluga__transfer *transfer);
    void (*transfer_pause)(beluga__transfer *transfer, bool paused);
    /* Watch a descriptor of the caller's for these BELUGA__POLL_ events until it is unwatched.
     * Returns 0, or LIMIT_EXCEEDED. */
    int (*watch)(beluga_loop *loop, beluga__watch *watch, int events);
    void (*unwatch)(beluga_loop *loop, beluga__watch *watch);
    /* Make loop->mailbox. Returns 0, NO_MEMORY, or LIMIT_EXCEEDED when no descriptor is left. */
    int (*open_mailbox)(beluga_loop *loop);
    /* Wait until work is due, at most timeout_ms, and do it; for the owner of a loop that no host
     * steps. */
    int (*wait)(beluga_loop *loop, int64_t timeout_ms);
} beluga__loop_ops;

/* The memory of a buffer, for the next one of its kind; see rooms.h. */
typedef enum beluga__room_kind {
    BELUGA__ROOM_REQUEST, /* the body of a request */
    BELUGA__ROOM_HEADERS, /* those of an answer */
    BELUGA__ROOM_ANSWER,  /* the body of an unstreamed one */
    BELUGA__ROOM_EVENTS,  /* events that wait for the caller */
    BELUGA__ROOMS
} beluga__room_kind;

typedef struct beluga__room {
    char *data;
    size_t capacity;
} beluga__room;

struct beluga_loop {
    const beluga__loop_ops *ops;
    beluga__runtime *runtime;
    beluga__mailbox *mailbox;     /* made at the first use; see beluga__loop_mailbox */
    beluga__json_scratch scratch; /* has one parse at a time; all calls of the loop share it */
    int64_t now_ns;               /* time at the beginning of the current step */
    /* total time in which the loop was not polled, which timeouts leave out */
    int64_t unpolled_ns;
    /* how often the loop was stopped from outside, as in a stopped process */
    uint32_t stops;
    uint32_t generation;     /* fork generation, see beluga__loop_inherited */
    uint64_t random;         /* state of beluga__loop_random */
    beluga__list operations; /* list of beluga__running */
    size_t active;           /* number of running calls */
    /* the block of the last call that ended, for the next one; see beluga__loop_keep */
    void *spare;
    size_t spare_bytes;
    beluga__room rooms[BELUGA__ROOMS];
};

/* Returns whether the loop belongs to a parent process, so that its descriptors and calls must be
 * left alone. */
static inline bool beluga__loop_inherited(const beluga_loop *loop)
{
    return loop->generation != beluga__fork_generation();
}

/* The clock of timeouts, which stands still while the loop is not polled for any reason. */
static inline int64_t beluga__loop_active_ns(const beluga_loop *loop)
{
    return loop->now_ns - loop->unpolled_ns;
}

/* Returns what open_mailbox returns; *out is the loop's mailbox, borrowed, or NULL on failure.
 * Threads: the loop's. */
static inline int beluga__loop_mailbox(beluga_loop *loop, beluga__mailbox **out)
{
    int status = loop->mailbox ? 0 : loop->ops->open_mailbox(loop);
    *out = loop->mailbox;
    return status;
}

/* Returns the block that was kept where it has this size, else NULL. */
static inline void *beluga__loop_take_spare(beluga_loop *loop, size_t bytes)
{
    void *block = loop->spare;
    if (loop->spare_bytes != bytes) return NULL;
    BELUGA__UNPOISON(block, bytes);
    loop->spare = NULL;
    loop->spare_bytes = 0;
    return block;
}

/* Keep a block from the runtime's allocator for the next call, in place of an earlier one; NULL:
 * keep none. */
static inline void beluga__loop_keep(beluga_loop *loop, void *block, size_t bytes)
{
    void *earlier = loop->spare;
    BELUGA__UNPOISON(earlier, loop->spare_bytes);
    beluga__release(&loop->runtime->allocator, earlier);
    BELUGA__POISON(block, bytes);
    loop->spare = block;
    loop->spare_bytes = bytes;
}

/* Clear a timer; most are idle. */
static inline void beluga__timer_clear(beluga_loop *loop, beluga__timer *timer)
{
    if (timer->heap_index) loop->ops->timer_clear(loop, timer);
}

/* Drop a queued task. */
static inline void beluga__task_cancel(beluga__task *task)
{
    if (!task->queued) return;
    beluga__list_remove(&task->node);
    task->queued = false;
}

/* xorshift64*: for jitter and ids, never for secrets. The state must not be 0. */
static inline uint64_t beluga__random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static inline uint64_t beluga__loop_random(beluga_loop *loop)
{
    return beluga__random_next(&loop->random);
}

#endif
