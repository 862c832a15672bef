/*
 * Where the lines of a run come from, and where their results go: a file and an output on this
 * machine (file_supply.h), or a queue that many machines share (queue_supply.h). The run asks; it
 * knows neither.
 */
#ifndef BELUGA_CLI_BATCH_SUPPLY_H
#define BELUGA_CLI_BATCH_SUPPLY_H

#include "batch/reader.h"
#include "batch/results.h"

/* The answer to asking for a line. */
typedef enum batch_claimed {
    BATCH_CLAIM_END,   /* no line will come any more */
    BATCH_CLAIM_LINE,  /* a line was claimed */
    BATCH_CLAIM_SOON,  /* none yet; ask again in the next turn of the loop */
    BATCH_CLAIM_LATER, /* none now; ask again when `fd` is readable, or behind the next `extend` */
    BATCH_CLAIM_HOLD,  /* the same, and there may be lines: a limit is reached for the moment */
    BATCH_CLAIM_FAILED /* lines can't be got any more; `error` says why */
} batch_claimed;

/* A line that is this run's until it is done. */
typedef struct batch_claim {
    batch_record record; /* what it points to is borrowed until the next claim */
    uint64_t ticket;     /* names the line to the supply */
    bool repeated;       /* an earlier line has its id, or its number for an id */
} batch_claim;

typedef struct batch_supply batch_supply;

/* All functions are called on the thread of the run, and none of them blocks for long. */
typedef struct batch_supply_ops {
    /* Claim the next line that has no result. @param running  Calls that are under way. */
    batch_claimed (*claim)(batch_supply *supply, size_t running, batch_claim *claim);
    /* Keep what is claimed, and make durable what was put; called ten times a second or so.
     * @param stopping  No line is claimed any more: what is not begun may go to others.
     * @return 0, or -1: results can't be stored any more. */
    int (*extend)(batch_supply *supply, bool stopping);
    /* Put the result of a line; `text`, with its newline, is borrowed for the call. A second result
     * of a line is dropped. @return as extend. */
    int (*put_once)(batch_supply *supply, uint64_t ticket, const batch_entry *entry,
                    const char *text, size_t n);
    /* Let go of a line: its result was put, or else a later run or another machine asks it. */
    void (*done)(batch_supply *supply, uint64_t ticket, bool put);
    /* Make durable all that was put, and give back what is still claimed: the run is over. */
    void (*finish)(batch_supply *supply);
} batch_supply_ops;

struct batch_supply {
    const batch_supply_ops *ops;
    int fd;    /* readable when there may be a line, or room for one; -1: never */
    int error; /* errno of the failure after which no line comes; 0: none */
};

#endif
