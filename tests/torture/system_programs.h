/* What the library does while calls of the system fail: programs that make a client, open a model
 * and call it, at a server in another process. */
#ifndef TESTS_TORTURE_SYSTEM_PROGRAMS_H
#define TESTS_TORTURE_SYSTEM_PROGRAMS_H

#include "../support/meter.h"

#include <beluga/beluga.h>

enum { PATIENCE_S = 60 };

/* What a run makes, in this order; each is NULL until it is there. */
typedef struct bench {
    beluga_client *client;
    beluga_telemetry *telemetry;
    beluga_chat_model *model;
} bench;

typedef struct program {
    const char *name;
    /* Prepare what is not failed. */
    void (*prepare)(void);
    int (*open)(bench *b, beluga_error *err);
    int (*call)(bench *b, beluga_error *err);
    /* The call once more, after one that may have failed; NULL: the same function. */
    int (*again)(bench *b, beluga_error *err);
    /* Check what was written; NULL: nothing was. */
    void (*check)(bool succeeded);
} program;

extern const program programs[];
extern const size_t n_programs;
extern meter memory; /* the library's */

/* Make the folder that the programs use, and start the server. Returns whether both are there. */
bool programs_begin(void);
/* Stop the server and remove the folder. Returns whether it is gone. */
bool programs_end(void);

#endif
