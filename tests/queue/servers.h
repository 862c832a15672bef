/* NATS servers on loopback: a single server, or a cluster of three, each with JetStream in its own
 * folder. The program is the pinned version of scripts/nats-server, or the one that the system
 * has. */
#ifndef TESTS_QUEUE_SERVERS_H
#define TESTS_QUEUE_SERVERS_H

#include "support/folder.h"

#include <stdbool.h>
#include <sys/types.h>

#define SERVERS_MAX 3

typedef struct servers {
    char program[512], folder[FOLDER_BYTES];
    int count;
    int ports[SERVERS_MAX], routes[SERVERS_MAX];
    int kept[2 * SERVERS_MAX], n_kept; /* sockets that keep the ports while a server is away */
    pid_t pids[SERVERS_MAX];
    bool syncs;  /* writes are on disk before the server confirms them */
    bool is_new; /* the program is the pinned version */
    char extra[1024];
} servers;

/* Start the servers. `extra` is added to the configuration of each, unless it is NULL. If no server
 * is installed, the test is skipped. A teardown stops the servers. */
void servers_start(servers *s, int count, const char *extra);
/* Start servers that confirm a write only when it is on disk. If the server is too old for that,
 * the test is skipped. */
void servers_start_durable(servers *s, int count);
void servers_stop(servers *s);

/* Kill a server as a power cut would, or start a killed server again. */
void servers_kill(servers *s, int index);
void servers_start_again(servers *s, int index);

/* Stop a server until it gets SIGCONT. On a busy machine it may still answer for a while after
 * SIGSTOP, so this waits until it does no more. */
void servers_pause(servers *s, int index);

/* Replace `extra`; the servers read it when they are started again. */
void servers_configure_again(servers *s, const char *extra);

/* Write "nats://HOST[,HOST…]/JOB?query" into `text`; `query` may be NULL. @return `text`. */
const char *servers_address(const servers *s, const char *job, const char *query, char *text,
                            size_t size);

/* The servers of a test. The setup clears this object, and the teardown stops the servers. */
extern servers nats;
int nats_set_up(void **state);
int nats_tear_down(void **state);
/* @return the address of a job or a bucket on these servers, valid until the next call. */
const char *nats_at(const char *job, const char *query);

#endif
