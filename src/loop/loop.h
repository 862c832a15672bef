/* The loop as the layers above the transport see it: a table of functions. Cassettes and tests have
 * loops of their own with this table. */
#ifndef BELUGA__LOOP_H
#define BELUGA__LOOP_H

#include "base/json.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/runtime.h"
#include "loop/watch.h"
#include "wire/http.h"

#include <beluga/loop.h>

/* A task: a function that the loop runs once, in a later step. `queued` is true while the task
 * waits in a list. */
typedef struct beluga__task {
    beluga__list node;
    bool queued;
    void (*run)(struct beluga__task *task);
} beluga__task;

/* A timer: a function that the loop runs once, at a time of the monotonic clock. A zeroed timer is
 * not set. */
typedef struct beluga__timer {
    int64_t deadline_ns;
    size_t heap_index; /* its index in the heap, from 1 on; 0: not set */
    void (*fire)(struct beluga__timer *timer);
} beluga__timer;

/* A message from another thread. Its `run` must free it. */
typedef struct beluga__mail {
    struct beluga__mail *next;
    /* Runs on the loop's thread. `loop` is NULL if the loop was closed before the mail was read. */
    void (*run)(struct beluga__mail *mail, beluga_loop *loop);
} beluga__mail;

/* A mailbox, into which other threads put mail. It may outlive its loop, since it lives as long as
 * it has references. */
typedef struct beluga__mailbox beluga__mailbox;
beluga__mailbox *beluga__mailbox_ref(beluga__mailbox *box);
void beluga__mailbox_unref(beluga__mailbox *box);
/* Send mail. Threads: any. If the loop is gone, the sending thread runs the mail at once, with a
 * NULL loop. */
void beluga__mailbox_post(beluga__mailbox *box, beluga__mail *mail);

/* Watches a context for the loop. `cancelled` is called when the context is cancelled. */
typedef struct beluga__cancel_watch {
    beluga__list node;
    void *entry; /* used only by the loop */
    void (*cancelled)(struct beluga__cancel_watch *watch);
} beluga__cancel_watch;

/* A running call of a loop, in the loop's list so that closing the loop can end it. */
typedef struct beluga__running {
    beluga__list node;
    void (*abort)(struct beluga__running *running);
} beluga__running;

#define BELUGA__AGENT "User-Agent: "

/* The settings of a model's connections. They never change, and outlive all transfers of the
 * model. */
typedef struct beluga__connection {
    /* a unique number; a libcurl handle stores the number of the connection for which it was set
     * up */
    uint64_t id;
    const char *ca_file, *client_certificate, *client_key, *proxy, *unix_socket;
    const char *agent; /* the header line: BELUGA__AGENT and the value */
    int http_version;  /* a beluga_http_version */
    bool environment;  /* libcurl may read the environment variables for proxies */
} beluga__connection;

/* One HTTP exchange. */
typedef struct beluga__transfer beluga__transfer;

typedef struct beluga__transfer_handler {
    /* Called when status and headers are complete and in the response. */
    void (*head)(void *owner);
    /* Receives bytes of the body, which it may change. It may cancel or finish the transfer. */
    void (*body)(void *owner, char *bytes, size_t n);
    /* Called when the transfer has ended and is freed. `code` is 0 if the body is complete, else an
     * error code, and `err` has the detail. */
    void (*done)(void *owner, int code, const beluga_error *err);
} beluga__transfer_handler;

typedef struct beluga__transfer_spec {
    const beluga__connection *connection;
    /* borrowed until done, except its body, which the transfer takes over */
    beluga_http_request *request;
    beluga_http_response *response; /* receives status and headers; borrowed until done */
    const beluga__transfer_handler *handler;
    void *owner;
    /* Secrets, which must not be shown or stored. The list ends with NULL and is borrowed until
     * done. */
    const char *const *secrets;
    /* The state of the random numbers from which the answer's ids are made. A recording stores it,
     * and a replay sets it. Borrowed until done. */
    uint64_t *random;
    int64_t connect_timeout_ms;
    bool streamed;
    /* The request must not be sent twice, so it gets a new connection. On a reused connection that
     * ends without a byte of an answer, libcurl would repeat the request. */
    bool once;
} beluga__transfer_spec;

enum { BELUGA__TIMERS_PER_CALL = 7 };

typedef struct beluga__loop_ops {
    /* Reserve room for the timers of one more call (at most BELUGA__TIMERS_PER_CALL), so that
     * setting them can't fail. */
    int (*reserve)(beluga_loop *loop);
    void (*defer)(beluga_loop *loop, beluga__task *task);
    void (*timer_set)(beluga_loop *loop, beluga__timer *timer, int64_t deadline_ns);
    void (*timer_clear)(beluga_loop *loop, beluga__timer *timer);
    int (*watch_cancel)(beluga_loop *loop, beluga_context *context, beluga__cancel_watch *watch);
    void (*unwatch_cancel)(beluga_loop *loop, beluga__cancel_watch *watch);
    int (*transfer_start)(beluga_loop *loop, const beluga__transfer_spec *spec,
                          beluga__transfer **out, beluga_error *err);
    /* End a transfer without calling its handler. `why` is the failure that ends the call, or NULL
     * if the caller ended it. */
    void (*transfer_cancel)(beluga__transfer *transfer, const beluga_error *why);
    /* End a transfer, but read the rest of its body, so that the connection can be reused. */
    void (*transfer_finish)(beluga__transfer *transfer);
    void (*transfer_pause)(beluga__transfer *transfer, bool paused);
    /* Watch a file descriptor for these BELUGA__POLL_ events until it is unwatched. Returns 0, or
     * LIMIT_EXCEEDED. */
    int (*watch)(beluga_loop *loop, beluga__watch *watch, int events);
    void (*unwatch)(beluga_loop *loop, beluga__watch *watch);
    /* Make loop->mailbox. Returns 0, NO_MEMORY, or LIMIT_EXCEEDED if no file descriptor is left. */
    int (*open_mailbox)(beluga_loop *loop);
    /* Wait until work is due, at most timeout_ms, and do it. Only for loops that the library runs
     * itself, not for loops that a host program steps. */
    int (*wait)(beluga_loop *loop, int64_t timeout_ms);
} beluga__loop_ops;

/* The kinds of buffers whose memory a loop keeps for the next call; see rooms.h. */
typedef enum beluga__room_kind {
    BELUGA__ROOM_REQUEST, /* the body of a request */
    BELUGA__ROOM_HEADERS, /* the headers of an answer */
    BELUGA__ROOM_ANSWER,  /* the body of an answer in one piece */
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
    beluga__mailbox *mailbox; /* made at first use; see beluga__loop_mailbox */
    /* memory for one JSON parse at a time; shared by all calls of the loop */
    beluga__json_scratch scratch;
    int64_t now_ns; /* time at the beginning of the current step */
    /* Total time in which nobody ran the loop; timeouts don't count it. */
    int64_t unpolled_ns;
    /* How many times the loop's thread was suspended, for example by SIGSTOP. */
    uint32_t stops;
    /* fork generation in which the loop was made; see beluga__loop_inherited */
    uint32_t generation;
    uint64_t random;         /* state of beluga__loop_random */
    beluga__list operations; /* list of beluga__running */
    size_t active;           /* number of running calls */
    /* The block of the call that ended last, for the next call; see beluga__loop_keep. */
    void *spare;
    size_t spare_bytes;
    beluga__room rooms[BELUGA__ROOMS];
};

/* Returns whether the loop belongs to a parent process. Then its descriptors and calls must not be
 * touched. */
static inline bool beluga__loop_inherited(const beluga_loop *loop)
{
    return loop->generation != beluga__fork_generation();
}

/* Returns the time of the clock for timeouts. The clock stands still while nobody runs the loop. */
static inline int64_t beluga__loop_active_ns(const beluga_loop *loop)
{
    return loop->now_ns - loop->unpolled_ns;
}

/* Get the loop's mailbox, and make it at first use. Returns 0 with *out, which is borrowed, or the
 * code of open_mailbox with *out NULL. Threads: the loop's. */
static inline int beluga__loop_mailbox(beluga_loop *loop, beluga__mailbox **out)
{
    int status = loop->mailbox ? 0 : loop->ops->open_mailbox(loop);
    *out = loop->mailbox;
    return status;
}

/* Returns the spare block if it has this size, else NULL. */
static inline void *beluga__loop_take_spare(beluga_loop *loop, size_t bytes)
{
    void *block = loop->spare;
    if (loop->spare_bytes != bytes) return NULL;
    BELUGA__UNPOISON(block, bytes);
    loop->spare = NULL;
    loop->spare_bytes = 0;
    return block;
}

/* Keep a block of the runtime's allocator for the next call, and free the block that was kept
 * before. If `block` is NULL, no block is kept. */
static inline void beluga__loop_keep(beluga_loop *loop, void *block, size_t bytes)
{
    void *earlier = loop->spare;
    BELUGA__UNPOISON(earlier, loop->spare_bytes);
    beluga__release(&loop->runtime->allocator, earlier);
    BELUGA__POISON(block, bytes);
    loop->spare = block;
    loop->spare_bytes = bytes;
}

/* Clear a timer. The check is inlined, since most timers are not set. */
static inline void beluga__timer_clear(beluga_loop *loop, beluga__timer *timer)
{
    if (timer->heap_index) loop->ops->timer_clear(loop, timer);
}

/* Remove a task from its queue. */
static inline void beluga__task_cancel(beluga__task *task)
{
    if (!task->queued) return;
    beluga__list_remove(&task->node);
    task->queued = false;
}

/* xorshift64*, for jitter and ids, never for secrets. The state must not be 0. */
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
