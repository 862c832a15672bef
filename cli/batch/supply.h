/*
 * The source of a run's lines, and the destination of its results: files on this machine
 * (file_supply.h), or a queue that many machines share (queue_supply.h). The run does not depend on
 * which it is.
 */
#ifndef BELUGA_CLI_BATCH_SUPPLY_H
#define BELUGA_CLI_BATCH_SUPPLY_H

#include "batch/reader.h"
#include "batch/results.h"

/* The answer to asking for a line. */
typedef enum batch_claimed {
    BATCH_CLAIM_END,   /* no more lines will come */
    BATCH_CLAIM_LINE,  /* a line was claimed */
    BATCH_CLAIM_SOON,  /* no line yet; ask again in the next turn of the loop */
    BATCH_CLAIM_LATER, /* no line now; ask again when `fd` is readable, or after the next
                        * `extend` */
    BATCH_CLAIM_HOLD,  /* like LATER, but there may be lines: a limit is reached for the moment */
    BATCH_CLAIM_FAILED /* no more lines can be claimed; `error` says why */
} batch_claimed;

/* A line that belongs to this run until `done`. */
typedef struct batch_claim {
    batch_record record; /* its pointers are borrowed until the next claim */
    uint64_t ticket;     /* the supply's name for the line */
    bool repeated;       /* another line has the same id, or an id that equals this line's number */
} batch_claim;

typedef struct batch_supply batch_supply;

/* All functions are called on the thread of the run, and none blocks for long. */
typedef struct batch_supply_ops {
    /* Claim the next line without a result. @param running  Number of calls under way. */
    batch_claimed (*claim)(batch_supply *supply, size_t running, batch_claim *claim);
    /* Renew the claims, and make durable the results that were put; called about ten times a
     * second.
     * @param stopping  No more lines will be claimed: lines that are not begun may be given to
     * others.
     * @return 0, or -1 if results can't be stored any more. */
    int (*extend)(batch_supply *supply, bool stopping);
    /* Put the result of a line; `text` includes a newline, and is borrowed for the call. A second
     * result of a line is dropped. @return as extend. */
    int (*put_once)(batch_supply *supply, uint64_t ticket, const batch_entry *entry,
                    const char *text, size_t n);
    /* Release a line. If its result was not put, a later run or another machine asks it. */
    void (*done)(batch_supply *supply, uint64_t ticket, bool put);
    /* Called at the end of the run: make all results durable, and return the remaining claims. */
    void (*finish)(batch_supply *supply);
} batch_supply_ops;

struct batch_supply {
    const batch_supply_ops *ops;
    int fd;    /* readable when there may be a line, or room for one; -1: never */
    int error; /* errno of the failure after which no lines come; 0: none */
};

#endif
