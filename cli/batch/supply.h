/*
 * The source of a run's lines, and the destination of its results: files on this machine
 * (file_supply.h), or a queue that many machines share (queue_supply.h). The run does not depend on
 * which it is.
 */
#ifndef BELUGA_CLI_BATCH_SUPPLY_H
#define BELUGA_CLI_BATCH_SUPPLY_H

#include "batch/reader.h"
#include "batch/results.h"

/* The result of claiming a line. */
typedef enum batch_claimed {
    BATCH_CLAIM_END,  /* no more lines will come */
    BATCH_CLAIM_LINE, /* a line was claimed */
    BATCH_CLAIM_SOON, /* no line yet; try again in the next turn of the loop */
    /* no line now; try again when `fd` is readable, or after the next `extend` */
    BATCH_CLAIM_LATER,
    /* like LATER, but lines may be left: a limit has been reached for the moment */
    BATCH_CLAIM_HOLD,
    BATCH_CLAIM_FAILED /* no more lines can be claimed; `error` says why */
} batch_claimed;

/* A line that belongs to this run until `done` is called. */
typedef struct batch_claim {
    batch_record record; /* its pointers are borrowed until the next claim */
    uint64_t ticket;     /* identifies the line to the supply */
    bool repeated;       /* another line has the same id, or an id that equals this line's number */
} batch_claim;

typedef struct batch_supply batch_supply;

/* All functions are called on the thread of the run, and none blocks for long. */
typedef struct batch_supply_ops {
    /* Claim the next line without a result. @param running  Number of calls under way. */
    batch_claimed (*claim)(batch_supply *supply, size_t running, batch_claim *claim);
    /* Renew the claims, and make the stored results durable; called about ten times a second.
     * @param stopping  No more lines will be claimed, so claimed lines that are not begun may be
     *                  returned for others.
     * @return 0, or -1 if results can't be stored any more. */
    int (*extend)(batch_supply *supply, bool stopping);
    /* Store the result of a line; `text` includes a newline, and is borrowed for the call. A second
     * result of a line is dropped. @return as extend. */
    int (*put_once)(batch_supply *supply, uint64_t ticket, const batch_entry *entry,
                    const char *text, size_t n);
    /* Release a line. If no result was stored, a later run or another machine sends the line again.
     */
    void (*done)(batch_supply *supply, uint64_t ticket, bool put);
    /* Called at the end of the run: make all results durable, and return the remaining claims. */
    void (*finish)(batch_supply *supply);
} batch_supply_ops;

struct batch_supply {
    const batch_supply_ops *ops;
    /* readable when a line, or room for a result, may have become available; -1: never */
    int fd;
    int error; /* errno of the failure after which no lines can be claimed; 0: none */
};

#endif
