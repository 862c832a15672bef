/* The library's work while system calls fail: programs that make a client, open a model and call
 * it, with a server in another process. */
#ifndef TESTS_TORTURE_SYSTEM_PROGRAMS_H
#define TESTS_TORTURE_SYSTEM_PROGRAMS_H

#include "../support/meter.h"

#include <beluga/beluga.h>

enum { PATIENCE_S = 60 };

/* The objects that a run makes, in this order; each is NULL until then. */
typedef struct bench {
    beluga_client *client;
    beluga_telemetry *telemetry;
    beluga_chat_model *model;
} bench;

typedef struct program {
    const char *name;
    /* Prepare objects, without failures. */
    void (*prepare)(void);
    int (*open)(bench *b, beluga_error *err);
    int (*call)(bench *b, beluga_error *err);
    /* The call after one that may have failed; NULL: the same function. */
    int (*again)(bench *b, beluga_error *err);
    /* Check the written files; NULL: there are none. */
    void (*check)(bool succeeded);
} program;

extern const program programs[];
extern const size_t n_programs;
extern meter memory; /* counts the library's memory */

/* Make the folder that the programs use, and start the server. Returns whether both succeeded. */
bool programs_begin(void);
/* Stop the server and remove the folder. Returns whether the folder is removed. */
bool programs_end(void);

#endif
