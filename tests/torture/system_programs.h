/* Programs for the tests of system calls that fail: each makes a client, opens a model and makes
 * calls. The server is in another process. */
#ifndef TESTS_TORTURE_SYSTEM_PROGRAMS_H
#define TESTS_TORTURE_SYSTEM_PROGRAMS_H

#include "../support/meter.h"

#include <beluga/beluga.h>

enum { PATIENCE_S = 60 };

/* The objects of a run, in the order in which it makes them. Those that it did not make are NULL.
 */
typedef struct bench {
    beluga_client *client;
    beluga_telemetry *telemetry;
    beluga_chat_model *model;
} bench;

typedef struct program {
    const char *name;
    /* Prepare objects; no call fails here. */
    void (*prepare)(void);
    int (*open)(bench *b, beluga_error *err);
    int (*call)(bench *b, beluga_error *err);
    /* The call that is made after one that may have failed. NULL means `call`. */
    int (*again)(bench *b, beluga_error *err);
    /* Check the files that the calls have written. NULL means that there are none. */
    void (*check)(bool succeeded);
} program;

extern const program programs[];
extern const size_t n_programs;
extern meter memory; /* counts the memory that the library uses */

/* Make the folder that the programs use, and start the server. Returns whether both succeeded. */
bool programs_begin(void);
/* Stop the server and remove the folder. Returns whether the folder is removed. */
bool programs_end(void);

#endif
